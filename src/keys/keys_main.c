/* The keys process: answers questions about secrets, and never gives a secret away that can be used
 * in its stead. */
#include "src/keys/keys.h"

#include "src/base/clock.h"
#include "src/base/proc.h"
#include "src/keys/keys_auth.h"
#include "src/keys/keys_guess.h"
#include "src/keys/keys_sign.h"
#include "src/keys/keys_token.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { IKE_OP_MAKE = 0, PPP_OP_MAKE = 0 };

/* A tunnel's settings, as far as they matter here. */
struct keys_tunnel {
	uint32_t id;
	struct conf_tunnel conf;
	bool l2tp_asked; /* the gateway wants to know of changes */
	struct keys_tunnel *next;
};

struct keys {
	struct proc *proc;
	struct keys_store store;
	struct keys_sign sign;
	struct keys_token token;
	struct keys_tunnel *tunnels;
	struct conf_tunnel scratch;
	struct keys_guess guess;
	struct ls_counters counters;
};

static struct keys_tunnel *tunnel_find(struct keys *k, uint32_t id)
{
	for (struct keys_tunnel *t = k->tunnels; t; t = t->next)
		if (t->id == id)
			return t;
	return NULL;
}

static void tunnel_remove(struct keys *k, uint32_t id)
{
	for (struct keys_tunnel **at = &k->tunnels; *at; at = &(*at)->next)
		if ((*at)->id == id) {
			struct keys_tunnel *t = *at;

			*at = t->next;
			free(t);
			return;
		}
}

/* -- questions -- */

static void l2tp_secret_send(struct keys *k, uint32_t id)
{
	const struct keys_tunnel *t = tunnel_find(k, id);
	const struct secret *s = t ? keys_store_l2tp(&k->store, &t->conf) : NULL;
	struct msg_l2tp_secret m = {.tunnel = id};

	if (s)
		m.secret = LS_BYTES(s->bytes, s->len);
	proc_send_l2tp_secret(k->proc, MSG_ROLE_GATEWAY, &m);
}

static void on_l2tp_secret_ask(void *owner, enum msg_role from, const struct msg *m, int *fd)
{
	struct keys *k = owner;
	struct keys_tunnel *t = tunnel_find(k, m->l2tp_secret_ask.tunnel);

	(void)from;
	(void)fd;
	if (t)
		t->l2tp_asked = true;
	l2tp_secret_send(k, m->l2tp_secret_ask.tunnel);
}

/* A certificate is not asked for here: others' are checked by who holds no key. */
static void ike_sign(struct keys *k, const struct msg_ike_auth_ask *ask)
{
	struct msg_ike_auth_answer answer = {.id = ask->id, .cause = CAUSE_MALFORMED};
	uint8_t value[SIGN_AUTH_MAX];
	size_t len = 0;

	if (ask->op == IKE_OP_MAKE)
		answer.cause = (uint16_t)keys_sign_ike(&k->sign, ask, value, &len);
	answer.ok = answer.cause == CAUSE_NONE;
	answer.auth = LS_BYTES(value, len);
	if (!answer.ok)
		ls_count(&k->counters, (enum ls_cause)answer.cause);
	proc_send_ike_auth_answer(k->proc, MSG_ROLE_IKE, &answer);
}

static void on_ike_auth_ask(void *owner, enum msg_role from, const struct msg *m, int *fd)
{
	struct keys *k = owner;
	const struct msg_ike_auth_ask *ask = &m->ike_auth_ask;
	const struct keys_tunnel *t = tunnel_find(k, ask->tunnel);
	const struct secret *psk = ask->method != IKE_AUTH_CERT
	                                   ? keys_store_psk(&k->store, t ? &t->conf : NULL,
	                                                    &ask->local_id, &ask->remote_id)
	                                   : NULL;
	struct msg_ike_auth_answer answer = {.id = ask->id, .cause = CAUSE_IKE_NO_PSK};
	uint8_t value[CRYPTO_HASH_MAX];
	size_t len = 0;

	(void)from;
	(void)fd;
	if (ask->method == IKE_AUTH_CERT) {
		ike_sign(k, ask);
		return;
	}
	if (psk)
		len = keys_auth_ike((enum algo_id)ask->prf, LS_BYTES(psk->bytes, psk->len), ask,
		                    value);
	if (psk && len == 0) {
		answer.cause = CAUSE_INTERNAL;
	} else if (psk && ask->op == IKE_OP_MAKE) {
		answer.ok = true;
		answer.cause = CAUSE_NONE;
		answer.auth = LS_BYTES(value, len);
	} else if (psk) {
		answer.ok = ask->auth.len == len && crypto_equal(value, ask->auth.p, len);
		answer.cause = answer.ok ? CAUSE_NONE : CAUSE_IKE_AUTH_MISMATCH;
	}
	if (!answer.ok)
		ls_count(&k->counters, (enum ls_cause)answer.cause);
	proc_send_ike_auth_answer(k->proc, MSG_ROLE_IKE, &answer);
	secret_wipe(value, sizeof value);
}

