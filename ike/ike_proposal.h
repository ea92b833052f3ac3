/* SA payloads: offers written and read, one chosen, and all of it in words (RFC 7296 2.7, 3.3). */
#ifndef IKE_PROPOSAL_H
#define IKE_PROPOSAL_H

#include "ike/ike.h"
#include "ike/ike_message.h"

enum { IKE_OFFER_TRANSFORMS_MAX = 160, IKE_OFFERS_MAX = 64 };

/* What was agreed. */
struct ike_choice {
	enum algo_id encr, prf, integ, ke; /* ALGO_NONE where there is none */
	bool esn;
	uint8_t number;   /* of the proposal */
	uint8_t spi_size; /* 0, 4 or 8, and the SPI that the peer named with it */
	uint64_t spi;
};

/* What key exchange means for a choice. */
enum ike_ke_rule {
	IKE_KE_IGNORED, /* CHILD SA within IKE_AUTH: no KE transforms are written, received ones do
	                   not count */
	IKE_KE_NEEDED,  /* IKE SA */
	IKE_KE_PFS, /* CHILD SA of its own exchange: as our proposals say; ours without a group take
	               what the peer wants */
};

/* The built-in proposals (standards: end of the algorithm table); give their number. */
unsigned ike_proposals_default_ike(struct ike_proposal out[IKE_PROPOSALS_MAX]);
unsigned ike_proposals_default_child(struct ike_proposal out[IKE_PROPOSALS_MAX]);
unsigned ike_proposals_default_ah(struct ike_proposal out[IKE_PROPOSALS_MAX]);
/* Whether it can be negotiated at all: complete, no AEAD beside CBC, known algorithms. */
bool ike_proposal_valid(const struct ike_proposal *p, enum ike_protocol protocol);

/* The body of an SA payload with all our proposals. spi_size 0, 4 (CHILD) or 8 (IKE rekey). */
void ike_proposals_write(struct wr *w, const struct ike_proposal *p, unsigned n,
                         enum ike_protocol protocol, uint64_t spi, uint8_t spi_size,
                         enum ike_ke_rule rule);
/* The body of an SA payload with what was chosen. */
void ike_choice_write(struct wr *w, const struct ike_choice *c, enum ike_protocol protocol,
                      uint64_t spi, uint8_t spi_size);

/*
 * Chooses from a received SA payload by our order of preference; a group that the peer has sent a
 * value for (`sent`) goes before others. CAUSE_NONE, IKE_NO_PROPOSAL / IKE_NO_CHILD_PROPOSAL, or
 * IKE_SYNTAX.
 */
enum ls_cause ike_proposal_choose(struct ls_bytes sa, enum ike_protocol protocol,
                                  const struct ike_proposal *ours, unsigned n,
                                  enum ike_ke_rule rule, enum algo_id sent, struct ike_choice *out);
/* Reads the answer to our offer: one proposal, a subset of what we offered. CAUSE_NONE,
 * IKE_BAD_CHOICE or IKE_SYNTAX. */
enum ls_cause ike_choice_read(struct ls_bytes sa, enum ike_protocol protocol,
                              const struct ike_proposal *ours, unsigned n, enum ike_ke_rule rule,
                              struct ike_choice *out);
/* Whether these proposals could have led to that choice. */
bool ike_choice_allowed(const struct ike_choice *c, enum ike_protocol protocol,
                        const struct ike_proposal *ours, unsigned n, enum ike_ke_rule rule);
bool ike_proposals_have(const struct ike_proposal *p, unsigned n, enum algo_id algo);
/* The first KE group of the proposals, ALGO_NONE if none. */
enum algo_id ike_proposals_first_ke(const struct ike_proposal *p, unsigned n);

/* In words, cut at cap: "AES-256-GCM/SHA-384/X25519, ..." */
void ike_proposals_text(const struct ike_proposal *p, unsigned n, char *out, size_t cap);
void ike_offers_text(struct ls_bytes sa, enum ike_protocol protocol, char *out, size_t cap);
void ike_choice_text(const struct ike_choice *c, char *out, size_t cap);

#endif
