/* The ike process: tunnels and timers, and the pump that carries out what the engine asks for. */
#include "src/ike/iked.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct iked_tunnel *iked_tunnel_find(struct iked *d, uint32_t id)
{
	struct iked_tunnel *t = d->bucket[id % IKED_BUCKETS];

	while (t && t->id != id)
		t = t->next_bucket;
	return t;
}

static void up(struct iked *d, const struct ike_request *r)
{
	struct msg_ike_up m = {
		.tunnel = r->tunnel,
		.chain = r->chain,
		.old_chain = r->old_chain,
		.initiator = r->initiator,
		.continued = r->continued,
		.peer = r->remote,
		.peer_id = iked_identity_out(&r->peer_id),
	};

	IKED_SEND(d, GATEWAY, ike_up, &m);
}

static void down_tell(struct iked *d, uint32_t tunnel, uint32_t chain, enum ls_cause cause,
                      const char *text)
{
	struct msg_ike_down m = {.tunnel = tunnel, .chain = chain, .cause = (uint16_t)cause};

	snprintf(m.text, sizeof m.text, "%.*s", (int)sizeof m.text - 1, text);
	IKED_SEND(d, GATEWAY, ike_down, &m);
}

static void down(struct iked *d, const struct ike_request *r)
{
	struct iked_tunnel *t = iked_tunnel_find(d, r->tunnel);

	/* A peer that does not answer may have moved: its name is asked for again before the next
	 * attempt. */
	if (t && clock_now() - t->resolve.asked > LS_S(IKED_RESOLVE_FRESH_S))
		resolve_start(&t->resolve, clock_now());
	down_tell(d, r->tunnel, r->chain, r->cause, r->event.text);
}

static void remove_pair(struct iked *d, const struct ike_request *r)
{
	struct msg_sa_remove m = {.chain = r->chain,
	                          .spi_in = r->spi_in,
	                          .spi_out = r->spi_out,
	                          .cause = (uint16_t)r->cause};

	IKED_SEND(d, GATEWAY, sa_remove, &m);
}

static void moved(struct iked *d, const struct ike_request *r)
{
	struct msg_sa_moved m = {
		.tunnel = r->tunnel, .chain = r->chain, .local = r->local, .remote = r->remote};

	IKED_SEND(d, GATEWAY, sa_moved, &m);
}

static void progress(struct iked *d, const struct ike_request *r)
{
	struct msg_progress m = {.tunnel = r->tunnel};

	snprintf(m.text, sizeof m.text, "%s", r->event.text);
	IKED_SEND(d, PARENT, progress, &m);
}

static void traced(struct iked *d, const struct ike_request *r)
{
	const struct ike_traced *t = &r->trace;
	struct msg_trace m = {.tunnel = r->tunnel,
	                      .sent = t->sent,
	                      .response = t->response,
	                      .exchange = t->exchange,
	                      .id = t->id,
	                      .local = r->local,
	                      .remote = r->remote};

	snprintf(m.text, sizeof m.text, "%.*s", (int)t->text.len, (const char *)t->text.p);
	snprintf(m.details, sizeof m.details, "%.*s", (int)t->details.len,
	         (const char *)t->details.p);
	IKED_SEND(d, PARENT, trace, &m);
}

static void request_do(struct iked *d, const struct ike_request *r)
{
	struct msg_sa_switch sw = {.chain = r->chain, .spi_in = r->spi_in};
	struct msg_spi_release release = {.spi = r->spi_in};

	switch (r->kind) {
	case IKE_REQ_SEND:
		iked_send(d, r);
		break;
	case IKE_REQ_SPI:
		iked_ask_spi(d, r->id);
		break;
	case IKE_REQ_AUTH:
		iked_ask_auth(d, r);
		break;
	case IKE_REQ_PPK:
		iked_ask_ppk(d, r);
		break;
	case IKE_REQ_TOKEN:
		iked_ask_token(d, r);
		break;
	case IKE_REQ_GATEWAY:
		iked_ask_gateway(d, r);
		break;
	case IKE_REQ_INSTALL:
		iked_ask_install(d, r);
		break;
	case IKE_REQ_SWITCH:
		IKED_SEND(d, GATEWAY, sa_switch, &sw);
		break;
	case IKE_REQ_REMOVE:
		remove_pair(d, r);
		break;
	case IKE_REQ_RELEASE:
		IKED_SEND(d, GATEWAY, spi_release, &release);
		break;
	case IKE_REQ_UP:
		up(d, r);
		break;
	case IKE_REQ_DOWN:
		down(d, r);
		break;
	case IKE_REQ_MOVED:
		moved(d, r);
		break;
	case IKE_REQ_EVENT:
		proc_tell(d->proc, r->event.tunnel, r->event.cause, &r->event.peer, "%s",
		          r->event.text);
		break;
	case IKE_REQ_PROGRESS:
		progress(d, r);
		break;
	case IKE_REQ_TRACE:
		traced(d, r);
		break;
	}
}

