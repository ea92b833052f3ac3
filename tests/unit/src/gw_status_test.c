/* Tests of what the gateway tells people: lines, SAs, counters, and the keys of its SAs. */
#include "tests/unit/src/gw_alone.h"

static void ask(uint64_t id, uint32_t tunnel)
{
	struct msg_status_ask m = {.id = id, .tunnel = tunnel};
	struct msg before;

	/* What came on the way up. */
	while (alone_told(alone_parent, 0, &before))
		continue;
	gw_status_ask(gw, &m);
}

START_TEST(a_line_that_is_up)
{
	const struct msg_status_line *l;
	struct gw_tunnel *t;
	struct msg m;

	alone_begin();
	t = alone_line_up();
	t->current->flow.in_packets = 3;
	t->offloads = CONF_OFFLOAD_TUN_TSO | CONF_OFFLOAD_JOIN;
	t->current->flow.out_bytes = 400;
	ask(77, 0);
	ck_assert(alone_told(alone_parent, MSG_TYPE_STATUS_LINE, &m));
	l = &m.status_line;
	ck_assert_uint_eq(l->id, 77);
	ck_assert_uint_eq(l->tunnel, 1);
	ck_assert_uint_eq(l->state, MSG_LINE_UP);
	ck_assert(l->lac);
	ck_assert_uint_eq(l->session, far.data.peer_session);
	ck_assert_uint_eq(l->peer_session, far.data.session);
	ck_assert_uint_eq(l->connection, far.data.peer_connection);
	ck_assert_uint_eq(l->peer_connection, far.data.connection);
	ck_assert_str_eq(l->user, "reno");
	ck_assert_str_eq(l->peer_host, "far.example");
	ck_assert_uint_eq(ls_addr_v4_value(&l->local4), 0x0a090002);
	ck_assert_uint_eq(ls_addr_v4_value(&l->remote4), 0x0a090001);
	ck_assert(!l->ipv6);
	ck_assert_uint_eq(l->mtu, 1380);
	ck_assert_uint_eq(l->offloads & CONF_OFFLOAD_TUN_USO, 0);
	ck_assert_uint_eq(l->offloads & CONF_OFFLOAD_JOIN, CONF_OFFLOAD_JOIN);
	ck_assert_uint_eq(l->offloads_missing & (CONF_OFFLOAD_TUN_TSO | CONF_OFFLOAD_TUN_USO),
	                  CONF_OFFLOAD_TUN_USO);
	ck_assert_uint_eq(l->in_packets, 3);
	ck_assert_uint_eq(l->out_bytes, 400);
	alone_end();
}
END_TEST

/* Down, with when it will be tried again and what it last failed of. */
START_TEST(a_line_that_is_down)
{
	struct gw_tunnel *t;
	struct msg m;

	alone_begin();
	t = alone_tunnel(1, CONF_START_ALWAYS);
	gw_tunnel_step(t, GW_EV_CHAIN_DOWN, CAUSE_PEER_SILENT, "nobody there");
	ask(78, 0);
	ck_assert(alone_told(alone_parent, MSG_TYPE_STATUS_LINE, &m));
	ck_assert_uint_eq(m.status_line.state, MSG_LINE_DOWN);
	ck_assert_uint_eq(m.status_line.cause, CAUSE_PEER_SILENT);
	ck_assert_uint_eq(m.status_line.tries, 1);
	ck_assert_uint_gt(m.status_line.retry_in_ms, 0);
	ck_assert_str_eq(m.status_line.text, "nobody there");
	ck_assert_uint_eq(m.status_line.session, 0);
	ck_assert_str_eq(m.status_line.user, "");
	alone_end();
}
END_TEST

