/* Tests of the gate: what the main thread changes while it is closed no lane sees half changed. */
#include "src/gateway/gw_gate.h"
#include "tests/unit/esp/esp_crew.h"
#include "tests/unit/run.h"

#include <sched.h>

enum { ROUNDS = 5000 };

static struct gw_gate gate;
static struct {
	unsigned a, b; /* always the same, but while somebody changes them */
	unsigned rounds[CREW];
	unsigned entered; /* lanes that ever were in */
	bool torn;
} shared;
static unsigned changes;

static void lane(void *arg, unsigned number)
{
	(void)arg;
	for (unsigned i = 0; i < ROUNDS; i++) {
		gw_gate_enter(&gate, number);
		if (i == 0)
			__atomic_fetch_add(&shared.entered, 1, __ATOMIC_RELAXED);
		if (shared.a != shared.b)
			__atomic_store_n(&shared.torn, true, __ATOMIC_RELAXED);
		shared.rounds[number]++;
		gw_gate_leave(&gate, number);
	}
}

static void change(void *arg)
{
	(void)arg;
	gw_gate_close(&gate);
	gw_gate_close(&gate);
	shared.a++;
	gw_gate_open(&gate);
	ck_assert(gw_gate_closed(&gate));
	sched_yield();
	shared.b++;
	changes++;
	gw_gate_open(&gate);
	ck_assert(!gw_gate_closed(&gate));
	ck_assert(!gw_gate_wanted(&gate));
}

START_TEST(nobody_sees_a_change_half_done)
{
	gw_gate_begin(&gate, CREW);
	crew_run(lane, change, NULL);
	change(NULL);
	ck_assert(!shared.torn);
	ck_assert_uint_gt(changes, 0);
	ck_assert_uint_eq(shared.a, changes);
	for (unsigned i = 0; i < CREW; i++)
		ck_assert_uint_eq(shared.rounds[i], ROUNDS);
}
END_TEST

static bool opened;

static void open_once(void *arg)
{
	(void)arg;
	if (opened)
		return;
	for (unsigned i = 0; i < ROUNDS; i++)
		sched_yield();
	ck_assert_uint_eq(__atomic_load_n(&shared.entered, __ATOMIC_RELAXED), 0);
	gw_gate_open(&gate);
	opened = true;
}

/* Lanes come into a gateway that is being set up. */
START_TEST(lanes_begin_behind_a_closed_gate)
{
	gw_gate_close(&gate);
	gw_gate_begin(&gate, CREW);
	crew_run(lane, open_once, NULL);
	ck_assert_uint_eq(shared.entered, CREW);
}
END_TEST

START_TEST(without_lanes_it_is_always_closed)
{
	ck_assert(gw_gate_closed(&gate));
	gw_gate_close(&gate);
	gw_gate_open(&gate);
	ck_assert(gw_gate_closed(&gate));
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("gw_gate");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, nobody_sees_a_change_half_done);
	tcase_add_test(tc, lanes_begin_behind_a_closed_gate);
	tcase_add_test(tc, without_lanes_it_is_always_closed);
	return run_cases("gw_gate", tc);
}
