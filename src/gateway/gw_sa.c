/* Chains and SAs of the gateway: installs, switches and ends what ike negotiated, and tells ike
 * what the packets tell us. */
#include "src/gateway/gw.h"

#include "lib/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEARD_EVERY LS_S(1)
#define DOUBT_AFTER LS_S(10)
#define MOVE_EVERY LS_S(1)
enum { GENERATION_SHIFT = 24, CHAIN_MASK = 0xffffff };

/* A pair that was replaced keeps its inbound SA for what is still on its way; it is live as long as
 * it has both. */
enum { RETIRED_S = 2 };

/* A restarted ike counts its chains from the start again, so its generation is put on top. */
uint32_t gw_chain_here(const struct gw_gateway *gw, uint32_t ike_chain)
{
	return (uint32_t)gw->ike_generation << GENERATION_SHIFT | (ike_chain & CHAIN_MASK);
}

uint32_t gw_chain_there(const struct gw_gateway *gw, uint32_t chain)
{
	return chain >> GENERATION_SHIFT == gw->ike_generation ? chain & CHAIN_MASK : 0;
}

struct gw_chain *gw_chain_find(struct gw_gateway *gw, uint32_t chain)
{
	struct gw_chain *c = gw->chain_bucket[chain % GW_BUCKETS];

	while (c && c->id != chain)
		c = c->next_bucket;
	return c;
}

static struct gw_chain *chain_make(struct gw_gateway *gw, struct gw_tunnel *t, uint32_t id)
{
	struct gw_chain *c = calloc(1, sizeof *c);

	if (!c)
		return NULL;
	c->id = id;
	c->tunnel = t;
	c->next_bucket = gw->chain_bucket[id % GW_BUCKETS];
	gw->chain_bucket[id % GW_BUCKETS] = c;
	c->next = t->chains;
	t->chains = c;
	return c;
}

static const struct gw_udp *socket_for(struct gw_gateway *gw, uint8_t family, bool udp, bool ah)
{
	for (unsigned i = 0; i < gw->sockets; i++)
		if (gw->socket[i].lane == 0 && gw->socket[i].udp.family == family &&
		    gw->socket[i].udp.raw == !udp && gw->socket[i].udp.ah == ah)
			return &gw->socket[i].udp;
	return NULL;
}

static void chain_send_on(struct gw_gateway *gw, struct gw_chain *c, unsigned pair)
{
	c->sending = pair;
	c->path.out = c->pair[pair].out;
	c->path.socket = socket_for(gw, esp_sa_remote(c->path.out)->family, esp_sa_udp(c->path.out),
	                            esp_sa_protocol(c->path.out) == ESP_PROTOCOL_AH);
	if (!c->path.socket)
		c->path.out = NULL;
}

static void pair_end(struct gw_gateway *gw, struct gw_pair *p)
{
	if (gw->heard_sa == p->in)
		gw->heard_sa = NULL;
	if (p->in)
		esp_sa_end(gw->sad, p->in);
	if (p->out)
		esp_sa_end(gw->sad, p->out);
	secret_free(&p->keys_in);
	secret_free(&p->keys_out);
	memset(p, 0, sizeof *p);
}

/* The newest live pair but this one; -1 if there is none. */
static int live_pair(const struct gw_chain *c, unsigned but)
{
	for (unsigned i = c->pairs; i > 0; i--)
		if (i - 1 != but && c->pair[i - 1].out)
			return (int)i - 1;
	return -1;
}

/* Sends on another pair than this one, which ends. */
static void chain_leave_pair(struct gw_gateway *gw, struct gw_chain *c, unsigned index)
{
	int live = live_pair(c, index);

	if (index != c->sending)
		return;
	c->path.out = NULL;
	c->path.socket = NULL;
	if (live >= 0)
		chain_send_on(gw, c, (unsigned)live);
}

static void chain_pair_end(struct gw_gateway *gw, struct gw_chain *c, unsigned index)
{
	chain_leave_pair(gw, c, index);
	pair_end(gw, &c->pair[index]);
	for (unsigned i = index; i + 1 < c->pairs; i++)
		c->pair[i] = c->pair[i + 1];
	c->pairs--;
	if (c->sending > index)
		c->sending--;
}

/* The pair is of no use any more. While another one is there its inbound SA stays a moment; without
 * one, what stayed of others goes too. */
