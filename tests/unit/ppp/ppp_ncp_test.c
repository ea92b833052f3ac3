/* Tests of IPCP and IPV6CP: addresses, name servers and interface identifiers, given and taken. */
#include "tests/unit/ppp/ppp_peer.h"
#include "tests/unit/run.h"

START_TEST(a_caller_without_an_address)
{
	open_plain();
	open_ipcp();
	/* The peer has none to give. */
	SAY(PROTO_IPCP, CODE_REJECT, 1, "\3\6\0\0\0\0");
	agree_to(PROTO_IPCP);
	ck_assert(!is_up[0]);
	expect_end(CAUSE_PPP_NO_PROTOCOL);
	ck_assert(!is_up[0]);
}
END_TEST

START_TEST(name_servers_of_the_user)
{
	struct ppp_answer a = {.ok = true, .address = ls_addr_v4(0x0a090007, 0)};

	a.dns[0] = ls_addr_v4(0x0a090036, 0);
	start_called();
	dial();
	open_lcp("", 0);
	answer_with(&a);
	SAY(PROTO_IPCP, CODE_REQUEST, 1, "\3\6\0\0\0\0\201\6\0\0\0\0");
	HEARD(PROTO_IPCP, CODE_NAK, "\3\6\12\11\0\7\201\6\12\11\0\66");
	end();
}
END_TEST

static void open_six(void)
{
	start();
	config[0].ipv4 = false;
	config[0].ipv6 = true;
	memcpy(config[0].interface_id, "\2\1\1\1\1\1\1\1", 8);
	dial();
	open_lcp("", 0);
}

START_TEST(interface_identifiers)
{
	uint8_t hint[8];

	open_six();
	HEARD(PROTO_IPV6CP, CODE_REQUEST, "\1\12\2\1\1\1\1\1\1\1");
	/* None, and ours: another one, drawn, not said to be unique (RFC 5072 4.1). */
	for (unsigned ours = 0; ours < 2; ours++) {
		say(PROTO_IPV6CP, CODE_REQUEST, 1,
		    ours ? "\1\12\2\1\1\1\1\1\1\1" : "\1\12\0\0\0\0\0\0\0\0", 10);
		ck_assert_uint_eq(said[0].bytes[0], CODE_NAK);
		ck_assert_uint_eq(said[0].len, HEAD + 10);
		memcpy(hint, said[0].bytes + HEAD + 2, 8);
		ck_assert_mem_ne(hint, "\0\0\0\0\0\0\0\0", 8);
		ck_assert_mem_ne(hint, "\2\1\1\1\1\1\1\1", 8);
		ck_assert_uint_eq(hint[0] & 2, 0);
		ck_assert_mem_eq(ppp_link(ends[0])->remote_id, "\0\0\0\0\0\0\0\0", 8);
	}
	/* Too short, too long, and compression (RFC 5172). */
	SAY(PROTO_IPV6CP, CODE_REQUEST, 2, "\1\11\1\2\3\4\5\6\7");
	HEARD(PROTO_IPV6CP, CODE_REJECT, "\1\11\1\2\3\4\5\6\7");
	SAY(PROTO_IPV6CP, CODE_REQUEST, 2, "\1\13\1\2\3\4\5\6\7\10\11");
	HEARD(PROTO_IPV6CP, CODE_REJECT, "\1\13\1\2\3\4\5\6\7\10\11");
	SAY(PROTO_IPV6CP, CODE_REQUEST, 2, "\2\4\0\117");
	HEARD(PROTO_IPV6CP, CODE_REJECT, "\2\4\0\117");
	/* Ours is hinted at: taken, unless it is none. */
	SAY(PROTO_IPV6CP, CODE_NAK, ends[0]->ipv6cp.id, "\1\12\0\0\0\0\0\0\0\0");
	HEARD(PROTO_IPV6CP, CODE_REQUEST, "\1\12\2\1\1\1\1\1\1\1");
	SAY(PROTO_IPV6CP, CODE_NAK, ends[0]->ipv6cp.id, "\1\12\10\7\6\5\4\3\2\1");
	HEARD(PROTO_IPV6CP, CODE_REQUEST, "\1\12\10\7\6\5\4\3\2\1");
	agree_to(PROTO_IPV6CP);
	SAY(PROTO_IPV6CP, CODE_REQUEST, 3, "\1\12\1\2\3\4\5\6\7\10");
	ck_assert(is_up[0] && seen[0].ipv6 && !seen[0].ipv4);
	ck_assert_mem_eq(seen[0].local_id, "\10\7\6\5\4\3\2\1", 8);
	ck_assert_mem_eq(seen[0].remote_id, "\1\2\3\4\5\6\7\10", 8);
	end();
}
END_TEST

