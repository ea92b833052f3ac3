/* Tests of snapshots: frame, versions, sealing. */
#include "lib/snap.h"

#include "tests/unit/run.h"

#include <string.h>

START_TEST(frames)
{
	uint8_t buffer[64];
	struct wr w = wr_make(buffer, sizeof(buffer));
	struct rd r;
	size_t begin;

	wr_u8(&w, 0xaa); /* a snapshot need not be first in its buffer */
	begin = w.len;
	snap_begin(&w, SNAP_L2TP, 3);
	wr_u32(&w, 0x01020304);
	snap_end(&w, begin);
	ck_assert_uint_eq(w.len, 1 + SNAP_HEADER_SIZE + 4);
	r = snap_open_body(buffer + 1, w.len - 1, SNAP_L2TP, 3);
	ck_assert_uint_eq(rd_u32(&r), 0x01020304);
	ck_assert(rd_end(&r));
	r = snap_open_body(buffer + 1, w.len - 1, SNAP_PPP, 3);
	ck_assert(!rd_ok(&r));
	r = snap_open_body(buffer + 1, w.len - 1, SNAP_L2TP, 4);
	ck_assert(!rd_ok(&r));
	for (size_t len = 0; len < w.len - 1; len++) {
		r = snap_open_body(buffer + 1, len, SNAP_L2TP, 3);
		ck_assert(!rd_ok(&r));
	}
	r = snap_open_body(buffer + 1, w.len, SNAP_L2TP, 3);
	ck_assert(!rd_ok(&r));
	buffer[1] ^= 1;
	r = snap_open_body(buffer + 1, w.len - 1, SNAP_L2TP, 3);
	ck_assert(!rd_ok(&r));
}
END_TEST

START_TEST(sealing)
{
	uint8_t in[50], sealed[50 + SNAP_SEAL_OVERHEAD], out[50];
	const uint8_t nonce[24] = {5}, raw[SNAP_KEY_SIZE] = {9}, wrong[SNAP_KEY_SIZE] = {8};
	struct secret key, other;
	size_t n;

	memset(in, 0x5a, sizeof(in));
	ck_assert(secret_from(&key, raw, sizeof(raw)) && secret_from(&other, wrong, sizeof(wrong)));
	n = snap_seal(&key, nonce, in, sizeof(in), sealed);
	ck_assert_uint_eq(n, sizeof(sealed));
	ck_assert(snap_unseal(&key, sealed, n, out));
	ck_assert_mem_eq(in, out, sizeof(in));
	ck_assert(!snap_unseal(&other, sealed, n, out));
	for (size_t i = 0; i < sizeof(out); i++)
		ck_assert_uint_eq(out[i], 0);
	for (size_t bit = 0; bit < n * 8; bit++) {
		sealed[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		ck_assert(!snap_unseal(&key, sealed, n, out));
		sealed[bit / 8] ^= (uint8_t)(1u << (bit % 8));
	}
	for (size_t len = 0; len < n; len++)
		ck_assert(!snap_unseal(&key, sealed, len, out));
	ck_assert(snap_unseal(&key, sealed, n, out));
	secret_free(&key);
	secret_free(&other);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("all");

	if (!secret_init())
		return EXIT_FAILURE;
	tcase_add_test(tc, frames);
	tcase_add_test(tc, sealing);
	return run_cases("snap", tc);
}