void iked_pump(struct iked *d)
{
	struct ike_request *r = &d->request;

	if (d->pumping)
		return;
	d->pumping = true;
	while (ike_next(d->ike, r))
		request_do(d, r);
	d->pumping = false;
	clock_timer_set(d->timer, ike_deadline(d->ike), clock_now());
	if (d->end_timer && !ike_farewells(d->ike))
		clock_timer_set(d->end_timer, clock_now(), clock_now());
}

static void farewell_over(evutil_socket_t fd, short what, void *arg)
{
	struct iked *d = arg;

	(void)fd;
	(void)what;
	proc_stop(d->proc);
}

static void timer_fired(evutil_socket_t fd, short what, void *arg)
{
	struct iked *d = arg;

	(void)fd;
	(void)what;
	ike_tick(d->ike, clock_now());
	iked_pump(d);
}

/* The engine names our address in its NAT detection, so it gets the one that the host would choose,
 * unless the config names one. */
static void source_choose(struct iked_tunnel *t)
{
	struct ls_addr local;

	if (t->local_fixed || t->peer.remote[0].family == 0)
		return;
	if (resolve_source(&t->peer.remote[0], &local))
		t->peer.local = local;
}

static void peer_set(struct iked_tunnel *t)
{
	struct ls_addr remote[IKE_PEER_ADDRESSES_MAX];
	unsigned n = resolve_addresses(&t->resolve, remote, IKE_PEER_ADDRESSES_MAX);
	enum ls_cause cause;

	memset(t->peer.remote, 0, sizeof t->peer.remote);
	for (unsigned i = 0; i < n; i++)
		t->peer.remote[i] = ls_addr_with_port(remote[i], IKED_PORT);
	source_choose(t);
	cause = ike_peer_set(t->iked->ike, &t->peer, clock_now());
	t->configured = cause == CAUSE_NONE;
	t->config_cause = cause;
	if (!t->configured)
		proc_tell(t->iked->proc, t->id, cause, NULL, "the tunnel was not set up");
}

static void resolved(void *ctx)
{
	struct iked_tunnel *t = ctx;
	struct ls_addr remote[IKE_PEER_ADDRESSES_MAX];
	unsigned n = resolve_addresses(&t->resolve, remote, IKE_PEER_ADDRESSES_MAX);

	if (n > 0)
		peer_set(t);
	if (t->start_wanted) {
		t->start_wanted = false;
		if (n > 0 && t->configured)
			ike_start(t->iked->ike, t->id, clock_now());
		else
			down_tell(t->iked, t->id, 0, CAUSE_IKE_RESOLVE, t->resolve.name[0].text);
	}
	iked_pump(t->iked);
}

static struct iked_tunnel *tunnel_make(struct iked *d, uint32_t id)
{
	struct iked_tunnel *t = iked_tunnel_find(d, id);

	if (t)
		return t;
	t = calloc(1, sizeof *t);
	if (!t)
		return NULL;
	t->id = id;
	t->iked = d;
	t->next_bucket = d->bucket[id % IKED_BUCKETS];
	d->bucket[id % IKED_BUCKETS] = t;
	t->next = d->tunnels;
	d->tunnels = t;
	return t;
}

/* Calls back a peer that has always called us: it knows no address of ours to lose, but it must get
 * a new IKE SA. */
