/* One security association: made of negotiated parameters, watched over its life, shown, ended. */
#include "esp/esp_sad.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define SEQUENCE_32_MAX 0xffffffffull
/* Without ESN a successor is wanted when half of the numbers are used. */
#define SEQUENCE_32_SOFT 0x80000000ull

bool esp_suite_make(enum algo_id encr, enum algo_id integ, struct esp_suite *suite)
{
	const struct algo *e = algo_get(encr), *i = algo_get(integ);

	if (!e || e->kind != ALGO_KIND_ENCR || !(e->serves & ALGO_FOR_ESP))
		return false;
	if (integ != ALGO_NONE && (!i || i->kind != ALGO_KIND_INTEG || !(i->serves & ALGO_FOR_ESP)))
		return false;
	/* An AEAD brings its own integrity; nothing else goes without (RFC 4303 3.2.2, RFC 8221 4).
	 */
	if (e->aead == (i != NULL))
		return false;
	*suite = (struct esp_suite){.encr = e, .integ = i};
	return true;
}

bool esp_suite_ah(enum algo_id encr, enum algo_id integ, struct esp_suite *suite)
{
	const struct algo *i = algo_get(integ);

	if (encr != ALGO_NONE || !i || i->kind != ALGO_KIND_INTEG || !(i->serves & ALGO_FOR_AH))
		return false;
	*suite = (struct esp_suite){.encr = algo_get(ALGO_NULL), .integ = i};
	return true;
}

uint8_t esp_suite_align(const struct esp_suite *suite)
{
	return suite->encr->block_bytes > 4 ? suite->encr->block_bytes : 4;
}

uint8_t esp_suite_icv(const struct esp_suite *suite)
{
	return (uint8_t)(suite->integ ? suite->integ->icv_bytes : suite->encr->icv_bytes);
}

static uint64_t limit_or_never(uint64_t limit)
{
	return limit ? limit : UINT64_MAX;
}

static uint64_t earlier(uint64_t watch, uint64_t soft)
{
	return soft && soft < watch ? soft : watch;
}

/* What the life is now, while others may be adding to it. */
static struct life life_of(const struct esp_sa *sa)
{
	struct life life = {.hard = sa->life.hard, .soft = sa->life.soft, .born = sa->life.born};

	life.bytes = ESP_READ(sa->life.bytes);
	life.packets = ESP_READ(sa->life.packets);
	return life;
}

/* Where the life must be looked at again. */
static void watches_set(struct esp_sa *sa, const struct life *life, enum life_state state,
                        ls_time now)
{
	uint64_t packets = UINT64_MAX, bytes = UINT64_MAX;

	if (!sa->ended) {
		/* A hard limit may be so small that there is no soft one before it. */
		packets = limit_or_never(life->hard.packets);
		bytes = limit_or_never(life->hard.bytes);
	}
	if (state == LIFE_FRESH) {
		packets = earlier(packets, life->soft.packets);
		bytes = earlier(bytes, life->soft.bytes);
	}
	ESP_WRITE(sa->watch_packets, packets);
	ESP_WRITE(sa->watch_bytes, bytes);
	ESP_WRITE(sa->watch_time, sa->ended ? LS_NEVER : life_deadline(life, now));
}

void esp_sa_check_locked(struct esp_sad *sad, struct esp_sa *sa, ls_time now)
{
	uint64_t last = sa->esn ? UINT64_MAX - 1 : SEQUENCE_32_MAX;
	uint64_t soft = sa->esn ? UINT64_MAX : SEQUENCE_32_SOFT;
	uint64_t sequence = ESP_READ(sa->sequence), watch = UINT64_MAX;
	struct life life = life_of(sa);
	enum life_state state = life_state(&life, now);

	if (sa->direction == ESP_OUT && state == LIFE_FRESH && sequence >= soft)
		state = LIFE_SOFT;
	if (state != LIFE_FRESH)
		esp_sa_tell_locked(sad, sa, ESP_EVENT_SOFT);
	if (state == LIFE_HARD)
		ESP_WRITE(sa->ended, true);
	if (sa->ended || (sa->direction == ESP_OUT && sequence >= last))
		esp_sa_tell_locked(sad, sa, ESP_EVENT_HARD);
	watches_set(sa, &life, state, now);
	if (sa->direction == ESP_OUT && !(sa->told & ESP_TOLD(ESP_EVENT_HARD)))
		watch = sequence < soft ? soft : last;
	ESP_WRITE(sa->watch_sequence, watch);
	ESP_WRITE(sad->deadline, ls_time_min(sad->deadline, sa->watch_time));
}

