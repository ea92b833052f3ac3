/* MOBIKE: a caller moves with all its SAs, and only the one who has authenticated itself does. */
#include "ike/ike_mobike.h"
#include "tests/unit/ike/ike_forge.h"
#include "tests/unit/ike/ike_main.h"

static void set(struct pair *p, unsigned side, bool mobike, bool udp)
{
	struct ike_peer c = pair_peer(p, side);

	c.mobike = mobike;
	c.force_udp = udp;
	pair_set(p, side, &c);
}

static struct pair *standing(struct pair *p, bool udp)
{
	set(p, 0, true, udp);
	set(p, 1, true, udp);
	pair_up(p);
	ck_assert(forge_sa(p, 0)->mobike && forge_sa(p, 1)->mobike);
	return p;
}

static struct pair *up(bool udp)
{
	return standing(pair_new(), udp);
}

/* A's host has another address; what it says has not been delivered yet. */
static bool leaves(struct pair *p, const char *ip)
{
	struct ls_addr old = p->side[0].ip;
	bool all;

	p->side[0].ip = pair_ip(ip);
	all = ike_path_moved(p->side[0].ike, 1, &old, &p->side[0].ip, CAUSE_IKE_OWN_ADDRESS,
	                     p->now);
	ike_tick(p->side[0].ike, p->now);
	pair_cross(p);
	return all;
}

static bool is_at(const struct pair *p, const char *ip)
{
	struct ls_addr a = pair_ip(ip);

	return ls_addr_same_ip(&forge_sa(p, 1)->remote, &a);
}

static bool sas_at(const struct pair *p, const char *ip)
{
	const struct pair_note *n = pair_last(&p->side[1], IKE_REQ_MOVED);
	struct ls_addr a = pair_ip(ip);

	return n && ls_addr_same_ip(&n->remote, &a);
}

/* The same SAs on both sides, at the new address, and they can be rekeyed there. */
static void all_is_well(struct pair *p, const char *ip)
{
	uint32_t spi = pair_first_spi(p, 0);

	ck_assert(is_at(p, ip) && sas_at(p, ip));
	pair_settled(p);
	ike_child_expiring(p->side[0].ike, spi, p->now);
	ike_rekey_start(forge_sa(p, 1));
	pair_pass(p, LS_S(80));
	ck_assert_ptr_null(pair_sa_find(&p->side[0], spi));
	pair_settled(p);
	ck_assert(is_at(p, ip) && forge_sa(p, 0)->mobike && forge_sa(p, 1)->mobike);
}

START_TEST(moves)
{
	struct pair *p = up(_i);
	uint64_t ike_spi = forge_sa(p, 1)->spi_r;
	uint32_t a = pair_first_spi(p, 0), b = pair_first_spi(p, 1);

	ck_assert(leaves(p, "203.0.113.7"));
	/* The caller's SAs go at once, the other ones when the address is proven. */
	ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_MOVED), 1);
	ck_assert(forge_sa(p, 0)->moving);
	pair_deliver_one(p);
	ck_assert(is_at(p, "203.0.113.7"));
	ck_assert_uint_eq(pair_count(&p->side[1], IKE_REQ_MOVED), 0);
	pair_run(p);
	ck_assert_uint_eq(pair_count(&p->side[1], IKE_REQ_MOVED), 1);
	ck_assert(forge_sa(p, 1)->spi_r == ike_spi && pair_first_spi(p, 0) == a &&
	          pair_first_spi(p, 1) == b);
	ck_assert_str_eq(pair_event(&p->side[0], CAUSE_MOBIKE_MOVING)->text,
	                 "192.0.2.1 before, 203.0.113.7 now");
	ck_assert_ptr_nonnull(
		strstr(pair_event(&p->side[1], CAUSE_MOBIKE_PEER)->text, "203.0.113.7"));
	ck_assert(!forge_sa(p, 0)->moving);
	all_is_well(p, "203.0.113.7");
	pair_free(p);
}
END_TEST

