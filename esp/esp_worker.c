/* The workers of a SAD: one for each thread that seals and opens. */
#include "esp/esp_sad.h"

#include <stdlib.h>

bool esp_worker_enter(struct esp_worker *w)
{
	const struct esp_backends *b = &w->sad->backends;

	for (unsigned i = 0; i < b->count; i++) {
		w->engine[i] =
			w->index == 0 ? b->backend[i].engine : b->backend[i].ops->engine_new();
		if (!w->engine[i])
			return false;
	}
	return true;
}

void esp_worker_leave(struct esp_worker *w)
{
	const struct esp_backends *b = &w->sad->backends;

	for (unsigned i = 0; i < b->count; i++) {
		if (w->index > 0 && w->engine[i])
			b->backend[i].ops->engine_free(w->engine[i]);
		w->engine[i] = NULL;
	}
}

static void worker_free(struct esp_worker *w)
{
	if (!w)
		return;
	esp_worker_leave(w);
	secret_wipe(w, sizeof(*w));
	free(w);
}

static struct esp_worker *worker_new(struct esp_sad *sad, unsigned index)
{
	struct esp_worker *w = aligned_alloc(_Alignof(struct esp_worker), sizeof(*w));

	if (!w)
		return NULL;
	memset(w, 0, sizeof(*w));
	w->sad = sad;
	w->index = index;
	esp_iv_seed(&w->iv, &sad->random);
	if (esp_worker_enter(w))
		return w;
	worker_free(w);
	return NULL;
}

void esp_workers_end(struct esp_sad *sad, unsigned n)
{
	while (sad->workers > n)
		worker_free(sad->worker[--sad->workers]);
}

bool esp_workers(struct esp_sad *sad, unsigned n)
{
	unsigned before = sad->workers;

	if (n == 0 || n > ESP_WORKERS_MAX || !TAILQ_EMPTY(&sad->all))
		return false;
	while (sad->workers < n) {
		struct esp_worker *w = worker_new(sad, sad->workers);

		if (!w) {
			esp_workers_end(sad, before);
			return false;
		}
		sad->worker[sad->workers++] = w;
	}
	esp_workers_end(sad, n);
	sad->shared = n > 1;
	for (unsigned i = 0; i < n; i++)
		sad->worker[i]->shared = sad->shared;
	return true;
}

struct esp_worker *esp_worker(struct esp_sad *sad, unsigned index)
{
	return index < sad->workers ? sad->worker[index] : NULL;
}

void esp_tally_end(struct esp_worker *w, ls_time now)
{
	struct esp_sa *sa = w->tally.sa;

	if (!sa)
		return;
	esp_add(&sa->life.packets, w->tally.packets, w->shared);
	esp_add(&sa->life.bytes, w->tally.bytes, w->shared);
	esp_add(&sa->replay.seen, w->tally.packets, w->shared);
	ESP_WRITE(sa->last_used, now);
	w->tally = (struct esp_tally){.sa = NULL};
}
