/* Tests of the daemon's objects in words: each view as it is to be, what is missing left out, and
 * nothing in them that steers a terminal. */
#include "src/ctl/ctl.h"
#include "tests/unit/src/output.h"

#include <ctype.h>

static struct ctl_options o;
static bool list;

static void show_all(const void *argument)
{
	json_t *object, *objects = json_loads(argument, 0, NULL);
	size_t i;

	ck_assert_msg(objects != NULL, "%s", (const char *)argument);
	ctl_show_list(list);
	for (i = 0; (object = json_array_get(objects, i)); i++)
		ctl_show(&o, object);
	json_decref(objects);
}

/* The objects of a JSON array, shown. */
static void show(const char *objects)
{
	output_call(show_all, objects);
}

#define TUNNEL                                                                                    \
	"{\"type\":\"tunnel\",\"name\":\"hq\",\"state\":\"up\",\"since_s\":7260,\"start\":"       \
	"\"on-demand\",\"peer\":\"hq.example\",\"peer_address\":\"192.0.2.1\",\"session\":5,"     \
	"\"connection\":4,\"peer_connection\":14,\"peer_session\":15,\"lac\":true,\"user\":"      \
	"\"reno\",\"local4\":\"10.9.0.2\",\"remote4\":\"10.9.0.1\",\"ipv6\":true,\"mtu\":1400,"   \
	"\"offloads\":[\"tun-tso\",\"join\"],\"offloads_missing\":[\"tun-uso\"],"                 \
	"\"path_mtu\":1480,\"path_known\":\"hint\",\"path_since_s\":7200,"                        \
	"\"in_packets\":7,\"in_bytes\":1536,\"out_packets\":8,\"out_bytes\":900,\"ike_sas\":[{"   \
	"\"version\":2,\"state\":\"established\",\"peer_id\":\"hq.example\",\"remote\":"          \
	"\"192.0.2.1:4500\",\"encr\":\"aes256-gcm\",\"prf\":\"prf-sha384\",\"ke\":\"x25519\","    \
	"\"mobike\":true,\"redirect\":true,\"redirected_from\":\"192.0.2.7\",\"ppk\":true,\"ppk_" \
	"id\":\"branch-7\",\"age_s\":100,\"rekey_in_s\":"                                         \
	"200000,\"nat_remote\":"                                                                  \
	"true}],\"esp_sas\":[{\"direction\":"                                                     \
	"\"in\",\"spi\":\"c0ffee01\",\"encr\":\"aes256\",\"integ\":\"sha256\",\"esn\":true,"      \
	"\"library\":\"ipsec-mb SSE\",\"legacy\":true,"                                           \
	"\"udp\":true,\"packets\":3,\"bytes\":3221225472,\"lost_packets\":1,\"rekey_in_s\":3000}" \
	",{\"direction\":\"out\",\"spi\":\"c0ffee02\",\"encr\":\"aes256-gcm\",\"packets\":9,"     \
	"\"dummies\":5,\"tfc_bytes\":1400}"                                                       \
	",{\"direction\":\"out\",\"spi\":\"c0ffee03\",\"encr\":\"aes256-gcm\",\"tfc_refused\":"   \
	"true,\"dummies\":1}"                                                                     \
	"],\"routes\":[\"10.1.0.0/16\",\"fd00::/16\"],\"dns\":[\"10.1.0.53\"],\"history\":[{"     \
	"\"type\":\"event\",\"time\":\"2024-05-01T10:00:00Z\",\"severity\":\"info\",\"id\":"      \
	"\"L2S-1\",\"tunnel\":\"hq\",\"sentence\":\"it came up\"}]}"

