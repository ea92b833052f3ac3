/* Exchanges: one at a time, repeated until they are answered, and given up. */
#include "tests/unit/ike/ike_forge.h"
#include "tests/unit/ike/ike_main.h"

/* Each message of the set-up is lost once: the same bytes again, the same answer again, one SA in
 * the end. */
START_TEST(each_message_lost)
{
	for (unsigned side = 0; side < 2; side++)
		for (unsigned nth = 0; nth < 2; nth++) {
			struct pair_lose lose = {.side = side, .nth = nth};
			struct pair *p = pair_new();

			p->filter = pair_lose_nth;
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

/* An owner that never answers a question: bounded wait, one cause. */
START_TEST(silent_inside)
{
	struct pair *p = pair_new();

	p->side[0].silent = true;
	ike_start(p->side[0].ike, 1, p->now);
	pair_pass(p, LS_S(60));
	ck_assert_int_eq(pair_last(&p->side[0], IKE_REQ_DOWN)->cause, CAUSE_IKE_SILENT_INSIDE);
	ck_assert_uint_eq(pair_ike_sas(&p->side[0]), 0);
	pair_free(p);
	p = pair_new();
	p->side[1].silent = true;
	ike_start(p->side[0].ike, 1, p->now);
	pair_pass(p, LS_S(200));
	ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_DOWN), 1);
	ck_assert_uint_eq(pair_ike_sas(&p->side[1]), 0);
	pair_free(p);
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

static void dpd_off(struct pair *p)
{
	for (unsigned i = 0; i < 2; i++) {
		struct ike_peer c = pair_peer(p, i);

		c.dpd_idle_s = 100000;
		pair_set(p, i, &c);
	}
}

/* 2.3: one request is on its way at a time, the others wait in order, even if the peer offers a
 * larger window. */
START_TEST(window_of_one)
{
	struct pair *p = pair_new();
	struct ike_build b = forge_build();
	struct ike_sa *sa;
	unsigned sent;

	dpd_off(p);
	pair_up(p);
	sa = forge_sa(p, 0);
	ike_build_notify(&b, 0, IKE_N_SET_WINDOW_SIZE, LS_BYTES(NULL, 0), LS_BYTES("\0\0\0\20", 4));
	forge_request(p, 1, IKE_X_INFO, 0, &b);
	pair_drop(p);
	forge_sa(p, 1)->send_id = 1;
	sent = p->sent[0];
	for (unsigned i = 0; i < 3; i++)
		ike_probe(sa);
	pair_cross(p);
	ck_assert_uint_eq(p->sent[0], sent + 1);
	ck_assert(sa->active && sa->queue && sa->queue->next && !sa->queue->next->next);
	/* Each goes when the one before it is answered, not earlier. */
	for (unsigned i = 0; i < 3; i++) {
		ck_assert_uint_eq(sa->active->id, 2 + i);
		ck_assert_uint_eq(sa->send_id, 2 + i);
		pair_deliver_one(p);
		ck_assert_uint_eq(p->sent[0], sent + 1 + i);
		pair_deliver_one(p);
		ck_assert_uint_eq(p->sent[0], sent + (i < 2 ? 2 + i : 3));
	}
	ck_assert(!sa->active && sa->send_id == 5);
	pair_free(p);
}
END_TEST

/* Nor does a Delete go before what was asked is answered, also where the daemon ends. */
START_TEST(farewell_within_the_window)
{
	struct pair *p = pair_new();
	unsigned sent;

	dpd_off(p);
	pair_up(p);
	sent = p->sent[0];
	ike_probe(forge_sa(p, 0));
	ike_shutdown(p->side[0].ike, p->now);
	ike_shutdown(p->side[0].ike, p->now);
	pair_cross(p);
	ck_assert_uint_eq(p->sent[0], sent + 1);
	ck_assert_uint_eq(p->side[0].sas, 0);
	ck_assert(ike_farewells(p->side[0].ike));
	/* No new SA comes meanwhile. */
	ike_start(p->side[0].ike, 1, p->now);
	ck_assert_uint_eq(pair_ike_sas(&p->side[0]), 1);
	pair_deliver_one(p);
	pair_deliver_one(p);
	pair_cross(p);
	ck_assert_uint_eq(p->sent[0], sent + 2);
	ck_assert(!ike_farewells(p->side[0].ike));
	pair_run(p);
	ck_assert_uint_eq(p->side[1].sas, 0);
	ck_assert_int_eq(pair_last(&p->side[1], IKE_REQ_DOWN)->cause, CAUSE_PEER_ASKED);
	pair_free(p);
}
END_TEST

/* A dialling that is called off in IKE_AUTH: what the peer makes of it then is deleted there. */
START_TEST(called_off_in_auth)
{
	struct pair *p = pair_new();
	unsigned sent;

	ike_start(p->side[0].ike, 1, p->now);
	pair_deliver_one(p);
	pair_deliver_one(p);
	pair_cross(p);
	ck_assert_int_eq(forge_sa(p, 0)->state, IKE_S_AUTH);
	sent = p->sent[0];
	ike_stop(p->side[0].ike, 1, CAUSE_ADMIN, p->now);
	pair_cross(p);
	ck_assert_uint_eq(p->sent[0], sent);
	ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_DOWN), 1);
	pair_deliver_one(p);
	pair_cross(p);
	ck_assert_uint_eq(p->side[1].sas, 1);
	pair_run(p);
	ck_assert_uint_eq(p->side[0].sas + p->side[1].sas, 0);
	ck_assert_uint_eq(pair_ike_sas(&p->side[0]), 0);
	ck_assert_uint_eq(p->side[0].reserved, p->side[0].released);
	ck_assert_int_eq(pair_last(&p->side[1], IKE_REQ_DOWN)->cause, CAUSE_PEER_ASKED);
	pair_free(p);
}
END_TEST

