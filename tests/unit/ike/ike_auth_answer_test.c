/* IKE_AUTH as responder: which tunnel a caller belongs to, and who is refused for what. */
#include "tests/unit/ike/ike_forge.h"
#include "tests/unit/ike/ike_main.h"

#include <stdio.h>

START_TEST(wrong_psk)
{
	struct pair *p = pair_new();
	const struct pair_note *down;

	p->side[1].psk = "another key";
	ike_start(p->side[0].ike, 1, p->now);
	pair_pass(p, LS_S(60));
	down = pair_last(&p->side[0], IKE_REQ_DOWN);
	ck_assert_ptr_nonnull(down);
	ck_assert_int_eq(down->cause, CAUSE_IKE_AUTH_REFUSED);
	ck_assert_ptr_nonnull(pair_event(&p->side[1], CAUSE_IKE_AUTH_MISMATCH));
	ck_assert_uint_eq(pair_count(&p->side[1], IKE_REQ_DOWN), 0);
	ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_DOWN), 1);
	ck_assert_uint_eq(pair_ike_sas(&p->side[0]) + pair_ike_sas(&p->side[1]), 0);
	pair_free(p);
}
END_TEST

START_TEST(unknown_identity)
{
	struct pair *p = pair_new();
	struct ike_peer b = pair_peer(p, 1);

	b.remote_id = pair_id("somebody.else");
	pair_set(p, 1, &b);
	ike_start(p->side[0].ike, 1, p->now);
	pair_pass(p, LS_S(60));
	ck_assert_int_eq(pair_last(&p->side[0], IKE_REQ_DOWN)->cause, CAUSE_IKE_AUTH_REFUSED);
	ck_assert_ptr_nonnull(strstr(pair_event(&p->side[1], CAUSE_IKE_UNKNOWN_PEER)->text,
	                             "it says it is a.example"));
	pair_free(p);
}
END_TEST

/* Two tunnels at the responder: the identity decides, not the order. */
START_TEST(choice_of_tunnel)
{
	struct pair *p = pair_new();
	struct ike_peer b = pair_peer(p, 1);

	memset(b.remote, 0, sizeof b.remote);
	b.remote_id = pair_id("*.example");
	pair_set(p, 1, &b);
	b.tunnel = 7;
	b.remote_id = pair_id("a.example");
	pair_set(p, 1, &b);
	b.tunnel = 8;
	b.remote_id = pair_id("c.example");
	pair_set(p, 1, &b);
	pair_up(p);
	ck_assert_uint_eq(pair_last(&p->side[1], IKE_REQ_UP)->tunnel, 7);
	pair_free(p);
}
END_TEST

/* and IKE SAs. */
START_TEST(ike_sas_are_bounded)
{
	struct ike_limits limits = {.max_ike_sas_per_tunnel = 4};
	struct pair *p = pair_new_at("192.0.2.1", "198.51.100.2", &limits);
	struct ike_peer a = pair_peer(p, 0), b = pair_peer(p, 1);
	char name[32];

	b.remote_id = pair_id("*.example");
	pair_set(p, 1, &b);
	for (unsigned i = 0; i < 7; i++) {
		snprintf(name, sizeof name, "a%u.example", i);
		a.tunnel = 10 + i;
		a.local_id = pair_id(name);
		pair_set(p, 0, &a);
		ike_start(p->side[0].ike, a.tunnel, p->now);
		pair_run(p);
	}
	ck_assert_uint_eq(pair_established(&p->side[1]), 4);
	ck_assert_ptr_nonnull(pair_event(&p->side[1], CAUSE_LIMIT_REACHED));
	ck_assert_uint_eq(pair_check_sas(p), 4);
	pair_free(p);
}
END_TEST

/* 2.21.2: the caller hears AUTHENTICATION_FAILED and no more, the log hears why. Nobody is told
 * that something ended, the SA repeats its answer a while and then is gone. */
