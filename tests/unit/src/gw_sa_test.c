/* Tests of the gateway's chains: whose SAs and sessions they are, how many, and what is asked of
 * the parent about an interface. */
#include "tests/unit/src/gw_alone.h"

static void begin(void)
{
	alone_begin();
	for (uint32_t id = 1; id <= 2; id++)
		ck_assert_ptr_nonnull(gw_tunnel_make(gw, id));
}

static struct life_limits life;

static struct gw_chain *install(uint32_t tunnel, uint32_t chain)
{
	static const uint8_t keymat[ALONE_KEYMAT];
	static uint32_t spi_out = 1000;
	struct msg_sa_install m;

	spi_out++;
	m = (struct msg_sa_install){
		.tunnel = tunnel,
		.chain = chain,
		.spi_in = esp_spi_reserve(gw->sad),
		.spi_out = spi_out,
		.encr = ALGO_AES256_GCM,
		.udp = true,
		.life = life,
		.local = ls_addr_v4(0xc0000201, 0),
		.remote = ls_addr_v4(0xc0000202, 0),
		.keymat_in = LS_BYTES(keymat, ALONE_KEYMAT),
		.keymat_out = LS_BYTES(keymat, ALONE_KEYMAT),
	};

	gw_sa_install(gw, &m);
	return gw_chain_find(gw, gw_chain_here(gw, chain));
}

static void up(uint32_t tunnel, uint32_t chain, const char *who)
{
	struct msg_ike_up m = {.tunnel = tunnel, .chain = chain};

	m.peer_id.type = 2;
	m.peer_id.len = (uint16_t)strlen(who);
	memcpy(m.peer_id.data, who, m.peer_id.len);
	gw_ike_up(gw, &m);
}

static void down(uint32_t tunnel, uint32_t chain)
{
	struct msg_ike_down m = {.tunnel = tunnel, .chain = chain, .cause = CAUSE_PEER_SILENT};

	gw_ike_down(gw, &m);
}

static struct gw_session *session(uint32_t tunnel, struct gw_chain *c)
{
	struct gw_tunnel *t = gw_tunnel_find(gw, tunnel);
	struct gw_session *s = calloc(1, sizeof *s);

	s->gw = gw;
	s->tunnel = t;
	s->flow.tunnel = t;
	s->flow.data.session = 7;
	gw_session_move(s, c);
	t->sessions = s;
	gw->session[7] = s;
	return s;
}

/* ike's numbers come round: an SA of one tunnel never gets into the chain of another one. */
START_TEST(chains_are_of_one_tunnel)
{
	struct gw_chain *c;
	struct esp_sa *out;

	begin();
	c = install(1, 5);
	ck_assert_ptr_nonnull(c);
	out = c->path.out;
	ck_assert_ptr_eq(install(2, 5), c);
	ck_assert_ptr_eq(c->tunnel, gw_tunnel_find(gw, 1));
	ck_assert_uint_eq(c->pairs, 1);
	ck_assert_ptr_eq(c->path.out, out);
	ck_assert_ptr_null(gw_tunnel_find(gw, 2)->chains);
	alone_end();
}
END_TEST

START_TEST(chains_of_a_tunnel_are_bounded)
{
	begin();
	for (uint32_t i = 1; i <= 2 * GW_CHAINS_A_TUNNEL; i++)
		ck_assert_int_eq(install(1, i) != NULL, i <= GW_CHAINS_A_TUNNEL);
	ck_assert_ptr_nonnull(install(2, 1000));
	/* A second pair of one that is there is no new chain. */
	ck_assert_uint_eq(install(1, 1)->pairs, 2);
	alone_end();
}
END_TEST

/* Two peers call one tunnel: the session of the one whose SAs are gone waits for the same peer,
 * also after a restart of ike. */