static void chain_pair_remove(struct gw_gateway *gw, struct gw_chain *c, unsigned index)
{
	struct gw_pair *p = &c->pair[index];

	if (live_pair(c, index) < 0) {
		while (c->pairs > 0)
			chain_pair_end(gw, c, c->pairs - 1);
		return;
	}
	if (!p->out || !esp_sa_retire(gw->sad, p->in, RETIRED_S, clock_now())) {
		chain_pair_end(gw, c, index);
		return;
	}
	chain_leave_pair(gw, c, index);
	esp_sa_end(gw->sad, p->out);
	p->out = NULL;
	secret_free(&p->keys_out);
}

void gw_chain_release(struct gw_gateway *gw, struct gw_chain *c)
{
	struct gw_chain **at = &gw->chain_bucket[c->id % GW_BUCKETS];

	if (c->sessions > 0 || c->pairs > 0)
		return;
	while (*at != c)
		at = &(*at)->next_bucket;
	*at = c->next_bucket;
	for (at = &c->tunnel->chains; *at != c;)
		at = &(*at)->next;
	*at = c->next;
	free(c);
}

/* Ends all of the tunnel's SAs without a word to ike: the tunnel goes, or their keeper is no more.
 */
static void chain_drop(struct gw_gateway *gw, struct gw_chain *c)
{
	while (c->pairs > 0)
		chain_pair_end(gw, c, c->pairs - 1);
	gw_chain_release(gw, c);
}

void gw_chains_drop(struct gw_tunnel *t)
{
	for (struct gw_chain *c = t->chains, *next; c; c = next) {
		next = c->next;
		chain_drop(t->gw, c);
	}
}

static struct esp_sa_params params_make(const struct msg_sa_install *m, uint32_t chain,
                                        enum esp_direction direction)
{
	bool in = direction == ESP_IN;

	return (struct esp_sa_params){
		.direction = direction,
		.protocol = m->encr == ALGO_NONE ? ESP_PROTOCOL_AH : ESP_PROTOCOL_ESP,
		.spi = in ? m->spi_in : m->spi_out,
		.mode = m->tunnel_mode ? ESP_TUNNEL : ESP_TRANSPORT,
		.encr = m->encr,
		.integ = m->integ,
		.keymat = in ? m->keymat_in : m->keymat_out,
		.esn = m->esn,
		.window_packets = m->replay_window_packets,
		.hard = m->life,
		.early = m->initiator,
		.tfc_refused = m->no_tfc,
		.tunnel = m->tunnel,
		.chain = chain,
		.udp = m->udp,
		.address_fixed = m->behind_nat,
		.local = m->local,
		.remote = m->remote,
		.selector =
			{
				.local = m->ts_local,
				.remote = m->ts_remote,
				.local_port_low = m->ts_local_port_low,
				.local_port_high = m->ts_local_port_high,
				.remote_port_low = m->ts_remote_port_low,
				.remote_port_high = m->ts_remote_port_high,
				.protocol = m->ts_protocol,
			},
	};
}

/* The pair to give up for a new one: one that was replaced, or the oldest that we do not send on.
 */
static unsigned spare_pair(const struct gw_chain *c)
{
	for (unsigned i = 0; i < c->pairs; i++)
		if (!c->pair[i].out)
			return i;
	return c->sending == 0 ? 1 : 0;
}

static enum ls_cause pair_install(struct gw_gateway *gw, struct gw_chain *c,
                                  const struct msg_sa_install *m)
{
	struct esp_sa_params in = params_make(m, c->id, ESP_IN),
			     out = params_make(m, c->id, ESP_OUT);
	struct gw_pair p = {.spi_in = m->spi_in, .spi_out = m->spi_out};
	enum ls_cause cause;

	if (c->pairs == GW_PAIRS_MAX)
		chain_pair_end(gw, c, spare_pair(c));
	cause = esp_sa_add(gw->sad, &in, clock_now(), &p.in);
	if (cause != CAUSE_NONE)
		return cause;
	cause = esp_sa_add(gw->sad, &out, clock_now(), &p.out);
	if (cause != CAUSE_NONE ||
	    !socket_for(gw, m->remote.family, m->udp, m->encr == ALGO_NONE)) {
		pair_end(gw, &p);
		return cause != CAUSE_NONE ? cause : CAUSE_GW_SOCKET_ERROR;
	}
	if (!secret_from(&p.keys_in, m->keymat_in.p, m->keymat_in.len) ||
	    !secret_from(&p.keys_out, m->keymat_out.p, m->keymat_out.len)) {
		pair_end(gw, &p);
		return CAUSE_NO_MEMORY;
	}
	c->pair[c->pairs++] = p;
	gw_tfc_pad(c->tunnel, p.out);
	if (!m->replaces || !c->path.out)
		chain_send_on(gw, c, c->pairs - 1);
	return CAUSE_NONE;
}

