/* Tests of the tables of keys: each value from and to its text, and each bound. */
#include "tests/unit/src/conf_file.h"
#include "tests/unit/src/conf_sample.h"

#define TUNNEL(keys, ppp)                   \
	"gateway: { identity = \"a\"; };\n" \
	"tunnels: ( { name = \"t\"; ppp: { local = \"10.9.0.1\"; " ppp " }; " keys " } );\n"

START_TEST(values_out_of_bounds)
{
	conf_file_refused(TUNNEL("metric = 99999999999L;", ""), 0, "metric");
	conf_file_refused(TUNNEL("start = [ \"wait\" ];", ""), 0, "'start' takes one value");
	conf_file_refused(TUNNEL("local = \"here\";", ""), 0, "must be an");
	conf_file_refused(TUNNEL("routes = [ \"\" ];", ""), 0, "empty");
	conf_file_refused(TUNNEL("identity = \"a\\x01b\";", ""), 0, "cannot be printed");
	conf_file_refused(TUNNEL("", "dns = [ \"10.0.0.1\", \"10.0.0.2\", \"10.0.0.3\" ];"), 0,
	                  "entries");
	conf_file_refused(TUNNEL("", "pool = \"10.0.0.1\";"), 0, "range");
	conf_file_refused(TUNNEL("", "ipv6 = \"perhaps\";"), 0, "ipv6");
}
END_TEST

/* -- each key of both tables -- */

static struct conf_gateway gateway;
static struct conf_tunnel tunnel;
static char error[CONF_ERROR_MAX];

static unsigned keys_count(void)
{
	return (unsigned)(conf_gateway_key_count + conf_tunnel_key_count);
}

/* The nth of both tables, and the struct that it is of. */
static const struct conf_key *key_at(int nth, void **of)
{
	size_t i = (size_t)nth;

	*of = i < conf_gateway_key_count ? (void *)&gateway : (void *)&tunnel;
	return i < conf_gateway_key_count ? &conf_gateway_keys[i]
	                                  : &conf_tunnel_keys[i - conf_gateway_key_count];
}

static bool taken(const struct conf_key *k, void *of, const char *text)
{
	error[0] = '\0';
	bool ok = conf_set(k, of, text, error, sizeof error);

	/* A refusal has a reason. */
	ck_assert_msg(ok == (error[0] == '\0'), "%s: %s", k->path, error);
	return ok;
}

static const char *text_of(const struct conf_key *k, const void *of, uint32_t i)
{
	static char out[CONF_PATH_MAX];

	return conf_get(k, of, i, out, sizeof out);
}

START_TEST(a_value_comes_back_as_it_was_given)
{
	void *of;
	const struct conf_key *k = key_at(_i, &of);
	char sample[CONF_SAMPLE_MAX];

	if (conf_is_list(k)) {
		uint32_t most = conf_sample_most(k);

		for (uint32_t i = 0; i < most; i++)
			ck_assert(taken(k, of, conf_sample(k, i, sample)));
		for (uint32_t i = 0; i < most; i++)
			ck_assert_str_eq(text_of(k, of, i), conf_sample(k, i, sample));
		ck_assert(!taken(k, of, conf_sample(k, 0, sample)));
		ck_assert_ptr_nonnull(strstr(error, "entries"));
		ck_assert_uint_eq(*(uint32_t *)conf_count(k, of), most);
		return;
	}
	ck_assert(taken(k, of, conf_sample(k, 1, sample)));
	ck_assert_str_eq(text_of(k, of, 0), conf_sample(k, 1, sample));
}
END_TEST

START_TEST(the_default_is_a_good_value)
{
	void *of;
	const struct conf_key *k = key_at(_i, &of);

	conf_defaults(k, 1, of);
	if (!conf_is_list(k))
		ck_assert_str_eq(text_of(k, of, 0), k->fallback);
	else
		ck_assert_uint_eq(*(uint32_t *)conf_count(k, of), 0);
}
END_TEST

START_TEST(bounds_are_exact)
{
	void *of;
	const struct conf_key *k = key_at(_i, &of);
	char text[CONF_PATH_MAX + 2];
	size_t room = k->kind == CONF_TEXTS ? k->size / k->max : k->size;

	if (k->kind == CONF_U32) {
		snprintf(text, sizeof text, "%u", k->min);
		ck_assert(taken(k, of, text));
		snprintf(text, sizeof text, "%u", k->max);
		ck_assert(taken(k, of, text));
		ck_assert_str_eq(text_of(k, of, 0), k->word[0] ? k->word[0] : text);
		snprintf(text, sizeof text, "%llu", (unsigned long long)k->max + 1);
		ck_assert(!taken(k, of, text));
		snprintf(text, sizeof text, "%lld", (long long)k->min - 1);
		ck_assert(!taken(k, of, text));
	} else if (k->kind == CONF_TEXT || k->kind == CONF_TEXTS) {
		memset(text, 'x', room);
		text[room] = '\0';
		ck_assert(!taken(k, of, text));
		text[room - 1] = '\0';
		ck_assert(taken(k, of, text));
		ck_assert_str_eq(text_of(k, of, 0), text);
		if (k->kind == CONF_TEXT)
			ck_assert_uint_eq(k->max, room - 1);
	}
}
END_TEST

