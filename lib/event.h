/* What an engine has to tell the log and the administrator, without doing I/O. */
#ifndef LIB_EVENT_H
#define LIB_EVENT_H

#include "lib/addr.h"
#include "lib/cause.h"

enum { LS_EVENT_TEXT_MAX = 240 };

/* One happening. The owner writes it to log, events, history and counters. */
struct ls_event {
	enum ls_cause cause;
	uint32_t tunnel;     /* the owner's tunnel id, 0 = none known */
	struct ls_addr peer; /* family 0 = none */
	/* Details after the cause's sentence: "we offered X, it answered Y"; printable ASCII,
	 * NUL-terminated, "" if none. Never a secret. */
	char text[LS_EVENT_TEXT_MAX];
};

#endif