START_TEST(both_sas_of_a_pair)
{
	struct gw_tunnel *t;
	struct msg m;
	unsigned in = 0, out = 0;

	alone_begin();
	t = alone_line_up();
	ask(79, 1);
	while (alone_told(alone_parent, MSG_TYPE_STATUS_ESP_SA, &m)) {
		const struct msg_status_esp_sa *sa = &m.status_esp_sa;
		const struct gw_pair *pair = &t->chains->pair[0];

		ck_assert_uint_eq(sa->id, 79);
		ck_assert_uint_eq(sa->tunnel, 1);
		ck_assert_uint_eq(sa->encr, ALGO_AES256_GCM);
		ck_assert_uint_eq(sa->integ, 0);
		ck_assert(sa->udp);
		ck_assert(ls_addr_same_ip(&sa->remote, &far.addr));
		if (sa->direction == MSG_DIRECTION_IN) {
			in++;
			ck_assert_uint_eq(sa->spi, pair->spi_in);
		} else {
			out++;
			ck_assert_uint_eq(sa->spi, pair->spi_out);
			ck_assert_uint_gt(sa->packets, 5);
			ck_assert_uint_gt(sa->bytes, 100);
			ck_assert_uint_eq(sa->sequence, sa->packets);
		}
	}
	ck_assert_uint_eq(in, 1);
	ck_assert_uint_eq(out, 1);
	alone_end();
}
END_TEST

/* Of one tunnel only what is its own; the end comes last, in any case. */
START_TEST(only_what_was_asked_for)
{
	struct msg m;
	uint8_t byte;

	alone_begin();
	alone_line_up();
	alone_tunnel(2, CONF_START_WAIT);
	ls_count(&gw->counters, CAUSE_GW_NO_LINE);
	ask(80, 2);
	ck_assert(alone_told(alone_parent, MSG_TYPE_STATUS_LINE, &m));
	ck_assert_uint_eq(m.status_line.tunnel, 2);
	ck_assert_uint_eq(m.status_line.state, MSG_LINE_WAITING);
	ck_assert(alone_told(alone_parent, MSG_TYPE_STATUS_END, &m));
	ck_assert_int_lt(recv(alone_parent, &byte, 1, MSG_DONTWAIT), 0);
	ask(81, 2);
	ck_assert(!alone_told(alone_parent, MSG_TYPE_STATUS_ESP_SA, &m));
	ask(82, 2);
	ck_assert(!alone_told(alone_parent, MSG_TYPE_STATUS_COUNTER, &m));
	ask(83, 99);
	ck_assert(alone_told(alone_parent, MSG_TYPE_STATUS_END, &m));
	ck_assert_uint_eq(m.status_end.id, 83);
	ck_assert_uint_eq(m.status_end.role, MSG_ROLE_GATEWAY);
	alone_end();
}
END_TEST

/* Of all engines together, also of links that are gone; what never happened is not told. */
START_TEST(counters_are_summed_up)
{
	uint64_t no_line = 0, past = 0;
	struct msg m;

	alone_begin();
	alone_line_up();
	gw->counters.by_cause[CAUSE_GW_NO_LINE] = 7;
	gw->counters.by_cause[CAUSE_PPP_WRONG_USER] = 2;
	gw->ppp_past.by_cause[CAUSE_PPP_WRONG_USER] = 3;
	ask(84, 0);
	while (alone_told(alone_parent, MSG_TYPE_STATUS_COUNTER, &m)) {
		ck_assert_uint_eq(m.status_counter.id, 84);
		ck_assert_uint_eq(m.status_counter.role, MSG_ROLE_GATEWAY);
		ck_assert_uint_gt(m.status_counter.count, 0);
		if (m.status_counter.cause == CAUSE_GW_NO_LINE)
			no_line += m.status_counter.count;
		if (m.status_counter.cause == CAUSE_PPP_WRONG_USER)
			past += m.status_counter.count;
	}
	ck_assert_uint_eq(no_line, 7);
	ck_assert_uint_eq(past, 5);
	alone_end();
}
END_TEST

