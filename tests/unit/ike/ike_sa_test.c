/* IKE SAs: their table and counters, their timers, and each way in which they end. */
#include "tests/unit/ike/ike_forge.h"
#include "tests/unit/ike/ike_main.h"

static bool count_keepalives(struct pair *p, struct pair_message *m, void *context)
{
	unsigned *n = context;

	(void)p;
	if (m->len == 1 && m->bytes[0] == 0xff) {
		n[m->side]++;
		ck_assert_uint_eq(m->to.port, 4500);
	}
	return true;
}

START_TEST(keepalives)
{
	struct pair *p = pair_new_nat(true, false);
	unsigned n[2] = {0, 0};

	pair_up(p);
	p->filter = count_keepalives;
	p->context = n;
	pair_pass(p, LS_S(200));
	ck_assert_uint_ge(n[0], 5);
	ck_assert_uint_eq(n[1], 0);
	ck_assert_uint_eq(pair_check_sas(p), 1);
	pair_free(p);
}
END_TEST

/* The NAT gives A another port: B follows its authentic messages, and tells the SAs. */
START_TEST(nat_moves)
{
	struct pair *p = pair_new_nat(true, false);
	const struct pair_note *moved;

	pair_up(p);
	p->side[0].nat_shift = 11111;
	pair_pass(p, LS_S(31));
	moved = pair_last(&p->side[1], IKE_REQ_MOVED);
	ck_assert_ptr_nonnull(moved);
	ck_assert_uint_eq(moved->remote.port, 15611);
	ck_assert_uint_eq(moved->chain, p->side[1].sa[0].chain);
	/* ESP found the next one first. */
	p->side[0].nat_shift = 12222;
	ike_child_moved(p->side[1].ike, p->side[1].sa[0].spi_in,
	                &(struct ls_addr){.family = 4, .ip = {203, 0, 113, 1}, .port = 16722},
	                p->now);
	pair_pump(&p->side[1]);
	ck_assert_uint_eq(pair_last(&p->side[1], IKE_REQ_MOVED)->remote.port, 16722);
	pair_pass(p, LS_S(100));
	ck_assert_uint_eq(pair_check_sas(p), 1);
	/* The side behind the NAT follows nobody. */
	ike_child_moved(p->side[0].ike, p->side[0].sa[0].spi_in,
	                &(struct ls_addr){.family = 4, .ip = {6, 6, 6, 6}, .port = 4500}, p->now);
	pair_pump(&p->side[0]);
	ck_assert_ptr_null(pair_last(&p->side[0], IKE_REQ_MOVED));
	pair_free(p);
}
END_TEST

START_TEST(table)
{
	struct ls_random_seeded seeded;
	struct ls_random random = ike_source(&seeded);
	struct ike *ike = ike_new(&(struct ike_limits){.max_ike_sas = 4}, &random);
	struct ike_sa *a = ike_sa_with_spis(ike, true, 5, 6),
		      *b = ike_sa_with_spis(ike, true, 5 + IKE_BUCKETS, 6),
		      *c = ike_sa_with_spis(ike, false, 5, 5 + 2 * IKE_BUCKETS),
		      *d = ike_sa_new(ike, false, 9);

	ck_assert(a && b && c && d);
	ck_assert_ptr_eq(ike_sa_by_spi(ike, 5), a);
	ck_assert_ptr_eq(ike_sa_by_spi(ike, 5 + IKE_BUCKETS), b);
	ck_assert_ptr_eq(ike_sa_by_spi(ike, 5 + 2 * IKE_BUCKETS), c);
	ck_assert_ptr_null(ike_sa_by_spi(ike, 6));
	ck_assert(ike_sa_spi(a) == 5 && ike_sa_peer_spi(a) == 6);
	ck_assert(ike_sa_spi(c) == 5 + 2 * IKE_BUCKETS && ike_sa_peer_spi(c) == 5);
	ck_assert(d->spi_i == 9 && d->spi_r != 0);
	/* Full. */
	ck_assert_ptr_null(ike_sa_new(ike, true, 0));
	ck_assert_uint_eq(ike_counters(ike)->by_cause[CAUSE_LIMIT_REACHED], 1);
	/* Those who call us are half open until they are not; who ends is found no more. */
	ck_assert_uint_eq(ike_half_open(ike), 2);
	ike_sa_enter(c, IKE_S_AUTH, CAUSE_NONE);
	ck_assert_uint_eq(ike_half_open(ike), 2);
	ike_sa_enter(c, IKE_S_ESTABLISHED, CAUSE_NONE);
	ike_sa_enter(c, IKE_S_REKEYED, CAUSE_NONE);
	ck_assert_uint_eq(ike_half_open(ike), 1);
	ike_sa_forget(d);
	ike_sa_forget(d);
	ck_assert_uint_eq(ike_half_open(ike), 0);
	ike_sa_forget(a);
	ck_assert_ptr_null(ike_sa_by_spi(ike, 5));
	ck_assert_uint_eq(ike->sas_count, 4);
	ike_reap(ike);
	ck_assert_uint_eq(ike->sas_count, 2);
	ck_assert_ptr_eq(ike_sa_by_spi(ike, 5 + IKE_BUCKETS), b);
	ck_assert_ptr_nonnull(ike_sa_new(ike, true, 0));
	ike_free(ike);
}
END_TEST

