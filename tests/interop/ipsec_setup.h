/* Test helper: a pair of SAs, or two of a bundle, from words such as protocol=ah+esp esn=1, in an
 * esp/ engine; and the same for the kernel of a peer, as `ip xfrm` commands. */
#ifndef TESTS_INTEROP_IPSEC_SETUP_H
#define TESTS_INTEROP_IPSEC_SETUP_H

#include "esp/esp_sad.h"
#include "lib/crypto.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SETUP_SPI = 0x1000, SETUP_WINDOW = 128 };

struct setup {
	bool ah, esp, tunnel, udp, esn;
	const struct algo *encr, *integ, *ah_integ; /* integ: of ESP, NULL with an AEAD */
	struct ls_addr local, remote;               /* outer */
	struct ls_addr inner_local, inner_remote;   /* tunnel mode */
	uint64_t sequence;                          /* last used, both ways, */
	uint64_t ahead;                             /* and so many more by us */
	unsigned tfc_bytes;
	struct ls_random_seeded seed;
	struct esp_sad *sad;
	struct esp_sa *out, *in, *esp_in; /* to seal with; outermost one; innermost one */
};

/* Keys of a test: direction 0 from us to the peer. */
static inline size_t setup_keymat(const struct algo *a, const struct algo *b, unsigned direction,
                                  uint8_t out[ESP_KEYMAT_MAX])
{
	for (unsigned i = 0; i < ESP_KEYMAT_MAX; i++)
		out[i] = (uint8_t)(i * 11 + direction * 101 + 3);
	return (size_t)(a ? a->key_bytes + a->salt_bytes : 0) +
	       (size_t)(b ? b->key_bytes + b->salt_bytes : 0);
}

static inline const struct algo *setup_algo(enum algo_kind kind, const char *name)
{
	const struct algo *a = algo_by_name(kind, name);

	if (!a) {
		fprintf(stderr, "no algorithm %s\n", name);
		exit(2);
	}
	return a;
}

static inline struct ls_addr setup_addr(const char *text)
{
	struct ls_addr a;

	if (!ls_addr_parse(text, &a)) {
		fprintf(stderr, "no address: %s\n", text);
		exit(2);
	}
	return a;
}

static inline void setup_word(struct setup *s, const char *word)
{
	const char *value = strchr(word, '=');
	size_t n = value ? (size_t)(value++ - word) : 0;

#define IS(key) (n == sizeof(key) - 1 && memcmp(word, key, n) == 0)
	if (IS("protocol")) {
		s->ah = strncmp(value, "ah", 2) == 0;
		s->esp = strstr(value, "esp") != NULL;
	} else if (IS("encr")) {
		s->encr = setup_algo(ALGO_KIND_ENCR, value);
	} else if (IS("integ")) {
		s->integ = setup_algo(ALGO_KIND_INTEG, value);
	} else if (IS("ah")) {
		s->ah_integ = setup_algo(ALGO_KIND_INTEG, value);
	} else if (IS("mode")) {
		s->tunnel = strcmp(value, "tunnel") == 0;
	} else if (IS("udp")) {
		s->udp = atoi(value);
	} else if (IS("esn")) {
		s->esn = atoi(value);
	} else if (IS("tfc")) {
		s->tfc_bytes = (unsigned)atoi(value);
	} else if (IS("seq")) {
		s->sequence = strtoull(value, NULL, 10);
	} else if (IS("ahead")) {
		s->ahead = strtoull(value, NULL, 10);
	} else if (IS("local")) {
		s->local = setup_addr(value);
	} else if (IS("remote")) {
		s->remote = setup_addr(value);
	} else if (IS("inner-local")) {
		s->inner_local = setup_addr(value);
	} else if (IS("inner-remote")) {
		s->inner_remote = setup_addr(value);
	} else {
		fprintf(stderr, "no such word: %s\n", word);
		exit(2);
	}
#undef IS
}

static inline uint32_t setup_spi(enum esp_protocol protocol, unsigned direction)
{
	return SETUP_SPI + 2u * protocol + direction;
}

