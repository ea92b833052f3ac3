/* What a network does: NATs, losses, repetitions, floods, small packets, silence, moves; and
 * restarts of the engine itself. */
#include "tests/unit/ike/ike_main.h"
#include "tests/unit/ike/ike_pair.h"

#include "lib/wire.h"

static struct pair *nat_pair(bool a_nat, bool b_nat)
{
	struct pair *p = pair_new_at("10.0.0.1", "10.9.0.2", NULL);

	if (a_nat)
		p->side[0].nat = pair_ip("203.0.113.1");
	if (b_nat)
		p->side[1].nat = pair_ip("203.0.113.2");
	p->side[0].nat_shift = a_nat ? 10000 : 0;
	for (unsigned i = 0; i < 2; i++) {
		struct ike_peer c = pair_peer(p, i);

		pair_set(p, i, &c);
	}
	return p;
}

START_TEST(nat_before_us)
{
	struct pair *p = nat_pair(true, false);
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
	struct pair *p = nat_pair(false, true);

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
	struct pair *p = nat_pair(false, true);
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
	struct pair *p = nat_pair(true, true);

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
	struct pair *p = nat_pair(true, false);
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
	struct pair *p = nat_pair(true, false);
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

START_TEST(cookie)
{
	struct ike_limits limits = {.cookie_threshold = 1};
	struct pair *p = pair_new_at("192.0.2.1", "198.51.100.2", &limits);
	struct pair *other = pair_new();
	uint8_t *first;
	size_t len;

	for (unsigned i = 0; i < 2; i++) {
		struct ike_peer c = pair_peer(p, i);

		pair_set(p, i, &c);
	}
	/* Somebody else's half-open SA makes B ask for cookies. */
	ike_start(other->side[0].ike, 1, other->now);
	pair_pump(&other->side[0]);
	first = other->queue[0].bytes;
	len = other->queue[0].len;
	ike_input(p->side[1].ike,
	          &(struct ike_datagram){.local = ls_addr_with_port(p->side[1].ip, 500),
	                                 .remote = ls_addr_v4(0x08080808, 500),
	                                 .bytes = first,
	                                 .len = len},
	          p->now);
	ck_assert_uint_eq(ike_half_open(p->side[1].ike), 1);
	pair_up(p);
	ck_assert_uint_eq(p->sent[0], 3);
	ck_assert_uint_eq(ike_counters(p->side[1].ike)->by_cause[CAUSE_IKE_COOKIE_WANTED], 1);
	pair_free(other);
	pair_free(p);
}
END_TEST

/* A cookie and then another group: the cookie stays in the message (2.6.1). */
START_TEST(cookie_and_invalid_ke)
{
	struct ike_limits limits = {.cookie_threshold = 1};
	struct pair *p = pair_new_at("192.0.2.1", "198.51.100.2", &limits), *other = pair_new();
	struct ike_peer a = pair_peer(p, 0), b = pair_peer(p, 1);

	b.ike_count = 1;
	b.ike[0] = (struct ike_proposal){.count = 3,
	                                 .algo = {ALGO_AES128_GCM, ALGO_PRF_SHA256, ALGO_MODP2048}};
	pair_set(p, 0, &a);
	b.tunnel = 9;
	b.remote_id = pair_id("x.example");
	b.ike_count = 0;
	b.remote[0] = ls_addr_v4(0x08080808, 0);
	pair_set(p, 1, &b);
	b = pair_peer(p, 1);
	b.ike_count = 1;
	b.ike[0] = (struct ike_proposal){.count = 3,
	                                 .algo = {ALGO_AES128_GCM, ALGO_PRF_SHA256, ALGO_MODP2048}};
	pair_set(p, 1, &b);
	ike_start(other->side[0].ike, 1, other->now);
	pair_pump(&other->side[0]);
	ike_input(p->side[1].ike,
	          &(struct ike_datagram){.local = ls_addr_with_port(p->side[1].ip, 500),
	                                 .remote = ls_addr_v4(0x08080808, 500),
	                                 .bytes = other->queue[0].bytes,
	                                 .len = other->queue[0].len},
	          p->now);
	ck_assert_uint_eq(ike_half_open(p->side[1].ike), 1);
	pair_up(p);
	ck_assert_uint_eq(p->sent[0], 4);
	pair_free(other);
	pair_free(p);
}
END_TEST

/* A flood from many addresses and one: bounded, cookies asked, and a real peer still gets in. */
START_TEST(flood_is_bounded)
{
	struct ike_limits limits = {
		.cookie_threshold = 20, .max_half_open = 40, .max_half_open_per_source = 5};
	struct pair *p = pair_new_at("192.0.2.1", "198.51.100.2", &limits), *other = pair_new();
	struct ike_request r;
	uint8_t *bytes;
	size_t len;

	for (unsigned i = 0; i < 2; i++) {
		struct ike_peer c = pair_peer(p, i);

		pair_set(p, i, &c);
	}
	ike_start(other->side[0].ike, 1, other->now);
	pair_pump(&other->side[0]);
	bytes = other->queue[0].bytes;
	len = other->queue[0].len;
	for (unsigned i = 0; i < 300; i++) {
		struct ls_addr from =
			ls_addr_v4(i < 10 ? 0x08080808 : 0x09000000 + i, (uint16_t)(500 + i));

		ls_put64(bytes, 0x1000 + i);
		ike_input(p->side[1].ike,
		          &(struct ike_datagram){.local = ls_addr_with_port(p->side[1].ip, 500),
		                                 .remote = from,
		                                 .bytes = bytes,
		                                 .len = len},
		          p->now);
		while (ike_next(p->side[1].ike, &r))
			;
		if (i == 9)
			ck_assert_uint_eq(ike_half_open(p->side[1].ike), 5);
	}
	ck_assert_uint_eq(ike_half_open(p->side[1].ike), 20);
	pair_up(p);
	pair_pass(p, LS_S(60));
	ck_assert_uint_eq(ike_half_open(p->side[1].ike), 0);
	ck_assert_uint_eq(pair_check_sas(p), 1);
	pair_free(other);
	pair_free(p);
}
END_TEST

struct lose {
	unsigned side, nth, seen;
};

static bool lose_nth(struct pair *p, struct pair_message *m, void *context)
{
	struct lose *l = context;

	(void)p;
	return m->side != l->side || l->seen++ != l->nth;
}

/* Each message of the set-up is lost once: the same bytes again, the same answer again, one SA in
 * the end. */
START_TEST(each_message_lost)
{
	for (unsigned side = 0; side < 2; side++)
		for (unsigned nth = 0; nth < 2; nth++) {
			struct lose lose = {.side = side, .nth = nth};
			struct pair *p = pair_new();

			p->filter = lose_nth;
			p->context = &lose;
			ike_start(p->side[0].ike, 1, p->now);
			pair_pass(p, LS_S(5));
			ck_assert_uint_eq(pair_check_sas(p), 1);
			ck_assert_uint_eq(pair_count(&p->side[1], IKE_REQ_UP), 1);
			ck_assert_uint_eq(pair_ike_sas(&p->side[1]), 1);
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

static bool lose_from(struct pair *p, struct pair_message *m, void *context)
{
	(void)p;
	return m->side != *(unsigned *)context;
}

START_TEST(dead_peer)
{
	struct pair *p = pair_new();
	unsigned gone = 1;

	pair_up(p);
	pair_pass(p, LS_S(100));
	ck_assert_uint_eq(pair_check_sas(p), 1);
	p->filter = lose_from;
	p->context = &gone;
	pair_pass(p, LS_S(200));
	ck_assert_int_eq(pair_last(&p->side[0], IKE_REQ_DOWN)->cause, CAUSE_PEER_SILENT);
	ck_assert_uint_eq(p->side[0].sas, 0);
	pair_free(p);
}
END_TEST

/* ESP traffic is a sign of life: no probes. */
START_TEST(traffic_is_life)
{
	struct pair *p = pair_new();
	unsigned before;

	pair_up(p);
	before = p->sent[0] + p->sent[1];
	for (unsigned i = 0; i < 20; i++) {
		for (unsigned k = 0; k < 2; k++)
			ike_child_heard(p->side[k].ike, p->side[k].sa[0].spi_in, p->now);
		pair_pass(p, LS_S(10));
	}
	ck_assert_uint_eq(p->sent[0] + p->sent[1], before);
	ike_doubt(p->side[0].ike, 1, p->now);
	pair_pass(p, LS_S(1));
	ck_assert_uint_gt(p->sent[0] + p->sent[1], before);
	ck_assert_uint_eq(pair_check_sas(p), 1);
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
		struct lose lose = {.side = nth % 2, .nth = nth};
		struct pair *p = pair_new();

		for (unsigned i = 0; i < 2; i++) {
			struct ike_peer c = pair_peer(p, i);

			c.fragment_size = 200;
			pair_set(p, i, &c);
		}
		p->filter = lose_nth;
		p->context = &lose;
		ike_start(p->side[0].ike, 1, p->now);
		pair_pass(p, LS_S(5));
		ck_assert_uint_eq(pair_check_sas(p), 1);
		pair_free(p);
	}
}
END_TEST

static bool lose_large(struct pair *p, struct pair_message *m, void *context)
{
	(void)p;
	(void)context;
	return m->len <= 548;
}

START_TEST(smaller_fragments_after_silence)
{
	struct pair *p = pair_new();

	for (unsigned i = 0; i < 2; i++) {
		struct ike_peer c = pair_peer(p, i);

		/* Many proposals make IKE_AUTH large. */
		c.child_count = IKE_PROPOSALS_MAX;
		for (unsigned k = 0; k < IKE_PROPOSALS_MAX; k++)
			c.child[k] = (struct ike_proposal){
				.count = 7,
				.algo = {ALGO_AES256, ALGO_AES128, ALGO_AES192, ALGO_SHA512,
			                 ALGO_SHA384, ALGO_SHA256,
			                 (uint16_t)(k % 2 ? ALGO_X25519 : ALGO_ECP256)},
				.esn = k & 2,
				.no_esn = true};
		pair_set(p, i, &c);
	}
	p->filter = lose_large;
	ike_start(p->side[0].ike, 1, p->now);
	pair_pass(p, LS_S(10));
	ck_assert_uint_eq(pair_check_sas(p), 1);
	pair_free(p);
}
END_TEST

/* A message for an SA that does not exist: one unprotected notify, so many a second; on a response
 * nothing. */
START_TEST(unknown_spi)
{
	struct pair *p = pair_new();
	struct ike_request r;
	uint8_t bytes[64] = {0};
	unsigned n = 0;

	ls_put64(bytes, 1);
	ls_put64(bytes + 8, 2);
	bytes[16] = 46;
	bytes[17] = 0x20;
	bytes[18] = 37;
	ls_put32(bytes + 24, sizeof bytes);
	for (unsigned i = 0; i < 100; i++) {
		bytes[19] = i < 50 ? 0x08 : 0x28;
		ike_input(p->side[1].ike,
		          &(struct ike_datagram){.local = ls_addr_with_port(p->side[1].ip, 500),
		                                 .remote = ls_addr_v4(0x08080808, 500),
		                                 .bytes = bytes,
		                                 .len = sizeof bytes},
		          p->now);
		while (ike_next(p->side[1].ike, &r))
			n += r.kind == IKE_REQ_SEND;
	}
	ck_assert_uint_eq(n, 10);
	pair_free(p);
}
END_TEST

/* An unprotected INVALID_IKE_SPI for a standing SA is only a reason to probe (trap 28). */
START_TEST(unprotected_notify)
{
	struct pair *p = pair_new();
	struct ike_sa_view v;
	uint8_t bytes[36] = {0};

	pair_up(p);
	pair_pass(p, LS_S(10));
	ck_assert(ike_sa_view(p->side[0].ike, 0, &v));
	ls_put64(bytes, v.spi_i);
	ls_put64(bytes + 8, v.spi_r);
	bytes[16] = 41;
	bytes[17] = 0x20;
	bytes[18] = 37;
	bytes[19] = 0x20;
	ls_put32(bytes + 24, sizeof bytes);
	bytes[31] = 8;
	bytes[35] = 4;
	ike_input(p->side[0].ike,
	          &(struct ike_datagram){.local = ls_addr_with_port(p->side[0].ip, 500),
	                                 .remote = ls_addr_with_port(p->side[1].ip, 500),
	                                 .bytes = bytes,
	                                 .len = sizeof bytes},
	          p->now);
	pair_pass(p, LS_S(5));
	ck_assert_uint_eq(pair_check_sas(p), 1);
	ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_DOWN), 0);
	ck_assert_uint_eq(ike_counters(p->side[0].ike)->by_cause[CAUSE_IKE_UNPROTECTED], 1);
	pair_free(p);
}
END_TEST

