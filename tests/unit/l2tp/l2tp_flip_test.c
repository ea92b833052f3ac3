/* Every bit of every message of a call's life turned, and every message cut, in its place in the
 * exchange: nothing crashes, nothing lasts, and no wrong secret is accepted. */
#include "l2tp/l2tp_wire.h"
#include "tests/unit/flip.h"
#include "tests/unit/l2tp/l2tp_pair.h"
#include "tests/unit/run.h"

#include <limits.h>

static struct flip damage;
static bool follow;    /* the real message comes behind the damaged one */
static uint32_t types; /* of the messages that were damaged, a set; bit 0: ZLB */
static unsigned ups;

struct story {
	const char *secret_a, *secret_b;
};

static bool spoil(struct pair *p, unsigned from, const uint8_t *bytes, size_t len)
{
	uint8_t bad[L2TP_MESSAGE_MAX];
	size_t bad_len;

	if (!flip_hits(&damage, len))
		return true;
	types |= 1u << pair_type(bytes, len);
	bad_len = flip_make(&damage, bytes, len, bad);
	pair_put(p, !from, PAIR_CHAIN, bad, bad_len);
	return follow;
}

/* A call, a silence with a HELLO in it, and the end; with one damage. */
static void life(void *context)
{
	const struct story *story = context;
	struct pair *p = pair_new(1, story->secret_a, story->secret_b);

	p->filter = spoil;
	ck_assert_int_eq(l2tp_call(p->side[0].l2tp, PAIR_TUNNEL, PAIR_CHAIN, p->now), CAUSE_NONE);
	pair_run(p, LS_S(90));
	if (strcmp(story->secret_a, story->secret_b) != 0)
		ck_assert_msg(p->side[0].up + p->side[1].up == 0, "message %u bit %zu cut %zu",
		              damage.nth, damage.bit, damage.cut);
	ups += p->side[0].up && p->side[1].up;
	if (p->side[0].up)
		l2tp_hang_up(p->side[0].l2tp, p->side[0].data.session, CAUSE_PEER_ASKED, p->now);
	pair_run(p, LS_S(100));
	/* A connection may stand without a call; no call stands. */
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_uint_le(p->side[i].up, p->side[i].down);
		l2tp_close(p->side[i].l2tp, PAIR_TUNNEL, CAUSE_ADMIN, p->now);
	}
	pair_run(p, LS_S(70));
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_msg(l2tp_deadline(p->side[i].l2tp) == LS_NEVER,
		              "message %u bit %zu cut %zu: something lasts at %u", damage.nth,
		              damage.bit, damage.cut, i);
	}
	ck_assert_uint_ge(p->side[0].down, 1);
	pair_free(p);
}

/* Gives how many messages the life has. */
static unsigned all_damages(const char *secret_a, const char *secret_b)
{
	struct story story = {secret_a, secret_b};

	return flip_all(&damage, UINT_MAX, L2TP_HEADER_SIZE, life, &story);
}

/* SCCRQ, SCCRP, SCCCN, StopCCN, HELLO, ICRQ, ICRP, ICCN, CDN; and ZLB. */
enum { ALL_TYPES = 1 | 1 << 1 | 1 << 2 | 1 << 3 | 1 << 4 | 1 << 6 | 7 << 10 | 1 << 14 };

START_TEST(every_message_of_a_life)
{
	ups = 0;
	types = 0;
	follow = _i;
	ck_assert_uint_ge(all_damages("key", "key"), 12);
	ck_assert_uint_eq(types & ALL_TYPES, ALL_TYPES);
	/* Most damage is overcome. */
	ck_assert_uint_gt(ups, 1000);
}
END_TEST

START_TEST(a_wrong_secret_stays_wrong)
{
	ups = 0;
	ck_assert_uint_ge(all_damages(_i ? "key" : "", _i ? "Key" : "key"), 3);
	ck_assert_uint_eq(ups, 0);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("l2tp flips");

	tcase_set_timeout(tc, 300);
	tcase_add_loop_test(tc, every_message_of_a_life, 0, 2);
	tcase_add_loop_test(tc, a_wrong_secret_stays_wrong, 0, 2);
	return run_cases("l2tp flips", tc);
}
