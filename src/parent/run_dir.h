/* The run directory: lock with our number in it, the empty root directory of the processes. */
#ifndef SRC_PARENT_RUN_DIR_H
#define SRC_PARENT_RUN_DIR_H

#include <stdbool.h>
#include <stddef.h>

struct run_dir {
	int lock_fd; /* -1: not ours */
	char lock[256], empty[256], socket[256];
};

/*
 * Makes the directory and what is in it, and takes the lock. false: error says why, naming the
 * daemon that has it; nothing is left behind then.
 */
bool run_dir_take(struct run_dir *d, const char *dir, char *error, size_t cap);
/* Writes our process number; after going to the background it is another one. */
void run_dir_write_pid(const struct run_dir *d);
/* Removes what is ours and gives the lock back. */
void run_dir_give(struct run_dir *d);

#endif
