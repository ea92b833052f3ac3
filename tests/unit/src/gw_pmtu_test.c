/* Tests of how the gateway measures a path: over a real socket, to a peer with engines of its own,
 * on a path that swallows what is too large. */
#include "tests/unit/src/gw_alone.h"

#include <netinet/in.h>

enum { LINK = 1500, AROUND_UDP = 28, ROUNDS_MAX = 200 };

static struct gw_tunnel *t;

/* What is larger than `carries` does not arrive; all tries of a size are made at once. */
static void path(uint32_t carries)
{
	struct ls_pmtu *e = &t->pmtu.engine;

	for (unsigned round = 0; round < ROUNDS_MAX; round++) {
		uint8_t byte;
		ssize_t n;

		gw_pump(gw);
		while ((n = recv(far.fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK | MSG_TRUNC)) > 0) {
			if (n + AROUND_UDP > (ssize_t)carries)
				recv(far.fd, &byte, 1, MSG_DONTWAIT);
			else
				far_receive();
			far_ppp();
			gw_pump(gw);
		}
		if (e->probe == 0)
			return;
		e->at = 0;
		gw_pmtu_link(t, LINK);
	}
	ck_abort_msg("it never comes to an end");
}

/* Traffic was seen, and the time to ask again has come. */
static void ask_again(void)
{
	t->current->flow.out_packets++;
	t->pmtu.engine.at = 0;
	gw_pmtu_link(t, LINK);
}

static void begin(bool probe, uint32_t mtu)
{
	alone_begin();
	t = alone_line_up();
	t->conf.mtu_probe = probe;
	t->conf.mtu = mtu;
	gw_pmtu_link(t, LINK);
}

/* What the parent was asked for last: answered. */
static uint16_t iface_path(void)
{
	struct msg_iface_done done = {.tunnel = 1, .ok = true, .mtu = 1300, .link_mtu = LINK};
	uint16_t path_mtu = 0;
	struct msg m;

	while (alone_told(alone_parent, MSG_TYPE_IFACE_UP, &m)) {
		path_mtu = m.iface_up.path_mtu;
		gw_tunnel_iface_done(t, &done);
	}
	return path_mtu;
}

START_TEST(the_whole_link)
{
	begin(true, 0);
	ck_assert_int_eq(gw_pmtu_how(t), MSG_PATH_LINK);
	ck_assert_uint_eq(t->current->flow.path_mtu, LINK);
	path(LINK);
	ck_assert_int_eq(gw_pmtu_how(t), MSG_PATH_MEASURED);
	ck_assert_uint_eq(t->pmtu.in_force, 1500);
	ck_assert_int_gt(t->pmtu.since, 0);
	ck_assert_uint_eq(iface_path(), 0); /* the interface has that already */
	ck_assert_uint_eq(gw->counters.by_cause[CAUSE_GW_PATH_MTU], 0);
	alone_end();
}
END_TEST

START_TEST(a_narrow_path)
{
	begin(true, 0);
	path(1401);
	ck_assert_uint_eq(t->pmtu.in_force, 1400);
	ck_assert_uint_eq(t->current->flow.path_mtu, 1400);
	ck_assert_int_eq(gw_pmtu_how(t), MSG_PATH_MEASURED);
	iface_path();
	ck_assert_uint_eq(gw->counters.by_cause[CAUSE_GW_PATH_BLACK_HOLE], 1);
	ck_assert_uint_eq(gw->counters.by_cause[CAUSE_GW_PATH_MTU], 1);
	/* It shrinks, and grows again: the interface follows. */
	ask_again();
	path(1300);
	ck_assert_uint_eq(iface_path(), 1300);
	ls_pmtu_raise(&t->pmtu.engine, clock_now());
	path(LINK);
	ck_assert_uint_eq(iface_path(), 1500);
	ck_assert_uint_eq(t->current->flow.path_mtu, 1500);
	ck_assert_uint_eq(gw->counters.by_cause[CAUSE_GW_PATH_BLACK_HOLE], 2);
	alone_end();
}
END_TEST

