/* Tests of traffic flow confidentiality: what payloads are padded to, and dummies. */
#include "tests/unit/src/gw_alone.h"

enum { LINK = 1500, SAFE = 1280, OUTER = 28 };

/* The line is up over a link of 1500 bytes, with these settings. */
static struct gw_tunnel *up(uint32_t tfc, uint32_t dummy_ms)
{
	struct msg_iface_done done = {.tunnel = 1, .ok = true, .mtu = 1380, .link_mtu = LINK};
	struct gw_tunnel *t;
	struct conf_tunnel conf;
	struct msg m;

	alone_begin();
	t = alone_dialled(&m);
	conf = t->conf;
	conf.ike.fragment_bytes = SAFE;
	conf.esp.tfc = tfc;
	conf.esp.dummy_ms = dummy_ms;
	conf.mtu_probe = false;
	gw_tunnel_configure(t, &conf);
	gw_tunnel_iface_done(t, &done);
	ck_assert_int_eq(t->line.state, GW_LINE_UP);
	return t;
}

static struct esp_sa *out_of(const struct gw_tunnel *t)
{
	return t->chains->path.out;
}

static uint16_t pads(const struct gw_tunnel *t)
{
	struct esp_sa_view v;

	esp_sa_view(out_of(t), &v);
	return v.tfc_bytes;
}

/* The largest packet there is of a payload up to len fits into `link`, and one block more does not.
 */
static void fills(const struct gw_tunnel *t, size_t link)
{
	struct esp_sa *sa = out_of(t);
	uint16_t most = pads(t);

	ck_assert_uint_le(OUTER + esp_sealed_size(sa, 1), link);
	ck_assert_uint_eq(esp_sealed_size(sa, 1), esp_sealed_size(sa, most));
	esp_sa_pad(sa, (uint16_t)(most + 1));
	ck_assert_uint_gt(OUTER + esp_sealed_size(sa, 1), link);
	esp_sa_pad(sa, most);
}

START_TEST(padding_follows_the_path)
{
	struct gw_tunnel *t = up(CONF_TFC_MAX, 0);
	struct conf_tunnel conf = t->conf;

	fills(t, LINK);
	/* Until the link is known it is what IKE takes for safe. */
	t->link_mtu = 0;
	gw_tfc_changed(t);
	fills(t, SAFE);
	t->link_mtu = LINK;
	/* The same until the path is measured, where it is to be. */
	conf.mtu_probe = true;
	gw_tunnel_configure(t, &conf);
	fills(t, SAFE);
	t->pmtu.in_force = LINK - 40;
	gw_tfc_path(t);
	fills(t, SAFE);
	t->pmtu.engine.measured = true;
	gw_tfc_path(t);
	fills(t, LINK - 40);
	t->pmtu.engine.measured = false;
	t->pmtu.in_force = 0;
	conf.mtu_probe = false;
	gw_tunnel_configure(t, &conf);
	fills(t, LINK);
	/* A number of bytes, as far as the path takes it. */
	conf.esp.tfc = 600;
	gw_tunnel_configure(t, &conf);
	ck_assert_uint_eq(pads(t), 600);
	conf.esp.tfc = 5000;
	gw_tunnel_configure(t, &conf);
	fills(t, LINK);
	conf.esp.tfc = 0;
	gw_tunnel_configure(t, &conf);
	ck_assert_uint_eq(pads(t), 0);
	/* UDP, L2TP and PPP stand before a packet as large as the interface takes. */
	conf.esp.tfc = CONF_TFC_MAX;
	conf.mtu = 1300;
	gw_tunnel_configure(t, &conf);
	ck_assert_uint_eq(pads(t), 1300u + 8u + t->current->flow.header_len +
	                                   t->current->flow.prefix_len[0]);
	/* The line goes, and with it what was known of the path. */
	conf.mtu = 0;
	gw_tunnel_configure(t, &conf);
	gw_tunnel_step(t, GW_EV_ADMIN_DOWN, CAUSE_ADMIN, NULL);
	ck_assert_uint_eq(t->link_mtu, 0);
	alone_end();
}
END_TEST

/* IPv6 has a larger header, ESP that is not in UDP a smaller one. */
START_TEST(padding_follows_the_address)
{
	struct gw_tunnel *t = up(CONF_TFC_MAX, 0);
	uint16_t before = pads(t);
	struct ls_addr six;

	ck_assert(ls_addr_parse("2001:db8::1", &six));
	esp_sa_move(out_of(t), &six, &six);
	gw_tfc_pad(t, out_of(t));
	ck_assert_uint_eq(pads(t), before - 20u);
	alone_end();
}
END_TEST

