/* Tests of the keys process as it runs: started like the daemon starts it, asked by the parent, ike
 * and the gateway, and told what it must not believe. */
#include "lib/crypto.h"
#include "src/keys/keys_auth.h"
#include "tests/unit/src/role.h"

static struct role keys;

static const char secrets[] = "psks: ( { remote = \"hq.example\"; secret = \"sesame\"; } );\n"
			      "users: ( { name = \"reno\"; password = \"pw\"; address = "
			      "\"10.9.0.7\"; } );\n"
			      "l2tp: ( { tunnel = \"hq\"; secret = \"hidden\"; } );\n"
			      "ppks: ( { id = \"one\"; secret = \"quantum\"; }, { id = \"two\"; "
			      "secret = \"q\"; } );\n";

static void secrets_send(const char *text)
{
	int fd = memfd_create("secrets", MFD_CLOEXEC);

	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	lseek(fd, 0, SEEK_SET);
	ROLE_PUT(keys.parent, secrets, fd, .path = "/etc/secrets");
	close(fd);
}

static void tunnel_send(uint32_t id, const char *name)
{
	static struct conf_tunnel t;

	memset(&t, 0, sizeof t);
	conf_defaults(conf_tunnel_keys, conf_tunnel_key_count, &t);
	snprintf(t.name, sizeof t.name, "%s", name);
	snprintf(t.ppks[0], sizeof t.ppks[0], "one");
	t.ppk_count = 1;
	role_tunnel(&keys, id, &t);
}

/* Ready, with its secrets and one tunnel. */
static void set_up(void)
{
	role_start(&keys, MSG_ROLE_KEYS, NULL);
	ck_assert_uint_eq(role_expect(keys.parent, MSG_TYPE_READY)->ready.role, MSG_ROLE_KEYS);
	secrets_send(secrets);
	ck_assert(role_expect(keys.parent, MSG_TYPE_SECRETS_READ)->secrets_read.ok);
	ck_assert_uint_eq(role_said.secrets_read.psks, 1);
	ck_assert_uint_eq(role_said.secrets_read.users, 1);
	tunnel_send(7, "hq");
	ROLE_PUT(keys.parent, config_end, -1, .first = true);
}

static void shut_down(void)
{
	int status;

	ROLE_PUT(keys.parent, shutdown, -1, .wait_ms = 1000);
	ck_assert_uint_eq(role_expect(keys.parent, MSG_TYPE_BYE)->bye.role, MSG_ROLE_KEYS);
	status = role_wait(&keys);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS, "status %d",
	              status);
	close(keys.parent);
}

static struct msg_identity fqdn(const char *name)
{
	struct msg_identity id = {.type = 2, .len = (uint16_t)strlen(name)};

	memcpy(id.data, name, id.len);
	return id;
}

static struct msg_ike_auth_ask ask_for(const char *peer, uint8_t op)
{
	return (struct msg_ike_auth_ask){.id = 99,
	                                 .tunnel = 7,
	                                 .op = op,
	                                 .method = 1,
	                                 .prf = ALGO_PRF_SHA256,
	                                 .local_id = fqdn("reno.example"),
	                                 .remote_id = fqdn(peer),
	                                 .message = LS_BYTES("message", 7),
	                                 .nonce = LS_BYTES("nonce", 5),
	                                 .id_mac = LS_BYTES("mac", 3)};
}

static const struct msg_ike_auth_answer *auth(int ike, struct msg_ike_auth_ask ask)
{
	static uint8_t bytes[MSG_SIZE_MAX];
	struct wr w = wr_make(bytes, sizeof bytes);

	ck_assert(msg_encode_ike_auth_ask(&w, &ask));
	role_put(ike, bytes, w.len, -1);
	role_expect(ike, MSG_TYPE_IKE_AUTH_ANSWER);
	ck_assert_uint_eq(role_said.ike_auth_answer.id, ask.id);
	return &role_said.ike_auth_answer;
}

