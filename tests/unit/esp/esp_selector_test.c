/* Tests of the check of what came out of an SA against what was agreed for it. */
#include "tests/unit/esp/esp_pair.h"
#include "tests/unit/run.h"

static const struct esp_selector l2tp = {.protocol = 17,
                                         .local_port_low = 1701,
                                         .local_port_high = 1701,
                                         .remote_port_low = 0,
                                         .remote_port_high = 65535};

static void make(struct pair *p, enum esp_mode mode, struct esp_selector selector)
{
	pair_open(p, 1, 1);
	p->out_params = p->in_params = pair_params(p, ALGO_AES256_GCM, ALGO_NONE, true);
	p->in_params.mode = mode;
	p->in_params.selector = selector;
	pair_add(p, 0);
}

static bool check(const struct pair *p, uint8_t next_header, const char *text)
{
	HEX(payload, text);
	uint8_t *exact = malloc(payload.len + 1);
	bool ok;

	memcpy(exact, payload.p, payload.len);
	ok = esp_selector_check(p->in, next_header, exact, payload.len);
	free(exact);
	return ok;
}

START_TEST(ports_and_protocol)
{
	struct pair p;
	struct esp_selector narrow = l2tp;

	make(&p, ESP_TRANSPORT, l2tp);
	ck_assert(check(&p, 17, "1234 06a5 0008 0000"));
	ck_assert(check(&p, 17, "06a5 06a5"));
	ck_assert(!check(&p, 17, "06a5 1234 0008 0000"));
	ck_assert(!check(&p, 17, "06a5 06"));
	ck_assert(!check(&p, 17, ""));
	ck_assert(!check(&p, 6, "1234 06a5 0008 0000"));
	ck_assert(!check(&p, 4, "1234 06a5 0008 0000"));
	pair_free(&p);
	narrow.remote_port_low = narrow.remote_port_high = 1701;
	make(&p, ESP_TRANSPORT, narrow);
	ck_assert(check(&p, 17, "06a5 06a5 0008 0000"));
	ck_assert(!check(&p, 17, "06a6 06a5 0008 0000"));
	pair_free(&p);
}
END_TEST

START_TEST(everything_and_protocols_without_ports)
{
	struct pair p;
	struct esp_selector s = {.local_port_high = 65535, .remote_port_high = 65535};

	make(&p, ESP_TRANSPORT, s);
	ck_assert(check(&p, 17, ""));
	ck_assert(check(&p, 115, "00"));
	pair_free(&p);
	s.local_port_low = 1;
	make(&p, ESP_TRANSPORT, s);
	ck_assert(!check(&p, 115, "12341234"));
	ck_assert(check(&p, 6, "12341234"));
	pair_free(&p);
}
END_TEST

START_TEST(inner_packets_of_tunnel_mode)
{
	struct pair p;
	struct esp_selector s = {.local_port_high = 65535, .remote_port_high = 65535};

	ck_assert(ls_prefix_parse("10.1.0.0/16", &s.local));
	ck_assert(ls_prefix_parse("10.2.0.0/16", &s.remote));
	make(&p, ESP_TUNNEL, s);
	ck_assert(check(&p, 4, "45000014 00000000 40110000 0a020001 0a010001"));
	ck_assert(!check(&p, 4, "45000014 00000000 40110000 0a010001 0a020001"));
	ck_assert(!check(&p, 4, "45000014 00000000 40110000 0a020001 0a0300"));
	ck_assert(!check(&p, 4, "65000014 00000000 40110000 0a020001 0a010001"));
	ck_assert(!check(&p, 41, "45000014 00000000 40110000 0a020001 0a010001"));
	ck_assert(!check(&p, 17, "45000014 00000000 40110000 0a020001 0a010001"));
	pair_free(&p);
	s.protocol = 17;
	s.local_port_low = s.local_port_high = 53;
	make(&p, ESP_TUNNEL, s);
	ck_assert(check(&p, 4, "45000014 00000000 40110000 0a020001 0a010001 12340035"));
	ck_assert(check(&p, 4, "46000014 00000000 40110000 0a020001 0a010001 01010101 12340035"));
	ck_assert(!check(&p, 4, "45000014 00000000 40110000 0a020001 0a010001 00351234"));
	ck_assert(!check(&p, 4, "44000014 00000000 40110000 0a020001 0a010001 12340035"));
	ck_assert(!check(&p, 4, "4f000014 00000000 40110000 0a020001 0a010001 12340035"));
	ck_assert(!check(&p, 4, "45000014 00000000 40060000 0a020001 0a010001 12340035"));
	pair_free(&p);
}
END_TEST

START_TEST(inner_packets_of_version_6)
{
	struct pair p;
	struct esp_selector s = {.local_port_high = 65535, .remote_port_high = 65535};

	ck_assert(ls_prefix_parse("2001:db8:1::/48", &s.local));
	make(&p, ESP_TUNNEL, s);
	ck_assert(check(&p, 41,
	                "60000000 00001140 20010db8 00020000 00000000 00000001 20010db8 00010000 "
	                "00000000 00000001"));
	ck_assert(!check(&p, 41,
	                 "60000000 00001140 20010db8 00010000 00000000 00000001 20010db8 00020000 "
	                 "00000000 00000001"));
	ck_assert(!check(&p, 4,
	                 "60000000 00001140 20010db8 00020000 00000000 00000001 20010db8 00010000 "
	                 "00000000 00000001"));
	ck_assert(!check(&p, 41,
	                 "60000000 00001140 20010db8 00020000 00000000 00000001 20010db8 00010000 "
	                 "00000000 000000"));
	pair_free(&p);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("all");

	if (!crypto_init())
		return EXIT_FAILURE;
	tcase_add_test(tc, ports_and_protocol);
	tcase_add_test(tc, everything_and_protocols_without_ports);
	tcase_add_test(tc, inner_packets_of_tunnel_mode);
	tcase_add_test(tc, inner_packets_of_version_6);
	return run_cases("esp_selector", tc);
}
