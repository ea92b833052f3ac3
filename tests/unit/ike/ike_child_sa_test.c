/* The list of CHILD SA pairs: found by either SPI, switched, handed on, removed. */
#include "tests/unit/ike/ike_main.h"
#include "tests/unit/ike/ike_pair.h"

#include "ike/ike_sa.h"

struct fixture {
	struct ls_random_seeded seeded;
	struct ls_random random;
	struct ike *ike;
	struct ike_sa *sa;
	struct ike_request r;
};

static struct fixture *fixture_new(void)
{
	struct fixture *f = calloc(1, sizeof *f);

	f->random = ike_source(&f->seeded);
	f->ike = ike_new(NULL, &f->random);
	f->sa = ike_sa_new(f->ike, true, 0);
	f->sa->tunnel = 7;
	ike_sa_enter(f->sa, IKE_S_ESTABLISHED, CAUSE_NONE);
	return f;
}

static void fixture_free(struct fixture *f)
{
	ike_free(f->ike);
	free(f);
}

static struct ike_child *child(struct ike_sa *sa, uint32_t chain, uint32_t spi)
{
	struct ike_child *c = calloc(1, sizeof *c);

	*c = (struct ike_child){.chain = chain,
	                        .spi_in = spi,
	                        .spi_out = spi + 0x1000000,
	                        .rekey_at = LS_NEVER,
	                        .expired_at = LS_NEVER};
	ike_child_add(sa, c);
	return c;
}

static bool next_is(struct fixture *f, enum ike_request_kind kind, uint32_t chain, uint32_t spi_in)
{
	return ike_next(f->ike, &f->r) && f->r.kind == kind && f->r.chain == chain &&
	       f->r.spi_in == spi_in && f->r.tunnel == 7;
}

/* Four pairs, of which three share a bucket of the table. */
START_TEST(found)
{
	static const uint32_t spis[] = {5, 5 + IKE_BUCKETS, 6, 5 + 2 * IKE_BUCKETS};
	struct fixture *f = fixture_new();
	struct ike_child *c[4], *got;

	for (unsigned i = 0; i < 4; i++)
		c[i] = child(f->sa, i + 1, spis[i]);
	ck_assert_uint_eq(ike_children_count(f->sa), 4);
	for (unsigned i = 0; i < 4; i++) {
		ck_assert_ptr_eq(ike_child_in(f->sa, spis[i]), c[i]);
		ck_assert_ptr_eq(ike_child_out(f->sa, spis[i] + 0x1000000), c[i]);
		ck_assert_ptr_null(ike_child_out(f->sa, spis[i]));
		ck_assert_ptr_eq(ike_child_find(f->ike, spis[i], &got), f->sa);
		ck_assert_ptr_eq(got, c[i]);
	}
	ck_assert_ptr_null(ike_child_find(f->ike, 5 + 3 * IKE_BUCKETS, &got));
	ck_assert_ptr_null(got);
	/* In the order in which they came, and out again from the middle, the end, the front. */
	ck_assert(f->sa->children == c[0] && c[0]->next == c[1] && c[2]->next == c[3]);
	for (unsigned i = 0; i < 4; i++) {
		static const unsigned order[] = {1, 3, 0, 2};

		ike_child_remove(f->sa, c[order[i]], CAUSE_IDLE, "");
		ck_assert_ptr_null(ike_child_find(f->ike, spis[order[i]], &got));
		ck_assert_uint_eq(ike_children_count(f->sa), 3 - i);
		ck_assert(next_is(f, IKE_REQ_REMOVE, order[i] + 1, spis[order[i]]));
		ck_assert_int_eq(f->r.cause, CAUSE_IDLE);
	}
	/* They were not announced: nobody hears that they ended. The SA is childless now. */
	ck_assert(!ike_next(f->ike, &f->r));
	ck_assert_int_eq(f->sa->give_up, f->ike->now + LS_S(IKE_CHILDLESS_S));
	fixture_free(f);
}
END_TEST

/* A pair of an SA that has ended is not found, even before it is freed. */
START_TEST(not_of_the_dead)
{
	struct fixture *f = fixture_new();
	struct ike_sa *other = ike_sa_new(f->ike, true, 0);
	struct ike_child *got;

	child(f->sa, 1, 5);
	child(other, 2, 5 + IKE_BUCKETS);
	ike_sa_enter(other, IKE_S_ESTABLISHED, CAUSE_NONE);
	ike_sa_forget(f->sa);
	ck_assert_ptr_null(ike_child_find(f->ike, 5, &got));
	ck_assert_ptr_eq(ike_child_find(f->ike, 5 + IKE_BUCKETS, &got), other);
	ike_reap(f->ike);
	ck_assert_ptr_eq(ike_child_find(f->ike, 5 + IKE_BUCKETS, &got), other);
	fixture_free(f);
}
END_TEST