/* Each of the four messages is lost once. */
START_TEST(lost_and_repeated)
{
	struct pair *p = up(_i & 1);
	struct pair_lose lose = {.side = (unsigned)_i >> 1 & 1, .nth = (unsigned)_i >> 2};

	p->filter = pair_lose_nth;
	p->context = &lose;
	ck_assert(leaves(p, "203.0.113.7"));
	pair_pass(p, LS_S(5));
	ck_assert_uint_gt(lose.seen, lose.nth);
	all_is_well(p, "203.0.113.7");
	pair_free(p);
}
END_TEST

/* While the first request is on its way it moves again. */
START_TEST(moves_again)
{
	struct pair *p = up(_i & 1);

	ck_assert(leaves(p, "203.0.113.7"));
	if (_i & 2)
		pair_drop(p);
	else
		pair_deliver_one(p);
	ck_assert(leaves(p, "203.0.113.8"));
	if (_i & 4)
		pair_drop(p);
	pair_pass(p, LS_S(5));
	all_is_well(p, "203.0.113.8");
	pair_free(p);
}
END_TEST

/* What both had asked before goes on at the new address. */
START_TEST(collisions)
{
	struct pair *p = up(_i & 1);
	unsigned side = (unsigned)_i >> 1 & 1;

	if (_i >> 2 == 0)
		ike_probe(forge_sa(p, side));
	else if (_i >> 2 == 1)
		ike_child_expiring(p->side[side].ike, pair_first_spi(p, side), p->now);
	else
		ike_rekey_start(forge_sa(p, side));
	pair_cross(p);
	pair_drop(p);
	ck_assert(leaves(p, "203.0.113.7"));
	/* What A had asked goes again without waiting, or else its update goes first. */
	ck_assert_uint_eq(p->tail - p->head, 1);
	pair_pass(p, LS_S(80));
	pair_settled(p);
	ck_assert(is_at(p, "203.0.113.7") && sas_at(p, "203.0.113.7"));
	pair_free(p);
}
END_TEST

/* B's rekey has made a successor at A: B learns of it after A has moved; or A moved while the
 * request was on its way, and its own, on the old SA, comes after B's Delete. */
START_TEST(moves_while_rekeyed)
{
	struct pair *p = up(_i & 1);

	ike_rekey_start(forge_sa(p, 1));
	pair_cross(p);
	if (_i & 2) {
		ck_assert(leaves(p, "203.0.113.7"));
		pair_deliver_one(p);
		free(p->queue[p->head++ % PAIR_QUEUE_MAX].bytes);
	} else {
		pair_deliver_one(p);
		pair_drop(p);
		ck_assert(leaves(p, "203.0.113.7"));
	}
	pair_pass(p, LS_S(80));
	pair_settled(p);
	ck_assert(is_at(p, "203.0.113.7") && sas_at(p, "203.0.113.7"));
	pair_free(p);
}
END_TEST

/* Each bit of the update turned on its way, then what was seen comes again from elsewhere. */
START_TEST(forged)
{
	struct pair *p = up(_i);
	struct pair_message m, copy;

	ck_assert(leaves(p, "203.0.113.7"));
	m = p->queue[p->head % PAIR_QUEUE_MAX];
	copy = m;
	copy.bytes = malloc(m.len);
	/* What has another marker is not for ike. */
	for (size_t bit = _i ? 32 : 0; bit < 8 * m.len; bit++) {
		memcpy(copy.bytes, m.bytes, m.len);
		copy.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		pair_give(p, &copy);
		ck_assert(is_at(p, "192.0.2.1"));
	}
	ck_assert_uint_eq(pair_count(&p->side[1], IKE_REQ_MOVED), 0);
	memcpy(copy.bytes, m.bytes, m.len);
	pair_run(p);
	ck_assert(sas_at(p, "203.0.113.7"));
	copy.from = ls_addr_with_port(pair_ip("198.51.100.66"), m.from.port);
	for (unsigned i = 0; i < 3; i++)
		pair_give(p, &copy);
	pair_run(p);
	ck_assert_ptr_null(pair_event(&p->side[1], CAUSE_MOBIKE_COOKIE2));
	all_is_well(p, "203.0.113.7");
	free(copy.bytes);
	pair_free(p);
}
END_TEST