/* A step for another reason, between the traffic and the time to ask: it is asked all the same. */
START_TEST(traffic_is_not_forgotten)
{
	begin(true, 0);
	path(LINK);
	t->current->flow.out_packets++;
	gw_pmtu_link(t, LINK);
	ck_assert_uint_eq(t->pmtu.engine.probe, 0);
	t->pmtu.engine.at = 0;
	gw_pmtu_link(t, LINK);
	ck_assert_uint_eq(t->pmtu.engine.probe, 1500);
	alone_end();
}
END_TEST

/* A link with no room for a probe, for a while. */
START_TEST(asked_again_when_there_is_room)
{
	begin(true, 0);
	event_del(t->pmtu.timer);
	gw_pmtu_link(t, 60);
	ck_assert(evtimer_pending(t->pmtu.timer, NULL));
	gw_pmtu_link(t, LINK);
	path(LINK);
	ck_assert_int_eq(gw_pmtu_how(t), MSG_PATH_MEASURED);
	alone_end();
}
END_TEST

/* The far end receives no more than its MRU: no probe is larger, and the path counts as one of
 * that. */
START_TEST(no_probe_beyond_the_mru)
{
	begin(true, 0);
	ck_assert_uint_eq(t->current->flow.link.peer_mru, 1450);
	gw_pmtu_link(t, 9000);
	ck_assert_uint_lt(t->pmtu.engine.limits.ceiling, 1540);
	path(9000);
	ck_assert_int_eq(gw_pmtu_how(t), MSG_PATH_MEASURED);
	ck_assert_uint_eq(t->pmtu.asked, 1450);
	alone_end();
}
END_TEST

START_TEST(not_measured)
{
	begin(true, 1400);
	ck_assert_int_eq(gw_pmtu_how(t), MSG_PATH_CONFIGURED);
	ck_assert_int_eq(t->pmtu.engine.state, LS_PMTU_OFF);
	alone_end();
	begin(false, 0);
	ck_assert_int_eq(gw_pmtu_how(t), MSG_PATH_LINK);
	ck_assert_int_eq(t->pmtu.engine.state, LS_PMTU_OFF);
	ck_assert_uint_eq(t->current->flow.path_mtu, LINK);
	alone_end();
}
END_TEST

START_TEST(a_peer_that_answers_nothing)
{
	begin(true, 0);
	path(0);
	ck_assert_int_eq(gw_pmtu_how(t), MSG_PATH_UNANSWERED);
	ck_assert_uint_eq(t->current->flow.path_mtu, LINK);
	ask_again();
	path(0);
	ck_assert_uint_eq(gw->counters.by_cause[CAUSE_GW_PATH_UNANSWERED], 1);
	alone_end();
}
END_TEST

