/*
 * Packets of every transform, for a witness. `esp_dump seal` prints one of each, with and without
 * ESN; `esp_dump open` reads such lines, opens the packets and prints what came of them. A line:
 * encr integ esn spi keymat packet; "-" is none.
 */
#include "esp/esp_sad.h"
#include "lib/crypto.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PACKET = 512, LINE = 4096, SPI = 0x10203040, SPIS = 4096 };

/* UDP 1701 to 1701, as in an SA in transport mode, without a checksum. */
static const uint8_t plain[] = "\x06\xa5\x06\xa5\x00\x1d\x00\x00transforms, witnessed";

static struct ls_random_seeded seed;

static struct esp_sad *sad_new(void)
{
	struct ls_random random = ls_random_from_seed(&seed, 1);
	struct esp_sad *sad = crypto_init() ? esp_sad_new(SPIS, &random) : NULL;

	if (!sad)
		exit(EXIT_FAILURE);
	return sad;
}

static void put_hex(const uint8_t *bytes, size_t len)
{
	if (len == 0)
		putchar('-');
	for (size_t i = 0; i < len; i++)
		printf("%02x", bytes[i]);
}

static size_t get_hex(const char *text, uint8_t *out, size_t cap)
{
	size_t n = 0;
	unsigned byte;

	for (; n < cap && sscanf(text, "%2x", &byte) == 1; text += 2)
		out[n++] = (uint8_t)byte;
	return n;
}

static void seal_one(struct esp_sad *sad, const struct algo *encr, const struct algo *integ,
                     bool esn, uint32_t spi)
{
	uint8_t keymat[ESP_KEYMAT_MAX], packet[PACKET];
	struct esp_sa_params p = {.direction = ESP_OUT,
	                          .spi = spi,
	                          .encr = encr->id,
	                          .integ = integ ? integ->id : ALGO_NONE,
	                          .esn = esn};
	struct esp_seal_job job = {.part = {LS_BYTES(plain, sizeof plain - 1)},
	                           .parts = 1,
	                           .next_header = 17,
	                           .dst = packet,
	                           .dst_room = sizeof packet};
	struct ls_random random = ls_random_from_seed(&seed, spi);

	p.keymat = LS_BYTES(keymat, (size_t)encr->key_bytes + encr->salt_bytes +
	                                    (integ ? integ->key_bytes : 0));
	ls_random_fill(&random, keymat, p.keymat.len);
	if (esp_sa_add(sad, &p, 0, &job.sa) != CAUSE_NONE || esp_seal(sad, &job, 1, 0) != 1)
		exit(EXIT_FAILURE);
	printf("%s %s %d %08x ", encr->name, integ ? integ->name : "-", esn, spi);
	put_hex(keymat, p.keymat.len);
	putchar(' ');
	put_hex(packet, job.dst_len);
	putchar('\n');
}

static void seal_all(struct esp_sad *sad)
{
	size_t count;
	const struct algo *rows = algo_all(&count);
	uint32_t spi = SPI;

	for (size_t e = 0; e < count; e++) {
		if (rows[e].kind != ALGO_KIND_ENCR || !(rows[e].serves & ALGO_FOR_ESP))
			continue;
		for (size_t i = 0; i < (rows[e].aead ? 1 : count); i++) {
			const struct algo *integ = rows[e].aead ? NULL : &rows[i];

			if (integ &&
			    (integ->kind != ALGO_KIND_INTEG || !(integ->serves & ALGO_FOR_ESP)))
				continue;
			seal_one(sad, &rows[e], integ, false, spi++);
			seal_one(sad, &rows[e], integ, true, spi++);
		}
	}
}

static bool open_one(struct esp_sad *sad, const char *encr, const char *integ, bool esn,
                     uint32_t spi, const char *keys, const char *text)
{
	const struct algo *e = algo_by_name(ALGO_KIND_ENCR, encr),
			  *i = algo_by_name(ALGO_KIND_INTEG, integ);
	uint8_t keymat[ESP_KEYMAT_MAX], packet[PACKET];
	struct esp_open_job job = {.pkt = packet,
	                           .len = (uint32_t)get_hex(text, packet, sizeof packet)};
	struct esp_sa_params p = {.direction = ESP_IN,
	                          .spi = spi,
	                          .encr = e ? e->id : ALGO_NONE,
	                          .integ = i ? i->id : ALGO_NONE,
	                          .esn = esn,
	                          .keymat = LS_BYTES(keymat, get_hex(keys, keymat, sizeof keymat))};
	struct esp_sa *sa;
	bool good = esp_spi_take(sad, spi) && esp_sa_add(sad, &p, 0, &sa) == CAUSE_NONE &&
	            esp_open(sad, &job, 1, 0) == 1 && job.next_header == 17 &&
	            job.payload_len == sizeof plain - 1 &&
	            memcmp(job.payload, plain, sizeof plain - 1) == 0;

	printf("%s %s %s %d: %s\n", good ? "opened" : "REFUSED", encr, integ, esn,
	       ls_cause_info(job.verdict)->name);
	return good;
}

int main(int argc, char **argv)
{
	struct esp_sad *sad = sad_new();
	char line[LINE], encr[32], integ[32], keymat[2 * ESP_KEYMAT_MAX + 1], packet[2 * PACKET];
	bool good = true;
	unsigned spi;
	int esn;

	if (argc == 2 && strcmp(argv[1], "seal") == 0) {
		seal_all(sad);
	} else {
		while (fgets(line, sizeof line, stdin)) {
			if (sscanf(line, "%31s %31s %d %x %320s %1023s", encr, integ, &esn, &spi,
			           keymat, packet) != 6)
				return EXIT_FAILURE;
			good &= open_one(sad, encr, integ, esn, spi, keymat, packet);
		}
	}
	esp_sad_free(sad);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
