/* Keys of SAs in the tables of Wireshark. */
#include "src/ctl/ctl_tables.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct ctl_tables_line {
	struct ctl_tables_line *next;
	const char *kind;
	size_t len;
	char text[];
};

static const struct table {
	const char *kind, *file;
} tables[] = {{"esp", "esp_sa"}, {"ike", "ikev2_decryption_table"}};

/* Without it the keys of ESP are not used. */
#define PREFERENCES "preferences"
static const char preferences[] = "esp.enable_encryption_decode: TRUE\n";

static bool complain(struct ctl_tables *t, const char *file, int error)
{
	snprintf(t->error, sizeof t->error, "%s%s%s: %s", t->dir, file[0] ? "/" : "", file,
	         strerror(error));
	return false;
}

static bool append(struct ctl_tables *t, const char *file, const char *text)
{
	char path[CTL_TABLES_PATH_MAX + 32];
	size_t len = strlen(text);
	int fd, error = 0;

	snprintf(path, sizeof path, "%s/%s", t->dir, file);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return complain(t, file, errno);
	errno = ENOSPC;
	if (write(fd, text, len) != (ssize_t)len)
		error = errno;
	if (close(fd) < 0 && !error)
		error = errno;
	return error ? complain(t, file, error) : true;
}

bool ctl_tables_make(struct ctl_tables *t, const char *dir)
{
	*t = (struct ctl_tables){.lines = NULL};
	if (strlen(dir) >= sizeof t->dir)
		return complain(t, dir, ENAMETOOLONG);
	snprintf(t->dir, sizeof t->dir, "%s", dir);
	if (mkdir(t->dir, 0700) < 0)
		return complain(t, "", errno);
	return append(t, PREFERENCES, preferences);
}

static const struct table *table_of(const char *kind)
{
	for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
		if (strcmp(tables[i].kind, kind) == 0)
			return &tables[i];
	return NULL;
}

bool ctl_tables_add(struct ctl_tables *t, const char *kind, const char *line)
{
	const struct table *table = table_of(kind);
	size_t len = strlen(line);
	struct ctl_tables_line *l;
	bool written;

	if (!table)
		return complain(t, kind, EINVAL);
	for (l = t->lines; l; l = l->next)
		if (l->kind == table->kind && strncmp(l->text, line, len) == 0 && l->len == len + 1)
			return true;
	l = malloc(sizeof *l + len + 2);
	if (!l)
		return complain(t, table->file, ENOMEM);
	*l = (struct ctl_tables_line){.next = t->lines, .kind = table->kind, .len = len + 1};
	snprintf(l->text, len + 2, "%s\n", line);
	written = append(t, table->file, l->text);
	t->lines = l;
	t->count++;
	return written;
}

void ctl_tables_end(struct ctl_tables *t)
{
	while (t->lines) {
		struct ctl_tables_line *l = t->lines;

		t->lines = l->next;
		sodium_memzero(l->text, l->len);
		free(l);
	}
}

void ctl_tables_remove(struct ctl_tables *t)
{
	char path[CTL_TABLES_PATH_MAX + 32];

	ctl_tables_end(t);
	for (size_t i = 0; i <= sizeof tables / sizeof tables[0]; i++) {
		snprintf(path, sizeof path, "%s/%s", t->dir, i ? tables[i - 1].file : PREFERENCES);
		unlink(path);
	}
	rmdir(t->dir);
}
