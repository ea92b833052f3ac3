/* Signatures: every key with every scheme that fits it, what is refused, and every bit of an AUTH
 * payload turned. */
#include "lib/sign.h"

#include "lib/cause.h"
#include "lib/crypto.h"
#include "lib/secret.h"
#include "tests/unit/pki.h"
#include "tests/unit/run.h"

static const struct {
	const char *name;
	enum sign_key key;
} kinds[] = {{"rsa:2048", SIGN_KEY_RSA}, {"P-256", SIGN_KEY_P256},      {"P-384", SIGN_KEY_P384},
             {"P-521", SIGN_KEY_P521},   {"ED25519", SIGN_KEY_ED25519}, {"ED448", SIGN_KEY_ED448}};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

static const struct ls_bytes parts[] = {{(const uint8_t *)"message", 7},
                                        {(const uint8_t *)"nonce", 5},
                                        {(const uint8_t *)"mac", 3}};

static enum ls_cause check(EVP_PKEY *key, enum sign_scheme scheme, struct ls_bytes auth)
{
	enum sign_scheme used;
	enum ls_cause cause = sign_check(key, sign_method(scheme), auth, parts, 3, &used);

	if (cause == CAUSE_NONE)
		ck_assert_uint_eq(used, scheme);
	return cause;
}

START_TEST(each_scheme_works_with_the_keys_it_is_for)
{
	EVP_PKEY *key[KINDS];
	unsigned made = 0;

	for (unsigned k = 0; k < KINDS; k++) {
		key[k] = pki_key(kinds[k].name);
		ck_assert_uint_eq(sign_key_kind(key[k]), kinds[k].key);
	}
	for (unsigned s = 1; s < SIGN_SCHEMES; s++)
		for (unsigned k = 0; k < KINDS; k++) {
			uint8_t auth[SIGN_AUTH_MAX];
			size_t len = sign_make(key[k], (enum sign_scheme)s, parts, 3, auth);

			if (len == 0)
				continue;
			made++;
			ck_assert_uint_eq(check(key[k], (enum sign_scheme)s, LS_BYTES(auth, len)),
			                  CAUSE_NONE);
			for (unsigned other = 0; other < KINDS; other++)
				if (other != k)
					ck_assert_uint_ne(check(key[other], (enum sign_scheme)s,
					                        LS_BYTES(auth, len)),
					                  CAUSE_NONE);
		}
	/* RSA 6, three curves with three hashes each, two Edwards curves, three of RFC 4754 */
	ck_assert_uint_eq(made, 6 + 9 + 2 + 3);
	for (unsigned k = 0; k < KINDS; k++)
		sign_key_free(key[k]);
}
END_TEST

START_TEST(what_was_signed_counts_to_the_last_byte)
{
	EVP_PKEY *key = pki_key("P-256");
	struct ls_bytes other[] = {parts[0], parts[1], {(const uint8_t *)"mad", 3}};
	uint8_t auth[SIGN_AUTH_MAX];
	size_t len = sign_make(key, SIGN_ECDSA_SHA256, parts, 3, auth);
	enum sign_scheme used;

	ck_assert_uint_eq(sign_check(key, 14, LS_BYTES(auth, len), other, 3, &used),
	                  CAUSE_IKE_SIGNATURE_WRONG);
	ck_assert_uint_eq(sign_check(key, 14, LS_BYTES(auth, len), parts, 2, &used),
	                  CAUSE_IKE_SIGNATURE_WRONG);
	sign_key_free(key);
}
END_TEST