static void on_ike_ppk_ask(void *owner, enum msg_role from, const struct msg *m, int *fd)
{
	struct keys *k = owner;
	const struct msg_ike_ppk_ask *ask = &m->ike_ppk_ask;
	const struct keys_tunnel *t = tunnel_find(k, ask->tunnel);
	const struct secret *ppk = keys_store_ppk(&k->store, t ? &t->conf : NULL, ask->ppk_id);
	struct msg_ike_ppk_answer answer = {.id = ask->id, .cause = CAUSE_IKE_PPK_NO_SECRET};
	uint8_t mixed[3 * CRYPTO_HASH_MAX];

	(void)from;
	(void)fd;
	if (ppk) {
		answer.mixed =
			LS_BYTES(mixed, keys_auth_ppk(LS_BYTES(ppk->bytes, ppk->len), ask, mixed));
		answer.ok = answer.mixed.len > 0;
		answer.cause = answer.ok ? CAUSE_NONE : CAUSE_INTERNAL;
	}
	if (!answer.ok)
		ls_count(&k->counters, (enum ls_cause)answer.cause);
	proc_send_ike_ppk_answer(k->proc, MSG_ROLE_IKE, &answer);
	secret_wipe(mixed, sizeof mixed);
}

static void on_ike_token_ask(void *owner, enum msg_role from, const struct msg *m, int *fd)
{
	struct keys *k = owner;
	uint8_t token[KEYS_TOKEN_SIZE];
	struct msg_ike_token_answer answer = {.id = m->ike_token_ask.id};

	(void)from;
	(void)fd;
	answer.ok = keys_token_make(&k->token, &m->ike_token_ask, token);
	if (answer.ok)
		answer.token = LS_BYTES(token, sizeof token);
	proc_send_ike_token_answer(k->proc, MSG_ROLE_IKE, &answer);
	secret_wipe(token, sizeof token);
}

static enum ls_cause ppp_auth(struct keys *k, const struct msg_ppp_auth_ask *ask,
                              const struct conf_secret_user *user, uint8_t value[64], size_t *len)
{
	/* An unknown user costs the same work as a wrong password. */
	static const char nobody[] = "no such user has this password";
	struct ls_bytes password = user ? LS_BYTES(user->password.bytes, user->password.len)
	                                : LS_BYTES(nobody, sizeof nobody - 1);
	const struct keys_guess_login login = {ask->tunnel, &ask->peer, ask->user};
	bool check = ask->op != PPP_OP_MAKE;
	enum ls_cause cause;

	*len = 0;
	if (check && !keys_guess_allowed(&k->guess, &login, clock_now()))
		return CAUSE_PPP_TOO_MANY_FAILURES;
	cause = keys_auth_ppp(ask, password, value, len);
	if (!user)
		cause = CAUSE_PPP_UNKNOWN_USER;
	if (check && cause != CAUSE_NONE)
		keys_guess_failed(&k->guess, &login, clock_now());
	return cause;
}

static void on_ppp_auth_ask(void *owner, enum msg_role from, const struct msg *m, int *fd)
{
	struct keys *k = owner;
	const struct msg_ppp_auth_ask *ask = &m->ppp_auth_ask;
	const struct conf_secret_user *user = keys_store_user(&k->store, ask->user);
	struct msg_ppp_auth_answer answer = {.id = ask->id, .session = ask->session};
	uint8_t value[64];
	size_t len;

	(void)from;
	(void)fd;
	answer.cause = (uint16_t)ppp_auth(k, ask, user, value, &len);
	answer.ok = answer.cause == CAUSE_NONE;
	if (answer.ok) {
		answer.value = LS_BYTES(value, len);
		answer.address = user->address;
	} else {
		ls_count(&k->counters, (enum ls_cause)answer.cause);
	}
	proc_send_ppp_auth_answer(k->proc, MSG_ROLE_GATEWAY, &answer);
	secret_wipe(value, sizeof value);
}

/* -- configuration -- */

static void on_gateway_set(void *owner, enum msg_role from, const struct msg *m, int *fd)
{
	/* Nothing of the general settings matters here; the parent sends them to all. */
	(void)owner;
	(void)from;
	(void)m;
	(void)fd;
}

static void on_tunnel_set(void *owner, enum msg_role from, const struct msg *m, int *fd)
{
	struct keys *k = owner;
	struct keys_tunnel *t = tunnel_find(k, m->tunnel_set.tunnel);

	(void)from;
	(void)fd;
	if (!conf_tunnel_decode(m->tunnel_set.conf.p, m->tunnel_set.conf.len, &k->scratch)) {
		proc_tell(k->proc, m->tunnel_set.tunnel, CAUSE_INTERNAL, NULL,
		          "the keys process cannot read the tunnel's settings");
		return;
	}
	if (!t) {
		t = calloc(1, sizeof *t);
		if (!t)
			return;
		t->id = m->tunnel_set.tunnel;
		t->next = k->tunnels;
		k->tunnels = t;
	}
	t->conf = k->scratch;
}

static void on_tunnel_remove(void *owner, enum msg_role from, const struct msg *m, int *fd)
{
	(void)from;
	(void)fd;
	tunnel_remove(owner, m->tunnel_remove.tunnel);
}