void esp_sa_check(struct esp_sad *sad, struct esp_sa *sa, ls_time now)
{
	esp_sad_lock(sad);
	esp_sa_check_locked(sad, sa, now);
	esp_sad_unlock(sad);
}

static bool integs_make(struct esp_sad *sad, struct esp_sa *sa, const struct algo *integ,
                        struct ls_bytes keymat)
{
	sa->integ = calloc(sad->workers, sizeof(*sa->integ));
	for (unsigned i = 0; sa->integ && i < sad->workers; i++)
		if (!esp_integ_init(&sa->integ[i], integ, keymat.p))
			return false;
	return sa->integ != NULL;
}

static void *key_new(const struct esp_sa *sa, void *engine, const struct esp_suite *suite,
                     struct ls_bytes keymat)
{
	return sa->backend->ops->keys_new(engine, suite, keymat, sa->direction == ESP_OUT);
}

/* The first worker's key is that of all, where they can share it. */
static bool keys_each_make(struct esp_sad *sad, struct esp_sa *sa, const struct esp_suite *suite,
                           struct ls_bytes keymat)
{
	if (sad->workers == 1 || sa->backend->ops->keys_shared)
		return true;
	sa->keys_each = calloc(sad->workers, sizeof(*sa->keys_each));
	if (!sa->keys_each)
		return false;
	sa->keys_each[0] = sa->keys;
	for (unsigned i = 1; i < sad->workers; i++) {
		sa->keys_each[i] =
			key_new(sa, sad->worker[i]->engine[sa->backend_index], suite, keymat);
		if (!sa->keys_each[i])
			return false;
	}
	return true;
}

static enum ls_cause keys_make(struct esp_sad *sad, struct esp_sa *sa,
                               const struct esp_suite *suite, struct ls_bytes keymat)
{
	if (sa->protocol == ESP_PROTOCOL_AH)
		return integs_make(sad, sa, suite->integ, keymat) ? CAUSE_NONE : CAUSE_NO_MEMORY;
	sa->backend = esp_backends_for(&sad->backends, suite);
	if (!sa->backend)
		return CAUSE_ESP_LACKING;
	sa->backend_index = (uint8_t)(sa->backend - sad->backends.backend);
	sa->keys = key_new(sa, sa->backend->engine, suite, keymat);
	if (!sa->keys || !keys_each_make(sad, sa, suite, keymat))
		return CAUSE_NO_MEMORY;
	if (sa->backend->ops->keys_schedule) {
		struct ls_bytes schedule = sa->backend->ops->keys_schedule(sa->keys);

		sa->schedule = schedule.p;
		sa->schedule_bytes = (uint16_t)schedule.len;
	}
	return CAUSE_NONE;
}

/* The parts that may fail; on failure the caller lets go of what is there. */
static enum ls_cause make(struct esp_sad *sad, struct esp_sa *sa, const struct esp_suite *suite,
                          const struct esp_sa_params *p)
{
	struct esp_sa_cold *cold = sa->cold;
	uint32_t window = p->window_packets ? p->window_packets : ESP_WINDOW_DEFAULT;
	enum ls_cause cause;

	sa->direction = (uint8_t)p->direction;
	sa->protocol = (uint8_t)p->protocol;
	if (!secret_from(&cold->keymat, p->keymat.p, p->keymat.len))
		return CAUSE_NO_MEMORY;
	cold->params = *p;
	cold->params.keymat = LS_BYTES(cold->keymat.bytes, cold->keymat.len);
	if (p->direction == ESP_IN && !esp_replay_make(&sa->replay, window))
		return CAUSE_NO_MEMORY;
	cause = keys_make(sad, sa, suite, cold->params.keymat);
	if (cause != CAUSE_NONE)
		return cause;
	memcpy(sa->salt, p->keymat.p + suite->encr->key_bytes, suite->encr->salt_bytes);
	sa->spi = p->spi;
	sa->iv_bytes = (p->protocol == ESP_PROTOCOL_AH ? suite->integ : suite->encr)->iv_bytes;
	sa->salt_bytes = suite->encr->salt_bytes;
	sa->icv_bytes = esp_suite_icv(suite);
	sa->align = esp_suite_align(suite);
	sa->esn = p->esn;
	esp_sa_pad(sa, p->tfc_bytes);
	return CAUSE_NONE;
}

