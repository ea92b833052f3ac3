/* What the gateway tells people: lines, SAs, counters; and, for root's debugging, the keys of its
 * SAs. */
#include "src/gateway/gw.h"

#include <stdio.h>
#include <string.h>

static uint32_t seconds_since(ls_time then, ls_time now)
{
	return then > 0 && now > then ? (uint32_t)((now - then) / 1000000) : 0;
}

static void sa_status(struct gw_gateway *gw, const struct msg_status_ask *ask,
                      const struct esp_sa *sa)
{
	ls_time now = clock_now();
	struct esp_sa_view v;

	esp_sa_view(sa, &v);
	if (ask->tunnel != 0 && ask->tunnel != v.tunnel)
		return;
	struct msg_status_esp_sa m = {
		.id = ask->id,
		.tunnel = v.tunnel,
		.chain = v.chain,
		.direction = (uint8_t)v.direction,
		.spi = v.spi,
		.encr = (uint16_t)v.encr,
		.integ = (uint16_t)v.integ,
		.esn = v.esn,
		.udp = v.udp,
		.local = v.local,
		.remote = v.remote,
		.packets = v.packets,
		.bytes = v.bytes,
		.sequence = v.sequence,
		.lost_packets = v.lost_packets,
		.dummies = v.dummies,
		.tfc = v.tfc_bytes,
		.tfc_refused = v.tfc_refused,
		.age_s = seconds_since(v.life.born, now),
		.idle_s = seconds_since(v.last_used, now),
	};
	snprintf(m.library, sizeof m.library, "%s%s%s", v.library, v.instructions[0] ? " " : "",
	         v.instructions);
	if (v.life.soft.seconds > m.age_s)
		m.rekey_in_s = (uint32_t)(v.life.soft.seconds - m.age_s);
	GW_SEND(gw, PARENT, status_esp_sa, &m);
}

/* Which offloads the line's packets have, and which the kernel lacks. */
static void offload_status(const struct gw_tunnel *t, struct msg_status_line *m)
{
	const struct gw_udp *udp = t->current->chain ? t->current->chain->path.socket : NULL;
	unsigned wanted = conf_offload(&t->gw->conf), has = t->offloads,
		 may = CONF_OFFLOAD_TUN_TSO | CONF_OFFLOAD_TUN_USO | CONF_OFFLOAD_JOIN;

	if (udp && !udp->raw) {
		may = CONF_OFFLOAD_ALL;
		has |= udp->has_gso ? CONF_OFFLOAD_UDP_GSO : 0;
		has |= udp->has_gro ? CONF_OFFLOAD_UDP_GRO : 0;
	}
	m->offloads = (uint8_t)(wanted & has);
	m->offloads_missing = (uint8_t)(may & ~has);
}

static void session_status(const struct gw_tunnel *t, struct msg_status_line *m)
{
	const struct gw_session *s = t->current;
	const struct gw_flow_session *f = &s->flow;
	struct l2tp_session_view v;

	offload_status(t, m);
	m->connection = f->data.connection;
	m->peer_connection = f->data.peer_connection;
	m->session = f->data.session;
	m->peer_session = f->data.peer_session;
	m->lac = f->data.lac;
	m->ipv6 = f->link.ipv6;
	if (f->link.ipv4) {
		m->local4 = f->link.local4;
		m->remote4 = f->link.remote4;
	}
	m->in_packets = f->in_packets;
	m->in_bytes = f->in_bytes;
	m->out_packets = f->out_packets;
	m->out_bytes = f->out_bytes;
	snprintf(m->user, sizeof m->user, "%s", f->data.lac ? t->conf.user : f->link.user);
	if (l2tp_session_view_of(t->gw->l2tp, f->data.session, &v))
		snprintf(m->peer_host, sizeof m->peer_host, "%s", v.peer_host_name);
}

