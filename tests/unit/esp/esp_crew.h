/* Test helper: threads that begin together, while the one that waits for them looks on. */
#ifndef TESTS_UNIT_ESP_CREW_H
#define TESTS_UNIT_ESP_CREW_H

#include <check.h>
#include <pthread.h>

enum { CREW = 4 };

struct crew {
	void (*work)(void *arg, unsigned thread);
	void *arg;
	pthread_barrier_t start;
	unsigned working;
};

struct crew_member {
	struct crew *crew;
	unsigned number;
};

static inline void *crew_thread(void *arg)
{
	const struct crew_member *m = arg;

	pthread_barrier_wait(&m->crew->start);
	m->crew->work(m->crew->arg, m->number);
	__atomic_fetch_sub(&m->crew->working, 1, __ATOMIC_RELAXED);
	return NULL;
}

/* work(arg, 0..CREW - 1) at once; look(arg), if there is one, again and again until all are done.
 */
static inline void crew_run(void (*work)(void *arg, unsigned thread), void (*look)(void *arg),
                            void *arg)
{
	struct crew crew = {.work = work, .arg = arg, .working = CREW};
	struct crew_member member[CREW];
	pthread_t thread[CREW];

	ck_assert_int_eq(pthread_barrier_init(&crew.start, NULL, CREW + 1), 0);
	for (unsigned i = 0; i < CREW; i++) {
		member[i] = (struct crew_member){.crew = &crew, .number = i};
		ck_assert_int_eq(pthread_create(&thread[i], NULL, crew_thread, &member[i]), 0);
	}
	pthread_barrier_wait(&crew.start);
	while (look && __atomic_load_n(&crew.working, __ATOMIC_RELAXED) > 0)
		look(arg);
	for (unsigned i = 0; i < CREW; i++)
		ck_assert_int_eq(pthread_join(thread[i], NULL), 0);
	pthread_barrier_destroy(&crew.start);
}

#endif
