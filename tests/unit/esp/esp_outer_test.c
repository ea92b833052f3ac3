/* Tests of the headers before AH: which bytes of them the ICV covers, and what is refused (RFC 4302
 * 3.3.3.1, appendix A). */
#include "esp/esp.h"
#include "esp/esp_outer.h"
#include "tests/unit/hex.h"
#include "tests/unit/run.h"

/* 20 bytes: TOS b8, length 100, id 1234, DF, TTL 64, AH, a checksum, 192.0.2.1 to 198.51.100.1 */
#define IP4(ihl) "4" ihl "b80064 12344000 4033abcd c0000201 c6336401 "
#define IP4_MUTED(ihl) "4" ihl "000064 12340000 00330000 c0000201 c6336401 "
/* 40 bytes: traffic class and flow label, payload length 60, `next`, hop limit 64 */
#define IP6(next)             \
	"6abc def0 003c" next \
	"40 20010db8 00000000 00000000 00000001 20010db8 00000000 00000000 00000002 "
#define IP6_MUTED(next)       \
	"6000 0000 003c" next \
	"00 20010db8 00000000 00000000 00000001 20010db8 00000000 00000000 00000002 "
#define ADDRESS(n) "20010db8 00000000 00000000 000000" n " "

enum { IN = 1, OUT = 2, BOTH = 3 };

/* What is covered of well-formed headers. */
static const struct {
	const char *what;
	int ways;
	const char *headers, *muted;
} good[] = {
	{"IPv4", BOTH, IP4("5"), IP4_MUTED("5")},
	{"end of options, and what is behind it", BOTH, IP4("6") "00aabbcc",
         IP4_MUTED("6") "00aabbcc"},
	{"no operation", BOTH, IP4("6") "01010100", IP4_MUTED("6") "01010100"},
	{"router alert stays", BOTH, IP4("6") "94040001", IP4_MUTED("6") "94040001"},
	{"security options stay", BOTH, IP4("8") "8203aa 8503bb 8603cc 9503dd",
         IP4_MUTED("8") "8203aa 8503bb 8603cc 9503dd"},
	{"record route goes, as a whole", BOTH, IP4("7") "0707040a 01020301",
         IP4_MUTED("7") "00000000 00000001"},
	{"time stamp goes", BOTH, IP4("8") "440c0500 11223344 55667788",
         IP4_MUTED("8") "00000000 00000000 00000000"},
	{"traceroute, stream id and MTU probe go", BOTH,
         IP4("a") "520caaaa aaaaaaaa aaaaaaaa 8804bbbb 0b04cccc",
         IP4_MUTED("a") "00000000 00000000 00000000 00000000 00000000"},
	{"an unknown option goes, by its length", BOTH, IP4("7") "fe05aabb cc010100",
         IP4_MUTED("7") "00000000 00010100"},
	{"a source route that was walked", IN, IP4("8") "830b0c01 02030405 06070801",
         IP4_MUTED("8") "00000000 00000000 00000001"},
	{"a loose source route ahead: the last address will be the destination", OUT,
         IP4("8") "830b0401 02030405 06070801",
         "48000064 12340000 00330000 c0000201 05060708 00000000 00000000 00000001"},
	{"a strict one", OUT, IP4("7") "89070401 02030401",
         "47000064 12340000 00330000 c0000201 01020304 00000000 00000001"},
	{"IPv6", BOTH, IP6("33"), IP6_MUTED("33")},
	{"hop-by-hop options: immutable ones stay, of the others the data goes", BOTH,
         IP6("00") "33010502 00000100 2503aabb cc00 0000",
         IP6_MUTED("00") "33010502 00000100 25030000 0000 0000"},
	{"destination options", BOTH, IP6("3c") "33003e04 11223344",
         IP6_MUTED("3c") "33003e04 00000000"},
	{"both, in a row", BOTH, IP6("00") "3c001e04 11223344 33003e04 11223344",
         IP6_MUTED("00") "3c001e04 11223344 33003e04 00000000"},
	{"a routing header that was walked", IN, IP6("2b") "33020000 00000000" ADDRESS("07"),
         IP6_MUTED("2b") "33020000 00000000" ADDRESS("07")},
	{"a routing header with three addresses ahead", OUT,
         IP6("2b") "33060003 00000000" ADDRESS("07") ADDRESS("08") ADDRESS("09"),
         "60000000 003c2b00" ADDRESS("01") ADDRESS("09") "33060000 00000000" ADDRESS("02")
                 ADDRESS("07") ADDRESS("08")},
	{"one of two addresses ahead", OUT,
         IP6("2b") "33040001 00000000" ADDRESS("07") ADDRESS("08"),
         "60000000 003c2b00" ADDRESS("01") ADDRESS("08") "33040000 00000000" ADDRESS("07")
                 ADDRESS("02")},
	{"a fragment header that reassembly left", BOTH, IP6("2c") "33000000 11223344",
         "60000000 00343300" ADDRESS("01") ADDRESS("02")},
	{"the same behind options", BOTH, IP6("3c") "2c001e04 11223344 33000000 11223344",
         "60000000 00343c00" ADDRESS("01") ADDRESS("02") "33001e04 11223344"},
};