static void line_status(struct gw_gateway *gw, const struct msg_status_ask *ask,
                        const struct gw_tunnel *t)
{
	ls_time now = clock_now(), deadline = gw_line_deadline(&t->line);
	struct msg_status_line m = {
		.id = ask->id,
		.tunnel = t->id,
		.state = gw_tunnel_state(t),
		.cause = (uint16_t)t->line.cause,
		.since_s = seconds_since(t->line.since, now),
		.tries = t->line.tries,
		.mtu = t->device.mtu,
		.idle_s = seconds_since(t->line.last_active, now),
		.queued = t->waiting.packets,
	};

	if (t->line.state == GW_LINE_BACKOFF && deadline > now)
		m.retry_in_ms = (uint32_t)((deadline - now) / 1000);
	snprintf(m.text, sizeof m.text, "%s", t->text);
	m.path_mtu = (uint16_t)(t->pmtu.in_force ? t->pmtu.in_force : t->pmtu.link);
	m.path_how = (uint8_t)gw_pmtu_how(t);
	m.path_since_s = seconds_since(t->pmtu.since, now);
	if (t->current)
		session_status(t, &m);
	GW_SEND(gw, PARENT, status_line, &m);
}

static void counters_status(struct gw_gateway *gw, uint64_t id)
{
	const struct ls_counters *esp = esp_counters(gw->sad), *l2tp = l2tp_counters(gw->l2tp);
	struct ls_counters ppp = gw->ppp_past;

	for (const struct gw_tunnel *t = gw->tunnels; t; t = t->next)
		for (const struct gw_session *s = t->sessions; s; s = s->next)
			for (size_t i = 0; i < LS_CAUSE_LIMIT; i++)
				ppp.by_cause[i] += ppp_counters(s->ppp)->by_cause[i];
	for (uint16_t i = 0; i < LS_CAUSE_LIMIT; i++) {
		struct msg_status_counter m = {
			.id = id,
			.role = MSG_ROLE_GATEWAY,
			.cause = i,
			.count = esp->by_cause[i] + l2tp->by_cause[i] + ppp.by_cause[i] +
		                 gw->counters.by_cause[i],
		};

		for (unsigned n = 0; n < gw->lanes; n++)
			m.count += gw_lane_counters(gw, n)->by_cause[i];

		if (m.count > 0)
			GW_SEND(gw, PARENT, status_counter, &m);
	}
}

void gw_status_ask(struct gw_gateway *gw, const struct msg_status_ask *m)
{
	struct msg_status_end end = {.id = m->id, .role = MSG_ROLE_GATEWAY};

	for (const struct gw_tunnel *t = gw->tunnels; t; t = t->next)
		if (m->tunnel == 0 || m->tunnel == t->id)
			line_status(gw, m, t);
	for (struct esp_sa *sa = esp_sa_next(gw->sad, NULL); sa; sa = esp_sa_next(gw->sad, sa))
		sa_status(gw, m, sa);
	if (m->tunnel == 0)
		counters_status(gw, m->id);
	GW_SEND(gw, PARENT, status_end, &end);
}

/* The names that Wireshark's esp_sa table has for algorithms (ChaCha20-Poly1305: since 4.2; none
 * for CCM, GMAC and implicit IVs). Its plain "AES-GCM [RFC4106]" takes the ICV for a part of the
 * text. */
static const char *wireshark_encr(const struct algo *a)
{
	switch (a ? a->mode : ALGO_MODE_NULL) {
	case ALGO_MODE_GCM:
		return a->icv_bytes == 16   ? "AES-GCM with 16 octet ICV [RFC4106]"
		       : a->icv_bytes == 12 ? "AES-GCM with 12 octet ICV [RFC4106]"
		                            : "AES-GCM with 8 octet ICV [RFC4106]";
	case ALGO_MODE_CHACHA:
		return "ChaCha20 with Poly1305 [RFC7634]";
	case ALGO_MODE_CTR:
		return "AES-CTR [RFC3686]";
	case ALGO_MODE_CBC:
		return a->id == ALGO_TDES                ? "TripleDES-CBC [RFC2451]"
		       : a->id == ALGO_DES               ? "DES-CBC [RFC2405]"
		       : strncmp(a->evp, "AES-", 4) != 0 ? "NULL"
		                                         : "AES-CBC [RFC3602]";
	default:
		return "NULL";
	}
}