START_TEST(ike_gets_auth_values_and_verdicts)
{
	struct msg_ike_auth_ask ask = ask_for("hq.example", 0);
	uint8_t expected[CRYPTO_HASH_MAX];
	const struct msg_ike_auth_answer *a;
	size_t len;
	int ike;

	set_up();
	ike = role_join(&keys, MSG_ROLE_IKE);
	len = keys_auth_ike(ALGO_PRF_SHA256, LS_BYTES("sesame", 6), &ask, expected);
	ck_assert_uint_eq(len, 32);
	a = auth(ike, ask);
	ck_assert(a->ok && a->auth.len == len);
	ck_assert_mem_eq(a->auth.p, expected, len);
	ask.op = 1;
	ask.auth = LS_BYTES(expected, len);
	ck_assert(auth(ike, ask)->ok);
	/* Nothing to copy from: a verdict has no value. */
	ck_assert_uint_eq(role_said.ike_auth_answer.auth.len, 0);
	for (size_t i = 0; i < len; i++) {
		expected[i] ^= 1;
		a = auth(ike, ask);
		ck_assert(!a->ok && a->cause == CAUSE_IKE_AUTH_MISMATCH);
		expected[i] ^= 1;
	}
	ask.auth.len = len - 1;
	ck_assert(!auth(ike, ask)->ok);
	ask.auth.len = 0;
	ck_assert(!auth(ike, ask)->ok);
	a = auth(ike, ask_for("other.example", 0));
	ck_assert(!a->ok && a->cause == CAUSE_IKE_NO_PSK && a->auth.len == 0);
	ask = ask_for("hq.example", 0);
	ask.prf = 65535;
	a = auth(ike, ask);
	ck_assert(!a->ok && a->cause == CAUSE_INTERNAL);
	close(ike);
	shut_down();
}
END_TEST

static const struct msg_ike_ppk_answer *mix(int ike, struct msg_ike_ppk_ask ask)
{
	uint8_t bytes[1024];
	struct wr w = wr_make(bytes, sizeof bytes);

	ck_assert(msg_encode_ike_ppk_ask(&w, &ask));
	role_put(ike, bytes, w.len, -1);
	role_expect(ike, MSG_TYPE_IKE_PPK_ANSWER);
	ck_assert_uint_eq(role_said.ike_ppk_answer.id, ask.id);
	return &role_said.ike_ppk_answer;
}

/* Without a secret there is none; with one the same question has the same answer. */
START_TEST(ike_gets_tokens)
{
	uint8_t token[32];
	int fd = memfd_create("token", MFD_CLOEXEC);

	set_up();
	int ike = role_join(&keys, MSG_ROLE_IKE);
	ROLE_PUT(ike, ike_token_ask, -1, .id = 5, .spi_i = 1, .spi_r = 2,
	         .peer = ls_addr_v4(0xc0000201, 0));
	ck_assert_uint_eq(role_expect(ike, MSG_TYPE_IKE_TOKEN_ANSWER)->ike_token_answer.id, 5);
	ck_assert(!role_said.ike_token_answer.ok);
	ROLE_PUT(keys.parent, token_secret, fd, .path = "/var/token");
	for (unsigned i = 0; i < 2; i++) {
		/* The parent's message may come second. */
		do {
			ROLE_PUT(ike, ike_token_ask, -1, .id = 6, .spi_i = 1, .spi_r = 2,
			         .peer = ls_addr_v4(0xc0000201, 0));
			role_expect(ike, MSG_TYPE_IKE_TOKEN_ANSWER);
		} while (!role_said.ike_token_answer.ok);
		ck_assert_uint_eq(role_said.ike_token_answer.token.len, sizeof token);
		if (i > 0)
			ck_assert_mem_eq(role_said.ike_token_answer.token.p, token, sizeof token);
		memcpy(token, role_said.ike_token_answer.token.p, sizeof token);
	}
	close(fd);
	close(ike);
	shut_down();
}
END_TEST