static inline struct esp_sa *setup_add(struct setup *s, enum esp_protocol protocol,
                                       enum esp_direction direction)
{
	bool ah = protocol == ESP_PROTOCOL_AH;
	const struct algo *encr = ah ? NULL : s->encr, *integ = ah ? s->ah_integ : s->integ;
	uint8_t keymat[ESP_KEYMAT_MAX];
	struct esp_sa_params p = {
		.direction = direction,
		.protocol = protocol,
		.spi = setup_spi(protocol, direction == ESP_IN),
		.mode = s->tunnel ? ESP_TUNNEL : ESP_TRANSPORT,
		.encr = encr ? encr->id : ALGO_NONE,
		.integ = integ ? integ->id : ALGO_NONE,
		.esn = s->esn,
		.window_packets = SETUP_WINDOW,
		.tfc_bytes = (uint16_t)s->tfc_bytes,
		.udp = s->udp,
		.local = s->local,
		.remote = s->remote,
		.selector = {.local_port_high = 65535, .remote_port_high = 65535},
	};
	struct esp_sa *sa = NULL;
	enum ls_cause cause;

	p.keymat = LS_BYTES(keymat, setup_keymat(encr, integ, direction == ESP_IN, keymat));
	/* In a bundle only the inner one of the two has the tunnel. */
	if (ah && s->esp)
		p.mode = ESP_TRANSPORT;
	if (s->tunnel) {
		uint8_t bits = (uint8_t)(ls_addr_size(&s->inner_local) * 8);

		p.selector.local = (struct ls_prefix){s->inner_local, bits};
		p.selector.remote = (struct ls_prefix){s->inner_remote, bits};
	}
	if (direction == ESP_IN && !esp_spi_take(s->sad, p.spi))
		abort();
	cause = esp_sa_add(s->sad, &p, LS_S(1), &sa);
	if (cause != CAUSE_NONE) {
		fprintf(stderr, "no SA: %s\n", ls_cause_info(cause)->sentence);
		exit(2);
	}
	if (s->sequence + s->ahead)
		esp_sa_set_sequence(sa, s->sequence + (direction == ESP_OUT ? s->ahead : 0));
	return sa;
}

static inline void setup_make(struct setup *s, int words, char **word)
{
	struct ls_random random;
	struct esp_sa *sa[2][2] = {{NULL, NULL}, {NULL, NULL}};

	memset(s, 0, sizeof(*s));
	s->ah_integ = setup_algo(ALGO_KIND_INTEG, "sha256");
	for (int i = 0; i < words; i++)
		setup_word(s, word[i]);
	if (!crypto_init())
		abort();
	random = ls_random_from_seed(&s->seed, 1);
	s->sad = esp_sad_new(16, &random);
	if (!s->sad)
		abort();
	for (unsigned direction = 0; direction < 2; direction++) {
		if (s->esp)
			sa[0][direction] =
				setup_add(s, ESP_PROTOCOL_ESP, direction ? ESP_IN : ESP_OUT);
		if (s->ah)
			sa[1][direction] =
				setup_add(s, ESP_PROTOCOL_AH, direction ? ESP_IN : ESP_OUT);
		if (s->ah && s->esp && !esp_sa_bundle(sa[1][direction], sa[0][direction]))
			abort();
	}
	s->out = sa[s->ah][0];
	s->in = sa[s->ah][1];
	s->esp_in = sa[!s->esp][1];
}

/* -- the peer's kernel -- */

static inline void setup_hex(const uint8_t *bytes, size_t len)
{
	printf("0x");
	for (size_t i = 0; i < len; i++)
		printf("%02x", bytes[i]);
}

/* What the kernel calls them. */
static inline void setup_kernel_algos(const struct algo *encr, const struct algo *integ,
                                      unsigned direction)
{
	uint8_t keymat[ESP_KEYMAT_MAX];
	const uint8_t *key = keymat;

	setup_keymat(encr, integ, direction, keymat);
	if (encr && encr->aead) {
		printf(" aead '%s' ", encr->id == ALGO_CHACHA20POLY1305
		                              ? "rfc7539esp(chacha20,poly1305)"
		                      : encr->mode == ALGO_MODE_CCM  ? "rfc4309(ccm(aes))"
		                      : encr->mode == ALGO_MODE_GMAC ? "rfc4543(gcm(aes))"
		                                                     : "rfc4106(gcm(aes))");
		setup_hex(key, (size_t)encr->key_bytes + encr->salt_bytes);
		printf(" %d", encr->icv_bytes * 8);
		return;
	}
	if (encr) {
		printf(" enc '%s' ", encr->mode == ALGO_MODE_NULL              ? "ecb(cipher_null)"
		                     : encr->mode == ALGO_MODE_CTR             ? "rfc3686(ctr(aes))"
		                     : strncmp(encr->name, "camellia", 8) == 0 ? "cbc(camellia)"
		                     : strcmp(encr->name, "3des") == 0         ? "cbc(des3_ede)"
		                     : strcmp(encr->name, "des") == 0          ? "cbc(des)"
		                                                               : "cbc(aes)");
		if (encr->key_bytes)
			setup_hex(key, (size_t)encr->key_bytes + encr->salt_bytes);
		else
			printf("''");
		key += encr->key_bytes + encr->salt_bytes;
	}
	if (integ->mode == ALGO_MODE_XCBC || integ->mode == ALGO_MODE_CMAC)
		printf(" auth-trunc '%s(aes)' ", integ->mode == ALGO_MODE_XCBC ? "xcbc" : "cmac");
	else
		printf(" auth-trunc 'hmac(%s)' ", integ->name);
	setup_hex(key, integ->key_bytes);
	printf(" %d", integ->icv_bytes * 8);
}

