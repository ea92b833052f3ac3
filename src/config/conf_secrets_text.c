/* What stands between quotes in the secrets file: taken out before libconfig reads it, and found
 * again by its number. */
#include "src/config/conf_secrets_text.h"

#include "lib/secret.h"

#include <ctype.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct secrets_literal {
	uint32_t at, len; /* between the quotes */
};

static bool file_read(struct secrets_text *t, int fd, const char **why)
{
	off_t at = lseek(fd, 0, SEEK_CUR);
	struct stat s;
	ssize_t n = 0;

	*why = "cannot be read";
	if (at < 0 || fstat(fd, &s) < 0)
		return false;
	*why = "is too large";
	if (s.st_size - at > SECRETS_FILE_MAX)
		return false;
	t->len = s.st_size > at ? (size_t)(s.st_size - at) : 0;
	*why = "no memory";
	t->bytes = sodium_malloc(t->len + 1);
	if (!t->bytes)
		return false;
	*why = "cannot be read";
	for (size_t got = 0; got < t->len; got += (size_t)n) {
		n = read(fd, t->bytes + got, t->len - got);
		if (n < 0 && errno == EINTR)
			n = 0;
		else if (n <= 0)
			return false;
	}
	t->bytes[t->len] = '\0';
	return true;
}

static bool literal_add(struct secrets_text *t, size_t at, size_t len)
{
	/* Room doubles when it is full. */
	if ((t->count & (t->count - 1)) == 0) {
		size_t room = t->count ? (size_t)t->count * 2 : 1;
		void *more = realloc(t->literal, room * sizeof *t->literal);

		if (!more)
			return false;
		t->literal = more;
	}
	t->literal[t->count++] = (struct secrets_literal){.at = (uint32_t)at, .len = (uint32_t)len};
	return true;
}

/* Where the text that begins at `at` has its closing quote, or the end of the file. */
static size_t literal_end(const struct secrets_text *t, size_t at)
{
	while (at < t->len && t->bytes[at] != '"')
		at += t->bytes[at] == '\\' && at + 1 < t->len ? 2 : 1;
	return at;
}

/* The same for a comment that begins there; the end is what comes after it. */
static size_t comment_end(const struct secrets_text *t, size_t at)
{
	const char *from = t->bytes + at, *end;

	if (from[0] == '/' && from[1] == '*') {
		end = memmem(from + 2, t->len - at - 2, "*/", 2);
		return end ? (size_t)(end - t->bytes) + 2 : t->len;
	}
	end = memchr(from, '\n', t->len - at);
	return end ? (size_t)(end - t->bytes) : t->len;
}

static bool is_comment(const struct secrets_text *t, size_t at)
{
	const char *c = t->bytes + at;

	return c[0] == '#' || (c[0] == '/' && (c[1] == '/' || c[1] == '*'));
}

static void lines_copy(FILE *out, const struct secrets_text *t, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if (t->bytes[i] == '\n')
			fputc('\n', out);
}

/* Neither another file (@include) nor the end of the text can come from what is between texts. */
static char outside(char c)
{
	return c == '@' || c == '\0' ? '?' : c;
}

static bool plain_write(struct secrets_text *t, FILE *out)
{
	size_t at = 0;

	while (at < t->len) {
		size_t end;

		if (t->bytes[at] == '"') {
			end = literal_end(t, at + 1);
			fprintf(out, "\"%u.", t->count);
			if (!literal_add(t, at + 1, end - at - 1))
				return false;
			if (end < t->len)
				fputc('"', out);
			lines_copy(out, t, at + 1, end);
			at = end + 1;
		} else if (is_comment(t, at)) {
			end = comment_end(t, at);
			fputc(' ', out);
			lines_copy(out, t, at, end);
			at = end;
		} else {
			fputc(outside(t->bytes[at++]), out);
		}
	}
	return true;
}

bool secrets_text_read(struct secrets_text *t, int fd, const char **why)
{
	size_t len = 0;
	FILE *out;
	bool ok;

	memset(t, 0, sizeof *t);
	ok = file_read(t, fd, why);
	out = ok ? open_memstream(&t->plain, &len) : NULL;
	if (ok) {
		*why = "no memory";
		ok = out && plain_write(t, out);
	}
	if (out && fclose(out) != 0)
		ok = false;
	if (!ok)
		secrets_text_free(t);
	return ok;
}

void secrets_text_free(struct secrets_text *t)
{
	/* sodium_free() wipes. Who forgot the quotes has a secret in the plain text. */
	sodium_free(t->bytes);
	if (t->plain)
		secret_wipe(t->plain, strlen(t->plain));
	free(t->plain);
	free(t->literal);
	memset(t, 0, sizeof *t);
}

static int hex_digit(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

/* The byte that begins at *at, which moves on. A backslash before anything else stands for itself.
 */
static char byte_at(const char *c, size_t len, size_t *at)
{
	static const char escapes[] = "\"\\fnrt", values[] = "\"\\\f\n\r\t";
	const char *e;
	size_t i = (*at)++;

	if (c[i] != '\\' || i + 1 >= len)
		return c[i];
	if (tolower((unsigned char)c[i + 1]) == 'x' && i + 3 < len &&
	    isxdigit((unsigned char)c[i + 2]) && isxdigit((unsigned char)c[i + 3])) {
		*at = i + 4;
		return (char)(hex_digit(c[i + 2]) * 16 + hex_digit(c[i + 3]));
	}
	e = c[i + 1] ? strchr(escapes, c[i + 1]) : NULL;
	if (!e)
		return c[i];
	*at = i + 2;
	return values[e - escapes];
}

size_t secrets_text_get(const struct secrets_text *t, const char *number, char *out, size_t cap)
{
	size_t n = 0;
	char *next;

	/* Texts that follow each other are one: "3.4." */
	for (; *number; number = next + 1) {
		unsigned long i = strtoul(number, &next, 10);

		if (next == number || *next != '.' || i >= t->count)
			return SIZE_MAX;
		const struct secrets_literal *l = &t->literal[i];

		for (size_t at = 0; at < l->len;) {
			char c = byte_at(t->bytes + l->at, l->len, &at);

			if (c == '\0' || n + 1 >= cap)
				return SIZE_MAX;
			out[n++] = c;
		}
	}
	out[n] = '\0';
	return n;
}
