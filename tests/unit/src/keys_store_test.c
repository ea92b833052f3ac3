/* Tests of which secret is meant: by identities, users and tunnels, the closest fit first. */
#include "src/keys/keys.h"
#include "tests/unit/run.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct keys_store store;
static char error[400];

static bool read_text(const char *text)
{
	char path[] = "/tmp/keys_store_test.XXXXXX";
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	unlink(path);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	lseek(fd, 0, SEEK_SET);
	return keys_store_read(&store, fd, "secrets.conf", error, sizeof error);
}

static struct msg_identity fqdn(const char *name)
{
	struct msg_identity id = {.type = 2, .len = (uint16_t)strlen(name)};

	memcpy(id.data, name, id.len);
	return id;
}

static void key_is(const char *local, const char *remote, const char *wanted)
{
	struct msg_identity here = fqdn(local), there = fqdn(remote);
	const struct secret *s = keys_store_psk(&store, NULL, &here, &there);

	if (wanted)
		ck_assert_msg(s && secret_equal(s, wanted, strlen(wanted)), "%s %s", local, remote);
	else
		ck_assert_ptr_null(s);
}

START_TEST(the_closest_identity_wins)
{
	ck_assert_msg(
		read_text(
			"psks: ( { secret = \"any\" }, { remote = \"*.example\"; secret = "
			"\"pattern\" },\n"
			"{ remote = \"hq.example\"; secret = \"exact\" },\n"
			"{ local = \"b.example\"; remote = \"hq.example\"; secret = \"both\" } );"),
		"%s", error);
	key_is("a.example", "other.test", "any");
	key_is("a.example", "reno.example", "pattern");
	key_is("a.example", "hq.example", "exact");
	key_is("b.example", "hq.example", "both");
}
END_TEST

START_TEST(without_a_fit_there_is_no_key)
{
	ck_assert(read_text("psks: ( { remote = \"hq.example\"; secret = \"x\" } );"));
	key_is("a", "other.example", NULL);
	key_is("a", "hq.example.org", NULL);
	ck_assert(read_text(""));
	key_is("a", "hq.example", NULL);
}
END_TEST

START_TEST(a_broken_file_leaves_the_old_secrets)
{
	ck_assert(read_text("psks: ( { secret = \"old\" } );"));
	ck_assert(!read_text("psks: ( { secert = \"new\" } );"));
	ck_assert_ptr_nonnull(strstr(error, "secrets.conf:1: "));
	ck_assert_ptr_null(strstr(error, "new"));
	key_is("a", "b", "old");
}
END_TEST

START_TEST(users_and_tunnel_secrets)
{
	struct conf_tunnel hq = {.name = "hq"}, other = {.name = "other"};

	ck_assert(read_text("users: ( { name = \"u\"; password = \"p\" } );\nl2tp: ( { secret = "
	                    "\"all\" }, { tunnel = \"hq\"; secret = \"own\" } );"));
	ck_assert_ptr_nonnull(keys_store_user(&store, "u"));
	ck_assert_ptr_null(keys_store_user(&store, "U"));
	ck_assert_ptr_null(keys_store_user(&store, ""));
	ck_assert(secret_equal(keys_store_l2tp(&store, &hq), "own", 3));
	ck_assert(secret_equal(keys_store_l2tp(&store, &other), "all", 3));
}
END_TEST

START_TEST(a_ppk_is_for_the_tunnels_that_name_it)
{
	struct conf_tunnel hq = {.name = "hq", .ppks = {"one", "gone"}, .ppk_count = 2},
			   none = {.name = "none"};

	ck_assert(read_text("ppks: ( { id = \"one\"; secret = \"first\" }, { id = \"two\"; secret "
	                    "= \"second\" } );"));
	ck_assert(secret_equal(keys_store_ppk(&store, &hq, LS_BYTES("one", 3)), "first", 5));
	ck_assert_ptr_null(keys_store_ppk(&store, &hq, LS_BYTES("two", 3)));
	ck_assert_ptr_null(keys_store_ppk(&store, &hq, LS_BYTES("gone", 4)));
	ck_assert_ptr_null(keys_store_ppk(&store, &hq, LS_BYTES("one", 2)));
	ck_assert_ptr_null(keys_store_ppk(&store, &hq, LS_BYTES(NULL, 0)));
	ck_assert_ptr_null(keys_store_ppk(&store, &none, LS_BYTES("one", 3)));
	ck_assert_ptr_null(keys_store_ppk(&store, NULL, LS_BYTES("one", 3)));
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("keys_store");
	int status;

	if (!secret_init())
		return 1;
	tcase_add_test(t, the_closest_identity_wins);
	tcase_add_test(t, without_a_fit_there_is_no_key);
	tcase_add_test(t, a_broken_file_leaves_the_old_secrets);
	tcase_add_test(t, users_and_tunnel_secrets);
	tcase_add_test(t, a_ppk_is_for_the_tunnels_that_name_it);
	status = run_cases("src/keys_store", t);
	keys_store_free(&store);
	return status;
}