/* A path that is lost ends the SAs on it, and those alone, without a word. */
START_TEST(path_lost)
{
	struct pair *p = pair_new();
	unsigned sent;

	pair_up(p);
	sent = p->sent[0];
	ike_path_lost(p->side[0].ike, 1, &p->side[1].ip, CAUSE_IKE_OWN_ADDRESS, p->now);
	ike_path_lost(p->side[0].ike, 2, &p->side[0].ip, CAUSE_IKE_OWN_ADDRESS, p->now);
	pair_run(p);
	ck_assert_uint_eq(pair_ike_sas(&p->side[0]), 1);
	ike_path_lost(p->side[0].ike, 1, &p->side[0].ip, CAUSE_IKE_OWN_ADDRESS, p->now);
	pair_run(p);
	ck_assert_uint_eq(pair_ike_sas(&p->side[0]), 0);
	ck_assert_uint_eq(p->sent[0], sent);
	ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_DOWN), 1);
	ck_assert_int_eq(pair_last(&p->side[0], IKE_REQ_DOWN)->cause, CAUSE_IKE_OWN_ADDRESS);
	pair_free(p);
}
END_TEST

/* A peer that says that it does not know the SA gets seconds, not minutes. */
START_TEST(peer_that_forgot)
{
	struct pair *p = pair_new();
	struct ike_peer c = pair_peer(p, 0);

	c.dpd_idle_s = 10;
	pair_set(p, 0, &c);
	pair_up(p);
	ike_path_lost(p->side[1].ike, 2, &p->side[1].ip, CAUSE_SHUTDOWN, p->now);
	pair_pass(p, LS_S(9));
	ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_DOWN), 0);
	pair_pass(p, LS_S(4));
	ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_DOWN), 0);
	pair_pass(p, LS_S(4));
	ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_DOWN), 1);
	ck_assert_int_eq(pair_last(&p->side[0], IKE_REQ_DOWN)->cause, CAUSE_PEER_SILENT);
	pair_free(p);
}
END_TEST

