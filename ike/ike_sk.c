/* The SK and SKF payloads: messages protected and opened (RFC 7296 3.14, RFC 5282, RFC 7383). */
#include "ike/ike_sk.h"

#include <stdlib.h>
#include <string.h>

enum { SKF_FIELDS = 4, LENGTH_PREFIX = 4 };

void ike_packets_free(struct ike_packets *p)
{
	free(p->bytes);
	*p = (struct ike_packets){0};
}

bool ike_packets_add(struct ike_packets *p, const void *bytes, size_t len)
{
	uint8_t *grown = realloc(p->bytes, p->len + LENGTH_PREFIX + len);

	if (!grown)
		return false;
	p->bytes = grown;
	ls_put32(grown + p->len, (uint32_t)len);
	memcpy(grown + p->len + LENGTH_PREFIX, bytes, len);
	p->len += LENGTH_PREFIX + len;
	p->count++;
	return true;
}

bool ike_packets_next(struct rd *r, struct ls_bytes *out)
{
	uint32_t len;

	if (rd_left(r) == 0)
		return false;
	len = rd_u32(r);
	*out = LS_BYTES(rd_bytes(r, len), len);
	return rd_ok(r);
}

/* Sizes of the parts that go round the plaintext. */
struct frame {
	const struct algo *encr, *integ;
	size_t iv, icv, block;
};

static bool frame_of(const struct ike_keys *keys, struct frame *f)
{
	f->encr = algo_get(keys->encr);
	f->integ = algo_get(keys->integ);
	if (!f->encr || (!f->encr->aead && !f->integ))
		return false;
	f->iv = f->encr->iv_bytes;
	f->icv = f->encr->aead ? f->encr->icv_bytes : f->integ->icv_bytes;
	f->block = f->encr->aead ? 1 : f->encr->block_bytes;
	return true;
}

static struct ls_bytes key_of(const struct ike_keys *k, bool of_initiator, enum ike_key initiators)
{
	return ike_key(k, of_initiator ? initiators : (enum ike_key)(initiators + 1));
}

/* Bytes of padding and pad length behind len bytes of plaintext. */
static size_t trailer(const struct frame *f, size_t len)
{
	return f->block - len % f->block;
}

static void iv_make(const struct ike_sealer *s, uint8_t *iv, size_t len)
{
	if (!algo_get(s->keys->encr)->aead) {
		ls_random_fill(s->random, iv, len);
		return;
	}
	memset(iv, 0, len);
	ls_put64(iv + len - 8, (*s->iv_counter)++);
}

/* One datagram; number 0 for an SK, else the fragment's. */
static bool seal_one(const struct ike_sealer *s, const struct frame *f, const struct ike_header *h,
                     uint8_t first, struct ls_bytes plain, uint16_t number, uint16_t total,
                     struct ike_packets *packets)
{
	size_t fields = number ? SKF_FIELDS : 0, tail = trailer(f, plain.len);
	size_t text_at = IKE_HEADER_SIZE + IKE_PAYLOAD_HEADER_SIZE + fields + f->iv,
	       text_len = plain.len + tail;
	size_t size = text_at + text_len + f->icv;
	struct ls_bytes key = key_of(s->keys, s->of_initiator, IKE_SK_EI);
	struct ike_header header = *h;
	uint8_t *out = malloc(size);
	struct wr w = wr_make(out, size);
	bool ok;

	if (!out)
		return false;
	header.next = number ? IKE_P_SKF : IKE_P_SK;
	header.length = (uint32_t)size;
	ike_header_write(&w, &header);
	wr_u8(&w, number > 1 ? IKE_P_NONE : first);
	wr_u8(&w, 0);
	wr_u16(&w, (uint16_t)(size - IKE_HEADER_SIZE));
	if (number) {
		wr_u16(&w, number);
		wr_u16(&w, total);
	}
	iv_make(s, wr_room(&w, f->iv), f->iv);
	wr_bytes(&w, plain.p, plain.len);
	wr_zero(&w, tail - 1);
	wr_u8(&w, (uint8_t)(tail - 1));
	ok = crypto_seal(s->keys->encr, key, out + text_at - f->iv, LS_BYTES(out, text_at - f->iv),
	                 out + text_at, text_len, out + text_at + text_len);
	if (ok && !f->encr->aead) {
		uint8_t icv[CRYPTO_HASH_MAX];
		struct ls_bytes covered = LS_BYTES(out, text_at + text_len);

		ok = crypto_integ(s->keys->integ, key_of(s->keys, s->of_initiator, IKE_SK_AI),
		                  &covered, 1, icv) == f->icv;
		memcpy(out + text_at + text_len, icv, f->icv);
	}
	ok = ok && ike_packets_add(packets, out, size);
	free(out);
	return ok;
}

