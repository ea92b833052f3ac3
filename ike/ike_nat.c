/* NAT detection (RFC 7296 2.23): the two hashes, and what they say about who stands behind a NAT.
 */
#include "ike/ike_nat.h"

#include "lib/crypto.h"

#include <string.h>

/* SHA-1(SPIi | SPIr | IP | port). */
static void nat_hash(uint64_t spi_i, uint64_t spi_r, const struct ls_addr *a,
                     uint8_t out[IKE_NAT_HASH_SIZE])
{
	uint8_t bytes[8 + 8 + 16 + 2], digest[CRYPTO_HASH_MAX];
	struct wr w = wr_make(bytes, sizeof bytes);
	struct ls_bytes part;

	wr_u64(&w, spi_i);
	wr_u64(&w, spi_r);
	wr_bytes(&w, a->ip, ls_addr_size(a));
	wr_u16(&w, a->port);
	part = LS_BYTES(bytes, w.len);
	crypto_digest(CRYPTO_SHA1, &part, 1, digest);
	memcpy(out, digest, IKE_NAT_HASH_SIZE);
}

void ike_nat_write(struct ike_build *b, uint64_t spi_i, uint64_t spi_r, const struct ls_addr *local,
                   const struct ls_addr *remote, bool force, const struct ls_random *random)
{
	uint8_t hash[IKE_NAT_HASH_SIZE];

	nat_hash(spi_i, spi_r, local, hash);
	if (force)
		ls_random_fill(random, hash, sizeof hash);
	ike_build_notify(b, IKE_PROTO_NONE, IKE_N_NAT_SOURCE, LS_BYTES(NULL, 0),
	                 LS_BYTES(hash, sizeof hash));
	nat_hash(spi_i, spi_r, remote, hash);
	ike_build_notify(b, IKE_PROTO_NONE, IKE_N_NAT_DESTINATION, LS_BYTES(NULL, 0),
	                 LS_BYTES(hash, sizeof hash));
}

struct ike_nat_found ike_nat_check(const struct ike_payloads *p, uint64_t spi_i, uint64_t spi_r,
                                   const struct ls_addr *local, const struct ls_addr *remote)
{
	uint8_t hash_local[IKE_NAT_HASH_SIZE], hash_remote[IKE_NAT_HASH_SIZE];
	bool source = false, destination = false, source_fits = false, destination_fits = false;

	nat_hash(spi_i, spi_r, local, hash_local);
	nat_hash(spi_i, spi_r, remote, hash_remote);
	for (unsigned i = 0; i < p->notifies; i++) {
		const struct ike_notify *n = &p->notify[i];

		if (n->data.len != IKE_NAT_HASH_SIZE)
			continue;
		if (n->type == IKE_N_NAT_SOURCE) {
			source = true;
			source_fits |= memcmp(n->data.p, hash_remote, IKE_NAT_HASH_SIZE) == 0;
		} else if (n->type == IKE_N_NAT_DESTINATION) {
			destination = true;
			destination_fits |= memcmp(n->data.p, hash_local, IKE_NAT_HASH_SIZE) == 0;
		}
	}
	if (!source || !destination)
		return (struct ike_nat_found){0};
	return (struct ike_nat_found){
		.spoken = true, .local = !destination_fits, .remote = !source_fits};
}
