/* Fuzzes the check of what came out of an SA in tunnel mode (and in transport mode): what passes is
 * what a second reading of the packet says was agreed. */
#include "esp/esp_sad.h"
#include "lib/crypto.h"

#include <stdlib.h>
#include <string.h>

static struct esp_sad *sad;
static struct ls_random_seeded seed;

static void setup(void)
{
	struct ls_random random = ls_random_from_seed(&seed, 1);

	if (!crypto_init())
		abort();
	sad = esp_sad_new(4, &random);
	if (!sad)
		abort();
}

/* form: bit 0 IPv6, bit 1 a network of the peer, bit 2 one of ours, bit 3 ports. */
static struct esp_selector selector_make(uint8_t form, uint8_t protocol)
{
	bool v6 = form & 1;
	struct esp_selector s = {
		.protocol = protocol, .local_port_high = 65535, .remote_port_high = 65535};

	if (form & 2 && !ls_prefix_parse(v6 ? "fd00:1::/33" : "10.1.0.0/17", &s.remote))
		abort();
	if (form & 4 && !ls_prefix_parse(v6 ? "fd00:2::5/128" : "10.2.0.5/32", &s.local))
		abort();
	if (form & 8) {
		s.remote_port_low = 1000;
		s.remote_port_high = 2000;
		s.local_port_low = s.local_port_high = 1701;
	}
	return s;
}

static bool bits_same(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	for (unsigned i = 0; i < bits; i++)
		if ((a[i / 8] ^ b[i / 8]) >> (7 - i % 8) & 1)
			return false;
	return true;
}

static bool net_wrong(const struct ls_prefix *net, bool v6, const uint8_t *ip)
{
	if (net->addr.family == 0)
		return false;
	return (net->addr.family == 6) != v6 || !bits_same(net->addr.ip, ip, net->bits);
}

/* What may not have passed. */
static void passed(const struct esp_selector *s, bool tunnel, uint8_t next, const uint8_t *p,
                   size_t len)
{
	bool v6 = next == 41, ports = s->local_port_low == s->local_port_high;
	uint8_t protocol = next;
	size_t head = 0;

	if (tunnel) {
		if ((next != 4 && next != 41) || len < (v6 ? 40 : 20) || p[0] >> 4 != (v6 ? 6 : 4))
			abort();
		head = v6 ? 40 : (size_t)(p[0] & 15) * 4;
		protocol = p[v6 ? 6 : 9];
		if (head < 20 || net_wrong(&s->remote, v6, p + (v6 ? 8 : 12)) ||
		    net_wrong(&s->local, v6, p + (v6 ? 24 : 16)))
			abort();
	}
	if (s->protocol != 0 && s->protocol != protocol)
		abort();
	if (ports && (len < head + 4 || ls_get16(p + head) < s->remote_port_low ||
	              ls_get16(p + head) > s->remote_port_high ||
	              ls_get16(p + head + 2) != s->local_port_low))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* data: form (bit 4: transport mode), protocol that was agreed, next header, packet. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t keymat[36];
	struct esp_sa_params params = {.direction = ESP_IN,
	                               .encr = ALGO_AES256_GCM,
	                               .integ = ALGO_NONE,
	                               .keymat = LS_BYTES(keymat, sizeof keymat)};
	struct esp_sa *sa;
	uint8_t *exact;

	if (!sad)
		setup();
	if (size < 3)
		return 0;
	params.mode = data[0] & 16 ? ESP_TRANSPORT : ESP_TUNNEL;
	params.selector = selector_make(data[0], data[1]);
	params.spi = esp_spi_reserve(sad);
	exact = malloc(size > 3 ? size - 3 : 1);
	if (!exact || esp_sa_add(sad, &params, 0, &sa) != CAUSE_NONE)
		abort();
	/* Just as long as it says, so that a sanitizer sees a step too far. */
	memcpy(exact, data + 3, size - 3);
	if (esp_selector_check(sa, data[2], exact, size - 3))
		passed(&params.selector, params.mode == ESP_TUNNEL, data[2], exact, size - 3);
	free(exact);
	esp_sa_end(sad, sa);
	return 0;
}
