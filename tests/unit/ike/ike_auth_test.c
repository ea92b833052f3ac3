/* IKE_AUTH as initiator: who is believed, and what each refusal is called. */
#include "tests/unit/ike/ike_forge.h"
#include "tests/unit/ike/ike_main.h"

START_TEST(no_psk)
{
	struct pair *p = pair_new();

	p->side[0].psk = NULL;
	ike_start(p->side[0].ike, 1, p->now);
	pair_pass(p, LS_S(60));
	ck_assert_int_eq(pair_last(&p->side[0], IKE_REQ_DOWN)->cause, CAUSE_IKE_NO_PSK);
	pair_free(p);
}
END_TEST

/* The responder shows another identity than the initiator expects. */
START_TEST(wrong_identity)
{
	struct pair *p = pair_new();
	struct ike_peer a = pair_peer(p, 0);
	const struct pair_note *down;

	a.remote_id = pair_id("*.other.example");
	pair_set(p, 0, &a);
	ike_start(p->side[0].ike, 1, p->now);
	pair_pass(p, LS_S(60));
	down = pair_last(&p->side[0], IKE_REQ_DOWN);
	ck_assert_ptr_nonnull(down);
	ck_assert_int_eq(down->cause, CAUSE_IKE_WRONG_IDENTITY);
	ck_assert_ptr_nonnull(strstr(down->text, "it says it is b.example"));
	/* The responder, which believed it was up, is told. */
	ck_assert_uint_eq(p->side[1].sas, 0);
	ck_assert_uint_eq(pair_ike_sas(&p->side[1]), 0);
	pair_free(p);
}
END_TEST

START_TEST(id_bodies)
{
	uint8_t bytes[4 + IKE_IDENTITY_MAX + 1] = {IKE_ID_FQDN, 1, 2, 3, 'a', 'b'};
	struct ike_identity id;
	uint8_t out[16];
	struct wr w = wr_make(out, sizeof out);

	for (size_t len = 0; len < 4; len++)
		ck_assert(!ike_id_read(LS_BYTES(bytes, len), &id));
	/* Reserved bytes mean nothing, and go out as 0. */
	ck_assert(ike_id_read(LS_BYTES(bytes, 6), &id));
	ck_assert(id.type == IKE_ID_FQDN && id.len == 2 && id.data[0] == 'a');
	ike_id_write(&w, &id);
	ck_assert_uint_eq(w.len, 6);
	ck_assert_mem_eq(out, "\2\0\0\0ab", 6);
	ck_assert(ike_id_read(LS_BYTES(bytes, 4), &id) && id.len == 0);
	ck_assert(ike_id_read(LS_BYTES(bytes, 4 + IKE_IDENTITY_MAX), &id));
	ck_assert_uint_eq(id.len, IKE_IDENTITY_MAX);
	ck_assert(!ike_id_read(LS_BYTES(bytes, sizeof bytes), &id));
	/* The type that means anybody to us is nobody's. */
	bytes[0] = IKE_ID_ANY;
	ck_assert(!ike_id_read(LS_BYTES(bytes, 6), &id));
	bytes[0] = 250;
	ck_assert(ike_id_read(LS_BYTES(bytes, 6), &id));
}
END_TEST

/* The attempt ended once, for that reason, with that text; `told`: the peer was told of it by a
 * Delete with AUTHENTICATION_FAILED. */
static void ended(struct pair *p, unsigned tail, enum ls_cause cause, const char *text, bool told)
{
	const struct pair_note *down = pair_last(&p->side[0], IKE_REQ_DOWN);
	struct ike_payloads in;
	struct ike_header h;

	ck_assert_ptr_nonnull(down);
	ck_assert_int_eq(down->cause, cause);
	ck_assert_msg(strstr(down->text, text) != NULL, "%s", down->text);
	ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_DOWN), 1);
	ck_assert_uint_eq(pair_ike_sas(&p->side[0]) + p->side[0].sas, 0);
	ck_assert_uint_eq(p->side[0].reserved, p->side[0].released);
	ck_assert_uint_eq(p->tail - tail, told);
	if (!told)
		return;
	forge_newest(p, &h, &in);
	ck_assert(h.exchange == IKE_X_INFO && h.id == 2 && !(h.flags & IKE_FLAG_RESPONSE));
	ck_assert(ike_notify_find(&in, IKE_N_AUTHENTICATION_FAILED) && in.deletes_count == 1);
}

