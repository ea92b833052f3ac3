/* Sealing: plaintext parts into ESP packets, AH packets or both, in batches (RFC 4303 3.3, RFC 4302
 * 3.3). */
#include "esp/esp_ah.h"
#include "esp/esp_prefetch.h"

#include <string.h>

static inline size_t padding_of(const struct esp_sa *sa, size_t len)
{
	return (size_t)(-(len + ESP_TRAILER)) & (sa->align - 1u);
}

static inline size_t esp_bytes(const struct esp_sa *sa, size_t len)
{
	return ESP_HEADER + sa->iv_bytes + len + padding_of(sa, len) + ESP_TRAILER + sa->icv_bytes;
}

/* With TFC padding, which the receiver can only take off where the payload says how long it is (RFC
 * 4303 2.7). A dummy is taken off as a whole. */
static inline size_t hidden_size(const struct esp_sa *sa, uint8_t next_header, size_t len)
{
	bool known = next_header == IP_UDP || next_header == IP_IN_IP || next_header == IP6_IN_IP ||
	             next_header == IP_NONE;

	return known && len < sa->tfc_bytes ? sa->tfc_bytes : len;
}

/* The SA that ciphers: the SA itself, of a bundle the inner one, NULL with AH alone. */
static inline struct esp_sa *cipher_sa(struct esp_sa *sa)
{
	return sa->protocol == ESP_PROTOCOL_ESP ? sa : sa->partner;
}

size_t esp_sealed_size(const struct esp_sa *sa, size_t len)
{
	const struct esp_sa *esp = sa->protocol == ESP_PROTOCOL_ESP ? sa : sa->partner;
	uint8_t family = sa->cold->params.remote.family;

	if (esp)
		len = esp_bytes(esp, hidden_size(esp, IP_UDP, len));
	return sa == esp ? len : esp_outer_size(family) + esp_ah_bytes(sa, family) + len;
}

static size_t plain_size(const struct esp_seal_job *job)
{
	size_t len = 0;

	for (unsigned i = 0; i < job->parts && i < ESP_PARTS_MAX; i++)
		len += job->part[i].len;
	return len;
}

/* Whether this SA can give another number. */
static enum ls_cause may_number(struct esp_sad *sad, struct esp_sa *sa, ls_time now)
{
	if (esp_sa_watch(sa, now))
		esp_sa_check(sad, sa, now);
	if (sa->ended)
		return CAUSE_ESP_LIFE_END;
	/* A number never comes twice under one key (RFC 4303 3.3.3). */
	if (sa->esn ? sa->sequence >= UINT64_MAX - 1 : sa->sequence >= UINT32_MAX)
		return CAUSE_ESP_SEQUENCE_END;
	return CAUSE_NONE;
}

/* What both SAs of a bundle say, and the size; *front: bytes before the ESP packet or payload. */
static enum ls_cause may_seal(struct esp_sad *sad, const struct esp_seal_job *job, size_t len,
                              struct esp_outer *o, size_t *front, ls_time now)
{
	struct esp_sa *sa = job->sa, *esp = cipher_sa(sa);
	enum ls_cause cause;

	if (sa->direction != ESP_OUT || job->parts > ESP_PARTS_MAX)
		return CAUSE_INTERNAL;
	/* A bundle is sealed by its AH SA, and by neither of the two without the other. */
	if (sa->bundled && (sa == esp || !esp))
		return CAUSE_ESP_BUNDLE;
	cause = may_number(sad, sa, now);
	if (cause == CAUSE_NONE && esp && esp != sa)
		cause = may_number(sad, esp, now);
	if (cause != CAUSE_NONE)
		return cause;
	*front = 0;
	if (sa != esp) {
		cause = esp_ah_plan(sa, job, o);
		if (cause != CAUSE_NONE)
			return cause;
		*front = o->len + esp_ah_bytes(sa, o->family);
	}
	if (len > ESP_PLAIN_MAX)
		return CAUSE_ESP_NO_ROOM;
	if (esp)
		len = esp_bytes(esp, hidden_size(esp, job->next_header, len));
	/* AH makes a whole IP packet. */
	if (*front + len > job->dst_room || (*front > 0 && *front + len > ESP_PLAIN_MAX))
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

/* SPI, number and IV: a counter where a nonce is made of it, else one that nobody can guess. */
static inline void put_header(struct esp_sad *sad, const struct esp_sa *sa, struct esp_crypt *c)
{
	uint8_t *iv = c->pkt + ESP_HEADER;

	ls_put32(c->pkt, sa->spi);
	ls_put32(c->pkt + 4, (uint32_t)sa->sequence);
	if (sa->salt_bytes) {
		if (sa->iv_bytes)
			ls_put64(iv, sa->sequence);
		esp_sa_nonce(sa, c, sa->sequence);
	} else if (sa->iv_bytes) {
		esp_iv_next(&sad->iv, iv, sa->iv_bytes);
	}
}

static uint8_t *put_parts(const struct esp_seal_job *job, uint8_t *at)
{
	for (unsigned i = 0; i < job->parts; i++) {
		if (job->part[i].len == 0)
			continue;
		memcpy(at, job->part[i].p, job->part[i].len);
		at += job->part[i].len;
	}
	return at;
}

/* The ESP packet, to dst; c->len is its length without the ICV. */
static void seal_one(struct esp_sad *sad, struct esp_sa *sa, const struct esp_seal_job *job,
                     struct esp_crypt *c, uint8_t *dst, size_t len)
{
	size_t hidden = hidden_size(sa, job->next_header, len);
	uint8_t *at;

