/*
 * The SA database: inbound SPIs, lists of SAs, events for the owner.
 *
 * DOC: esp/ is the packet path's crypto engine. It knows security associations (one direction each,
 * of ESP or AH) and turns batches of plaintext into packets and back; it does no I/O, has no clock
 * and allocates nothing per packet.
 *
 * Data. Inbound SAs stand in an array; an SPI of ours is slot index |
 * randomness, so that a look-up is one access and one compare, and a late packet of an ended SA
 * meets a different SPI (slots are reused in the order in which they became free). AH and ESP draw
 * from one array, and a packet in the other protocol finds nothing. Outbound SAs are held by
 * pointer and found by (protocol, SPI, chain) for the control plane. Each SA has a hot part that
 * packets touch, and a cold one for people.
 *
 * A packet's way in (RFC 4303 3.4): length, SPI, life, the number's high half guessed (App. A2.2),
 * early replay check, then the backend's ICV and deciphering; only then, packet by packet in the
 * order of the batch, the window is checked again and moved, so that two copies in one batch
 * deliver one. The number that the ICV confirmed is kept; nothing is guessed twice. Out (3.3):
 * life, number, IV, header, the parts copied behind it, trailer, ciphering in place. The copy is
 * cheaper than ciphering piece by piece: 98 against 118 ns for 1400 bytes of AES-256-GCM where this
 * was measured.
 *
 * AH (RFC 4302) seals whole IP packets, because its ICV covers their headers: the parts, or in a
 * bundle the ESP packet made of them, are written behind the place of IP header and AH, and those
 * are put before it. When opening, AH comes first, and what it gives goes on as an ESP packet of
 * its partner. esp_outer.c has the rules for the fields that may change on the way.
 *
 * IVs: AEADs use the 64-bit sequence number as IV (RFC 7634 2), which never repeats under a key
 * because a key lives as long as its SA and numbers only grow, over save and load too (`skip`). CBC
 * uses an unpredictable keystream (RFC 3602 3).
 *
 * Keys: keying material and key schedules live in guarded memory (lib/secret.h), or inside
 * OpenSSL's contexts.
 *
 * Threads. A SAD belongs to one thread, or is given a worker for each of several (esp_worker.c);
 * who changes its SAs sees to it that no other thread is in a batch meanwhile. What packets of one
 * SA need of each other is few numbers: the next one to send, of which a worker takes those of a
 * run of packets at once; the window (esp_replay.c); and what is counted, once a run. No packet
 * takes a lock but that which passes a limit or is an SA's first.
 *
 * Left out: manual keys, multicast SAs, the resynchronisation of RFC 4303 App. A3 (a lost liveness
 * check and a rekey do that).
 */
#include "esp/esp_sad.h"

#include <stdlib.h>
#include <string.h>

static uint32_t power_of_two(uint32_t n)
{
	uint32_t p = 1;

	while (p < n)
		p *= 2;
	return p;
}

bool esp_sad_slots(struct esp_sad *sad, uint32_t slots)
{
	struct esp_slot *table = calloc(slots, sizeof(*table));
	uint32_t *ring = calloc(slots, sizeof(*ring));

	if (!table || !ring) {
		free(table);
		free(ring);
		return false;
	}
	for (uint32_t i = 0; i < slots; i++)
		ring[i] = i;
	free(sad->slots);
	free(sad->free_slots);
	sad->slots = table;
	sad->free_slots = ring;
	sad->slot_mask = slots - 1;
	sad->free_first = 0;
	sad->free_count = slots;
	return true;
}

bool esp_sad_use(struct esp_sad *sad, const struct esp_crypto_ops *const *candidates, size_t n)
{
	if (!TAILQ_EMPTY(&sad->all))
		return false;
	for (unsigned i = 0; i < sad->workers; i++)
		esp_worker_leave(sad->worker[i]);
	esp_backends_end(&sad->backends);
	if (!esp_backends_start(&sad->backends, candidates, n))
		return false;
	for (unsigned i = 0; i < sad->workers; i++)
		if (!esp_worker_enter(sad->worker[i]))
			return false;
	return true;
}