static const char *wireshark_integ(const struct algo *a)
{
	switch (a ? a->id : ALGO_NONE) {
	case ALGO_SHA256:
		return "HMAC-SHA-256-128 [RFC4868]";
	case ALGO_SHA384:
		return "HMAC-SHA-384-192 [RFC4868]";
	case ALGO_SHA512:
		return "HMAC-SHA-512-256 [RFC4868]";
	case ALGO_SHA1:
		return "HMAC-SHA-1-96 [RFC2404]";
	case ALGO_MD5:
		return "HMAC-MD5-96 [RFC2403]";
	/* Wireshark 4.0 knows the length of these two and does not check them. */
	case ALGO_AESXCBC:
	case ALGO_AESCMAC:
		return "ANY 96 bit authentication [no checking]";
	default:
		return "NULL";
	}
}

static void hex(char *out, size_t cap, const uint8_t *bytes, size_t len)
{
	out[0] = '\0';
	for (size_t i = 0; i < len && 2 * i + 2 < cap; i++)
		snprintf(out + 2 * i, cap - 2 * i, "%02x", bytes[i]);
}

static void sa_keys(struct gw_gateway *gw, uint64_t id, const struct esp_sa *sa,
                    const struct secret *keys)
{
	struct msg_debug_keys m = {.id = id, .kind = MSG_DEBUG_ESP};
	struct esp_sa_view v;
	char from[LS_ADDR_TEXT_MAX], to[LS_ADDR_TEXT_MAX], encr[160], integ[160];

	esp_sa_view(sa, &v);
	struct ls_addr local = ls_addr_with_port(v.local, 0),
		       remote = ls_addr_with_port(v.remote, 0);
	const struct algo *e = algo_get(v.encr), *i = v.integ ? algo_get(v.integ) : NULL;

	/* Wireshark has no table for AH, which hides nothing. */
	if (v.protocol == ESP_PROTOCOL_AH)
		return;
	size_t encr_len = e ? (size_t)e->key_bytes + e->salt_bytes : 0;
	if (encr_len > keys->len)
		return;
	hex(encr, sizeof encr, keys->bytes, encr_len);
	hex(integ, sizeof integ, keys->bytes + encr_len, keys->len - encr_len);
	ls_addr_text(v.direction == ESP_IN ? &remote : &local, from);
	ls_addr_text(v.direction == ESP_IN ? &local : &remote, to);
	snprintf(m.line, sizeof m.line,
	         "\"%s\",\"%s\",\"%s\",\"0x%08x\",\"%s\",\"%s%s\",\"%s\",\"%s%s\"%s",
	         v.local.family == 4 ? "IPv4" : "IPv6", from, to, v.spi, wireshark_encr(e),
	         encr_len ? "0x" : "", encr, wireshark_integ(i), keys->len > encr_len ? "0x" : "",
	         integ, v.esn ? ",\"64-bit\"" : "");
	GW_SEND(gw, PARENT, debug_keys, &m);
	secret_wipe(&m, sizeof m);
	secret_wipe(encr, sizeof encr);
	secret_wipe(integ, sizeof integ);
}

static void tunnel_keys(struct gw_gateway *gw, uint64_t id, const struct gw_tunnel *t)
{
	for (const struct gw_chain *c = t->chains; c; c = c->next)
		for (unsigned i = 0; i < c->pairs; i++) {
			sa_keys(gw, id, c->pair[i].in, &c->pair[i].keys_in);
			if (c->pair[i].out)
				sa_keys(gw, id, c->pair[i].out, &c->pair[i].keys_out);
		}
}

void gw_debug_keys_ask(struct gw_gateway *gw, const struct msg_debug_keys_ask *m)
{
	struct msg_status_end end = {.id = m->id, .role = MSG_ROLE_GATEWAY};

	for (const struct gw_tunnel *t = gw->tunnels; t; t = t->next)
		if (m->tunnel == 0 || m->tunnel == t->id)
			tunnel_keys(gw, m->id, t);
	GW_SEND(gw, PARENT, status_end, &end);
}
