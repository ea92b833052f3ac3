/* Tests of the MTU arithmetic: the table of inner MTUs for a link of 1500 bytes. */
#include "src/parent/iface_mtu.h"

#include "lib/algo.h"
#include "tests/unit/run.h"

#include <check.h>

enum { UDP_INNER = 8, L2TP_PLAIN = 6 };

static struct msg_iface_up line(uint8_t family, bool udp, unsigned encr, unsigned integ,
                                unsigned ppp)
{
	struct msg_iface_up m = {
		.tunnel = 1, .udp = udp, .encr = (uint16_t)encr, .integ = (uint16_t)integ};

	m.peer.family = family;
	m.inner_overhead = (uint16_t)(UDP_INNER + L2TP_PLAIN + ppp);
	return m;
}

static void is(uint32_t wanted, uint8_t family, bool udp, unsigned encr, unsigned integ,
               unsigned ppp)
{
	struct msg_iface_up m = line(family, udp, encr, integ, ppp);

	ck_assert_uint_eq(iface_mtu(1500, &m), wanted);
}

START_TEST(aead)
{
	is(1428, 4, false, ALGO_AES256_GCM, ALGO_NONE, 4);
	is(1420, 4, true, ALGO_AES256_GCM, ALGO_NONE, 4);
	is(1422, 4, true, ALGO_AES128_GCM, ALGO_NONE, 2);
	is(1423, 4, true, ALGO_CHACHA20POLY1305, ALGO_NONE, 1);
	is(1408, 6, false, ALGO_AES128_GCM, ALGO_NONE, 4);
	is(1400, 6, true, ALGO_AES128_GCM, ALGO_NONE, 4);
}
END_TEST

START_TEST(cbc)
{
	is(1420, 4, false, ALGO_AES128, ALGO_SHA1, 4);
	is(1404, 4, true, ALGO_AES128, ALGO_SHA1, 4);
	is(1420, 4, false, ALGO_AES256, ALGO_SHA256, 4);
	is(1407, 4, true, ALGO_AES256, ALGO_SHA256, 1);
	is(1388, 6, true, ALGO_AES256, ALGO_SHA256, 4);
}
END_TEST

/* Without a cipher it is AH. */
START_TEST(ah)
{
	is(1434, 4, false, ALGO_NONE, ALGO_SHA256, 4);
	is(1410, 6, false, ALGO_NONE, ALGO_SHA256, 4);
	is(1438, 4, false, ALGO_NONE, ALGO_SHA1, 4);
	is(1418, 6, false, ALGO_NONE, ALGO_SHA1, 4);
	is(0, 4, false, ALGO_NONE, ALGO_NONE, 4);
}
END_TEST

START_TEST(what_the_peer_receives_is_the_most)
{
	struct msg_iface_up m = line(4, true, ALGO_AES256_GCM, ALGO_NONE, 4);

	m.peer_mru = 1300;
	ck_assert_uint_eq(iface_mtu(1500, &m), 1300);
	m.peer_mru = 1500;
	ck_assert_uint_eq(iface_mtu(1492, &m), 1412);
	ck_assert_uint_eq(iface_mtu(1280, &m), 1200);
}
END_TEST

START_TEST(links_that_carry_nothing_give_zero)
{
	struct msg_iface_up m = line(6, true, ALGO_AES256_GCM, ALGO_NONE, 4);

	for (uint32_t link = 0; link < 90; link++)
		ck_assert_uint_eq(iface_mtu(link, &m), 0);
}
END_TEST

/* What the path was measured to carry counts, if it is less than the link. */
START_TEST(a_measured_path)
{
	struct msg_iface_up m = line(4, true, ALGO_AES256_GCM, ALGO_NONE, 4);

	m.path_mtu = 1400;
	ck_assert_uint_eq(iface_mtu(1500, &m), 1320);
	ck_assert_uint_eq(iface_mtu(1400, &m), 1320);
	ck_assert_uint_eq(iface_mtu(1300, &m), 1220);
	m.path_mtu = 0;
	ck_assert_uint_eq(iface_mtu(1500, &m), 1420);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("iface_mtu");

	tcase_add_test(t, aead);
	tcase_add_test(t, cbc);
	tcase_add_test(t, ah);
	tcase_add_test(t, what_the_peer_receives_is_the_most);
	tcase_add_test(t, links_that_carry_nothing_give_zero);
	tcase_add_test(t, a_measured_path);
	return run_cases("src/iface_mtu", t);
}