/* What is half open and not answered on ends after 30 s, and was no news. */
START_TEST(half_open_ends)
{
	struct pair *p = pair_new();
	unsigned notes;

	forge_before_auth(p);
	p->filter = pair_lose_all;
	notes = p->side[1].notes;
	p->now += LS_S(IKE_HALF_OPEN_S) - 1;
	ike_tick(p->side[1].ike, p->now);
	ck_assert_uint_eq(pair_ike_sas(&p->side[1]), 1);
	p->now++;
	ike_tick(p->side[1].ike, p->now);
	ck_assert_uint_eq(pair_ike_sas(&p->side[1]), 0);
	ck_assert_uint_eq(pair_counted(&p->side[1], CAUSE_IKE_HALF_OPEN_TIMEOUT), 1);
	pair_pump(&p->side[1]);
	ck_assert_uint_eq(p->side[1].notes, notes);
	pair_free(p);
}
END_TEST

/* The last pair is gone: the IKE SA waits 30 s for another one, then closes. */
START_TEST(childless_ends)
{
	struct pair *p = pair_new();

	pair_up(p);
	ike_child_expired(p->side[0].ike, pair_first_spi(p, 0), p->now);
	pair_run(p);
	pair_pass(p, LS_S(IKE_CHILDLESS_S) - 1);
	ck_assert_uint_eq(pair_established(&p->side[0]), 1);
	pair_pass(p, LS_S(2));
	ck_assert_uint_eq(pair_established(&p->side[0]) + pair_established(&p->side[1]), 0);
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_uint_eq(pair_counted(&p->side[i], CAUSE_IKE_CHILDLESS), 1);
		ck_assert_ptr_nonnull(pair_event(&p->side[i], CAUSE_IKE_CHILDLESS));
	}
	ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_DOWN), 1);
	pair_free(p);
}
END_TEST

/* Nobody could rekey it: at its hard limit it ends. */
START_TEST(hard_limit)
{
	struct pair *p = pair_new();
	struct ike_sa_view v;

	pair_up(p);
	ck_assert(ike_sa_view(p->side[0].ike, 0, &v));
	forge_sa(p, 0)->rekey_at = LS_NEVER - 1;
	ck_assert_int_eq(v.hard_at, p->now + LS_S(IKE_DEFAULT_LIFE_S));
	p->now = v.hard_at - 1;
	ike_tick(p->side[0].ike, p->now);
	ck_assert_int_eq(forge_sa(p, 0)->state, IKE_S_ESTABLISHED);
	p->now++;
	ike_tick(p->side[0].ike, p->now);
	ck_assert_int_eq(forge_sa(p, 0)->state, IKE_S_DELETING);
	pair_pump(&p->side[0]);
	ck_assert_int_eq(pair_last(&p->side[0], IKE_REQ_DOWN)->cause, CAUSE_IKE_REKEY_FAILED);
	pair_free(p);
}
END_TEST

/* Silence for as long as configured, to the tick; any authentic word puts it off. */
START_TEST(liveness)
{
	struct pair *p = pair_new();
	struct ike_peer c = pair_peer(p, 0);
	struct ike_sa *sa;

	c.dpd_idle_s = 50;
	pair_set(p, 0, &c);
	pair_up(p);
	sa = forge_sa(p, 0);
	p->now += LS_S(49);
	ike_child_heard(p->side[0].ike, pair_first_spi(p, 0), p->now);
	p->now += LS_S(50) - 1;
	ike_tick(p->side[0].ike, p->now);
	ck_assert_ptr_null(sa->active);
	ck_assert_int_eq(ike_deadline(p->side[0].ike), p->now + 1);
	p->now++;
	ike_tick(p->side[0].ike, p->now);
	ck_assert(sa->active && sa->active->ops == &ike_ops_info);
	pair_free(p);
}
END_TEST

