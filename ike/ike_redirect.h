/* Redirect (RFC 5685): who is called sends who calls to another gateway, which has to prove that it
 * is the same peer. */
#ifndef IKE_REDIRECT_H
#define IKE_REDIRECT_H

#include "ike/ike.h"
#include "ike/ike_message.h"

struct ike_sa;
struct ike_task;
struct ike_peer_entry;

enum { IKE_REDIRECTS_MAX = 5, IKE_REDIRECT_LOOP_S = 300 }; /* (7) */

/* Of an IKE SA and those that succeed it by rekeying. */
struct ike_sa_redirect {
	bool follows;     /* who called has said that it does */
	bool told;        /* and was told to go elsewhere */
	ls_time leave_at; /* calling: it is elsewhere, and this SA goes then; 0 */
	bool settled; /* calling: where we are already, or it is told that we are not: no news */
	struct ike_gateway
		to;          /* calling: where we were sent; NONE: this SA is dialled as configured
	                      */
	struct ls_addr from; /* by whom; called: who sent the caller here; family 0: nobody */
};

/* Of a peer. */
struct ike_peer_redirect {
	ls_time followed[IKE_REDIRECTS_MAX]; /* the last ones, a ring */
	unsigned count, next;
	ls_time quiet_until; /* we do not say that we follow */
	/* where we are since then, or where the peer has told us to go; it is dialled first */
	struct ike_gateway to;
	struct ls_addr from;
	struct ike_gateway order; /* called: where its callers are sent */
};

/* -- who calls -- */

/* Where the tunnel is called now: the gateway that we were sent to, or else the first address of
 * the peer's. As ike_init_dial(). */
enum ls_cause ike_redirect_dial(struct ike *ike, struct ike_peer_entry *peer, bool attempt);
/* The same gateway again. */
enum ls_cause ike_redirect_dial_again(const struct ike_sa *sa);
/* An SA is about to be dialled: whether it says that we follow. */
void ike_redirect_call(struct ike_sa *sa);
/* In the request of IKE_SA_INIT. */
void ike_redirect_init_write(const struct ike_sa *sa, struct ike_build *b);
/* Whether an answer to IKE_SA_INIT is a redirect, which has been dealt with; where it is not
 * followed, text says why, and is "" if all is as if it had not come. */
bool ike_redirect_init(struct ike_task *t, char *text, size_t cap);
/* The peer is proven: whether its answer to IKE_AUTH was a redirect, so that this SA ends. */
bool ike_redirect_auth(struct ike_task *t);
/* What the peer asks in an INFORMATIONAL exchange. */
void ike_redirect_info(struct ike_sa *sa, const struct ike_payloads *in);
/* The SA has come up with its first pair: those that it is to replace go soon. Gives a chain of
 * theirs; 0: there is none. */
uint32_t ike_redirect_arrived(struct ike_sa *sa);
/* Whether the SA is with a gateway that has told us to go. */
bool ike_redirect_leaves(const struct ike_sa *sa);
/* When it goes, once we are elsewhere; LS_NEVER. */
ls_time ike_redirect_due(const struct ike_sa *sa);
/* It has not come up. */
void ike_redirect_failed(struct ike_sa *sa, enum ls_cause cause, const char *text);
/* The tunnel is called as configured from now on. */
void ike_redirect_forget(struct ike_peer_entry *peer);

/* -- who is called -- */

/* What a caller says in IKE_SA_INIT. */
bool ike_redirect_init_heard(const struct ike_payloads *in, struct ls_addr *from);
/* Whether it is sent elsewhere instead of an answer. */
bool ike_redirect_init_answer(struct ike *ike, const struct ike_datagram *d,
                              const struct ike_header *h, const struct ike_payloads *in);
/* Where the caller, who is proven, is sent instead of a CHILD SA; NULL: nowhere. full: there is no
 * room for it. */
const struct ike_gateway *ike_redirect_auth_where(const struct ike_sa *sa, bool full);
void ike_redirect_auth_write(struct ike_task *t, struct ike_build *b);
/* An SA that stands hears where its caller is sent, if there is such an order. */
void ike_redirect_order(struct ike_sa *sa);

#endif