bool ike_seal(const struct ike_sealer *s, const struct ike_header *h, uint8_t first,
              struct ls_bytes plain, size_t fragment_max, struct ike_packets *packets)
{
	struct frame f;
	size_t whole, each, total;

	*packets = (struct ike_packets){0};
	if (!frame_of(s->keys, &f) || plain.len > IKE_PLAIN_MAX)
		return false;
	whole = IKE_HEADER_SIZE + IKE_PAYLOAD_HEADER_SIZE + f.iv + plain.len +
	        trailer(&f, plain.len) + f.icv;
	if (fragment_max == 0 || whole <= fragment_max)
		return seal_one(s, &f, h, first, plain, 0, 0, packets);
	each = IKE_HEADER_SIZE + IKE_PAYLOAD_HEADER_SIZE + SKF_FIELDS + f.iv + f.icv + f.block;
	if (fragment_max <= each)
		return false;
	each = fragment_max - each;
	each -= each % f.block;
	if (each == 0)
		return false;
	total = (plain.len + each - 1) / each;
	if (total > IKE_FRAGMENTS_MAX)
		return false;
	for (size_t i = 0; i < total; i++) {
		size_t at = i * each, n = plain.len - at < each ? plain.len - at : each;

		if (!seal_one(s, &f, h, first, LS_BYTES(plain.p + at, n), (uint16_t)(i + 1),
		              (uint16_t)total, packets)) {
			ike_packets_free(packets);
			return false;
		}
	}
	return true;
}

/* The text of a datagram whose ICV holds, into scratch. */
static bool open_text(const struct ike_keys *keys, const struct frame *f, bool from_initiator,
                      struct ls_bytes datagram, size_t text_at, size_t text_len, uint8_t *scratch)
{
	const uint8_t *icv = datagram.p + text_at + text_len;
	struct ls_bytes key = key_of(keys, from_initiator, IKE_SK_EI),
			aad = LS_BYTES(datagram.p, text_at - f->iv);

	if (!f->encr->aead) {
		uint8_t right[CRYPTO_HASH_MAX];
		struct ls_bytes covered = LS_BYTES(datagram.p, text_at + text_len);

		if (crypto_integ(keys->integ, key_of(keys, from_initiator, IKE_SK_AI), &covered, 1,
		                 right) != f->icv ||
		    !crypto_equal(right, icv, f->icv))
			return false;
	}
	memcpy(scratch, datagram.p + text_at, text_len);
	return crypto_open(keys->encr, key, datagram.p + text_at - f->iv, aad, scratch, text_len,
	                   icv);
}

enum ls_cause ike_open(const struct ike_keys *keys, bool from_initiator, const struct ike_header *h,
                       struct ls_bytes datagram, uint8_t *scratch, struct ike_opened *out)
{
	struct rd r = rd_make(datagram.p, datagram.len);
	uint16_t length;
	size_t text_len;
	uint8_t pad;
	struct frame f;

	*out = (struct ike_opened){0};
	rd_skip(&r, IKE_HEADER_SIZE);
	out->first = rd_u8(&r);
	rd_skip(&r, 1);
	length = rd_u16(&r);
	if (!rd_ok(&r) || (h->next != IKE_P_SK && h->next != IKE_P_SKF) ||
	    (size_t)length + IKE_HEADER_SIZE != datagram.len || !frame_of(keys, &f))
		return CAUSE_MALFORMED;
	if (h->next == IKE_P_SKF) {
		out->number = rd_u16(&r);
		out->total = rd_u16(&r);
		if (out->number == 0 || out->number > out->total)
			return CAUSE_MALFORMED;
	}
	rd_skip(&r, f.iv);
	if (rd_left(&r) < f.icv + 1)
		return CAUSE_MALFORMED;
	text_len = rd_left(&r) - f.icv;
	if (text_len % f.block != 0)
		return CAUSE_MALFORMED;
	if (!open_text(keys, &f, from_initiator, datagram, r.pos, text_len, scratch))
		return CAUSE_IKE_BAD_ICV;
	pad = scratch[text_len - 1];
	if ((size_t)pad + 1 > text_len)
		return CAUSE_IKE_BAD_ICV;
	out->plain = LS_BYTES(scratch, text_len - 1 - pad);
	return CAUSE_NONE;
}
