/* Fragments put together: in any order, once each, and within bounds. */
#include "ike/ike_frag.h"
#include "tests/unit/ike/ike_main.h"

#include <stdlib.h>
#include <string.h>

static bool add(struct ike_frag *f, uint32_t id, uint16_t number, uint16_t total, const char *text,
                char *out)
{
	struct ike_opened o = {.first = number == 1 ? 33 : 0,
	                       .number = number,
	                       .total = total,
	                       .plain = LS_BYTES(text, strlen(text))};
	uint8_t *plain, first;
	size_t len;

	if (!ike_frag_add(f, id, &o, &plain, &len, &first))
		return false;
	memcpy(out, plain, len);
	out[len] = '\0';
	ck_assert_uint_eq(first, 33);
	free(plain);
	return true;
}

START_TEST(fragments)
{
	struct ike_frag f = {0};
	char out[64];

	ck_assert(!add(&f, 1, 2, 3, "b", out));
	ck_assert(!add(&f, 1, 2, 3, "x", out));
	ck_assert(!add(&f, 1, 1, 3, "a", out));
	ck_assert(!ike_frag_wanted(&f, 1, 1, 3));
	ck_assert(!ike_frag_wanted(&f, 1, 1, 2));
	ck_assert(ike_frag_wanted(&f, 1, 1, 4));
	ck_assert(add(&f, 1, 3, 3, "c", out));
	ck_assert_str_eq(out, "abc");
	/* A larger total begins anew, and so does another message. */
	ck_assert(!add(&f, 2, 1, 2, "old", out));
	ck_assert(!add(&f, 2, 1, 3, "1", out));
	ck_assert(!add(&f, 2, 2, 2, "old", out));
	ck_assert(!add(&f, 2, 2, 3, "2", out));
	ck_assert(add(&f, 2, 3, 3, "3", out));
	ck_assert_str_eq(out, "123");
	ck_assert(!add(&f, 3, 1, 2, "x", out));
	ck_assert(!add(&f, 4, 2, 2, "z", out));
	ck_assert(add(&f, 4, 1, 2, "y", out));
	ck_assert_str_eq(out, "yz");
	ck_assert(!ike_frag_wanted(&f, 5, 0, 2) && !ike_frag_wanted(&f, 5, 3, 2) &&
	          !ike_frag_wanted(&f, 5, 1, IKE_FRAGMENTS_MAX + 1));
	ike_frag_free(&f);
}
END_TEST

/* As many as there may be, backwards; one more is refused before anything is kept. */
START_TEST(most)
{
	struct ike_frag f = {0};
	char out[IKE_FRAGMENTS_MAX + 1];

	for (uint16_t i = IKE_FRAGMENTS_MAX; i > 1; i--)
		ck_assert(!add(&f, 1, i, IKE_FRAGMENTS_MAX, i % 2 ? "x" : "y", out));
	ck_assert(add(&f, 1, 1, IKE_FRAGMENTS_MAX, "x", out));
	for (unsigned i = 0; i < IKE_FRAGMENTS_MAX; i++)
		ck_assert_int_eq(out[i], i % 2 ? 'y' : 'x');
	ck_assert(!add(&f, 2, 1, IKE_FRAGMENTS_MAX + 1, "x", out));
	ck_assert_uint_eq(f.total, 0);
	ck_assert(!add(&f, 2, 0, 0, "x", out) && !add(&f, 2, 0, 1, "x", out));
	ck_assert_uint_eq(f.total, 0);
	/* A message of one fragment, and an empty one. */
	ck_assert(add(&f, 3, 1, 1, "whole", out));
	ck_assert_str_eq(out, "whole");
	ck_assert(add(&f, 3, 1, 1, "", out));
	ck_assert_str_eq(out, "");
}
END_TEST

/* A message that would be larger than any that we make is given up, and the next one is taken. */
START_TEST(too_large)
{
	static uint8_t bytes[IKE_PLAIN_MAX];
	struct ike_opened o = {.number = 1, .total = 3, .plain = LS_BYTES(bytes, 60000)};
	struct ike_frag f = {0};
	uint8_t *plain, first;
	size_t len;

	ck_assert(!ike_frag_add(&f, 1, &o, &plain, &len, &first));
	o.number = 2;
	o.plain.len = IKE_PLAIN_MAX - 60000;
	ck_assert(!ike_frag_add(&f, 1, &o, &plain, &len, &first));
	ck_assert_uint_eq(f.len, IKE_PLAIN_MAX);
	o.number = 3;
	o.plain.len = 1;
	ck_assert(!ike_frag_add(&f, 1, &o, &plain, &len, &first));
	ck_assert(f.total == 0 && f.len == 0);
	o.number = o.total = 1;
	o.plain.len = IKE_PLAIN_MAX;
	ck_assert(ike_frag_add(&f, 1, &o, &plain, &len, &first));
	ck_assert_uint_eq(len, IKE_PLAIN_MAX);
	free(plain);
}
END_TEST

IKE_MAIN("ike fragments", fragments, most, too_large)
