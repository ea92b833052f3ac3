/* DSCP and ECN: what the outer header gets, and all sixteen cells of RFC 6040's figure 4. */
#include "src/gateway/gw_mark.h"

#include "lib/sum.h"
#include "tests/unit/run.h"

#include <string.h>

enum { N = GW_ECN_NOT_ECT, E1 = GW_ECN_ECT1, E0 = GW_ECN_ECT0, CE = GW_ECN_CE, GONE = 9 };

static const struct {
	unsigned inner, outer, becomes;
	bool alarm;
} cells[] = {
	{N, N, N, false},   {N, E0, N, true},    {N, E1, N, true},    {N, CE, GONE, false},
	{E0, N, E0, false}, {E0, E0, E0, false}, {E0, E1, E1, false}, {E0, CE, CE, false},
	{E1, N, E1, false}, {E1, E0, E1, false}, {E1, E1, E1, false}, {E1, CE, CE, false},
	{CE, N, CE, false}, {CE, E0, CE, false}, {CE, E1, CE, true},  {CE, CE, CE, false},
};

/* A header with this traffic class; all other bits of the words around it are set. */
static void header_make(uint8_t packet[40], unsigned version, unsigned class)
{
	memset(packet, 0xff, 40);
	if (version == 4) {
		packet[0] = 0x45;
		packet[1] = (uint8_t) class;
		ls_sum_ip4_set(packet, 20);
	} else {
		packet[0] = (uint8_t)(0x60 | class >> 4);
		packet[1] = (uint8_t)(class << 4 | 0x0f);
	}
}

static void cell_check(unsigned version, unsigned i, unsigned dscp)
{
	uint8_t packet[40], expected[40];
	enum ls_cause alarm, cause;

	header_make(packet, version, dscp << 2 | cells[i].inner);
	/* The outer DSCP is never looked at (RFC 2983 3.1). */
	cause = gw_mark_arrive(packet, version, (uint8_t)((63 - dscp) << 2 | cells[i].outer),
	                       &alarm);
	ck_assert_int_eq(cause, cells[i].becomes == GONE ? CAUSE_GW_ECN_DROP : CAUSE_NONE);
	ck_assert_int_eq(alarm, cells[i].alarm ? CAUSE_GW_ECN_ODD : CAUSE_NONE);
	if (cells[i].becomes == GONE)
		return;
	header_make(expected, version, dscp << 2 | cells[i].becomes);
	ck_assert_mem_eq(packet, expected, version == 4 ? 10 : 40);
	ck_assert(version == 6 || ls_sum_ip4_right(packet, 20));
}

START_TEST(each_cell_of_figure_4)
{
	ck_assert_uint_eq(sizeof cells / sizeof cells[0], 16);
	for (unsigned i = 0; i < 16; i++)
		for (unsigned dscp = 0; dscp < 64; dscp++) {
			cell_check(4, i, dscp);
			cell_check(6, i, dscp);
		}
}
END_TEST

START_TEST(the_class_is_read)
{
	uint8_t packet[40];

	for (unsigned class = 0; class < 256; class ++) {
		header_make(packet, 4, class);
		ck_assert_uint_eq(gw_mark_read(packet, 4), class);
		header_make(packet, 6, class);
		ck_assert_uint_eq(gw_mark_read(packet, 6), class);
	}
}
END_TEST

START_TEST(the_outer_header)
{
	struct gw_mark hidden = {.fixed = 0}, fixed = {.fixed = 46 << 2};
	struct gw_mark copied = {.copy_dscp = true}, both = {.copy_dscp = true, .copy_ecn = true};
	struct gw_mark ecn = {.fixed = 10 << 2, .copy_ecn = true};
	uint8_t inner = 34 << 2 | GW_ECN_CE;

	ck_assert_uint_eq(gw_mark_outer(&hidden, inner), 0);
	ck_assert_uint_eq(gw_mark_outer(&fixed, inner), 46 << 2);
	ck_assert_uint_eq(gw_mark_outer(&copied, inner), 34 << 2);
	ck_assert_uint_eq(gw_mark_outer(&both, inner), inner);
	ck_assert_uint_eq(gw_mark_outer(&ecn, inner), 10 << 2 | GW_ECN_CE);
}
END_TEST

START_TEST(dont_fragment)
{
	uint8_t may[40] = {0x45}, must_not[40] = {0x45, [6] = 0x40}, six[40] = {0x60};

	for (unsigned df = GW_DF_CLEAR; df <= GW_DF_COPY; df++) {
		struct gw_mark m = {.df = (enum gw_df)df};

		ck_assert(gw_mark_df(&m, may, 4, 4) == (df == GW_DF_SET));
		ck_assert(gw_mark_df(&m, must_not, 4, 4) == (df != GW_DF_CLEAR));
		ck_assert(gw_mark_df(&m, six, 6, 4) == (df != GW_DF_CLEAR));
		ck_assert(gw_mark_df(&m, may, 4, 6));
		ck_assert(gw_mark_df(&m, six, 6, 6));
	}
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("gw_mark");

	tcase_add_test(tc, each_cell_of_figure_4);
	tcase_add_test(tc, the_class_is_read);
	tcase_add_test(tc, the_outer_header);
	tcase_add_test(tc, dont_fragment);
	return run_cases("gw_mark", tc);
}
