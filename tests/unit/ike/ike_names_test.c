/* Text put together within its room, and the names that people see. */
#include "ike/ike_names.h"
#include "tests/unit/ike/ike_main.h"

#include <string.h>

START_TEST(names)
{
	char text[16];
	struct ike_text t = ike_text_make(text, sizeof text);

	ike_text_number(&t, 0);
	ike_text_add(&t, ",");
	ike_text_number(&t, UINT64_MAX);
	ck_assert_str_eq(text, "0,1844674407370");
	t = ike_text_make(text, sizeof text);
	ike_text_notify(&t, 14);
	ck_assert_str_eq(text, "NO_PROPOSAL_CHO");
	t = ike_text_make(text, sizeof text);
	ike_text_notify(&t, 9999);
	ck_assert_str_eq(text, "notify 9999");
}
END_TEST

/* However little room there is: cut, terminated, nothing behind it written. */
START_TEST(room)
{
	for (size_t cap = 1; cap < 12; cap++) {
		char text[16];
		struct ike_text t;

		memset(text, '#', sizeof text);
		t = ike_text_make(text, cap);
		ck_assert_str_eq(text, "");
		ike_text_add(&t, "abcde");
		ike_text_add(&t, "");
		ike_text_number(&t, 12345);
		ck_assert_uint_eq(strlen(text), cap - 1 < 10 ? cap - 1 : 10);
		ck_assert_int_eq(strncmp(text, "abcde12345", strlen(text)), 0);
		for (size_t i = cap; i < sizeof text; i++)
			ck_assert_int_eq(text[i], '#');
	}
}
END_TEST

START_TEST(hex)
{
	static const struct {
		uint64_t n;
		unsigned digits;
		const char *text;
	} rows[] = {{0xab, 2, "ab"},
	            {0xab, 4, "00ab"},
	            {0x1ab, 2, "ab"},
	            {UINT64_C(0x0123456789abcdef), 16, "0123456789abcdef"},
	            {5, 0, ""}};
	char text[32];

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct ike_text t = ike_text_make(text, sizeof text);

		ike_text_hex(&t, rows[i].n, rows[i].digits);
		ck_assert_str_eq(text, rows[i].text);
	}
}
END_TEST

START_TEST(algorithms)
{
	static const struct {
		enum algo_id id;
		const char *text;
	} rows[] = {{ALGO_NONE, "none"},
	            {ALGO_AES192_GCM, "AES-192-GCM"},
	            {ALGO_CHACHA20POLY1305, "ChaCha20-Poly1305"},
	            {ALGO_AES128, "AES-128-CBC"},
	            {ALGO_NULL, "NULL"},
	            {ALGO_PRF_SHA512, "SHA-512"},
	            {ALGO_SHA1, "SHA-1"},
	            {ALGO_X25519, "X25519"},
	            {ALGO_ECP521, "ECP-521"},
	            {ALGO_MODP4096, "MODP-4096"}};
	const struct algo *all;
	char text[32];
	size_t n;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct ike_text t = ike_text_make(text, sizeof text);

		ike_text_algo(&t, rows[i].id);
		ck_assert_str_eq(text, rows[i].text);
	}
	/* None is shown as it is written in the config. */
	all = algo_all(&n);
	for (size_t i = 0; i < n; i++) {
		struct ike_text t = ike_text_make(text, sizeof text);

		ike_text_algo(&t, all[i].id);
		ck_assert_str_ne(text, all[i].name);
		ck_assert_str_ne(text, "none");
	}
}
END_TEST

START_TEST(others)
{
	struct ls_addr a = ls_addr_v4(0xc0000201, 4500);
	struct ike_identity id;
	char text[64];
	struct ike_text t = ike_text_make(text, sizeof text);

	ck_assert(ike_identity_parse("hq.example", &id));
	ike_text_addr(&t, &a);
	ike_text_add(&t, " ");
	ike_text_identity(&t, &id);
	ike_text_add(&t, " ");
	ike_text_notify(&t, 24);
	ck_assert_str_eq(text, "192.0.2.1:4500 hq.example AUTHENTICATION_FAILED");
}
END_TEST

IKE_MAIN("ike names", names, room, hex, algorithms, others)
