/* Tests of a tunnel's interface: what is set of what PPP agreed on, what is refused, and what
 * stays, as the kernel sees it. */
#include "lib/algo.h"
#include "tests/unit/src/parent_alone.h"

enum { MTU_OF_IPV4 = 1500 };

static struct tunnel *hq, *lab;

static void set_up(void)
{
	alone_begin("{ name = \"hq\"; start = \"on-demand\"; peer = \"192.0.2.7\"; user = \"us\"; "
	            "routes = [ \"10.1.0.0/16\", \"fd00:1::/48\" ]; },\n"
	            "{ name = \"lab\"; start = \"wait\"; routes = [ \"10.2.0.0/16\" ]; mtu = 1300; "
	            "ppp: { local = \"10.9.0.1\"; remote = \"10.9.0.9\"; }; }");
	log_open(false, LOG_LEVEL_ERROR);
	hq = parent_tunnel_by_name(p, "hq");
	lab = parent_tunnel_by_name(p, "lab");
	ck_assert(hq && lab);
}

/* Whether the kernel's way to this address leads into the tunnel. */
static bool leads(const char *to, const struct tunnel *t)
{
	struct ls_addr a = addr_of(to);
	uint32_t ifindex = 0, mtu;

	return netlink_route_get(p->netlink, &a, &ifindex, &mtu) == 0 && ifindex == t->tun.ifindex;
}

static uint32_t mtu_of(const struct tunnel *t)
{
	uint32_t mtu = 0;

	ck_assert_int_eq(netlink_link_mtu(p->netlink, t->tun.ifindex, &mtu), 0);
	return mtu;
}

static struct msg_iface_up link_of(const struct tunnel *t)
{
	return (struct msg_iface_up){.tunnel = t->id,
	                             .local4 = addr_of("10.9.0.2"),
	                             .remote4 = addr_of("10.9.0.1"),
	                             .peer = addr_of("192.0.2.7"),
	                             .udp = true,
	                             .encr = ALGO_AES256_GCM,
	                             .inner_overhead = 18,
	                             .peer_mru = 1500};
}

/* Sets it up; gives what the gateway is told. */
static struct msg_iface_done up(const struct msg_iface_up *m)
{
	struct msg told;

	parent_iface_up(p, m);
	alone_is_told(MSG_ROLE_GATEWAY, MSG_TYPE_IFACE_DONE, &told);
	ck_assert_uint_eq(told.iface_done.tunnel, m->tunnel);
	alone_is_told_nothing(MSG_ROLE_GATEWAY);
	return told.iface_done;
}

/* Routes that are there while the line is down let packets call it up. */
START_TEST(a_new_device_is_ready_for_packets)
{
	ck_assert(leads("10.1.2.3", hq));
	ck_assert(leads("fd00:1::9", hq));
	ck_assert(!leads("10.2.0.1", lab));
	ck_assert_uint_eq(mtu_of(hq), 1400);
	ck_assert_uint_eq(mtu_of(lab), 1300);
}
END_TEST

START_TEST(addresses_routes_and_mtu_are_set)
{
	struct msg_iface_up m = link_of(lab);
	struct msg_iface_done done;

	m.dns1 = addr_of("10.2.0.53");
	done = up(&m);
	ck_assert_msg(done.ok, "%s", done.error);
	ck_assert_uint_eq(done.mtu, 1300);
	ck_assert(lab->iface.up);
	ck_assert(leads("10.9.0.1", lab) && leads("10.2.0.1", lab));
	ck_assert_uint_eq(mtu_of(lab), 1300);
	ck_assert(ls_addr_equal(&lab->iface.dns[0], &m.dns1));
	ck_assert(ls_addr_equal(&lab->iface.peer, &m.peer));
	/* Without a number in the config it is worked out. */
	m = link_of(hq);
	m.local4 = addr_of("10.9.1.2");
	m.remote4 = addr_of("10.9.1.1");
	m.peer = addr_of("192.0.2.8");
	done = up(&m);
	ck_assert(done.ok);
	ck_assert_uint_eq(done.mtu, mtu_of(hq));
	ck_assert_uint_ne(done.mtu, 1400);
	ck_assert_uint_gt(done.mtu, 1380);
	ck_assert_uint_lt(done.mtu, MTU_OF_IPV4 - 20 - 8 - 18);
	ck_assert_uint_eq(done.link_mtu, MTU_OF_IPV4);
}
END_TEST

