/* The run directory: one daemon at a time has it. */
#include "src/parent/run_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PID_TEXT_MAX = 24, SOCKET_PATH_MAX = 100 };

static bool directory(const char *path, char *error, size_t cap)
{
	struct stat s;

	if (mkdir(path, 0755) < 0 && errno != EEXIST) {
		snprintf(error, cap, "cannot make the directory %s: %s", path, strerror(errno));
		return false;
	}
	if (lstat(path, &s) < 0 || !S_ISDIR(s.st_mode) || s.st_uid != geteuid() ||
	    (s.st_mode & (S_IWGRP | S_IWOTH))) {
		snprintf(error, cap,
		         "%s must be a directory that only its owner, the daemon's user, can write",
		         path);
		return false;
	}
	return true;
}

static bool taken(const struct run_dir *d, const char *dir, char *error, size_t cap)
{
	char pid[PID_TEXT_MAX] = "";
	ssize_t n = pread(d->lock_fd, pid, sizeof pid - 1, 0);

	pid[n > 0 ? n : 0] = '\0';
	pid[strcspn(pid, "\n")] = '\0';
	snprintf(error, cap,
	         "another l2tpsecd%s%s runs in %s; end it first, or use another --run-dir",
	         pid[0] ? " with process number " : "", pid, dir);
	close(d->lock_fd);
	return false;
}

bool run_dir_take(struct run_dir *d, const char *dir, char *error, size_t cap)
{
	struct run_dir taking = {.lock_fd = -1};

	*d = taking;
	snprintf(taking.lock, sizeof taking.lock, "%s/l2tpsecd.pid", dir);
	snprintf(taking.empty, sizeof taking.empty, "%s/empty", dir);
	snprintf(taking.socket, sizeof taking.socket, "%s/control", dir);
	if (dir[0] != '/' || strlen(taking.socket) > SOCKET_PATH_MAX) {
		snprintf(error, cap,
		         "the run directory must be an absolute path of at most %d bytes",
		         SOCKET_PATH_MAX - 8);
		return false;
	}
	if (!directory(dir, error, cap))
		return false;
	taking.lock_fd = open(taking.lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (taking.lock_fd < 0) {
		snprintf(error, cap, "cannot open %s: %s", taking.lock, strerror(errno));
		return false;
	}
	if (flock(taking.lock_fd, LOCK_EX | LOCK_NB) < 0)
		return taken(&taking, dir, error, cap);
	*d = taking;
	if (!directory(d->empty, error, cap)) {
		run_dir_give(d);
		return false;
	}
	unlink(d->socket);
	return true;
}

void run_dir_write_pid(const struct run_dir *d)
{
	char text[PID_TEXT_MAX];
	int n = snprintf(text, sizeof text, "%ld\n", (long)getpid());

	/* For people and scripts; the lock itself does not depend on it. */
	if (ftruncate(d->lock_fd, 0) < 0 || pwrite(d->lock_fd, text, (size_t)n, 0) < 0)
		return;
}

void run_dir_give(struct run_dir *d)
{
	if (d->lock_fd < 0)
		return;
	unlink(d->socket);
	rmdir(d->empty);
	unlink(d->lock);
	close(d->lock_fd);
	d->lock_fd = -1;
}