static void call_back(struct iked_tunnel *t, const struct ls_addr *peer)
{
	struct ls_addr remote = *peer, local;

	if (remote.port == 0)
		remote.port = IKED_PORT;
	if (!t->local_fixed && resolve_source(&remote, &local))
		t->peer.local = local;
	t->peer.remote[0] = remote;
	ike_peer_set(t->iked->ike, &t->peer, clock_now());
	ike_start(t->iked->ike, t->id, clock_now());
	iked_pump(t->iked);
}

/* The gateway may ask for a tunnel before its configuration has come. */
static void start(struct iked *d, uint32_t id, const struct ls_addr *peer)
{
	struct iked_tunnel *t = d->config_there ? iked_tunnel_find(d, id) : tunnel_make(d, id);
	struct ls_addr remote[1];

	if (t && !d->config_there) {
		t->start_wanted = true;
		t->start_peer = *peer;
		return;
	}
	if (t && t->configured && peer->family != 0) {
		call_back(t, peer);
		return;
	}
	if (t && !t->configured && t->config_cause != CAUSE_NONE) {
		down_tell(d, id, 0, t->config_cause, "");
		return;
	}
	if (!t || !t->configured || t->resolve.names == 0) {
		down_tell(d, id, 0, CAUSE_IKE_RESOLVE, "the tunnel has no peer to dial");
		return;
	}
	if (resolve_addresses(&t->resolve, remote, 1) == 0) {
		t->start_wanted = true;
		resolve_start(&t->resolve, clock_now());
		return;
	}
	/* The host's address may have changed since. */
	peer_set(t);
	ike_start(d->ike, id, clock_now());
	iked_pump(d);
}

static void stop(struct iked *d, uint32_t id, enum ls_cause cause)
{
	struct iked_tunnel *t = iked_tunnel_find(d, id);

	if (t)
		t->start_wanted = false;
	ike_stop(d->ike, id, cause, clock_now());
}

/* Names change their addresses while tunnels stand. */
static void resolve_all(evutil_socket_t fd, short what, void *arg)
{
	struct iked *d = arg;

	(void)fd;
	(void)what;
	for (struct iked_tunnel *t = d->tunnels; t; t = t->next)
		resolve_start(&t->resolve, clock_now());
}

static void tunnel_free(struct iked_tunnel *t)
{
	struct iked *d = t->iked;
	struct iked_tunnel **at = &d->bucket[t->id % IKED_BUCKETS];

	while (*at != t)
		at = &(*at)->next_bucket;
	*at = t->next_bucket;
	for (at = &d->tunnels; *at != t;)
		at = &(*at)->next;
	*at = t->next;
	resolve_free(&t->resolve);
	free(t);
}

static void tunnel_configure(struct iked_tunnel *t)
{
	struct iked *d = t->iked;
	const char *names[RESOLVE_NAMES_MAX];
	char error[LS_EVENT_TEXT_MAX];
	unsigned n = iked_peer_names(&t->conf, names);
	enum ls_cause cause =
		iked_peer_make(&d->conf, t->id, &t->conf, &t->peer, error, sizeof error);

	if (cause != CAUSE_NONE) {
		t->configured = false;
		t->config_cause = cause;
		ike_peer_remove(d->ike, t->id, CAUSE_CONFIG_CHANGED, clock_now());
		proc_tell(d->proc, t->id, cause, NULL, "%s", error);
		return;
	}
	t->local_fixed = t->peer.local.family != 0;
	resolve_free(&t->resolve);
	resolve_init(&t->resolve, d->base, d->dns, names, n, resolved, t);
	peer_set(t);
	resolve_start(&t->resolve, clock_now());
}

static void limits_set(struct iked *d)
{
	struct ike_limits limits = {.max_ike_sas = d->conf.max_ike_sas,
	                            .max_half_open = d->conf.max_half_open};

	ike_limits_set(d->ike, &limits);
}

