/* Quick crash detection (RFC 6290): tokens that say to a peer that we have lost our SAs. */
#ifndef IKE_QCD_H
#define IKE_QCD_H

#include "ike/ike.h"
#include "ike/ike_message.h"
#include "lib/pace.h"

enum { IKE_TOKEN_KEPT = 32, IKE_TOKENS_READ = 4 };

/* A token of ours. */
struct ike_token {
	uint8_t len, bytes[IKE_TOKEN_MAX];
};

/* What an IKE SA knows of its peer's token: no more than it takes to recognise it. */
struct ike_sa_qcd {
	bool known;
	uint8_t hash[IKE_TOKEN_KEPT]; /* SHA-256 */
	struct ls_second shown;
};

/* An unprotected answer that waits for its token. */
struct ike_qcd_waiting {
	uint64_t question; /* 0: free */
	ls_time until;
	struct ls_addr local, remote;
	struct ike_header h;
};

/* How much of what belongs to no SA is answered: in all, and to one of so many groups of addresses,
 * so that whoever sends much as one of them does not silence us for all. Zero-initialise. */
struct ike_qcd_limit {
	struct ls_second all, source[64]; /* IKE_TOKEN_GROUPS */
};

/* What the engine has of it. */
struct ike_qcd {
	bool on;
	struct ike_qcd_limit disowned, strays;
	struct ike_qcd_waiting waiting[32]; /* IKE_TOKENS_WAITING */
};

struct ike_build;
struct ike_sa;
struct ike_task;

/* -- whose peer is to recognise us -- */

/* Asks for our token; false where there is to be none, and nothing was asked. */
bool ike_qcd_ask(struct ike_task *t);
/* The answer; without a token it goes on without. */
void ike_qcd_made(struct ike_task *t, const struct ike_answer *a);
/* The notify, where there is a token (4.2: behind AUTH, before what is about the CHILD SA). */
void ike_qcd_write(const struct ike_task *t, struct ike_build *b);
/* The SA has other SPIs, or its peer another address: an exchange brings the token for them
 * (4.3, 4.4). */
void ike_qcd_renew(struct ike_sa *sa);

/* -- who has lost its SAs -- */

/* Whether one more may be answered to that address, with so many a second to its group; counted if
 * not. */
bool ike_qcd_admits(struct ike *ike, struct ike_qcd_limit *limit, unsigned most,
                    const struct ls_addr *remote);
/* A protected request under SPIs of no SA: the answer to it, with the token if there is one (4.5).
 */
void ike_qcd_disown(struct ike *ike, const struct ike_datagram *d, const struct ike_header *h);
/* The answer to a question of ike_qcd_disown. */
void ike_qcd_answered(struct ike *ike, uint64_t id, const struct ike_answer *a);

/* -- who recognises -- */

/* The token of the peer, if an authentic message has one. */
void ike_qcd_take(struct ike_sa *sa, const struct ike_payloads *in);
/* Whether an unprotected message shows the SA's peer's token. */
bool ike_qcd_shown(struct ike_sa *sa, const struct ike_header *h, struct ls_bytes message);

#endif
