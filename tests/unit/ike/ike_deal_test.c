/* What is negotiated for one CHILD SA: offered, chosen, accepted, and each refusal's cause. */
#include "tests/unit/ike/ike_forge.h"
#include "tests/unit/ike/ike_main.h"

#include "ike/ike_deal.h"

START_TEST(no_common_child_proposal)
{
	struct pair *p = pair_new();
	struct ike_peer b = pair_peer(p, 1);
	const struct pair_note *down;

	b.child[0] = pair_child_proposal(ALGO_AES192_GCM, ALGO_NONE, true);
	b.child_count = 1;
	pair_set(p, 1, &b);
	ike_start(p->side[0].ike, 1, p->now);
	pair_pass(p, LS_S(60));
	down = pair_last(&p->side[0], IKE_REQ_DOWN);
	ck_assert_ptr_nonnull(down);
	ck_assert_int_eq(down->cause, CAUSE_IKE_NO_CHILD_PROPOSAL);
	ck_assert_ptr_nonnull(pair_event(&p->side[1], CAUSE_IKE_NO_CHILD_PROPOSAL));
	ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_DOWN), 1);
	/* No childless IKE SA is kept (trap 27), nor an SPI. */
	ck_assert_uint_eq(pair_ike_sas(&p->side[0]), 0);
	ck_assert_uint_eq(pair_ike_sas(&p->side[1]), 0);
	ck_assert_uint_eq(p->side[0].reserved, p->side[0].released);
	pair_free(p);
}
END_TEST

START_TEST(transport_against_tunnel)
{
	struct pair *p = pair_new();
	struct ike_peer b = pair_peer(p, 1);

	b.tunnel_mode = true;
	pair_set(p, 1, &b);
	ike_start(p->side[0].ike, 1, p->now);
	pair_pass(p, LS_S(60));
	ck_assert_int_eq(pair_last(&p->side[0], IKE_REQ_DOWN)->cause, CAUSE_IKE_NO_TRANSPORT);
	ck_assert_uint_eq(p->side[0].sas + p->side[1].sas, 0);
	pair_free(p);
}
END_TEST

START_TEST(nonces)
{
	static const struct {
		const char *a, *b;
		bool below;
	} rows[] = {{"a", "b", true},       {"b", "a", false},  {"a", "a", false},
	            {"a", "aa", true},      {"aa", "a", false}, {"ab", "b", true},
	            {"\x7f", "\x80", true}, {"b", "ab", false}};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct ls_bytes a = LS_BYTES(rows[i].a, strlen(rows[i].a)),
				b = LS_BYTES(rows[i].b, strlen(rows[i].b));

		ck_assert(ike_nonce_below(a, b) == rows[i].below);
		ck_assert_ptr_eq(ike_nonce_lower(a, b).p, ike_nonce_below(b, a) ? b.p : a.p);
	}
}
END_TEST

START_TEST(errors)
{
	static const struct {
		uint16_t notify;
		enum ls_cause cause;
	} rows[] = {{14, CAUSE_IKE_NO_CHILD_PROPOSAL}, {38, CAUSE_IKE_TS_UNACCEPTABLE},
	            {34, CAUSE_IKE_TS_UNACCEPTABLE},   {35, CAUSE_IKE_NO_ADDITIONAL_SAS},
	            {43, CAUSE_IKE_TEMPORARY_FAILURE}, {44, CAUSE_IKE_CHILD_NOT_FOUND},
	            {24, CAUSE_IKE_AUTH_REFUSED},      {17, CAUSE_IKE_NO_GROUP},
	            {7, CAUSE_IKE_PEER_ERROR},         {0, CAUSE_IKE_PEER_ERROR}};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		ck_assert_int_eq(ike_child_error(rows[i].notify), rows[i].cause);
}
END_TEST

/* One CREATE_CHILD_SA for a new chain from A, right but for one thing; B's answer and cause. */
enum wrong {
	RIGHT,
	NO_SA,
	NO_NONCE,
	NO_TSI,
	NO_TSR,
	NO_TRANSPORT,
	OTHER_CIPHER,
	OTHER_PORT,
	OTHER_ADDRESS,
	BAD_TS,
	ZERO_SPI,
	LONG_SPI,
	NO_KE,
	OTHER_KE,
	WEAK_KE,
	SHORT_KE,
	WRONGS
};

