/* The esp/ engine for a script: `ipsec_pipe WORD...` (tests/interop/ipsec_setup.h) seals with an SA
 * and opens with its own other end. Lines of hex text come and go: seal NEXT OUTER PAYLOAD OUTER:
 * the headers before AH, or "-"     -> the packet, or "no CAUSE" open PACKET -> NEXT PAYLOAD, or
 * "no CAUSE"
 */
#include "tests/interop/ipsec_setup.h"

enum { LINE = 16384, BYTES = 4096 };

static size_t unhex(const char *text, uint8_t *out)
{
	size_t n = 0;
	unsigned byte;

	while (n < BYTES && sscanf(text + 2 * n, "%2x", &byte) == 1)
		out[n++] = (uint8_t)byte;
	return n;
}

static void answer(uint16_t verdict, const uint8_t *bytes, size_t len)
{
	if (verdict != CAUSE_NONE)
		printf("no %s", ls_cause_info(verdict)->name);
	for (size_t i = 0; verdict == CAUSE_NONE && i < len; i++)
		printf("%02x", bytes[i]);
	printf("\n");
	fflush(stdout);
}

static void seal(const struct setup *s, unsigned next, const char *outer, const char *payload)
{
	static uint8_t before[BYTES], plain[BYTES], pkt[2 * BYTES];
	struct esp_seal_job job = {.sa = s->out,
	                           .parts = 1,
	                           .next_header = (uint8_t)next,
	                           .dst = pkt,
	                           .dst_room = sizeof(pkt)};

	job.part[0] = LS_BYTES(plain, unhex(payload, plain));
	if (outer[0] != '-')
		job.outer = LS_BYTES(before, unhex(outer, before));
	esp_seal(s->sad, &job, 1, LS_S(1));
	answer(job.verdict, pkt, job.dst_len);
}

static void open_packet(const struct setup *s, const char *packet)
{
	static uint8_t pkt[BYTES];
	struct esp_open_job job = {.pkt = pkt,
	                           .protocol = s->ah ? ESP_PROTOCOL_AH : ESP_PROTOCOL_ESP};

	job.len = (uint32_t)unhex(packet, pkt);
	esp_open(s->sad, &job, 1, LS_S(1));
	if (job.verdict == CAUSE_NONE)
		printf("%u ", job.next_header);
	answer(job.verdict, job.payload, job.payload_len);
}

int main(int argc, char **argv)
{
	static char line[LINE], outer[LINE], payload[LINE];
	static struct setup s;
	unsigned next;

	setup_make(&s, argc - 1, argv + 1);
	while (fgets(line, sizeof(line), stdin)) {
		payload[0] = '\0';
		if (sscanf(line, "seal %u %s %s", &next, outer, payload) >= 2)
			seal(&s, next, outer, payload);
		else if (sscanf(line, "open %s", payload) == 1)
			open_packet(&s, payload);
		else
			return 1;
	}
	return 0;
}