static void on_gateway_set(void *owner, enum msg_role from, const struct msg *m, int *fd)
{
	struct iked *d = owner;
	struct conf_gateway old = d->conf;

	(void)from;
	(void)fd;
	if (!conf_gateway_decode(m->gateway_set.conf.p, m->gateway_set.conf.len, &d->conf)) {
		proc_tell(d->proc, 0, CAUSE_MALFORMED, NULL, "general settings");
		return;
	}
	limits_set(d);
	ike_qcd_set(d->ike, d->conf.crash_detection);
	iked_redirect_when_full(d);
	iked_pki_begin(&d->pki_next, d->conf.crl_required);
	/* Tunnels without an identity of their own have this one. */
	if (strcmp(old.identity, d->conf.identity) == 0)
		return;
	for (struct iked_tunnel *t = d->tunnels; t; t = t->next)
		tunnel_configure(t);
	iked_pump(d);
}

static void on_pki_file(void *owner, enum msg_role from, const struct msg *m, int *fd)
{
	struct iked *d = owner;
	int file = *fd;

	(void)from;
	*fd = -1;
	iked_pki_file(&d->pki_next, m->pki_file.kind, m->pki_file.path, file);
}

/* The new certificates and CAs hold from now on, and whom they rule out is out at once; with a file
 * that cannot be used the old ones go on. */
static void pki_use(struct iked *d)
{
	if (!d->pki_next.trust)
		return;
	if (d->pki_next.error[0]) {
		proc_tell(d->proc, 0, CAUSE_PKI_REFUSED, NULL, "%.200s", d->pki_next.error);
		iked_pki_free(&d->pki_next);
		return;
	}
	iked_pki_free(&d->pki);
	d->pki = d->pki_next;
	memset(&d->pki_next, 0, sizeof d->pki_next);
	if (!iked_pki_show(&d->pki, d->ike))
		proc_tell(d->proc, 0, CAUSE_NO_MEMORY, NULL, "our certificates");
	iked_pki_look_again(&d->pki, d->ike, (int64_t)time(NULL), clock_now());
}

static void on_tunnel_set(void *owner, enum msg_role from, const struct msg *m, int *fd)
{
	struct iked *d = owner;
	struct iked_tunnel *t = tunnel_make(d, m->tunnel_set.tunnel);

	(void)from;
	(void)fd;
	if (!t)
		proc_tell(d->proc, m->tunnel_set.tunnel, CAUSE_NO_MEMORY, NULL,
		          "the tunnel was not set up");
	else if (!conf_tunnel_decode(m->tunnel_set.conf.p, m->tunnel_set.conf.len, &t->conf))
		proc_tell(d->proc, t->id, CAUSE_MALFORMED, NULL, "settings of a tunnel");
	else
		tunnel_configure(t);
	iked_pump(d);
}

static void on_tunnel_remove(void *owner, enum msg_role from, const struct msg *m, int *fd)
{
	struct iked *d = owner;
	struct iked_tunnel *t = iked_tunnel_find(d, m->tunnel_remove.tunnel);

	(void)from;
	(void)fd;
	if (!t)
		return;
	ike_peer_remove(d->ike, t->id, (enum ls_cause)m->tunnel_remove.cause, clock_now());
	iked_pump(d);
	tunnel_free(t);
}

static void on_shutdown(void *owner, enum msg_role from, const struct msg *m, int *fd)
{
	struct iked *d = owner;

	/* A Delete may have to wait until the peer has answered what was asked before. */
	ls_time most = LS_MS(m->shutdown.wait_ms) * 3 / 4;

	(void)from;
	(void)fd;
	(void)m;
	ike_shutdown(d->ike, clock_now());
	iked_pump(d);
	if (!d->end_timer && ike_farewells(d->ike))
		d->end_timer = evtimer_new(d->base, farewell_over, d);
	if (d->end_timer)
		clock_timer_set(d->end_timer, clock_now() + most, clock_now());
	else
		proc_stop(d->proc);
}

static void on_socket(void *owner, enum msg_role from, const struct msg *m, int *fd)
{
	struct iked *d = owner;

	uint16_t port = m->socket.kind == MSG_SOCKET_IKE500 ? IKED_PORT : IKED_PORT_NAT;

	(void)from;
	if (m->socket.kind != MSG_SOCKET_IKE500 && m->socket.kind != MSG_SOCKET_IKE4500)
		return;
	if (iked_socket_add(d, *fd, m->socket.family, port))
		*fd = -1;
	else
		proc_tell(d->proc, 0, CAUSE_IKE_SEND_FAILED, NULL,
		          "the socket for IKE could not be used");
}