static void refused(struct pair *p, unsigned tail, enum ls_cause cause, const char *text)
{
	struct ike_build b = forge_build();
	const struct pair_note *event = pair_event(&p->side[1], cause);
	struct ike_sa *sa = forge_sa(p, 1);

	forge_answered(p, tail, IKE_N_AUTHENTICATION_FAILED);
	ck_assert_ptr_nonnull(event);
	ck_assert_msg(strstr(event->text, text) != NULL, "%s", event->text);
	ck_assert_uint_eq(pair_count(&p->side[1], IKE_REQ_DOWN), 0);
	ck_assert_uint_eq(p->side[1].sas, 0);
	ck_assert_uint_eq(p->side[1].reserved, p->side[1].released);
	ck_assert(sa->refused && ike_half_open(p->side[1].ike) == 1);
	/* Again: the same answer; with a new id: nothing. */
	tail = p->tail;
	forge_request(p, 0, IKE_X_AUTH, 1, &b);
	ck_assert_uint_eq(p->tail, tail + 1);
	forge_request(p, 0, IKE_X_AUTH, 2, &b);
	forge_request(p, 0, IKE_X_INFO, 2, &b);
	ck_assert_uint_eq(p->tail, tail + 1);
	ck_assert_uint_eq(pair_counted(&p->side[1], CAUSE_IKE_UNEXPECTED), 2);
	p->now += LS_S(IKE_REFUSED_S);
	ike_tick(p->side[1].ike, p->now);
	ck_assert_uint_eq(pair_ike_sas(&p->side[1]), 0);
	ck_assert_uint_eq(pair_counted(&p->side[1], cause), 1);
}

START_TEST(refusals)
{
	static const struct {
		const char *what;
		enum ls_cause cause;
		const char *text;
	} rows[] = {
		{"no identity", CAUSE_IKE_SYNTAX, "without an identity"},
		{"an identity of no type", CAUSE_IKE_SYNTAX, "without an identity"},
		{"asks for an identity of no type", CAUSE_IKE_SYNTAX, "without an identity"},
		{"not configured", CAUSE_IKE_UNKNOWN_PEER, "it says it is x.example"},
		{"asks for another", CAUSE_IKE_UNKNOWN_PEER,
	         "it says it is a.example and asks for x.example"},
		{"no AUTH", CAUSE_IKE_METHOD_REFUSED, "it wants EAP"},
		{"a signature", CAUSE_IKE_METHOD_REFUSED,
	         "by RSA with SHA-1 (method 1, not RFC 7427); we take a preshared key"},
		{"a wrong value", CAUSE_IKE_AUTH_MISMATCH, ""},
		{"no PSK", CAUSE_IKE_NO_PSK, ""},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct pair *p = pair_new();
		struct ike_build b = forge_build();
		unsigned tail;

		forge_before_auth(p);
		tail = p->tail;
		if (i == 1)
			ike_build_bytes(&b, IKE_P_IDI, LS_BYTES("\0\0\0\0a.example", 13));
		else if (i == 5)
			ike_build_bytes(&b, IKE_P_IDI, LS_BYTES("\2\0\0\0a.example", 13));
		else if (i != 0)
			forge_proof(p, 0, i == 3 ? "x.example" : "a.example", i == 6 ? 1 : 2, &b);
		if (i == 2)
			ike_build_bytes(&b, IKE_P_IDR, LS_BYTES("\0\0\0\0b.example", 13));
		if (i == 4)
			ike_build_bytes(&b, IKE_P_IDR, LS_BYTES("\2\0\0\0x.example", 13));
		if (i == 7)
			p->side[1].psk = "another";
		if (i == 8)
			p->side[1].psk = NULL;
		forge_request(p, 0, IKE_X_AUTH, 1, &b);
		refused(p, tail, rows[i].cause, rows[i].text);
		pair_free(p);
	}
}
END_TEST

/* What was agreed when nobody knew who called is not what this tunnel allows. */
START_TEST(choice_not_allowed)
{
	struct pair *p = pair_new();
	struct ike_peer b = pair_peer(p, 1);
	struct ike_build build = forge_build();
	unsigned tail;

	/* One peer has the address, another one the name. */
	b.remote_id = pair_id("x.example");
	pair_set(p, 1, &b);
	b.tunnel = 9;
	b.remote_id = pair_id("a.example");
	memset(b.remote, 0, sizeof b.remote);
	b.ike_count = 1;
	b.ike[0] = pair_ike_proposal(ALGO_AES128_GCM, ALGO_NONE, ALGO_PRF_SHA256, ALGO_X25519);
	pair_set(p, 1, &b);
	forge_before_auth(p);
	tail = p->tail;
	forge_proof(p, 0, "a.example", 2, &build);
	forge_request(p, 0, IKE_X_AUTH, 1, &build);
	refused(p, tail, CAUSE_IKE_CHOICE_NOT_ALLOWED, "");
	pair_free(p);
}
END_TEST

