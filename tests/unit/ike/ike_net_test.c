/* What a network does: NATs, repetitions, small packets, losses. */
#include "tests/unit/ike/ike_main.h"
#include "tests/unit/ike/ike_pair.h"

START_TEST(nat_before_us)
{
	struct pair *p = pair_new_nat(true, false);
	struct ike_child_sa *a, *b;

	pair_up(p);
	a = &p->side[0].sa[0].child;
	b = &p->side[1].sa[0].child;
	ck_assert(pair_progressed(&p->side[0], "a NAT stands before us"));
	ck_assert(a->udp && b->udp && a->behind_nat && !b->behind_nat);
	ck_assert_uint_eq(a->local.port, 4500);
	ck_assert_uint_eq(a->remote.port, 4500);
	ck_assert_uint_eq(b->remote.port, 14500);
	/* 2.23.1: each side's selectors name the addresses as it sees them. */
	ck_assert(ls_addr_same_ip(&a->ts_local.addr, &p->side[0].ip));
	ck_assert(ls_addr_same_ip(&a->ts_remote.addr, &p->side[1].ip));
	ck_assert(ls_addr_same_ip(&b->ts_remote.addr, &p->side[0].nat));
	ck_assert(ls_addr_same_ip(&b->ts_local.addr, &p->side[1].ip));
	/* And rekeying keeps all that. */
	ike_child_expiring(p->side[1].ike, p->side[1].sa[0].spi_in, p->now);
	pair_run(p);
	ck_assert_uint_eq(pair_check_sas(p), 1);
	ck_assert(p->side[0].sa[0].child.replaces);
	ck_assert(ls_addr_same_ip(&p->side[0].sa[0].child.ts_local.addr, &p->side[0].ip));
	ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_DOWN), 0);
	pair_free(p);
}
END_TEST

START_TEST(nat_before_peer)
{
	struct pair *p = pair_new_nat(false, true);

	pair_up(p);
	ck_assert(pair_progressed(&p->side[0], "a NAT stands before the peer"));
	ck_assert(!p->side[0].sa[0].child.behind_nat && p->side[1].sa[0].child.behind_nat);
	ck_assert(p->side[0].sa[0].child.udp);
	ck_assert(ls_addr_same_ip(&p->side[0].sa[0].child.ts_remote.addr, &p->side[1].nat));
	pair_free(p);
}
END_TEST

/* A side whose ike was restarted calls the peer back where its NAT has it: IKE_AUTH goes to that
 * port too. */
START_TEST(a_peer_behind_a_nat_is_called_back)
{
	struct pair *p = pair_new_nat(false, true);
	struct ike_peer c = pair_peer(p, 0);

	p->side[1].nat_shift = 10000;
	c.remote[0] = ls_addr_with_port(p->side[1].nat, 14500);
	pair_set(p, 0, &c);
	pair_up(p);
	ck_assert_uint_eq(p->side[0].sa[0].child.remote.port, 14500);
	ck_assert(p->side[1].sa[0].child.behind_nat);
	pair_free(p);
}
END_TEST

START_TEST(nat_before_both)
{
	struct pair *p = pair_new_nat(true, true);

	pair_up(p);
	ck_assert(pair_progressed(&p->side[0], "NATs stand before both"));
	ck_assert(p->side[0].sa[0].child.behind_nat && p->side[1].sa[0].child.behind_nat);
	pair_free(p);
}
END_TEST

START_TEST(udp_forced)
{
	for (unsigned side = 0; side < 2; side++) {
		struct pair *p = pair_new();
		struct ike_peer c = pair_peer(p, side);

		c.force_udp = true;
		pair_set(p, side, &c);
		pair_up(p);
		ck_assert(p->side[0].sa[0].child.udp && p->side[1].sa[0].child.udp);
		ck_assert_uint_eq(p->side[0].sa[0].child.remote.port, 4500);
		ck_assert_uint_eq(p->side[1].sa[0].child.remote.port, 4500);
		pair_free(p);
	}
}
END_TEST

static bool twice(struct pair *p, struct pair_message *m, void *context)
{
	(void)context;
	pair_give(p, m);
	return true;
}

struct recording {
	struct pair_message message[128];
	unsigned n;
};

