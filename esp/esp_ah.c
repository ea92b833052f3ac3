/* AH (RFC 4302): its header put before a payload and taken off, with the ICV over the whole packet.
 */
#include "esp/esp_ah.h"

#include "esp/esp_accept.h"

#include <string.h>

enum { ESP_AH_DATA_MAX = 8 + ESP_INTEG_ICV_MAX };

/* Where the fields of AH stand (2.1-2.6). The data are the ICV and padding, with GMAC the IV before
 * them (RFC 4543 4). */
enum { AH_NEXT = 0, AH_LENGTH = 1, AH_SPI = 4, AH_SEQUENCE = 8, AH_DATA = 12 };

/* data: bytes of IV and ICV. */
static size_t header_bytes(size_t data, uint8_t family)
{
	size_t unit = family == 4 ? 4 : 8;

	return (AH_DATA + data + unit - 1) / unit * unit;
}

size_t esp_ah_bytes(const struct esp_sa *sa, uint8_t family)
{
	return header_bytes((size_t)sa->iv_bytes + sa->icv_bytes, family);
}

size_t esp_ah_size(enum algo_id integ, uint8_t family)
{
	const struct algo *a = algo_get(integ);
	struct esp_suite suite;

	return esp_suite_ah(ALGO_NONE, integ, &suite)
	               ? header_bytes((size_t)a->iv_bytes + a->icv_bytes, family)
	               : 0;
}

/* What the ICV covers: headers | AH with its data zeroed | payload | with ESN the number's high
 * half (3.3.3). */
struct covered {
	struct ls_bytes parts[3];
	uint8_t headers[ESP_OUTER_MAX], high[4];
};

/* len: bytes of AH and payload. */
static void cover(struct covered *c, const struct esp_sa *sa, const uint8_t *pkt,
                  const struct esp_outer *o, uint64_t sequence, size_t len)
{
	size_t headers = esp_outer_mute(pkt, o, sa->direction == ESP_OUT, c->headers);

	ls_put32(c->high, (uint32_t)(sequence >> 32));
	c->parts[0] = LS_BYTES(c->headers, headers);
	c->parts[1] = LS_BYTES(pkt + o->len, len);
	c->parts[2] = LS_BYTES(c->high, sa->esn ? sizeof(c->high) : 0);
}

enum ls_cause esp_ah_plan(const struct esp_sa *sa, const struct esp_seal_job *job,
                          struct esp_outer *o)
{
	uint8_t family = sa->cold->params.remote.family;

	if (job->outer.len > 0)
		return esp_outer_plan(job->outer.p, job->outer.len, o);
	if (family != 4 && family != 6)
		return CAUSE_AH_OUTER;
	*o = esp_outer_plain(family);
	return CAUSE_NONE;
}

bool esp_ah_seal(const struct esp_worker *w, const struct esp_sa *sa, struct esp_seal_job *job,
                 const struct esp_outer *o, uint64_t sequence, uint8_t next_header, size_t len)
{
	uint8_t *ah = job->dst + o->len, icv[ESP_INTEG_OUT_MAX], iv[sizeof(sequence)];
	size_t size = esp_ah_bytes(sa, o->family);
	uint16_t id = (uint16_t)sequence;
	struct covered c;

	if (job->outer.len > 0)
		memcpy(job->dst, job->outer.p, job->outer.len);
	else
		/* What may not be fragmented may have any number (RFC 6864 4.1) but 0. */
		esp_outer_make(job->dst, &sa->cold->params.local, &sa->cold->params.remote,
		               id ? id : 1);
	esp_outer_finish(job->dst, o, o->len + size + len, IP_AH);
	memset(ah, 0, size);
	ah[AH_NEXT] = next_header;
	ah[AH_LENGTH] = (uint8_t)(size / 4 - 2);
	ls_put32(ah + AH_SPI, sa->spi);
	ls_put32(ah + AH_SEQUENCE, (uint32_t)sequence);
	cover(&c, sa, job->dst, o, sequence, size + len);
	ls_put64(iv, sequence);
	if (!esp_integ_make(&sa->integ[w->index], iv, c.parts, 3, icv))
		return false;
	memcpy(ah + AH_DATA, iv, sa->iv_bytes);
	memcpy(ah + AH_DATA + sa->iv_bytes, icv, sa->icv_bytes);
	job->dst_len = (uint32_t)(o->len + size + len);
	return true;
}

enum ls_cause esp_ah_open(struct esp_worker *w, struct esp_open_job *job, ls_time now)
{
	struct esp_outer o;
	enum ls_cause cause = esp_outer_read(job->pkt, job->len, &o);
	uint8_t *ah, seen[ESP_AH_DATA_MAX];
	struct covered c;
	struct esp_sa *sa;
	size_t size, len;

	if (cause != CAUSE_NONE)
		return cause;
	ah = job->pkt + o.len;
	len = o.total - o.len;
	if (len < AH_DATA)
		return CAUSE_ESP_TRUNCATED;
	sa = esp_sad_find_as(w->sad, ESP_PROTOCOL_AH, ls_get32(ah + AH_SPI));
	if (!sa)
		return CAUSE_ESP_UNKNOWN_SPI;
	job->sa = sa;
	size = esp_ah_bytes(sa, o.family);
	/* More padding than the family's alignment wants is forbidden (3.3.3.2.1). */
	if (len < size || ((size_t)ah[AH_LENGTH] + 2) * 4 != size)
		return CAUSE_ESP_TRUNCATED;
	cause = esp_accept_check(w, sa, ls_get32(ah + AH_SEQUENCE), &job->sequence, now);
	if (cause != CAUSE_NONE)
		return cause;
	memcpy(seen, ah + AH_DATA, (size_t)sa->iv_bytes + sa->icv_bytes);
	memset(ah + AH_DATA, 0, (size_t)sa->iv_bytes + sa->icv_bytes);
	cover(&c, sa, job->pkt, &o, job->sequence, len);
	if (!esp_integ_check(&sa->integ[w->index], seen, c.parts, 3, seen + sa->iv_bytes))
		return CAUSE_ESP_ICV;
	cause = esp_replay_commit(&sa->replay, job->sequence, w->shared);
	if (cause != CAUSE_NONE)
		return cause;
	job->next_header = ah[AH_NEXT];
	job->payload = ah + size;
	job->payload_len = (uint32_t)(len - size);
	esp_accept_count(w, sa, job->payload_len, now);
	return CAUSE_NONE;
}