static unsigned chains_count(const struct gw_tunnel *t)
{
	unsigned n = 0;

	for (const struct gw_chain *c = t->chains; c; c = c->next)
		n++;
	return n;
}

void gw_sa_install(struct gw_gateway *gw, const struct msg_sa_install *m)
{
	struct gw_tunnel *t = gw_tunnel_find(gw, m->tunnel);
	uint32_t id = gw_chain_here(gw, m->chain);
	struct gw_chain *c = gw_chain_find(gw, id);
	struct msg_sa_installed answer = {.id = m->id, .cause = CAUSE_NONE};

	/* ike's numbers come round after 16 million chains, which a peer can make in hours: what is
	 * another tunnel's is never touched. */
	if (c && c->tunnel != t)
		c = NULL;
	else if (t && !c && chains_count(t) < GW_CHAINS_A_TUNNEL)
		c = chain_make(gw, t, id);
	if (!t)
		answer.cause = CAUSE_CONFIG_CHANGED;
	else if (!c && (gw_chain_find(gw, id) || chains_count(t) >= GW_CHAINS_A_TUNNEL))
		answer.cause = CAUSE_LIMIT_REACHED;
	else if (!c)
		answer.cause = CAUSE_NO_MEMORY;
	else
		answer.cause = (uint16_t)pair_install(gw, c, m);
	answer.ok = answer.cause == CAUSE_NONE;
	if (!answer.ok) {
		esp_spi_release(gw->sad, m->spi_in);
		proc_tell(gw->proc, m->tunnel, answer.cause, &m->remote,
		          "SA 0x%08x was not installed", m->spi_in);
	}
	if (c)
		gw_chain_release(gw, c);
	GW_SEND(gw, IKE, sa_installed, &answer);
}

static int pair_index(const struct gw_chain *c, uint32_t spi_in)
{
	for (unsigned i = 0; i < c->pairs; i++)
		if (c->pair[i].spi_in == spi_in)
			return (int)i;
	return -1;
}

void gw_sa_switch(struct gw_gateway *gw, const struct msg_sa_switch *m)
{
	struct gw_chain *c = gw_chain_find(gw, gw_chain_here(gw, m->chain));
	int index = c ? pair_index(c, m->spi_in) : -1;

	if (index >= 0 && c->pair[index].out)
		chain_send_on(gw, c, (unsigned)index);
}

void gw_sa_remove(struct gw_gateway *gw, const struct msg_sa_remove *m)
{
	struct gw_chain *c = gw_chain_find(gw, gw_chain_here(gw, m->chain));
	int index = c ? pair_index(c, m->spi_in) : -1;

	if (index < 0)
		return;
	chain_pair_remove(gw, c, (unsigned)index);
	gw_chain_release(gw, c);
}

static void chain_move(struct gw_gateway *gw, struct gw_chain *c, const struct ls_addr *local,
                       const struct ls_addr *remote)
{
	for (unsigned i = 0; i < c->pairs; i++) {
		esp_sa_move(c->pair[i].in, local, remote);
		if (!c->pair[i].out)
			continue;
		esp_sa_move(c->pair[i].out, local, remote);
		gw_tfc_pad(c->tunnel, c->pair[i].out);
	}
	if (c->path.out)
		chain_send_on(gw, c, c->sending);
}

void gw_sa_moved(struct gw_gateway *gw, const struct msg_sa_moved *m)
{
	struct gw_tunnel *t = gw_tunnel_find(gw, m->tunnel);

	if (!t)
		return;
	t->peer = m->remote;
	for (struct gw_chain *c = t->chains; c; c = c->next)
		if (m->chain == 0 || c->id == gw_chain_here(gw, m->chain))
			chain_move(gw, c, &m->local, &m->remote);
}

/* Several peers may call one tunnel: what one of them has authenticated is not another one's. */
static bool same_peer(const struct gw_chain *a, const struct gw_chain *b)
{
	return a->peer_id.type == b->peer_id.type && a->peer_id.len == b->peer_id.len &&
	       memcmp(a->peer_id.data, b->peer_id.data, a->peer_id.len) == 0;
}

