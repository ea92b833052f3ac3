/* What both sides of IKE_AUTH share. */
#ifndef IKE_AUTH_H
#define IKE_AUTH_H

#include "ike/ike_cert.h"
#include "ike/ike_deal.h"

struct ike_id_body {
	uint8_t bytes[4 + IKE_IDENTITY_MAX];
	size_t len;
};
/* The body of an ID payload: type, reserved, data. */
void ike_auth_id_body(const struct ike_identity *id, struct ike_id_body *out);
/* Our AUTH payload with t->auth. */
bool ike_auth_write(struct ike_task *t, struct ike_build *b);
/* How the peer proves itself, into sa->peer_auth. CAUSE_NONE, or why that is not taken, with text.
 */
enum ls_cause ike_auth_method(struct ike_sa *sa, const struct ike_payloads *in, char *text,
                              size_t cap);
/* The owner has checked it: what it found is kept. */
void ike_auth_checked(struct ike_task *t, const struct ike_answer *a);
/* "... proved to be hq.bank.example (preshared key)". */
void ike_auth_progress(struct ike_sa *sa);
/*
 * The first CHILD SA stands: tells UP. False: of those made at the same time another one stays
 * (2.8.2); the SA may have ended then.
 */
bool ike_auth_up(struct ike_sa *sa, struct ike_child *c);
/* After UP, and after the answer that brings the peer as far: what older IKE SAs of the same tunnel
 * and identity become (2.4, 2.8.2). */
void ike_auth_settle(struct ike_sa *sa);

/* Whether they are of one tunnel, and of one identity as it was proved. */
bool ike_auth_same_peer(const struct ike_sa *a, const struct ike_sa *b);

/* The responder's exchange. */
extern const struct ike_task_ops ike_ops_auth_answer;

#endif
