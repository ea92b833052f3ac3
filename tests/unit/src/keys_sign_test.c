/* The private keys: what is signed with them, and what is not. */
#include "src/keys/keys_sign.h"

#include "lib/crypto.h"
#include "tests/unit/pki.h"
#include "tests/unit/run.h"

#include <sys/mman.h>
#include <unistd.h>

static char error[400];

static bool read_key(struct keys_sign *k, const struct pki *p, const char *passphrase,
                     const char *given)
{
	struct ls_bytes pem = pki_key_pem(p, passphrase);
	int fd = memfd_create("key", MFD_CLOEXEC);

	ck_assert_int_eq(write(fd, pem.p, pem.len), (ssize_t)pem.len);
	lseek(fd, 0, SEEK_SET);
	return keys_sign_read(k, fd, "/etc/key", LS_BYTES((const uint8_t *)given, strlen(given)),
	                      error, sizeof error);
}

static uint8_t message[40], nonce[32], mac[32];

/* An IKE_SA_INIT, a nonce and a MAC, to be signed with that key. */
static struct msg_ike_auth_ask question(const uint8_t *id)
{
	struct wr w = wr_make(message, sizeof message);

	wr_zero(&w, 16);
	wr_u8(&w, 33);
	wr_u8(&w, 0x20);
	wr_u8(&w, 34);
	wr_u8(&w, 8);
	wr_u32(&w, 0);
	wr_u32(&w, sizeof message);
	wr_zero(&w, sizeof message - 28);
	ck_assert(wr_ok(&w));
	return (struct msg_ike_auth_ask){.scheme = SIGN_ECDSA_SHA256,
	                                 .message = LS_BYTES(message, sizeof message),
	                                 .nonce = LS_BYTES(nonce, sizeof nonce),
	                                 .id_mac = LS_BYTES(mac, sizeof mac),
	                                 .key_id = LS_BYTES(id, SIGN_KEY_ID_SIZE)};
}

static enum ls_cause sign(const struct keys_sign *k, const struct msg_ike_auth_ask *ask,
                          struct pki *p)
{
	struct ls_bytes parts[] = {ask->message, ask->nonce, ask->id_mac};
	uint8_t out[SIGN_AUTH_MAX];
	enum sign_scheme used;
	size_t len;
	enum ls_cause cause = keys_sign_ike(k, ask, out, &len);

	ck_assert((len > 0) == (cause == CAUSE_NONE));
	if (cause == CAUSE_NONE)
		ck_assert_uint_eq(sign_check(p->key, 14, LS_BYTES(out, len), parts, 3, &used),
		                  CAUSE_NONE);
	return cause;
}

START_TEST(a_question_with_its_parts_is_signed)
{
	struct pki p = pki_ca("CN=x", NULL);
	struct keys_sign k = {.key = {NULL}};
	struct msg_ike_auth_ask ask;

	ck_assert(read_key(&k, &p, NULL, ""));
	ask = question(k.id[0]);
	ck_assert_uint_eq(sign(&k, &ask, &p), CAUSE_NONE);
	ask.scheme = SIGN_ED25519;
	ck_assert_uint_eq(sign(&k, &ask, &p), CAUSE_IKE_NO_PRIVATE_KEY);
	ask.scheme = 200;
	ck_assert_uint_eq(sign(&k, &ask, &p), CAUSE_IKE_NO_PRIVATE_KEY);
	keys_sign_free(&k);
	pki_free(&p);
}
END_TEST

