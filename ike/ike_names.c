/* Names for people: algorithms, notifies, identities, and text put together without stdio. */
#include "ike/ike_names.h"

#include <string.h>

struct ike_text ike_text_make(char *out, size_t cap)
{
	out[0] = '\0';
	return (struct ike_text){.p = out, .cap = cap};
}

void ike_text_add(struct ike_text *t, const char *text)
{
	size_t n = strlen(text);

	if (n > t->cap - 1 - t->len)
		n = t->cap - 1 - t->len;
	memcpy(t->p + t->len, text, n);
	t->len += n;
	t->p[t->len] = '\0';
}

void ike_text_number(struct ike_text *t, uint64_t n)
{
	char digits[24];
	size_t at = sizeof digits - 1;

	digits[at] = '\0';
	do
		digits[--at] = (char)('0' + n % 10);
	while (n /= 10);
	ike_text_add(t, digits + at);
}

void ike_text_hex(struct ike_text *t, uint64_t n, unsigned digits)
{
	char text[17];

	for (unsigned i = 0; i < digits && i < 16; i++)
		text[i] = "0123456789abcdef"[n >> 4 * (digits - 1 - i) & 15];
	text[digits < 16 ? digits : 16] = '\0';
	ike_text_add(t, text);
}

void ike_text_addr(struct ike_text *t, const struct ls_addr *a)
{
	char text[LS_ADDR_TEXT_MAX];

	ike_text_add(t, ls_addr_text(a, text));
}

void ike_text_identity(struct ike_text *t, const struct ike_identity *id)
{
	char text[IKE_IDENTITY_MAX];

	ike_text_add(t, ike_identity_text(id, text, sizeof text));
}

/* How people write an algorithm, where it is not its config name in capitals. */
static const struct {
	const char *name, *shown;
} algo_shown[] = {
	{"aes128-gcm", "AES-128-GCM"},
	{"aes192-gcm", "AES-192-GCM"},
	{"aes256-gcm", "AES-256-GCM"},
	{"chacha20poly1305", "ChaCha20-Poly1305"},
	{"aes128", "AES-128-CBC"},
	{"aes192", "AES-192-CBC"},
	{"aes256", "AES-256-CBC"},
	{"3des", "3DES-CBC"},
	{"sha1", "SHA-1"},
	{"sha256", "SHA-256"},
	{"sha384", "SHA-384"},
	{"sha512", "SHA-512"},
	{"prf-sha1", "SHA-1"},
	{"prf-sha256", "SHA-256"},
	{"prf-sha384", "SHA-384"},
	{"prf-sha512", "SHA-512"},
	{"prfsha1", "SHA-1"},
	{"prfsha256", "SHA-256"},
	{"prfsha384", "SHA-384"},
	{"prfsha512", "SHA-512"},
	{"ecp256", "ECP-256"},
	{"ecp384", "ECP-384"},
	{"ecp521", "ECP-521"},
	{"modp1024", "MODP-1024"},
	{"modp1536", "MODP-1536"},
	{"modp2048", "MODP-2048"},
	{"modp3072", "MODP-3072"},
	{"modp4096", "MODP-4096"},
};

void ike_text_algo(struct ike_text *t, enum algo_id id)
{
	const struct algo *a = algo_get(id);
	char text[32];
	size_t n = 0;

	if (!a) {
		ike_text_add(t, "none");
		return;
	}
	for (size_t i = 0; i < sizeof algo_shown / sizeof algo_shown[0]; i++)
		if (strcmp(a->name, algo_shown[i].name) == 0) {
			ike_text_add(t, algo_shown[i].shown);
			return;
		}
	for (; n < sizeof text - 1 && a->name[n]; n++)
		text[n] = a->name[n] >= 'a' && a->name[n] <= 'z' ? (char)(a->name[n] - 'a' + 'A')
		                                                 : a->name[n];
	text[n] = '\0';
	ike_text_add(t, text);
}

