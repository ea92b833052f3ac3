/* Fuzzes AH: bytes as IP packets, and as headers that are sealed and bent; nothing forged may come
 * out. */
#include "tests/fuzz/esp_owner.h"

enum { PACKET_MAX = 2048, PAYLOAD = 16 };

static struct esp_sad *sad;
static struct esp_sa *in, *out;

static void setup(void)
{
	uint8_t keymat[32];
	struct esp_sa_params p = {.protocol = ESP_PROTOCOL_AH,
	                          .integ = ALGO_SHA256,
	                          .keymat = LS_BYTES(keymat, sizeof(keymat)),
	                          .local = ls_addr_v4(0xc0000201, 0),
	                          .remote = ls_addr_v4(0xc6336401, 0)};

	sad = owner_sad(keymat, sizeof(keymat));
	owner_add(sad, &p, &in, &out);
}

/* The bytes as they came, with an SPI that exists where AH begins. */
static void forged(const uint8_t *data, size_t size)
{
	uint8_t *pkt = malloc(size + 1);
	struct esp_open_job open = {.pkt = pkt, .len = (uint32_t)size, .protocol = ESP_PROTOCOL_AH};
	struct esp_outer o;

	if (!pkt)
		return;
	if (size)
		memcpy(pkt, data, size);
	if (esp_outer_read(pkt, size, &o) == CAUSE_NONE && size >= o.len + 8u)
		ls_put32(pkt + o.len + 4, in->spi);
	if (esp_open(sad, &open, 1, 0) != 0)
		abort();
	free(pkt);
}

/* The bytes as headers to be sent: what was sealed behind them opens, unless a source route has
 * still to be walked, and one bit of its payload turned is refused. */
static void sealed(const uint8_t *data, size_t size)
{
	static const uint8_t payload[PAYLOAD];
	static uint8_t pkt[PACKET_MAX], bent[PACKET_MAX];
	struct esp_seal_job seal = {.sa = out,
	                            .part = {LS_BYTES(payload, PAYLOAD)},
	                            .parts = 1,
	                            .next_header = 17,
	                            .outer = LS_BYTES(data, size),
	                            .dst = pkt,
	                            .dst_room = sizeof(pkt)};
	struct esp_open_job open = {.pkt = bent, .protocol = ESP_PROTOCOL_AH};

	if (size == 0 || esp_seal(sad, &seal, 1, 0) != 1)
		return;
	open.len = seal.dst_len;
	memcpy(bent, pkt, seal.dst_len);
	bent[seal.dst_len - 1 - data[size - 1] % PAYLOAD] ^= 1;
	if (esp_open(sad, &open, 1, 0) != 0)
		abort();
	memcpy(bent, pkt, seal.dst_len);
	if (esp_open(sad, &open, 1, 0) == 1 &&
	    (open.payload_len != PAYLOAD || memcmp(open.payload, payload, PAYLOAD) != 0))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!sad)
		setup();
	if (size > 1500)
		return 0;
	forged(data, size);
	sealed(data, size);
	return 0;
}
