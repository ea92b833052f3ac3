/* The CA's directory: one at a time changes it, a file in it is whole or not there. */
#include "src/pki/pki.h"

#include "src/config/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { READ_MAX = 16 << 20, LOCK_TRIES = 200, LOCK_PAUSE_NS = 50 * 1000 * 1000 };

#define LOCK "lock"
/* Whoever has the lock may do away with what one of before left half. */
#define HALF ".half"

bool pki_dir_make(const char *path, struct pki_error *e)
{
	if (mkdir(path, 0700) == 0 || errno == EEXIST)
		return true;
	if (errno == ENOENT)
		return pki_fail(e,
		                "cannot make the directory %.200s: the one above it is not there: "
		                "make that one, or name another place by --dir",
		                path);
	return pki_fail(e,
	                "cannot make the directory %.200s: %s: do this as root, or name another "
	                "place by --dir",
	                path, strerror(errno));
}

static bool lock(struct pki_dir *d, struct pki_error *e)
{
	const struct timespec pause = {.tv_nsec = LOCK_PAUSE_NS};

	d->lock = openat(d->fd, LOCK, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (d->lock < 0)
		return pki_fail(e, "cannot open %s/" LOCK ": %s", d->path, strerror(errno));
	for (unsigned i = 0; i < LOCK_TRIES; i++) {
		if (flock(d->lock, LOCK_EX | LOCK_NB) == 0) {
			unlinkat(d->fd, HALF, 0);
			return true;
		}
		if (errno != EWOULDBLOCK)
			return pki_fail(e, "cannot lock %s/" LOCK ": %s", d->path, strerror(errno));
		nanosleep(&pause, NULL);
	}
	return pki_fail(e,
	                "another l2tpsecctl pki has been at work in %s for ten seconds: wait for "
	                "its end, or end it, and try again",
	                d->path);
}

static bool open_checked(struct pki_dir *d, const char *path, struct pki_error *e)
{
	struct stat s;
	char *whole;

	d->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (d->fd < 0)
		return pki_fail(e, "cannot open the directory %.200s: %s%s", path, strerror(errno),
		                errno == ENOENT ? ": make a CA by 'l2tpsecctl pki ca', or name its "
		                                  "place by --dir"
		                : errno == EACCES ? ": do this as root"
		                                  : "");
	whole = realpath(path, NULL);
	if (!whole || strlen(whole) >= sizeof d->path) {
		free(whole);
		return pki_fail(e,
		                "the path of the directory %.200s is too long, it may have %d "
		                "characters: name another place by --dir",
		                path, PKI_DIR_MAX - 1);
	}
	snprintf(d->path, sizeof d->path, "%s", whole);
	free(whole);
	if (fstat(d->fd, &s) < 0 || (s.st_mode & (S_IWGRP | S_IWOTH)))
		return pki_fail(e,
		                "%s may be written by others than its owner, who could change "
		                "what the CA says: chmod 700 %s",
		                d->path, d->path);
	if (s.st_uid != geteuid() && s.st_uid != 0)
		return pki_fail(e, "%s belongs to user number %u: chown root %s", d->path,
		                (unsigned)s.st_uid, d->path);
	return true;
}

bool pki_dir_open(struct pki_dir *d, const char *path, bool locked, struct pki_error *e)
{
	*d = (struct pki_dir){.fd = -1, .lock = -1};
	if (open_checked(d, path, e) && (!locked || lock(d, e)))
		return true;
	pki_dir_close(d);
	return false;
}

void pki_dir_close(struct pki_dir *d)
{
	if (d->lock >= 0)
		close(d->lock);
	if (d->fd >= 0)
		close(d->fd);
	d->fd = d->lock = -1;
}

bool pki_dir_has(const struct pki_dir *d, const char *file)
{
	struct stat s;

	return fstatat(d->fd, file, &s, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT;
}

static bool write_all(int fd, struct ls_bytes b)
{
	while (b.len > 0) {
		ssize_t n = write(fd, b.p, b.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		b = LS_BYTES(b.p + n, b.len - (size_t)n);
	}
	return true;
}

/* The bytes on the disk under a name that is nobody's yet. */
static bool half(const struct pki_dir *d, const char *file, unsigned mode, struct ls_bytes bytes,
                 struct pki_error *e)
{
	int fd = openat(d->fd, HALF, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	bool ok =
		fd >= 0 && fchmod(fd, (mode_t)mode) == 0 && write_all(fd, bytes) && fsync(fd) == 0;
	int why = errno;

	if (fd >= 0 && close(fd) < 0 && ok) {
		ok = false;
		why = errno;
	}
	if (ok)
		return true;
	if (fd >= 0)
		unlinkat(d->fd, HALF, 0);
	return pki_fail(e, "cannot write %s/%s: %s: nothing was changed in it%s", d->path, file,
	                strerror(why),
	                why == ENOSPC ? "; make room on the disk and try again" : "");
}

static bool settled(const struct pki_dir *d, const char *file, struct pki_error *e)
{
	return fsync(d->fd) == 0 ||
	       pki_fail(e, "cannot bring %s/%s to the disk: %s", d->path, file, strerror(errno));
}

bool pki_dir_create(const struct pki_dir *d, const char *file, unsigned mode, struct ls_bytes bytes,
                    struct pki_error *e)
{
	int linked, why;

	if (!half(d, file, mode, bytes, e))
		return false;
	linked = linkat(d->fd, HALF, d->fd, file, 0);
	why = errno;
	unlinkat(d->fd, HALF, 0);
	if (linked < 0 && why == EEXIST)
		return pki_fail(e,
		                "%s/%s exists already and is not overwritten: move it away if it "
		                "is of no more use, and try again",
		                d->path, file);
	if (linked < 0)
		return pki_fail(e, "cannot make %s/%s: %s", d->path, file, strerror(why));
	return settled(d, file, e);
}

bool pki_dir_replace(const struct pki_dir *d, const char *file, unsigned mode,
                     struct ls_bytes bytes, struct pki_error *e)
{
	int why;

	if (!half(d, file, mode, bytes, e))
		return false;
	if (renameat(d->fd, HALF, d->fd, file) == 0)
		return settled(d, file, e);
	why = errno;
	unlinkat(d->fd, HALF, 0);
	return pki_fail(e, "cannot replace %s/%s: %s", d->path, file, strerror(why));
}

bool pki_dir_read(const struct pki_dir *d, const char *file, bool private, struct ls_bytes *out,
                  struct pki_error *e)
{
	char path[PKI_PATH_MAX], error[PKI_ERROR_MAX - PKI_PATH_MAX];
	const char *why;
	bool ok;
	int fd;

	snprintf(path, sizeof path, "%s/%s", d->path, file);
	fd = private ? conf_secrets_open("private key", path, error, sizeof error)
	             : conf_pki_open(path, error, sizeof error);
	if (fd < 0)
		return pki_fail(e, "%s", error);
	ok = conf_read(fd, READ_MAX, out, &why);
	close(fd);
	return ok || pki_fail(e, "%s %s", path, why);
}

void pki_dir_remove(const struct pki_dir *d, const char *file)
{
	unlinkat(d->fd, file, 0);
}
