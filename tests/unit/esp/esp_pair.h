/* Test helper: two SA databases with an SA from the one to the other, on any backend. */
#ifndef TESTS_UNIT_ESP_PAIR_H
#define TESTS_UNIT_ESP_PAIR_H

#include "esp/esp_sad.h"
#include "lib/crypto.h"
#include "tests/unit/hex.h"

enum { PAIR_PACKET = 2048, PAIR_BACKENDS = 2 };

/* All pairs of algorithms that an SA may have. */
static const struct {
	enum algo_id encr, integ;
} pair_suites[] = {
	{ALGO_AES256_GCM, ALGO_NONE}, {ALGO_AES192_GCM, ALGO_NONE},
	{ALGO_AES128_GCM, ALGO_NONE}, {ALGO_CHACHA20POLY1305, ALGO_NONE},
	{ALGO_AES128, ALGO_SHA256},   {ALGO_AES128, ALGO_SHA1},
	{ALGO_AES192, ALGO_SHA384},   {ALGO_AES256, ALGO_SHA512},
	{ALGO_AES256, ALGO_SHA256},   {ALGO_NULL, ALGO_SHA256},
	{ALGO_NULL, ALGO_SHA1},
};

enum { PAIR_SUITES = sizeof(pair_suites) / sizeof(pair_suites[0]) };

struct pair {
	struct ls_random_seeded seed[2];
	struct esp_sad *from, *to;
	struct esp_sa *out, *in;
	struct esp_sa_params out_params, in_params;
	uint8_t keymat[ESP_KEYMAT_MAX];
};

static inline const struct esp_crypto_ops *pair_backend(int which)
{
#ifdef HAVE_IPSEC_MB
	if (which == 0)
		return &esp_crypto_mb;
#endif
	(void)which;
	return &esp_crypto_evp;
}

/* Whether the backend has a row that serves ESP: ipsec-mb has no Camellia and no CCM with 192 bits.
 */
static inline bool pair_has(int which, enum algo_id id)
{
	const struct algo *a = algo_get(id);

	return pair_backend(which) == &esp_crypto_evp ||
	       (strncmp(a->name, "camellia", 8) != 0 &&
	        !(a->mode == ALGO_MODE_CCM && a->key_bytes == 24));
}

static inline struct esp_sad *pair_sad(struct ls_random_seeded *seed, uint64_t number, int backend,
                                       uint32_t max_sas)
{
	struct ls_random random = ls_random_from_seed(seed, number);
	struct esp_sad *sad = esp_sad_new(max_sas, &random);
	const struct esp_crypto_ops *ops = pair_backend(backend);

	ck_assert_ptr_nonnull(sad);
	ck_assert(esp_sad_use(sad, &ops, 1));
	return sad;
}

static inline size_t pair_keymat_size(enum algo_id encr, enum algo_id integ)
{
	const struct algo *e = algo_get(encr), *i = algo_get(integ);

	return (size_t)e->key_bytes + e->salt_bytes + (i ? i->key_bytes + i->salt_bytes : 0u);
}

static inline struct esp_sa_params pair_params(struct pair *p, enum algo_id encr,
                                               enum algo_id integ, bool esn)
{
	for (unsigned i = 0; i < sizeof(p->keymat); i++)
		p->keymat[i] = (uint8_t)(i * 7 + 1);
	return (struct esp_sa_params){
		.mode = ESP_TRANSPORT,
		.encr = encr,
		.integ = integ,
		.keymat = LS_BYTES(p->keymat, pair_keymat_size(encr, integ)),
		.esn = esn,
		.tunnel = 3,
		.chain = 9,
		.udp = true,
		.local = ls_addr_v4(0xc0000201, 4500),
		.remote = ls_addr_v4(0xc6336401, 4500),
		.selector = {.local_port_high = 65535, .remote_port_high = 65535},
	};
}

/* The INTEG rows of AH. */
static const enum algo_id pair_integs[] = {
	ALGO_SHA256,  ALGO_SHA384,           ALGO_SHA512,           ALGO_SHA1, ALGO_AESXCBC,
	ALGO_AESCMAC, ALGO_AUTH_AES256_GMAC, ALGO_AUTH_AES128_GMAC, ALGO_MD5,
};

enum { PAIR_INTEGS = sizeof(pair_integs) / sizeof(pair_integs[0]) };