START_TEST(other_versions)
{
	struct pair *p = pair_new();
	struct ike_request r;
	uint8_t bytes[28] = {1};

	bytes[17] = 0x30;
	bytes[18] = 34;
	bytes[19] = 0x08;
	bytes[27] = 28;
	ike_input(p->side[1].ike,
	          &(struct ike_datagram){.local = ls_addr_with_port(p->side[1].ip, 500),
	                                 .remote = ls_addr_v4(0x08080808, 500),
	                                 .bytes = bytes,
	                                 .len = sizeof bytes},
	          p->now);
	ck_assert(ike_next(p->side[1].ike, &r));
	ck_assert_uint_eq(r.bytes.p[17], 0x20);
	ck_assert_uint_eq(r.bytes.p[35], 5);
	bytes[17] = 0x10;
	ike_input(p->side[1].ike,
	          &(struct ike_datagram){.local = ls_addr_with_port(p->side[1].ip, 500),
	                                 .remote = ls_addr_v4(0x08080808, 500),
	                                 .bytes = bytes,
	                                 .len = sizeof bytes},
	          p->now);
	ck_assert(!ike_next(p->side[1].ike, &r));
	pair_free(p);
}
END_TEST

/* Saves side and puts a new engine with that state in its place; the new clock has another start.
 */