/* Each way to end: how many words to the peer, what the owner hears. */
START_TEST(ends)
{
	static const struct {
		unsigned how;
		unsigned sent;
		bool stays;
	} rows[] = {{0, 0, false}, {1, 1, false}, {2, 1, true}, {3, 0, true}};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct pair *p = pair_new();
		struct ike_sa *sa;
		unsigned sent;

		pair_up(p);
		sa = forge_sa(p, 0);
		sent = p->sent[0];
		if (rows[i].how == 0)
			ike_sa_end(sa, CAUSE_IDLE, "why");
		else if (rows[i].how == 1)
			ike_sa_end_telling(sa, CAUSE_IDLE, "why", IKE_N_AUTHENTICATION_FAILED);
		else if (rows[i].how == 2)
			ike_sa_close(sa, CAUSE_IDLE, "why");
		else
			ike_sa_linger(sa, CAUSE_IDLE, "why");
		ck_assert_int_eq(sa->state, rows[i].stays ? IKE_S_DELETING : IKE_S_DEAD);
		/* Once more changes nothing. */
		if (rows[i].how != 3) {
			ike_sa_end_telling(rows[i].stays ? forge_sa(p, 1) : sa, CAUSE_ADMIN, "", 0);
			ike_sa_close(sa, CAUSE_ADMIN, "");
		}
		pair_pump(&p->side[0]);
		ck_assert_uint_eq(p->sent[0] - sent, rows[i].sent);
		ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_DOWN), 1);
		ck_assert_int_eq(pair_last(&p->side[0], IKE_REQ_DOWN)->cause, CAUSE_IDLE);
		ck_assert_str_eq(pair_last(&p->side[0], IKE_REQ_DOWN)->text, "why");
		ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_REMOVE), 1);
		ike_tick(p->side[0].ike, p->now);
		ck_assert_uint_eq(pair_ike_sas(&p->side[0]), rows[i].stays);
		pair_free(p);
	}
}
END_TEST

/* An ike_start() hears of the end once; not at all where the tunnel is up by another SA. */
START_TEST(attempts)
{
	struct pair *p = pair_new();
	struct ike_sa *sa;

	ike_start(p->side[0].ike, 1, p->now);
	ike_start(p->side[0].ike, 1, p->now);
	ck_assert_uint_eq(pair_ike_sas(&p->side[0]), 1);
	ike_stop(p->side[0].ike, 1, CAUSE_ADMIN, p->now);
	pair_pump(&p->side[0]);
	ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_DOWN), 1);
	ck_assert_uint_eq(pair_last(&p->side[0], IKE_REQ_DOWN)->chain, 0);
	ck_assert_int_eq(pair_last(&p->side[0], IKE_REQ_DOWN)->cause, CAUSE_ADMIN);
	pair_drop(p);
	pair_free(p);
	p = pair_new();
	pair_up(p);
	ck_assert_int_eq(ike_init_dial(p->side[0].ike, p->side[0].ike->peers, 0, true), CAUSE_NONE);
	sa = forge_sa(p, 0);
	ck_assert_int_eq(sa->state, IKE_S_INIT);
	ike_sa_end(sa, CAUSE_IKE_NO_ANSWER, "");
	pair_pump(&p->side[0]);
	ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_DOWN), 0);
	pair_free(p);
}
END_TEST

/* A responder says nothing of its end to somebody who has not proved who he is. */
START_TEST(silent_to_strangers)
{
	struct pair *p = pair_new();
	unsigned sent[2];

	forge_before_auth(p);
	memcpy(sent, p->sent, sizeof sent);
	ike_shutdown(p->side[1].ike, p->now);
	ike_shutdown(p->side[0].ike, p->now);
	pair_cross(p);
	ck_assert_uint_eq(p->sent[1], sent[1]);
	ck_assert_uint_eq(pair_ike_sas(&p->side[1]), 0);
	/* Nor the other one, as long as its IKE_AUTH is unanswered (2.3). */
	ck_assert_uint_eq(p->sent[0], sent[0]);
	ck_assert(ike_farewells(p->side[0].ike) && !ike_farewells(p->side[1].ike));
	pair_free(p);
}
END_TEST

/* 2.2: a side whose ids, or whose peer's, come near their end makes a successor of the IKE SA,
 * which counts from 0. */
START_TEST(ids_never_come_round)
{
	struct pair *p = pair_new();
	struct ike_sa *a, *b;

	pair_up(p);
	a = forge_sa(p, 0);
	b = forge_sa(p, 1);
	a->send_id = b->recv_id = UINT32_MAX - 0x10000;
	ike_probe(a);
	pair_pass(p, LS_S(15));
	ck_assert(forge_sa(p, 0)->send_id < 10 && forge_sa(p, 0)->recv_id < 10);
	ck_assert_uint_eq(pair_ike_sas(&p->side[0]), 1);
	ck_assert_uint_eq(pair_ike_sas(&p->side[1]), 1);
	ck_assert_uint_eq(pair_check_sas(p), 1);
	pair_no_down(p);
	pair_free(p);
}
END_TEST

