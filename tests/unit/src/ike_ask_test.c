/* Tests of the engine's questions to other processes: each field arrives, each is answered once,
 * and what becomes of them when a process ends. */
#include "src/ike/iked.h"
#include "tests/unit/src/proc_fake.h"

static struct iked d;
static struct ike_request r;
static struct {
	uint64_t id;
	struct ike_answer a;
} answers[8];
static unsigned answered;

/* In place of the engine's. */
void ike_answer(struct ike *ike, uint64_t id, const struct ike_answer *a, ls_time now)
{
	(void)ike;
	ck_assert(now > 0 && answered < 8);
	answers[answered].id = id;
	answers[answered++].a = *a;
}

struct ike_answer iked_pki_check(const struct iked_pki *p, const struct ike_auth_request *q,
                                 int64_t now_s, struct cert_info *info, char text[TRUST_TEXT_MAX])
{
	(void)p;
	(void)q;
	(void)now_s;
	(void)info;
	text[0] = '\0';
	return (struct ike_answer){.cause = CAUSE_IKE_CERT_EXPIRED, .text = text};
}

static void set_up(unsigned channels)
{
	memset(&d, 0, sizeof d);
	memset(&r, 0, sizeof r);
	fake_channels = channels;
	fake_count = answered = 0;
}

START_TEST(a_spi_is_asked_of_the_gateway)
{
	set_up(MSG_ROLE_GATEWAY);
	iked_ask_spi(&d, 5);
	ck_assert_uint_eq(fake_message(0, MSG_ROLE_GATEWAY, MSG_TYPE_SPI_ASK)->spi_ask.id, 5);
	ck_assert_uint_eq(d.asks_count, 1);
	/* Answered once, by its own kind. */
	ck_assert(!iked_ask_done(&d, 5, IKED_ASK_INSTALL));
	ck_assert(!iked_ask_done(&d, 6, IKED_ASK_SPI));
	ck_assert(iked_ask_done(&d, 5, IKED_ASK_SPI));
	ck_assert(!iked_ask_done(&d, 5, IKED_ASK_SPI));
	ck_assert_uint_eq(d.asks_count, 0);
	ck_assert_uint_eq(answered, 0);
}
END_TEST

START_TEST(without_a_gateway_the_answer_is_no)
{
	set_up(MSG_ROLE_KEYS);
	iked_ask_spi(&d, 5);
	r.id = 6;
	iked_ask_install(&d, &r);
	ck_assert_uint_eq(answered, 2);
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_uint_eq(answers[i].id, 5 + i);
		ck_assert(!answers[i].a.ok && answers[i].a.cause == CAUSE_IKE_GATEWAY_LOST);
	}
	ck_assert_uint_eq(d.asks_count, 0);
	ck_assert_uint_eq(fake_count, 0);
}
END_TEST

