/* Tests of the size arithmetic: the table of links, outer headers and transforms, and agreement
 * with sealing. */
#include "tests/unit/esp/esp_pair.h"
#include "tests/unit/run.h"

/* Inner MTU with a 6-byte L2TP header and PPP's protocol field in 1, 2 or 4 bytes. */
START_TEST(inner_mtu_table)
{
	static const struct {
		enum algo_id encr, integ;
		unsigned link, outer, mtu[3];
	} rows[] = {
		{ALGO_AES256_GCM, ALGO_NONE, 1500, 20, {1431, 1430, 1428}},
		{ALGO_AES256_GCM, ALGO_NONE, 1500, 28, {1423, 1422, 1420}},
		{ALGO_AES256_GCM, ALGO_NONE, 1500, 40, {1411, 1410, 1408}},
		{ALGO_AES256_GCM, ALGO_NONE, 1500, 48, {1403, 1402, 1400}},
		{ALGO_CHACHA20POLY1305, ALGO_NONE, 1500, 28, {1423, 1422, 1420}},
		{ALGO_AES128, ALGO_SHA1, 1500, 20, {1423, 1422, 1420}},
		{ALGO_AES128, ALGO_SHA1, 1500, 28, {1407, 1406, 1404}},
		{ALGO_AES128, ALGO_SHA1, 1500, 40, {1407, 1406, 1404}},
		{ALGO_AES128, ALGO_SHA1, 1500, 48, {1391, 1390, 1388}},
		{ALGO_AES256, ALGO_SHA256, 1500, 20, {1423, 1422, 1420}},
		{ALGO_AES256, ALGO_SHA256, 1500, 28, {1407, 1406, 1404}},
		{ALGO_AES256, ALGO_SHA256, 1500, 40, {1391, 1390, 1388}},
		{ALGO_AES256, ALGO_SHA256, 1500, 48, {1391, 1390, 1388}},
		{ALGO_AES128_GCM, ALGO_NONE, 1492, 28, {1415, 1414, 1412}},
		{ALGO_AES128_GCM, ALGO_NONE, 1280, 28, {1203, 1202, 1200}},
	};
	static const unsigned protocol[3] = {1, 2, 4};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (unsigned k = 0; k < 3; k++) {
			size_t room = esp_plain_room(rows[i].encr, rows[i].integ,
			                             rows[i].link - rows[i].outer);

			ck_assert_uint_eq(room - 8 - 6 - protocol[k], rows[i].mtu[k]);
		}
}
END_TEST

START_TEST(room_and_sealed_size_agree)
{
	struct pair p;

	pair_make(&p, 1, 1, _i, true);
	for (size_t room = 0; room < 1600; room++) {
		size_t plain = esp_plain_room(pair_suites[_i].encr, pair_suites[_i].integ, room);

		if (plain == 0) {
			ck_assert_uint_gt(esp_sealed_size(p.out, 1), room);
			continue;
		}
		ck_assert_uint_le(esp_sealed_size(p.out, plain), room);
		ck_assert_uint_gt(esp_sealed_size(p.out, plain + 1), room);
	}
	pair_free(&p);
}
END_TEST

/* Whole packets: what fits into the largest one below a size fills it but for less than a block. */
START_TEST(room_and_size_of_packets_agree)
{
	static const struct {
		enum algo_id encr, integ;
		unsigned block;
	} rows[] = {{ALGO_AES256_GCM, ALGO_NONE, 4},
	            {ALGO_AES128, ALGO_SHA1, 16},
	            {ALGO_NONE, ALGO_SHA256, 1}};

	for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++)
		for (unsigned outer = 0; outer < 4; outer++)
			for (size_t size = 200; size < 1600; size++) {
				uint8_t family = outer & 1 ? 6 : 4;
				bool udp = outer & 2;
				size_t room = esp_packet_room(rows[i].encr, rows[i].integ, family,
				                              udp, size),
				       fits = esp_packet_size(rows[i].encr, rows[i].integ, family,
				                              udp, room);

				ck_assert_uint_le(fits, size);
				ck_assert_uint_gt(fits + rows[i].block, size);
				ck_assert_uint_gt(esp_packet_size(rows[i].encr, rows[i].integ,
				                                  family, udp, room + 1),
				                  size);
			}
	ck_assert_uint_eq(esp_packet_room(ALGO_AES256_GCM, ALGO_NONE, 4, true, 1500), 1438);
	ck_assert_uint_eq(esp_packet_room(ALGO_AES256_GCM, ALGO_NONE, 6, true, 48), 0);
	ck_assert_uint_eq(esp_packet_size(ALGO_NONE, ALGO_NONE, 4, false, 100), 0);
	ck_assert_uint_eq(esp_packet_size(ALGO_AES256, ALGO_NONE, 4, false, 100), 0);
}
END_TEST

START_TEST(unknown_pairs_have_no_room)
{
	ck_assert_uint_eq(esp_plain_room(ALGO_AES256, ALGO_NONE, 1500), 0);
	ck_assert_uint_eq(esp_plain_room(ALGO_AES256_GCM, ALGO_SHA256, 1500), 0);
	ck_assert_uint_eq(esp_plain_room(ALGO_SHA256, ALGO_SHA256, 1500), 0);
	ck_assert_uint_eq(esp_plain_room(ALGO_NONE, ALGO_NONE, 1500), 0);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("all");

	if (!crypto_init())
		return EXIT_FAILURE;
	tcase_add_test(tc, inner_mtu_table);
	tcase_add_loop_test(tc, room_and_sealed_size_agree, 0, PAIR_SUITES);
	tcase_add_test(tc, room_and_size_of_packets_agree);
	tcase_add_test(tc, unknown_pairs_have_no_room);
	return run_cases("esp_mtu", tc);
}