	sa->sequence++;
	c->keys = sa->keys;
	c->pkt = dst;
	c->text_at = (uint32_t)ESP_HEADER + sa->iv_bytes;
	c->sequence_high = (uint32_t)(sa->sequence >> 32);
	c->icv_bytes = sa->icv_bytes;
	c->esn = sa->esn;
	c->ok = false;
	put_header(sad, sa, c);
	at = put_parts(job, dst + c->text_at);
	if (hidden > len) {
		memset(at, 0, hidden - len);
		at += hidden - len;
	}
	at = put_trailer(at, padding_of(sa, hidden), job->next_header);
	c->len = (uint32_t)(at - dst);
	sa->backend->ops->seal(sa->backend->engine, c);
}

static void used(struct esp_sa *sa, size_t len, ls_time now)
{
	life_count(&sa->life, 1, len);
	sa->last_used = now;
}

/* A job that may be sealed: the ciphering begins. */
static void begin(struct esp_sad *sad, size_t i, const struct esp_seal_job *job, size_t front,
                  size_t len, ls_time now)
{
	struct esp_sa *esp = cipher_sa(job->sa);
	struct esp_crypt *c = &sad->work[i];

	if (esp) {
		seal_one(sad, esp, job, c, job->dst + front, len);
		used(esp, len, now);
		esp->cold->dummies += job->next_header == IP_NONE;
	} else {
		put_parts(job, job->dst + front);
		c->len = (uint32_t)len;
		c->icv_bytes = 0;
		c->ok = true;
	}
	if (job->sa != esp)
		used(job->sa, c->len + c->icv_bytes, now);
}

/* What came of it: AH goes around it where it belongs. */
static bool end(struct esp_sad *sad, size_t i, struct esp_seal_job *job)
{
	const struct esp_crypt *c = &sad->work[i];
	struct esp_sa *sa = job->sa;

	if (!c->ok)
		return false;
	if (sa->protocol == ESP_PROTOCOL_ESP) {
		job->dst_len = c->len + c->icv_bytes;
		return true;
	}
	sa->sequence++;
	return esp_ah_seal(sa, job, &sad->outer[i], sa->partner ? IP_ESP : job->next_header,
	                   c->len + c->icv_bytes);
}

size_t esp_seal(struct esp_sad *sad, struct esp_seal_job *jobs, size_t n, ls_time now)
{
	size_t sealed = 0;

	for (size_t i = 0; i < n; i++) {
		struct esp_seal_job *job = &jobs[i];
		size_t len = plain_size(job), front;

		esp_prefetch_seal(jobs, n, i);
		job->dst_len = 0;
		job->verdict = i < ESP_BATCH_MAX ? (uint16_t)may_seal(sad, job, len, &sad->outer[i],
		                                                      &front, now)
		                                 : (uint16_t)CAUSE_INTERNAL;
		if (job->verdict == CAUSE_NONE)
			begin(sad, i, job, front, len, now);
		else
			ls_count(&sad->counters, job->verdict);
	}
	esp_backends_finish(&sad->backends);
	for (size_t i = 0; i < n; i++) {
		struct esp_seal_job *job = &jobs[i];

		if (job->verdict != CAUSE_NONE)
			continue;
		if (end(sad, i, job)) {
			sealed++;
		} else {
			job->verdict = CAUSE_INTERNAL;
			ls_count(&sad->counters, CAUSE_INTERNAL);
		}
		/* Told in the same batch, so that the successor is asked for at once. */
		if (esp_sa_watch(job->sa, now))
			esp_sa_check(sad, job->sa, now);
		if (job->sa->partner && esp_sa_watch(job->sa->partner, now))
			esp_sa_check(sad, job->sa->partner, now);
	}
	return sealed;
}
