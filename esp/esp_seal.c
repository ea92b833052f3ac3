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

/* A number never comes twice under one key (RFC 4303 3.3.3). */
static inline uint64_t last_number(const struct esp_sa *sa)
{
	return sa->esn ? UINT64_MAX - 1 : UINT32_MAX;
}

static inline bool block_holds(const struct esp_worker *w, const struct esp_sa *sa)
{
	return w->block.sa == sa && w->block.next < w->block.end;
}

/* Whether this SA can give another number. */
static enum ls_cause may_number(struct esp_worker *w, struct esp_sa *sa, ls_time now)
{
	esp_sa_watch(w, sa, now);
	if (ESP_READ(sa->ended))
		return CAUSE_ESP_LIFE_END;
	if (ESP_READ(sa->sequence) >= last_number(sa) && !block_holds(w, sa))
		return CAUSE_ESP_SEQUENCE_END;
	return CAUSE_NONE;
}

/* How many of these n jobs in a row are one ESP SA's. The two SAs of a bundle take turns. */
static uint64_t run_of(const struct esp_seal_job *jobs, size_t n)
{
	size_t i = 1;

	if (jobs->sa->protocol == ESP_PROTOCOL_ESP)
		while (i < n && jobs[i].sa == jobs->sa)
			i++;
	return i;
}

/* Beside others a worker takes the numbers of a whole run at once. */
static __attribute__((noinline)) uint64_t number_take_shared(struct esp_worker *w,
                                                             struct esp_sa *sa,
                                                             const struct esp_seal_job *jobs,
                                                             size_t n)
{
	uint64_t is = ESP_READ(sa->sequence), last = last_number(sa), run, take;

	if (block_holds(w, sa))
		return w->block.next++;
	run = run_of(jobs, n < ESP_BATCH_MAX ? n : ESP_BATCH_MAX);
	do {
		if (is >= last)
			return 0;
		take = run < last - is ? run : last - is;
	} while (!__atomic_compare_exchange_n(&sa->sequence, &is, is + take, true, __ATOMIC_RELAXED,
	                                      __ATOMIC_RELAXED));
	w->block = (struct esp_block){.sa = sa, .next = is + 2, .end = is + take + 1};
	return is + 1;
}

/* The next number of sa, for the first of n jobs; 0 where there is none. */
static inline uint64_t number_take(struct esp_worker *w, struct esp_sa *sa,
                                   const struct esp_seal_job *jobs, size_t n)
{
	/* Alone it has just seen that there is one. */
	return w->shared ? number_take_shared(w, sa, jobs, n) : ++sa->sequence;
}

/* What both SAs of a bundle say, and the size; *front: bytes before the ESP packet or payload. */
static enum ls_cause may_seal(struct esp_worker *w, const struct esp_seal_job *job, size_t len,
                              struct esp_outer *o, size_t *front, ls_time now)
{
	struct esp_sa *sa = job->sa, *esp = cipher_sa(sa);
	enum ls_cause cause;