START_TEST(mtus_have_a_floor)
{
	struct msg_iface_up m = link_of(hq);

	m.peer_mru = 300;
	ck_assert_uint_eq(up(&m).mtu, 576);
	/* Below 1280 the kernel turns IPv6 off on a link. */
	m.ipv6 = true;
	m.local_id = 0x0200000000000001;
	ck_assert_uint_eq(up(&m).mtu, 1280);
	ck_assert_uint_eq(mtu_of(hq), 1280);
}
END_TEST

static bool has_address(const struct tunnel *t, const char *text)
{
	char line[128], wanted[33] = "", hex[33], name[32];
	struct ls_addr a = addr_of(text);
	FILE *f = fopen("/proc/thread-self/net/if_inet6", "r");
	bool found = false;

	for (unsigned i = 0; i < 16; i++)
		snprintf(wanted + (size_t)2 * i, 3, "%02x", a.ip[i]);
	while (f && fgets(line, sizeof line, f))
		if (sscanf(line, "%32s %*s %*s %*s %*s %31s", hex, name) == 2)
			found |= strcmp(hex, wanted) == 0 && strcmp(name, t->name) == 0;
	if (f)
		fclose(f);
	return found;
}

START_TEST(ipv6_has_the_link_local_address_that_was_agreed)
{
	struct msg_iface_up m = link_of(hq);

	ck_assert(!has_address(hq, "fe80::200:0:0:1"));
	m.ipv6 = true;
	m.local_id = 0x0200000000000001;
	ck_assert(up(&m).ok);
	ck_assert(has_address(hq, "fe80::200:0:0:1"));
	m.local_id = 0x0200000000000002;
	ck_assert(up(&m).ok);
	ck_assert(!has_address(hq, "fe80::200:0:0:1"));
	ck_assert(has_address(hq, "fe80::200:0:0:2"));
	parent_iface_down(p, hq);
	ck_assert(!has_address(hq, "fe80::200:0:0:2"));
}
END_TEST

/* PPP agreed anew. */
START_TEST(other_addresses_replace_the_first)
{
	struct msg_iface_up m = link_of(lab);

	ck_assert(up(&m).ok);
	ck_assert(up(&m).ok);
	m.local4 = addr_of("10.9.7.2");
	m.remote4 = addr_of("10.9.7.1");
	ck_assert(up(&m).ok);
	ck_assert(leads("10.9.7.1", lab) && !leads("10.9.0.1", lab) && leads("10.2.0.1", lab));
}
END_TEST

START_TEST(what_stays_when_the_line_goes)
{
	struct msg_iface_up m = link_of(hq), other = link_of(lab);

	other.local4 = addr_of("10.9.1.2");
	other.remote4 = addr_of("10.9.1.1");
	ck_assert(up(&m).ok && up(&other).ok);
	parent_iface_down(p, hq);
	parent_iface_down(p, lab);
	ck_assert(!hq->iface.up && !lab->iface.up);
	ck_assert(!leads("10.9.0.1", hq) && !leads("10.9.1.1", lab));
	/* The one that packets call up, and the other one. */
	ck_assert(leads("10.1.2.3", hq) && leads("fd00:1::9", hq));
	ck_assert(!leads("10.2.0.1", lab));
	parent_iface_clear(p, hq);
	ck_assert(!leads("10.1.2.3", hq) && !leads("fd00:1::9", hq));
}
END_TEST

/* The far end's address becomes a route: it must not take what is not its own. */
START_TEST(addresses_that_no_peer_may_have_are_refused)
{
	static const char *const bad[] = {"127.0.0.1", "224.0.0.5", "0.0.0.0", "192.0.2.7"};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		for (unsigned ours = 0; ours < 2; ours++) {
			struct msg_iface_up m = link_of(lab);
			struct msg_iface_done done;

			*(ours ? &m.local4 : &m.remote4) = addr_of(bad[i]);
			done = up(&m);
			ck_assert(!done.ok);
			ck_assert_ptr_nonnull(strstr(done.error, bad[i]));
			ck_assert_str_eq(alone_event(CAUSE_IFACE_ADDRESS)->text, done.error);
			ck_assert(!lab->iface.up);
			ck_assert(!leads("10.2.0.1", lab) && !leads("10.9.0.1", lab));
		}
	ck_assert_uint_eq(p->counters.by_cause[CAUSE_IFACE_ADDRESS], 8);
}
END_TEST