/* 3.7: an answer without the cookie, with another one, or cut short ends the SA. */
START_TEST(wrong_cookie)
{
	struct pair *p = up(false);
	struct ike_build b = forge_build();
	struct ike_sa *sa = forge_sa(p, 1);
	uint8_t wrong[IKE_COOKIE2_SIZE];

	ck_assert(leaves(p, "203.0.113.7"));
	pair_deliver_one(p);
	pair_drop(p);
	memcpy(wrong, sa->active->cookie.p, sizeof wrong);
	wrong[15] ^= 1;
	if (_i > 0)
		ike_build_notify(&b, IKE_PROTO_NONE, IKE_N_COOKIE2, LS_BYTES(NULL, 0),
		                 _i == 1 ? LS_BYTES(wrong, sizeof wrong)
		                         : LS_BYTES(sa->active->cookie.p, sizeof wrong - 1));
	forge_response(p, 0, IKE_X_INFO, sa->active->id, &b);
	ck_assert_int_eq(pair_last(&p->side[1], IKE_REQ_DOWN)->cause, CAUSE_MOBIKE_COOKIE2);
	ck_assert_uint_eq(pair_count(&p->side[1], IKE_REQ_MOVED), 0);
	pair_free(p);
}
END_TEST

/* One of both does not have it, or not any more. */
START_TEST(without)
{
	struct pair *p = pair_new();

	set(p, 0, _i != 0, false);
	set(p, 1, _i != 1, false);
	pair_up(p);
	if (_i == 2)
		set(p, 0, false, false);
	ck_assert_int_eq(forge_sa(p, 0)->mobike, _i == 2);
	ck_assert(!leaves(p, "203.0.113.7"));
	ck_assert_uint_eq(pair_ike_sas(&p->side[0]), 0);
	ck_assert_int_eq(pair_last(&p->side[0], IKE_REQ_DOWN)->cause, CAUSE_IKE_OWN_ADDRESS);
	pair_free(p);
}
END_TEST

/* Behind a NAT: ESP in UDP goes on, other ESP is dialled anew. */
START_TEST(behind_a_nat)
{
	struct pair *p = up(_i);

	p->side[0].nat = pair_ip("203.0.113.1");
	p->side[0].nat_shift = 10000;
	ck_assert(leaves(p, "10.0.0.7"));
	pair_run(p);
	if (_i) {
		ck_assert(forge_sa(p, 0)->nat.local && forge_sa(p, 1)->nat.remote);
		all_is_well(p, "203.0.113.1");
	} else {
		ck_assert_int_eq(pair_last(&p->side[0], IKE_REQ_DOWN)->cause, CAUSE_MOBIKE_REFUSED);
		ck_assert_ptr_nonnull(pair_event(&p->side[1], CAUSE_MOBIKE_UNACCEPTABLE));
		ck_assert(is_at(p, "192.0.2.1"));
		ck_assert_uint_eq(pair_count(&p->side[1], IKE_REQ_DOWN), 0);
	}
	pair_free(p);
}
END_TEST

/* 3.8: the NAT has another mapping, and nothing but probes shows it. */
START_TEST(mapping_changes)
{
	struct pair *p = standing(pair_new_nat(true, false), false);

	pair_pass(p, LS_S(70));
	ck_assert_ptr_null(pair_event(&p->side[1], CAUSE_MOBIKE_PEER));
	p->side[0].nat_shift = 20000;
	pair_pass(p, LS_S(70));
	ck_assert_uint_eq(forge_sa(p, 1)->remote.port, 24500);
	ck_assert_uint_eq(pair_count(&p->side[1], IKE_REQ_MOVED), 1);
	pair_settled(p);
	pair_free(p);
}
END_TEST

/* Requests that are authentic: from the one who was called, with addresses that were changed on the
 * way, and COOKIE2 of all sizes. */
