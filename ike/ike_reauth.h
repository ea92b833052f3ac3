/* Repeated authentication (RFC 4478): who is called says how long a proof holds, and who calls
 * gives another one in time. */
#ifndef IKE_REAUTH_H
#define IKE_REAUTH_H

#include "ike/ike_message.h"
#include "lib/time.h"

struct ike_build;
struct ike_sa;

/* Of an IKE SA and those that succeed it by rekeying. */
struct ike_sa_reauth {
	ls_time until; /* called: the peer's proof holds until then; LS_NEVER */
	ls_time at;    /* calling: what is next to be done for another one, then; LS_NEVER */
	bool renewed;  /* calling: another IKE SA has taken over: this one is to go at `at` */
};

/* Neither. */
void ike_reauth_begin(struct ike_sa *sa);
/* What a successor by rekeying has of the old one. */
void ike_reauth_inherit(struct ike_sa *sa, const struct ike_sa *old);
/* Called, in the answer to IKE_AUTH: tells the peer, if there is a limit. */
void ike_reauth_write(struct ike_sa *sa, struct ike_build *b);
/* Calling: the peer may say it in IKE_AUTH, and whenever it likes. */
void ike_reauth_take(struct ike_sa *sa, const struct ike_payloads *in);
/* An IKE SA has come up: those of ours with the peer that were to be replaced are. */
void ike_reauth_done(struct ike_sa *sa);
/* When there is something to do for an SA that stands, and doing it: the SA may end. */
ls_time ike_reauth_due(const struct ike_sa *sa);
void ike_reauth_tick(struct ike_sa *sa);

#endif