/* An answer that proves nothing, or by another method, or with a wrong value. */
START_TEST(no_proof)
{
	static const struct {
		const char *id;
		uint8_t method; /* 0: none */
		bool wrong;
		enum ls_cause cause;
		const char *text;
	} rows[] = {
		{NULL, 0, false, CAUSE_IKE_SYNTAX, "no proof of identity"},
		{"b.example", 0, false, CAUSE_IKE_SYNTAX, "no proof of identity"},
		{"b.example", 1, false, CAUSE_IKE_METHOD_REFUSED,
	         "by RSA with SHA-1 (method 1, not RFC 7427); we take a preshared key"},
		{"b.example", 14, false, CAUSE_IKE_METHOD_REFUSED,
	         "it proves itself by a certificate; we take a preshared key"},
		{"b.example", 2, true, CAUSE_IKE_AUTH_MISMATCH, ""},
		{"c.example", 2, false, CAUSE_IKE_WRONG_IDENTITY,
	         "it says it is c.example, we expect b.example"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct pair *p = pair_new();
		struct ike_build b = forge_build();
		unsigned tail;

		forge_before_auth(p);
		tail = p->tail;
		if (rows[i].wrong)
			p->side[1].psk = "another";
		if (rows[i].method)
			forge_proof(p, 1, rows[i].id, rows[i].method, &b);
		else if (rows[i].id)
			ike_build_bytes(&b, IKE_P_IDR, LS_BYTES("\2\0\0\0b.example", 13));
		forge_response(p, 1, IKE_X_AUTH, 1, &b);
		ended(p, tail, rows[i].cause, rows[i].text, true);
		pair_free(p);
	}
}
END_TEST

/* 2.21.2: errors in place of a proof. It is the end of this SA, without a word. */
START_TEST(refused)
{
	static const struct {
		uint16_t notify;
		enum ls_cause cause;
		const char *text;
	} rows[] = {
		{IKE_N_AUTHENTICATION_FAILED, CAUSE_IKE_AUTH_REFUSED,
	         "it answered AUTHENTICATION_FAILED; we are a.example"},
		{IKE_N_INVALID_SYNTAX, CAUSE_IKE_PEER_ERROR, "it answered INVALID_SYNTAX"},
		{IKE_N_NO_PROPOSAL_CHOSEN, CAUSE_IKE_NO_CHILD_PROPOSAL, "NO_PROPOSAL_CHOSEN"},
		{777, CAUSE_IKE_PEER_ERROR, "it answered notify 777"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct pair *p = pair_new();
		struct ike_build b = forge_build();
		unsigned tail;

		forge_before_auth(p);
		tail = p->tail;
		ike_build_flag(&b, rows[i].notify);
		forge_response(p, 1, IKE_X_AUTH, 1, &b);
		ended(p, tail, rows[i].cause, rows[i].text, false);
		pair_free(p);
	}
}
END_TEST

/* The peer is who it says, but its CHILD SA is refused or no good: DOWN, and a Delete. */
START_TEST(proof_without_child)
{
	static const struct {
		uint16_t notify; /* 0: none */
		enum ls_cause cause;
		const char *text;
	} rows[] = {
		{0, CAUSE_IKE_SYNTAX, ""},
		{IKE_N_NO_PROPOSAL_CHOSEN, CAUSE_IKE_NO_CHILD_PROPOSAL,
	         "it answered NO_PROPOSAL_CHOSEN; we offered AES-256-GCM"},
		{IKE_N_TS_UNACCEPTABLE, CAUSE_IKE_TS_UNACCEPTABLE, "TS_UNACCEPTABLE"},
		{IKE_N_NO_ADDITIONAL_SAS, CAUSE_IKE_NO_ADDITIONAL_SAS, "NO_ADDITIONAL_SAS"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct pair *p = pair_new();
		struct ike_build b = forge_build();
		const struct pair_note *down;

		forge_before_auth(p);
		forge_proof(p, 1, "b.example", 2, &b);
		if (rows[i].notify)
			ike_build_flag(&b, rows[i].notify);
		forge_response(p, 1, IKE_X_AUTH, 1, &b);
		ck_assert(pair_progressed(&p->side[0], "proved to be b.example"));
		down = pair_last(&p->side[0], IKE_REQ_DOWN);
		ck_assert_ptr_nonnull(down);
		ck_assert_int_eq(down->cause, rows[i].cause);
		ck_assert_ptr_nonnull(strstr(down->text, rows[i].text));
		ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_DOWN), 1);
		ck_assert_int_eq(forge_sa(p, 0)->state, IKE_S_DELETING);
		ck_assert_uint_eq(p->side[0].reserved, p->side[0].released);
		pair_free(p);
	}
}
END_TEST

/* What our own request says: the identity that we expect only if it is one, INITIAL_CONTACT only
 * where it is true (2.4). */
START_TEST(our_request)
{
	static const struct {
		const char *remote;
		bool named;
	} rows[] = {{"b.example", true}, {"*.example", false}, {NULL, false}};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct pair *p = pair_new();
		struct ike_peer a = pair_peer(p, 0);
		struct ike_payloads in;
		struct ike_header h;

		a.remote_id = rows[i].remote ? pair_id(rows[i].remote)
		                             : (struct ike_identity){.type = IKE_ID_ANY};
		pair_set(p, 0, &a);
		ike_start(p->side[0].ike, 1, p->now);
		pair_deliver_one(p);
		pair_deliver_one(p);
		forge_newest(p, &h, &in);
		ck_assert(h.exchange == IKE_X_AUTH && h.id == 1 && in.auth_method == 2);
		ck_assert_mem_eq(in.idi.p, "\2\0\0\0a.example", in.idi.len);
		ck_assert((in.idr.p != NULL) == rows[i].named);
		ck_assert(ike_notify_find(&in, IKE_N_INITIAL_CONTACT) &&
		          ike_notify_find(&in, IKE_N_USE_TRANSPORT_MODE) && in.sa.p && in.tsi.p &&
		          in.tsr.p && !in.ke.p && !in.nonce.p);
		pair_run(p);
		ck_assert_uint_eq(pair_check_sas(p), 1);
		/* A second call while the first SA stands. */
		ck_assert_int_eq(ike_init_dial(p->side[0].ike, p->side[0].ike->peers, 0, false),
		                 CAUSE_NONE);
		pair_deliver_one(p);
		pair_deliver_one(p);
		forge_newest(p, &h, &in);
		ck_assert_int_eq(h.exchange, IKE_X_AUTH);
		ck_assert_ptr_null(ike_notify_find(&in, IKE_N_INITIAL_CONTACT));
		pair_free(p);
	}
}
END_TEST

IKE_MAIN("ike auth", no_psk, wrong_identity, id_bodies, no_proof, refused, proof_without_child,
         our_request)