static inline void setup_kernel_state(const struct setup *s, enum esp_protocol protocol,
                                      unsigned direction)
{
	bool ah = protocol == ESP_PROTOCOL_AH, in = direction == 0; /* as the kernel sees it */
	char from[LS_ADDR_TEXT_MAX], to[LS_ADDR_TEXT_MAX];

	ls_addr_text(in ? &s->local : &s->remote, from);
	ls_addr_text(in ? &s->remote : &s->local, to);
	printf("ip xfrm state add src %s dst %s proto %s spi 0x%x mode %s reqid %d replay-window "
	       "%d",
	       from, to, ah ? "ah" : "esp", setup_spi(protocol, direction),
	       s->tunnel && !(ah && s->esp) ? "tunnel" : "transport", 1 + (int)protocol,
	       SETUP_WINDOW);
	if (s->esn)
		printf(" flag esn");
	/* RFC 4302 wants 4 bytes over IPv4; the kernel does 8 unless told. */
	if (ah && s->local.family == 4)
		printf(" flag align4");
	if (s->tunnel && s->inner_local.family != s->local.family)
		printf(" flag af-unspec");
	if (s->udp)
		printf(" encap espinudp 4500 4500 0.0.0.0");
	if (s->sequence)
		printf(" replay-%sseq 0x%x replay-%sseq-hi 0x%x", in ? "" : "o",
		       (uint32_t)s->sequence, in ? "" : "o", (uint32_t)(s->sequence >> 32));
	setup_kernel_algos(ah ? NULL : s->encr, ah ? s->ah_integ : s->integ, direction);
	printf("\n");
}

static inline void setup_kernel_policy(const struct setup *s, bool in)
{
	char a[LS_ADDR_TEXT_MAX], b[LS_ADDR_TEXT_MAX];
	bool v6 = (s->tunnel ? s->inner_local : s->local).family == 6;

	ls_addr_text(s->tunnel ? &s->inner_local : &s->local, a);
	ls_addr_text(s->tunnel ? &s->inner_remote : &s->remote, b);
	/* Echo requests in, replies out; neighbour discovery must go as it is. */
	printf("ip xfrm policy add dir %s src %s dst %s proto %s type %d", in ? "in" : "out",
	       in ? a : b, in ? b : a, v6 ? "ipv6-icmp" : "icmp",
	       in ? (v6 ? 128 : 8) : (v6 ? 129 : 0));
	ls_addr_text(&s->local, a);
	ls_addr_text(&s->remote, b);
	for (unsigned protocol = 0; protocol < 2; protocol++)
		if (protocol ? s->ah : s->esp)
			printf(" tmpl src %s dst %s proto %s mode %s reqid %u", in ? a : b,
			       in ? b : a, protocol ? "ah" : "esp",
			       s->tunnel && !(protocol && s->esp) ? "tunnel" : "transport",
			       1 + protocol);
	printf("\n");
}

/* Shell commands for the peer. */
static inline void setup_kernel(const struct setup *s)
{
	printf("ip xfrm state flush\nip xfrm policy flush\n");
	for (unsigned direction = 0; direction < 2; direction++) {
		if (s->esp)
			setup_kernel_state(s, ESP_PROTOCOL_ESP, direction);
		if (s->ah)
			setup_kernel_state(s, ESP_PROTOCOL_AH, direction);
		setup_kernel_policy(s, direction == 0);
	}
}

#endif