START_TEST(ike_gets_keys_with_a_ppk_of_the_tunnel_and_of_no_other)
{
	uint8_t sk[3][32] = {{1}, {2}, {3}}, expected[3 * CRYPTO_HASH_MAX];
	struct msg_ike_ppk_ask ask = {.id = 98,
	                              .tunnel = 7,
	                              .prf = ALGO_PRF_SHA256,
	                              .ppk_id = LS_BYTES("one", 3),
	                              .sk_d = LS_BYTES(sk[0], 32),
	                              .sk_pi = LS_BYTES(sk[1], 32),
	                              .sk_pr = LS_BYTES(sk[2], 32)};
	const struct msg_ike_ppk_answer *a;
	int ike;

	set_up();
	ike = role_join(&keys, MSG_ROLE_IKE);
	ck_assert_uint_eq(keys_auth_ppk(LS_BYTES("quantum", 7), &ask, expected), 96);
	a = mix(ike, ask);
	ck_assert(a->ok && a->cause == CAUSE_NONE && a->mixed.len == 96);
	ck_assert_mem_eq(a->mixed.p, expected, 96);
	ask.sk_pi.len = 31;
	a = mix(ike, ask);
	ck_assert(!a->ok && a->cause == CAUSE_INTERNAL && a->mixed.len == 0);
	ask.sk_pi.len = 32;
	ask.ppk_id = LS_BYTES("two", 3); /* it is there, but not for this tunnel */
	a = mix(ike, ask);
	ck_assert(!a->ok && a->cause == CAUSE_IKE_PPK_NO_SECRET && a->mixed.len == 0);
	ask.ppk_id = LS_BYTES("one", 3);
	ask.tunnel = 8;
	a = mix(ike, ask);
	ck_assert(!a->ok && a->cause == CAUSE_IKE_PPK_NO_SECRET);
	close(ike);
	shut_down();
}
END_TEST

static const struct msg_ppp_auth_answer *login(int gateway, const char *user, const char *password)
{
	static uint8_t bytes[MSG_SIZE_MAX];
	struct msg_ppp_auth_ask ask = {.id = 5,
	                               .session = 6,
	                               .tunnel = 7,
	                               .op = 0,
	                               .method = 1,
	                               .chap_id = 3,
	                               .challenge = LS_BYTES("challenge-of-16b", 16)};
	uint8_t value[64];
	struct wr w = wr_make(bytes, sizeof bytes);
	size_t len;

	snprintf(ask.user, sizeof ask.user, "%s", user);
	ck_assert_uint_eq(keys_auth_ppp(&ask, LS_BYTES(password, strlen(password)), value, &len),
	                  CAUSE_NONE);
	ask.op = 1;
	ask.response = LS_BYTES(value, len);
	ck_assert(msg_encode_ppp_auth_ask(&w, &ask));
	role_put(gateway, bytes, w.len, -1);
	role_expect(gateway, MSG_TYPE_PPP_AUTH_ANSWER);
	ck_assert_uint_eq(role_said.ppp_auth_answer.id, 5);
	ck_assert_uint_eq(role_said.ppp_auth_answer.session, 6);
	return &role_said.ppp_auth_answer;
}