static void offer(struct ike_build *b, const struct pair *p, enum wrong w)
{
	static const uint8_t nonce[32] = {1}, weak[32] = {0};
	struct ike_proposal esp = {
		.count = 2,
		.algo = {w == OTHER_CIPHER ? ALGO_AES192_GCM : ALGO_AES256_GCM, ALGO_X25519},
		.no_esn = true};
	struct ls_addr elsewhere = ls_addr_v4(0x0a000001, 0);
	uint8_t value[32] = {9};

	if (w != NO_SA) {
		ike_build_begin(b, IKE_P_SA);
		ike_proposals_write(&b->w, &esp, 1, IKE_PROTO_ESP, w == ZERO_SPI ? 0 : 0x1234,
		                    w == LONG_SPI ? 8 : 4, IKE_KE_PFS);
		ike_build_end(b);
	}
	if (w != NO_NONCE)
		ike_build_bytes(b, IKE_P_NONCE, LS_BYTES(nonce, sizeof nonce));
	if (w != NO_KE)
		ike_build_ke(b, w == OTHER_KE ? 19 : 31,
		             w == WEAK_KE ? LS_BYTES(weak, sizeof weak)
		                          : LS_BYTES(value, w == SHORT_KE ? 31 : 32));
	for (unsigned side = 0; side < 2; side++) {
		struct ike_ts ts =
			ike_ts_ours(w == OTHER_ADDRESS ? &elsewhere : &p->side[side].ip, false);

		if (w == (side ? NO_TSR : NO_TSI))
			continue;
		if (w == OTHER_PORT)
			ts.port_low = ts.port_high = 1702;
		ike_build_begin(b, side ? IKE_P_TSR : IKE_P_TSI);
		ike_ts_write(&b->w, &ts);
		if (w == BAD_TS)
			wr_u8(&b->w, 0);
		ike_build_end(b);
	}
	if (w != NO_TRANSPORT)
		ike_build_flag(b, IKE_N_USE_TRANSPORT_MODE);
}

START_TEST(choosing)
{
	static const struct {
		uint16_t notify;
		enum ls_cause cause;
	} rows[WRONGS] = {
		[NO_NONCE] = {IKE_N_INVALID_SYNTAX, CAUSE_IKE_SYNTAX},
		[NO_SA] = {IKE_N_INVALID_SYNTAX, CAUSE_IKE_SYNTAX},
		[NO_TSI] = {IKE_N_INVALID_SYNTAX, CAUSE_IKE_SYNTAX},
		[NO_TSR] = {IKE_N_INVALID_SYNTAX, CAUSE_IKE_SYNTAX},
		[NO_TRANSPORT] = {IKE_N_NO_PROPOSAL_CHOSEN, CAUSE_IKE_NO_TRANSPORT},
		[OTHER_CIPHER] = {IKE_N_NO_PROPOSAL_CHOSEN, CAUSE_IKE_NO_CHILD_PROPOSAL},
		[OTHER_PORT] = {IKE_N_TS_UNACCEPTABLE, CAUSE_IKE_TS_UNACCEPTABLE},
		[OTHER_ADDRESS] = {IKE_N_TS_UNACCEPTABLE, CAUSE_IKE_TS_UNACCEPTABLE},
		[BAD_TS] = {IKE_N_INVALID_SYNTAX, CAUSE_IKE_SYNTAX},
		[ZERO_SPI] = {IKE_N_INVALID_SYNTAX, CAUSE_IKE_SYNTAX},
		[LONG_SPI] = {IKE_N_INVALID_SYNTAX, CAUSE_IKE_SYNTAX},
		[NO_KE] = {IKE_N_INVALID_KE_PAYLOAD, CAUSE_NONE},
		[OTHER_KE] = {IKE_N_INVALID_KE_PAYLOAD, CAUSE_NONE},
		[WEAK_KE] = {IKE_N_INVALID_SYNTAX, CAUSE_IKE_BAD_KEY_EXCHANGE},
		[SHORT_KE] = {IKE_N_INVALID_SYNTAX, CAUSE_IKE_BAD_KEY_EXCHANGE},
	};

	for (enum wrong w = RIGHT; w < WRONGS; w++) {
		struct pair *p = pair_new();
		struct ike_build b = forge_build();
		struct ike_payloads in;
		struct ike_header h;

		pair_up(p);
		offer(&b, p, w);
		forge_request(p, 0, IKE_X_CHILD, 2, &b);
		if (w == RIGHT) {
			forge_newest(p, &h, &in);
			ck_assert(in.sa.p && in.ke.p && in.nonce.p && in.tsi.p && in.tsr.p &&
			          ike_notify_find(&in, IKE_N_USE_TRANSPORT_MODE));
			ck_assert_uint_eq(p->side[1].sas, 2);
			ck_assert_uint_eq(p->side[1].sa[1].spi_out, 0x1234);
			pair_free(p);
			continue;
		}
		forge_newest(p, &h, &in);
		ck_assert_msg(in.notifies == 1 && in.notify[0].type == rows[w].notify, "%d: %u",
		              (int)w, in.notify[0].type);
		ck_assert(!in.sa.p &&
		          in.notify[0].data.len ==
		                  (rows[w].notify == IKE_N_INVALID_KE_PAYLOAD ? 2u : 0u));
		if (rows[w].notify == IKE_N_INVALID_KE_PAYLOAD)
			ck_assert_uint_eq(ls_get16(in.notify[0].data.p), 31);
		else
			ck_assert_msg(pair_event(&p->side[1], rows[w].cause) != NULL, "%d", (int)w);
		if (w == OTHER_PORT)
			ck_assert_ptr_nonnull(
				strstr(pair_event(&p->side[1], rows[w].cause)->text,
			               "the peer asked for UDP 192.0.2.1 port 1702 to UDP "
			               "198.51.100.2 port 1702"));
		/* All else stays, and no SPI is kept. */
		ck_assert_uint_eq(p->side[1].sas, 1);
		ck_assert_uint_eq(p->side[1].reserved - p->side[1].released, 1);
		ck_assert_int_eq(forge_sa(p, 1)->state, IKE_S_ESTABLISHED);
		pair_no_down(p);
		pair_free(p);
	}
}
END_TEST

