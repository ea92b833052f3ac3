/* Questions and notes to the owner: that they carry what he needs to answer them. */
#include "tests/unit/ike/ike_forge.h"
#include "tests/unit/ike/ike_main.h"

START_TEST(transport_selectors)
{
	struct pair *p = pair_new();
	struct ike_child_sa *c;

	pair_up(p);
	c = &p->side[0].sa[0].child;
	ck_assert(!c->tunnel_mode && !c->udp && !c->replaces && c->initiator);
	ck_assert_uint_eq(c->ts_protocol, 17);
	ck_assert_uint_eq(c->ts_local_port_low, 1701);
	ck_assert_uint_eq(c->ts_local_port_high, 1701);
	ck_assert_uint_eq(c->ts_remote_port_low, 1701);
	ck_assert(ls_addr_same_ip(&c->ts_local.addr, &p->side[0].ip));
	ck_assert(ls_addr_same_ip(&c->ts_remote.addr, &p->side[1].ip));
	ck_assert_uint_eq(c->ts_local.bits, 32);
	ck_assert_uint_eq(c->life.seconds, 3600);
	ck_assert(c->esn);
	pair_free(p);
}
END_TEST

/* Takes the engine's requests until one of that kind; the datagrams before it go nowhere. */
static struct ike_request wait_for(struct pair_side *s, enum ike_request_kind kind)
{
	struct ike_request r = {0};

	while (ike_next(s->ike, &r))
		if (r.kind == kind)
			return r;
	ck_abort_msg("no such request");
}

static void before_auth_asked(struct pair *p)
{
	ike_start(p->side[0].ike, 1, p->now);
	pair_deliver_one(p);
	p->side[0].silent = true;
	pair_deliver_one(p);
}

/* 2.15: the whole first message of the side that signs, the nonce of the other, the MAC of the
 * identity of the one who signs. */
START_TEST(auth_made)
{
	struct pair *p = pair_new();
	struct ike_sa *sa;
	struct ike_request r;
	uint8_t mac[CRYPTO_HASH_MAX];
	size_t len;
	char text[64];

	before_auth_asked(p);
	sa = forge_sa(p, 0);
	ck_assert_int_eq(sa->active->asking, IKE_Q_SPI);
	ike_answer(p->side[0].ike, sa->active->question, &(struct ike_answer){.spi = 0x4242},
	           p->now);
	r = wait_for(&p->side[0], IKE_REQ_AUTH);
	ck_assert(r.id == sa->active->question && r.id >> 32 == sa->serial && r.tunnel == 1);
	ck_assert(r.auth.op == IKE_AUTH_MAKE && r.auth.method == IKE_AUTH_PSK &&
	          r.auth.prf == ALGO_PRF_SHA384);
	ck_assert_str_eq(ike_identity_text(&r.auth.local_id, text, sizeof text), "a.example");
	ck_assert_str_eq(ike_identity_text(&r.auth.remote_id, text, sizeof text), "b.example");
	ck_assert_uint_eq(r.auth.message.len, forge_sa(p, 1)->init_remote.len);
	ck_assert_mem_eq(r.auth.message.p, forge_sa(p, 1)->init_remote.p, r.auth.message.len);
	ck_assert_uint_eq(r.auth.nonce.len, IKE_NONCE_SIZE);
	ck_assert_mem_eq(r.auth.nonce.p, forge_sa(p, 1)->nonce_local.p, IKE_NONCE_SIZE);
	len = ike_keys_id_mac(&forge_sa(p, 1)->keys, true, LS_BYTES("\2\0\0\0a.example", 13), mac);
	ck_assert_uint_eq(r.auth.id_mac.len, len);
	ck_assert_mem_eq(r.auth.id_mac.p, mac, len);
	ck_assert_uint_eq(r.auth.auth.len, 0);
	pair_free(p);
}
END_TEST

/* A's first IKE_AUTH, taken by hand, so that nobody answers; gives what B asks then. */
static struct ike_request asked_by(struct pair *p, struct ike_build *b)
{
	struct ike_header h = ike_sa_header(forge_sa(p, 0), IKE_X_AUTH, false, 1);
	struct ike_sa *sa = forge_sa(p, 1);
	struct ike_packets packets;
	struct ls_bytes one;
	struct rd in;

	ck_assert(ike_sa_seal(forge_sa(p, 0), &h, b, &packets));
	in = rd_make(packets.bytes, packets.len);
	while (ike_packets_next(&in, &one))
		ike_input(p->side[1].ike,
		          &(struct ike_datagram){.local = sa->local,
		                                 .remote = sa->remote,
		                                 .bytes = one.p,
		                                 .len = one.len},
		          p->now);
	ike_packets_free(&packets);
	return wait_for(&p->side[1], IKE_REQ_AUTH);
}