static const struct {
	const char *what, *objects, *shown;
	bool list;
} views[] = {
	{"a tunnel that is up", "[" TUNNEL "]",
         "hq has been up for 2 h (start = \"on-demand\")\n"
         "  peer        hq.example, last seen at 192.0.2.1\n"
         "  addresses   10.9.0.2 here, 10.9.0.1 there, IPv6, MTU 1400\n"
         "  path        carries 1480 bytes: measured, after a hint of ICMP, since 2 h\n"
         "  L2TP        tunnel 4 session 5, the peer's 14 and 15, we called, user reno\n"
         "  traffic     in 7 packets (1.5 KiB), out 8 packets (900 B)\n"
         "  IKEv2       established with hq.example at 192.0.2.1:4500: aes256-gcm prf-sha384 "
         "x25519, 100 s old, rekey in 2 days, NAT\n"
         "  MOBIKE      yes\n"
         "  redirect    followed; sent here by 192.0.2.7\n"
         "  PPK         branch-7\n"
         "  ESP in      c0ffee01 aes256 sha256 ESN in UDP by ipsec-mb SSE, LEGACY algorithms, "
         "3 packets (3.0 GiB), lost 1, rekey in "
         "50 min\n"
         "  ESP out     c0ffee02 aes256-gcm, padded to 1400, dummies 5, 9 packets (0 B), lost 0, "
         "rekey in 0 s\n"
         "  ESP out     c0ffee03 aes256-gcm, the peer takes no TFC padding, dummies 1, 0 packets "
         "(0 B), lost 0, rekey in 0 s\n"
         "  offloads    tun-tso, join\n"
         "  not in kernel tun-uso\n"
         "  routes      10.1.0.0/16, fd00::/16\n"
         "  DNS there   10.1.0.53\n"
         "  history\n"
         "    2024-05-01T10:00:00Z info  L2S-1 hq: it came up\n",
         false},
	{"the same in a list", "[" TUNNEL "," TUNNEL "]",
         "TUNNEL          STATE      FOR      PEER\n"
         "hq              up         2 h      192.0.2.1              10.9.0.2, MTU 1400, in 1.5 "
         "KiB, out 900 B\n"
         "hq              up         2 h      192.0.2.1              10.9.0.2, MTU 1400, in 1.5 "
         "KiB, out 900 B\n",
         true},
	{"a tunnel that failed",
         "[{\"type\":\"tunnel\",\"name\":\"hq\",\"state\":\"down\",\"since_s\":119,\"start\":"
         "\"always\",\"peer\":\"hq.example\",\"retry_in_s\":30,\"why\":{\"sentence\":\"the peer "
         "is silent\",\"text\":\"8 tries\",\"age_s\":120}}]",
         "hq has been down for 119 s (start = \"always\")\n"
         "  peer        hq.example\n"
         "  last failed 2 min ago: the peer is silent: 8 tries\n"
         "  next try    in 30 s\n",
         false},
	{"a tunnel that waits for the peer",
         "[{\"type\":\"tunnel\",\"name\":\"in\",\"state\":\"waiting\",\"start\":\"wait\"}]",
         "in has been waiting for 0 s (start = \"wait\")\n"
         "  now         it waits for the peer to call\n",
         false},
	{"lines without a failure",
         "[{\"type\":\"tunnel\",\"name\":\"a\",\"state\":\"held\",\"start\":\"wait\"},{\"type\":"
         "\"tunnel\",\"name\":\"b\",\"state\":\"waiting\",\"start\":\"on-demand\"},{\"type\":"
         "\"tunnel\",\"name\":\"c\",\"state\":\"connecting\",\"start\":\"always\",\"peer\":"
         "\"p\"},{\"type\":\"tunnel\",\"name\":\"d\",\"state\":\"down\",\"why\":{\"sentence\":"
         "\"no key\"}}]",
         "TUNNEL          STATE      FOR      PEER\n"
         "a               held       0 s      -                      the administrator took it "
         "down: 'l2tpsecctl up a' brings it back\n"
         "b               waiting    0 s      -                      the next packet to it, or "
         "'l2tpsecctl up b', brings it up\n"
         "c               connecting 0 s      p                      \n"
         "d               down       0 s      -                      no key\n",
         true},
	{"the daemon before a list",
         "[{\"type\":\"daemon\",\"version\":\"1.2\",\"pid\":77,\"uptime_s\":86400,\"processes\":["
         "{\"role\":\"ike\",\"ready\":false},{\"role\":\"keys\",\"ready\":true}],\"missing\":["
         "\"gateway\"]}]",
         "l2tpsecd 1.2, process 77, up 24 h\n"
         "  the process ike is being restarted\n"
         "  the process gateway did not answer: what it knows is left out\n",
         true},
	{"but not before one tunnel", "[{\"type\":\"daemon\",\"version\":\"1.2\",\"pid\":77}]", "",
         false},
	{"an event",
         "[{\"type\":\"event\",\"time\":\"T\",\"severity\":\"warn\",\"id\":\"L2S-206\","
         "\"tunnel\":\"hq\",\"peer\":\"192.0.2.1\",\"sentence\":\"no key\",\"text\":\"for x\"},{"
         "\"type\":\"event\",\"time\":\"T\",\"severity\":\"error\",\"id\":\"L2S-7\","
         "\"sentence\":\"s\"}]",
         "T warn  L2S-206 hq (192.0.2.1): no key: for x\n"
         "T error L2S-7: s\n",
         false},
	{"why it failed",
         "[{\"type\":\"why\",\"tunnel\":\"hq\",\"state\":\"down\",\"since_s\":5,\"age_s\":6,"
         "\"number\":206,\"name\":\"IKE_AUTH\",\"sentence\":\"the key is wrong\",\"text\":\"t\","
         "\"peer\":\"192.0.2.1\",\"hint\":\"mend the key\",\"file\":\"f.conf\",\"line\":3,"
         "\"windows\":789,\"stranger\":{\"peer\":\"192.0.2.9\",\"age_s\":1,\"sentence\":\"no "
         "such id\",\"text\":\"x\"}}]",
         "hq has been down for 5 s. It failed 6 s ago: the key is wrong.\n"
         "  details   t\n"
         "  peer      192.0.2.1\n"
         "  mend      mend the key\n"
         "  caller    192.0.2.9 was refused 1 s ago and may have meant this tunnel: no such id: "
         "x\n"
         "  config    f.conf, line 3\n"
         "  id        L2S-206 IKE_AUTH (Windows shows it as error 789)\n",
         false},
	{"why it did not",
         "[{\"type\":\"why\",\"tunnel\":\"hq\",\"state\":\"held\",\"since_s\":5}]",
         "hq has been held for 5 s; it has not failed since the daemon started.\n"
         "  the administrator took it down: 'l2tpsecctl up hq' brings it back\n",
         false},
	{"a counter",
         "[{\"type\":\"counter\",\"count\":12,\"process\":\"ike\",\"number\":206,\"sentence\":"
         "\"no key\"}]",
         "          12  ike      L2S-206  no key\n", false},
	{"the rest",
         "[{\"type\":\"progress\",\"text\":\"dialling\",\"ms\":17},{\"type\":\"setting\",\"key\":"
         "\"a.b\",\"value\":\"5\",\"origin\":\"default\"},{\"type\":\"version\",\"version\":"
         "\"7\"},{\"type\":\"key\",\"kind\":\"esp_sa\",\"line\":\"x\"},{\"type\":\"other\"},{}]",
         "  dialling                                                         17 ms\n"
         "a.b = 5;  # default\n"
         "l2tpsecd 7\n"
         "esp_sa x\n",
         false},
};