/* Called with an address to give: it must be that one; the caller's own is ours to take else. */
START_TEST(addresses_that_a_caller_may_have)
{
	start_called();
	config[0].remote4 = ls_addr_v4(0x0a090002, 0);
	config[0].dns4[0] = ls_addr_v4(0x0a090035, 0);
	dial();
	open_lcp("", 0);
	HEARD(PROTO_IPCP, CODE_REQUEST, "\3\6\12\11\0\1");
	SAY(PROTO_IPCP, CODE_REQUEST, 1, "\3\6\0\0\0\0");
	HEARD(PROTO_IPCP, CODE_NAK, "\3\6\12\11\0\2");
	SAY(PROTO_IPCP, CODE_REQUEST, 2, "\3\6\12\11\0\3");
	HEARD(PROTO_IPCP, CODE_NAK, "\3\6\12\11\0\2");
	/* Name servers: ours; there is no second one. */
	SAY(PROTO_IPCP, CODE_REQUEST, 3, "\3\6\12\11\0\2\201\6\12\11\0\65");
	HEARD(PROTO_IPCP, CODE_ACK, "\3\6\12\11\0\2\201\6\12\11\0\65");
	SAY(PROTO_IPCP, CODE_REQUEST, 4, "\203\6\0\0\0\0");
	HEARD(PROTO_IPCP, CODE_REJECT, "\203\6\0\0\0\0");
	/* The old way to ask for addresses (RFC 1332 3.1), and an address of five bytes. */
	SAY(PROTO_IPCP, CODE_REQUEST, 5, "\1\12\12\11\0\2\12\11\0\1");
	HEARD(PROTO_IPCP, CODE_REJECT, "\1\12\12\11\0\2\12\11\0\1");
	SAY(PROTO_IPCP, CODE_REQUEST, 6, "\3\7\12\11\0\2\0");
	ck_assert_uint_eq(said[0].bytes[0], CODE_REJECT);
	/* Ours is not the caller's to give. */
	SAY(PROTO_IPCP, CODE_NAK, ends[0]->ipcp.id, "\3\6\12\11\0\7");
	HEARD(PROTO_IPCP, CODE_REQUEST, "\3\6\12\11\0\1");
	end();
}
END_TEST

START_TEST(what_a_caller_is_given)
{
	start();
	config[0].want_dns = true;
	dial();
	open_lcp("", 0);
	HEARD(PROTO_IPCP, CODE_REQUEST, "\3\6\0\0\0\0\201\6\0\0\0\0\203\6\0\0\0\0");
	SAY(PROTO_IPCP, CODE_REJECT, ends[0]->ipcp.id, "\203\6\0\0\0\0");
	HEARD(PROTO_IPCP, CODE_REQUEST, "\3\6\0\0\0\0\201\6\0\0\0\0");
	SAY(PROTO_IPCP, CODE_NAK, ends[0]->ipcp.id, "\3\6\12\11\0\2\201\6\12\11\0\65");
	HEARD(PROTO_IPCP, CODE_REQUEST, "\3\6\12\11\0\2\201\6\12\11\0\65");
	agree_to(PROTO_IPCP);
	/* The other end must have an address, and gets none from us. */
	SAY(PROTO_IPCP, CODE_REQUEST, 1, "\3\6\0\0\0\0");
	HEARD(PROTO_IPCP, CODE_REJECT, "\3\6\0\0\0\0");
	open_ipcp();
	ck_assert(is_up[0]);
	ck_assert_uint_eq(ls_addr_v4_value(&seen[0].local4), 0x0a090002);
	ck_assert_uint_eq(ls_addr_v4_value(&seen[0].remote4), 0x0a090001);
	ck_assert_uint_eq(ls_addr_v4_value(&seen[0].dns4[0]), 0x0a090035);
	ck_assert_uint_ne(seen[0].dns4[1].family, 4);
	end();
}
END_TEST

