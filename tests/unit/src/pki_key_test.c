/* Tests of keys: each type is one that our daemon takes; written for nobody else's eyes. */
#include "tests/unit/src/pki_place.h"

#include <openssl/evp.h>

static struct pki_dir d;

static void set_up(void)
{
	place_make();
	GOOD(pki_dir_make(place, &error));
	GOOD(pki_dir_open(&d, place, true, &error));
}

static void take_down(void)
{
	pki_dir_close(&d);
	place_clean();
}

static const struct {
	const char *type;
	enum sign_key kind;
	const char *hash;
} types[] = {
	{"p256", SIGN_KEY_P256, "SHA2-256"}, {"p384", SIGN_KEY_P384, "SHA2-384"},
	{"p521", SIGN_KEY_P521, "SHA2-512"}, {"ed25519", SIGN_KEY_ED25519, NULL},
	{"ed448", SIGN_KEY_ED448, NULL},     {"rsa", SIGN_KEY_RSA, "SHA2-256"},
};

START_TEST(each_type_is_made_written_and_read)
{
	struct evp_pkey_st *key = pki_key_make(types[_i].type, &error), *back;
	const struct evp_md_st *hash;
	uint8_t a[SIGN_KEY_ID_SIZE], b[SIGN_KEY_ID_SIZE];

	ck_assert_ptr_nonnull(key);
	ck_assert_int_eq(sign_key_kind(key), types[_i].kind);
	hash = pki_key_hash(key);
	ck_assert_int_eq(hash != NULL, types[_i].hash != NULL);
	if (hash)
		ck_assert(EVP_MD_is_a(hash, types[_i].hash));
	GOOD(pki_key_write(&d, "a.key", key, LS_BYTES(NULL, 0), &error));
	ck_assert_uint_eq(place_mode("a.key"), 0600);
	GOOD(pki_key_read(&d, "a.key", LS_BYTES(NULL, 0), &back, &error));
	ck_assert(sign_key_id(key, a) && sign_key_id(back, b));
	ck_assert_mem_eq(a, b, sizeof a);
	ck_assert(!pki_key_write(&d, "a.key", key, LS_BYTES(NULL, 0), &error));
	sign_key_free(key);
	sign_key_free(back);
}
END_TEST

START_TEST(a_passphrase_locks_it)
{
	struct evp_pkey_st *key = pki_key_make("p256", &error), *back;

	GOOD(pki_key_write(&d, "a.key", key, LS_BYTES("sesame", 6), &error));
	ck_assert_ptr_nonnull(strstr(place_text("a.key"), "BEGIN ENCRYPTED PRIVATE KEY"));
	ck_assert(!pki_key_read(&d, "a.key", LS_BYTES(NULL, 0), &back, &error));
	ERROR_HAS("by --passphrase-file");
	ck_assert(!pki_key_read(&d, "a.key", LS_BYTES("sesam", 5), &back, &error));
	ERROR_HAS("does not open with its passphrase");
	GOOD(pki_key_read(&d, "a.key", LS_BYTES("sesame", 6), &back, &error));
	sign_key_free(key);
	sign_key_free(back);
}
END_TEST

START_TEST(another_type_is_refused)
{
	ck_assert_ptr_null(pki_key_make("rsa1024", &error));
	ERROR_HAS("there is no type of key 'rsa1024': take p256");
	ck_assert_ptr_null(pki_key_make("", &error));
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("pki_key");

	tcase_add_checked_fixture(tc, set_up, take_down);
	tcase_add_loop_test(tc, each_type_is_made_written_and_read, 0,
	                    sizeof types / sizeof types[0]);
	tcase_add_test(tc, a_passphrase_locks_it);
	tcase_add_test(tc, another_type_is_refused);
	return run_cases("pki_key", tc);
}