/* One pair of a chain sends; other chains are not concerned. */
START_TEST(switched)
{
	struct fixture *f = fixture_new();
	struct ike_child *a = child(f->sa, 1, 5), *b = child(f->sa, 1, 6), *c = child(f->sa, 2, 7);

	a->sending = c->sending = true;
	b->switch_later = true;
	ike_child_switch(f->sa, b);
	ck_assert(!a->sending && b->sending && c->sending && !b->switch_later);
	ck_assert(next_is(f, IKE_REQ_SWITCH, 1, 6));
	ck_assert_uint_eq(f->r.spi_out, 6 + 0x1000000);
	/* Again: nothing to be told. */
	b->switch_later = true;
	ike_child_switch(f->sa, b);
	ck_assert(!b->switch_later && !ike_next(f->ike, &f->r));
	fixture_free(f);
}
END_TEST

/* The pair that sends goes: its successor sends, and the chain goes on. Then that one goes too. */
START_TEST(heir)
{
	struct fixture *f = fixture_new();
	struct ike_child *a = child(f->sa, 1, 5), *b = child(f->sa, 1, 6);

	a->sending = a->announced = b->announced = a->replaced = true;
	b->switch_later = true;
	ike_child_remove(f->sa, a, CAUSE_IKE_CHILD_REKEYED, "");
	ck_assert(next_is(f, IKE_REQ_SWITCH, 1, 6) && next_is(f, IKE_REQ_REMOVE, 1, 5));
	ck_assert(!ike_next(f->ike, &f->r) && b->sending);
	ike_child_remove(f->sa, b, CAUSE_PEER_ASKED, "so");
	ck_assert(next_is(f, IKE_REQ_REMOVE, 1, 6) && next_is(f, IKE_REQ_DOWN, 1, 0));
	ck_assert_int_eq(f->r.cause, CAUSE_PEER_ASKED);
	ck_assert_str_eq(f->r.event.text, "so");
	fixture_free(f);
}
END_TEST

/* The successor goes first: the old pair needs one again. */
START_TEST(successor_goes)
{
	struct fixture *f = fixture_new();
	struct ike_child *a = child(f->sa, 1, 5), *b = child(f->sa, 1, 6);

	a->sending = a->announced = a->replaced = true;
	b->switch_later = true;
	ike_child_remove(f->sa, b, CAUSE_PEER_ASKED, "");
	ck_assert(!a->replaced && a->sending);
	ck_assert(next_is(f, IKE_REQ_REMOVE, 1, 6) && !ike_next(f->ike, &f->r));
	fixture_free(f);
}
END_TEST

/* What is being deleted inherits nothing: the chain ends, once. */
START_TEST(no_heir_that_goes_itself)
{
	struct fixture *f = fixture_new();
	struct ike_child *a = child(f->sa, 1, 5), *b = child(f->sa, 1, 6);

	a->sending = a->announced = b->announced = b->deleting = true;
	ike_child_remove(f->sa, a, CAUSE_PEER_ASKED, "");
	ck_assert(next_is(f, IKE_REQ_REMOVE, 1, 5) && next_is(f, IKE_REQ_DOWN, 1, 0));
	ike_child_remove(f->sa, b, CAUSE_PEER_ASKED, "");
	ck_assert(next_is(f, IKE_REQ_REMOVE, 1, 6) && !ike_next(f->ike, &f->r));
	fixture_free(f);
}
END_TEST

/* All go to the successor of the IKE SA, behind those that it has, and are found there. */
START_TEST(moved)
{
	struct fixture *f = fixture_new();
	struct ike_sa *to = ike_sa_new(f->ike, true, 0);
	struct ike_child *a = child(f->sa, 1, 5), *b = child(f->sa, 2, 6), *c = child(to, 3, 7),
			 *got;

	ike_sa_enter(to, IKE_S_ESTABLISHED, CAUSE_NONE);
	ike_children_move(f->sa, to);
	ck_assert(!f->sa->children && to->children == c && c->next == a && a->next == b);
	ck_assert_ptr_eq(ike_child_find(f->ike, 6, &got), to);
	ck_assert_int_eq(to->give_up, LS_NEVER);
	/* Nothing to be moved: the clock of the childless runs. */
	ck_assert_int_eq(f->sa->give_up, LS_NEVER);
	ike_children_move(f->sa, ike_sa_new(f->ike, true, 0));
	ck_assert_int_eq(f->ike->sas->give_up, f->ike->now + LS_S(IKE_CHILDLESS_S));
	ck_assert(!ike_next(f->ike, &f->r));
	fixture_free(f);
}
END_TEST

START_TEST(busy)
{
	struct pair *p = pair_new();
	struct ike_sa *sa;

	pair_up(p);
	sa = p->side[0].ike->sas;
	ck_assert(!ike_sa_busy_with_children(sa));
	ike_probe(sa);
	ck_assert(sa->active && !ike_sa_busy_with_children(sa));
	pair_run(p);
	ike_child_expiring(p->side[0].ike, pair_first_spi(p, 0), p->now);
	ck_assert(ike_sa_busy_with_children(sa));
	pair_run(p);
	ike_delete_spi(sa, 77);
	ck_assert(ike_sa_busy_with_children(sa));
	pair_run(p);
	ck_assert(!ike_sa_busy_with_children(sa));
	pair_free(p);
}
END_TEST

IKE_MAIN("ike child sa", found, not_of_the_dead, switched, heir, successor_goes,
         no_heir_that_goes_itself, moved, busy)
