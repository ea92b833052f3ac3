/* Numbers that are too large for libconfig: it wraps them round without a word, so they are looked
 * for before. */
#include "src/config/conf_table.h"

#include <ctype.h>
#include <limits.h>

/* Reads on from c, the first of a number or a name, to its end; gives whether it is a number that
 * does not fit an int. *next: what came after it. */
static bool too_large(FILE *file, int c, int *next)
{
	bool number = isdigit(c), hex = false, exact = true;
	unsigned long long value = 0;
	unsigned at = 0;

	for (; isalnum(c) || c == '_' || c == '-' || c == '.'; c = fgetc(file), at++) {
		if (at == 1 && (c == 'x' || c == 'X') && value == 0) {
			hex = true;
			continue;
		}
		if (!(hex ? isxdigit(c) : isdigit(c))) {
			exact = false; /* a name, a fraction, or a long one (L) */
			continue;
		}
		if (value <= UINT_MAX)
			value = value * (hex ? 16 : 10) +
			        (unsigned)(isdigit(c) ? c - '0' : tolower(c) - 'a' + 10);
	}
	*next = c;
	return number && exact && value > INT_MAX;
}

/* Skips what begins with c and ends with `end` (a text, whose escapes count, or a comment). */
static int skip(FILE *file, int end, unsigned *line)
{
	int c;

	while ((c = fgetc(file)) != EOF && c != end) {
		if (c == '\\' && end == '"')
			c = fgetc(file);
		*line += c == '\n';
	}
	*line += c == '\n';
	return fgetc(file);
}

static int comment(FILE *file, unsigned *line)
{
	int c = fgetc(file), before = 0;

	if (c == '/')
		return skip(file, '\n', line);
	if (c != '*')
		return c;
	while ((c = fgetc(file)) != EOF && !(before == '*' && c == '/')) {
		*line += c == '\n';
		before = c;
	}
	return fgetc(file);
}

void conf_numbers_check(FILE *file, const char *path, struct conf_errors *errors)
{
	unsigned line = 1;
	int c = fgetc(file);

	while (c != EOF) {
		if (c == '"') {
			c = skip(file, '"', &line);
		} else if (c == '#') {
			c = skip(file, '\n', &line);
		} else if (c == '/') {
			c = comment(file, &line);
		} else if (isalnum(c) || c == '_') {
			if (too_large(file, c, &c))
				conf_error(errors, path, line, "a number is larger than %d",
				           INT_MAX);
		} else {
			line += c == '\n';
			c = fgetc(file);
		}
	}
	rewind(file);
}