/* Whoever holds the ike process gets no signature under anything else. */
START_TEST(nothing_but_an_ike_sa_init_is_signed)
{
	struct pki p = pki_ca("CN=x", NULL);
	struct keys_sign k = {.key = {NULL}};
	struct msg_ike_auth_ask ask;

	ck_assert(read_key(&k, &p, NULL, ""));
	for (size_t at = 17; at < 28; at++) {
		ask = question(k.id[0]);
		message[at] ^= 0x80;
		/* flags and id may be anything */
		ck_assert_msg(sign(&k, &ask, &p) ==
		                      (at >= 19 && at < 24 ? CAUSE_NONE : CAUSE_MALFORMED),
		              "byte %zu", at);
	}
	/* A ClientHello of TLS 1.2, and a SEQUENCE as long as all that is signed: in the SPI. */
	static const uint8_t hello[] = {1, 0, 1, 0, 3, 3}, other[] = {1, 0, 1, 0, 4, 3},
			     der[] = {0x30, 0x82, 0,
	                              sizeof message + sizeof nonce + sizeof mac - 4};

	ask = question(k.id[0]);
	memcpy(message, hello, sizeof hello);
	ck_assert_uint_eq(sign(&k, &ask, &p), CAUSE_MALFORMED);
	memcpy(message, other, sizeof other);
	ck_assert_uint_eq(sign(&k, &ask, &p), CAUSE_NONE);
	memcpy(message, der, sizeof der);
	ck_assert_uint_eq(sign(&k, &ask, &p), CAUSE_MALFORMED);
	message[3]++;
	ck_assert_uint_eq(sign(&k, &ask, &p), CAUSE_NONE);
	ask = question(k.id[0]);
	ask.message.len--;
	ck_assert_uint_eq(sign(&k, &ask, &p), CAUSE_MALFORMED);
	ask.message.len = 5;
	ck_assert_uint_eq(sign(&k, &ask, &p), CAUSE_MALFORMED);
	ask = question(k.id[0]);
	ask.nonce.len = 15;
	ck_assert_uint_eq(sign(&k, &ask, &p), CAUSE_MALFORMED);
	ask = question(k.id[0]);
	ask.id_mac.len = 0;
	ck_assert_uint_eq(sign(&k, &ask, &p), CAUSE_MALFORMED);
	ask = question(k.id[0]);
	ask.key_id.len = 31;
	ck_assert_uint_eq(sign(&k, &ask, &p), CAUSE_MALFORMED);
	keys_sign_free(&k);
	pki_free(&p);
}
END_TEST

START_TEST(the_key_before_a_reload_still_signs_and_the_one_before_that_does_not)
{
	struct pki p[3] = {pki_ca("CN=1", NULL), pki_ca("CN=2", NULL), pki_ca("CN=3", NULL)};
	uint8_t id[3][SIGN_KEY_ID_SIZE];
	struct keys_sign k = {.key = {NULL}};

	for (unsigned i = 0; i < 3; i++) {
		ck_assert(read_key(&k, &p[i], NULL, ""));
		ck_assert(read_key(&k, &p[i], NULL, "")); /* the same again is no new one */
		memcpy(id[i], k.id[0], sizeof id[i]);
	}
	for (unsigned i = 0; i < 3; i++) {
		struct msg_ike_auth_ask ask = question(id[i]);

		ck_assert_uint_eq(sign(&k, &ask, &p[i]),
		                  i == 0 ? CAUSE_IKE_NO_PRIVATE_KEY : CAUSE_NONE);
	}
	keys_sign_free(&k);
	for (unsigned i = 0; i < 3; i++)
		pki_free(&p[i]);
}
END_TEST

START_TEST(a_file_that_cannot_be_used_leaves_the_key_that_there_is)
{
	struct pki p = pki_ca("CN=x", NULL), odd = {.key = pki_key("P-224")};
	struct keys_sign k = {.key = {NULL}};
	struct msg_ike_auth_ask ask;

	ck_assert(read_key(&k, &p, "sesame", "sesame"));
	ck_assert(!read_key(&k, &p, "sesame", "barley"));
	ck_assert_str_eq(error, "/etc/key does not open with its passphrase");
	ck_assert(!read_key(&k, &p, "sesame", ""));
	ck_assert_str_eq(error, "/etc/key is encrypted, and there is no passphrase for it");
	ck_assert(!read_key(&k, &odd, NULL, ""));
	ck_assert(!keys_sign_read(&k, memfd_create("empty", MFD_CLOEXEC), "/etc/key",
	                          LS_BYTES(NULL, 0), error, sizeof error));
	ck_assert_str_eq(error, "/etc/key is empty");
	ask = question(k.id[0]);
	ck_assert_uint_eq(sign(&k, &ask, &p), CAUSE_NONE);
	keys_sign_free(&k);
	pki_free(&p);
	EVP_PKEY_free(odd.key);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("keys sign");

	secret_init();
	crypto_init();
	if (!keys_sign_init())
		return EXIT_FAILURE;
	tcase_add_test(tc, a_question_with_its_parts_is_signed);
	tcase_add_test(tc, nothing_but_an_ike_sa_init_is_signed);
	tcase_add_test(tc, the_key_before_a_reload_still_signs_and_the_one_before_that_does_not);
	tcase_add_test(tc, a_file_that_cannot_be_used_leaves_the_key_that_there_is);
	return run_cases("keys sign", tc);
}
