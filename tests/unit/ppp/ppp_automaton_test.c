/* Tests of the table of the option negotiation automaton against the one that RFC 1661 prints. */
#include "tests/unit/ppp/ppp_rfc1661.h"
#include "tests/unit/run.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const char *const names[] = {"tld", "irc", "zrc", "scr", "sca", "scn", "str",
                                    "sta", "scj", "ser", "tlu", "tls", "tlf"};

/* The cell as the RFC would print it: the actions in its order, then the state. */
static void cell(enum cp_state state, enum cp_event event, char *out, size_t size)
{
	struct cp_step step = ppp_automaton_step(state, event);
	size_t n = 0;

	if (step.next < 0) {
		snprintf(out, size, "-");
		return;
	}
	for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
		if (step.actions & 1u << i)
			n += (size_t)snprintf(out + n, size - n, "%s%s", n ? "," : "", names[i]);
	snprintf(out + n, size - n, "%s%d", n ? "/" : "", step.next);
}

/* The actions of a cell in any order. */
static bool same(const char *a, const char *b)
{
	const char *slash = strchr(b, '/');
	char copy[64];

	if (strlen(a) != strlen(b) || strcmp(a + strlen(a) - 1, b + strlen(b) - 1) != 0)
		return false;
	snprintf(copy, sizeof copy, "%.*s", slash ? (int)(slash - b) : 0, b);
	for (char *save = NULL, *w = strtok_r(copy, ",", &save); w; w = strtok_r(NULL, ",", &save))
		if (!strstr(a, w))
			return false;
	return true;
}

START_TEST(every_cell_is_the_rfcs)
{
	char seen[64];

	for (int state = 0; state < CP_STATES; state++) {
		cell((enum cp_state)state, (enum cp_event)_i, seen, sizeof seen);
		ck_assert_msg(same(seen, rfc[_i][1 + state]), "%s in %d: %s, not %s", rfc[_i][0],
		              state, seen, rfc[_i][1 + state]);
	}
}
END_TEST

/* 4.4: what goes up came through an agreement, what goes down was up; a counter is set for what is
 * sent under it; every answer has a packet that it is to. */
START_TEST(actions_belong_together)
{
	for (int state = 0; state < CP_STATES; state++)
		for (int event = 0; event < CP_EVENTS; event++) {
			struct cp_step s =
				ppp_automaton_step((enum cp_state)state, (enum cp_event)event);

			if (s.next < 0) {
				ck_assert_uint_eq(s.actions, 0);
				continue;
			}
			ck_assert_int_lt(s.next, CP_STATES);
			ck_assert_int_eq((s.actions & CP_TLU) != 0,
			                 s.next == CP_OPENED && state != CP_OPENED);
			ck_assert_int_eq((s.actions & CP_TLD) != 0,
			                 state == CP_OPENED && s.next != CP_OPENED);
			ck_assert(!(s.actions & CP_IRC) || s.actions & (CP_SCR | CP_STR) ||
			          event == CP_RCA);
			ck_assert(!(s.actions & (CP_SCA | CP_SCN)) || event == CP_RCR_GOOD ||
			          event == CP_RCR_BAD);
			ck_assert(!(s.actions & CP_TLU) || event == CP_RCR_GOOD || event == CP_RCA);
		}
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("ppp_automaton");

	tcase_add_loop_test(tc, every_cell_is_the_rfcs, 0, CP_EVENTS);
	tcase_add_test(tc, actions_belong_together);
	return run_cases("ppp_automaton", tc);
}
