/* Tests of ICMP as a hint: it starts a probe where the peer is silent, seldom however often it
 * comes, and ends nothing. */
#include "tests/unit/ike/ike_main.h"
#include "tests/unit/ike/ike_pair.h"

static const struct ls_addr *router(void)
{
	static struct ls_addr a;

	a = pair_ip("203.0.113.99");
	return &a;
}

/* What ICMP says to side 0 of the way to side 1. */
static void say(struct pair *p, uint16_t port, enum ls_unreach kind)
{
	struct ls_addr to = ls_addr_with_port(p->side[1].ip, port);

	ike_unreachable(p->side[0].ike, &to, router(), kind, p->now);
}

static unsigned told(const struct pair_side *s)
{
	unsigned n = 0;

	for (unsigned i = 0; i < s->notes; i++)
		n += s->note[i].kind == IKE_REQ_EVENT && s->note[i].cause == CAUSE_IKE_UNREACHABLE;
	return n;
}

static bool lose_from(struct pair *p, struct pair_message *m, void *context)
{
	(void)p;
	return m->side != *(unsigned *)context;
}

/* A peer that is silent is probed long before its time; told and counted, with who said it. */
START_TEST(a_silent_peer_is_probed)
{
	struct pair *p = pair_new();
	unsigned before;

	pair_up(p);
	before = p->sent[0];
	pair_pass(p, LS_S(5));
	ck_assert_uint_eq(p->sent[0], before);
	say(p, 500, LS_UNREACH_HOST);
	pair_pass(p, LS_S(3));
	ck_assert_uint_eq(p->sent[0], before + 1);
	ck_assert_uint_eq(told(&p->side[0]), 1);
	ck_assert_str_eq(pair_event(&p->side[0], CAUSE_IKE_UNREACHABLE)->text,
	                 "host unreachable, said by 203.0.113.99");
	ck_assert_uint_eq(ike_counters(p->side[0].ike)->by_cause[CAUSE_IKE_UNREACHABLE], 1);
	ck_assert_uint_eq(pair_check_sas(p), 1);
	pair_free(p);
}
END_TEST

/* A raw socket knows no port: any will do. Another port is another peer behind the same NAT. */
START_TEST(whom_it_concerns)
{
	struct pair *p = pair_new();
	struct ls_addr other = pair_ip("192.0.2.200");
	unsigned before;

	pair_up(p);
	before = p->sent[0];
	say(p, 4500, LS_UNREACH_HOST);
	ike_unreachable(p->side[0].ike, &other, router(), LS_UNREACH_HOST, p->now);
	say(p, 500, LS_UNREACH_NONE);
	pair_pass(p, LS_S(10));
	ck_assert_uint_eq(p->sent[0], before);
	say(p, 0, LS_UNREACH_PROTOCOL);
	pair_pass(p, LS_S(3));
	ck_assert_uint_eq(p->sent[0], before + 1);
	pair_free(p);
}
END_TEST

/* A hundred a second for a minute: one probe each few seconds, one line in a minute; with traffic
 * no probe at all. */
START_TEST(a_flood_costs_little)
{
	for (unsigned busy = 0; busy < 2; busy++) {
		struct pair *p = pair_new();
		unsigned before;

		pair_up(p);
		before = p->sent[0];
		for (unsigned i = 0; i < 6000; i++) {
			say(p, i % 2 ? 500 : 0, (enum ls_unreach)(1 + i % (LS_UNREACH_KINDS - 1)));
			for (unsigned k = 0; busy && i % 100 == 0 && k < 2; k++)
				ike_child_heard(p->side[k].ike, p->side[k].sa[0].spi_in, p->now);
			pair_pass(p, LS_MS(10));
		}
		if (busy)
			ck_assert_uint_eq(p->sent[0], before);
		else
			ck_assert_uint_ge(p->sent[0], before + 4);
		ck_assert_uint_le(p->sent[0] - before, 12);
		ck_assert_uint_le(told(&p->side[0]), 1);
		ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_DOWN), 0);
		ck_assert_uint_eq(pair_check_sas(p), 1);
		pair_free(p);
	}
}
END_TEST

/* Only silence ends the SA, after all tries; and then the text says what ICMP said. */
START_TEST(the_end_says_what_was_heard)
{
	struct pair *p = pair_new();
	unsigned gone = 1;
	ls_time from;

	pair_up(p);
	p->filter = lose_from;
	p->context = &gone;
	from = p->now;
	say(p, 500, LS_UNREACH_PORT);
	pair_pass(p, LS_S(20));
	ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_DOWN), 0);
	while (pair_count(&p->side[0], IKE_REQ_DOWN) == 0 && p->now - from < LS_S(300)) {
		say(p, 500, LS_UNREACH_PORT);
		pair_pass(p, LS_S(1));
	}
	ck_assert_int_eq(pair_last(&p->side[0], IKE_REQ_DOWN)->cause, CAUSE_PEER_SILENT);
	ck_assert_str_eq(pair_last(&p->side[0], IKE_REQ_DOWN)->text,
	                 "port unreachable, said by 203.0.113.99");
	ck_assert_int_ge(p->now - from, LS_S(60));
	pair_free(p);
}
END_TEST