static bool record(struct pair *p, struct pair_message *m, void *context)
{
	struct recording *r = context;
	struct pair_message *copy = &r->message[r->n++];

	(void)p;
	ck_assert_uint_le(r->n, 128);
	*copy = *m;
	copy->bytes = malloc(m->len);
	memcpy(copy->bytes, m->bytes, m->len);
	return true;
}

/* All that was ever said is said again, to the same ears. */
static void replay_all(struct pair *p, struct recording *r)
{
	p->filter = NULL;
	for (unsigned i = 0; i < r->n; i++) {
		pair_give(p, &r->message[i]);
		pair_run(p);
	}
	p->filter = record;
}

START_TEST(everything_twice)
{
	struct pair *p = pair_new();

	p->filter = twice;
	pair_up(p);
	ike_child_expiring(p->side[0].ike, p->side[0].sa[0].spi_in, p->now);
	pair_run(p);
	ike_child_expiring(p->side[1].ike, p->side[1].sa[0].spi_in, p->now);
	pair_run(p);
	ck_assert_uint_eq(pair_check_sas(p), 1);
	ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_DOWN), 0);
	ck_assert_uint_eq(pair_ike_sas(&p->side[1]), 1);
	pair_free(p);
}
END_TEST

/* Replays of all that was ever said change nothing. */
START_TEST(replays)
{
	struct pair *p = pair_new();
	struct recording *r = calloc(1, sizeof *r);

	p->filter = record;
	p->context = r;
	pair_up(p);
	replay_all(p, r);
	ike_child_expiring(p->side[0].ike, p->side[0].sa[0].spi_in, p->now);
	pair_run(p);
	replay_all(p, r);
	ike_child_expiring(p->side[1].ike, p->side[1].sa[0].spi_in, p->now);
	pair_run(p);
	replay_all(p, r);
	ck_assert_uint_eq(pair_check_sas(p), 1);
	ck_assert_uint_eq(
		pair_count(&p->side[0], IKE_REQ_DOWN) + pair_count(&p->side[1], IKE_REQ_DOWN), 0);
	ck_assert_uint_eq(pair_count(&p->side[1], IKE_REQ_UP), 1);
	ck_assert_uint_gt(ike_counters(p->side[1].ike)->by_cause[CAUSE_IKE_MESSAGE_ID], 0);
	for (unsigned i = 0; i < r->n; i++)
		free(r->message[i].bytes);
	free(r);
	pair_free(p);
}
END_TEST

/* IKE_AUTH does not fit a small packet: it goes in fragments, none larger than asked. */
START_TEST(fragments)
{
	struct pair *p = pair_new();

	for (unsigned i = 0; i < 2; i++) {
		struct ike_peer c = pair_peer(p, i);

		c.fragment_size = 200;
		pair_set(p, i, &c);
	}
	ike_start(p->side[0].ike, 1, p->now);
	for (unsigned i = 0; i < 2; i++)
		pair_deliver_one(p);
	p->largest[0] = p->largest[1] = 0;
	pair_run(p);
	ck_assert_uint_eq(pair_check_sas(p), 1);
	ck_assert_uint_gt(p->sent[0], 3);
	ck_assert_uint_le(p->largest[0], 200 - 28);
	pair_free(p);
}
END_TEST

/* Fragments lost, doubled, out of order; then smaller ones when nothing gets through. */
START_TEST(fragments_on_a_bad_path)
{
	for (unsigned nth = 1; nth < 5; nth++) {
		struct pair_lose lose = {.side = nth % 2, .nth = nth};
		struct pair *p = pair_new();

		for (unsigned i = 0; i < 2; i++) {
			struct ike_peer c = pair_peer(p, i);

			c.fragment_size = 200;
			pair_set(p, i, &c);
		}
		p->filter = pair_lose_nth;
		p->context = &lose;
		ike_start(p->side[0].ike, 1, p->now);
		pair_pass(p, LS_S(5));
		ck_assert_uint_eq(pair_check_sas(p), 1);
		pair_free(p);
	}
}
END_TEST

IKE_MAIN("ike net", nat_before_us, nat_before_peer, a_peer_behind_a_nat_is_called_back,
         nat_before_both, udp_forced, everything_twice, replays, fragments, fragments_on_a_bad_path)