START_TEST(the_gateway_gets_logins_and_the_tunnel_secret)
{
	const struct msg_ppp_auth_answer *a;
	int gateway;

	set_up();
	gateway = role_join(&keys, MSG_ROLE_GATEWAY);
	a = login(gateway, "reno", "pw");
	ck_assert(a->ok);
	ck_assert_uint_eq(ls_addr_v4_value(&a->address), 0x0a090007);
	a = login(gateway, "reno", "wrong");
	ck_assert(!a->ok && a->cause == CAUSE_PPP_WRONG_PASSWORD && a->address.family == 0);
	a = login(gateway, "nobody", "pw");
	ck_assert(!a->ok && a->cause == CAUSE_PPP_UNKNOWN_USER);
	/* The password that stands in for one that is not there opens nothing. */
	a = login(gateway, "nobody", "no such user has this password");
	ck_assert(!a->ok && a->cause == CAUSE_PPP_UNKNOWN_USER && a->value.len == 0);
	ROLE_PUT(gateway, l2tp_secret_ask, -1, .tunnel = 7);
	role_expect(gateway, MSG_TYPE_L2TP_SECRET);
	ck_assert_uint_eq(role_said.l2tp_secret.secret.len, 6);
	ck_assert_mem_eq(role_said.l2tp_secret.secret.p, "hidden", 6);
	ROLE_PUT(gateway, l2tp_secret_ask, -1, .tunnel = 8);
	ck_assert_uint_eq(role_expect(gateway, MSG_TYPE_L2TP_SECRET)->l2tp_secret.secret.len, 0);
	/* Who asked is told what changed. */
	secrets_send("l2tp: ( { secret = \"new\"; } );");
	ck_assert(role_expect(keys.parent, MSG_TYPE_SECRETS_READ)->secrets_read.ok);
	ROLE_PUT(keys.parent, config_end, -1, .first = false);
	ck_assert_uint_eq(role_expect(gateway, MSG_TYPE_L2TP_SECRET)->l2tp_secret.secret.len, 3);
	ck_assert_uint_eq(role_said.l2tp_secret.tunnel, 7);
	/* A tunnel that is gone has none. */
	ROLE_PUT(keys.parent, tunnel_remove, -1, .tunnel = 7);
	ROLE_PUT(keys.parent, config_end, -1, .first = false);
	ROLE_PUT(keys.parent, status_ask, -1, .id = 1);
	while (role_hear(keys.parent) && role_said.type == MSG_TYPE_STATUS_COUNTER)
		;
	ROLE_PUT(gateway, l2tp_secret_ask, -1, .tunnel = 7);
	ck_assert_uint_eq(role_expect(gateway, MSG_TYPE_L2TP_SECRET)->l2tp_secret.secret.len, 0);
	close(gateway);
	shut_down();
}
END_TEST

START_TEST(a_bad_file_is_refused_and_the_old_secrets_stay)
{
	int ike;

	set_up();
	secrets_send("psks: ( { secret = \"PRIVATE\" ");
	ck_assert(!role_expect(keys.parent, MSG_TYPE_SECRETS_READ)->secrets_read.ok);
	ck_assert_ptr_nonnull(strstr(role_said.secrets_read.error, "/etc/secrets:1: "));
	ck_assert_ptr_null(strstr(role_said.secrets_read.error, "PRIVATE"));
	ike = role_join(&keys, MSG_ROLE_IKE);
	ck_assert(auth(ike, ask_for("hq.example", 0))->ok);
	close(ike);
	shut_down();
}
END_TEST

START_TEST(refusals_are_counted)
{
	uint64_t no_psk = 0;
	int ike;

	set_up();
	ike = role_join(&keys, MSG_ROLE_IKE);
	for (unsigned i = 0; i < 3; i++)
		auth(ike, ask_for("other.example", 0));
	ROLE_PUT(keys.parent, status_ask, -1, .id = 44);
	while (role_hear(keys.parent) && role_said.type == MSG_TYPE_STATUS_COUNTER) {
		ck_assert_uint_eq(role_said.status_counter.id, 44);
		ck_assert_uint_eq(role_said.status_counter.role, MSG_ROLE_KEYS);
		if (role_said.status_counter.cause == CAUSE_IKE_NO_PSK)
			no_psk = role_said.status_counter.count;
	}
	ck_assert_uint_eq(role_said.type, MSG_TYPE_STATUS_END);
	ck_assert_uint_eq(role_said.status_end.id, 44);
	ck_assert_uint_eq(no_psk, 3);
	close(ike);
	shut_down();
}
END_TEST

START_TEST(settings_that_cannot_be_read_are_told)
{
	set_up();
	ROLE_PUT(keys.parent, tunnel_set, -1, .tunnel = 9, .conf = LS_BYTES("nonsense", 8));
	role_expect(keys.parent, MSG_TYPE_EVENT);
	while (role_said.event.event.cause != CAUSE_INTERNAL)
		role_expect(keys.parent, MSG_TYPE_EVENT);
	ck_assert_uint_eq(role_said.event.event.tunnel, 9);
	shut_down();
}
END_TEST

/* -- the channel to the parent -- */

START_TEST(it_does_not_outlive_the_parent)
{
	set_up();
	ck_assert_int_eq(role_end(&keys), EXIT_FAILURE);
}
END_TEST

static void say_unknown(void)
{
	role_put(keys.parent, "\xff\xff", 2, -1);
}

