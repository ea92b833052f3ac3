/* Questions and notes to the owner: SPIs, AUTH values, SAs to install, chains that have come up. */
#include "ike/ike_deal.h"

#include <string.h>

static struct ike_item *ask(struct ike_task *t, enum ike_request_kind kind,
                            enum ike_question asking, size_t bytes)
{
	struct ike_sa *sa = t->sa;
	struct ike_item *item = t->over ? NULL : ike_queue(sa->ike, kind, bytes);

	if (!item) {
		ike_sa_end(sa, CAUSE_NO_MEMORY, "");
		return NULL;
	}
	t->asking = asking;
	t->question = (uint64_t)sa->serial << 32 | ++sa->ike->next_question;
	t->question_until = ls_time_add(sa->ike->now, LS_S(IKE_QUESTION_S));
	item->request.id = t->question;
	item->request.tunnel = sa->tunnel;
	return item;
}

void ike_ask_spi(struct ike_task *t)
{
	ask(t, IKE_REQ_SPI, IKE_Q_SPI, 0);
}

static size_t certs_bytes(const struct ike_payloads *in)
{
	size_t n = 0;

	for (unsigned i = 0; i < in->certs && i < CERT_CHAIN_MAX; i++)
		n += in->cert[i].len;
	return n;
}

/* How we sign, or what the peer shows. */
static void ask_cert(struct ike_task *t, struct ike_item *item, bool ours)
{
	struct ike_auth_request *a = &item->request.auth;
	struct ike_sa *sa = t->sa;

	if (ours) {
		a->scheme = sa->scheme;
		memcpy(a->key_id, sa->ike->credentials.key_id, sizeof a->key_id);
		return;
	}
	a->wire_method = t->in.auth_method;
	a->cert_count = t->in.certs;
	for (unsigned i = 0; i < t->in.certs; i++)
		a->certs[i] = ike_item_copy(item, t->in.cert[i]);
}

/* The signed octets of one side, in parts. */
static void ask_auth(struct ike_task *t, enum ike_auth_op op, struct ls_bytes id_body,
                     struct ls_bytes auth)
{
	struct ike_sa *sa = t->sa;
	bool ours = op == IKE_AUTH_MAKE;
	struct ls_bytes message = ours ? sa->init_local : sa->init_remote,
			nonce = ours ? sa->nonce_remote : sa->nonce_local;
	uint8_t mac[CRYPTO_HASH_MAX];
	size_t mac_len = ike_keys_id_mac(&sa->keys, sa->initiator == ours, id_body, mac);
	size_t certs = !ours && sa->peer_auth == IKE_AUTH_CERT ? certs_bytes(&t->in) : 0;
	struct ike_item *item = ask(t, IKE_REQ_AUTH, ours ? IKE_Q_AUTH_MAKE : IKE_Q_AUTH_CHECK,
	                            message.len + nonce.len + mac_len + auth.len + 1 + certs);
	struct ike_auth_request *a;

	if (!item)
		return;
	a = &item->request.auth;
	a->op = op;
	a->method = ours ? sa->auth : sa->peer_auth;
	a->prf = sa->keys.prf;
	a->local_id = sa->peer->config.local_id;
	a->remote_id = sa->peer_id;
	a->message = ike_item_copy(item, message);
	a->nonce = ike_item_copy(item, nonce);
	a->id_mac = ike_item_copy(item, LS_BYTES(mac, mac_len));
	a->auth = ike_item_copy(item, auth);
	if (a->method == IKE_AUTH_CERT)
		ask_cert(t, item, ours);
}

void ike_ask_auth_make(struct ike_task *t, struct ls_bytes id_body)
{
	ask_auth(t, IKE_AUTH_MAKE, id_body, LS_BYTES(NULL, 0));
}

void ike_ask_auth_check(struct ike_task *t, struct ls_bytes peer_id_body)
{
	ask_auth(t, IKE_AUTH_CHECK, peer_id_body, t->in.auth);
}

void ike_ask_ppk(struct ike_task *t)
{
	const struct ike_keys *k = &t->sa->keys;
	struct ls_bytes d = ike_key(k, IKE_SK_D), pi = ike_key(k, IKE_SK_PI),
			pr = ike_key(k, IKE_SK_PR);
	struct ike_item *item = ask(t, IKE_REQ_PPK, IKE_Q_PPK, d.len + pi.len + pr.len);

	if (!item)
		return;
	item->request.ppk = (struct ike_ppk_request){
		.prf = k->prf,
		.id = t->sa->ppk.id,
		.sk_d = ike_item_copy(item, d),
		.sk_pi = ike_item_copy(item, pi),
		.sk_pr = ike_item_copy(item, pr),
	};
}

