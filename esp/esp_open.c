/* Opening: ESP and AH packets verified and deciphered in place, in batches (RFC 4303 3.4, RFC 4302
 * 3.4). */
#include "esp/esp_accept.h"
#include "esp/esp_ah.h"
#include "esp/esp_prefetch.h"

#include <string.h>

/* Lengths that no packet of this SA can have (RFC 4303 2.4); checked before any crypto. */
static inline bool length_fits(const struct esp_sa *sa, uint32_t len)
{
	uint32_t around = (uint32_t)ESP_HEADER + sa->iv_bytes + sa->icv_bytes;

	return len >= around + sa->align && (len - around) % sa->align == 0;
}

/* pkt: an ESP packet of len bytes; ah: the SA that it came in, or NULL. */
static enum ls_cause may_open(struct esp_worker *w, struct esp_open_job *job, const uint8_t *pkt,
                              uint32_t len, const struct esp_sa *ah, ls_time now)
{
	struct esp_sa *sa;

	if (len < ESP_HEADER)
		return CAUSE_ESP_TRUNCATED;
	sa = esp_sad_find_as(w->sad, ESP_PROTOCOL_ESP, ls_get32(pkt));
	if (!sa)
		return CAUSE_ESP_UNKNOWN_SPI;
	job->sa = sa;
	if (sa->bundled ? !ah || sa->partner != ah : ah != NULL)
		return CAUSE_ESP_BUNDLE;
	if (!length_fits(sa, len))
		return CAUSE_ESP_TRUNCATED;
	return esp_accept_check(w, sa, ls_get32(pkt + 4), &job->sequence, now);
}

static void open_one(const struct esp_worker *w, const struct esp_open_job *job, uint8_t *pkt,
                     uint32_t len, struct esp_crypt *c)
{
	const struct esp_sa *sa = job->sa;

	c->keys = esp_sa_keys(sa, w);
	c->pkt = pkt;
	c->len = len - sa->icv_bytes;
	c->text_at = (uint32_t)ESP_HEADER + sa->iv_bytes;
	c->sequence_high = (uint32_t)(job->sequence >> 32);
	c->icv_bytes = sa->icv_bytes;
	c->esn = sa->esn;
	c->ok = false;
	if (sa->salt_bytes)
		esp_sa_nonce(sa, c, job->sequence);
	sa->backend->ops->open(w->engine[sa->backend_index], c);
}

/* How long the payload says to be; what is behind that is TFC padding (RFC 4303 2.7). A length that
 * cannot be is left for what reads the payload. */
static uint32_t own_length(uint8_t next_header, const uint8_t *payload, uint32_t len)
{
	uint32_t own = len, head = 0;

	if (next_header == IP_UDP && len >= UDP_SIZE) {
		head = UDP_SIZE;
		own = ls_get16(payload + UDP_LEN);
	} else if (next_header == IP_IN_IP && len >= IP4_SIZE) {
		head = IP4_SIZE;
		own = ls_get16(payload + IP4_LEN);
	} else if (next_header == IP6_IN_IP && len >= IP6_SIZE) {
		head = IP6_SIZE;
		own = head + ls_get16(payload + IP6_LEN);
	}
	return own >= head && own < len ? own : len;
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
	if (job->next_header == IP_NONE)
		return CAUSE_ESP_DUMMY;
	job->payload = c->pkt + c->text_at;
	job->payload_len = own_length(job->next_header, job->payload, text - pad - ESP_TRAILER);
	return CAUSE_NONE;
}

/* What only an authentic packet may do: be marked, counted and delivered. */
static enum ls_cause commit(struct esp_worker *w, struct esp_open_job *job,
                            const struct esp_crypt *c, ls_time now)
{
	struct esp_sa *sa = job->sa;
	enum ls_cause cause;

	if (!c->ok)
		return CAUSE_ESP_ICV;
	/* Others of this batch, or of another thread's, may have been marked since the early check.
	 */
	cause = esp_replay_commit(&sa->replay, job->sequence, w->shared);
	if (cause != CAUSE_NONE)
		return cause;
	cause = take_payload(job, c);
	if (cause == CAUSE_ESP_DUMMY)
		esp_add(&sa->cold->dummies, 1, w->shared);
	esp_accept_count(w, sa, job->payload_len, now);
	return cause;
}

/* Begins with a job: all of AH, and ESP up to its ciphering, which c takes over (c->pkt is NULL
 * when there is none). */
static enum ls_cause begin(struct esp_worker *w, struct esp_open_job *job, struct esp_crypt *c,
                           ls_time now)
{
	const struct esp_sa *ah = NULL;
	uint8_t *pkt = job->pkt;
	uint32_t len = job->len;
	enum ls_cause cause;

	c->pkt = NULL;
	if (job->protocol == ESP_PROTOCOL_AH) {
		cause = esp_ah_open(w, job, now);
		if (cause != CAUSE_NONE || !job->sa->bundled)
			return cause;
		ah = job->sa;
		pkt = job->payload;
		len = job->payload_len;
		job->payload = NULL;
		job->payload_len = 0;
		if (job->next_header != IP_ESP)
			return CAUSE_ESP_BUNDLE;
	}
	cause = may_open(w, job, pkt, len, ah, now);
	if (cause == CAUSE_NONE)
		open_one(w, job, pkt, len, c);
	return cause;
}

size_t esp_worker_open(struct esp_worker *w, struct esp_open_job *jobs, size_t n, ls_time now)
{
	size_t opened = 0;
	bool ahead = esp_prefetch_useful(jobs, n);

	for (size_t i = 0; i < n; i++) {
		struct esp_open_job *job = &jobs[i];

		if (ahead)
			esp_prefetch_open(w->sad, jobs, n, i);
		job->sa = NULL;
		job->payload = NULL;
		job->payload_len = 0;
		job->next_header = 0;
		job->sequence = 0;
		job->verdict = i < ESP_BATCH_MAX ? (uint16_t)begin(w, job, &w->work[i], now)
		                                 : (uint16_t)CAUSE_INTERNAL;
	}
	esp_worker_finish(w, &w->sad->backends);
	for (size_t i = 0; i < n; i++) {
		if (jobs[i].verdict == CAUSE_NONE && w->work[i].pkt)
			jobs[i].verdict = (uint16_t)commit(w, &jobs[i], &w->work[i], now);
		if (jobs[i].verdict == CAUSE_NONE)
			opened++;
		else
			ls_count(&w->counters, jobs[i].verdict);
	}
	esp_tally_end(w, now);
	return opened;
}

size_t esp_open(struct esp_sad *sad, struct esp_open_job *jobs, size_t n, ls_time now)
{
	return esp_worker_open(sad->worker[0], jobs, n, now);
}