bool esp_implementation(struct esp_sad *sad, enum algo_id id, struct esp_implementation *out)
{
	const struct algo *row = algo_get(id);
	struct esp_backends *b = &sad->backends;

	*out = (struct esp_implementation){.instructions = ""};
	if (!row || (row->kind != ALGO_KIND_ENCR && row->kind != ALGO_KIND_INTEG) ||
	    !(row->serves & ALGO_FOR_ESP))
		return false;
	esp_backends_test(b, row);
	for (unsigned i = 0; i < b->count; i++) {
		const struct esp_backend *backend = &b->backend[i];

		if (!out->library && b->right[id] & 1u << i) {
			out->library = backend->ops->name;
			out->instructions = backend->ops->engine_kind(backend->engine);
		}
		if (!out->wrong && b->wrong[id] & 1u << i)
			out->wrong = backend->ops->name;
	}
	return true;
}

struct esp_sad *esp_sad_new(uint32_t max_sas, const struct ls_random *random)
{
	struct esp_sad *sad;

	if (max_sas == 0 || max_sas > ESP_SAS_MAX || !(sad = calloc(1, sizeof(*sad))))
		return NULL;
	TAILQ_INIT(&sad->all);
	TAILQ_INIT(&sad->pending);
	sad->random = *random;
	sad->max_sas = max_sas;
	sad->deadline = LS_NEVER;
	pthread_mutex_init(&sad->lock, NULL);
	sad->bucket_mask =
		power_of_two(max_sas > ESP_OUT_BUCKETS_MIN ? max_sas : ESP_OUT_BUCKETS_MIN) - 1;
	sad->buckets = calloc((size_t)sad->bucket_mask + 1, sizeof(*sad->buckets));
	if (sad->buckets && esp_sad_slots(sad, power_of_two(max_sas)) &&
	    esp_backends_start_all(&sad->backends) && esp_workers(sad, 1))
		return sad;
	esp_sad_free(sad);
	return NULL;
}

void esp_sad_free(struct esp_sad *sad)
{
	if (!sad)
		return;
	while (!TAILQ_EMPTY(&sad->all))
		esp_sa_end(sad, TAILQ_FIRST(&sad->all));
	esp_workers_end(sad, 0);
	esp_backends_end(&sad->backends);
	free(sad->slots);
	free(sad->free_slots);
	free(sad->buckets);
	pthread_mutex_destroy(&sad->lock);
	secret_wipe(sad, sizeof(*sad));
	free(sad);
}

struct esp_sa_bucket *esp_sad_bucket(const struct esp_sad *sad, uint32_t spi, uint32_t chain)
{
	return &sad->buckets[(spi ^ chain * 2654435761u) & sad->bucket_mask];
}

uint32_t esp_spi_reserve(struct esp_sad *sad)
{
	uint32_t index, spi;

	if (sad->count >= sad->max_sas || sad->free_count == 0)
		return 0;
	index = sad->free_slots[sad->free_first];
	spi = (ls_random_u32(&sad->random) & ~sad->slot_mask) | index;
	if (spi < ESP_SPI_LOWEST)
		spi |= 0x80000000u;
	sad->free_first = (sad->free_first + 1) & sad->slot_mask;
	sad->free_count--;
	sad->slots[index] = (struct esp_slot){.spi = spi};
	sad->count++;
	return spi;
}

bool esp_spi_take(struct esp_sad *sad, uint32_t spi)
{
	uint32_t index = spi & sad->slot_mask, at = sad->free_first;

	if (spi < ESP_SPI_LOWEST || sad->count >= sad->max_sas || sad->slots[index].spi != 0)
		return false;
	while (sad->free_slots[at] != index)
		at = (at + 1) & sad->slot_mask;
	sad->free_slots[at] = sad->free_slots[sad->free_first];
	sad->free_first = (sad->free_first + 1) & sad->slot_mask;
	sad->free_count--;
	sad->slots[index] = (struct esp_slot){.spi = spi};
	sad->count++;
	return true;
}

void esp_spi_drop(struct esp_sad *sad, uint32_t spi)
{
	uint32_t index = spi & sad->slot_mask;

	sad->slots[index] = (struct esp_slot){0};
	sad->free_slots[(sad->free_first + sad->free_count) & sad->slot_mask] = index;
	sad->free_count++;
	sad->count--;
}

void esp_spi_release(struct esp_sad *sad, uint32_t spi)
{
	const struct esp_slot *slot = &sad->slots[spi & sad->slot_mask];

	if (spi != 0 && slot->spi == spi && !slot->sa)
		esp_spi_drop(sad, spi);
}