START_TEST(a_view_is_as_it_is_to_be)
{
	list = views[_i].list;
	show(views[_i].objects);
	ck_assert_msg(strcmp(output, views[_i].shown) == 0, "%s:\n%s", views[_i].what, output);
	ck_assert_str_eq(output_errors, "");
}
END_TEST

START_TEST(messages_go_to_stderr)
{
	show("[{\"type\":\"message\",\"text\":\"line 3: wrong\"}]");
	ck_assert_str_eq(output, "");
	ck_assert_str_eq(output_errors, "line 3: wrong\n");
}
END_TEST

START_TEST(for_programs_objects_are_as_they_came)
{
	o.json = true;
	show("[" TUNNEL ",{\"type\":\"x\",\"a\":\"\\u001b[2J\"}]");
	ck_assert_int_eq(strncmp(output, TUNNEL "\n", sizeof TUNNEL), 0);
	ck_assert_str_eq(output + sizeof TUNNEL, "{\"type\":\"x\",\"a\":\"\\u001B[2J\"}\n");
}
END_TEST

static const struct {
	json_int_t s;
	const char *text;
} spans[] = {
	{0, "0 s"},    {119, "119 s"},   {120, "2 min"},     {7199, "119 min"},
	{7200, "2 h"}, {172799, "47 h"}, {172800, "2 days"}, {8640000, "100 days"},
};

START_TEST(spans_are_told_in_words)
{
	char object[200], line[64];

	snprintf(object, sizeof object,
	         "[{\"type\":\"why\",\"tunnel\":\"t\",\"state\":\"s\",\"since_s\":%lld}]",
	         (long long)spans[_i].s);
	snprintf(line, sizeof line, " for %s; ", spans[_i].text);
	show(object);
	ck_assert_msg(strstr(output, line) != NULL, "%s", output);
}
END_TEST

/* -- what is missing or of another type -- */

static void is_sound(const char *why)
{
	ck_assert_msg(!strstr(output, "(null)") && !strstr(output_errors, "(null)"), "%s:\n%s", why,
	              output);
	for (const char *c = output; *c; c++)
		ck_assert_msg(isprint((unsigned char)*c) || *c == '\n' || (unsigned char)*c >= 0x80,
		              "%s: %02x", why, (unsigned char)*c);
}

/* Shows the whole with this value in place of each one within, one after the other. */
static void each_key(json_t *whole, json_t *of, json_t *value)
{
	const char *key;
	json_t *part;
	size_t i;

	for (void *at = json_object_iter(of); at; at = json_object_iter_at(of, key)) {
		key = json_object_iter_key(at);
		part = json_incref(json_object_iter_value(at));
		if (strcmp(key, "type") != 0) {
			char *text;

			json_object_set(of, key, value);
			text = json_dumps(whole, 0);
			show(text);
			is_sound(text);
			free(text);
			json_object_set(of, key, part);
			each_key(whole, part, value);
		}
		json_decref(part);
		at = json_object_iter_next(of, json_object_iter_at(of, key));
		if (!at)
			break;
		key = json_object_iter_key(at);
	}
	for (i = 0; (part = json_array_get(of, i)); i++)
		each_key(whole, part, value);
}