static const struct {
	uint16_t type;
	const char *name;
} notify_names[] = {
	{IKE_N_UNSUPPORTED_CRITICAL_PAYLOAD, "UNSUPPORTED_CRITICAL_PAYLOAD"},
	{IKE_N_INVALID_IKE_SPI, "INVALID_IKE_SPI"},
	{IKE_N_INVALID_MAJOR_VERSION, "INVALID_MAJOR_VERSION"},
	{IKE_N_INVALID_SYNTAX, "INVALID_SYNTAX"},
	{IKE_N_INVALID_MESSAGE_ID, "INVALID_MESSAGE_ID"},
	{IKE_N_INVALID_SPI, "INVALID_SPI"},
	{IKE_N_NO_PROPOSAL_CHOSEN, "NO_PROPOSAL_CHOSEN"},
	{IKE_N_INVALID_KE_PAYLOAD, "INVALID_KE_PAYLOAD"},
	{IKE_N_AUTHENTICATION_FAILED, "AUTHENTICATION_FAILED"},
	{IKE_N_SINGLE_PAIR_REQUIRED, "SINGLE_PAIR_REQUIRED"},
	{IKE_N_NO_ADDITIONAL_SAS, "NO_ADDITIONAL_SAS"},
	{IKE_N_INTERNAL_ADDRESS_FAILURE, "INTERNAL_ADDRESS_FAILURE"},
	{IKE_N_FAILED_CP_REQUIRED, "FAILED_CP_REQUIRED"},
	{IKE_N_TS_UNACCEPTABLE, "TS_UNACCEPTABLE"},
	{IKE_N_INVALID_SELECTORS, "INVALID_SELECTORS"},
	{IKE_N_UNACCEPTABLE_ADDRESSES, "UNACCEPTABLE_ADDRESSES"},
	{IKE_N_UNEXPECTED_NAT_DETECTED, "UNEXPECTED_NAT_DETECTED"},
	{IKE_N_TEMPORARY_FAILURE, "TEMPORARY_FAILURE"},
	{IKE_N_CHILD_SA_NOT_FOUND, "CHILD_SA_NOT_FOUND"},
	{47, "STATE_NOT_FOUND"},
	{48, "TS_MAX_QUEUE"},
	/* status */
	{IKE_N_INITIAL_CONTACT, "INITIAL_CONTACT"},
	{IKE_N_SET_WINDOW_SIZE, "SET_WINDOW_SIZE"},
	{16386, "ADDITIONAL_TS_POSSIBLE"},
	{16387, "IPCOMP_SUPPORTED"},
	{IKE_N_NAT_SOURCE, "NAT_DETECTION_SOURCE_IP"},
	{IKE_N_NAT_DESTINATION, "NAT_DETECTION_DESTINATION_IP"},
	{IKE_N_COOKIE, "COOKIE"},
	{IKE_N_USE_TRANSPORT_MODE, "USE_TRANSPORT_MODE"},
	{16392, "HTTP_CERT_LOOKUP_SUPPORTED"},
	{IKE_N_REKEY_SA, "REKEY_SA"},
	{IKE_N_ESP_TFC_PADDING_NOT_SUPPORTED, "ESP_TFC_PADDING_NOT_SUPPORTED"},
	{16395, "NON_FIRST_FRAGMENTS_ALSO"},
	{IKE_N_MOBIKE_SUPPORTED, "MOBIKE_SUPPORTED"},
	{IKE_N_ADDITIONAL_IP4_ADDRESS, "ADDITIONAL_IP4_ADDRESS"},
	{IKE_N_ADDITIONAL_IP6_ADDRESS, "ADDITIONAL_IP6_ADDRESS"},
	{IKE_N_NO_ADDITIONAL_ADDRESSES, "NO_ADDITIONAL_ADDRESSES"},
	{IKE_N_UPDATE_SA_ADDRESSES, "UPDATE_SA_ADDRESSES"},
	{IKE_N_COOKIE2, "COOKIE2"},
	{IKE_N_NO_NATS_ALLOWED, "NO_NATS_ALLOWED"},
	{IKE_N_AUTH_LIFETIME, "AUTH_LIFETIME"},
	{16404, "MULTIPLE_AUTH_SUPPORTED"},
	{16405, "ANOTHER_AUTH_FOLLOWS"},
	{IKE_N_REDIRECT_SUPPORTED, "REDIRECT_SUPPORTED"},
	{IKE_N_REDIRECT, "REDIRECT"},
	{IKE_N_REDIRECTED_FROM, "REDIRECTED_FROM"},
	{16409, "TICKET_LT_OPAQUE"},
	{16410, "TICKET_REQUEST"},
	{16411, "TICKET_ACK"},
	{16412, "TICKET_NACK"},
	{16413, "TICKET_OPAQUE"},
	{16417, "EAP_ONLY_AUTHENTICATION"},
	{16418, "CHILDLESS_IKEV2_SUPPORTED"},
	{IKE_N_QCD_TOKEN, "QUICK_CRASH_DETECTION"},
	{16420, "IKEV2_MESSAGE_ID_SYNC_SUPPORTED"},
	{IKE_N_FRAGMENTATION_SUPPORTED, "IKEV2_FRAGMENTATION_SUPPORTED"},
	{IKE_N_SIGNATURE_HASH_ALGORITHMS, "SIGNATURE_HASH_ALGORITHMS"},
	{16435, "USE_PPK"},
	{16436, "PPK_IDENTITY"},
	{16437, "NO_PPK_AUTH"},
	{16438, "INTERMEDIATE_EXCHANGE_SUPPORTED"},
	{16441, "ADDITIONAL_KEY_EXCHANGE"},
	{IKE_N_L2TPSEC_MOBIKE, "L2TPSEC_MOBIKE"},
};

void ike_text_notify(struct ike_text *t, uint16_t type)
{
	for (size_t i = 0; i < sizeof notify_names / sizeof notify_names[0]; i++)
		if (notify_names[i].type == type) {
			ike_text_add(t, notify_names[i].name);
			return;
		}
	ike_text_add(t, "notify ");
	ike_text_number(t, type);
}