/* Every field with a value of its own. */
START_TEST(an_sa_arrives_whole)
{
	const struct msg_sa_install *m;
	uint8_t in[4] = {1, 2, 3, 4}, out[5] = {5, 6, 7, 8, 9};

	set_up(MSG_ROLE_GATEWAY);
	r.id = 1;
	r.tunnel = 2;
	r.chain = 3;
	r.child = (struct ike_child_sa){.spi_in = 4,
	                                .spi_out = 5,
	                                .encr = (enum algo_id)6,
	                                .integ = (enum algo_id)7,
	                                .esn = true,
	                                .udp = true,
	                                .initiator = true,
	                                .ts_protocol = 17,
	                                .ts_local_port_low = 10,
	                                .ts_local_port_high = 11,
	                                .ts_remote_port_low = 12,
	                                .ts_remote_port_high = 13,
	                                .life = {.seconds = 14, .bytes = 15, .packets = 16},
	                                .replay_window_packets = 18,
	                                .keymat_in = LS_BYTES(in, sizeof in),
	                                .keymat_out = LS_BYTES(out, sizeof out)};
	r.child.local = ls_addr_v4(0xc0000201, 4500);
	r.child.remote = ls_addr_v4(0xc0000202, 4501);
	ck_assert(ls_prefix_parse("10.0.0.0/8", &r.child.ts_local));
	ck_assert(ls_prefix_parse("fd00::/16", &r.child.ts_remote));
	iked_ask_install(&d, &r);
	m = &fake_message(0, MSG_ROLE_GATEWAY, MSG_TYPE_SA_INSTALL)->sa_install;
	ck_assert(m->id == 1 && m->tunnel == 2 && m->chain == 3);
	ck_assert(m->spi_in == 4 && m->spi_out == 5 && m->encr == 6 && m->integ == 7);
	ck_assert(m->esn && m->udp && m->initiator);
	ck_assert(!m->tunnel_mode && !m->behind_nat && !m->replaces);
	ck_assert(ls_addr_equal(&m->local, &r.child.local));
	ck_assert(ls_addr_equal(&m->remote, &r.child.remote));
	ck_assert_mem_eq(&m->ts_local, &r.child.ts_local, sizeof m->ts_local);
	ck_assert_mem_eq(&m->ts_remote, &r.child.ts_remote, sizeof m->ts_remote);
	ck_assert(m->ts_protocol == 17 && m->ts_local_port_low == 10 &&
	          m->ts_local_port_high == 11 && m->ts_remote_port_low == 12 &&
	          m->ts_remote_port_high == 13);
	ck_assert(m->life.seconds == 14 && m->life.bytes == 15 && m->life.packets == 16);
	ck_assert_uint_eq(m->replay_window_packets, 18);
	ck_assert_uint_eq(m->keymat_in.len, sizeof in);
	ck_assert_mem_eq(m->keymat_in.p, in, sizeof in);
	ck_assert_uint_eq(m->keymat_out.len, sizeof out);
	ck_assert_mem_eq(m->keymat_out.p, out, sizeof out);
	/* The other switches. */
	r.child = (struct ike_child_sa){.tunnel_mode = true, .behind_nat = true, .replaces = true};
	r.id = 2;
	iked_ask_install(&d, &r);
	m = &fake_message(1, MSG_ROLE_GATEWAY, MSG_TYPE_SA_INSTALL)->sa_install;
	ck_assert(m->tunnel_mode && m->behind_nat && m->replaces);
	ck_assert(!m->esn && !m->udp && !m->initiator);
	iked_asks_free(&d);
}
END_TEST

static uint8_t message[300], nonce[32], mac[20], given[64];

static void auth_ask(uint64_t id)
{
	for (unsigned i = 0; i < sizeof message; i++)
		message[i] = (uint8_t)i;
	memset(nonce, 1, sizeof nonce);
	memset(mac, 2, sizeof mac);
	memset(given, 3, sizeof given);
	r.id = id;
	r.tunnel = 7;
	r.auth.op = (enum ike_auth_op)1;
	r.auth.method = IKE_AUTH_PSK;
	r.auth.prf = (enum algo_id)5;
	ck_assert(ike_identity_parse("a.example", &r.auth.local_id));
	ck_assert(ike_identity_parse("b@example", &r.auth.remote_id));
	r.auth.message = LS_BYTES(message, sizeof message);
	r.auth.nonce = LS_BYTES(nonce, sizeof nonce);
	r.auth.id_mac = LS_BYTES(mac, sizeof mac);
	r.auth.auth = LS_BYTES(given, sizeof given);
	iked_ask_auth(&d, &r);
}