START_TEST(requests)
{
	struct pair *p = up(false);
	uint8_t bytes[IKE_COOKIE2_MAX + 1] = {1};
	struct ls_addr from = pair_ip("203.0.113.9"), was = p->side[0].ip;
	struct ike_build b = forge_build();
	struct ike_payloads in;
	struct ike_header h;
	uint32_t id = forge_sa(p, 1)->recv_id;

	p->side[1].ip = from;
	ike_build_flag(&b, IKE_N_UPDATE_SA_ADDRESSES);
	forge_request(p, 1, IKE_X_INFO, forge_sa(p, 0)->recv_id, &b);
	ck_assert(!ls_addr_same_ip(&forge_sa(p, 0)->remote, &from));
	p->side[1].ip = forge_sa(p, 1)->local;
	pair_drop(p);

	p->side[0].ip = from;
	b = forge_build();
	ike_build_flag(&b, IKE_N_UPDATE_SA_ADDRESSES);
	ike_build_notify(&b, IKE_PROTO_NONE, IKE_N_NO_NATS_ALLOWED, LS_BYTES(NULL, 0),
	                 LS_BYTES(bytes, 12));
	forge_request(p, 0, IKE_X_INFO, id++, &b);
	forge_newest(p, &h, &in);
	ck_assert_ptr_nonnull(ike_notify_find(&in, IKE_N_UNEXPECTED_NAT_DETECTED));
	ck_assert(ls_addr_same_ip(&forge_sa(p, 1)->remote, &was));
	for (size_t n = 0; n <= sizeof bytes; n++) {
		const struct ike_notify *c;

		b = forge_build();
		ike_build_notify(&b, IKE_PROTO_NONE, IKE_N_COOKIE2, LS_BYTES(NULL, 0),
		                 LS_BYTES(bytes, n));
		forge_request(p, 0, IKE_X_INFO, id++, &b);
		forge_newest(p, &h, &in);
		c = ike_notify_find(&in, IKE_N_COOKIE2);
		ck_assert_int_eq(c != NULL, n >= IKE_COOKIE2_MIN && n <= IKE_COOKIE2_MAX);
		ck_assert(!c || (c->data.len == n && memcmp(c->data.p, bytes, n) == 0));
	}
	/* The answers went to where the requests came from, and nothing else did. */
	ck_assert(ls_addr_same_ip(&p->queue[(p->tail - 1) % PAIR_QUEUE_MAX].to, &from));
	ck_assert(ls_addr_same_ip(&forge_sa(p, 1)->remote, &was));
	ck_assert_uint_eq(pair_count(&p->side[1], IKE_REQ_MOVED), 0);
	pair_free(p);
}
END_TEST

/* The RFC's own notify is said in tunnel mode on port 4500 only. */
START_TEST(offered)
{
	for (unsigned i = 0; i < 8; i++) {
		struct ike_peer_entry e = {
			.config = {.mobike = true, .tunnel_mode = i & 1, .ah = i & 4}};
		struct ike_sa sa = {.peer = &e, .nat.spoken = true};
		struct ike_build b = forge_build();
		struct ike_payloads in;
		struct rd r;

		sa.local.port = i & 2 ? IKE_PORT_NAT : IKE_PORT;
		ike_mobike_offer(&sa, &b);
		ike_build_end(&b);
		r = rd_make(b.w.p, b.w.len);
		ck_assert_int_eq(ike_payloads_read(b.first, &r, &in), CAUSE_NONE);
		ck_assert_uint_eq(in.notifies, i & 4 ? 0 : i == 3 ? 2 : 1);
		ck_assert_int_eq(ike_notify_find(&in, IKE_N_MOBIKE_SUPPORTED) != NULL, i == 3);
		ike_mobike_take(&sa, &in);
		ck_assert_int_eq(sa.mobike, !(i & 4));
	}
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("ike_mobike");

	tcase_set_timeout(t, 0);
	tcase_add_loop_test(t, moves, 0, 2);
	tcase_add_loop_test(t, lost_and_repeated, 0, 8);
	tcase_add_loop_test(t, moves_again, 0, 8);
	tcase_add_loop_test(t, collisions, 0, 12);
	tcase_add_loop_test(t, moves_while_rekeyed, 0, 4);
	tcase_add_loop_test(t, forged, 0, 2);
	tcase_add_loop_test(t, wrong_cookie, 0, 3);
	tcase_add_loop_test(t, without, 0, 3);
	tcase_add_loop_test(t, behind_a_nat, 0, 2);
	tcase_add_test(t, mapping_changes);
	tcase_add_test(t, requests);
	tcase_add_test(t, offered);
	return run_cases("ike_mobike", t);
}