/* An ECDSA signature's DER may be written in one way only, and so may all others. */
START_TEST(every_bit_turned_is_refused)
{
	static const enum sign_scheme scheme[] = {SIGN_PSS_SHA256, SIGN_PKCS1_SHA256,
	                                          SIGN_ECDSA_SHA384, SIGN_ED25519, SIGN_OLD_P256};
	static const unsigned kind[] = {0, 0, 2, 4, 1};

	for (unsigned i = 0; i < 5; i++) {
		EVP_PKEY *key = pki_key(kinds[kind[i]].name);
		uint8_t auth[SIGN_AUTH_MAX];
		size_t len = sign_make(key, scheme[i], parts, 3, auth);

		ck_assert_uint_gt(len, 0);
		for (size_t bit = 0; bit < len * 8; bit++) {
			auth[bit / 8] ^= (uint8_t)(1 << bit % 8);
			ck_assert_uint_ne(check(key, scheme[i], LS_BYTES(auth, len)), CAUSE_NONE);
			auth[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		for (size_t cut = 0; cut < len; cut++)
			ck_assert_uint_ne(check(key, scheme[i], LS_BYTES(auth, cut)), CAUSE_NONE);
		ck_assert_uint_eq(check(key, scheme[i], LS_BYTES(auth, len)), CAUSE_NONE);
		sign_key_free(key);
	}
}
END_TEST

/* RFC 7427 A and RFC 8420 A. */
START_TEST(the_algorithm_identifiers_are_those_of_the_rfcs)
{
	static const struct {
		enum sign_scheme scheme;
		unsigned kind;
		const char *hex;
	} right[] = {
		{SIGN_PKCS1_SHA256, 0, "0f300d06092a864886f70d01010b0500"},
		{SIGN_PKCS1_SHA384, 0, "0f300d06092a864886f70d01010c0500"},
		{SIGN_PKCS1_SHA512, 0, "0f300d06092a864886f70d01010d0500"},
		{SIGN_ECDSA_SHA256, 1, "0c300a06082a8648ce3d040302"},
		{SIGN_ECDSA_SHA384, 1, "0c300a06082a8648ce3d040303"},
		{SIGN_ECDSA_SHA512, 1, "0c300a06082a8648ce3d040304"},
		{SIGN_ED25519, 4, "07300506032b6570"},
		{SIGN_ED448, 5, "07300506032b6571"},
		{SIGN_PSS_SHA256, 0,
	         "48304606092a864886f70d01010a3039a00f300d06096086480165030402010500a11c301a06092a8"
	         "6"
	         "4886f70d010108300d06096086480165030402010500a203020120a303020101"},
		{SIGN_PSS_SHA512, 0,
	         "48304606092a864886f70d01010a3039a00f300d06096086480165030402030500a11c301a06092a8"
	         "6"
	         "4886f70d010108300d06096086480165030402030500a203020140a303020101"},
	};

	for (unsigned i = 0; i < sizeof right / sizeof right[0]; i++) {
		EVP_PKEY *key = pki_key(kinds[right[i].kind].name);
		uint8_t auth[SIGN_AUTH_MAX];
		char hex[3];

		ck_assert_uint_gt(sign_make(key, right[i].scheme, parts, 3, auth), 0);
		for (size_t b = 0; b < strlen(right[i].hex) / 2; b++) {
			snprintf(hex, sizeof hex, "%02x", auth[b]);
			ck_assert_msg(strncmp(hex, right[i].hex + 2 * b, 2) == 0, "%s: byte %zu",
			              sign_name(right[i].scheme), b);
		}
		sign_key_free(key);
	}
}
END_TEST

static enum ls_cause check_blob(EVP_PKEY *key, const char *hex)
{
	uint8_t auth[SIGN_AUTH_MAX] = {0};
	size_t n = strlen(hex) / 2;

	auth[0] = (uint8_t)n;
	for (size_t i = 0; i < n; i++) {
		char two[3] = {hex[2 * i], hex[2 * i + 1], '\0'};

		auth[1 + i] = (uint8_t)strtoul(two, NULL, 16);
	}
	return check(key, SIGN_PSS_SHA256, LS_BYTES(auth, 1 + n + 256));
}

START_TEST(sha_1_and_odd_pss_parameters_are_refused_by_their_names)
{
	static const char *const bad[] = {
		"300d06092a864886f70d0101050500", /* RSA with SHA-1 */
		"300906072a8648ce3d0401",         /* ECDSA with SHA-1 */
		"300d06092a864886f70d01010a3000", /* PSS, all defaults: SHA-1 */
		"300b06092a864886f70d01010a",     /* PSS without parameters */
		/* the mask by another hash; a salt of 20; a trailer of 2 */
		"304606092a864886f70d01010a3039a00f300d06096086480165030402010500a11c301a06092a86"
		"4886f70d010108300d06096086480165030402020500a203020120a303020101",
		"304606092a864886f70d01010a3039a00f300d06096086480165030402010500a11c301a06092a86"
		"4886f70d010108300d06096086480165030402010500a203020114a303020101",
		"304606092a864886f70d01010a3039a00f300d06096086480165030402010500a11c301a06092a86"
		"4886f70d010108300d06096086480165030402010500a203020120a303020102",
		"300d06092a864886f70d01010b050000", /* a byte too many */
		"",
	};
	/* As good as ours, but without the trailer that is the default. */
	static const char other[] =
		"304106092a864886f70d01010a3034a00f300d06096086480165030402010500a11c301a06092a86"
		"4886f70d010108300d06096086480165030402010500a203020120";
	EVP_PKEY *key = pki_key("rsa:2048");

	for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ck_assert_msg(check_blob(key, bad[i]) == CAUSE_IKE_SIGNATURE_UNKNOWN, "%s", bad[i]);
	ck_assert_uint_eq(check_blob(key, other), CAUSE_IKE_SIGNATURE_WRONG);
	sign_key_free(key);
}
END_TEST

START_TEST(the_scheme_follows_key_and_hashes)
{
	ck_assert_uint_eq(sign_choose(SIGN_KEY_RSA, SIGN_HASHES, false), SIGN_PSS_SHA256);
	ck_assert_uint_eq(sign_choose(SIGN_KEY_RSA, SIGN_HASHES, true), SIGN_PKCS1_SHA256);
	ck_assert_uint_eq(sign_choose(SIGN_KEY_RSA, SIGN_SHA512, false), SIGN_PSS_SHA512);
	ck_assert_uint_eq(sign_choose(SIGN_KEY_RSA, 0, false), SIGN_NONE);
	ck_assert_uint_eq(sign_choose(SIGN_KEY_RSA, SIGN_IDENTITY, false), SIGN_NONE);
	ck_assert_uint_eq(sign_choose(SIGN_KEY_P256, SIGN_HASHES, false), SIGN_ECDSA_SHA256);
	ck_assert_uint_eq(sign_choose(SIGN_KEY_P384, SIGN_HASHES, false), SIGN_ECDSA_SHA384);
	ck_assert_uint_eq(sign_choose(SIGN_KEY_P521, SIGN_HASHES, true), SIGN_ECDSA_SHA512);
	ck_assert_uint_eq(sign_choose(SIGN_KEY_P521, SIGN_SHA256, false), SIGN_ECDSA_SHA256);
	ck_assert_uint_eq(sign_choose(SIGN_KEY_P384, 0, false), SIGN_OLD_P384);
	ck_assert_uint_eq(sign_choose(SIGN_KEY_ED25519, SIGN_HASHES, false), SIGN_ED25519);
	ck_assert_uint_eq(sign_choose(SIGN_KEY_ED448, SIGN_IDENTITY, false), SIGN_ED448);
	ck_assert_uint_eq(sign_choose(SIGN_KEY_ED25519, SIGN_SHA256, false), SIGN_NONE);
	ck_assert_uint_eq(sign_choose(SIGN_KEY_ED25519, 0, false), SIGN_NONE);
	ck_assert_uint_eq(sign_choose(SIGN_KEY_NONE, SIGN_HASHES, false), SIGN_NONE);
}
END_TEST

static EVP_PKEY *read_key(struct ls_bytes pem, const char *passphrase, const char **why)
{
	return sign_key_read(pem, LS_BYTES((const uint8_t *)passphrase, strlen(passphrase)), why);
}

START_TEST(a_private_key_is_read_or_it_is_said_why_not)
{
	struct pki p = {.key = pki_key("P-384")}, odd = {.key = pki_key("P-224")},
		   small = {.key = pki_key("rsa:1024")};
	uint8_t a[SIGN_KEY_ID_SIZE], b[SIGN_KEY_ID_SIZE];
	const char *why;
	EVP_PKEY *key = read_key(pki_key_pem(&p, NULL), "", &why);

	ck_assert_ptr_nonnull(key);
	ck_assert(sign_key_id(key, a) && sign_key_id(p.key, b) && memcmp(a, b, sizeof a) == 0);
	sign_key_free(key);
	key = read_key(pki_key_pem(&p, "open sesame"), "open sesame", &why);
	ck_assert_ptr_nonnull(key);
	sign_key_free(key);
	ck_assert_ptr_null(read_key(pki_key_pem(&p, "open sesame"), "open barley", &why));
	ck_assert_str_eq(why, "does not open with its passphrase");
	ck_assert_ptr_null(read_key(pki_key_pem(&p, "open sesame"), "", &why));
	ck_assert_str_eq(why, "is encrypted, and there is no passphrase for it");
	ck_assert_ptr_null(read_key(LS_BYTES((const uint8_t *)"no key", 6), "", &why));
	ck_assert_str_eq(why, "is no private key in PEM");
	ck_assert_ptr_null(read_key(pki_key_pem(&odd, NULL), "", &why));
	ck_assert_ptr_null(read_key(pki_key_pem(&small, NULL), "", &why));
	ck_assert_ptr_nonnull(strstr(why, "RSA of 2048"));
	sign_key_free(p.key);
	sign_key_free(odd.key);
	sign_key_free(small.key);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("sign");
	TCase *bits = tcase_create("bits");

	tcase_set_timeout(tc, 60);
	secret_init();
	crypto_init();
	tcase_add_test(tc, each_scheme_works_with_the_keys_it_is_for);
	tcase_add_test(tc, what_was_signed_counts_to_the_last_byte);
	tcase_add_test(bits, every_bit_turned_is_refused);
	tcase_add_test(tc, the_algorithm_identifiers_are_those_of_the_rfcs);
	tcase_add_test(tc, sha_1_and_odd_pss_parameters_are_refused_by_their_names);
	tcase_add_test(tc, the_scheme_follows_key_and_hashes);
	tcase_add_test(tc, a_private_key_is_read_or_it_is_said_why_not);
	return run_cases_and("sign", tc, bits);
}