void esp_spis_release(struct esp_sad *sad)
{
	for (uint32_t i = 0; i <= sad->slot_mask; i++)
		if (sad->slots[i].spi != 0 && !sad->slots[i].sa)
			esp_spi_drop(sad, sad->slots[i].spi);
}

struct esp_sa *esp_sa_inbound(struct esp_sad *sad, uint32_t spi)
{
	return spi ? esp_sad_find(sad, spi) : NULL;
}

struct esp_sa *esp_sa_outbound(struct esp_sad *sad, enum esp_protocol protocol, uint32_t spi,
                               uint32_t chain)
{
	struct esp_sa *sa = LIST_FIRST(esp_sad_bucket(sad, spi, chain));

	while (sa &&
	       (sa->spi != spi || sa->protocol != protocol || sa->cold->params.chain != chain))
		sa = LIST_NEXT(sa, cold->bucket);
	return sa;
}

struct esp_sa *esp_sa_next(struct esp_sad *sad, struct esp_sa *previous)
{
	return previous ? TAILQ_NEXT(previous, cold->all) : TAILQ_FIRST(&sad->all);
}

void esp_sa_tell_locked(struct esp_sad *sad, struct esp_sa *sa, enum esp_event_kind kind)
{
	if (sa->told & ESP_TOLD(kind))
		return;
	ESP_WRITE(sa->told, sa->told | ESP_TOLD(kind));
	if (!sa->pending)
		TAILQ_INSERT_TAIL(&sad->pending, sa, cold->pending);
	sa->pending |= ESP_TOLD(kind);
}

void esp_sa_tell(struct esp_sad *sad, struct esp_sa *sa, enum esp_event_kind kind)
{
	esp_sad_lock(sad);
	esp_sa_tell_locked(sad, sa, kind);
	esp_sad_unlock(sad);
}

bool esp_pending(struct esp_sad *sad)
{
	bool any;

	esp_sad_lock(sad);
	any = !TAILQ_EMPTY(&sad->pending);
	esp_sad_unlock(sad);
	return any;
}

bool esp_next(struct esp_sad *sad, struct esp_event *event)
{
	static const enum esp_event_kind order[] = {ESP_EVENT_FIRST_USED, ESP_EVENT_SOFT,
	                                            ESP_EVENT_HARD};
	struct esp_sa *sa;
	unsigned i = 0;

	esp_sad_lock(sad);
	sa = TAILQ_FIRST(&sad->pending);
	if (!sa) {
		esp_sad_unlock(sad);
		return false;
	}
	while (i < sizeof order / sizeof order[0] - 1 && !(sa->pending & ESP_TOLD(order[i])))
		i++;
	sa->pending &= (uint8_t)~ESP_TOLD(order[i]);
	if (!sa->pending)
		TAILQ_REMOVE(&sad->pending, sa, cold->pending);
	esp_sad_unlock(sad);
	*event = (struct esp_event){
		.kind = order[i],
		.direction = sa->direction,
		.protocol = sa->protocol,
		.spi = sa->spi,
		.tunnel = sa->cold->params.tunnel,
		.chain = sa->cold->params.chain,
	};
	return true;
}

void esp_tick(struct esp_sad *sad, ls_time now)
{
	struct esp_sa *sa;

	if (now < esp_deadline(sad, now))
		return;
	esp_sad_lock(sad);
	ESP_WRITE(sad->deadline, LS_NEVER);
	TAILQ_FOREACH(sa, &sad->all, cold->all) {
		if (now >= sa->watch_time)
			esp_sa_check_locked(sad, sa, now);
		ESP_WRITE(sad->deadline, ls_time_min(sad->deadline, sa->watch_time));
	}
	esp_sad_unlock(sad);
}

ls_time esp_deadline(const struct esp_sad *sad, ls_time now)
{
	(void)now;
	return ESP_READ(sad->deadline);
}

const struct ls_counters *esp_counters(struct esp_sad *sad)
{
	if (sad->workers == 1)
		return &sad->worker[0]->counters;
	for (unsigned cause = 0; cause < LS_CAUSE_LIMIT; cause++) {
		sad->sum.by_cause[cause] = 0;
		for (unsigned i = 0; i < sad->workers; i++)
			sad->sum.by_cause[cause] += LS_COUNTED(&sad->worker[i]->counters, cause);
	}
	return &sad->sum;
}