static void answered(struct iked *d, uint64_t id, enum iked_ask_kind kind,
                     const struct ike_answer *a)
{
	if (iked_ask_done(d, id, kind))
		ike_answer(d->ike, id, a, clock_now());
}

static void on_gateway(void *owner, enum msg_role from, const struct msg *m, int *fd)
{
	struct iked *d = owner;
	struct ike_answer a = {.ok = true};

	(void)from;
	(void)fd;
	switch (m->type) {
	case MSG_TYPE_IKE_START:
		start(d, m->ike_start.tunnel, &m->ike_start.peer);
		break;
	case MSG_TYPE_IKE_STOP:
		stop(d, m->ike_stop.tunnel, (enum ls_cause)m->ike_stop.cause);
		break;
	case MSG_TYPE_CHAIN_END:
		ike_chain_end(d->ike, m->chain_end.chain, (enum ls_cause)m->chain_end.cause,
		              clock_now());
		break;
	case MSG_TYPE_SPI_ANSWER:
		a.spi = m->spi_answer.spi;
		answered(d, m->spi_answer.id, IKED_ASK_SPI, &a);
		break;
	case MSG_TYPE_SA_INSTALLED:
		a.ok = m->sa_installed.ok;
		a.cause = (enum ls_cause)m->sa_installed.cause;
		answered(d, m->sa_installed.id, IKED_ASK_INSTALL, &a);
		break;
	default:
		break;
	}
	iked_pump(d);
}

static void on_sa_note(void *owner, enum msg_role from, const struct msg *m, int *fd)
{
	struct iked *d = owner;
	const struct msg_sa_note *n = &m->sa_note;

	(void)from;
	(void)fd;
	switch (n->kind) {
	case MSG_SA_NOTE_EXPIRING:
		ike_child_expiring(d->ike, n->spi_in, clock_now());
		break;
	case MSG_SA_NOTE_EXPIRED:
		ike_child_expired(d->ike, n->spi_in, clock_now());
		break;
	case MSG_SA_NOTE_HEARD:
		ike_child_heard(d->ike, n->spi_in, clock_now());
		break;
	case MSG_SA_NOTE_DOUBT:
		ike_doubt(d->ike, n->tunnel, clock_now());
		break;
	case MSG_SA_NOTE_MOVED:
		ike_child_moved(d->ike, n->spi_in, &n->remote, clock_now());
		break;
	default:
		break;
	}
	iked_pump(d);
}

static void on_trace_set(void *owner, enum msg_role from, const struct msg *m, int *fd)
{
	struct iked *d = owner;

	(void)from;
	(void)fd;
	ike_trace(d->ike, m->trace_set.on);
}

static void on_unreachable(void *owner, enum msg_role from, const struct msg *m, int *fd)
{
	struct iked *d = owner;

	(void)from;
	(void)fd;
	ike_unreachable(d->ike, &m->unreachable.remote, &m->unreachable.by,
	                (enum ls_unreach)m->unreachable.kind, clock_now());
	iked_pump(d);
}

static void on_keys(void *owner, enum msg_role from, const struct msg *m, int *fd)
{
	const struct msg_ike_auth_answer *auth = &m->ike_auth_answer;
	const struct msg_ike_ppk_answer *ppk = &m->ike_ppk_answer;
	const struct msg_ike_token_answer *token = &m->ike_token_answer;
	struct iked *d = owner;
	struct ike_answer a;

	(void)from;
	(void)fd;
	if (m->type == MSG_TYPE_IKE_AUTH_ANSWER) {
		a = (struct ike_answer){
			.ok = auth->ok, .cause = (enum ls_cause)auth->cause, .bytes = auth->auth};
		answered(d, auth->id, IKED_ASK_AUTH, &a);
	} else if (m->type == MSG_TYPE_IKE_PPK_ANSWER) {
		a = (struct ike_answer){
			.ok = ppk->ok, .cause = (enum ls_cause)ppk->cause, .bytes = ppk->mixed};
		answered(d, ppk->id, IKED_ASK_PPK, &a);
	} else {
		a = (struct ike_answer){.ok = token->ok, .bytes = token->token};
		answered(d, token->id, IKED_ASK_TOKEN, &a);
	}
	iked_pump(d);
}

