/* The certificates that a peer has proved itself by: kept as long as the SA and its successors. */
#include "ike/ike_proof.h"

#include "lib/wire.h"

#include <stdlib.h>

enum { LENGTH_SIZE = 4 };

void ike_proof_free(struct ike_sa *sa)
{
	free(sa->peer_cert);
	sa->peer_cert = NULL;
	ike_bytes_free(&sa->peer_chain);
}

static void info_keep(struct ike_sa *sa, const struct cert_info *info)
{
	sa->peer_cert = info ? malloc(sizeof *info) : NULL;
	if (sa->peer_cert)
		*sa->peer_cert = *info;
}

void ike_proof_keep(struct ike_sa *sa, const struct cert_info *info, const struct ls_bytes *certs,
                    unsigned count)
{
	size_t len = 0;
	struct wr w;

	ike_proof_free(sa);
	if (!info)
		return;
	info_keep(sa, info);
	for (unsigned i = 0; i < count; i++)
		len += LENGTH_SIZE + certs[i].len;
	w = wr_make(len > 0 ? malloc(len) : NULL, len);
	if (!w.p)
		return;
	for (unsigned i = 0; i < count; i++) {
		wr_u32(&w, (uint32_t)certs[i].len);
		wr_bytes(&w, certs[i].p, certs[i].len);
	}
	sa->peer_chain = LS_BYTES(w.p, w.len);
}

void ike_proof_inherit(struct ike_sa *sa, const struct ike_sa *old)
{
	ike_proof_free(sa);
	info_keep(sa, old->peer_cert);
	if (old->peer_chain.len > 0)
		ike_bytes_set(&sa->peer_chain, old->peer_chain.p, old->peer_chain.len);
}

/* It serves, or soon will: the certificates are there from the moment on that they were checked.
 * The SA that a rekey is making goes with the one that it is made for. */
static bool stands(const struct ike_sa *sa)
{
	return (ike_sa_half_open(sa) && !sa->refused && sa->rekeyed_from == 0) ||
	       sa->state == IKE_S_ESTABLISHED;
}

bool ike_proof(const struct ike *ike, size_t index, struct ike_proof *proof)
{
	const struct ike_sa *sa = ike->sas;
	struct rd r;

	while (sa && index-- > 0)
		sa = sa->next;
	if (!sa)
		return false;
	*proof = (struct ike_proof){.spi_i = sa->spi_i, .spi_r = sa->spi_r};
	r = rd_make(sa->peer_chain.p, stands(sa) ? sa->peer_chain.len : 0);
	while (rd_left(&r) > 0 && proof->cert_count < IKE_CERTS_MAX) {
		size_t len = rd_u32(&r);
		const uint8_t *cert = rd_bytes(&r, len);

		if (!rd_ok(&r))
			break;
		proof->certs[proof->cert_count++] = LS_BYTES(cert, len);
	}
	return true;
}