struct times {
	ls_time at[16];
	uint8_t first[512];
	size_t len;
	unsigned n;
};

static bool note_time(struct pair *p, struct pair_message *m, void *context)
{
	struct times *t = context;

	if (m->side)
		return false;
	ck_assert_uint_lt(t->n, 16);
	if (t->n == 0) {
		t->len = m->len;
		ck_assert_uint_le(m->len, sizeof t->first);
		memcpy(t->first, m->bytes, m->len);
	}
	/* 2.1: bit by bit the same. */
	ck_assert_uint_eq(m->len, t->len);
	ck_assert_mem_eq(m->bytes, t->first, m->len);
	t->at[t->n++] = p->now;
	return false;
}

/* Half a second, doubled each time up to 30 s, with a little chance; eight tries, then it is dead.
 */
START_TEST(retransmission)
{
	struct pair *p = pair_new();
	struct times t = {0};
	ls_time wait = LS_MS(500);

	dpd_off(p);
	pair_up(p);
	p->filter = note_time;
	p->context = &t;
	pair_probe(p, 0);
	pair_pass(p, LS_S(200));
	ck_assert_uint_eq(t.n, IKE_DEFAULT_TRIES);
	for (unsigned i = 1; i < t.n; i++) {
		ls_time took = t.at[i] - t.at[i - 1];

		ck_assert(took >= wait && took <= wait + wait / 10);
		wait = wait * 2 > LS_S(IKE_RETRY_MOST_S) ? LS_S(IKE_RETRY_MOST_S) : wait * 2;
	}
	ck_assert_uint_eq(pair_counted(&p->side[0], CAUSE_IKE_RETRANSMIT), t.n - 1);
	ck_assert_int_eq(pair_last(&p->side[0], IKE_REQ_DOWN)->cause, CAUSE_PEER_SILENT);
	pair_free(p);
}
END_TEST

