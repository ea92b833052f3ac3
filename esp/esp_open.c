/* Opening: ESP packets verified and deciphered in place, in batches (RFC 4303 3.4). */
#include "esp/esp_sad.h"

#include <string.h>

/* Lengths that no packet of this SA can have (RFC 4303 2.4); checked before any crypto. */
static inline bool length_fits(const struct esp_sa *sa, uint32_t len)
{
	uint32_t around = (uint32_t)ESP_HEADER + sa->iv_bytes + sa->icv_bytes;

	return len >= around + sa->align && (len - around) % sa->align == 0;
}

static enum ls_cause may_open(struct esp_sad *sad, struct esp_open_job *job, ls_time now)
{
	struct esp_sa *sa;

	if (job->len < ESP_HEADER)
		return CAUSE_ESP_TRUNCATED;
	sa = esp_sad_find(sad, ls_get32(job->pkt));
	if (!sa)
		return CAUSE_ESP_UNKNOWN_SPI;
	job->sa = sa;
	if (!length_fits(sa, job->len))
		return CAUSE_ESP_TRUNCATED;
	if (esp_sa_watch(sa, now))
		esp_sa_check(sad, sa, now);
	if (sa->ended)
		return CAUSE_ESP_LIFE_END;
	if (!esp_replay_guess(&sa->replay, sa->esn, ls_get32(job->pkt + 4), &job->sequence))
		return CAUSE_ESP_TOO_OLD;
	return esp_replay_check(&sa->replay, job->sequence);
}

static void open_one(struct esp_sad *sad, const struct esp_open_job *job, struct esp_crypt *c)
{
	const struct esp_sa *sa = job->sa;

	c->keys = sa->keys;
	c->pkt = job->pkt;
	c->len = job->len - sa->icv_bytes;
	c->text_at = (uint32_t)ESP_HEADER + sa->iv_bytes;
	c->sequence_high = (uint32_t)(job->sequence >> 32);
	c->icv_bytes = sa->icv_bytes;
	c->esn = sa->esn;
	c->ok = false;
	if (sa->transform == ESP_GCM || sa->transform == ESP_CHACHA) {
		memcpy(c->nonce, sa->salt, sizeof(sa->salt));
		memcpy(c->nonce + sizeof(sa->salt), job->pkt + ESP_HEADER, 8);
		memcpy(c->aad, job->pkt, ESP_HEADER);
		c->aad_bytes = ESP_HEADER;
		if (sa->esn) {
			ls_put64(c->aad + 4, job->sequence);
			c->aad_bytes = 12;
		}
	}
	sad->crypto->open(sad->engine, c);
}

/* The trailer of an authentic packet: 1, 2, 3, ... | pad length | next header. */
static enum ls_cause take_payload(struct esp_open_job *job, const struct esp_crypt *c)
{
	uint32_t text = c->len - c->text_at;
	const uint8_t *end = c->pkt + c->len;
	uint32_t pad = end[-2];

	if (pad + ESP_TRAILER > text)
		return CAUSE_ESP_PADDING;
	for (uint32_t i = 0; i < pad; i++)
		if (end[-2 - (int)pad + (int)i] != i + 1)
			return CAUSE_ESP_PADDING;
	job->next_header = end[-1];
	if (job->next_header == ESP_NEXT_DUMMY)
		return CAUSE_ESP_DUMMY;
	job->payload = c->pkt + c->text_at;
	job->payload_len = text - pad - ESP_TRAILER;
	return CAUSE_NONE;
}

/* What only an authentic packet may do: be marked, counted and delivered. */
static enum ls_cause commit(struct esp_sad *sad, struct esp_open_job *job,
                            const struct esp_crypt *c, ls_time now)
{
	struct esp_sa *sa = job->sa;
	enum ls_cause cause;

	if (!c->ok)
		return CAUSE_ESP_ICV;
	/* Others of this batch may have been marked since the early check. */
	cause = esp_replay_commit(&sa->replay, job->sequence);
	if (cause != CAUSE_NONE)
		return cause;
	cause = take_payload(job, c);
	life_count(&sa->life, 1, job->payload_len);
	sa->last_used = now;
	if (!(sa->told & ESP_TOLD(ESP_EVENT_FIRST_USED)))
		esp_sa_tell(sad, sa, ESP_EVENT_FIRST_USED);
	if (esp_sa_watch(sa, now))
		esp_sa_check(sad, sa, now);
	return cause;
}

size_t esp_open(struct esp_sad *sad, struct esp_open_job *jobs, size_t n, ls_time now)
{
	size_t opened = 0;

	for (size_t i = 0; i < n; i++) {
		struct esp_open_job *job = &jobs[i];

		job->sa = NULL;
		job->payload = NULL;
		job->payload_len = 0;
		job->next_header = 0;
		job->sequence = 0;
		job->verdict = i < ESP_BATCH_MAX ? (uint16_t)may_open(sad, job, now)
		                                 : (uint16_t)CAUSE_INTERNAL;
		if (job->verdict == CAUSE_NONE)
			open_one(sad, job, &sad->work[i]);
	}
	sad->crypto->finish(sad->engine);
	for (size_t i = 0; i < n; i++) {
		if (jobs[i].verdict == CAUSE_NONE)
			jobs[i].verdict = (uint16_t)commit(sad, &jobs[i], &sad->work[i], now);
		if (jobs[i].verdict == CAUSE_NONE)
			opened++;
		else
			ls_count(&sad->counters, jobs[i].verdict);
	}
	return opened;
}
