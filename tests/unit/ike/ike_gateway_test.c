/* Identities of gateways: which texts and octets name one. */
#include "ike/ike_gateway.h"
#include "tests/unit/ike/ike_main.h"

static const char *const good[] = {
	"192.0.2.1", "223.255.255.255", "2001:db8::1",       "fd00::1",
	"hq",        "hq-2.example",    "a.b.c.example",     "_ike._udp.hq.example",
	"x1",        "1x.example",      "xn--bcher-kva.test"};
static const char *const bad[] = {"",
                                  ".",
                                  "hq.",
                                  ".hq",
                                  "a..b",
                                  "-a.example",
                                  "a.-b",
                                  "hq example",
                                  "hq\n",
                                  "h\xc3\xa9",
                                  "10.1",
                                  "127.1",
                                  "0x7f000001",
                                  "1.2.3.256",
                                  "0.0.0.0",
                                  "0.1.2.3",
                                  "127.0.0.1",
                                  "::1",
                                  "::",
                                  "ff02::1",
                                  "fe80::1",
                                  "224.0.0.1",
                                  "255.255.255.255",
                                  "::ffff:192.0.2.1",
                                  "192.0.2.1:500",
                                  "a:b"};

START_TEST(texts)
{
	char text[IKE_GATEWAY_TEXT_MAX], longest[IKE_GATEWAY_MAX + 2];
	struct ike_gateway g;

	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		ck_assert_msg(ike_gateway_parse(good[i], &g), "%s", good[i]);
		ck_assert_str_eq(ike_gateway_text(&g, text), good[i]);
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ck_assert_msg(!ike_gateway_parse(bad[i], &g), "%s", bad[i]);
	memset(longest, 'x', sizeof longest);
	longest[IKE_GATEWAY_MAX + 1] = '\0';
	ck_assert(!ike_gateway_parse(longest, &g));
	longest[IKE_GATEWAY_MAX] = '\0';
	ck_assert(ike_gateway_parse(longest, &g));
	ck_assert_str_eq(ike_gateway_text(&g, text), longest);
}
END_TEST

/* As it is written, it is read: with this nonce, and with no other; cut or made longer, not. */
START_TEST(octets)
{
	static const uint8_t nonces[2][IKE_NONCE_MAX + 1] = {{1, 2, 3}, {1, 2, 4}};
	const size_t sizes[] = {0, IKE_NONCE_MIN, IKE_NONCE_MAX};

	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		for (size_t n = 0; n < 3; n++) {
			uint8_t bytes[1024];
			struct ls_bytes nonce = LS_BYTES(nonces[0], sizes[n]), data;
			struct ike_build b = ike_build_make(bytes, sizeof bytes);
			struct ike_gateway g, out;
			struct ike_payloads in;
			struct rd r;

			ck_assert(ike_gateway_parse(good[i], &g));
			ike_gateway_write(&b, IKE_N_REDIRECT, &g, nonce);
			ike_build_end(&b);
			r = rd_make(b.w.p, b.w.len);
			ck_assert_int_eq(ike_payloads_read(b.first, &r, &in), CAUSE_NONE);
			data = ike_notify_find(&in, IKE_N_REDIRECT)->data;
			ck_assert_uint_eq(data.len, 2u + g.len + nonce.len);
			ck_assert(ike_gateway_read(data, nonce, &out) &&
			          ike_gateway_same(&g, &out));
			for (size_t len = 0; len < data.len; len++)
				ck_assert(!ike_gateway_read(LS_BYTES(data.p, len), nonce, &out));
			if (nonce.len == 0)
				continue;
			ck_assert(!ike_gateway_read(data, LS_BYTES(nonces[1], nonce.len), &out));
			ck_assert(!ike_gateway_read(data, LS_BYTES(NULL, 0), &out));
			ck_assert(
				!ike_gateway_read(data, LS_BYTES(nonces[0], nonce.len - 1), &out));
			ck_assert(
				!ike_gateway_read(data, LS_BYTES(nonces[0], nonce.len + 1), &out));
		}
}
END_TEST

/* Types that there are not, and lengths that do not fit theirs. */
START_TEST(malformed)
{
	uint8_t data[32] = {0, 0, 192, 0, 2, 1};
	struct ike_gateway out;

	for (unsigned type = 0; type < 256; type++)
		for (uint8_t len = 0; len < 30; len++) {
			bool right = (type == IKE_GATEWAY_IPV4 && len == 4) ||
			             (type == IKE_GATEWAY_IPV6 && len == 16);

			data[0] = (uint8_t)type;
			data[1] = len;
			ck_assert_int_eq(
				ike_gateway_read(LS_BYTES(data, 2u + len), LS_BYTES(NULL, 0), &out),
				right);
		}
}
END_TEST

IKE_MAIN("ike gateway", texts, octets, malformed)
