/* Post-quantum preshared keys in IKE (RFC 8784): who names which, and whether one goes into the
 * keys of a new IKE SA. The PPK itself is never here: `keys` mixes it (IKE_REQ_PPK). */
#ifndef IKE_PPK_H
#define IKE_PPK_H

#include "ike/ike_sa.h"

/* PPK_ID types (RFC 8784 5.1). */
enum { IKE_PPK_ID_OPAQUE = 1, IKE_PPK_ID_FIXED = 2 };

enum ike_ppk_action { IKE_PPK_STANDARD, IKE_PPK_ABORT, IKE_PPK_USE };
/* What the responder does (RFC 8784 3, table 1). configured: for this peer, and the PPK that it
 * names if it names one. */
enum ike_ppk_action ike_ppk_action(bool use_ppk, bool no_ppk_auth, bool configured, bool required);

/* -- IKE_SA_INIT -- */

/* Calling: the PPK that will be named, if there is one. */
void ike_ppk_call(struct ike_sa *sa);
/* USE_PPK, in the request and in the answer, where there is a PPK. */
void ike_ppk_init_write(const struct ike_sa *sa, struct ike_build *b);
/* Called: whether the peer speaks of PPKs, and any of ours has one. */
void ike_ppk_init_heard(struct ike_sa *sa, const struct ike_payloads *in);
/* Calling: the same of its answer. CAUSE_NONE, or IKE_PPK_UNSPOKEN where one is required. */
enum ls_cause ike_ppk_init_answered(struct ike_sa *sa, const struct ike_payloads *in);

/* -- IKE_AUTH -- */

/* `keys` has answered: SK_d, SK_pi and SK_pr are now those with the PPK. false: it did not say yes,
 * or the sizes do not fit; nothing has changed then. */
bool ike_ppk_take(struct ike_sa *sa, const struct ike_answer *a);
/* Calling: PPK_IDENTITY, and NO_PPK_AUTH with t->auth_plain if there is one. */
void ike_ppk_request_write(const struct ike_task *t, struct ike_build *b);
/* Calling, the answer is here: if the peer goes on without the PPK, so do we where that is allowed.
 * CAUSE_NONE, or IKE_PPK_NOT_TAKEN with text. */
enum ls_cause ike_ppk_response(struct ike_task *t, char *text, size_t cap);
/*
 * Called, the peer is known: what to do with its request. STANDARD: t->in.auth is then the value
 * that was made without a PPK. ABORT: *cause says why, text more of it.
 */
enum ike_ppk_action ike_ppk_request(struct ike_task *t, enum ls_cause *cause, char *text,
                                    size_t cap);
/* The same where `keys` does not have that PPK: never USE. */
enum ike_ppk_action ike_ppk_request_without(struct ike_task *t, enum ls_cause *cause, char *text,
                                            size_t cap);
/* Called: PPK_IDENTITY, if the PPK is used. */
void ike_ppk_answer_write(const struct ike_sa *sa, struct ike_build *b);

/* -- afterwards -- */

/* Whether what the peer's settings say of PPKs allows this SA to stay. */
bool ike_ppk_fits(const struct ike_sa *sa);
/* An event where there is a PPK, but the SA was made without (RFC 8784 6: to be audited). */
void ike_ppk_audit(const struct ike_sa *sa);
/* `before` (NULL: nothing), and if a PPK is used that it may be what differs: the text. */
const char *ike_ppk_doubt(const struct ike_sa *sa, const char *before, char *text, size_t cap);
/* A new SA of an old one: made with the same PPK, which is not mixed again. */
void ike_ppk_inherit(struct ike_sa *sa, const struct ike_sa *old);

#endif
