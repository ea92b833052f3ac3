/* A folder that Wireshark takes for its configuration, with the keys of SAs in its tables. */
#ifndef SRC_CTL_CTL_TABLES_H
#define SRC_CTL_CTL_TABLES_H

#include <stdbool.h>
#include <stddef.h>

enum { CTL_TABLES_PATH_MAX = 512, CTL_TABLES_ERROR_MAX = 700 };

struct ctl_tables_line;
struct ctl_tables {
	char dir[CTL_TABLES_PATH_MAX];
	struct ctl_tables_line *lines; /* those that are in it */
	unsigned count;
	char error[CTL_TABLES_ERROR_MAX]; /* of the last call that gave false */
};

/* Makes the folder, for its owner alone; false: it is there already, or cannot be made. */
bool ctl_tables_make(struct ctl_tables *t, const char *dir);
/* A line for the table of a kind ("esp", "ike") of SA; one that is there already is not written
 * again. false: it could not be written, or there is no such table. */
bool ctl_tables_add(struct ctl_tables *t, const char *kind, const char *line);
/* Wipes and frees what was remembered; the folder stays. */
void ctl_tables_end(struct ctl_tables *t);
/* The folder and what is in it are gone; for one that is of no use. */
void ctl_tables_remove(struct ctl_tables *t);

#endif
