/* The option negotiation automaton as data: the table of RFC 1661 4.1. */
#ifndef PPP_AUTOMATON_H
#define PPP_AUTOMATON_H

/* States, numbered as in the RFC (4.2). */
enum cp_state {
	CP_INITIAL,
	CP_STARTING,
	CP_CLOSED,
	CP_STOPPED,
	CP_CLOSING,
	CP_STOPPING,
	CP_REQ_SENT,
	CP_ACK_RCVD,
	CP_ACK_SENT,
	CP_OPENED,
	CP_STATES
};

/* Events, in the order of the RFC's rows (4.3). */
enum cp_event {
	CP_UP,         /* the layer below can carry packets */
	CP_DOWN,       /* it no longer can */
	CP_OPEN,       /* the protocol is wanted */
	CP_CLOSE,      /* it is no longer */
	CP_TO_MORE,    /* TO+: the restart timer fired, tries are left */
	CP_TO_LAST,    /* TO-: none are left */
	CP_RCR_GOOD,   /* RCR+ */
	CP_RCR_BAD,    /* RCR- */
	CP_RCA,        /* Configure-Ack */
	CP_RCN,        /* Configure-Nak or -Reject */
	CP_RTR,        /* Terminate-Request */
	CP_RTA,        /* Terminate-Ack */
	CP_RUC,        /* a code nobody knows */
	CP_RXJ_MINOR,  /* RXJ+: a reject that can be lived with */
	CP_RXJ_SEVERE, /* RXJ-: one that cannot */
	CP_RXR,        /* Echo-Request, Echo-Reply, Discard-Request */
	CP_EVENTS
};

/* Actions (4.4), a set of bits. */
enum cp_action {
	CP_TLD = 1 << 0,  /* this layer is down */
	CP_IRC = 1 << 1,  /* initialise the restart counter */
	CP_ZRC = 1 << 2,  /* zero it: one period is waited out */
	CP_SCR = 1 << 3,  /* send Configure-Request */
	CP_SCA = 1 << 4,  /* Configure-Ack */
	CP_SCN = 1 << 5,  /* Configure-Nak or -Reject */
	CP_STR = 1 << 6,  /* Terminate-Request */
	CP_STA = 1 << 7,  /* Terminate-Ack */
	CP_SCJ = 1 << 8,  /* Code-Reject */
	CP_SER = 1 << 9,  /* Echo-Reply */
	CP_TLU = 1 << 10, /* this layer is up */
	CP_TLS = 1 << 11, /* it is wanted: the layer below should start */
	CP_TLF = 1 << 12  /* it needs the layer below no longer */
};

struct cp_step {
	unsigned short actions; /* enum cp_action, to be done from the lowest bit to the highest */
	signed char next;       /* enum cp_state; -1: the event cannot happen there */
};

/* What to do about event in state. */
struct cp_step ppp_automaton_step(enum cp_state state, enum cp_event event);

#endif