/* Where no successor comes to be, the SA is closed while that can be said. */
START_TEST(ids_are_used_up)
{
	for (unsigned which = 0; which < 2; which++) {
		struct pair *p = pair_new();
		struct ike_sa *a, *b;

		pair_up(p);
		a = forge_sa(p, 0);
		b = forge_sa(p, 1);
		a->rekey_at = b->rekey_at = ls_time_add(p->now, LS_S(600));
		if (which)
			b->send_id = a->recv_id = UINT32_MAX - 0x100;
		else
			a->send_id = b->recv_id = UINT32_MAX - 0x100;
		ike_probe(which ? b : a);
		pair_pass(p, LS_S(15));
		ck_assert_uint_eq(pair_ike_sas(&p->side[0]) + pair_ike_sas(&p->side[1]), 0);
		ck_assert_uint_eq(p->side[0].sas + p->side[1].sas, 0);
		ck_assert(pair_last(&p->side[0], IKE_REQ_DOWN)->cause == CAUSE_IKE_MESSAGE_IDS ||
		          pair_last(&p->side[1], IKE_REQ_DOWN)->cause == CAUSE_IKE_MESSAGE_IDS);
		pair_free(p);
	}
}
END_TEST

/* And if all else fails it ends: the last id is not sent, and after that of the peer none comes. */
START_TEST(ids_end)
{
	struct pair *p = pair_new();
	struct ike_build b = forge_build();
	unsigned sent;

	pair_up(p);
	sent = p->sent[0];
	forge_sa(p, 0)->send_id = UINT32_MAX;
	ike_probe(forge_sa(p, 0));
	pair_pump(&p->side[0]);
	ck_assert_uint_eq(p->sent[0], sent);
	ck_assert_int_eq(pair_last(&p->side[0], IKE_REQ_DOWN)->cause, CAUSE_IKE_MESSAGE_IDS);
	pair_free(p);

	p = pair_new();
	pair_up(p);
	forge_sa(p, 1)->recv_id = UINT32_MAX;
	sent = p->sent[1];
	forge_request(p, 0, IKE_X_INFO, UINT32_MAX, &b);
	pair_pump(&p->side[1]);
	ck_assert_uint_eq(p->sent[1], sent + 1);
	ck_assert_uint_eq(pair_ike_sas(&p->side[1]), 0);
	ck_assert_int_eq(pair_last(&p->side[1], IKE_REQ_DOWN)->cause, CAUSE_IKE_MESSAGE_IDS);
	pair_free(p);
}
END_TEST

/* 2.23: who follows whom to a new address. */
START_TEST(moves)
{
	static const struct {
		bool local, remote;
		uint8_t family;
		bool moves;
	} rows[] = {{false, true, 4, true},
	            {false, false, 4, false},
	            {true, true, 4, false},
	            {true, false, 4, false},
	            {false, true, 6, false}};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct pair *p = pair_new();
		struct ls_addr to = {.family = rows[i].family, .ip = {9, 9, 9, 9}, .port = 777},
			       before;
		struct ike_sa *sa;

		pair_up(p);
		sa = forge_sa(p, 1);
		sa->nat = (struct ike_nat_found){true, rows[i].local, rows[i].remote};
		before = sa->remote;
		ike_sa_moved(sa, &before);
		ike_sa_moved(sa, &to);
		ike_sa_moved(sa, &to);
		pair_pump(&p->side[1]);
		ck_assert_uint_eq(pair_count(&p->side[1], IKE_REQ_MOVED), rows[i].moves);
		ck_assert(ls_addr_equal(&sa->remote, rows[i].moves ? &to : &before));
		ck_assert_uint_eq(pair_counted(&p->side[1], CAUSE_IKE_MOVED), rows[i].moves);
		pair_free(p);
	}
}
END_TEST

START_TEST(bytes)
{
	struct ls_bytes b = {0};

	ck_assert(ike_bytes_set(&b, "abc", 3) && b.len == 3 && memcmp(b.p, "abc", 3) == 0);
	ck_assert(ike_bytes_set(&b, "", 0) && b.p && b.len == 0);
	ike_bytes_free(&b);
	ck_assert(!b.p);
	ike_bytes_free(&b);
}
END_TEST

IKE_MAIN("ike sa", keepalives, nat_moves, table, half_open_ends, childless_ends, hard_limit,
         liveness, ends, attempts, silent_to_strangers, moves, bytes, ids_never_come_round,
         ids_are_used_up, ids_end)