START_TEST(padding_that_the_peer_refuses)
{
	uint8_t keymat[ALONE_KEYMAT] = {1};
	struct gw_tunnel *t = up(CONF_TFC_MAX, 0);
	struct msg_sa_install m = {.tunnel = 1,
	                           .chain = ALONE_CHAIN,
	                           .spi_in = esp_spi_reserve(gw->sad),
	                           .spi_out = 5000,
	                           .encr = ALGO_AES256_GCM,
	                           .udp = true,
	                           .no_tfc = true,
	                           .replaces = true,
	                           .local = ls_addr_v4(INADDR_LOOPBACK, 4500),
	                           .remote = far.addr,
	                           .keymat_in = LS_BYTES(keymat, ALONE_KEYMAT),
	                           .keymat_out = LS_BYTES(keymat, ALONE_KEYMAT)};
	struct esp_sa_view v;

	gw_sa_install(gw, &m);
	esp_sa_view(
		esp_sa_outbound(gw->sad, ESP_PROTOCOL_ESP, 5000, gw_chain_here(gw, ALONE_CHAIN)),
		&v);
	ck_assert(v.tfc_refused);
	ck_assert_uint_eq(v.tfc_bytes, 0);
	gw_tfc_changed(t);
	esp_sa_view(
		esp_sa_outbound(gw->sad, ESP_PROTOCOL_ESP, 5000, gw_chain_here(gw, ALONE_CHAIN)),
		&v);
	ck_assert_uint_eq(v.tfc_bytes, 0);
	ck_assert_uint_gt(pads(t), 0); /* the one before took it */
	alone_end();
}
END_TEST

/* The size of the next packet that the far peer gets, which is a dummy. */
static size_t dummy_arrives(void)
{
	uint8_t bytes[4096];
	ssize_t n;

	while ((n = recv(far.fd, bytes, sizeof bytes, MSG_DONTWAIT)) <= 0)
		event_base_loop(gw->base, EVLOOP_ONCE);
	struct esp_open_job job = {.pkt = bytes, .len = (uint32_t)n};
	ck_assert_uint_eq(esp_open(far.sad, &job, 1, clock_now()), 0);
	ck_assert_int_eq(job.verdict, CAUSE_ESP_DUMMY);
	return (size_t)n;
}

static void far_forget(void)
{
	uint8_t bytes[4096];

	while (recv(far.fd, bytes, sizeof bytes, MSG_DONTWAIT) > 0)
		;
}

START_TEST(dummies_when_nothing_is_sent)
{
	struct gw_tunnel *t = up(0, 1);
	struct gw_flow_session *f = &t->current->flow;
	ls_time active = t->line.last_active;
	struct esp_sa_view v;

	/* Before anything was sent they have any size that fits. */
	far_forget();
	for (unsigned i = 0; i < 5; i++)
		ck_assert_uint_le(dummy_arrives() + OUTER, LINK);
	/* Then those of what was. */
	f->sizes[0] = 100;
	f->sizes[1] = 700;
	f->out_packets = 2;
	far_forget();
	for (unsigned i = 0; i < 20; i++) {
		size_t size = dummy_arrives();

		ck_assert_msg(size == 8 + 8 + 102 + 16 + 2 || size == 8 + 8 + 702 + 16 + 2, "%zu",
		              size);
	}
	/* They are counted, and nothing else comes of them. */
	esp_sa_view(out_of(t), &v);
	ck_assert_uint_ge(v.dummies, 25);
	ck_assert_uint_le(v.dummies, v.packets);
	ck_assert_int_eq(t->line.last_active, active);
	ck_assert_uint_eq(f->out_packets, 2);
	alone_end();
}
END_TEST

START_TEST(dummies_are_padded_like_all_else)
{
	struct gw_tunnel *t = up(CONF_TFC_MAX, 1);

	t->current->flow.sizes[0] = 100;
	t->current->flow.out_packets = 1;
	far_forget();
	for (unsigned i = 0; i < 5; i++)
		ck_assert_uint_eq(dummy_arrives(), esp_sealed_size(out_of(t), 1));
	alone_end();
}
END_TEST

START_TEST(no_dummies_without_a_line)
{
	struct gw_tunnel *t = up(0, 0);
	struct conf_tunnel conf = t->conf;

	ck_assert_ptr_null(t->dummy_timer); /* which costs nothing */
	conf.esp.dummy_ms = 1;
	gw_tunnel_configure(t, &conf);
	ck_assert(evtimer_pending(t->dummy_timer, NULL));
	far_forget();
	dummy_arrives();
	/* Where there is no SA just now, the next time is waited for. */
	t->chains->path.out = NULL;
	event_base_loop(gw->base, EVLOOP_ONCE);
	ck_assert(evtimer_pending(t->dummy_timer, NULL));
	gw_tunnel_step(t, GW_EV_ADMIN_DOWN, CAUSE_ADMIN, NULL);
	event_active(t->dummy_timer, EV_TIMEOUT, 0);
	event_base_loop(gw->base, EVLOOP_NONBLOCK);
	ck_assert(!evtimer_pending(t->dummy_timer, NULL));
	alone_end();
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("gw_tfc");

	if (!alone_reserve())
		return 1;
	tcase_add_test(tc, padding_follows_the_path);
	tcase_add_test(tc, padding_follows_the_address);
	tcase_add_test(tc, padding_that_the_peer_refuses);
	tcase_add_test(tc, dummies_when_nothing_is_sent);
	tcase_add_test(tc, dummies_are_padded_like_all_else);
	tcase_add_test(tc, no_dummies_without_a_line);
	return run_cases("gw_tfc", tc);
}