	if (sa->direction != ESP_OUT || job->parts > ESP_PARTS_MAX)
		return CAUSE_INTERNAL;
	/* A bundle is sealed by its AH SA, and by neither of the two without the other. */
	if (sa->bundled && (sa == esp || !esp))
		return CAUSE_ESP_BUNDLE;
	cause = may_number(w, sa, now);
	if (cause == CAUSE_NONE && esp && esp != sa)
		cause = may_number(w, esp, now);
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
		len = esp_bytes(esp, job->bare ? len : hidden_size(esp, job->next_header, len));
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
static inline void put_header(struct esp_worker *w, const struct esp_sa *sa, struct esp_crypt *c,
                              uint64_t sequence)
{
	uint8_t *iv = c->pkt + ESP_HEADER;

	ls_put32(c->pkt, sa->spi);
	ls_put32(c->pkt + 4, (uint32_t)sequence);
	if (sa->salt_bytes) {
		if (sa->iv_bytes)
			ls_put64(iv, sequence);
		esp_sa_nonce(sa, c, sequence);
	} else if (sa->iv_bytes) {
		esp_iv_next(&w->iv, iv, sa->iv_bytes);
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

/* The ESP packet of that number, to dst; c->len is its length without the ICV. */
static void seal_one(struct esp_worker *w, const struct esp_sa *sa, const struct esp_seal_job *job,
                     struct esp_crypt *c, uint64_t sequence, uint8_t *dst, size_t len)
{
	size_t hidden = job->bare ? len : hidden_size(sa, job->next_header, len);
	uint8_t *at;

	c->keys = esp_sa_keys(sa, w);
	c->pkt = dst;
	c->text_at = (uint32_t)ESP_HEADER + sa->iv_bytes;
	c->sequence_high = (uint32_t)(sequence >> 32);
	c->icv_bytes = sa->icv_bytes;
	c->esn = sa->esn;
	c->ok = false;
	put_header(w, sa, c, sequence);
	at = put_parts(job, dst + c->text_at);
	if (hidden > len) {
		memset(at, 0, hidden - len);
		at += hidden - len;
	}
	at = put_trailer(at, padding_of(sa, hidden), job->next_header);
	c->len = (uint32_t)(at - dst);
	sa->backend->ops->seal(w->engine[sa->backend_index], c);
}

/* The first of n jobs: numbered, where it may be sealed, and its ciphering begins. */
static inline enum ls_cause begin(struct esp_worker *w, size_t i, struct esp_seal_job *job,
                                  size_t n, ls_time now)
{
	struct esp_crypt *c = &w->work[i];
	size_t len = plain_size(job), front;
	enum ls_cause cause = may_seal(w, job, len, &w->outer[i], &front, now);
	struct esp_sa *esp;
	uint64_t sequence = 1;

	if (cause != CAUSE_NONE)
		return cause;
	esp = cipher_sa(job->sa);
	if (job->sa != esp)
		sequence = w->number[i] = number_take(w, job->sa, job, n);
	if (esp && sequence)
		sequence = number_take(w, esp, job, n);
	if (!sequence)
		return CAUSE_ESP_SEQUENCE_END;
	if (esp) {
		seal_one(w, esp, job, c, sequence, job->dst + front, len);
		esp_tally(w, esp, len, now);
		if (job->next_header == IP_NONE)
			esp_add(&esp->cold->dummies, 1, w->shared);
	} else {
		put_parts(job, job->dst + front);
		c->len = (uint32_t)len;
		c->icv_bytes = 0;
		c->ok = true;
	}
	if (job->sa != esp)
		esp_tally(w, job->sa, c->len + c->icv_bytes, now);
	return CAUSE_NONE;
}

/* What came of it: AH goes around it where it belongs. */
static bool end(const struct esp_worker *w, size_t i, struct esp_seal_job *job)
{
	const struct esp_crypt *c = &w->work[i];
	struct esp_sa *sa = job->sa;

	if (!c->ok)
		return false;
	if (sa->protocol == ESP_PROTOCOL_ESP) {
		job->dst_len = c->len + c->icv_bytes;
		return true;
	}
	return esp_ah_seal(w, sa, job, &w->outer[i], w->number[i],
	                   sa->partner ? IP_ESP : job->next_header, c->len + c->icv_bytes);
}

size_t esp_worker_seal(struct esp_worker *w, struct esp_seal_job *jobs, size_t n, ls_time now)
{
	size_t sealed = 0;

	w->block.sa = NULL;
	for (size_t i = 0; i < n; i++) {
		struct esp_seal_job *job = &jobs[i];
		enum ls_cause cause = CAUSE_INTERNAL;

		esp_prefetch_seal(jobs, n, i);
		job->dst_len = 0;
		if (i < ESP_BATCH_MAX)
			cause = begin(w, i, job, n - i, now);
		job->verdict = (uint16_t)cause;
		if (cause != CAUSE_NONE)
			ls_count(&w->counters, cause);
	}
	esp_worker_finish(w, &w->sad->backends);
	esp_tally_end(w, now);
	for (size_t i = 0; i < n; i++) {
		struct esp_seal_job *job = &jobs[i];

		if (job->verdict != CAUSE_NONE)
			continue;
		if (end(w, i, job)) {
			sealed++;
		} else {
			job->verdict = CAUSE_INTERNAL;
			ls_count(&w->counters, CAUSE_INTERNAL);
		}
		/* Told in the same batch, so that the successor is asked for at once. */
		esp_sa_watch(w, job->sa, now);
		if (job->sa->partner)
			esp_sa_watch(w, job->sa->partner, now);
	}
	return sealed;
}

size_t esp_seal(struct esp_sad *sad, struct esp_seal_job *jobs, size_t n, ls_time now)
{
	return esp_worker_seal(sad->worker[0], jobs, n, now);
}