static void auth_arrived(unsigned nth, uint64_t id)
{
	const struct msg_ike_auth_ask *m =
		&fake_message(nth, MSG_ROLE_KEYS, MSG_TYPE_IKE_AUTH_ASK)->ike_auth_ask;

	ck_assert(m->id == id && m->tunnel == 7 && m->op == 1 && m->method == 1 && m->prf == 5);
	ck_assert_uint_eq(m->local_id.type, r.auth.local_id.type);
	ck_assert_uint_eq(m->local_id.len, 9);
	ck_assert_mem_eq(m->local_id.data, "a.example", 9);
	ck_assert_mem_eq(m->remote_id.data, "b@example", 9);
	ck_assert_uint_eq(m->message.len, sizeof message);
	for (unsigned i = 0; i < sizeof message; i++)
		ck_assert_uint_eq(m->message.p[i], (uint8_t)i);
	ck_assert_uint_eq(m->nonce.len, sizeof nonce);
	ck_assert(m->nonce.p[0] == 1 && m->nonce.p[sizeof nonce - 1] == 1);
	ck_assert_uint_eq(m->id_mac.len, sizeof mac);
	ck_assert(m->id_mac.p[0] == 2 && m->id_mac.p[sizeof mac - 1] == 2);
	ck_assert_uint_eq(m->auth.len, sizeof given);
	ck_assert(m->auth.p[0] == 3 && m->auth.p[sizeof given - 1] == 3);
}

/* The engine's bytes are gone by then. */
START_TEST(keys_that_come_back_are_asked_again)
{
	set_up(MSG_ROLE_KEYS | MSG_ROLE_GATEWAY);
	auth_ask(21);
	auth_arrived(0, 21);
	iked_ask_spi(&d, 22);
	memset(message, 0xff, sizeof message);
	memset(nonce, 0xff, sizeof nonce);
	memset(mac, 0xff, sizeof mac);
	memset(given, 0xff, sizeof given);
	iked_ask_keys_again(&d);
	ck_assert_uint_eq(fake_count, 3);
	auth_arrived(2, 21);
	ck_assert(iked_ask_done(&d, 21, IKED_ASK_AUTH));
	iked_ask_keys_again(&d);
	ck_assert_uint_eq(fake_count, 3);
	iked_asks_free(&d);
	ck_assert_uint_eq(d.asks_count, 0);
}
END_TEST

/* A PPK question too; what it held is wiped before it is given back, whatever ends it. */
START_TEST(a_ppk_is_asked_for_again)
{
	uint8_t sk[3][32];

	set_up(MSG_ROLE_KEYS | MSG_ROLE_GATEWAY);
	for (unsigned i = 0; i < 3; i++)
		memset(sk[i], (int)i + 1, sizeof sk[i]);
	r.id = 31;
	r.tunnel = 8;
	r.ppk = (struct ike_ppk_request){.prf = ALGO_PRF_SHA256,
	                                 .sk_d = LS_BYTES(sk[0], 32),
	                                 .sk_pi = LS_BYTES(sk[1], 31),
	                                 .sk_pr = LS_BYTES(sk[2], 30)};
	ck_assert(ike_ppk_id_parse("branch-7", &r.ppk.id));
	iked_ask_ppk(&d, &r);
	memset(sk, 0xff, sizeof sk);
	memset(&r.ppk, 0xff, sizeof r.ppk);
	iked_ask_keys_again(&d);
	iked_ask_gateway_lost(&d);
	ck_assert_uint_eq(answered, 0);
	for (unsigned nth = 0; nth < 2; nth++) {
		const struct msg_ike_ppk_ask *m =
			&fake_message(nth, MSG_ROLE_KEYS, MSG_TYPE_IKE_PPK_ASK)->ike_ppk_ask;

		ck_assert(m->id == 31 && m->tunnel == 8 && m->prf == ALGO_PRF_SHA256);
		ck_assert_uint_eq(m->ppk_id.len, 8);
		ck_assert_mem_eq(m->ppk_id.p, "branch-7", 8);
		ck_assert(m->sk_d.len == 32 && m->sk_pi.len == 31 && m->sk_pr.len == 30);
		ck_assert(m->sk_d.p[31] == 1 && m->sk_pi.p[0] == 2 && m->sk_pr.p[29] == 3);
	}
	ck_assert(!iked_ask_done(&d, 31, IKED_ASK_AUTH));
	ck_assert(iked_ask_done(&d, 31, IKED_ASK_PPK));
	ck_assert_uint_eq(d.asks_count, 0);
}
END_TEST