START_TEST(only_quotations_of_ours_are_hints)
{
	struct icmp_error e = {.too_big = true, .mtu = 1400, .quoted_len = 8};
	struct msg_too_big m = {.mtu = 1320};
	struct ls_pmtu *engine;

	begin(true, 0);
	path(LINK);
	engine = &t->pmtu.engine;
	gw->socket[0].gw = gw;
	e.remote = m.remote = far.addr;
	ck_assert(ls_addr_parse("192.0.2.1", &e.by));
	ls_put32(e.quoted, t->current->chain->pair[0].spi_out ^ 1);
	gw_pmtu_error(&gw->socket[0], &e);
	ck_assert_uint_eq(engine->hint, 0);
	ck_assert_uint_eq(gw->counters.by_cause[CAUSE_GW_PATH_HINT_BAD], 1);
	/* Cut off before the SPI. */
	ls_put32(e.quoted, t->current->chain->pair[0].spi_out);
	e.quoted_len = 3;
	gw_pmtu_error(&gw->socket[0], &e);
	ck_assert_uint_eq(gw->counters.by_cause[CAUSE_GW_PATH_HINT_BAD], 2);
	/* Another host's. */
	e.quoted_len = 8;
	e.remote = ls_addr_v4(0xc0000202, 4500);
	gw_pmtu_error(&gw->socket[0], &e);
	ck_assert_uint_eq(gw->counters.by_cause[CAUSE_GW_PATH_HINT_BAD], 3);
	e.remote = far.addr;
	gw_pmtu_error(&gw->socket[0], &e);
	ck_assert_uint_eq(gw->counters.by_cause[CAUSE_GW_PATH_HINT], 1);
	ck_assert_uint_eq(engine->hint, 1400);
	ck_assert_uint_eq(t->pmtu.in_force, 1500);
	path(1400);
	ck_assert_uint_eq(t->pmtu.in_force, 1400);
	ck_assert_int_eq(gw_pmtu_how(t), MSG_PATH_HINTED);
	ck_assert_uint_eq(gw->counters.by_cause[CAUSE_GW_PATH_BLACK_HOLE], 0);
	/* By ike's socket. */
	engine->hint_at = 0;
	m.spi = t->current->chain->pair[0].spi_out;
	gw_pmtu_too_big(gw, &m);
	ck_assert_uint_eq(engine->hint, 1320);
	path(LINK);
	ck_assert_uint_eq(t->pmtu.in_force, 1400); /* a lie */
	/* This host's own word needs no SPI. */
	engine->hint_at = 0;
	e.by.family = 0;
	e.quoted_len = 0;
	e.mtu = 1300;
	gw_pmtu_error(&gw->socket[0], &e);
	ck_assert_uint_eq(engine->hint, 1300);
	alone_end();
}
END_TEST

/* AH: behind the IP header that a raw IPv4 socket writes itself, and bare over IPv6. */
START_TEST(quotations_of_ah)
{
	struct icmp_error e = {.too_big = true, .mtu = 1400, .quoted_len = 32, .quoted = {0x45}};
	uint32_t spi;

	begin(true, 0);
	path(LINK);
	spi = t->current->chain->pair[0].spi_out;
	gw->socket[0].gw = gw;
	gw->socket[0].udp.ah = true;
	e.remote = far.addr;
	ck_assert(ls_addr_parse("192.0.2.1", &e.by));
	ls_put32(e.quoted + 24, spi);
	gw_pmtu_error(&gw->socket[0], &e);
	ck_assert_uint_eq(t->pmtu.engine.hint, 1400);
	gw->socket[0].udp.ah = false;
	path(LINK);
	t->pmtu.engine.hint_at = 0;
	gw->socket[0].udp.ah = true;
	gw->socket[0].udp.family = 6;
	gw_pmtu_error(&gw->socket[0], &e);
	ck_assert_uint_eq(t->pmtu.engine.hint, 0);
	ls_put32(e.quoted + 4, spi);
	gw_pmtu_error(&gw->socket[0], &e);
	ck_assert_uint_eq(t->pmtu.engine.hint, 1400);
	alone_end();
}
END_TEST

START_TEST(the_own_link_refuses)
{
	begin(true, 0);
	ck_assert_uint_eq(t->pmtu.engine.probe, 1500);
	gw_pmtu_refused(t->current, t->pmtu.asked - 1);
	ck_assert_uint_eq(t->pmtu.engine.probe, 1500);
	gw_pmtu_refused(t->current, t->pmtu.asked);
	ck_assert_uint_eq(t->pmtu.engine.probe, LS_PMTU_BASE);
	alone_end();
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("gw_pmtu");

	if (!alone_reserve())
		return EXIT_FAILURE;
	tcase_add_test(tc, the_whole_link);
	tcase_add_test(tc, a_narrow_path);
	tcase_add_test(tc, traffic_is_not_forgotten);
	tcase_add_test(tc, asked_again_when_there_is_room);
	tcase_add_test(tc, no_probe_beyond_the_mru);
	tcase_add_test(tc, not_measured);
	tcase_add_test(tc, a_peer_that_answers_nothing);
	tcase_add_test(tc, only_quotations_of_ours_are_hints);
	tcase_add_test(tc, quotations_of_ah);
	tcase_add_test(tc, the_own_link_refuses);
	return run_cases("gw_pmtu", tc);
}