static void on_stray(void *owner, enum msg_role from, const struct msg *m, int *fd)
{
	struct iked *d = owner;

	(void)from;
	(void)fd;
	ike_stray(d->ike, m->stray.spi, m->stray.ah, &m->stray.local, &m->stray.remote,
	          clock_now());
	iked_pump(d);
}

static void on_status(void *owner, enum msg_role from, const struct msg *m, int *fd)
{
	(void)from;
	(void)fd;
	if (m->type == MSG_TYPE_STATUS_ASK)
		iked_status_ask(owner, &m->status_ask);
	else
		iked_debug_keys_ask(owner, &m->debug_keys_ask);
}

/* What is only being dialled, or moves, has nothing to lose: an address of ours that the host would
 * not choose any more (it was the only one for a moment) may lead nowhere. */
static bool source_differs(const struct ike_sa_view *v, struct ls_addr *fresh)
{
	return v->remote.family != 0 && v->local.family == v->remote.family &&
	       resolve_source(&v->remote, fresh) && !ls_addr_same_ip(&v->local, fresh);
}

/* A line that we dialled from an address that is no longer ours moves to the new one, or is dialled
 * anew at once: no probe would come back, and the peer cannot find us. */
static void path_check(struct iked *d, const struct ike_sa_view *v)
{
	struct iked_tunnel *t = iked_tunnel_find(d, v->tunnel);
	char before[LS_ADDR_TEXT_MAX], after[LS_ADDR_TEXT_MAX];
	struct ls_addr fresh, old = ls_addr_with_port(v->local, 0);
	bool dialling = strcmp(v->state, "half-open") == 0 || v->moving;

	if (!t || t->local_fixed || t->conf.start == CONF_START_WAIT ||
	    !(dialling ? source_differs(v, &fresh)
	               : resolve_source_changed(&v->remote, &v->local, &fresh)))
		return;
	fresh.port = 0;
	if (ike_path_moved(d->ike, t->id, &old, &fresh, CAUSE_IKE_OWN_ADDRESS, clock_now()))
		return;
	proc_tell(d->proc, t->id, CAUSE_IKE_OWN_ADDRESS, &v->remote, "%s before, %s now",
	          ls_addr_text(&old, before), ls_addr_text(&fresh, after));
}

static void on_net_changed(void *owner, enum msg_role from, const struct msg *m, int *fd)
{
	struct iked *d = owner;
	struct ike_sa_view v;
	bool dials = false;
	size_t n = 0;

	(void)from;
	(void)m;
	(void)fd;
	for (const struct iked_tunnel *t = d->tunnels; t && !dials; t = t->next)
		dials = t->conf.start != CONF_START_WAIT;
	/* From the end: what is lost falls out of the list. */
	while (dials && ike_sa_view(d->ike, n, &v))
		n++;
	while (n-- > 0)
		if (ike_sa_view(d->ike, n, &v))
			path_check(d, &v);
	iked_pump(d);
}

static void on_config_end(void *owner, enum msg_role from, const struct msg *m, int *fd)
{
	struct iked *d = owner;

	(void)from;
	(void)m;
	(void)fd;
	d->config_there = true;
	pki_use(d);
	for (struct iked_tunnel *t = d->tunnels; t; t = t->next)
		if (t->start_wanted && t->resolve.waiting == 0) {
			t->start_wanted = false;
			start(d, t->id, &t->start_peer);
		}
	iked_pump(d);
}

static void peer_there(void *owner, enum msg_role peer)
{
	struct iked *d = owner;

	if (peer == MSG_ROLE_KEYS)
		iked_ask_keys_again(d);
	if (peer != MSG_ROLE_GATEWAY)
		return;
	/* A gateway that comes back has none of our SAs. */
	if (d->gateway_lost)
		ike_children_lost(d->ike, clock_now());
	d->gateway_lost = false;
	iked_pump(d);
}

static void peer_lost(void *owner, enum msg_role peer)
{
	struct iked *d = owner;

	if (peer != MSG_ROLE_GATEWAY)
		return;
	d->gateway_lost = true;
	iked_ask_gateway_lost(d);
	iked_pump(d);
}

