/* Tests of what ike tells people: each field of an SA, counters summed, and keys in the words of
 * Wireshark. */
#include "src/ike/iked.h"
#include "tests/unit/src/proc_fake.h"

enum { SAS = 4 };

static struct iked d;
static struct ls_counters engine;
static struct ike_sa_view view[SAS];
static struct ike_debug_keys keys[SAS];
static unsigned views, keys_count;

/* In place of the engine's; ike_ask.c wants an answer. */
bool ike_sa_view(const struct ike *ike, size_t index, struct ike_sa_view *v)
{
	(void)ike;
	if (index < views)
		*v = view[index];
	return index < views;
}

const struct ls_counters *ike_counters(const struct ike *ike)
{
	(void)ike;
	return &engine;
}

bool ike_debug_keys(const struct ike *ike, size_t index, struct ike_debug_keys *k)
{
	(void)ike;
	if (index < keys_count)
		*k = keys[index];
	return index < keys_count;
}

void ike_answer(struct ike *ike, uint64_t id, const struct ike_answer *a, ls_time now)
{
	(void)ike;
	(void)id;
	(void)a;
	(void)now;
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

static void set_up(void)
{
	memset(&d, 0, sizeof d);
	memset(&engine, 0, sizeof engine);
	memset(view, 0, sizeof view);
	for (unsigned i = 0; i < SAS; i++) {
		view[i].tunnel = i + 1;
		view[i].state = "established";
	}
	views = keys_count = fake_count = 0;
	fake_channels = MSG_ROLE_PARENT;
}

static void ask(uint32_t tunnel)
{
	struct msg_status_ask m = {.id = 77, .tunnel = tunnel};

	iked_status_ask(&d, &m);
}

static void ends_at(unsigned nth)
{
	const struct msg *m = fake_message(nth, MSG_ROLE_PARENT, MSG_TYPE_STATUS_END);

	ck_assert_uint_eq(m->status_end.id, 77);
	ck_assert_uint_eq(m->status_end.role, MSG_ROLE_IKE);
	ck_assert_uint_eq(fake_count, nth + 1);
}

START_TEST(an_sa_is_told_whole)
{
	const struct msg_status_ike_sa *m;
	ls_time now = clock_now();

	set_up();
	views = 1;
	view[0] = (struct ike_sa_view){.tunnel = 9,
	                               .version = IKE_V2,
	                               .state = "rekeying",
	                               .spi_i = 0x1122334455667788,
	                               .spi_r = 0x99aabbccddeeff00,
	                               .initiator = true,
	                               .nat_remote = true,
	                               .encr = ALGO_AES256_GCM,
	                               .prf = ALGO_PRF_SHA384,
	                               .integ = ALGO_SHA256,
	                               .ke = ALGO_X25519,
	                               .local = ls_addr_v4(0xc0000201, 500),
	                               .remote = ls_addr_v4(0xc0000202, 4500),
	                               .born = now > LS_S(50) ? now - LS_S(50) : 1,
	                               .soft_at = now + LS_S(1000) + LS_MS(900),
	                               .last_heard = now + LS_S(5),
	                               .children = 3,
	                               .ppk = true};
	ck_assert(ike_identity_parse("hq.example", &view[0].peer_id));
	ck_assert(ike_ppk_id_parse("branch 7", &view[0].ppk_id));
	ask(0);
	m = &fake_message(0, MSG_ROLE_PARENT, MSG_TYPE_STATUS_IKE_SA)->status_ike_sa;
	ck_assert(m->id == 77 && m->tunnel == 9 && m->version == 2 && m->children == 3);
	ck_assert_str_eq(m->state, "rekeying");
	ck_assert(m->spi_i == 0x1122334455667788 && m->spi_r == 0x99aabbccddeeff00);
	ck_assert(m->initiator && m->nat_remote && !m->nat_local && !m->fragmentation);
	ck_assert(m->encr == ALGO_AES256_GCM && m->prf == ALGO_PRF_SHA384 &&
	          m->integ == ALGO_SHA256 && m->ke == ALGO_X25519);
	ck_assert(ls_addr_equal(&m->local, &view[0].local));
	ck_assert(ls_addr_equal(&m->remote, &view[0].remote));
	ck_assert_uint_eq(m->peer_id.len, 10);
	ck_assert_mem_eq(m->peer_id.data, "hq.example", 10);
	ck_assert(m->ppk);
	ck_assert_str_eq(m->ppk_id, "branch\\x207");
	ck_assert_uint_le(m->rekey_in_s, 1000);
	ck_assert_uint_ge(m->rekey_in_s, 900);
	/* A time to come is no silence. */
	ck_assert_uint_eq(m->silent_s, 0);
	ends_at(1);
}
END_TEST

START_TEST(never_is_no_span)
{
	const struct msg_status_ike_sa *m;

	set_up();
	views = 1;
	view[0].soft_at = LS_NEVER;
	view[0].nat_local = view[0].fragmentation = true;
	ask(0);
	m = &fake_message(0, MSG_ROLE_PARENT, MSG_TYPE_STATUS_IKE_SA)->status_ike_sa;
	ck_assert(m->rekey_in_s == 0 && m->age_s == 0 && m->silent_s == 0);
	ck_assert(!m->ppk && !m->ppk_id[0]);
	ck_assert(m->nat_local && m->fragmentation && !m->initiator && !m->nat_remote);
}
END_TEST

START_TEST(one_tunnel_or_all)
{
	set_up();
	views = SAS;
	ask(0);
	for (unsigned i = 0; i < SAS; i++)
		ck_assert_uint_eq(fake_message(i, MSG_ROLE_PARENT, MSG_TYPE_STATUS_IKE_SA)
		                          ->status_ike_sa.tunnel,
		                  i + 1);
	ends_at(SAS);
	fake_count = 0;
	ask(2);
	ck_assert_uint_eq(
		fake_message(0, MSG_ROLE_PARENT, MSG_TYPE_STATUS_IKE_SA)->status_ike_sa.tunnel, 2);
	ends_at(1);
	fake_count = 0;
	ask(99);
	ends_at(0);
}
END_TEST

/* The engine's and the process's own, once each, and only with all tunnels. */
START_TEST(counters_are_summed)
{
	const struct msg_status_counter *m;

	set_up();
	engine.by_cause[CAUSE_TRUNCATED] = 2;
	d.counters.by_cause[CAUSE_TRUNCATED] = 3;
	d.counters.by_cause[LS_CAUSE_LIMIT - 1] = 1;
	ask(0);
	m = &fake_message(0, MSG_ROLE_PARENT, MSG_TYPE_STATUS_COUNTER)->status_counter;
	ck_assert(m->id == 77 && m->role == MSG_ROLE_IKE);
	ck_assert(m->cause == CAUSE_TRUNCATED && m->count == 5);
	m = &fake_message(1, MSG_ROLE_PARENT, MSG_TYPE_STATUS_COUNTER)->status_counter;
	ck_assert(m->cause == LS_CAUSE_LIMIT - 1 && m->count == 1);
	ends_at(2);
	fake_count = 0;
	ask(1);
	ends_at(0);
}
END_TEST

static void keys_ask(uint32_t tunnel)
{
	struct msg_debug_keys_ask m = {.id = 77, .tunnel = tunnel};

	iked_debug_keys_ask(&d, &m);
}

/* By Wireshark's ikev2_decryption_table. */
static const struct {
	enum algo_id encr, integ;
	const char *encr_name, *integ_name;
} names[] = {
	{ALGO_AES256_GCM, ALGO_NONE, "AES-GCM-256 with 16 octet ICV [RFC5282]", "NONE [RFC4306]"},
	{ALGO_AES192_GCM, ALGO_NONE, "AES-GCM-192 with 16 octet ICV [RFC5282]", "NONE [RFC4306]"},
	{ALGO_AES128_GCM, ALGO_NONE, "AES-GCM-128 with 16 octet ICV [RFC5282]", "NONE [RFC4306]"},
	{ALGO_AES256, ALGO_SHA256, "AES-CBC-256 [RFC3602]", "HMAC_SHA2_256_128 [RFC4868]"},
	{ALGO_AES192, ALGO_SHA384, "AES-CBC-192 [RFC3602]", "HMAC_SHA2_384_192 [RFC4868]"},
	{ALGO_AES128, ALGO_SHA512, "AES-CBC-128 [RFC3602]", "HMAC_SHA2_512_256 [RFC4868]"},
	{ALGO_AES128, ALGO_SHA1, "AES-CBC-128 [RFC3602]", "HMAC_SHA1_96 [RFC2404]"},
};

START_TEST(keys_are_lines_for_wireshark)
{
	static const uint8_t ei[] = {0x01, 0x23}, er[] = {0xff}, ai[] = {0xa0}, ar[] = {0x0b, 0xc0};
	const struct msg_debug_keys *m;
	char expected[600];

	set_up();
	keys_count = 1;
	keys[0] = (struct ike_debug_keys){.spi_i = 0x1122,
	                                  .spi_r = 0x99aabbccddeeff00,
	                                  .encr = names[_i].encr,
	                                  .integ = names[_i].integ,
	                                  .sk_ei = LS_BYTES(ei, sizeof ei),
	                                  .sk_er = LS_BYTES(er, sizeof er),
	                                  .sk_ai = LS_BYTES(ai, sizeof ai),
	                                  .sk_ar = LS_BYTES(ar, sizeof ar)};
	keys_ask(0);
	m = &fake_message(0, MSG_ROLE_PARENT, MSG_TYPE_DEBUG_KEYS)->debug_keys;
	ck_assert(m->id == 77 && m->kind == MSG_DEBUG_IKE);
	snprintf(expected, sizeof expected,
	         "0000000000001122,99aabbccddeeff00,0123,ff,\"%s\",a0,0bc0,\"%s\"",
	         names[_i].encr_name, names[_i].integ_name);
	ck_assert_str_eq(m->line, expected);
	ends_at(1);
}
END_TEST

/* SK_e of AES-256-GCM has its salt, SK_a of SHA2-512 is the longest. */
START_TEST(the_longest_keys_are_not_cut)
{
	static uint8_t key[72];
	char digits[2 * sizeof key + 3] = ",";
	const char *line;

	set_up();
	memset(key, 0xab, sizeof key);
	for (unsigned i = 0; i < sizeof key; i++)
		strcat(digits, "ab");
	strcat(digits, ",");
	keys_count = 1;
	keys[0] = (struct ike_debug_keys){.encr = ALGO_AES256,
	                                  .integ = ALGO_SHA512,
	                                  .sk_ei = LS_BYTES(key, sizeof key),
	                                  .sk_er = LS_BYTES(key, sizeof key),
	                                  .sk_ai = LS_BYTES(key, sizeof key),
	                                  .sk_ar = LS_BYTES(key, sizeof key)};
	keys_ask(0);
	line = fake_message(0, MSG_ROLE_PARENT, MSG_TYPE_DEBUG_KEYS)->debug_keys.line;
	for (unsigned i = 0; i < 4; i++) {
		line = strstr(line, digits);
		ck_assert_ptr_nonnull(line);
		line += sizeof key;
	}
}
END_TEST

/* With those of a caller that has not said who it is; and none that there are not yet. */
START_TEST(keys_of_one_tunnel)
{
	static const uint8_t key[] = {1};
	static const uint32_t of[] = {3, 4, 0, 3};

	set_up();
	keys_count = 4;
	for (unsigned i = 0; i < keys_count; i++)
		keys[i] = (struct ike_debug_keys){
			.tunnel = of[i], .spi_i = i, .sk_ei = LS_BYTES(key, i == 3 ? 0 : 1)};
	keys_ask(3);
	for (unsigned i = 0; i < 2; i++)
		ck_assert_int_eq(
			fake_message(i, MSG_ROLE_PARENT, MSG_TYPE_DEBUG_KEYS)->debug_keys.line[15],
			i ? '2' : '0');
	ends_at(2);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("ike_status");

	tcase_add_test(tc, an_sa_is_told_whole);
	tcase_add_test(tc, never_is_no_span);
	tcase_add_test(tc, one_tunnel_or_all);
	tcase_add_test(tc, counters_are_summed);
	tcase_add_loop_test(tc, keys_are_lines_for_wireshark, 0, sizeof names / sizeof names[0]);
	tcase_add_test(tc, the_longest_keys_are_not_cut);
	tcase_add_test(tc, keys_of_one_tunnel);
	return run_cases("ike_status", tc);
}
