/* Tests of what a peer's words become on their way to the terminal of an administrator. */
#include "src/parent/control_client.h"

#include "tests/unit/run.h"

#include <string.h>

static void becomes(const char *said, const char *shown)
{
	char text[64];

	snprintf(text, sizeof text, "%s", said);
	ck_assert_str_eq(control_json_printable(text), shown);
}

START_TEST(words_stay)
{
	becomes("", "");
	becomes("branch-7", "branch-7");
	becomes("Z\xc3\xbcrich \xe2\x82\xac", "Z\xc3\xbcrich \xe2\x82\xac");
}
END_TEST

START_TEST(no_word_steers_a_terminal)
{
	becomes("\x1b]0;owned\x07", "?]0;owned?");
	becomes("a\nb\x7f", "a?b?");
	becomes("a\xc2\x9b"
	        "31m",
	        "a??31m");
	/* What is no UTF-8 has no place in JSON; it is shown as far as it is readable. */
	becomes("Z\xfcrich", "Z?rich");
	becomes("\xc2", "?");
	becomes("\xc3\xbc\xff", "???");
}
END_TEST

/* An event that JSON cannot hold as it is does not vanish. */
START_TEST(an_event_keeps_its_text)
{
	struct history_entry e = {
		.event = {.cause = CAUSE_PPP_WRONG_USER, .text = "al\xff\x1bice"}};
	json_t *o = control_json_event(&e, 0);

	ck_assert_str_eq(json_string_value(json_object_get(o, "text")), "al??ice");
	json_decref(o);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("control_json");

	tcase_add_test(tc, words_stay);
	tcase_add_test(tc, no_word_steers_a_terminal);
	tcase_add_test(tc, an_event_keeps_its_text);
	return run_cases("control_json", tc);
}