static void reload(struct pair *p, unsigned side)
{
	static uint8_t bytes[1 << 16];
	struct wr w = wr_make(bytes, sizeof bytes);
	struct pair_side *s = &p->side[side];
	struct ike_peer c = pair_peer(p, side);

	ck_assert(ike_save(s->ike, &w, p->now));
	ike_free(s->ike);
	s->random = ls_random_from_seed(&s->seeded, 99999 + side);
	s->ike = ike_new(NULL, &s->random);
	pair_set(p, side, &c);
	ck_assert_int_eq(ike_load(s->ike, bytes, w.len, p->now), CAUSE_NONE);
}

START_TEST(save_and_load)
{
	for (unsigned side = 0; side < 2; side++) {
		struct pair *p = nat_pair(side == 0, false);
		struct ike_sa_view before, after;

		pair_up(p);
		pair_pass(p, LS_S(100));
		ck_assert(ike_sa_view(p->side[side].ike, 0, &before));
		reload(p, side);
		ck_assert(ike_sa_view(p->side[side].ike, 0, &after));
		ck_assert_uint_eq(before.spi_i, after.spi_i);
		ck_assert_int_eq(before.soft_at, after.soft_at);
		ck_assert_uint_eq(after.children, 1);
		ck_assert(before.nat_local == after.nat_local &&
		          before.nat_remote == after.nat_remote);
		/* All goes on: probes, both sides' rekeys, the end. */
		pair_pass(p, LS_S(100));
		for (unsigned i = 0; i < 2; i++) {
			ike_child_expiring(p->side[i].ike, p->side[i].sa[0].spi_in, p->now);
			pair_run(p);
		}
		ck_assert_uint_eq(pair_check_sas(p), 1);
		ck_assert(p->side[0].sa[0].child.replaces);
		pair_check_sending(p);
		ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_DOWN) +
		                          pair_count(&p->side[1], IKE_REQ_DOWN),
		                  0);
		ike_stop(p->side[side].ike, side + 1, CAUSE_ADMIN, p->now);
		pair_run(p);
		ck_assert_uint_eq(p->side[0].sas + p->side[1].sas, 0);
		pair_free(p);
	}
}
END_TEST

