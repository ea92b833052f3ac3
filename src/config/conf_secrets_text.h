/* The texts of the secrets file, kept away from libconfig. */
#ifndef SRC_CONFIG_CONF_SECRETS_TEXT_H
#define SRC_CONFIG_CONF_SECRETS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * libconfig keeps copies of what it reads, and after a syntax error it forgets some of them. So it
 * never sees a secret: it gets the file with a number in place of what stands between quotes, and
 * with empty comments; the lines stay as they are. What the file says lies in guarded memory.
 */
struct secrets_text {
	char *bytes; /* of the file, guarded */
	size_t len;
	struct secrets_literal *literal; /* what stands between quotes, in order */
	uint32_t count;
	char *plain; /* for libconfig */
};

enum { SECRETS_FILE_MAX = 16 * 1024 * 1024 };

/* Reads fd, a regular file, from where it stands to its end; secret_init() comes before. false:
 * *why says why (static), and there is nothing to free. */
bool secrets_text_read(struct secrets_text *t, int fd, const char **why);
/* Wipes and frees. */
void secrets_text_free(struct secrets_text *t);
/*
 * What a text of libconfig's stands for, with its escapes (\" \\ \f \n \r \t \xHH) resolved, to
 * out (cap bytes), which is secret and the caller's to wipe. Gives its length without the NUL;
 * SIZE_MAX when it does not fit or has a zero byte.
 */
size_t secrets_text_get(const struct secrets_text *t, const char *number, char *out, size_t cap);

#endif
