/* The file of the secret for tokens (RFC 6290): opened here, made if it is missing, read by keys
 * alone. */
#include "src/parent/parent.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int refused(int fd, const char *path, char *error, size_t cap)
{
	snprintf(error, cap,
	         "%s must be a regular file that only its owner, the daemon's user, "
	         "can read and write",
	         path);
	close(fd);
	return -1;
}

int parent_token_open(const char *dir, char path[PARENT_TOKEN_PATH_MAX], char *error, size_t cap)
{
	struct stat s;
	int fd;

	snprintf(path, PARENT_TOKEN_PATH_MAX, "%s/token.secret", dir ? dir : "");
	if (!dir || dir[0] != '/') {
		snprintf(error, cap, "the state directory must be an absolute path");
		return -1;
	}
	if (mkdir(dir, 0700) < 0 && errno != EEXIST) {
		snprintf(error, cap, "cannot make the directory %s: %s", dir, strerror(errno));
		return -1;
	}
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (fd < 0) {
		snprintf(error, cap, "cannot open %s: %s", path, strerror(errno));
		return -1;
	}
	if (fstat(fd, &s) < 0 || !S_ISREG(s.st_mode) || s.st_uid != geteuid() ||
	    s.st_mode & (S_IRWXG | S_IRWXO))
		return refused(fd, path, error, cap);
	return fd;
}

void parent_token_send(struct parent *p)
{
	struct msg_token_secret m = {.path = ""};
	char error[PARENT_ERROR_MAX], path[PARENT_TOKEN_PATH_MAX];
	int fd;

	if (!p->conf.gateway.crash_detection)
		return;
	fd = parent_token_open(p->options.state_dir, path, error, sizeof error);
	if (fd < 0) {
		parent_tell(p, 0, CAUSE_TOKEN_SECRET, NULL, "%.200s", error);
		return;
	}
	snprintf(m.path, sizeof m.path, "%s", path);
	ipc_send_token_secret(parent_child(p, MSG_ROLE_KEYS)->ipc, &m, fd);
	close(fd);
}
