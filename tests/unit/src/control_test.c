/* Tests of the requests on the admin socket. */
#include "src/base/control.h"
#include "tests/unit/run.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static bool decodes(const uint8_t *bytes, size_t len, struct control_request *out, uint8_t *version)
{
	uint8_t *exact = malloc(len ? len : 1);
	bool ok;

	memcpy(exact, bytes, len);
	ok = control_request_decode(exact, len, out, version);
	free(exact);
	return ok;
}

START_TEST(requests_round_trip)
{
	struct control_request in = {.command = CONTROL_EVENTS,
	                             .flags = CONTROL_FLAG_FOLLOW,
	                             .tunnel = "hq",
	                             .gateway = "hq-2.example"},
			       out;
	uint8_t bytes[CONTROL_REQUEST_MAX], version;
	size_t len = control_request_encode(&in, bytes);

	ck_assert_uint_gt(len, 0);
	ck_assert(decodes(bytes, len, &out, &version));
	ck_assert_uint_eq(version, CONTROL_VERSION);
	ck_assert_uint_eq(out.command, CONTROL_EVENTS);
	ck_assert_uint_eq(out.flags, CONTROL_FLAG_FOLLOW);
	ck_assert_str_eq(out.tunnel, "hq");
	ck_assert_str_eq(out.gateway, "hq-2.example");
}
END_TEST

START_TEST(other_lengths_are_refused)
{
	struct control_request in = {.command = CONTROL_UP, .tunnel = "branch"}, out;
	uint8_t bytes[CONTROL_REQUEST_MAX] = {0}, version;
	size_t len = control_request_encode(&in, bytes);

	for (size_t cut = 0; cut < len; cut++)
		ck_assert(!decodes(bytes, cut, &out, &version));
	ck_assert(!decodes(bytes, len + 1, &out, &version));
}
END_TEST

START_TEST(unknown_things_are_refused)
{
	struct control_request in = {.command = CONTROL_REDIRECT, .tunnel = "hq", .gateway = "b"},
			       out;
	uint8_t bytes[CONTROL_REQUEST_MAX], version;
	size_t len = control_request_encode(&in, bytes);

	bytes[0] = 77;
	ck_assert(!decodes(bytes, len, &out, &version));
	ck_assert_uint_eq(version, 77);
	bytes[0] = CONTROL_VERSION;
	bytes[1] = 200;
	ck_assert(!decodes(bytes, len, &out, &version));
	bytes[1] = CONTROL_STATUS;
	bytes[2] = 0x80;
	ck_assert(!decodes(bytes, len, &out, &version));
	bytes[2] = 0;
	ck_assert(decodes(bytes, len, &out, &version));
	bytes[len - 1] = 0;
	ck_assert(!decodes(bytes, len, &out, &version));
	bytes[len - 1] = 'b';
	bytes[5] = 0;
	ck_assert(!decodes(bytes, len, &out, &version));
	memset(in.tunnel, 'x', sizeof in.tunnel);
	ck_assert_uint_eq(control_request_encode(&in, bytes), 0);
	in.tunnel[0] = '\0';
	memset(in.gateway, 'x', sizeof in.gateway);
	ck_assert_uint_eq(control_request_encode(&in, bytes), 0);
}
END_TEST

START_TEST(only_looking_is_open_to_the_group)
{
	static const unsigned looking[] = {CONTROL_STATUS, CONTROL_WHY,   CONTROL_COUNTERS,
	                                   CONTROL_EVENTS, CONTROL_TRACE, CONTROL_VERSION_SHOW};
	unsigned n = 0;

	for (unsigned command = 0; command < 256; command++)
		n += control_command_reads(command);
	ck_assert_uint_eq(n, sizeof looking / sizeof looking[0]);
	for (size_t i = 0; i < n; i++)
		ck_assert(control_command_reads(looking[i]));
	ck_assert(!control_command_reads(CONTROL_KEYS));
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("control");

	tcase_add_test(t, requests_round_trip);
	tcase_add_test(t, other_lengths_are_refused);
	tcase_add_test(t, unknown_things_are_refused);
	tcase_add_test(t, only_looking_is_open_to_the_group);
	return run_cases("src/control", t);
}
