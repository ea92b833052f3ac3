/* Test helper: this program as one of the daemon's processes, which the parent starts as itself. */
#ifndef TESTS_UNIT_SRC_ROLE_SELF_H
#define TESTS_UNIT_SRC_ROLE_SELF_H

#include "src/base/proc.h"

#include <stdlib.h>
#include <string.h>

/* Whether it was called for that. */
static inline bool role_is_wanted(int argc, char **argv)
{
	return argc == 3 && strcmp(argv[1], "--role") == 0;
}

/* Gives its exit status. */
static inline int role_run(const char *name)
{
	switch (msg_role_by_name(name)) {
	case MSG_ROLE_KEYS:
		return keys_main();
	case MSG_ROLE_IKE:
		return ike_main();
	case MSG_ROLE_GATEWAY:
		return gateway_main();
	default:
		return EXIT_FAILURE;
	}
}

#endif