static const struct ipc_handler handlers[] = {
	{MSG_TYPE_GATEWAY_SET, on_gateway_set},     {MSG_TYPE_TUNNEL_SET, on_tunnel_set},
	{MSG_TYPE_TUNNEL_REMOVE, on_tunnel_remove}, {MSG_TYPE_CONFIG_END, on_config_end},
	{MSG_TYPE_SHUTDOWN, on_shutdown},           {MSG_TYPE_SOCKET, on_socket},
	{MSG_TYPE_IKE_START, on_gateway},           {MSG_TYPE_IKE_STOP, on_gateway},
	{MSG_TYPE_CHAIN_END, on_gateway},           {MSG_TYPE_SPI_ANSWER, on_gateway},
	{MSG_TYPE_SA_INSTALLED, on_gateway},        {MSG_TYPE_SA_NOTE, on_sa_note},
	{MSG_TYPE_IKE_PPK_ANSWER, on_keys},         {MSG_TYPE_IKE_AUTH_ANSWER, on_keys},
	{MSG_TYPE_STATUS_ASK, on_status},           {MSG_TYPE_DEBUG_KEYS_ASK, on_status},
	{MSG_TYPE_NET_CHANGED, on_net_changed},     {MSG_TYPE_UNREACHABLE, on_unreachable},
	{MSG_TYPE_IKE_TOKEN_ANSWER, on_keys},       {MSG_TYPE_STRAY, on_stray},
	{MSG_TYPE_PKI_FILE, on_pki_file},           {MSG_TYPE_TRACE_SET, on_trace_set},
	{MSG_TYPE_REDIRECT_SET, iked_redirect_set},
};

static const struct proc_role role = {
	.role = MSG_ROLE_IKE,
	.handlers = handlers,
	.handler_count = sizeof handlers / sizeof handlers[0],
	.peer_there = peer_there,
	.peer_lost = peer_lost,
};

static bool iked_init(struct iked *d)
{
	struct timeval again = {.tv_sec = IKED_RESOLVE_AGAIN_S};

	d->random = ls_random_system();
	d->proc = secret_init() ? proc_new(&role, d) : NULL;
	if (!d->proc)
		return false;
	d->base = proc_base(d->proc);
	/* Reads resolv.conf and hosts, so it comes before the sandbox. Without a name server
	 * literal addresses still work. */
	d->dns = evdns_base_new(d->base, EVDNS_BASE_INITIALIZE_NAMESERVERS |
	                                         EVDNS_BASE_DISABLE_WHEN_INACTIVE);
	if (!d->dns)
		d->dns = evdns_base_new(d->base, 0);
	d->timer = evtimer_new(d->base, timer_fired, d);
	d->resolve_timer = event_new(d->base, -1, EV_PERSIST, resolve_all, d);
	d->rx = malloc((size_t)IKED_RX_MESSAGES * (IKED_DATAGRAM_MAX + 1));
	d->ike = ike_new(NULL, &d->random);
	if (!d->ike || !d->timer || !d->resolve_timer || !d->rx)
		return false;
	return event_add(d->resolve_timer, &again) == 0;
}

static void iked_free(struct iked *d)
{
	while (d->tunnels)
		tunnel_free(d->tunnels);
	iked_asks_free(d);
	iked_gateways_free(d);
	iked_sockets_free(d);
	if (d->ike)
		ike_free(d->ike);
	if (d->timer)
		event_free(d->timer);
	if (d->resolve_timer)
		event_free(d->resolve_timer);
	if (d->end_timer)
		event_free(d->end_timer);
	if (d->dns)
		evdns_base_free(d->dns, 0);
	iked_pki_free(&d->pki);
	iked_pki_free(&d->pki_next);
	free(d->rx);
	proc_free(d->proc);
}

int ike_main(void)
{
	struct iked *d = calloc(1, sizeof *d);
	int status = 1;

	if (!d)
		return 1;
	if (iked_init(d) && proc_sandbox(d->proc))
		status = proc_loop(d->proc);
	if (d->proc)
		iked_free(d);
	free(d);
	return status;
}