/* ike is gone, and its SAs end one day: nobody else would say so. */
START_TEST(an_orphan_comes_to_its_end)
{
	struct gw_session *s;
	struct gw_tunnel *t;
	ls_time now = clock_now();

	begin();
	life = (struct life_limits){.seconds = 60};
	s = session(1, install(1, 5));
	life = (struct life_limits){.seconds = 0};
	t = s->tunnel;
	t->current = s;
	up(1, 5, "peer");
	gw_ike_lost(gw);
	esp_tick(gw->sad, now + LS_S(50));
	gw_sa_pump(gw);
	ck_assert_ptr_nonnull(t->chains);
	esp_tick(gw->sad, now + LS_S(70));
	gw_sa_pump(gw);
	ck_assert_int_eq(t->line.cause, CAUSE_GW_PEER_PROCESS);
	ck_assert_str_eq(t->text, "the last SA has expired");
	alone_end();
}
END_TEST

START_TEST(sessions_stay_with_their_peer)
{
	for (unsigned ike_restarts = 0; ike_restarts < 2; ike_restarts++) {
		struct gw_session *s;
		struct gw_chain *mine;

		begin();
		mine = install(1, 1);
		up(1, 1, "mine.example");
		s = session(1, mine);
		if (ike_restarts)
			gw_ike_lost(gw);
		else
			down(1, 1);
		install(1, 2);
		up(1, 2, "other.example");
		ck_assert_ptr_eq(s->chain, mine);
		ck_assert_ptr_nonnull(install(1, 3));
		up(1, 3, "mine.example");
		ck_assert_uint_eq(s->chain->id, gw_chain_here(gw, 3));
		alone_end();
	}
}
END_TEST

/* And the other way round: a chain that ends hands over only to one of the same peer. */
START_TEST(a_chain_that_ends_hands_over_to_its_peer)
{
	struct gw_session *s;
	struct gw_chain *mine;

	begin();
	mine = install(1, 1);
	up(1, 1, "mine.example");
	s = session(1, mine);
	install(1, 2);
	up(1, 2, "mine.example");
	install(1, 3);
	up(1, 3, "other.example");
	ck_assert_ptr_eq(s->chain, mine);
	down(1, 1);
	ck_assert_uint_eq(s->chain->id, gw_chain_here(gw, 2));
	down(1, 2);
	ck_assert_uint_eq(s->chain->id, gw_chain_here(gw, 2));
	alone_end();
}
END_TEST

/* To another gateway nothing moves, though it is the same peer: it has none of our connections. */
START_TEST(what_was_sent_elsewhere_is_not_handed_over)
{
	static const enum ls_cause causes[] = {CAUSE_REDIRECTED, CAUSE_REDIRECT_SENT,
	                                       CAUSE_PEER_ASKED};

	for (unsigned i = 0; i < 3; i++) {
		bool moves = causes[i] == CAUSE_PEER_ASKED;
		struct msg_ike_down m = {.tunnel = 1, .chain = 1, .cause = (uint16_t)causes[i]};
		struct gw_session *s;
		struct gw_chain *mine;

		begin();
		mine = install(1, 1);
		up(1, 1, "mine.example");
		s = session(1, mine);
		install(1, 2);
		gw_ike_down(gw, &m);
		up(1, 2, "mine.example");
		ck_assert_int_eq(s->chain != mine, moves);
		alone_end();
		begin();
		mine = install(1, 1);
		up(1, 1, "mine.example");
		s = session(1, mine);
		install(1, 2);
		up(1, 2, "mine.example");
		gw_ike_down(gw, &m);
		ck_assert_int_eq(s->chain != mine, moves);
		alone_end();
	}
}
END_TEST

static unsigned heard_of(int channel, unsigned type)
{
	uint8_t bytes[4096];
	unsigned n = 0;
	ssize_t len;

	while ((len = recv(channel, bytes, sizeof bytes, MSG_DONTWAIT)) > 0)
		n += ls_get16(bytes) == type;
	return n;
}

static unsigned asked(unsigned type)
{
	return heard_of(alone_parent, type);
}

/* The new chain is with another gateway: what ran on the old one ends, and none of it comes along.
 */