/* And for the check the parts are the other side's. */
START_TEST(auth_checked)
{
	struct pair *p = pair_new();
	struct ike_build b = forge_build();
	struct ike_request r;
	struct ike_sa *sa;
	uint8_t mac[CRYPTO_HASH_MAX];
	size_t len;
	char text[64];

	forge_before_auth(p);
	forge_proof(p, 0, "a.example", 2, &b);
	sa = forge_sa(p, 1);
	r = asked_by(p, &b);
	ck_assert(r.auth.op == IKE_AUTH_CHECK && r.tunnel == 2);
	ck_assert_str_eq(ike_identity_text(&r.auth.local_id, text, sizeof text), "b.example");
	ck_assert_str_eq(ike_identity_text(&r.auth.remote_id, text, sizeof text), "a.example");
	ck_assert_uint_eq(r.auth.message.len, forge_sa(p, 0)->init_local.len);
	ck_assert_mem_eq(r.auth.message.p, forge_sa(p, 0)->init_local.p, r.auth.message.len);
	ck_assert_mem_eq(r.auth.nonce.p, sa->nonce_local.p, r.auth.nonce.len);
	len = ike_keys_id_mac(&sa->keys, true, LS_BYTES("\2\0\0\0a.example", 13), mac);
	ck_assert_mem_eq(r.auth.id_mac.p, mac, len);
	len = pair_auth(&p->side[1], &r.auth, mac);
	ck_assert_uint_eq(r.auth.auth.len, len);
	ck_assert_mem_eq(r.auth.auth.p, mac, len);
	pair_free(p);
}
END_TEST

/* Where a preshared key is the proof, certificates count for nothing: not even their octets. */
START_TEST(certificates_beside_a_preshared_key)
{
	static const uint8_t cert[101] = {4};
	struct pair *p = pair_new();
	struct ike_build b = forge_build();
	struct ike_request r;

	forge_before_auth(p);
	forge_proof(p, 0, "a.example", 2, &b);
	for (unsigned i = 0; i < CERT_CHAIN_MAX + 4; i++)
		ike_build_bytes(&b, IKE_P_CERT, LS_BYTES(cert, sizeof cert));
	r = asked_by(p, &b);
	ck_assert_uint_eq(r.auth.cert_count, 0);
	ck_assert_uint_eq(p->side[1].ike->current->cap, r.auth.message.len + r.auth.nonce.len +
	                                                        r.auth.id_mac.len +
	                                                        r.auth.auth.len + 1);
	pair_free(p);
}
END_TEST

/* INSTALL has the SAD's own reserved SPI, the limits of the config, and keys of the right size. */
START_TEST(install)
{
	struct pair *p = pair_new_nat(true, false);

	for (unsigned i = 0; i < 2; i++) {
		struct ike_peer c = pair_peer(p, i);

		c.child_count = 1;
		c.child[0] = pair_child_proposal(ALGO_AES256, ALGO_SHA512, false);
		c.child_life =
			(struct life_limits){.seconds = 100 + i, .bytes = 5000, .packets = 70};
		c.replay_window_packets = 333 + i;
		pair_set(p, i, &c);
	}
	pair_up(p);
	for (unsigned i = 0; i < 2; i++) {
		const struct ike_child_sa *c = &p->side[i].sa[0].child;

		ck_assert_uint_eq(c->spi_in, i ? 0xb0000001 : 0xa0000001);
		ck_assert_uint_eq(c->spi_out, i ? 0xa0000001 : 0xb0000001);
		ck_assert(c->encr == ALGO_AES256 && c->integ == ALGO_SHA512 && !c->esn);
		ck_assert(c->life.seconds == 100 + i && c->life.bytes == 5000 &&
		          c->life.packets == 70);
		ck_assert_uint_eq(c->replay_window_packets, 333 + i);
		ck_assert_uint_eq(c->keymat_in.len, 32 + 64);
		ck_assert(c->initiator == (i == 0) && c->behind_nat == (i == 0) && c->udp);
	}
	pair_free(p);
}
END_TEST

START_TEST(up)
{
	struct pair *p = pair_new();

	pair_up(p);
	for (unsigned i = 0; i < 2; i++) {
		const struct pair_note *note = pair_last(&p->side[i], IKE_REQ_UP);
		char text[64];

		ck_assert_uint_eq(note->tunnel, i + 1);
		ck_assert_uint_eq(note->chain, p->side[i].sa[0].chain);
		ck_assert_uint_eq(note->spi_in, p->side[i].sa[0].spi_in);
		ck_assert(note->initiator == (i == 0) && !note->continued && note->old_chain == 0);
		ck_assert(ls_addr_same_ip(&note->remote, &p->side[1 - i].ip));
		ck_assert_str_eq(ike_identity_text(&note->peer_id, text, sizeof text),
		                 i ? "a.example" : "b.example");
		ck_assert_ptr_nonnull(
			strstr(pair_event(&p->side[i], CAUSE_IKE_CHILD_MADE)->text, "AES-256-GCM"));
	}
	pair_free(p);
}
END_TEST

/* An exchange that is over asks nothing any more: that would be an answer without a taker. */
START_TEST(over)
{
	struct pair *p = pair_new();
	struct ike_task *t;
	unsigned queued;

	pair_up(p);
	t = ike_task_new(forge_sa(p, 0), &ike_ops_info);
	ck_assert_ptr_nonnull(t);
	ike_task_drop(t);
	queued = p->side[0].ike->queued;
	ike_ask_spi(t);
	ck_assert_int_eq(t->asking, IKE_Q_NONE);
	pair_pump(&p->side[0]);
	ck_assert_uint_eq(p->side[0].reserved, 1);
	ck_assert_uint_eq(queued, 0);
	ck_assert_int_eq(forge_sa(p, 1)->state, IKE_S_ESTABLISHED);
	pair_free(p);
}
END_TEST

IKE_MAIN("ike ask", transport_selectors, auth_made, auth_checked,
         certificates_beside_a_preshared_key, install, up, over)