static void integs_drop(const struct esp_sad *sad, struct esp_sa *sa)
{
	for (unsigned i = 0; sa->integ && i < sad->workers; i++)
		esp_integ_end(&sa->integ[i]);
	free(sa->integ);
}

static void keys_drop(const struct esp_sad *sad, struct esp_sa *sa)
{
	const struct esp_backend *b = sa->backend;

	if (sa->keys)
		b->ops->keys_free(b->engine, sa->keys);
	for (unsigned i = 1; sa->keys_each && i < sad->workers; i++)
		if (sa->keys_each[i])
			b->ops->keys_free(sad->worker[i]->engine[sa->backend_index],
			                  sa->keys_each[i]);
	free(sa->keys_each);
}

static void sa_free(const struct esp_sad *sad, struct esp_sa *sa)
{
	if (sa->protocol == ESP_PROTOCOL_AH)
		integs_drop(sad, sa);
	else
		keys_drop(sad, sa);
	esp_replay_free(&sa->replay);
	if (sa->cold)
		secret_free(&sa->cold->keymat);
	free(sa->cold);
	secret_wipe(sa, sizeof(*sa));
	free(sa);
}

static size_t key_size(const struct algo *a)
{
	return a ? (size_t)a->key_bytes + a->salt_bytes : 0;
}

static enum ls_cause check_params(struct esp_sad *sad, const struct esp_sa_params *p,
                                  struct esp_suite *suite)
{
	const struct esp_slot *slot = &sad->slots[p->spi & sad->slot_mask];

	if (!(p->protocol == ESP_PROTOCOL_AH ? esp_suite_ah : esp_suite_make)(p->encr, p->integ,
	                                                                      suite))
		return CAUSE_ESP_NO_ALGORITHM;
	if (p->protocol == ESP_PROTOCOL_AH && p->udp)
		return CAUSE_AH_NAT;
	if (p->keymat.len != key_size(suite->encr) + key_size(suite->integ))
		return CAUSE_ESP_BAD_KEY;
	if (p->window_packets > ESP_WINDOW_MAX)
		return CAUSE_ESP_BAD_WINDOW;
	if (p->direction == ESP_IN)
		return p->spi != 0 && slot->spi == p->spi && !slot->sa ? CAUSE_NONE
		                                                       : CAUSE_ESP_SPI_TAKEN;
	if (p->spi == 0 || esp_sa_outbound(sad, p->protocol, p->spi, p->chain))
		return CAUSE_ESP_SPI_TAKEN;
	return sad->count < sad->max_sas ? CAUSE_NONE : CAUSE_LIMIT_REACHED;
}

enum ls_cause esp_sa_add(struct esp_sad *sad, const struct esp_sa_params *params, ls_time now,
                         struct esp_sa **out)
{
	struct esp_suite suite;
	enum ls_cause cause = check_params(sad, params, &suite);
	struct esp_sa *sa;

	if (cause != CAUSE_NONE)
		return cause;
	sa = aligned_alloc(_Alignof(struct esp_sa), sizeof(*sa));
	if (!sa)
		return CAUSE_NO_MEMORY;
	memset(sa, 0, sizeof(*sa));
	sa->cold = calloc(1, sizeof(*sa->cold));
	cause = sa->cold ? make(sad, sa, &suite, params) : CAUSE_NO_MEMORY;
	if (cause != CAUSE_NONE) {
		sa_free(sad, sa);
		return cause;
	}
	life_start(&sa->life, &params->hard, params->early, &sad->random, now);
	if (params->direction == ESP_IN) {
		sad->slots[sa->spi & sad->slot_mask].sa = sa;
	} else {
		LIST_INSERT_HEAD(esp_sad_bucket(sad, sa->spi, params->chain), sa, cold->bucket);
		sad->count++;
	}
	TAILQ_INSERT_TAIL(&sad->all, sa, cold->all);
	esp_sa_check(sad, sa, now);
	*out = sa;
	return CAUSE_NONE;
}

bool esp_sa_retire(struct esp_sad *sad, struct esp_sa *sa, uint32_t seconds, ls_time now)
{
	uint64_t last = (uint64_t)((now - sa->life.born) / LS_S(1)) + seconds;

	if (sa->ended || sa->told & ESP_TOLD(ESP_EVENT_HARD))
		return false;
	if (sa->life.hard.seconds == 0 || last < sa->life.hard.seconds)
		sa->life.hard.seconds = last;
	sa->life.soft.seconds = 0;
	sa->told |= ESP_TOLD(ESP_EVENT_SOFT);
	esp_sa_check(sad, sa, now);
	return true;
}