/* 2.21.2: a CHILD SA that comes to nothing does not undo the proof: the answer has both, and the
 * IKE SA may be used for another one for 30 s. */
START_TEST(child_refused)
{
	for (unsigned how = 0; how < 4; how++) {
		struct pair *p = pair_new();
		struct ike_build b = forge_build();
		struct ls_addr a, c = ls_addr_v4(0x0a000001, 0);
		struct ike_proposal esp = pair_child_proposal(
			how == 0 ? ALGO_AES192_GCM : ALGO_AES256_GCM, ALGO_NONE, true);
		static const uint16_t notifies[] = {IKE_N_NO_PROPOSAL_CHOSEN, IKE_N_TS_UNACCEPTABLE,
		                                    IKE_N_NO_ADDITIONAL_SAS,
		                                    IKE_N_NO_ADDITIONAL_SAS};
		static const enum ls_cause causes[] = {CAUSE_IKE_NO_CHILD_PROPOSAL,
		                                       CAUSE_IKE_TS_UNACCEPTABLE, CAUSE_IKE_NO_SPI,
		                                       CAUSE_IKE_NOT_INSTALLED};
		struct ike_payloads in;
		struct ike_header h;

		forge_before_auth(p);
		a = p->side[0].ip;
		p->side[1].no_spi = how == 2;
		p->side[1].refuse_install = how == 3;
		forge_proof(p, 0, "a.example", 2, &b);
		forge_esp(&b, &esp, 1, 0x1234, IKE_KE_IGNORED);
		forge_ts(&b, how == 1 ? &c : &a, &p->side[1].ip);
		ike_build_flag(&b, IKE_N_USE_TRANSPORT_MODE);
		forge_request(p, 0, IKE_X_AUTH, 1, &b);
		forge_newest(p, &h, &in);
		ck_assert(in.auth.p && in.idr.p && !in.sa.p && !in.tsi.p);
		ck_assert_uint_eq(in.notifies, 1);
		ck_assert_uint_eq(in.notify[0].type, notifies[how]);
		ck_assert_ptr_nonnull(pair_event(&p->side[1], causes[how]));
		ck_assert_int_eq(forge_sa(p, 1)->state, IKE_S_ESTABLISHED);
		ck_assert_int_eq(forge_sa(p, 1)->give_up, p->now + LS_S(IKE_CHILDLESS_S));
		ck_assert_uint_eq(pair_count(&p->side[1], IKE_REQ_UP), 0);
		pair_free(p);
	}
}
END_TEST

/* The tunnel goes while its caller's proof is being looked at. */
START_TEST(tunnel_goes_meanwhile)
{
	struct pair *p = pair_new();
	struct ike_build b = forge_build();
	struct ike_request r = {0};

	forge_before_auth(p);
	forge_proof(p, 0, "a.example", 2, &b);
	p->side[1].silent = true;
	forge_request(p, 0, IKE_X_AUTH, 1, &b);
	ck_assert_int_eq(forge_sa(p, 1)->serving->asking, IKE_Q_AUTH_CHECK);
	r.id = forge_sa(p, 1)->serving->question;
	ike_peer_remove(p->side[1].ike, 2, CAUSE_CONFIG_CHANGED, p->now);
	ck_assert_uint_eq(pair_ike_sas(&p->side[1]), 0);
	ike_answer(p->side[1].ike, r.id, &(struct ike_answer){.ok = true}, p->now);
	pair_pump(&p->side[1]);
	ck_assert_uint_eq(pair_count(&p->side[1], IKE_REQ_DOWN), 0);
	pair_free(p);
}
END_TEST

IKE_MAIN("ike auth answer", wrong_psk, unknown_identity, choice_of_tunnel, ike_sas_are_bounded,
         refusals, choice_not_allowed, child_refused, tunnel_goes_meanwhile)
