/* The words of 'offload'. */
#include "src/config/config.h"

#include "tests/unit/run.h"

#include <stdio.h>

START_TEST(each_bit_has_a_word)
{
	unsigned bit, all = 0;

	for (unsigned i = 0; i < CONF_OFFLOADS_MAX; i++) {
		ck_assert(conf_offload_parse(conf_offload_name(1u << i), &bit));
		ck_assert_uint_eq(bit, 1u << i);
		all |= bit;
	}
	ck_assert_uint_eq(all, CONF_OFFLOAD_ALL);
	ck_assert(conf_offload_parse("join", &bit) && bit == CONF_OFFLOAD_JOIN);
	ck_assert(conf_offload_parse("none", &bit) && bit == 0);
	ck_assert(!conf_offload_parse("", &bit));
	ck_assert(!conf_offload_parse("all", &bit));
	ck_assert(!conf_offload_parse("tun-tso ", &bit));
	ck_assert_str_eq(conf_offload_name(3), "?");
}
END_TEST

START_TEST(none_given_is_all)
{
	struct conf_gateway g = {.offload_count = 0};

	ck_assert_uint_eq(conf_offload(&g), CONF_OFFLOAD_ALL);
	snprintf(g.offload[0], sizeof g.offload[0], "none");
	g.offload_count = 1;
	ck_assert_uint_eq(conf_offload(&g), 0);
	snprintf(g.offload[0], sizeof g.offload[0], "udp-gro");
	snprintf(g.offload[1], sizeof g.offload[1], "tun-uso");
	g.offload_count = 2;
	ck_assert_uint_eq(conf_offload(&g), CONF_OFFLOAD_UDP_GRO | CONF_OFFLOAD_TUN_USO);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("conf_offload");

	tcase_add_test(tc, each_bit_has_a_word);
	tcase_add_test(tc, none_given_is_all);
	return run_cases("conf_offload", tc);
}