/* Nor the outer address of another tunnel's peer, while that one is up. */
START_TEST(another_peers_outer_address_is_refused)
{
	struct msg_iface_up m = link_of(hq), other = link_of(lab);

	ck_assert(up(&m).ok);
	other.peer = addr_of("192.0.2.99");
	other.remote4 = addr_of("192.0.2.7");
	other.local4 = addr_of("10.9.1.2");
	ck_assert(!up(&other).ok);
	parent_iface_down(p, hq);
	ck_assert(up(&other).ok);
}
END_TEST

/* A route that catches the tunnel's own outer packets would choke it. */
START_TEST(a_route_that_would_loop_is_taken_back)
{
	struct conf_tunnel conf = hq->conf;
	struct msg_iface_up m = link_of(hq);
	struct ls_prefix host = prefix_of("192.0.2.7/32");
	struct ls_addr none = {.family = 0};

	conf.routes[0] = prefix_of("192.0.2.0/24");
	ck_assert(parent_tunnel_change(p, hq, &conf));
	ck_assert(up(&m).ok);
	ck_assert(!leads("192.0.2.7", hq) && !leads("192.0.2.8", hq));
	ck_assert(leads("fd00:1::9", hq));
	ck_assert_ptr_nonnull(strstr(alone_event(CAUSE_IFACE_LOOP)->text, "192.0.2.0/24"));
	ck_assert_uint_eq(p->counters.by_cause[CAUSE_IFACE_LOOP], 1);
	/* Where the peer has a way of its own, it is none. */
	ck_assert_int_eq(netlink_route_set(p->netlink, 1, &host, &none, 0), 0);
	ck_assert(up(&m).ok);
	ck_assert(leads("192.0.2.8", hq) && !leads("192.0.2.7", hq));
	ck_assert_uint_eq(p->counters.by_cause[CAUSE_IFACE_LOOP], 1);
}
END_TEST

START_TEST(routes_of_a_new_configuration)
{
	struct conf_tunnel conf = hq->conf, other = lab->conf;

	conf.routes[0] = prefix_of("10.3.0.0/16");
	ck_assert(parent_tunnel_change(p, hq, &conf));
	ck_assert(leads("10.3.0.1", hq) && !leads("10.1.2.3", hq) && leads("fd00:1::9", hq));
	other.routes[0] = prefix_of("10.4.0.0/16");
	ck_assert(parent_tunnel_change(p, lab, &other));
	ck_assert(!leads("10.4.0.1", lab));
}
END_TEST

START_TEST(one_that_is_not_there_is_nothing)
{
	struct msg_iface_up m = link_of(hq);

	m.tunnel = 99;
	parent_iface_up(p, &m);
	alone_is_told_nothing(MSG_ROLE_GATEWAY);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("parent_iface");

	if (!netns_can("parent_iface"))
		return EXIT_SUCCESS;
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, set_up, alone_end);
	tcase_add_test(tc, a_new_device_is_ready_for_packets);
	tcase_add_test(tc, addresses_routes_and_mtu_are_set);
	tcase_add_test(tc, mtus_have_a_floor);
	tcase_add_test(tc, ipv6_has_the_link_local_address_that_was_agreed);
	tcase_add_test(tc, other_addresses_replace_the_first);
	tcase_add_test(tc, what_stays_when_the_line_goes);
	tcase_add_test(tc, addresses_that_no_peer_may_have_are_refused);
	tcase_add_test(tc, another_peers_outer_address_is_refused);
	tcase_add_test(tc, a_route_that_would_loop_is_taken_back);
	tcase_add_test(tc, routes_of_a_new_configuration);
	tcase_add_test(tc, one_that_is_not_there_is_nothing);
	return run_cases("parent_iface", tc);
}
