/* Sealing: plaintext parts into ESP packets, in batches (RFC 4303 3.3). */
#include "esp/esp_sad.h"

#include <string.h>

static inline size_t padding_of(const struct esp_sa *sa, size_t len)
{
	return (size_t)(-(len + ESP_TRAILER)) & (sa->align - 1u);
}

size_t esp_sealed_size(const struct esp_sa *sa, size_t len)
{
	return ESP_HEADER + sa->iv_bytes + len + padding_of(sa, len) + ESP_TRAILER + sa->icv_bytes;
}

static size_t plain_size(const struct esp_seal_job *job)
{
	size_t len = 0;

	for (unsigned i = 0; i < job->parts && i < ESP_PARTS_MAX; i++)
		len += job->part[i].len;
	return len;
}

static enum ls_cause may_seal(struct esp_sad *sad, const struct esp_seal_job *job, size_t len,
                              ls_time now)
{
	struct esp_sa *sa = job->sa;

	if (sa->direction != ESP_OUT || job->parts > ESP_PARTS_MAX)
		return CAUSE_INTERNAL;
	if (esp_sa_watch(sa, now))
		esp_sa_check(sad, sa, now);
	if (sa->ended)
		return CAUSE_ESP_LIFE_END;
	/* A number never comes twice under one key (RFC 4303 3.3.3). */
	if (sa->esn ? sa->sequence >= UINT64_MAX - 1 : sa->sequence >= UINT32_MAX)
		return CAUSE_ESP_SEQUENCE_END;
	if (len > ESP_PLAIN_MAX || esp_sealed_size(sa, len) > job->dst_room)
		return CAUSE_ESP_NO_ROOM;
	return CAUSE_NONE;
}

/* 1, 2, 3, ... as RFC 4303 2.4 wants, then the pad length and the next header. */
static inline uint8_t *put_trailer(uint8_t *at, size_t pad, uint8_t next_header)
{
	for (size_t i = 1; i <= pad; i++)
		*at++ = (uint8_t)i;
	*at++ = (uint8_t)pad;
	*at++ = next_header;
	return at;
}

/* SPI, number, IV; for an AEAD the nonce and what is authenticated besides the text too. */
static inline void put_header(struct esp_sad *sad, const struct esp_sa *sa, struct esp_crypt *c)
{
	uint8_t *iv = c->pkt + ESP_HEADER;

	ls_put32(c->pkt, sa->spi);
	ls_put32(c->pkt + 4, (uint32_t)sa->sequence);
	if (sa->transform == ESP_CBC_HMAC) {
		esp_iv_next(&sad->iv, iv, sa->iv_bytes);
	} else if (sa->transform != ESP_NULL_HMAC) {
		ls_put64(iv, sa->sequence);
		memcpy(c->nonce, sa->salt, sizeof(sa->salt));
		memcpy(c->nonce + sizeof(sa->salt), iv, 8);
		memcpy(c->aad, c->pkt, ESP_HEADER);
		c->aad_bytes = ESP_HEADER;
		if (sa->esn) {
			/* High half first (RFC 4106 5). */
			ls_put64(c->aad + 4, sa->sequence);
			c->aad_bytes = 12;
		}
	}
}

static void seal_one(struct esp_sad *sad, struct esp_seal_job *job, struct esp_crypt *c, size_t len)
{
	struct esp_sa *sa = job->sa;
	uint8_t *at = job->dst + ESP_HEADER + sa->iv_bytes;

	sa->sequence++;
	c->keys = sa->keys;
	c->pkt = job->dst;
	c->text_at = (uint32_t)ESP_HEADER + sa->iv_bytes;
	c->sequence_high = (uint32_t)(sa->sequence >> 32);
	c->icv_bytes = sa->icv_bytes;
	c->esn = sa->esn;
	c->ok = false;
	put_header(sad, sa, c);
	for (unsigned i = 0; i < job->parts; i++) {
		if (job->part[i].len == 0)
			continue;
		memcpy(at, job->part[i].p, job->part[i].len);
		at += job->part[i].len;
	}
	at = put_trailer(at, padding_of(sa, len), job->next_header);
	c->len = (uint32_t)(at - job->dst);
	job->dst_len = c->len + sa->icv_bytes;
	sad->crypto->seal(sad->engine, c);
}

size_t esp_seal(struct esp_sad *sad, struct esp_seal_job *jobs, size_t n, ls_time now)
{
	size_t sealed = 0;

	for (size_t i = 0; i < n; i++) {
		struct esp_seal_job *job = &jobs[i];
		size_t len = plain_size(job);

		job->dst_len = 0;
		job->verdict = i < ESP_BATCH_MAX ? (uint16_t)may_seal(sad, job, len, now)
		                                 : (uint16_t)CAUSE_INTERNAL;
		if (job->verdict != CAUSE_NONE) {
			ls_count(&sad->counters, job->verdict);
			continue;
		}
		seal_one(sad, job, &sad->work[i], len);
		life_count(&job->sa->life, 1, len);
		job->sa->last_used = now;
	}
	sad->crypto->finish(sad->engine);
	for (size_t i = 0; i < n; i++) {
		struct esp_seal_job *job = &jobs[i];

		if (job->verdict != CAUSE_NONE)
			continue;
		if (sad->work[i].ok) {
			sealed++;
		} else {
			job->verdict = CAUSE_INTERNAL;
			job->dst_len = 0;
			ls_count(&sad->counters, CAUSE_INTERNAL);
		}
		/* Told in the same batch, so that the successor is asked for at once. */
		if (esp_sa_watch(job->sa, now))
			esp_sa_check(sad, job->sa, now);
	}
	return sealed;
}
