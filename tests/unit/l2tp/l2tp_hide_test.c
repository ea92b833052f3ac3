/* Tests of hidden AVPs: against constants of another tool, at all sizes, and with wrong keys. */
#include "l2tp/l2tp_wire.h"
#include "lib/crypto.h"
#include "lib/secret.h"
#include "tests/unit/run.h"

#include <string.h>

/* By Python's hashlib, after RFC 2661 4.3. */
static const uint8_t hidden[] = {0x70, 0x55, 0xff, 0x2a, 0xcb, 0xfc, 0xf9, 0x49, 0x99, 0x30, 0xdf,
                                 0xbf, 0x65, 0x87, 0xcb, 0xf9, 0x90, 0xb7, 0x66, 0xba, 0xd5, 0x90,
                                 0xb1, 0x90, 0x2c, 0x55, 0x56, 0x85, 0x04, 0x1e, 0x01, 0x0e, 0xae,
                                 0x10, 0x4b, 0x67, 0x5f, 0x1d, 0x70, 0x73, 0x84, 0x70, 0xb5, 0x4b};
static const char clear[] = "0123456789 a number longer than two blocks";
static const char secret[] = "open sesame";

static struct ls_bytes vector16(uint8_t vector[16], uint8_t first)
{
	for (unsigned i = 0; i < 16; i++)
		vector[i] = (uint8_t)(first + i);
	return LS_BYTES(vector, 16);
}

START_TEST(test_hidden_values)
{
	uint8_t vector[16], out[64], plain[L2TP_HIDDEN_MAX], bad[sizeof hidden];
	const struct ls_bytes key = LS_BYTES(secret, strlen(secret)), v = vector16(vector, 0);
	struct ls_bytes value;

	ck_assert_uint_eq(l2tp_hide(22, key, v, LS_BYTES(clear, strlen(clear)), out, sizeof out),
	                  sizeof hidden);
	ck_assert_mem_eq(out, hidden, sizeof hidden);
	ck_assert(l2tp_unhide(22, key, v, LS_BYTES(hidden, sizeof hidden), plain, &value));
	ck_assert_uint_eq(value.len, strlen(clear));
	ck_assert_mem_eq(value.p, clear, value.len);
	/* An original length beyond what is there. */
	memcpy(bad, hidden, sizeof bad);
	bad[1] ^= 0x01;
	ck_assert(!l2tp_unhide(22, key, v, LS_BYTES(bad, sizeof bad), plain, &value));
	bad[0] ^= 0xff;
	ck_assert(!l2tp_unhide(22, key, v, LS_BYTES(bad, sizeof bad), plain, &value));
	ck_assert(!l2tp_unhide(22, key, v, LS_BYTES(bad, 1), plain, &value));
}
END_TEST

/* From nothing to the largest AVP, and one byte more; out is never written beyond. */
START_TEST(values_of_all_sizes)
{
	static uint8_t value[L2TP_HIDDEN_MAX], out[L2TP_HIDDEN_MAX + 1], plain[L2TP_HIDDEN_MAX];
	uint8_t vector[16];
	const struct ls_bytes key = LS_BYTES(secret, strlen(secret)), v = vector16(vector, 3);
	struct ls_bytes seen;

	for (size_t i = 0; i < sizeof value; i++)
		value[i] = (uint8_t)(i * 7 + 1);
	for (size_t len = 0; len + 2 <= L2TP_HIDDEN_MAX; len++) {
		memset(out, 0xee, sizeof out);
		ck_assert_uint_eq(l2tp_hide(11, key, v, LS_BYTES(value, len), out, len + 1), 0);
		ck_assert_uint_eq(l2tp_hide(11, key, v, LS_BYTES(value, len), out, len + 2),
		                  len + 2);
		ck_assert_uint_eq(out[len + 2], 0xee);
		ck_assert(l2tp_unhide(11, key, v, LS_BYTES(out, len + 2), plain, &seen));
		ck_assert_uint_eq(seen.len, len);
		ck_assert_mem_eq(seen.p, value, len);
	}
	ck_assert_uint_eq(
		l2tp_hide(11, key, v, LS_BYTES(value, L2TP_HIDDEN_MAX - 1), out, sizeof out), 0);
	ck_assert(!l2tp_unhide(11, key, v, LS_BYTES(out, L2TP_HIDDEN_MAX + 1), plain, &seen));
	ck_assert(!l2tp_unhide(11, key, v, LS_BYTES(out, 0), plain, &seen));
}
END_TEST

/* A peer may pad the value, so that its length says nothing (4.3). */
START_TEST(padding_is_left_out)
{
	uint8_t vector[16], plain[L2TP_HIDDEN_MAX], padded[20] = {0}, out[22];
	const struct ls_bytes key = LS_BYTES(secret, strlen(secret)), v = vector16(vector, 3);
	struct ls_bytes seen;

	/* As if of 20 bytes: the length in front of them is then made 2. */
	padded[0] = 0x12;
	padded[1] = 0x34;
	ck_assert_uint_eq(l2tp_hide(9, key, v, LS_BYTES(padded, sizeof padded), out, sizeof out),
	                  sizeof out);
	out[1] ^= 20 ^ 2;
	ck_assert(l2tp_unhide(9, key, v, LS_BYTES(out, 16), plain, &seen));
	ck_assert_uint_eq(seen.len, 2);
	ck_assert_mem_eq(seen.p, "\x12\x34", 2);
}
END_TEST

/* Type, secret and vector all count. */
START_TEST(another_key_opens_something_else)
{
	uint8_t vector[16], other[16], plain[L2TP_HIDDEN_MAX];
	const struct ls_bytes key = LS_BYTES(secret, strlen(secret)), v = vector16(vector, 0);
	const struct ls_bytes bytes = LS_BYTES(hidden, sizeof hidden);
	struct ls_bytes seen;

	ck_assert(!l2tp_unhide(21, key, v, bytes, plain, &seen) || seen.len != strlen(clear));
	ck_assert(!l2tp_unhide(22, LS_BYTES("Open sesame", 11), v, bytes, plain, &seen) ||
	          seen.len != strlen(clear));
	ck_assert(!l2tp_unhide(22, key, vector16(other, 1), bytes, plain, &seen) ||
	          seen.len != strlen(clear));
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("l2tp_hide");

	if (!secret_init() || !crypto_init())
		return EXIT_FAILURE;
	tcase_add_test(tc, test_hidden_values);
	tcase_add_test(tc, values_of_all_sizes);
	tcase_add_test(tc, padding_is_left_out);
	tcase_add_test(tc, another_key_opens_something_else);
	return run_cases("l2tp_hide", tc);
}