/* ICMP all the while cannot stop a dialling: it has as many tries as without it, and the answer to
 * the last one is good. */
START_TEST(dialling_goes_on)
{
	unsigned tries[2];

	for (unsigned icmp = 0; icmp < 2; icmp++) {
		struct pair *p = pair_new();
		unsigned gone = 1;

		p->filter = lose_from;
		p->context = &gone;
		ike_start(p->side[0].ike, 1, p->now);
		for (unsigned i = 0; i < 200; i++) {
			if (icmp)
				say(p, 500, LS_UNREACH_HOST);
			pair_pass(p, LS_S(1));
		}
		tries[icmp] = p->sent[0];
		ck_assert_int_eq(pair_last(&p->side[0], IKE_REQ_DOWN)->cause, CAUSE_IKE_NO_ANSWER);
		ck_assert((strstr(pair_last(&p->side[0], IKE_REQ_DOWN)->text,
		                  "host unreachable, said by 203.0.113.99") != NULL) == icmp);
		ck_assert_uint_eq(told(&p->side[0]), icmp ? 2 : 0);
		pair_free(p);
	}
	ck_assert_uint_eq(tries[0], tries[1]);
}
END_TEST

START_TEST(dialling_ends_well)
{
	struct pair *p = pair_new();
	unsigned gone = 1;

	p->filter = lose_from;
	p->context = &gone;
	ike_start(p->side[0].ike, 1, p->now);
	for (unsigned i = 0; i < 20; i++) {
		say(p, 500, LS_UNREACH_HOST);
		pair_pass(p, LS_S(1));
	}
	p->filter = NULL;
	for (unsigned i = 0; i < 40; i++) {
		say(p, 500, LS_UNREACH_HOST);
		pair_pass(p, LS_S(1));
	}
	ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_UP), 1);
	ck_assert_uint_eq(pair_check_sas(p), 1);
	pair_free(p);
}
END_TEST

/* Where the peer has another address, that one's turn comes sooner, but not before a second try;
 * the last address gets all its tries. */
START_TEST(the_next_address_sooner)
{
	ls_time took[2];
	unsigned tries[2];

	for (unsigned icmp = 0; icmp < 2; icmp++) {
		struct pair *p = pair_new();
		struct ike_peer c = pair_peer(p, 0);
		struct ls_addr dead = pair_ip("192.0.2.200");
		ls_time from = p->now;

		c.remote[1] = c.remote[0];
		c.remote[0] = dead;
		dead.port = 500;
		ck_assert_int_eq(ike_peer_set(p->side[0].ike, &c, p->now), CAUSE_NONE);
		ike_start(p->side[0].ike, 1, p->now);
		pair_run(p);
		if (icmp)
			ike_unreachable(p->side[0].ike, &dead, router(), LS_UNREACH_HOST, p->now);
		while (pair_count(&p->side[0], IKE_REQ_UP) == 0 && p->now - from < LS_S(60))
			pair_pass(p, LS_MS(100));
		took[icmp] = p->now - from;
		tries[icmp] = p->sent[0];
		ck_assert_uint_eq(pair_check_sas(p), 1);
		pair_free(p);
	}
	ck_assert_int_lt(took[1], took[0] - LS_S(4));
	ck_assert_uint_eq(tries[1] + 2, tries[0]);
}
END_TEST

/* Once the peer is heard again, what ICMP said is forgotten. */
START_TEST(an_answer_forgets_it)
{
	struct pair *p = pair_new();
	unsigned gone = 1;

	pair_up(p);
	say(p, 500, LS_UNREACH_NET);
	pair_pass(p, LS_S(10));
	p->filter = lose_from;
	p->context = &gone;
	pair_pass(p, LS_S(300));
	ck_assert_int_eq(pair_last(&p->side[0], IKE_REQ_DOWN)->cause, CAUSE_PEER_SILENT);
	ck_assert_str_eq(pair_last(&p->side[0], IKE_REQ_DOWN)->text, "");
	pair_free(p);
}
END_TEST

IKE_MAIN("ike hint", a_silent_peer_is_probed, whom_it_concerns, a_flood_costs_little,
         the_end_says_what_was_heard, dialling_goes_on, dialling_ends_well, the_next_address_sooner,
         an_answer_forgets_it)
