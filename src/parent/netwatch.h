/* Notices that the host's addresses or routes have changed. */
#ifndef SRC_PARENT_NETWATCH_H
#define SRC_PARENT_NETWATCH_H

#include <event2/event.h>

enum { NETWATCH_SETTLE_MS = 300 };

struct netwatch;

/* changed is called once for all changes within NETWATCH_SETTLE_MS. NULL: errno says why. */
struct netwatch *netwatch_new(struct event_base *base, void (*changed)(void *ctx), void *ctx);
/* NULL is nothing. */
void netwatch_free(struct netwatch *w);

#endif
