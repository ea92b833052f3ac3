/* What is being negotiated for one CHILD SA, within IKE_AUTH or in an exchange of its own. */
#ifndef IKE_DEAL_H
#define IKE_DEAL_H

#include "ike/ike_sa.h"

enum { IKE_GONE_MAX = 4 };

struct ike_deal {
	bool initiator;      /* of this exchange */
	bool in_auth;        /* IKE_AUTH: nonces of the IKE SA, no key exchange of its own */
	bool transport;      /* asked for (initiator), agreed (both, at the end) */
	bool no_tfc;         /* the peer takes no TFC padding (1.3.1) */
	uint32_t chain;      /* 0: to be numbered */
	uint32_t old_spi_in; /* the pair that is being rekeyed, 0: none */
	uint32_t spi_in, spi_out;
	bool installed;              /* the SAD has it, under spi_in */
	uint32_t gone[IKE_GONE_MAX]; /* outbound SPIs unknown to us that the peer has deleted
	                                since we asked: ours may be one of them */
	uint8_t gone_count;
	bool announced; /* the last pair of its chain has gone meanwhile, whose UP was told */
	struct ike_choice choice;
	struct ike_ts ts_local, ts_remote;
	struct crypto_ke *ke;
	struct secret shared;
	enum algo_id group_named;                  /* by INVALID_KE_PAYLOAD */
	struct ls_bytes nonce_local, nonce_remote; /* malloc'ed */
	/* Both sides rekey at once (2.8.1): the exchange of the peer, as we have answered it. */
	bool collided;
	struct ls_bytes other_low; /* the lower nonce of that exchange, malloc'ed */
	uint32_t other_spi_in;
};

struct ike_deal *ike_deal_new(bool initiator, bool in_auth);
void ike_deal_free(struct ike_deal *d);
/* Gives an unused SPI or installed pair back to the owner. */
void ike_deal_drop(struct ike_task *t);

/* Initiator: writes SA, [nonce, KE], TSi, TSr and the transport notify; false when there is no
 * memory or no peer. */
bool ike_deal_offer(struct ike_task *t, struct ike_build *b);
/* Responder: chooses from what t->in offers. CAUSE_NONE, or why not, with the notify to be sent and
 * (INVALID_KE) its group. */
enum ls_cause ike_deal_choose(struct ike_task *t, uint16_t *notify, uint16_t *group, char *text,
                              size_t cap);
/* Responder: writes the answer. */
void ike_deal_answer(struct ike_task *t, struct ike_build *b);
/* Initiator: takes the peer's answer in t->in. */
enum ls_cause ike_deal_accept(struct ike_task *t, char *text, size_t cap);
/* Keys for the pair, in our direction order; false: wipe and give up. */
bool ike_deal_keys(const struct ike_task *t, uint8_t in[IKE_KEYMAT_MAX],
                   uint8_t out[IKE_KEYMAT_MAX], size_t *len);
/* After INSTALL: the pair as a CHILD SA of the IKE SA. NULL without memory. */
struct ike_child *ike_deal_child(struct ike_task *t);
/* What an error notify of the peer means for a CHILD SA. */
enum ls_cause ike_child_error(uint16_t notify);
/* The lower of two nonces by bytes; a prefix is lower (2.8.1). */
struct ls_bytes ike_nonce_lower(struct ls_bytes a, struct ls_bytes b);
/* Whether a is below b. */
bool ike_nonce_below(struct ls_bytes a, struct ls_bytes b);

#endif
