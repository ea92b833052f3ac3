/* Tests of which source addresses a tunnel's peer may use. */
#include "src/gateway/gw_source.h"

#include "tests/unit/run.h"

#include <string.h>

static struct gw_sources sources;
static struct ls_addr peer4;

static void nets(const char *const *text, unsigned n)
{
	struct ls_prefix p[GW_SOURCES_MAX];

	for (unsigned i = 0; i < n; i++)
		ck_assert(ls_prefix_parse(text[i], &p[i]));
	gw_sources_make(&sources, p, n);
}

static bool from(const char *text)
{
	uint8_t packet[40] = {0};
	struct ls_addr a;

	ck_assert(ls_addr_parse(text, &a));
	packet[0] = a.family == 4 ? 0x45 : 0x60;
	memcpy(packet + (a.family == 4 ? 12 : 8), a.ip, ls_addr_size(&a));
	return gw_source_fits(&sources, &peer4, packet);
}

START_TEST(networks_and_the_peer)
{
	const char *const some[] = {"10.71.0.0/24", "fd71::/64", "192.168.128.0/17", "10.75.0.9",
	                            "fd75::/33"};

	nets(some, 5);
	peer4 = ls_addr_v4(0x0a090002, 0);
	ck_assert(from("10.71.0.1") && from("10.71.0.255"));
	ck_assert(!from("10.71.1.0") && !from("10.70.255.255"));
	ck_assert(from("192.168.200.1") && !from("192.168.127.255"));
	ck_assert(from("10.75.0.9") && !from("10.75.0.8"));
	/* The peer of the link, not we. */
	ck_assert(from("10.9.0.2") && !from("10.9.0.1"));
	ck_assert(!from("0.0.0.0") && !from("127.0.0.1") && !from("224.0.0.5"));
	ck_assert(from("fd71::1") && !from("fd71:0:0:1::1") && !from("2001:db8::1"));
	ck_assert(from("fd75:0:7fff::1") && !from("fd75:0:8000::1"));
	/* Addresses of the link. */
	ck_assert(from("fe80::1") && from("febf::1") && from("::"));
	ck_assert(!from("fec0::1") && !from("::1") && !from("ff02::5"));
}
END_TEST

START_TEST(everything_and_nothing)
{
	const char *const all[] = {"0.0.0.0/0", "::/0"};

	nets(all, 2);
	ck_assert(from("203.0.113.1") && from("2001:db8::1"));
	/* Networks of one family say nothing for the other. */
	nets(all, 1);
	ck_assert(from("203.0.113.1") && !from("2001:db8::1") && from("fe80::2"));
	peer4 = (struct ls_addr){.family = 0};
	nets(all, 0);
	ck_assert(!from("0.0.0.0") && !from("10.0.0.1"));
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("gw_source");

	tcase_add_test(t, networks_and_the_peer);
	tcase_add_test(t, everything_and_nothing);
	return run_cases("gw_source", t);
}