/* And one for a token. */
START_TEST(a_token_is_asked_for_again)
{
	set_up(MSG_ROLE_KEYS | MSG_ROLE_GATEWAY);
	r.id = 41;
	r.token = (struct ike_token_request){
		.spi_i = 7, .spi_r = 8, .initiator = true, .peer = ls_addr_v4(0xc0000201, 0)};
	iked_ask_token(&d, &r);
	memset(&r.token, 0xff, sizeof r.token);
	iked_ask_keys_again(&d);
	iked_ask_gateway_lost(&d);
	ck_assert_uint_eq(answered, 0);
	for (unsigned nth = 0; nth < 2; nth++) {
		const struct msg_ike_token_ask *m =
			&fake_message(nth, MSG_ROLE_KEYS, MSG_TYPE_IKE_TOKEN_ASK)->ike_token_ask;
		struct ls_addr there = ls_addr_v4(0xc0000201, 0);

		ck_assert(m->id == 41 && m->spi_i == 7 && m->spi_r == 8 && m->initiator);
		ck_assert(ls_addr_equal(&m->peer, &there));
	}
	ck_assert(iked_ask_done(&d, 41, IKED_ASK_TOKEN));
	ck_assert_uint_eq(d.asks_count, 0);
}
END_TEST

/* Asked while keys is away, it waits. */
START_TEST(a_question_waits_for_keys)
{
	set_up(0);
	auth_ask(21);
	ck_assert_uint_eq(fake_count, 0);
	ck_assert_uint_eq(answered, 0);
	fake_channels = MSG_ROLE_KEYS;
	iked_ask_keys_again(&d);
	auth_arrived(0, 21);
	iked_asks_free(&d);
}
END_TEST

START_TEST(a_gateway_that_is_lost_answers_no_more)
{
	set_up(MSG_ROLE_KEYS | MSG_ROLE_GATEWAY);
	iked_ask_spi(&d, 1);
	auth_ask(2);
	r.id = 3;
	iked_ask_install(&d, &r);
	iked_ask_gateway_lost(&d);
	ck_assert_uint_eq(answered, 2);
	ck_assert_uint_eq(answers[0].id + answers[1].id, 4);
	ck_assert(!answers[0].a.ok && answers[0].a.cause == CAUSE_IKE_GATEWAY_LOST);
	ck_assert_uint_eq(d.asks_count, 1);
	ck_assert(iked_ask_done(&d, 2, IKED_ASK_AUTH));
}
END_TEST

START_TEST(questions_have_a_limit)
{
	set_up(MSG_ROLE_KEYS);
	for (unsigned i = 0; i < IKED_ASKS_MAX; i++) {
		auth_ask(i);
		fake_count = 0;
	}
	ck_assert_uint_eq(d.asks_count, IKED_ASKS_MAX);
	ck_assert_uint_eq(answered, 0);
	auth_ask(IKED_ASKS_MAX);
	ck_assert_uint_eq(d.asks_count, IKED_ASKS_MAX);
	ck_assert_uint_eq(fake_count, 0);
	ck_assert_uint_eq(answered, 1);
	ck_assert(!answers[0].a.ok && answers[0].id == IKED_ASKS_MAX);
	ck_assert_uint_eq(d.counters.by_cause[CAUSE_LIMIT_REACHED], 1);
	iked_asks_free(&d);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("ike_ask");

	tcase_add_test(tc, a_spi_is_asked_of_the_gateway);
	tcase_add_test(tc, without_a_gateway_the_answer_is_no);
	tcase_add_test(tc, an_sa_arrives_whole);
	tcase_add_test(tc, keys_that_come_back_are_asked_again);
	tcase_add_test(tc, a_ppk_is_asked_for_again);
	tcase_add_test(tc, a_token_is_asked_for_again);
	tcase_add_test(tc, a_question_waits_for_keys);
	tcase_add_test(tc, a_gateway_that_is_lost_answers_no_more);
	tcase_add_test(tc, questions_have_a_limit);
	return run_cases("ike_ask", tc);
}