/* Installs a pair with these algorithms; its line for Wireshark, outbound or inbound. */
static const char *shown(uint16_t encr, uint16_t integ, size_t keymat_len, bool esn, bool out)
{
	static char line[1024];
	static uint32_t last;
	const uint32_t chain = last + 1;
	uint8_t keymat[160];
	struct msg_debug_keys_ask ask_keys = {.id = 5};
	struct msg_sa_install i = {.tunnel = 1,
	                           .chain = chain,
	                           .spi_in = esp_spi_reserve(gw->sad),
	                           .spi_out = 0x1234abcd,
	                           .encr = encr,
	                           .integ = integ,
	                           .esn = esn,
	                           .udp = true,
	                           .local = ls_addr_v4(0xc0000201, 4500),
	                           .remote = ls_addr_v4(0xc0000202, 4500),
	                           .keymat_in = LS_BYTES(keymat, keymat_len),
	                           .keymat_out = LS_BYTES(keymat, keymat_len)};
	struct msg m;
	unsigned n = 0;

	last = chain;
	for (size_t k = 0; k < sizeof keymat; k++)
		keymat[k] = (uint8_t)k;
	gw_sa_install(gw, &i);
	ck_assert_ptr_nonnull(gw_chain_find(gw, gw_chain_here(gw, chain)));
	gw_debug_keys_ask(gw, &ask_keys);
	line[0] = '\0';
	while (alone_told(alone_parent, MSG_TYPE_DEBUG_KEYS, &m)) {
		ck_assert_uint_eq(m.debug_keys.id, 5);
		ck_assert_uint_eq(m.debug_keys.kind, MSG_DEBUG_ESP);
		/* The newest chain comes first. */
		if (n++ == out)
			snprintf(line, sizeof line, "%s", m.debug_keys.line);
	}
	ck_assert_uint_eq(n, 2 * chain);
	ask_keys.tunnel = 2;
	gw_debug_keys_ask(gw, &ask_keys);
	ck_assert(!alone_told(alone_parent, MSG_TYPE_DEBUG_KEYS, &m));
	return line;
}

/* In the words of Wireshark's table: whose packets, which SPI, algorithms and keys. */
START_TEST(keys_are_shown_as_wireshark_wants_them)
{
	alone_begin();
	ck_assert_ptr_nonnull(gw_tunnel_make(gw, 1));
	ck_assert_str_eq(shown(ALGO_AES128_GCM, 0, 20, false, true),
	                 "\"IPv4\",\"192.0.2.1\",\"192.0.2.2\",\"0x1234abcd\","
	                 "\"AES-GCM with 16 octet ICV [RFC4106]\","
	                 "\"0x000102030405060708090a0b0c0d0e0f10111213\",\"NULL\",\"\"");
	ck_assert_str_eq(shown(ALGO_AES128, ALGO_SHA256, 48, true, true),
	                 "\"IPv4\",\"192.0.2.1\",\"192.0.2.2\",\"0x1234abcd\","
	                 "\"AES-CBC [RFC3602]\",\"0x000102030405060708090a0b0c0d0e0f\","
	                 "\"HMAC-SHA-256-128 [RFC4868]\","
	                 "\"0x101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f\","
	                 "\"64-bit\"");
	/* What comes in comes from there. */
	ck_assert_ptr_nonnull(strstr(shown(ALGO_CHACHA20POLY1305, 0, 36, false, false),
	                             "\"IPv4\",\"192.0.2.2\",\"192.0.2.1\",\"0x"));
	ck_assert_ptr_nonnull(strstr(shown(ALGO_CHACHA20POLY1305, 0, 36, false, true),
	                             "\"ChaCha20 with Poly1305 [RFC7634]\""));
	ck_assert_ptr_nonnull(
		strstr(shown(ALGO_NULL, ALGO_SHA256, 32, false, true), "\"NULL\",\"\",\"HMAC"));
	alone_end();
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("gw_status");

	if (!alone_reserve())
		return EXIT_FAILURE;
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, a_line_that_is_up);
	tcase_add_test(tc, a_line_that_is_down);
	tcase_add_test(tc, both_sas_of_a_pair);
	tcase_add_test(tc, only_what_was_asked_for);
	tcase_add_test(tc, counters_are_summed_up);
	tcase_add_test(tc, keys_are_shown_as_wireshark_wants_them);
	return run_cases("gw_status", tc);
}
