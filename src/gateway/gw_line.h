/* The line of a tunnel: when to dial, what follows when a part of it comes up or goes, and how long
 * to wait. A state machine without I/O. */
#ifndef SRC_GATEWAY_GW_LINE_H
#define SRC_GATEWAY_GW_LINE_H

#include "lib/cause.h"
#include "lib/random.h"
#include "lib/time.h"

#include <stdbool.h>

enum gw_line_start { GW_START_WAIT, GW_START_DEMAND, GW_START_ALWAYS };

enum gw_line_state {
	GW_LINE_IDLE,    /* down; waits for a packet (on-demand) or for the peer (wait) */
	GW_LINE_HELD,    /* taken down by the administrator */
	GW_LINE_BACKOFF, /* down; dials again later */
	GW_LINE_IKE,     /* IKE was started */
	GW_LINE_CALL,    /* a chain of SAs stands; L2TP and PPP are coming up */
	GW_LINE_IFACE,   /* PPP is up; the interface is being set up */
	GW_LINE_UP,
	GW_LINE_REPAIR, /* the session stands, its chain is gone; a new chain is awaited */
	GW_LINE_STATES,
};

enum gw_line_event {
	GW_EV_BEGIN,  /* the configuration is complete, or was read anew: a reason to try again */
	GW_EV_PACKET, /* something worth a call wants to go out */
	GW_EV_ADMIN_UP,
	GW_EV_ADMIN_DOWN,
	GW_EV_CHAIN_UP,   /* of our making or the peer's */
	GW_EV_ELSEWHERE,  /* so is one, with another gateway: what ran on the old one has ended */
	GW_EV_CHAIN_DOWN, /* the chain that was in use, or the attempt at one, has ended */
	GW_EV_IKE_BACK,   /* the ike process was restarted: attempts are lost, chains have no keeper
	                   */
	GW_EV_SESSION_BYE,  /* the peer hung up in good order */
	GW_EV_SESSION_LOST, /* the session, or the attempt at one, failed; a chain may stand */
	GW_EV_PPP_UP,
	GW_EV_IFACE_OK,
	GW_EV_IFACE_BAD,
	GW_EV_TIMER, /* gw_line_deadline has come */
	GW_LINE_EVENTS,
};

/* What the owner does after a step, in this order. */
enum gw_line_action {
	GW_DO_IFACE_DOWN = 1 << 0,
	GW_DO_HANG_UP = 1 << 1, /* end the tunnel's L2TP connections and IKE SAs */
	GW_DO_DROP = 1 << 2,    /* drop waiting packets */
	GW_DO_DIAL = 1 << 3,    /* start IKE */
	GW_DO_CALL = 1 << 4,    /* an L2TP call on the newest chain */
	GW_DO_IFACE_UP = 1 << 5,
	GW_DO_RELEASE = 1 << 6, /* send waiting packets */
	GW_DO_REPORT = 1 << 7,  /* the state changed */
};

struct gw_line {
	enum gw_line_start start;
	enum gw_line_state state;
	ls_time idle_after; /* on-demand: hang up after so long without traffic; 0 = never */
	ls_time last_active;
	ls_time since; /* the state was entered */
	ls_time deadline;
	uint32_t tries;      /* failed ones in a row */
	enum ls_cause cause; /* why it went down last */
	bool wanted;         /* traffic came while waiting to dial again */
};

void gw_line_init(struct gw_line *line, enum gw_line_start start, ls_time idle_after, ls_time now);
/* chain: whether a chain of the tunnel stands; cause: for the events that end something. Gives the
 * actions (a set of gw_line_action). */
unsigned gw_line_step(struct gw_line *line, enum gw_line_event event, bool chain,
                      enum ls_cause cause, const struct ls_random *random, ls_time now);
/* When to step with GW_EV_TIMER; LS_NEVER if not. */
ls_time gw_line_deadline(const struct gw_line *line);
/* Traffic went either way. */
static inline void gw_line_active(struct gw_line *line, ls_time now)
{
	line->last_active = now;
}
/* Whether packets for the tunnel may wait: the line is coming up, or a packet makes it come up. */
bool gw_line_queues(const struct gw_line *line);
static inline bool gw_line_dials(const struct gw_line *line)
{
	return line->start != GW_START_WAIT;
}

#endif