START_TEST(nonsense_is_refused_and_changes_nothing)
{
	static const char *const bad[] = {"\x01",         "a\nb",
	                                  "\x7f",         "a\x1b[31mb",
	                                  "-1",           " 1",
	                                  "1 ",           "yes",
	                                  "Always",       "192.0.2.256",
	                                  "10.1.2.3/16",  "10.9.0.9-10.9.0.2",
	                                  "10.9.0.2-::1", "99999999999999999999999"};
	void *of;
	const struct conf_key *k = key_at(_i, &of);
	bool text = k->kind == CONF_TEXT || k->kind == CONF_TEXTS;
	char sample[CONF_SAMPLE_MAX], before[CONF_PATH_MAX];

	ck_assert(taken(k, of, conf_sample(k, 1, sample)));
	snprintf(before, sizeof before, "%s", text_of(k, of, 0));
	for (unsigned i = 0; i < (text ? 4u : sizeof bad / sizeof bad[0]); i++) {
		ck_assert_msg(!taken(k, of, bad[i]), "%s: %s", k->path, bad[i]);
		if (conf_is_list(k))
			ck_assert_uint_eq(*(uint32_t *)conf_count(k, of), 1);
		ck_assert_msg(strcmp(text_of(k, of, 0), before) == 0, "%s: %s: %s", k->path, bad[i],
		              text_of(k, of, 0));
	}
}
END_TEST

START_TEST(an_empty_text_leaves_what_may_be_missing_empty)
{
	void *of;
	const struct conf_key *k = key_at(_i, &of);
	bool may = (k->kind == CONF_TEXT && k->min == 0) || k->kind == CONF_ADDR ||
	           k->kind == CONF_RANGE;

	ck_assert_msg(taken(k, of, "") == may, "%s: %s", k->path, error);
	if (may)
		ck_assert_str_eq(text_of(k, of, 0), "");
}
END_TEST

START_TEST(an_address_is_of_its_family)
{
	void *of;
	const struct conf_key *k = key_at(_i, &of);

	if (k->kind != CONF_ADDR && k->kind != CONF_ADDRS)
		return;
	ck_assert(taken(k, of, "192.0.2.7") == (k->min != 6));
	ck_assert(taken(k, of, "2001:db8::7") == (k->min != 4));
}
END_TEST

/* Two keys with one field, or two with one name: the later would hide the former. */
START_TEST(each_key_is_a_field_of_its_own)
{
	void *of, *of_other;
	const struct conf_key *k = key_at(_i, &of);

	ck_assert_str_ne(k->sentence, "");
	for (int i = 0; i < (int)keys_count(); i++) {
		const struct conf_key *other = key_at(i, &of_other);

		if (i == _i || of_other != of)
			continue;
		ck_assert_str_ne(k->path, other->path);
		ck_assert_msg(k->at + k->size <= other->at || other->at + other->size <= k->at,
		              "%s and %s", k->path, other->path);
	}
}
END_TEST

START_TEST(the_word_for_a_start_that_is_none)
{
	ck_assert_str_eq(conf_start_name((enum conf_start)3), "?");
	ck_assert_str_eq(conf_start_name(CONF_START_ON_DEMAND), "on-demand");
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("conf_table");
	int n = (int)keys_count();

	tcase_add_test(tc, values_out_of_bounds);
	tcase_add_loop_test(tc, a_value_comes_back_as_it_was_given, 0, n);
	tcase_add_loop_test(tc, the_default_is_a_good_value, 0, n);
	tcase_add_loop_test(tc, bounds_are_exact, 0, n);
	tcase_add_loop_test(tc, nonsense_is_refused_and_changes_nothing, 0, n);
	tcase_add_loop_test(tc, an_empty_text_leaves_what_may_be_missing_empty, 0, n);
	tcase_add_loop_test(tc, an_address_is_of_its_family, 0, n);
	tcase_add_loop_test(tc, each_key_is_a_field_of_its_own, 0, n);
	tcase_add_test(tc, the_word_for_a_start_that_is_none);
	return run_cases("conf_table", tc);
}