/* As the config says; a closing gives up earlier. */
START_TEST(tries_as_configured)
{
	for (unsigned closing = 0; closing < 2; closing++) {
		struct pair *p = pair_new();
		struct ike_peer c = pair_peer(p, 0);
		struct times t = {0};

		c.dpd_idle_s = 100000;
		c.retry_count = closing ? 12 : 3;
		c.retry_first_ms = 2000;
		pair_set(p, 0, &c);
		pair_up(p);
		p->filter = note_time;
		p->context = &t;
		if (closing)
			ike_stop(p->side[0].ike, 1, CAUSE_ADMIN, p->now);
		else
			pair_probe(p, 0);
		pair_pass(p, LS_S(100));
		ck_assert_uint_eq(t.n, closing ? IKE_CLOSE_TRIES : 3);
		ck_assert(t.at[1] - t.at[0] >= LS_S(2));
		ck_assert_uint_eq(pair_ike_sas(&p->side[0]), 0);
		ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_DOWN), 1);
		ck_assert_int_eq(pair_last(&p->side[0], IKE_REQ_DOWN)->cause,
		                 closing ? CAUSE_ADMIN : CAUSE_PEER_SILENT);
		pair_free(p);
	}
}
END_TEST

/* IKE_AUTH without an answer has a text of its own: that is most often a firewall. */
START_TEST(no_answer_to_auth)
{
	struct pair *p = pair_new();

	forge_before_auth(p);
	p->filter = pair_lose_all;
	pair_pass(p, LS_S(200));
	ck_assert_int_eq(pair_last(&p->side[0], IKE_REQ_DOWN)->cause, CAUSE_IKE_NO_ANSWER);
	ck_assert_ptr_nonnull(
		strstr(pair_last(&p->side[0], IKE_REQ_DOWN)->text, "is UDP 4500 open"));
	ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_DOWN), 1);
	pair_free(p);
}
END_TEST

/* The SA is closed while an exchange is on its way: its id is used up first, then the Delete goes.
 */
START_TEST(closed_in_the_middle)
{
	struct pair *p = pair_new();
	struct ike_sa *sa;

	pair_up(p);
	sa = forge_sa(p, 0);
	ike_child_expiring(p->side[0].ike, pair_first_spi(p, 0), p->now);
	pair_cross(p);
	ck_assert(sa->active && sa->active->outstanding);
	ike_stop(p->side[0].ike, 1, CAUSE_ADMIN, p->now);
	ck_assert(sa->active->ops == &ike_ops_resume && sa->queue &&
	          sa->queue->ops == &ike_ops_close);
	ck_assert_uint_eq(sa->active->id, 2);
	pair_run(p);
	ck_assert_uint_eq(p->side[0].sas + p->side[1].sas, 0);
	ck_assert_uint_eq(pair_ike_sas(&p->side[0]), 0);
	ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_DOWN), 1);
	/* What the lost exchange had reserved was given back. */
	ck_assert_uint_eq(p->side[0].reserved, p->side[0].released + 1);
	pair_free(p);
}
END_TEST

static bool only_small(struct pair *p, struct pair_message *m, void *context)
{
	(void)p;
	(void)context;
	return m->len <= 300;
}

/* RFC 7383 2.5.2: after two tries a message that was cut to 1280 goes in pieces for 576; that is
 * kept for what follows. One that is small already stays as it is. */
