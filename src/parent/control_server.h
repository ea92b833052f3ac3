/* The admin socket: who may ask what, and the answers as they come in from all processes. */
#ifndef SRC_PARENT_CONTROL_SERVER_H
#define SRC_PARENT_CONTROL_SERVER_H

#include "src/parent/parent.h"

enum {
	CONTROL_CLIENTS_MAX = 32,
	CONTROL_OTHERS_MAX = 24, /* of these, at most, not of root: nobody can keep root out */
	CONTROL_USER_MAX = 8,    /* of one user who is not root */
	CONTROL_QUEUE_MAX_BYTES = 8 * 1024 * 1024,
	CONTROL_COLLECT_MS = 1500, /* a process that has not answered by then is named as missing */
	CONTROL_UP_S = 60,
	CONTROL_DOWN_S = 10,
};

/* Opens the socket at path. false: error says why. */
bool control_open(struct parent *p, const char *path, char *error, size_t cap);
void control_close(struct parent *p);
/* Looks the number of the control group up, after the configuration changed; one that does not
 * exist has no members. */
void control_group_find(struct parent *p);

/* What the rest of the parent tells those who wait for it. */
void control_event(struct parent *p, const struct history_entry *e);
void control_line_state(struct parent *p, const struct tunnel *t, const struct msg_line_state *m);
/* A STATUS_, PROGRESS, TRACE or DEBUG_KEYS message. */
void control_answer(struct parent *p, enum msg_role from, const struct msg *m);
/* keys has read the secrets file, or refused it. */
void control_secrets_read(struct parent *p, bool ok, const char *error);
/* ike has begun anew, and knows nothing of who looks on. */
void control_ike_ready(struct parent *p);
/* That process answers nothing any more. */
void control_child_lost(struct parent *p, enum msg_role role);

#endif