/* A peer that takes no TFC padding says so in its request or in its answer: it gets none, for this
 * pair (1.3.1). */
START_TEST(padding_refused)
{
	for (unsigned refused = 0; refused < 2; refused++) {
		struct pair *p = pair_new();
		struct ike_build b = forge_build();

		pair_up(p);
		offer(&b, p, RIGHT);
		if (refused)
			ike_build_flag(&b, IKE_N_ESP_TFC_PADDING_NOT_SUPPORTED);
		forge_request(p, 0, IKE_X_CHILD, 2, &b);
		ck_assert_uint_eq(p->side[1].sas, 2);
		ck_assert(p->side[1].sa[1].child.no_tfc == refused);
		/* We take it off, and so do not say that. */
		ck_assert(!p->side[0].sa[0].child.no_tfc && !p->side[1].sa[0].child.no_tfc);
		pair_free(p);

		p = pair_new();
		b = forge_build();
		pair_up(p);
		ike_child_expiring(p->side[0].ike, pair_first_spi(p, 0), p->now);
		pair_cross(p);
		pair_drop(p);
		offer(&b, p, RIGHT);
		if (refused)
			ike_build_flag(&b, IKE_N_ESP_TFC_PADDING_NOT_SUPPORTED);
		forge_response(p, 1, IKE_X_CHILD, 2, &b);
		ck_assert_uint_eq(p->side[0].sas, 2);
		ck_assert(p->side[0].sa[1].child.no_tfc == refused);
		pair_free(p);
	}
}
END_TEST

/* B's answer to A's own request for a successor, right but for one thing: A keeps the old pair, and
 * has the peer delete what it believes to have. */
START_TEST(accepting)
{
	static const enum ls_cause causes[WRONGS] = {
		[NO_SA] = CAUSE_IKE_SYNTAX,
		[NO_NONCE] = CAUSE_IKE_SYNTAX,
		[NO_TSI] = CAUSE_IKE_SYNTAX,
		[NO_TSR] = CAUSE_IKE_SYNTAX,
		[NO_TRANSPORT] = CAUSE_IKE_NO_TRANSPORT,
		[OTHER_CIPHER] = CAUSE_IKE_BAD_CHOICE,
		[OTHER_PORT] = CAUSE_IKE_TS_UNACCEPTABLE,
		[OTHER_ADDRESS] = CAUSE_IKE_TS_UNACCEPTABLE,
		[BAD_TS] = CAUSE_IKE_SYNTAX,
		[ZERO_SPI] = CAUSE_IKE_SYNTAX,
		[LONG_SPI] = CAUSE_IKE_SYNTAX,
		[NO_KE] = CAUSE_IKE_BAD_CHOICE,
		[OTHER_KE] = CAUSE_IKE_BAD_CHOICE,
		[WEAK_KE] = CAUSE_IKE_BAD_KEY_EXCHANGE,
		[SHORT_KE] = CAUSE_IKE_BAD_KEY_EXCHANGE,
	};

	for (enum wrong w = RIGHT; w < WRONGS; w++) {
		struct pair *p = pair_new();
		struct ike_build b = forge_build();
		struct ike_sa *sa;
		const struct pair_note *event;

		pair_up(p);
		sa = forge_sa(p, 0);
		ike_child_expiring(p->side[0].ike, pair_first_spi(p, 0), p->now);
		pair_cross(p);
		pair_drop(p);
		offer(&b, p, w);
		forge_response(p, 1, IKE_X_CHILD, 2, &b);
		if (w == RIGHT) {
			ck_assert_uint_eq(p->side[0].sas, 2);
			ck_assert_uint_eq(p->side[0].sa[1].spi_out, 0x1234);
			pair_free(p);
			continue;
		}
		event = pair_event(&p->side[0], CAUSE_IKE_REKEY_TRIED);
		ck_assert_ptr_nonnull(event);
		ck_assert_msg(event->text[0] != '\0', "%d", (int)w);
		if (w != OTHER_CIPHER)
			ck_assert_msg(strcmp(event->text, ls_cause_info(causes[w])->sentence) == 0,
			              "%d: %s", (int)w, event->text);
		ck_assert_uint_eq(p->side[0].sas, 1);
		ck_assert_uint_eq(p->side[0].reserved - p->side[0].released, 1);
		ck_assert_int_eq(sa->state, IKE_S_ESTABLISHED);
		ck_assert(sa->children->rekey_at != LS_NEVER && !sa->children->replaced);
		/* The Delete for the pair that B may have. */
		ck_assert(sa->active && sa->active->ops == &ike_ops_delete);
		pair_no_down(p);
		pair_free(p);
	}
}
END_TEST