void ike_ask_token(struct ike_task *t)
{
	struct ike_item *item = ask(t, IKE_REQ_TOKEN, IKE_Q_TOKEN, 0);
	const struct ike_sa *sa = t->sa;

	if (item)
		item->request.token = (struct ike_token_request){
			.spi_i = sa->spi_i,
			.spi_r = sa->spi_r,
			.initiator = sa->initiator,
			.peer = ls_addr_with_port(sa->remote, 0),
		};
}

void ike_ask_gateway(struct ike_task *t)
{
	struct ike_item *item = ask(t, IKE_REQ_GATEWAY, IKE_Q_GATEWAY, 0);

	if (item)
		item->request.gateway = t->sa->redirect.to;
}

void ike_ask_install(struct ike_task *t)
{
	struct ike_sa *sa = t->sa;
	const struct ike_deal *d = t->deal;
	const struct ike_peer *p = &sa->peer->config;
	uint8_t in[IKE_KEYMAT_MAX], out[IKE_KEYMAT_MAX];
	struct ike_item *item;
	size_t len = 0;

	if (!ike_deal_keys(t, in, out, &len)) {
		ike_sa_end_telling(sa, CAUSE_INTERNAL, "no keys for a CHILD SA", 0);
		return;
	}
	item = ask(t, IKE_REQ_INSTALL, IKE_Q_INSTALL, 2 * len);
	if (item) {
		item->request.chain = d->chain;
		item->request.child = (struct ike_child_sa){
			.spi_in = d->spi_in,
			.spi_out = d->spi_out,
			.encr = d->choice.encr,
			.integ = d->choice.integ,
			.esn = d->choice.esn,
			.tunnel_mode = !d->transport,
			.udp = d->choice.encr != ALGO_NONE && ike_sa_udp(sa),
			.behind_nat = sa->nat.local,
			.initiator = d->initiator,
			.no_tfc = d->no_tfc && d->choice.encr != ALGO_NONE,
			.replaces = d->old_spi_in != 0,
			.local = sa->local,
			.remote = sa->remote,
			.ts_local = d->ts_local.net,
			.ts_remote = d->ts_remote.net,
			.ts_protocol = d->ts_local.protocol,
			.ts_local_port_low = d->ts_local.port_low,
			.ts_local_port_high = d->ts_local.port_high,
			.ts_remote_port_low = d->ts_remote.port_low,
			.ts_remote_port_high = d->ts_remote.port_high,
			.life = p->child_life,
			.replay_window_packets = p->replay_window_packets,
			.keymat_in = ike_item_copy(item, LS_BYTES(in, len)),
			.keymat_out = ike_item_copy(item, LS_BYTES(out, len)),
		};
	}
	secret_wipe(in, sizeof in);
	secret_wipe(out, sizeof out);
}

void ike_ask_up(struct ike_sa *sa, struct ike_child *c, uint32_t old_chain, bool continued)
{
	struct ike_choice choice = {.encr = c->encr, .integ = c->integ};
	char text[LS_EVENT_TEXT_MAX];
	struct ike_item *item;

	ike_choice_text(&choice, text, sizeof text);
	ike_queue_event(sa->ike, sa->tunnel, &sa->remote, CAUSE_IKE_CHILD_MADE, text);
	item = ike_queue(sa->ike, IKE_REQ_UP, 0);
	c->announced = true;
	if (!item)
		return;
	item->request.tunnel = sa->tunnel;
	item->request.chain = c->chain;
	item->request.spi_in = c->spi_in;
	item->request.spi_out = c->spi_out;
	item->request.local = sa->local;
	item->request.remote = sa->remote;
	item->request.initiator = sa->dialled;
	item->request.continued = continued;
	item->request.old_chain = old_chain;
	item->request.peer_id = sa->peer_id;
}

void ike_ask_pair(struct ike_sa *sa, enum ike_request_kind kind, uint32_t chain, uint32_t spi_in,
                  uint32_t spi_out, enum ls_cause cause)
{
	struct ike_item *item = ike_queue(sa->ike, kind, 0);

	if (!item)
		return;
	item->request.tunnel = sa->tunnel;
	item->request.chain = chain;
	item->request.spi_in = spi_in;
	item->request.spi_out = spi_out;
	item->request.cause = cause;
}
