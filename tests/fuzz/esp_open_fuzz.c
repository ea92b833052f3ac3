/* Fuzzes opening: bytes as packets for inbound SAs of each transform; nothing forged may come out.
 */
#include "tests/fuzz/esp_owner.h"

static const struct {
	enum algo_id encr, integ;
} suites[] = {
	{ALGO_AES256_GCM, ALGO_NONE}, {ALGO_CHACHA20POLY1305, ALGO_NONE},
	{ALGO_AES128, ALGO_SHA256},   {ALGO_AES128, ALGO_SHA1},
	{ALGO_NULL, ALGO_SHA256},     {ALGO_AES128_GCM, ALGO_NONE},
};

enum { SUITES = sizeof(suites) / sizeof(suites[0]), PACKET_MAX = 2048 };

static struct esp_sad *sad;
static struct esp_sa *in[SUITES], *out[SUITES];

static void setup(void)
{
	uint8_t keymat[ESP_KEYMAT_MAX];

	sad = owner_sad(keymat, sizeof(keymat));
	for (unsigned i = 0; i < SUITES; i++) {
		const struct algo *e = algo_get(suites[i].encr), *a = algo_get(suites[i].integ);
		struct esp_sa_params p = {
			.encr = suites[i].encr, .integ = suites[i].integ, .esn = i & 1};

		p.keymat = LS_BYTES(keymat,
		                    (size_t)e->key_bytes + e->salt_bytes + (a ? a->key_bytes : 0));
		owner_add(sad, &p, &in[i], &out[i]);
	}
}

/* A packet sealed by ourselves and then bent by the input: xor from an offset on. */
static void bent(const uint8_t *data, size_t size, unsigned suite)
{
	static uint8_t pkt[PACKET_MAX];
	struct esp_seal_job seal = {.sa = out[suite],
	                            .part = {LS_BYTES(data, size)},
	                            .parts = 1,
	                            .next_header = 17,
	                            .dst = pkt,
	                            .dst_room = sizeof(pkt)};
	struct esp_open_job open = {.pkt = pkt};
	bool changed = false;

	if (size < 4 || esp_seal(sad, &seal, 1, 0) != 1)
		return;
	for (size_t i = 2, at = data[1] % seal.dst_len; i < size && at < seal.dst_len; i++, at++) {
		pkt[at] ^= data[i];
		changed |= data[i] != 0;
	}
	open.len = seal.dst_len;
	if ((esp_open(sad, &open, 1, 0) == 1) == changed)
		abort();
}

/* The bytes as they are, behind an SPI that exists: the ICV must stop them. */
static void forged(const uint8_t *data, size_t size, unsigned suite)
{
	uint8_t *pkt = malloc(size + 1);
	struct esp_open_job open = {.pkt = pkt, .len = (uint32_t)size};

	if (!pkt)
		return;
	if (size)
		memcpy(pkt, data, size);
	if (size >= 4)
		ls_put32(pkt, in[suite]->spi);
	if (esp_open(sad, &open, 1, 0) != 0)
		abort();
	free(pkt);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned suite;

	if (!sad)
		setup();
	if (size == 0 || size > 1500)
		return 0;
	suite = data[0] % SUITES;
	forged(data + 1, size - 1, suite);
	bent(data, size, suite);
	return 0;
}