/* Whether the L2TP connections on `from` go on on a new chain of the same tunnel. */
static bool chain_hands_over(const struct gw_gateway *gw, const struct gw_chain *from,
                             const struct gw_chain *to, const struct msg_ike_up *m)
{
	if (from->left || (from->up && !same_peer(from, to)))
		return false;
	if (m->continued && m->old_chain != 0 && from->id == gw_chain_here(gw, m->old_chain))
		return true;
	return from->gone || gw_chain_there(gw, from->id) == 0;
}

static void chain_hand_over(struct gw_gateway *gw, const struct gw_chain *from, struct gw_chain *to)
{
	l2tp_chain_moved(gw->l2tp, from->id, to->id, clock_now());
	for (struct gw_session *s = to->tunnel->sessions; s; s = s->next)
		if (s->chain == from)
			gw_session_move(s, to);
}

/* One that came after it and stands: where the peer began anew, IKE_UP comes before the IKE_DOWN of
 * what it replaces, and names only one of several. */
static struct gw_chain *chain_after(const struct gw_chain *c)
{
	for (struct gw_chain *n = c->tunnel->chains; n && n != c; n = n->next)
		if (n->up && !n->gone && n->path.out && same_peer(n, c))
			return n;
	return NULL;
}

void gw_ike_up(struct gw_gateway *gw, const struct msg_ike_up *m)
{
	struct gw_chain *c = gw_chain_find(gw, gw_chain_here(gw, m->chain));
	struct gw_tunnel *t = c ? c->tunnel : NULL;
	bool elsewhere = !m->continued && m->old_chain != 0;

	if (!t)
		return;
	c->up = true;
	c->heard = clock_now();
	c->initiator = m->initiator;
	c->peer_id = m->peer_id;
	t->peer = m->peer;
	for (struct gw_chain *o = t->chains, *next; o; o = next) {
		next = o->next;
		o->left |= elsewhere && o->id == gw_chain_here(gw, m->old_chain);
		if (o == c || !chain_hands_over(gw, o, c, m))
			continue;
		chain_hand_over(gw, o, c);
		if (gw_chain_there(gw, o->id) == 0)
			chain_drop(gw, o);
		else
			gw_chain_release(gw, o);
	}
	if (elsewhere)
		gw_tunnel_elsewhere(t);
	else
		gw_tunnel_step(t, GW_EV_CHAIN_UP, CAUSE_NONE, NULL);
}

/*
 * The SAs in use have no keeper since ike was restarted. The side that dials dials; the other one
 * knows where the peer is and calls back, for the peer hears our ESP and has no reason to doubt its
 * own IKE SA.
 */
void gw_keeper_ask(struct gw_tunnel *t)
{
	struct msg_ike_start m = {.tunnel = t->id};

	if (t->line.state != GW_LINE_UP || !t->current ||
	    gw_chain_there(t->gw, t->current->chain->id) != 0)
		return;
	if (!gw_line_dials(&t->line) && t->current->chain->path.out) {
		m.peer = *esp_sa_remote(t->current->chain->path.out);
		if (!esp_sa_udp(t->current->chain->path.out))
			m.peer.port = 0;
	}
	GW_SEND(t->gw, IKE, ike_start, &m);
}

static void keeper_retry(struct gw_tunnel *t)
{
	struct timeval after = {.tv_sec = gw_line_dials(&t->line) ? GW_KEEPER_RETRY_S
	                                                          : GW_KEEPER_CALL_BACK_S};

	evtimer_add(t->keeper_timer, &after);
}

/*
 * ike's word about what was hung up before this line dialled anew: it was on its way, and says
 * nothing about the attempt that runs, whose own end comes with chain 0 and another cause.
 */
static bool is_of_the_past(const struct gw_tunnel *t, const struct gw_chain *c,
                           const struct msg_ike_down *m)
{
	if (t->line.state != GW_LINE_IKE)
		return false;
	return m->chain == 0 ? m->cause == CAUSE_ADMIN : !c || c->up;
}