/* A caller whose address stands in its config keeps it. */
START_TEST(an_address_of_our_own)
{
	start();
	config[0].local4 = ls_addr_v4(0x0a090009, 0);
	dial();
	open_lcp("", 0);
	HEARD(PROTO_IPCP, CODE_REQUEST, "\3\6\12\11\0\11");
	SAY(PROTO_IPCP, CODE_NAK, ends[0]->ipcp.id, "\3\6\12\11\0\2");
	HEARD(PROTO_IPCP, CODE_REQUEST, "\3\6\12\11\0\11");
	end();
}
END_TEST

/* One of two protocols ends: the link stays, and the change is told; with the last one it goes. */
START_TEST(the_last_protocol_ends_the_link)
{
	start();
	config[0].ipv6 = true;
	dial();
	open_lcp("", 0);
	open_ipcp();
	give_address();
	ck_assert(!is_up[0]);
	open_ipv6cp();
	ck_assert(is_up[0] && seen[0].ipv4 && seen[0].ipv6);
	SAY(PROTO_IPV6CP, CODE_TERM_REQUEST, 2, "");
	HEARD(PROTO_IPV6CP, CODE_TERM_ACK, "");
	pass(now + LS_S(5));
	ck_assert(seen[0].ipv4 && !seen[0].ipv6 && !is_down[0]);
	SAY(PROTO_IPCP, CODE_TERM_REQUEST, 2, "");
	pass(now + LS_S(5));
	SAY(PROTO_LCP, CODE_TERM_ACK, ends[0]->lcp.serial, "");
	ck_assert(is_down[0]);
	ck_assert_int_eq(why, CAUSE_PEER_ASKED);
	end();
}
END_TEST

/* A source that gives none first, then ours, then another. */
static void poor_fill(void *context, void *buffer, size_t len)
{
	static const uint8_t ours[8] = {0, 1, 1, 1, 1, 1, 1, 1};
	unsigned *n = context;

	memset(buffer, *n == 0 ? 0 : 7, len);
	if (*n == 1)
		memcpy(buffer, ours, len < 8 ? len : 8);
	(*n)++;
}

/* What is hinted at is neither none nor ours, however it is drawn. */
START_TEST(a_hint_is_drawn_until_it_fits)
{
	unsigned n = 0;

	open_six();
	ends[0]->random = (struct ls_random){.fill = poor_fill, .context = &n};
	memcpy(ends[0]->local_id, "\0\1\1\1\1\1\1\1", 8);
	SAY(PROTO_IPV6CP, CODE_REQUEST, 1, "\1\12\0\0\0\0\0\0\0\0");
	HEARD(PROTO_IPV6CP, CODE_NAK, "\1\12\5\7\7\7\7\7\7\7");
	ck_assert_uint_eq(n, 3);
	end();
}
END_TEST

/* One protocol is up and the other one's peer silent: half a minute later it is asked again, and
 * only once each half minute. */
START_TEST(silence_is_asked_again)
{
	ls_time stopped;

	start();
	config[0].ipv6 = true;
	config[0].echo_interval_s = UINT32_MAX;
	dial();
	open_lcp("", 0);
	open_ipcp();
	give_address();
	while (ends[0]->ipv6cp.state != CP_STOPPED)
		pass(ppp_deadline(ends[0]));
	stopped = now;
	ck_assert(is_up[0] && seen[0].ipv4);
	ck_assert_int_eq(ends[0]->ipv6cp.at, stopped + LS_S(30));
	ck_assert_int_eq(ends[0]->ipcp.at, LS_NEVER);
	pass(stopped + LS_S(30) - 1);
	ck_assert_int_eq(ends[0]->ipv6cp.state, CP_STOPPED);
	pass(stopped + LS_S(30));
	ck_assert_uint_eq(said[frames - 1].protocol, PROTO_IPV6CP);
	ck_assert_uint_eq(said[frames - 1].bytes[0], CODE_REQUEST);
	end();
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("ppp_ncp");

	if (!secret_init() || !crypto_init())
		return EXIT_FAILURE;
	tcase_add_test(tc, a_caller_without_an_address);
	tcase_add_test(tc, name_servers_of_the_user);
	tcase_add_test(tc, interface_identifiers);
	tcase_add_test(tc, addresses_that_a_caller_may_have);
	tcase_add_test(tc, what_a_caller_is_given);
	tcase_add_test(tc, an_address_of_our_own);
	tcase_add_test(tc, the_last_protocol_ends_the_link);
	tcase_add_test(tc, a_hint_is_drawn_until_it_fits);
	tcase_add_test(tc, silence_is_asked_again);
	return run_cases("ppp_ncp", tc);
}