void esp_sa_end(struct esp_sad *sad, struct esp_sa *sa)
{
	if (sa->pending)
		TAILQ_REMOVE(&sad->pending, sa, cold->pending);
	TAILQ_REMOVE(&sad->all, sa, cold->all);
	if (sa->partner)
		sa->partner->partner = NULL;
	if (sa->direction == ESP_IN) {
		esp_spi_drop(sad, sa->spi);
	} else {
		LIST_REMOVE(sa, cold->bucket);
		sad->count--;
	}
	sa_free(sad, sa);
}

bool esp_sa_bundle(struct esp_sa *ah, struct esp_sa *esp)
{
	if (ah->protocol != ESP_PROTOCOL_AH || esp->protocol != ESP_PROTOCOL_ESP ||
	    ah->direction != esp->direction || ah->bundled || esp->bundled)
		return false;
	ah->bundled = esp->bundled = true;
	ah->partner = esp;
	esp->partner = ah;
	return true;
}

void esp_sa_view(const struct esp_sa *sa, struct esp_sa_view *view)
{
	const struct esp_sa_params *p = &sa->cold->params;

	*view = (struct esp_sa_view){
		.direction = p->direction,
		.protocol = p->protocol,
		.mode = p->mode,
		.spi = sa->spi,
		.tunnel = p->tunnel,
		.chain = p->chain,
		.encr = p->encr,
		.integ = p->integ,
		/* AH has OpenSSL alone. */
		.library = sa->backend ? sa->backend->ops->name : esp_crypto_evp.name,
		.instructions =
			sa->backend ? sa->backend->ops->engine_kind(sa->backend->engine) : "",
		.esn = p->esn,
		.udp = p->udp,
		.address_fixed = p->address_fixed,
		.bundled = sa->bundled,
		.local = p->local,
		.remote = p->remote,
		.selector = p->selector,
		.life = life_of(sa),
		.sequence =
			p->direction == ESP_OUT ? ESP_READ(sa->sequence) : ESP_READ(sa->replay.top),
		.lost_packets = p->direction == ESP_IN ? esp_replay_lost(&sa->replay) : 0,
		.dummies = ESP_READ(sa->cold->dummies),
		.tfc_bytes = sa->tfc_bytes,
		.tfc_refused = p->tfc_refused,
		.last_used = ESP_READ(sa->last_used),
	};
	view->packets = view->life.packets;
	view->bytes = view->life.bytes;
}

void esp_sa_move(struct esp_sa *sa, const struct ls_addr *local, const struct ls_addr *remote)
{
	sa->cold->params.local = *local;
	sa->cold->params.remote = *remote;
}

void esp_sa_pad(struct esp_sa *sa, uint16_t tfc_bytes)
{
	struct esp_sa_params *p = &sa->cold->params;
	bool may = p->direction == ESP_OUT && !p->tfc_refused;

	sa->tfc_bytes = p->tfc_bytes = may ? tfc_bytes : 0;
}

uint32_t esp_sa_tunnel(const struct esp_sa *sa)
{
	return sa->cold->params.tunnel;
}

uint32_t esp_sa_chain(const struct esp_sa *sa)
{
	return sa->cold->params.chain;
}

const struct ls_addr *esp_sa_remote(const struct esp_sa *sa)
{
	return &sa->cold->params.remote;
}

const struct ls_addr *esp_sa_local(const struct esp_sa *sa)
{
	return &sa->cold->params.local;
}

enum esp_protocol esp_sa_protocol(const struct esp_sa *sa)
{
	return sa->protocol;
}

uint32_t esp_sa_spi(const struct esp_sa *sa)
{
	return sa->spi;
}

bool esp_sa_udp(const struct esp_sa *sa)
{
	return sa->cold->params.udp;
}

struct ls_bytes esp_sa_keymat(const struct esp_sa *sa)
{
	return sa->cold->params.keymat;
}

void esp_sa_set_sequence(struct esp_sa *sa, uint64_t sequence)
{
	if (sa->direction == ESP_IN)
		esp_replay_set(&sa->replay, sequence);
	else
		sa->sequence = sequence;
	/* The next packet looks at the life anew. */
	sa->watch_packets = 0;
}
