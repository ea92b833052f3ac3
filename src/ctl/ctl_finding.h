/* What a host needs for the daemon, and what is to be done where it lacks something. */
#ifndef SRC_CTL_CTL_FINDING_H
#define SRC_CTL_CTL_FINDING_H

#include "src/ctl/ctl.h"

#include <stddef.h>

#ifndef L2TPSEC_CONFIG
#define L2TPSEC_CONFIG "/etc/l2tpsec/l2tpsecd.conf"
#endif

enum { CTL_FINDINGS = 12, CTL_BUFFER_BYTES = 4 * 1024 * 1024 };

/* A host as it was found. */
struct ctl_host {
	bool root, runs; /* we are root; a daemon answers */
	bool tun_there;  /* /dev/net/tun */
	int tun_error;   /* 0, or why no interface could be made: an errno */
	bool raw;        /* raw sockets can be opened */
	bool ports_free; /* nobody has UDP 500 and 4500 */
	bool forwards4, forwards6;
	bool crypto;         /* the libraries pass their self-tests */
	char libraries[256]; /* and are these; with the sentence before it */
	bool aes;            /* in the processor */
	int buffer_bytes;    /* a socket's, at most; -1: unknown */
	bool users;          /* one for each process */
	bool config;         /* the file is there, or it cannot be told */
};

struct ctl_finding {
	const char *name; /* of the check, also in JSON; NULL: nobody but root could tell */
	bool good;
	bool needed;      /* without it nothing works */
	const char *text; /* what it is, after "ok", "missing" or "without" */
	const char *remedy;
};

/* All of them, in the order in which they are shown. Texts are static, but
 * for one that is the host's. */
void ctl_findings(const struct ctl_host *h, struct ctl_finding out[CTL_FINDINGS]);

#endif