static void say_a_byte(void)
{
	role_put(keys.parent, "\x00", 1, -1);
}

static void say_what_ike_hears(void)
{
	ROLE_PUT(keys.parent, net_changed, -1, .times = 1);
}

static void say_what_ike_asks(void)
{
	ROLE_PUT(keys.parent, l2tp_secret_ask, -1, .tunnel = 7);
}

static void say_secrets_without_a_file(void)
{
	ROLE_PUT(keys.parent, secrets, -1, .path = "x");
}

static void say_status_with_a_file(void)
{
	ROLE_PUT(keys.parent, status_ask, STDIN_FILENO, .id = 1);
}

static void say_cut(void)
{
	uint8_t bytes[64];
	struct msg_status_ask m = {.id = 1};
	struct wr w = wr_make(bytes, sizeof bytes);

	ck_assert(msg_encode_status_ask(&w, &m));
	role_put(keys.parent, bytes, w.len - 1, -1);
}

static void say_more(void)
{
	uint8_t bytes[64] = {0};
	struct msg_status_ask m = {.id = 1};
	struct wr w = wr_make(bytes, sizeof bytes);

	ck_assert(msg_encode_status_ask(&w, &m));
	role_put(keys.parent, bytes, w.len + 1, -1);
}

static void (*const wrong[])(void) = {
	say_unknown,
	say_a_byte,
	say_what_ike_hears,
	say_what_ike_asks,
	say_secrets_without_a_file,
	say_cut,
	say_more,
	say_status_with_a_file,
};

START_TEST(what_a_parent_does_not_say_ends_it)
{
	set_up();
	wrong[_i]();
	ck_assert(role_gives_up(&keys));
}
END_TEST

/* Another process that goes wrong loses its channel, no more. */
START_TEST(a_peer_that_goes_wrong_is_left_alone)
{
	int ike, gateway;

	set_up();
	ike = role_join(&keys, MSG_ROLE_IKE);
	gateway = role_join(&keys, MSG_ROLE_GATEWAY);
	/* ike asks for what only the gateway may have. */
	ROLE_PUT(ike, l2tp_secret_ask, -1, .tunnel = 7);
	ck_assert(!role_hear(ike));
	role_expect(keys.parent, MSG_TYPE_EVENT);
	while (role_said.event.event.cause != CAUSE_PROC_UNTRUSTED)
		role_expect(keys.parent, MSG_TYPE_EVENT);
	ck_assert(login(gateway, "reno", "pw")->ok);
	close(ike);
	ike = role_join(&keys, MSG_ROLE_IKE);
	ck_assert(auth(ike, ask_for("hq.example", 0))->ok);
	close(ike);
	close(gateway);
	shut_down();
}
END_TEST

START_TEST(without_a_channel_it_does_not_start)
{
	const char *argv[] = {NULL, "--role", "keys", NULL};
	static char program[256];

	argv[0] = output_program("l2tpsecd", program, sizeof program);
	close(PROC_CHANNEL_FD);
	ck_assert_int_eq(output_of(argv), EXIT_FAILURE);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("keys_main");

	if (!secret_init() || !crypto_init())
		return EXIT_FAILURE;
	tcase_add_test(tc, ike_gets_auth_values_and_verdicts);
	tcase_add_test(tc, ike_gets_keys_with_a_ppk_of_the_tunnel_and_of_no_other);
	tcase_add_test(tc, ike_gets_tokens);
	tcase_add_test(tc, the_gateway_gets_logins_and_the_tunnel_secret);
	tcase_add_test(tc, a_bad_file_is_refused_and_the_old_secrets_stay);
	tcase_add_test(tc, refusals_are_counted);
	tcase_add_test(tc, settings_that_cannot_be_read_are_told);
	tcase_add_test(tc, it_does_not_outlive_the_parent);
	tcase_add_loop_test(tc, what_a_parent_does_not_say_ends_it, 0,
	                    sizeof wrong / sizeof wrong[0]);
	tcase_add_test(tc, a_peer_that_goes_wrong_is_left_alone);
	tcase_add_test(tc, without_a_channel_it_does_not_start);
	return run_cases("keys_main", tc);
}