void gw_ike_down(struct gw_gateway *gw, const struct msg_ike_down *m)
{
	struct gw_tunnel *t = gw_tunnel_find(gw, m->tunnel);
	struct gw_chain *c = m->chain ? gw_chain_find(gw, gw_chain_here(gw, m->chain)) : NULL;
	struct gw_chain *next = NULL;
	struct ls_event why = {.cause = (enum ls_cause)m->cause};
	bool left = m->cause == CAUSE_REDIRECTED || m->cause == CAUSE_REDIRECT_SENT;

	if (!t)
		return;
	snprintf(why.text, sizeof why.text, "%s", m->text);
	if (m->chain == 0) {
		/* An attempt failed. A line that is up on SAs without a keeper goes on and tries
		 * again. */
		if (t->line.state == GW_LINE_UP)
			keeper_retry(t);
		else if (!is_of_the_past(t, c, m))
			gw_tunnel_step(t, GW_EV_CHAIN_DOWN, (enum ls_cause)m->cause, m->text);
		return;
	}
	bool current = t->current ? c && t->current->chain == c
	                          : !gw_tunnel_has_chain(t) || (c && c == t->chains);

	current &= !is_of_the_past(t, c, m);
	if (m->cause == CAUSE_PEER_ASKED)
		gw_session_gave_up(t->current ? t->current : t->sessions, &why);
	/* Who has lost its SAs has most likely lost its connections too, and another gateway never
	 * had them: no need to ask for them. */
	l2tp_chain_gone(gw->l2tp, gw_chain_here(gw, m->chain),
	                left || m->cause == CAUSE_IKE_PEER_RESTARTED ? 0 : GW_CHAIN_GRACE_MS,
	                (enum ls_cause)m->cause, clock_now());
	if (c) {
		c->gone = true;
		while (c->pairs > 0)
			chain_pair_end(gw, c, c->pairs - 1);
		c->left = left;
		next = left ? NULL : chain_after(c);
		if (next)
			chain_hand_over(gw, c, next);
		gw_chain_release(gw, c);
	}
	if (current && !next)
		gw_tunnel_step(t, GW_EV_CHAIN_DOWN, why.cause, why.text);
}

/* Its attempts are gone; SAs that stand go on without a keeper until a new ike makes new ones. */
void gw_ike_lost(struct gw_gateway *gw)
{
	gw->ike_generation++;
	esp_spis_release(gw->sad);
	for (struct gw_tunnel *t = gw->tunnels; t; t = t->next)
		for (struct gw_chain *c = t->chains, *next; c; c = next) {
			next = c->next;
			if (!c->up && c->sessions == 0)
				chain_drop(gw, c);
		}
}

void gw_ike_back(struct gw_gateway *gw)
{
	for (struct gw_tunnel *t = gw->tunnels; t; t = t->next) {
		gw_tunnel_step(t, GW_EV_IKE_BACK, CAUSE_NONE, NULL);
		if (!gw_line_dials(&t->line))
			gw_keeper_ask(t);
	}
}

/* The peer's packets come from a new address: verified, so we follow at once, and tell ike. */
static void peer_moved(struct gw_gateway *gw, struct esp_sa *sa, uint32_t spi,
                       const struct ls_addr *local, const struct ls_addr *from)
{
	struct gw_chain *c = gw_chain_find(gw, esp_sa_chain(sa));
	struct msg_sa_note note = {.kind = MSG_SA_NOTE_MOVED, .spi_in = spi, .remote = *from};
	struct ls_addr here = ls_addr_with_port(*local, esp_sa_local(sa)->port);
	struct esp_sa_view view;

	esp_sa_view(sa, &view);
	/* Not with each packet: a peer that alternates would bury the others' messages. */
	if (!c || view.address_fixed || from->family != view.remote.family ||
	    c->moved_at + MOVE_EVERY > gw->worker.now)
		return;
	c->moved_at = gw->worker.now;
	proc_tell(gw->proc, esp_sa_tunnel(sa), CAUSE_GW_PEER_MOVED, from, "SA 0x%08x", spi);
	chain_move(gw, c, &here, from);
	c->tunnel->peer = *from;
	if (gw_chain_there(gw, c->id))
		GW_SEND(gw, IKE, sa_note, &note);
}

bool gw_sa_hear(struct gw_gateway *gw, const struct esp_sa *sa, ls_time now)
{
	const struct gw_chain *c = gw_chain_find(gw, esp_sa_chain(sa));

	return c && c->heard + HEARD_EVERY <= now && gw_chain_there(gw, c->id);
}

