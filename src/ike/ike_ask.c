/* Questions of the engine to keys and the gateway that are under way, and what becomes of them when
 * one of those is restarted. */
#include "src/ike/iked.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

struct msg_identity iked_identity_out(const struct ike_identity *id)
{
	struct msg_identity out = {.type = (uint8_t)id->type, .len = id->len};

	_Static_assert(sizeof out.data == sizeof id->data, "the same identity, as it travels");
	memcpy(out.data, id->data, id->len);
	return out;
}

/* Octets that IKE_AUTH_ASK takes (msg.def). */
enum { MESSAGE_MAX = 16384, AUTH_MAX = 1024 };

static struct iked_ask *ask_add(struct iked *d, uint64_t id, enum iked_ask_kind kind)
{
	struct iked_ask *a = d->asks_count < IKED_ASKS_MAX ? calloc(1, sizeof *a) : NULL;

	if (!a) {
		ls_count(&d->counters, CAUSE_LIMIT_REACHED);
		return NULL;
	}
	a->id = id;
	a->kind = kind;
	a->next = d->asks;
	d->asks = a;
	d->asks_count++;
	return a;
}

static void refuse(struct iked *d, uint64_t id, enum ls_cause cause)
{
	struct ike_answer no = {.ok = false, .cause = cause};

	ike_answer(d->ike, id, &no, clock_now());
}

/* With what follows it. */
static size_t ppk_bytes(const struct msg_ike_ppk_ask *m)
{
	return sizeof *m + m->ppk_id.len + m->sk_d.len + m->sk_pi.len + m->sk_pr.len;
}

static void ask_free(struct iked *d, struct iked_ask **at)
{
	struct iked_ask *a = *at;

	*at = a->next;
	d->asks_count--;
	free(a->auth);
	if (a->ppk)
		secret_wipe(a->ppk, ppk_bytes(a->ppk));
	free(a->ppk);
	free(a);
}

bool iked_ask_done(struct iked *d, uint64_t id, enum iked_ask_kind kind)
{
	for (struct iked_ask **at = &d->asks; *at; at = &(*at)->next)
		if ((*at)->id == id && (*at)->kind == kind) {
			ask_free(d, at);
			return true;
		}
	return false;
}

void iked_ask_spi(struct iked *d, uint64_t id)
{
	struct msg_spi_ask m = {.id = id};

	if (!proc_has(d->proc, MSG_ROLE_GATEWAY) || !ask_add(d, id, IKED_ASK_SPI))
		refuse(d, id, CAUSE_IKE_GATEWAY_LOST);
	else
		IKED_SEND(d, GATEWAY, spi_ask, &m);
}

void iked_ask_install(struct iked *d, const struct ike_request *r)
{
	const struct ike_child_sa *c = &r->child;
	struct msg_sa_install m = {
		.id = r->id,
		.tunnel = r->tunnel,
		.chain = r->chain,
		.spi_in = c->spi_in,
		.spi_out = c->spi_out,
		.encr = (uint16_t)c->encr,
		.integ = (uint16_t)c->integ,
		.esn = c->esn,
		.tunnel_mode = c->tunnel_mode,
		.udp = c->udp,
		.behind_nat = c->behind_nat,
		.initiator = c->initiator,
		.no_tfc = c->no_tfc,
		.replaces = c->replaces,
		.local = c->local,
		.remote = c->remote,
		.ts_local = c->ts_local,
		.ts_remote = c->ts_remote,
		.ts_protocol = c->ts_protocol,
		.ts_local_port_low = c->ts_local_port_low,
		.ts_local_port_high = c->ts_local_port_high,
		.ts_remote_port_low = c->ts_remote_port_low,
		.ts_remote_port_high = c->ts_remote_port_high,
		.life = c->life,
		.replay_window_packets = c->replay_window_packets,
		.keymat_in = c->keymat_in,
		.keymat_out = c->keymat_out,
	};

	if (!proc_has(d->proc, MSG_ROLE_GATEWAY) || !ask_add(d, r->id, IKED_ASK_INSTALL))
		refuse(d, r->id, CAUSE_IKE_GATEWAY_LOST);
	else
		IKED_SEND(d, GATEWAY, sa_install, &m);
}

/* Copies what the fields point to, one after the other, to `at`, and lets them point there. */
static void fields_move(struct ls_bytes *const field[], unsigned n, uint8_t *at)
{
	for (unsigned i = 0; i < n; i++) {
		if (field[i]->len > 0)
			memcpy(at, field[i]->p, field[i]->len);
		field[i]->p = at;
		at += field[i]->len;
	}
}

/* A copy that owns its bytes, in one piece. */
static struct msg_ike_auth_ask *auth_copy(const struct msg_ike_auth_ask *m)
{
	struct msg_ike_auth_ask *copy = malloc(sizeof *copy + m->message.len + m->nonce.len +
	                                       m->id_mac.len + m->auth.len + m->key_id.len);

	if (!copy)
		return NULL;
	*copy = *m;
	fields_move((struct ls_bytes *const[]){&copy->message, &copy->nonce, &copy->id_mac,
	                                       &copy->auth, &copy->key_id},
	            5, (uint8_t *)(copy + 1));
	return copy;
}