/* A packet of 100 bytes that begins with the headers. */
static size_t packet(const char *headers, uint8_t pkt[128])
{
	memset(pkt, 0x5a, 128);
	return hex(headers, pkt, 128);
}

START_TEST(the_rules_for_mutable_fields)
{
	uint8_t pkt[128], out[ESP_OUTER_MAX];
	size_t len = packet(good[_i].headers, pkt);

	for (int sending = 0; sending < 2; sending++) {
		struct esp_outer o;
		enum ls_cause cause;
		size_t size;

		if (!(good[_i].ways & (sending ? OUT : IN)))
			continue;
		cause = sending ? esp_outer_plan(pkt, len, &o) : esp_outer_read(pkt, 128, &o);
		ck_assert_msg(cause == CAUSE_NONE, "%s: cause %d", good[_i].what, cause);
		ck_assert_uint_eq(o.len, len);
		ck_assert_uint_eq(pkt[o.next_at], IP_AH);
		ck_assert_uint_eq(o.total, sending ? 0 : 100);
		size = esp_outer_mute(pkt, &o, sending, out);
		ck_assert_hex_eq(out, size, good[_i].muted);
	}
}
END_TEST

static const struct {
	const char *what;
	int ways;
	enum ls_cause cause;
	const char *headers;
} bad[] = {
	{"nothing", BOTH, CAUSE_AH_OUTER, ""},
	{"another version", BOTH, CAUSE_AH_OUTER, "55000064 12344000 40330000 c0000201 c6336401"},
	{"a header shorter than its least", BOTH, CAUSE_AH_OUTER,
         "44000064 12344000 40330000 c0000201 c6336401"},
	{"no AH", IN, CAUSE_AH_OUTER, "45000064 12344000 40320000 c0000201 c6336401"},
	{"shorter than its header", IN, CAUSE_AH_OUTER,
         "45000013 12344000 40330000 c0000201 c6336401"},
	{"longer than what came", IN, CAUSE_AH_OUTER,
         "45000081 12344000 40330000 c0000201 c6336401"},
	{"a first fragment", BOTH, CAUSE_AH_FRAGMENT,
         "45000064 12342000 40330000 c0000201 c6336401"},
	{"a later fragment", BOTH, CAUSE_AH_FRAGMENT,
         "45000064 12340001 40330000 c0000201 c6336401"},
	{"an option of no length", BOTH, CAUSE_AH_OUTER, IP4("6") "07000000"},
	{"an option of one byte", BOTH, CAUSE_AH_OUTER, IP4("6") "07010000"},
	{"an option beyond the header", BOTH, CAUSE_AH_OUTER, IP4("6") "07050000"},
	{"an option without its length", BOTH, CAUSE_AH_OUTER, IP4("6") "01010107"},
	{"bytes behind the header", OUT, CAUSE_AH_OUTER, IP4("5") "00"},
	{"IPv6 cut short", OUT, CAUSE_AH_OUTER, "60000000 003c3340"},
	{"no AH in IPv6", IN, CAUSE_AH_OUTER, IP6("32")},
	{"an extension header that is not known", BOTH, CAUSE_AH_OUTER,
         IP6("8b") "33000000 00000000"},
	{"ESP before AH", BOTH, CAUSE_AH_OUTER, IP6("32") "33000000 00000000"},
	{"hop-by-hop options that do not come first", BOTH, CAUSE_AH_OUTER,
         IP6("3c") "00000104 00000000 33000104 00000000"},
	{"an option beyond its header", BOTH, CAUSE_AH_OUTER, IP6("00") "33000105 00000000"},
	{"an extension header beyond the packet", OUT, CAUSE_AH_OUTER,
         IP6("00") "33010104 00000000"},
	{"a routing header of type 2", BOTH, CAUSE_AH_OUTER,
         IP6("2b") "33020200 00000000" ADDRESS("07")},
	{"half an address", BOTH, CAUSE_AH_OUTER, IP6("2b") "33010000 00000000 00000000 00000000"},
	{"more addresses ahead than there are", OUT, CAUSE_AH_OUTER,
         IP6("2b") "33020002 00000000" ADDRESS("07")},
	{"a routing header with a way to go", IN, CAUSE_AH_OUTER,
         IP6("2b") "33020001 00000000" ADDRESS("07")},
	{"a first fragment of IPv6", BOTH, CAUSE_AH_FRAGMENT, IP6("2c") "33000001 11223344"},
	{"a later one", BOTH, CAUSE_AH_FRAGMENT, IP6("2c") "33000008 11223344"},
	{"two fragment headers", BOTH, CAUSE_AH_OUTER,
         IP6("2c") "2c000000 11223344 33000000 11223344"},
	{"IPv6 longer than what came", IN, CAUSE_AH_OUTER,
         "60000000 00593340" ADDRESS("01") ADDRESS("02")},
};