void gw_sa_heard(void *owner, struct esp_sa *sa, uint32_t spi, const struct ls_addr *local,
                 const struct ls_addr *from)
{
	struct gw_gateway *gw = owner;
	ls_time now = gw->worker.now;

	if (esp_sa_udp(sa) && !ls_addr_equal(from, esp_sa_remote(sa)))
		peer_moved(gw, sa, spi, local, from);
	if (gw->heard_sa == sa && now < gw->heard_until)
		return;
	gw->heard_sa = sa;
	gw->heard_until = now + HEARD_EVERY;
	if (!gw_sa_hear(gw, sa, now))
		return;
	struct msg_sa_note note = {.kind = MSG_SA_NOTE_HEARD, .spi_in = spi};
	gw_chain_find(gw, esp_sa_chain(sa))->heard = now;
	GW_SEND(gw, IKE, sa_note, &note);
}

/* ike tells who sent it, so that it learns that we have begun anew. */
void gw_sa_stray(void *owner, uint32_t spi, const struct gw_received *in)
{
	struct gw_gateway *gw = owner;
	struct msg_stray m = {.spi = spi, .ah = in->ah, .local = in->local, .remote = in->remote};

	if (gw->conf.crash_detection &&
	    ls_second_add(&gw->strays, 1, gw->worker.now) <= GW_STRAYS_PER_S)
		GW_SEND(gw, IKE, stray, &m);
}

bool gw_sa_doubts(const struct gw_tunnel *t, ls_time now)
{
	const struct gw_chain *c = t->current ? t->current->chain : NULL;

	return c && c->heard + DOUBT_AFTER <= now && c->doubted + DOUBT_AFTER <= now &&
	       gw_chain_there(t->gw, c->id);
}

/*
 * Packets go out and nothing has come in for a while: the peer may have begun anew, or the path may
 * be cut. ike asks before its time (RFC 7296 2.4). A stream that needs no answer costs a probe now
 * and then.
 */
void gw_sa_sent(struct gw_tunnel *t, ls_time now)
{
	struct msg_sa_note note = {.kind = MSG_SA_NOTE_DOUBT, .tunnel = t->id};

	if (!gw_sa_doubts(t, now))
		return;
	t->current->chain->doubted = now;
	GW_SEND(t->gw, IKE, sa_note, &note);
}

/* An SA without a keeper has reached its end: nobody else will take it away. */
static void orphan_expired(struct gw_gateway *gw, struct gw_chain *c, unsigned pair)
{
	struct gw_tunnel *t = c->tunnel;
	bool current = t->current && t->current->chain == c;

	chain_pair_remove(gw, c, pair);
	if (c->pairs > 0)
		return;
	c->gone = true;
	l2tp_chain_gone(gw->l2tp, c->id, GW_CHAIN_GRACE_MS, CAUSE_GW_PEER_PROCESS, clock_now());
	gw_chain_release(gw, c);
	if (current)
		gw_tunnel_step(t, GW_EV_CHAIN_DOWN, CAUSE_GW_PEER_PROCESS,
		               "the last SA has expired");
}

static void sa_event(struct gw_gateway *gw, const struct esp_event *e)
{
	struct gw_chain *c = gw_chain_find(gw, e->chain);
	struct msg_sa_note note = {.kind = e->kind == ESP_EVENT_SOFT ? MSG_SA_NOTE_EXPIRING
	                                                             : MSG_SA_NOTE_EXPIRED};

	for (unsigned i = 0; c && i < c->pairs; i++) {
		if ((e->direction == ESP_IN ? c->pair[i].spi_in : c->pair[i].spi_out) != e->spi)
			continue;
		if (!c->pair[i].out) {
			if (e->kind == ESP_EVENT_HARD && e->direction == ESP_IN)
				chain_pair_end(gw, c, i);
			return;
		}
		note.spi_in = c->pair[i].spi_in;
		if (e->kind == ESP_EVENT_FIRST_USED && i > c->sending)
			chain_send_on(gw, c, i);
		if (e->kind != ESP_EVENT_FIRST_USED && gw_chain_there(gw, c->id))
			GW_SEND(gw, IKE, sa_note, &note);
		else if (e->kind == ESP_EVENT_HARD)
			orphan_expired(gw, c, i);
		return;
	}
}

bool gw_sa_pump(struct gw_gateway *gw)
{
	struct esp_event e;
	bool any = false;

	while (esp_next(gw->sad, &e)) {
		sa_event(gw, &e);
		any = true;
	}
	return any;
}