/* Saved while a request is on its way: it is repeated, its id is used up, and the next exchange
 * works. */
START_TEST(save_in_the_middle)
{
	for (unsigned delivered = 0; delivered < 3; delivered++) {
		struct pair *p = pair_new();

		pair_up(p);
		ike_doubt(p->side[0].ike, 1, p->now);
		ike_tick(p->side[0].ike, p->now);
		for (unsigned i = 0; i < delivered; i++)
			pair_deliver_one(p);
		pair_pump(&p->side[0]);
		reload(p, 0);
		pair_pass(p, LS_S(3));
		ike_child_expiring(p->side[0].ike, p->side[0].sa[0].spi_in, p->now);
		pair_pass(p, LS_S(3));
		ck_assert_uint_eq(pair_check_sas(p), 1);
		ck_assert(p->side[0].sa[0].child.replaces);
		pair_free(p);
	}
}
END_TEST

/* A damaged or cut snapshot is refused whole. */
START_TEST(load_refuses)
{
	static uint8_t bytes[1 << 16];
	struct wr w = wr_make(bytes, sizeof bytes);
	struct pair *p = pair_new();
	struct ls_random_seeded seeded;
	struct ls_random random = ls_random_from_seed(&seeded, 5);
	struct ike_peer c = pair_peer(p, 0);
	struct ike_sa_view v;

	pair_up(p);
	ck_assert(ike_save(p->side[0].ike, &w, p->now));
	for (size_t len = 0; len < w.len; len++) {
		struct ike *e = ike_new(NULL, &random);

		ck_assert_int_eq(ike_peer_set(e, &c, p->now), CAUSE_NONE);
		ck_assert_int_eq(ike_load(e, bytes, len, p->now), CAUSE_STATE_VERSION);
		ck_assert(!ike_sa_view(e, 0, &v));
		ike_free(e);
	}
	for (size_t at = 0; at < w.len; at++) {
		struct ike *e = ike_new(NULL, &random);

		bytes[at] ^= 0xff;
		ck_assert_int_eq(ike_peer_set(e, &c, p->now), CAUSE_NONE);
		if (ike_load(e, bytes, w.len, p->now) != CAUSE_NONE)
			ck_assert(!ike_sa_view(e, 0, &v));
		ike_tick(e, p->now + LS_S(100));
		bytes[at] ^= 0xff;
		ike_free(e);
	}
	pair_free(p);
}
END_TEST

START_TEST(views_and_keys)
{
	struct pair *p = pair_new();
	struct ike_debug_keys a, b;

	pair_up(p);
	ck_assert(ike_debug_keys(p->side[0].ike, 0, &a) && ike_debug_keys(p->side[1].ike, 0, &b));
	ck_assert_uint_eq(a.sk_ei.len, 36);
	ck_assert_uint_eq(a.sk_ai.len, 0);
	ck_assert_int_eq(memcmp(a.sk_ei.p, b.sk_ei.p, 36), 0);
	ck_assert_int_eq(memcmp(a.sk_er.p, b.sk_er.p, 36), 0);
	ck_assert(!ike_debug_keys(p->side[0].ike, 1, &a));
	pair_free(p);
}
END_TEST

IKE_MAIN("ike net", nat_before_us, nat_before_peer, a_peer_behind_a_nat_is_called_back,
         nat_before_both, udp_forced, keepalives, nat_moves, cookie, cookie_and_invalid_ke,
         flood_is_bounded, each_message_lost, everything_twice, replays, dead_peer, traffic_is_life,
         fragments, fragments_on_a_bad_path, smaller_fragments_after_silence, unknown_spi,
         unprotected_notify, path_lost, peer_that_forgot, other_versions, save_and_load,
         save_in_the_middle, load_refuses, views_and_keys)