/* In IKE_AUTH no group is named, and what differs by groups alone is offered once. */
START_TEST(offered_in_auth)
{
	struct pair *p = pair_new();
	struct ike_payloads in;
	struct ike_header h;
	char text[256];

	ike_start(p->side[0].ike, 1, p->now);
	pair_deliver_one(p);
	pair_deliver_one(p);
	forge_newest(p, &h, &in);
	ike_offers_text(in.sa, IKE_PROTO_ESP, text, sizeof text);
	ck_assert_str_eq(text, "AES-256-GCM+AES-128-GCM+ChaCha20-Poly1305, "
	                       "AES-256-CBC+AES-128-CBC/SHA-256");
	pair_run(p);
	ike_child_expiring(p->side[0].ike, pair_first_spi(p, 0), p->now);
	pair_cross(p);
	forge_newest(p, &h, &in);
	ck_assert_int_eq(h.exchange, IKE_X_CHILD);
	ike_offers_text(in.sa, IKE_PROTO_ESP, text, sizeof text);
	ck_assert_ptr_nonnull(strstr(text, "/X25519+ECP-384+ECP-256+MODP-2048, "));
	ck_assert_ptr_nonnull(strstr(text, ", AES-256-GCM+AES-128-GCM+ChaCha20-Poly1305, "));
	ck_assert_uint_eq(in.ke_group, 31);
	ck_assert_uint_eq(ls_get32(ike_notify_find(&in, IKE_N_REKEY_SA)->spi.p),
	                  pair_first_spi(p, 0));
	pair_free(p);
}
END_TEST

/* What is given back: an SPI that nobody asked the SAD to install, or the pair that it may have. */
START_TEST(dropped)
{
	struct pair *p = pair_new();
	struct ike_task *t;
	struct ike_request r;

	pair_up(p);
	for (unsigned i = 0; i < 3; i++) {
		t = ike_task_new(forge_sa(p, 0), &ike_ops_child);
		ck_assert_ptr_nonnull(t);
		ike_deal_drop(t);
		t->deal = ike_deal_new(true, false);
		ike_deal_drop(t);
		ck_assert(!ike_next(p->side[0].ike, &r));
		t->deal->spi_in = 5;
		t->deal->spi_out = 6;
		t->deal->chain = 7;
		t->deal->installed = i == 1;
		t->asking = i == 2 ? IKE_Q_INSTALL : IKE_Q_NONE;
		ike_deal_drop(t);
		ck_assert(ike_next(p->side[0].ike, &r));
		ck_assert_int_eq(r.kind, i ? IKE_REQ_REMOVE : IKE_REQ_RELEASE);
		ck_assert(r.spi_in == 5 && r.chain == (i ? 7u : 0u));
		ck_assert_int_eq(r.cause, i ? CAUSE_IKE_CHILD_FAILED : CAUSE_NONE);
		ike_deal_drop(t);
		ck_assert(!ike_next(p->side[0].ike, &r));
		ike_task_drop(t);
	}
	pair_free(p);
	ike_deal_free(NULL);
}
END_TEST

IKE_MAIN("ike deal", no_common_child_proposal, transport_against_tunnel, nonces, errors, choosing,
         padding_refused, accepting, offered_in_auth, dropped)