START_TEST(cut_smaller)
{
	static const uint8_t big[1000];
	struct pair *p = pair_new();
	struct ike_task *t;
	struct ike_build b;
	struct ike_sa *sa;
	unsigned sent;

	dpd_off(p);
	pair_up(p);
	sa = forge_sa(p, 0);
	p->filter = pair_lose_all;
	pair_probe(p, 0);
	pair_pass(p, LS_S(4));
	ck_assert_uint_gt(sa->active->tries, 3);
	p->filter = only_small;
	pair_pass(p, LS_S(6));
	ck_assert_ptr_null(sa->active);
	ck_assert_uint_eq(sa->fragment_size, IKE_DEFAULT_FRAGMENT);
	/* One with much in it. */
	t = ike_task_new(sa, &ike_ops_info);
	ck_assert_ptr_nonnull(t);
	sa->active = t;
	b = ike_task_build(t);
	ike_build_bytes(&b, IKE_P_VENDOR, LS_BYTES(big, sizeof big));
	ike_task_send(t, &b);
	ck_assert_uint_eq(t->packets.count, 1);
	sent = p->sent[0];
	ike_tick(p->side[0].ike, p->now);
	pair_pass(p, LS_S(1));
	ck_assert_uint_eq(p->sent[0], sent + 2);
	ck_assert_uint_eq(sa->fragment_size, IKE_DEFAULT_FRAGMENT);
	p->largest[0] = 0;
	pair_pass(p, LS_S(1));
	ck_assert_uint_eq(sa->fragment_size, IKE_SMALL_FRAGMENT);
	ck_assert_uint_le(p->largest[0], IKE_SMALL_FRAGMENT - 28);
	ck_assert_uint_eq(t->packets.count, 3);
	pair_free(p);
}
END_TEST

/* The owner's answer comes in time, at the last moment, or not. */
START_TEST(question_times_out)
{
	for (unsigned late = 0; late < 2; late++) {
		struct pair *p = pair_new();
		struct ike_request r = {0};

		pair_up(p);
		ike_child_expiring(p->side[0].ike, pair_first_spi(p, 0), p->now);
		while (ike_next(p->side[0].ike, &r) && r.kind != IKE_REQ_SPI)
			;
		ck_assert_int_eq(forge_sa(p, 0)->active->question_until,
		                 p->now + LS_S(IKE_QUESTION_S));
		p->now += LS_S(IKE_QUESTION_S) - !late;
		ike_tick(p->side[0].ike, p->now);
		ike_answer(p->side[0].ike, r.id, &(struct ike_answer){.spi = 0xa0a0a0a0}, p->now);
		pair_run(p);
		if (late) {
			ck_assert_int_eq(pair_last(&p->side[0], IKE_REQ_DOWN)->cause,
			                 CAUSE_IKE_SILENT_INSIDE);
			ck_assert_str_eq(pair_last(&p->side[0], IKE_REQ_DOWN)->text,
			                 "the packet path");
			ck_assert_uint_eq(p->side[0].released, 1);
			ck_assert_uint_eq(p->side[1].sas, 0);
		} else {
			pair_settled(p);
			ck_assert_uint_eq(pair_first_spi(p, 0), 0xa0a0a0a0);
		}
		pair_free(p);
	}
}
END_TEST

/* A message that does not fit its buffer is not sent cut: the SA ends. */
START_TEST(too_large_to_build)
{
	for (unsigned response = 0; response < 2; response++) {
		struct pair *p = pair_new();
		struct ike_sa *sa;
		struct ike_task *t;
		struct ike_build b = ike_build_make(NULL, 0);
		unsigned sent;

		pair_up(p);
		sa = forge_sa(p, 0);
		sent = p->sent[0];
		t = ike_task_new(sa, &ike_ops_info);
		ck_assert_ptr_nonnull(t);
		ike_build_flag(&b, IKE_N_INITIAL_CONTACT);
		if (response) {
			sa->serving = t;
			ike_task_respond(t, &b);
		} else {
			sa->active = t;
			ike_task_send(t, &b);
		}
		ck_assert_int_eq(sa->state, IKE_S_DEAD);
		ike_reap(p->side[0].ike);
		pair_run(p);
		ck_assert_uint_eq(p->sent[0], sent);
		ck_assert_int_eq(pair_last(&p->side[0], IKE_REQ_DOWN)->cause, CAUSE_INTERNAL);
		pair_free(p);
	}
}
END_TEST

IKE_MAIN("ike tasks", each_message_lost, dead_peer, silent_inside, smaller_fragments_after_silence,
         window_of_one, retransmission, tries_as_configured, no_answer_to_auth,
         closed_in_the_middle, cut_smaller, question_times_out, too_large_to_build,
         farewell_within_the_window, called_off_in_auth)