static void on_secrets(void *owner, enum msg_role from, const struct msg *m, int *fd)
{
	struct keys *k = owner;
	struct msg_secrets_read answer = {.ok = false};
	int file = *fd;

	(void)from;
	*fd = -1;
	answer.ok = keys_store_read(&k->store, file, m->secrets.path, answer.error,
	                            sizeof answer.error);
	answer.psks = (uint32_t)k->store.secrets.psk_count;
	answer.users = (uint32_t)k->store.secrets.user_count;
	proc_send_secrets_read(k->proc, MSG_ROLE_PARENT, &answer);
}

static void on_key_file(void *owner, enum msg_role from, const struct msg *m, int *fd)
{
	struct keys *k = owner;
	struct msg_key_file_read answer = {.ok = false};
	int file = *fd;

	(void)from;
	*fd = -1;
	answer.ok = keys_sign_read(&k->sign, file, m->key_file.path,
	                           conf_secrets_passphrase(&k->store.secrets, m->key_file.path),
	                           answer.error, sizeof answer.error);
	if (answer.ok)
		answer.key_id = LS_BYTES(k->sign.id[0], SIGN_KEY_ID_SIZE);
	proc_send_key_file_read(k->proc, MSG_ROLE_PARENT, &answer);
}

static void on_token_secret(void *owner, enum msg_role from, const struct msg *m, int *fd)
{
	struct keys *k = owner;
	char error[LS_EVENT_TEXT_MAX];
	int file = *fd;

	(void)from;
	*fd = -1;
	if (!keys_token_read(&k->token, file, m->token_secret.path, error, sizeof error))
		proc_tell(k->proc, 0, CAUSE_TOKEN_SECRET, NULL, "%s", error);
}

static void on_config_end(void *owner, enum msg_role from, const struct msg *m, int *fd)
{
	struct keys *k = owner;

	(void)from;
	(void)m;
	(void)fd;
	for (const struct keys_tunnel *t = k->tunnels; t; t = t->next)
		if (t->l2tp_asked)
			l2tp_secret_send(k, t->id);
}

/* -- the rest -- */

static void on_shutdown(void *owner, enum msg_role from, const struct msg *m, int *fd)
{
	struct keys *k = owner;

	(void)from;
	(void)m;
	(void)fd;
	proc_stop(k->proc);
}

static void on_status_ask(void *owner, enum msg_role from, const struct msg *m, int *fd)
{
	struct keys *k = owner;
	struct msg_status_end end = {.id = m->status_ask.id, .role = MSG_ROLE_KEYS};

	(void)from;
	(void)fd;
	for (unsigned i = 0; i < LS_CAUSE_LIMIT; i++) {
		struct msg_status_counter c = {.id = m->status_ask.id,
		                               .role = MSG_ROLE_KEYS,
		                               .cause = (uint16_t)i,
		                               .count = k->counters.by_cause[i]};

		if (c.count > 0)
			proc_send_status_counter(k->proc, MSG_ROLE_PARENT, &c);
	}
	proc_send_status_end(k->proc, MSG_ROLE_PARENT, &end);
}

static const struct ipc_handler handlers[] = {
	{MSG_TYPE_GATEWAY_SET, on_gateway_set},
	{MSG_TYPE_TUNNEL_SET, on_tunnel_set},
	{MSG_TYPE_TUNNEL_REMOVE, on_tunnel_remove},
	{MSG_TYPE_CONFIG_END, on_config_end},
	{MSG_TYPE_SECRETS, on_secrets},
	{MSG_TYPE_KEY_FILE, on_key_file},
	{MSG_TYPE_TOKEN_SECRET, on_token_secret},
	{MSG_TYPE_SHUTDOWN, on_shutdown},
	{MSG_TYPE_STATUS_ASK, on_status_ask},
	{MSG_TYPE_IKE_AUTH_ASK, on_ike_auth_ask},
	{MSG_TYPE_IKE_PPK_ASK, on_ike_ppk_ask},
	{MSG_TYPE_IKE_TOKEN_ASK, on_ike_token_ask},
	{MSG_TYPE_PPP_AUTH_ASK, on_ppp_auth_ask},
	{MSG_TYPE_L2TP_SECRET_ASK, on_l2tp_secret_ask},
};

static const struct proc_role role = {
	.role = MSG_ROLE_KEYS,
	.handlers = handlers,
	.handler_count = sizeof handlers / sizeof handlers[0],
};

int keys_main(void)
{
	struct keys *k = calloc(1, sizeof *k);
	int status = EXIT_FAILURE;

	if (!k)
		return EXIT_FAILURE;
	k->proc = proc_new(&role, k);
	if (k->proc && keys_sign_init() && proc_sandbox(k->proc))
		status = proc_loop(k->proc);
	while (k->tunnels)
		tunnel_remove(k, k->tunnels->id);
	keys_store_free(&k->store);
	keys_sign_free(&k->sign);
	keys_token_free(&k->token);
	proc_free(k->proc);
	free(k);
	return status;
}
