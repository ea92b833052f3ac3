/* Reassembly of IKE fragments (RFC 7383 2.6): one message at a time, from fragments whose ICVs have
 * been verified. */
#include "ike/ike_frag.h"

#include <stdlib.h>
#include <string.h>

void ike_frag_free(struct ike_frag *f)
{
	for (unsigned i = 0; i < IKE_FRAGMENTS_MAX; i++)
		free((void *)(uintptr_t)f->part[i].p);
	memset(f, 0, sizeof *f);
}

bool ike_frag_wanted(const struct ike_frag *f, uint32_t id, uint16_t number, uint16_t total)
{
	if (number == 0 || number > total || total > IKE_FRAGMENTS_MAX)
		return false;
	if (f->total == 0 || f->id != id || total > f->total)
		return true;
	return total == f->total && !f->part[number - 1].p;
}

static uint8_t *join(const struct ike_frag *f)
{
	uint8_t *whole = malloc(f->len ? f->len : 1);
	size_t at = 0;

	for (unsigned i = 0; whole && i < f->total; i++) {
		memcpy(whole + at, f->part[i].p, f->part[i].len);
		at += f->part[i].len;
	}
	return whole;
}

bool ike_frag_add(struct ike_frag *f, uint32_t id, const struct ike_opened *o, uint8_t **plain,
                  size_t *len, uint8_t *first)
{
	uint8_t *copy;

	if (!ike_frag_wanted(f, id, o->number, o->total))
		return false;
	/* A larger total: the peer cuts anew, into smaller pieces. */
	if (f->total != o->total || f->id != id)
		ike_frag_free(f);
	copy = f->len + o->plain.len > IKE_PLAIN_MAX ? NULL
	                                             : malloc(o->plain.len ? o->plain.len : 1);
	if (!copy) {
		ike_frag_free(f);
		return false;
	}
	memcpy(copy, o->plain.p, o->plain.len);
	f->id = id;
	f->total = o->total;
	f->part[o->number - 1] = LS_BYTES(copy, o->plain.len);
	f->len += o->plain.len;
	if (o->number == 1)
		f->first = o->first;
	if (++f->got < f->total)
		return false;
	*plain = join(f);
	*len = f->len;
	*first = f->first;
	ike_frag_free(f);
	return *plain != NULL;
}