START_TEST(what_runs_with_another_gateway_ends)
{
	struct msg_ike_up m = {.tunnel = 1, .chain = 2, .old_chain = 1, .initiator = true};
	struct gw_tunnel *t;

	begin();
	t = gw_tunnel_find(gw, 1);
	t->line.start = GW_START_ALWAYS;
	t->line.state = GW_LINE_UP;
	t->current = session(1, install(1, 1));
	up(1, 1, "mine.example");
	m.peer_id = t->chains->peer_id;
	install(1, 2);
	gw_ike_up(gw, &m);
	ck_assert_ptr_null(t->sessions);
	ck_assert_int_ne(t->line.state, GW_LINE_UP);
	ck_assert_uint_eq(asked(MSG_TYPE_IFACE_DOWN), 1);
	down(1, 1);
	ck_assert(gw_tunnel_has_chain(t));
	alone_end();
}
END_TEST

/* However often PPP comes up anew, the parent has one question at a time, and the last one counts.
 */
START_TEST(one_question_about_an_interface)
{
	struct msg_iface_done done = {.tunnel = 1, .ok = true, .mtu = 1400};
	struct gw_tunnel *t;

	begin();
	t = gw_tunnel_find(gw, 1);
	t->current = session(1, install(1, 1));
	t->line.state = GW_LINE_UP;
	for (unsigned i = 0; i < 1000; i++)
		gw_ppp_iface_up(t);
	ck_assert_uint_eq(asked(MSG_TYPE_IFACE_UP), 1);
	gw_tunnel_iface_done(t, &done);
	ck_assert_uint_eq(asked(MSG_TYPE_IFACE_UP), 1);
	gw_tunnel_iface_done(t, &done);
	ck_assert_uint_eq(asked(MSG_TYPE_IFACE_UP), 0);
	gw_ppp_iface_up(t);
	ck_assert_uint_eq(asked(MSG_TYPE_IFACE_UP), 1);
	alone_end();
}
END_TEST

/* Happenings that come as fast as packets are not all told. */
START_TEST(happenings_are_told_now_and_then)
{
	unsigned n;

	begin();
	for (unsigned i = 0; i < 2000; i++)
		proc_tell(gw->proc, 1, CAUSE_L2TP_UNEXPECTED, NULL, "%u", i);
	n = asked(MSG_TYPE_EVENT);
	ck_assert_uint_ge(n, 50);
	ck_assert_uint_le(n, 500); /* this loop may last some seconds on a busy machine */
	proc_tell(gw->proc, 2, CAUSE_L2TP_UNEXPECTED, NULL, "another tunnel");
	ck_assert_uint_eq(asked(MSG_TYPE_EVENT), 1);
	alone_end();
}
END_TEST

/* ike hears of packets without an SA, but not of all in a flood; and of none where nobody is to be
 * told. */
START_TEST(strays_are_told_to_ike)
{
	const struct gw_received in = {.local = ls_addr_v4(0xc0000201, 4500),
	                               .remote = ls_addr_v4(0xc6336402, 4500)};

	begin();
	gw->conf.crash_detection = true;
	for (unsigned i = 0; i < 1000; i++)
		gw_sa_stray(gw, i, &in);
	ck_assert_uint_eq(heard_of(alone_ike, MSG_TYPE_STRAY), GW_STRAYS_PER_S);
	gw->worker.now += LS_S(2);
	gw_sa_stray(gw, 1, &in);
	ck_assert_uint_eq(heard_of(alone_ike, MSG_TYPE_STRAY), 1);
	gw->conf.crash_detection = false;
	gw_sa_stray(gw, 1, &in);
	ck_assert_uint_eq(heard_of(alone_ike, MSG_TYPE_STRAY), 0);
	alone_end();
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("gw_sa");

	if (!alone_reserve())
		return EXIT_FAILURE;
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, chains_are_of_one_tunnel);
	tcase_add_test(tc, chains_of_a_tunnel_are_bounded);
	tcase_add_test(tc, an_orphan_comes_to_its_end);
	tcase_add_test(tc, sessions_stay_with_their_peer);
	tcase_add_test(tc, a_chain_that_ends_hands_over_to_its_peer);
	tcase_add_test(tc, what_was_sent_elsewhere_is_not_handed_over);
	tcase_add_test(tc, what_runs_with_another_gateway_ends);
	tcase_add_test(tc, one_question_about_an_interface);
	tcase_add_test(tc, happenings_are_told_now_and_then);
	tcase_add_test(tc, strays_are_told_to_ike);
	return run_cases("gw_sa", tc);
}