static struct msg_ike_ppk_ask *ppk_copy(const struct msg_ike_ppk_ask *m)
{
	struct msg_ike_ppk_ask *copy = malloc(ppk_bytes(m));

	if (!copy)
		return NULL;
	*copy = *m;
	fields_move(
		(struct ls_bytes *const[]){&copy->ppk_id, &copy->sk_d, &copy->sk_pi, &copy->sk_pr},
		4, (uint8_t *)(copy + 1));
	return copy;
}

/* A peer's certificates and signature: nothing that keys would have to know. */
static void cert_check(struct iked *d, const struct ike_request *r)
{
	char text[TRUST_TEXT_MAX];
	struct cert_info info;
	struct ike_answer a = iked_pki_check(&d->pki, &r->auth, (int64_t)time(NULL), &info, text);

	if (!a.ok)
		ls_count(&d->counters, a.cause);
	ike_answer(d->ike, r->id, &a, clock_now());
}

void iked_ask_auth(struct iked *d, const struct ike_request *r)
{
	const struct ike_auth_request *q = &r->auth;
	struct msg_ike_auth_ask m = {
		.id = r->id,
		.tunnel = r->tunnel,
		.op = (uint8_t)q->op,
		.method = (uint8_t)q->method,
		.prf = (uint16_t)q->prf,
		.local_id = iked_identity_out(&q->local_id),
		.remote_id = iked_identity_out(&q->remote_id),
		.message = q->message,
		.nonce = q->nonce,
		.id_mac = q->id_mac,
		.auth = q->auth,
		.scheme = (uint8_t)q->scheme,
	};
	struct iked_ask *a;

	if (q->method == IKE_AUTH_CERT && q->op == IKE_AUTH_CHECK) {
		cert_check(d, r);
		return;
	}
	if (q->method == IKE_AUTH_CERT)
		m.key_id = LS_BYTES(q->key_id, sizeof q->key_id);
	/* What does not fit into the message would never be answered. */
	if (m.message.len > MESSAGE_MAX || m.auth.len > AUTH_MAX) {
		refuse(d, r->id, CAUSE_MALFORMED);
		return;
	}
	a = ask_add(d, r->id, IKED_ASK_AUTH);
	if (a)
		a->auth = auth_copy(&m);
	if (!a || !a->auth) {
		iked_ask_done(d, r->id, IKED_ASK_AUTH);
		refuse(d, r->id, CAUSE_NO_MEMORY);
		return;
	}
	IKED_SEND(d, KEYS, ike_auth_ask, a->auth);
}

void iked_ask_ppk(struct iked *d, const struct ike_request *r)
{
	const struct ike_ppk_request *q = &r->ppk;
	struct msg_ike_ppk_ask m = {
		.id = r->id,
		.tunnel = r->tunnel,
		.prf = (uint16_t)q->prf,
		.ppk_id = LS_BYTES(q->id.data, q->id.len),
		.sk_d = q->sk_d,
		.sk_pi = q->sk_pi,
		.sk_pr = q->sk_pr,
	};
	struct iked_ask *a = ask_add(d, r->id, IKED_ASK_PPK);

	if (a)
		a->ppk = ppk_copy(&m);
	if (!a || !a->ppk) {
		iked_ask_done(d, r->id, IKED_ASK_PPK);
		refuse(d, r->id, CAUSE_NO_MEMORY);
		return;
	}
	IKED_SEND(d, KEYS, ike_ppk_ask, a->ppk);
}

void iked_ask_token(struct iked *d, const struct ike_request *r)
{
	struct iked_ask *a = ask_add(d, r->id, IKED_ASK_TOKEN);

	if (!a) {
		refuse(d, r->id, CAUSE_NO_MEMORY);
		return;
	}
	a->token = (struct msg_ike_token_ask){
		.id = r->id,
		.spi_i = r->token.spi_i,
		.spi_r = r->token.spi_r,
		.initiator = r->token.initiator,
		.peer = r->token.peer,
	};
	IKED_SEND(d, KEYS, ike_token_ask, &a->token);
}

void iked_ask_keys_again(struct iked *d)
{
	for (struct iked_ask *a = d->asks; a; a = a->next)
		if (a->kind == IKED_ASK_AUTH)
			IKED_SEND(d, KEYS, ike_auth_ask, a->auth);
		else if (a->kind == IKED_ASK_PPK)
			IKED_SEND(d, KEYS, ike_ppk_ask, a->ppk);
		else if (a->kind == IKED_ASK_TOKEN)
			IKED_SEND(d, KEYS, ike_token_ask, &a->token);
}

void iked_ask_gateway_lost(struct iked *d)
{
	for (struct iked_ask **at = &d->asks; *at;) {
		if ((*at)->kind != IKED_ASK_SPI && (*at)->kind != IKED_ASK_INSTALL) {
			at = &(*at)->next;
			continue;
		}
		uint64_t id = (*at)->id;

		ask_free(d, at);
		refuse(d, id, CAUSE_IKE_GATEWAY_LOST);
	}
}

void iked_asks_free(struct iked *d)
{
	while (d->asks)
		ask_free(d, &d->asks);
}