/* Any key may be missing. */
START_TEST(what_is_missing_is_left_out)
{
	json_t *whole = json_loads(views[_i].objects, 0, NULL), *object = json_array_get(whole, 0);

	list = views[_i].list;
	while (json_object_size(object) > 1) {
		void *at = json_object_iter(object);
		char *text;

		if (strcmp(json_object_iter_key(at), "type") == 0)
			at = json_object_iter_next(object, at);
		json_object_del(object, json_object_iter_key(at));
		text = json_dumps(whole, 0);
		show(text);
		is_sound(text);
		free(text);
	}
	json_decref(whole);
}
END_TEST

START_TEST(values_of_other_types_are_survived)
{
	static const char *const values[] = {"null",        "5",  "\"x\"", "[]",
	                                     "[5,null,{}]", "{}", "true",  "-9223372036854775808",
	                                     "1e300"};
	json_t *whole = json_loads(views[_i].objects, 0, NULL);

	list = views[_i].list;
	for (unsigned v = 0; v < sizeof values / sizeof values[0]; v++) {
		json_t *value = json_loads(values[v], JSON_DECODE_ANY, NULL);

		each_key(whole, whole, value);
		json_decref(value);
	}
	json_decref(whole);
}
END_TEST

/* -- what steers -- */

static const struct {
	const char *json, *shown;
} hostile[] = {
	{"a\\u001b[31mb", "a?[31mb"},
	{"\\u001b]0;title\\u0007", "?]0;title?"},
	{"a\\nb\\rc\\td", "a?b?c?d"},
	{"\\u007f\\b\\f", "???"},
	{"\\u009b31m", "??31m"},
	{"\\u0085\\u009f", "????"},
	{"\\u00a0\\u00e4\\u20ac", "\xc2\xa0\xc3\xa4\xe2\x82\xac"},
	{"%s%n%d", "%s%n%d"},
};

/* In each text of each view. */
START_TEST(no_text_steers_the_terminal)
{
	for (unsigned v = 0; v < sizeof views / sizeof views[0]; v++) {
		json_t *whole = json_loads(views[v].objects, 0, NULL);
		char value[64];
		json_t *text;

		snprintf(value, sizeof value, "\"%s\"", hostile[_i].json);
		text = json_loads(value, JSON_DECODE_ANY, NULL);
		ck_assert_ptr_nonnull(text);
		list = views[v].list;
		each_key(whole, whole, text);
		json_decref(text);
		json_decref(whole);
	}
	list = false;
	{
		char object[128];

		snprintf(object, sizeof object, "[{\"type\":\"version\",\"version\":\"%s\"}]",
		         hostile[_i].json);
		show(object);
		ck_assert_int_eq(strncmp(output, "l2tpsecd ", 9), 0);
		ck_assert_int_eq(strncmp(output + 9, hostile[_i].shown, strlen(hostile[_i].shown)),
		                 0);
		ck_assert_str_eq(output + 9 + strlen(hostile[_i].shown), "\n");
		snprintf(object, sizeof object,
		         "[{\"type\":\"tunnel\",\"routes\":[\"%s\"],\"dns\":[\"%s\"]}]",
		         hostile[_i].json, hostile[_i].json);
		show(object);
		is_sound(object);
		ck_assert_ptr_nonnull(strstr(output, hostile[_i].shown));
		snprintf(object, sizeof object, "[{\"type\":\"message\",\"text\":\"%s\"}]",
		         hostile[_i].json);
		show(object);
		ck_assert_int_eq(
			strncmp(output_errors, hostile[_i].shown, strlen(hostile[_i].shown)), 0);
	}
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("ctl_show");
	int n = sizeof views / sizeof views[0];

	tcase_add_loop_test(tc, a_view_is_as_it_is_to_be, 0, n);
	tcase_add_test(tc, messages_go_to_stderr);
	tcase_add_test(tc, for_programs_objects_are_as_they_came);
	tcase_add_loop_test(tc, spans_are_told_in_words, 0, sizeof spans / sizeof spans[0]);
	tcase_add_loop_test(tc, what_is_missing_is_left_out, 0, n);
	tcase_add_loop_test(tc, values_of_other_types_are_survived, 0, n);
	tcase_add_loop_test(tc, no_text_steers_the_terminal, 0, sizeof hostile / sizeof hostile[0]);
	return run_cases("ctl_show", tc);
}