START_TEST(what_has_no_rule_is_refused)
{
	uint8_t pkt[128];
	size_t len = packet(bad[_i].headers, pkt);

	for (int sending = 0; sending < 2; sending++) {
		struct esp_outer o;
		enum ls_cause cause;

		if (!(bad[_i].ways & (sending ? OUT : IN)))
			continue;
		cause = sending ? esp_outer_plan(pkt, len, &o) : esp_outer_read(pkt, 128, &o);
		ck_assert_msg(cause == bad[_i].cause, "%s: cause %d", bad[_i].what, cause);
	}
}
END_TEST

/* Each place where a packet may be cut, in memory of exactly that size. */
START_TEST(truncated_headers_are_refused)
{
	uint8_t pkt[128];
	size_t len = packet(good[_i].headers, pkt);

	for (size_t cut = 0; cut < len; cut++) {
		uint8_t *exact = malloc(cut ? cut : 1);
		struct esp_outer o;

		memcpy(exact, pkt, cut);
		ck_assert_uint_ne(esp_outer_read(exact, cut, &o), CAUSE_NONE);
		free(exact);
	}
}
END_TEST

START_TEST(headers_that_are_too_long_are_refused)
{
	static uint8_t pkt[40 + 600];
	struct esp_outer o;

	hex(IP6("3c"), pkt, 40);
	for (size_t at = 40; at < sizeof(pkt); at += 8)
		hex("3c000104 00000000", pkt + at, 8);
	pkt[sizeof(pkt) - 8] = 51;
	ck_assert_uint_eq(esp_outer_plan(pkt, sizeof(pkt), &o), CAUSE_AH_OUTER);
	ck_assert_uint_eq(esp_outer_plan(pkt, ESP_OUTER_MAX, &o), CAUSE_NONE);
}
END_TEST

START_TEST(headers_of_our_own)
{
	struct ls_addr a, b, c, d;
	uint8_t ip[64];
	struct esp_outer o = esp_outer_plain(4), again;

	ck_assert(ls_addr_parse("192.0.2.1", &a) && ls_addr_parse("198.51.100.1", &b));
	ck_assert_uint_eq(esp_outer_make(ip, &a, &b, 0x1234), 20);
	esp_outer_finish(ip, &o, 100, 51);
	/* The checksum was computed apart from esp/. */
	ck_assert_hex_eq(ip, 20, "45000064 12344000 40333bfd c0000201 c6336401");
	ck_assert_uint_eq(esp_outer_plan(ip, 20, &again), CAUSE_NONE);
	ck_assert_mem_eq(&o, &again, sizeof(o));
	ck_assert(ls_addr_parse("2001:db8::1", &c) && ls_addr_parse("2001:db8::2", &d));
	o = esp_outer_plain(6);
	ck_assert_uint_eq(esp_outer_make(ip, &c, &d, 1), 40);
	esp_outer_finish(ip, &o, 100, 51);
	ck_assert_hex_eq(ip, 40, "60000000 003c3340" ADDRESS("01") ADDRESS("02"));
	ck_assert_uint_eq(esp_outer_plan(ip, 40, &again), CAUSE_NONE);
	ck_assert_mem_eq(&o, &again, sizeof(o));
	memset(ip, 0xff, sizeof(ip));
	esp_outer_rebuild(ip, &c, &d, 51, 60);
	ck_assert_hex_eq(ip, 40, "60000000 003c3340" ADDRESS("01") ADDRESS("02"));
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("all");

	tcase_add_loop_test(tc, the_rules_for_mutable_fields, 0, sizeof(good) / sizeof(good[0]));
	tcase_add_loop_test(tc, what_has_no_rule_is_refused, 0, sizeof(bad) / sizeof(bad[0]));
	tcase_add_loop_test(tc, truncated_headers_are_refused, 0, sizeof(good) / sizeof(good[0]));
	tcase_add_test(tc, headers_that_are_too_long_are_refused);
	tcase_add_test(tc, headers_of_our_own);
	return run_cases("esp_outer", tc);
}
