/* How large a packet a path carries, found by probes (RFC 8899): which size to ask for, when, and
 * what answers, silence and ICMP's word about it mean. No I/O: the owner sends the probes. */
#ifndef LIB_PMTU_H
#define LIB_PMTU_H

#include "lib/time.h"

#include <stdbool.h>
#include <stdint.h>

/* RFC 8899 5.1.2: MAX_PROBES, BASE_PLPMTU, PMTU_RAISE_TIMER, CONFIRMATION_TIMER, PROBE_TIMER. */
enum {
	LS_PMTU_PROBES = 3,
	LS_PMTU_VERIFY =
		2, /* more, before a size that was carried once is given up without a hint */
	LS_PMTU_BASE = 1200,
	LS_PMTU_RAISE_S = 600,  /* until larger sizes are tried again */
	LS_PMTU_CONFIRM_S = 10, /* while traffic flows: until the size in use is asked for again */
	LS_PMTU_AGAIN_S = 30,   /* nothing was answered: until the next try; while none ever was, it
	                           doubles up to the raise timer */
	LS_PMTU_PROBE_MS =
		1000, /* until a probe is taken for lost; twice the round trip if longer, */
	LS_PMTU_PROBE_MOST_MS = 5000, /* at most this */
};

/* Sizes of IP packets. Those that are asked for are the ceiling, and less by multiples of step. */
struct ls_pmtu_limits {
	uint32_t floor;   /* what every path carries */
	uint32_t base;    /* what nearly every path carries */
	uint32_t ceiling; /* what the own link, or the peer, takes at most */
	uint32_t step;    /* not 0 */
};

/* RFC 8899 5.2: DISABLED is OFF. */
enum ls_pmtu_state {
	LS_PMTU_OFF,
	LS_PMTU_CONFIRM,  /* is the size in use carried (still)? */
	LS_PMTU_LOWER,    /* BASE: it is not, so which smaller one is? */
	LS_PMTU_RECHECK,  /* a smaller one is, so is it really not? */
	LS_PMTU_SEARCH,   /* a larger one? */
	LS_PMTU_COMPLETE, /* it is known */
	LS_PMTU_ERROR,    /* no size at all was answered: the size in use stays */
};

/* Zero-initialised it is off. */
struct ls_pmtu {
	struct ls_pmtu_limits limits;
	enum ls_pmtu_state state;
	uint32_t size;   /* in use */
	uint32_t high;   /* the smallest larger one that is known not to be carried */
	uint32_t probe;  /* that is asked for now */
	uint32_t lost;   /* LOWER, RECHECK: the smallest that was not answered; */
	uint32_t lower;  /* RECHECK: and one that was */
	uint32_t hint;   /* that ICMP says is carried; 0: none */
	unsigned tries;  /* probes of this size that were sent */
	bool measured;   /* `size` was answered */
	bool answered;   /* any probe ever was */
	bool hinted;     /* `size` was found because ICMP said so */
	ls_time sent_at; /* the last probe */
	ls_time at;      /* the next step */
	ls_time raise_at;
	ls_time hint_at; /* before it no hint is looked at */
	ls_time rtt;     /* 0: unknown */
	ls_time rest;    /* until the next try, when nothing was answered the last time */
};

/* Begins: the ceiling is in use until the path is seen not to carry it. */
void ls_pmtu_start(struct ls_pmtu *p, const struct ls_pmtu_limits *limits, ls_time now);
/* The limits may be others now (another SA, another link); what is known of the path stays known.
 */
void ls_pmtu_limit(struct ls_pmtu *p, const struct ls_pmtu_limits *limits, ls_time now);
/* Looks for more at once, as when the raise timer has run out. */
void ls_pmtu_raise(struct ls_pmtu *p, ls_time now);
/*
 * Gives the size of a probe that is to be sent now, or 0. used: whether packets went out since the
 * last call. Call until it gives 0, then again at the deadline.
 */
uint32_t ls_pmtu_tick(struct ls_pmtu *p, bool used, ls_time now);
/* LS_NEVER when off. */
ls_time ls_pmtu_deadline(const struct ls_pmtu *p);
/* A probe of this size was answered. Then, as after all that may follow here, p->size may be new.
 */
void ls_pmtu_answered(struct ls_pmtu *p, uint32_t size, ls_time now);
/* This host itself cannot send a probe of this size. */
void ls_pmtu_refused(struct ls_pmtu *p, uint32_t size, ls_time now);
/*
 * Somebody says that the path carries no more than mtu (RFC 8899 4.6.2). That changes nothing but
 * which sizes are asked for, and when; mtu 0: of a router that knows no number (RFC 1191 5). false
 * when it is not believed: it is below the base, or no news, or came within a second of another
 * one, so that nobody has us send more than a probe a second.
 */
bool ls_pmtu_hint(struct ls_pmtu *p, uint32_t mtu, ls_time now);

#endif
