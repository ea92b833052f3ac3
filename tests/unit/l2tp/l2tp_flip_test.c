/* Every bit of every message of a call's life turned, and every message cut, in its place in the
 * exchange: nothing crashes, nothing lasts, and no wrong secret is accepted. */
#include "tests/unit/l2tp/l2tp_pair.h"
#include "tests/unit/run.h"

static struct {
	unsigned nth, seen;
	size_t bit; /* SIZE_MAX: cut instead */
	size_t cut;
	bool follow, done, last; /* last: no bit or byte of that number is left */
} damage;
static uint32_t types; /* of the messages that were damaged, a set; bit 0: ZLB */

static bool spoil(struct pair *p, unsigned from, const uint8_t *bytes, size_t len)
{
	uint8_t bad[L2TP_MESSAGE_MAX];

	if (damage.seen++ != damage.nth)
		return true;
	damage.done = true;
	types |= 1u << pair_type(bytes, len);
	damage.last = damage.bit != SIZE_MAX ? damage.bit >= len * 8 : damage.cut >= len;
	if (damage.last)
		return true;
	memcpy(bad, bytes, len);
	if (damage.bit != SIZE_MAX)
		bad[damage.bit / 8] ^= (uint8_t)(1u << damage.bit % 8);
	pair_put(p, !from, PAIR_CHAIN, bad, damage.bit != SIZE_MAX ? len : damage.cut);
	return damage.follow;
}

static unsigned ups;

/* A call, a silence with a HELLO in it, and the end; with one damage. Gives whether there was
 * anything left to be damaged. */
static bool life(const char *secret_a, const char *secret_b)
{
	struct pair *p = pair_new(1, secret_a, secret_b);

	p->filter = spoil;
	ck_assert_int_eq(l2tp_call(p->side[0].l2tp, PAIR_TUNNEL, PAIR_CHAIN, p->now), CAUSE_NONE);
	pair_run(p, LS_S(90));
	if (strcmp(secret_a, secret_b) != 0)
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
	return damage.done && !damage.last;
}

/* Gives how many messages the life has. */
static unsigned all_damages(const char *secret_a, const char *secret_b, bool follow)
{
	unsigned nth = 0;

	for (;; nth++) {
		size_t bits = 0, cuts = 0;

		for (;; bits++) {
			memset(&damage, 0, sizeof damage);
			damage.nth = nth;
			damage.bit = bits;
			damage.follow = follow;
			if (!life(secret_a, secret_b))
				break;
		}
		if (!damage.done)
			return nth;
		for (;; cuts++) {
			memset(&damage, 0, sizeof damage);
			damage.nth = nth;
			damage.bit = SIZE_MAX;
			damage.cut = cuts;
			damage.follow = follow;
			if (!life(secret_a, secret_b))
				break;
		}
		ck_assert_uint_eq(cuts * 8, bits);
		ck_assert_uint_ge(cuts, 12);
	}
}

/* SCCRQ, SCCRP, SCCCN, StopCCN, HELLO, ICRQ, ICRP, ICCN, CDN; and ZLB. */
enum { ALL_TYPES = 1 | 1 << 1 | 1 << 2 | 1 << 3 | 1 << 4 | 1 << 6 | 7 << 10 | 1 << 14 };

START_TEST(every_message_of_a_life)
{
	ups = 0;
	types = 0;
	ck_assert_uint_ge(all_damages("key", "key", _i), 12);
	ck_assert_uint_eq(types & ALL_TYPES, ALL_TYPES);
	/* Most damage is overcome. */
	ck_assert_uint_gt(ups, 1000);
}
END_TEST

START_TEST(a_wrong_secret_stays_wrong)
{
	ups = 0;
	ck_assert_uint_ge(all_damages(_i ? "key" : "", _i ? "Key" : "key", false), 3);
	ck_assert_uint_eq(ups, 0);
}
END_TEST

/* -- data -- */

static void parse(const uint8_t *bytes, size_t len)
{
	/* Just as long as it says, so that a sanitizer sees a step too far. */
	uint8_t *copy = malloc(len ? len : 1);
	struct l2tp_data_in in;

	memcpy(copy, bytes, len);
	if (l2tp_data_parse(copy, len, &in) == CAUSE_NONE) {
		ck_assert(!l2tp_is_control(copy, len));
		ck_assert_uint_ge(in.ppp_offset, 6);
		ck_assert_uint_le((size_t)in.ppp_offset + in.ppp_len, len);
	}
	free(copy);
}

START_TEST(every_data_header)
{
	/* L, S, O and P each with and without; the offset is two bytes of padding. */
	const unsigned form = (unsigned)_i;
	uint8_t bytes[64] = {0};
	struct wr w = wr_make(bytes, sizeof bytes);
	struct l2tp_data_in in;

	wr_u16(&w, (uint16_t)(2 | (form & 1 ? 0x4000 : 0) | (form & 2 ? 0x0800 : 0) |
	                      (form & 4 ? 0x0200 : 0) | (form & 8 ? 0x0100 : 0)));
	if (form & 1)
		wr_u16(&w, 0);
	wr_u32(&w, 0x11223344);
	if (form & 2)
		wr_u32(&w, 0x00050006);
	if (form & 4)
		wr_u32(&w, 0x00020000);
	size_t header = w.len;
	wr_bytes(&w, "\xff\x03\x00\x21payload", 11);
	if (form & 1)
		wr_patch_u16(&w, 2, (uint16_t)w.len);
	ck_assert_int_eq(l2tp_data_parse(bytes, w.len, &in), CAUSE_NONE);
	ck_assert_uint_eq(in.ppp_offset, header);
	ck_assert_uint_eq(in.ppp_len, 11);
	ck_assert_uint_eq(in.connection, 0x1122);
	ck_assert_uint_eq(in.session, 0x3344);
	for (size_t bit = 0; bit < w.len * 8; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		parse(bytes, w.len);
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	for (size_t cut = 0; cut < w.len; cut++) {
		parse(bytes, cut);
		if (cut < header || form & 1)
			ck_assert_int_ne(l2tp_data_parse(bytes, cut, &in), CAUSE_NONE);
	}
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("l2tp flips");

	tcase_set_timeout(tc, 300);
	tcase_add_loop_test(tc, every_message_of_a_life, 0, 2);
	tcase_add_loop_test(tc, a_wrong_secret_stays_wrong, 0, 2);
	tcase_add_loop_test(tc, every_data_header, 0, 16);
	return run_cases("l2tp flips", tc);
}