/* AH in transport mode, over IPv4 or IPv6. */
static inline struct esp_sa_params pair_ah_params(struct pair *p, enum algo_id integ,
                                                  uint8_t family, bool esn)
{
	struct esp_sa_params params = pair_params(p, ALGO_NULL, integ, esn);

	params.protocol = ESP_PROTOCOL_AH;
	params.encr = ALGO_NONE;
	params.udp = false;
	if (family == 6) {
		ck_assert(ls_addr_parse("2001:db8::1", &params.local));
		ck_assert(ls_addr_parse("2001:db8::2", &params.remote));
	}
	return params;
}

/* Adds the two SAs that p->out_params and p->in_params describe (SPI and direction are set here).
 */
static inline void pair_add(struct pair *p, ls_time now)
{
	p->in_params.direction = ESP_IN;
	p->in_params.spi = esp_spi_reserve(p->to);
	p->out_params.direction = ESP_OUT;
	p->out_params.spi = p->in_params.spi;
	ck_assert_uint_eq(esp_sa_add(p->to, &p->in_params, now, &p->in), CAUSE_NONE);
	ck_assert_uint_eq(esp_sa_add(p->from, &p->out_params, now, &p->out), CAUSE_NONE);
}

static inline void pair_open(struct pair *p, int seal_backend, int open_backend)
{
	p->from = pair_sad(&p->seed[0], 1, seal_backend, 64);
	p->to = pair_sad(&p->seed[1], 2, open_backend, 64);
}

static inline void pair_make(struct pair *p, int seal_backend, int open_backend, int suite,
                             bool esn)
{
	pair_open(p, seal_backend, open_backend);
	p->out_params = p->in_params =
		pair_params(p, pair_suites[suite].encr, pair_suites[suite].integ, esn);
	pair_add(p, LS_S(1));
}

static inline void pair_free(struct pair *p)
{
	esp_sad_free(p->from);
	esp_sad_free(p->to);
}

/* Seals len bytes into dst (PAIR_PACKET bytes). Gives the packet's length; the verdict must be
 * CAUSE_NONE. */
static inline uint32_t pair_seal(struct pair *p, const uint8_t *plain, size_t len, uint8_t *dst)
{
	struct esp_seal_job job = {.sa = p->out,
	                           .part = {LS_BYTES(plain, len)},
	                           .parts = 1,
	                           .next_header = 17,
	                           .dst = dst,
	                           .dst_room = PAIR_PACKET};

	ck_assert_uint_eq(esp_seal(p->from, &job, 1, LS_S(1)), 1);
	ck_assert_uint_eq(job.verdict, CAUSE_NONE);
	return job.dst_len;
}

/* Opens one packet in place and gives the verdict. */
static inline enum ls_cause pair_try(struct pair *p, uint8_t *pkt, uint32_t len,
                                     struct esp_open_job *job)
{
	*job = (struct esp_open_job){.pkt = pkt, .len = len, .protocol = p->in_params.protocol};
	esp_open(p->to, job, 1, LS_S(1));
	return (enum ls_cause)job->verdict;
}

static inline void pair_fill(uint8_t *plain, size_t len)
{
	for (size_t i = 0; i < len; i++)
		plain[i] = (uint8_t)(i * 31 + len);
}

/* Payloads of these sizes, sealed one after the other from the first number on, open as they were.
 */
static inline void pair_opens(struct pair *p, const size_t *sizes, unsigned n, size_t overhead_max)
{
	uint8_t plain[1600], pkt[PAIR_PACKET];

	for (unsigned s = 0; s < n; s++) {
		struct esp_open_job job;
		uint32_t len;

		pair_fill(plain, sizes[s]);
		len = pair_seal(p, plain, sizes[s], pkt);
		ck_assert_uint_eq(len, esp_sealed_size(p->out, sizes[s]));
		ck_assert_uint_le(len, sizes[s] + overhead_max);
		ck_assert_uint_eq(pair_try(p, pkt, len, &job), CAUSE_NONE);
		ck_assert_ptr_eq(job.sa, p->in);
		ck_assert_uint_eq(job.next_header, 17);
		ck_assert_uint_eq(job.sequence, s + 1);
		ck_assert_uint_eq(job.payload_len, sizes[s]);
		ck_assert_mem_eq(job.payload, plain, sizes[s]);
	}
}

/* The numbers below n, in any order. */
static inline void pair_shuffle(uint8_t *order, unsigned n, struct ls_random *random)
{
	for (unsigned i = 0; i < n; i++)
		order[i] = (uint8_t)i;
	for (unsigned i = n - 1; i > 0; i--) {
		uint32_t j = ls_random_below(random, i + 1);
		uint8_t t = order[i];

		order[i] = order[j];
		order[j] = t;
	}
}

#endif
