/* A whole file in memory that is guarded and wiped, because it may hold a key. */
#include "src/config/config.h"

#include <errno.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

bool conf_read(int fd, size_t max, struct ls_bytes *out, const char **why)
{
	off_t at = lseek(fd, 0, SEEK_CUR);
	uint8_t *bytes = NULL;
	struct stat s;
	size_t len, got = 0;

	*out = LS_BYTES(NULL, 0);
	*why = "cannot be read";
	if (at < 0 || fstat(fd, &s) < 0 || !S_ISREG(s.st_mode))
		return false;
	*why = "is empty";
	if (s.st_size <= at)
		return false;
	*why = "is too large";
	len = (size_t)(s.st_size - at);
	if (len > max)
		return false;
	*why = "does not fit into memory";
	bytes = sodium_malloc(len);
	if (!bytes)
		return false;
	*why = "cannot be read";
	while (got < len) {
		ssize_t n = read(fd, bytes + got, len - got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			sodium_free(bytes);
			return false;
		}
		got += (size_t)n;
	}
	*out = LS_BYTES(bytes, len);
	return true;
}

void conf_read_free(struct ls_bytes *b)
{
	sodium_free((void *)(uintptr_t)b->p);
	*b = LS_BYTES(NULL, 0);
}
