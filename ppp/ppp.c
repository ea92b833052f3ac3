/* One PPP link: phases, frames, time, and the owner's questions and answers (RFC 1661 3). */
#include "ppp/ppp_engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ECHO_DEFAULT_S = 30, ECHO_FAILURES = 4, REJECTED_MAX = 256 };
#define ECHO_AGAIN LS_S(3)
#define OTHER_WAIT LS_MS(700)

void ppp_count(struct ppp *p, enum ls_cause cause)
{
	if (!p->counters)
		p->counters = calloc(1, sizeof *p->counters);
	if (p->counters)
		ls_count(p->counters, cause);
}

static struct queued *queued_add(struct ppp *p, enum ppp_request_kind kind, size_t bytes)
{
	struct queued *q = p->requests < REQUESTS_MAX ? calloc(1, sizeof *q + bytes) : NULL;

	if (!q) {
		ppp_count(p, CAUSE_NO_MEMORY);
		return NULL;
	}
	q->r.kind = kind;
	*p->last = q;
	p->last = &q->next;
	p->requests++;
	return q;
}

struct ppp_request *ppp_request_add(struct ppp *p, enum ppp_request_kind kind)
{
	struct queued *q = queued_add(p, kind, 0);

	return q ? &q->r : NULL;
}

bool ppp_next(struct ppp *p, struct ppp_request *request)
{
	struct queued *q = p->first;

	free(p->handed);
	p->handed = q;
	if (!q)
		return false;
	p->first = q->next;
	if (!p->first)
		p->last = &p->first;
	p->requests--;
	*request = q->r;
	return true;
}

struct ppp_request *ppp_packet_add(struct ppp *p, uint16_t protocol, uint8_t code, uint8_t id,
                                   const void *body, size_t len, size_t padding)
{
	struct queued *q = queued_add(p, PPP_REQ_SEND, (size_t)PPP_PREFIX_MAX + HEAD + len);
	struct wr w;

	if (!q)
		return NULL;
	w = wr_make(q->bytes, (size_t)PPP_PREFIX_MAX + HEAD + len);
	wr_u16(&w, 0xff03);
	wr_u16(&w, protocol);
	wr_u8(&w, code);
	wr_u8(&w, id);
	wr_u16(&w, (uint16_t)(HEAD + len + padding));
	if (len > 0)
		wr_bytes(&w, body, len);
	q->r.bytes = LS_BYTES(q->bytes, w.len);
	return &q->r;
}

void ppp_send(struct ppp *p, uint16_t protocol, uint8_t code, uint8_t id, const void *body,
              size_t len)
{
	ppp_packet_add(p, protocol, code, id, body, len, 0);
}

static void link_init(struct ppp *p)
{
	static const uint8_t none[8];

	p->link.peer_mru = MRU_DEFAULT;
	p->link.local4 = p->config.local4.family == 4 ? p->config.local4 : ls_addr_v4(0, 0);
	p->ask_address = p->config.caller || p->config.local4.family == 4;
	p->ask_dns[0] = p->ask_dns[1] = p->config.caller && p->config.want_dns;
	p->ask_mru = p->config.mru != MRU_DEFAULT;
	p->ask_magic = true;
	p->ask_compress = p->config.compress_header;
	p->we_require =
		p->config.require & PPP_AUTH_MSCHAPV2 ? PPP_AUTH_MSCHAPV2 : p->config.require;
	p->magic = ls_random_u32(&p->random) | 1;
	memcpy(p->local_id, p->config.interface_id, 8);
	while (memcmp(p->local_id, none, 8) == 0) {
		ls_random_fill(&p->random, p->local_id, 8);
		p->local_id[0] &= 0xfd;
	}
}

struct ppp *ppp_blank(const struct ppp_config *config, const struct ls_random *random, ls_time now)
{
	struct ppp *p = calloc(1, sizeof *p);

	if (!p)
		return NULL;
	p->config = *config;
	if (p->config.mru == 0)
		p->config.mru = MRU_DEFAULT;
	p->random = *random;
	p->last = &p->first;
	p->lcp = (struct cp){.kind = &ppp_lcp_kind, .at = LS_NEVER};
	p->ipcp = (struct cp){.kind = &ppp_ipcp_kind, .at = LS_NEVER};
	p->ipv6cp = (struct cp){.kind = &ppp_ipv6cp_kind, .at = LS_NEVER};
	p->chap_at = p->echo_at = p->report_at = p->address_at = LS_NEVER;
	p->limit_at = now + UP_LIMIT;
	p->heard = now;
	link_init(p);
	return p;
}

struct ppp *ppp_new(const struct ppp_config *config, const struct ls_random *random, ls_time now)
{
	struct ppp *p = ppp_blank(config, random, now);

	if (!p)
		return NULL;
	if (p->config.ipv4)
		ppp_cp_event(p, &p->ipcp, CP_OPEN, NULL, now);
	if (p->config.ipv6)
		ppp_cp_event(p, &p->ipv6cp, CP_OPEN, NULL, now);
	ppp_cp_event(p, &p->lcp, CP_OPEN, NULL, now);
	ppp_cp_event(p, &p->lcp, CP_UP, NULL, now);
	return p;
}

void ppp_free(struct ppp *p)
{
	struct ppp_request r;

	if (!p)
		return;
	while (ppp_next(p, &r))
		;
	free(p->counters);
	free(p);
}

static void dead(struct ppp *p)
{
	struct ppp_request *r;

	if (p->phase == PHASE_DEAD)
		return;
	p->phase = PHASE_DEAD;
	r = ppp_request_add(p, PPP_REQ_DOWN);
	if (!r)
		return;
	r->cause = p->cause;
	r->event.cause = p->cause;
	r->event.tunnel = p->config.tunnel;
	snprintf(r->event.text, sizeof r->event.text, "%s", p->why);
}

void ppp_ending(struct ppp *p, enum ls_cause cause, const char *why)
{
	if (p->phase == PHASE_ENDING || p->phase == PHASE_DEAD)
		return;
	p->phase = PHASE_ENDING;
	p->cause = cause;
	snprintf(p->why, sizeof p->why, "%s", why);
	ppp_count(p, cause);
	p->chap_at = p->echo_at = LS_NEVER;
	p->limit_at = p->report_at = p->address_at = LS_NEVER;
}

void ppp_fail(struct ppp *p, enum ls_cause cause, const char *why, ls_time now)
{
	ppp_ending(p, cause, why);
	if (p->lcp.state <= CP_STOPPED)
		dead(p);
	else
		ppp_cp_event(p, &p->lcp, CP_CLOSE, NULL, now);
}

void ppp_close(struct ppp *p, enum ls_cause cause, ls_time now)
{
	ppp_fail(p, cause, "", now);
}

enum ls_cause ppp_why(const struct ppp *p, const char **text)
{
	*text = p->why;
	return p->cause;
}

/* An NCP that the peer rejected, or that has no address to give, stays where it is. */
void ppp_network_open(struct ppp *p, ls_time now)
{
	bool any = false;

	if (p->ipcp.state == CP_STARTING) {
		ppp_cp_event(p, &p->ipcp, CP_UP, NULL, now);
		any = true;
	}
	if (p->ipv6cp.state == CP_STARTING) {
		ppp_cp_event(p, &p->ipv6cp, CP_UP, NULL, now);
		any = true;
	}
	if (!any)
		ppp_fail(p, CAUSE_PPP_NO_PROTOCOL, "", now);
}

ls_time ppp_echo_every(const struct ppp *p)
{
	return p->config.echo_interval_s == UINT32_MAX
	               ? LS_NEVER
	               : LS_S(p->config.echo_interval_s ? p->config.echo_interval_s
	                                                : ECHO_DEFAULT_S);
}

void ppp_authenticated(struct ppp *p, ls_time now)
{
	p->phase = PHASE_NETWORK;
	p->chap_at = LS_NEVER;
	p->echo_at = ls_time_add(now, ppp_echo_every(p));
	if (p->config.caller || p->ipcp.state != CP_STARTING || p->config.remote4.family == 4) {
		ppp_network_open(p, now);
		return;
	}
	ppp_address_ask(p);
}

void ppp_report_up(struct ppp *p, ls_time now)
{
	struct ppp_request *r;

	if (!p->link.ipv4 && !p->link.ipv6) {
		p->report_at = LS_NEVER; /* what was open is agreed on anew */
		return;
	}
	if (p->config.ipv4 && p->config.need_ipv4 && !p->link.ipv4)
		return;
	p->limit_at = LS_NEVER;
	if (!p->reported && (ppp_cp_busy(&p->ipcp) || ppp_cp_busy(&p->ipv6cp)) &&
	    p->report_at > now) {
		if (p->report_at == LS_NEVER)
			p->report_at = now + OTHER_WAIT;
		return;
	}
	p->reported = true;
	p->report_at = LS_NEVER;
	r = ppp_request_add(p, PPP_REQ_UP);
	if (r)
		r->link = p->link;
}

void ppp_answer(struct ppp *p, uint64_t id, const struct ppp_answer *a, ls_time now)
{
	if (id == 0 || p->phase == PHASE_ENDING || p->phase == PHASE_DEAD)
		return;
	if (id == p->make_id) {
		p->make_id = 0;
		ppp_chap_made(p, a, now);
	} else if (id == p->check_id) {
		p->check_id = 0;
		ppp_chap_checked(p, a, now);
	} else if (id == p->address_id) {
		p->address_id = 0;
		ppp_address_answered(p, a, now);
	}
}

/* -- frames -- */

/* What the peer refuses to hear of is not said again. */
static void protocol_rejected(struct ppp *p, struct rd body, ls_time now)
{
	uint16_t protocol = rd_u16(&body);
	struct cp *cp = protocol == PROTO_IPCP ? &p->ipcp : &p->ipv6cp;

	if (!rd_ok(&body) || p->lcp.state != CP_OPENED)
		ppp_count(p, CAUSE_PPP_UNEXPECTED);
	else if (protocol == PROTO_LCP)
		ppp_cp_event(p, &p->lcp, CP_RXJ_SEVERE, NULL, now);
	else if (protocol == PROTO_CHAP && p->phase == PHASE_AUTH)
		ppp_fail(p, CAUSE_PPP_NO_AUTH, "the peer rejects CHAP", now);
	else if ((protocol == PROTO_IPCP || protocol == PROTO_IPV6CP) && cp->state > CP_STARTING) {
		ppp_cp_event(p, cp, CP_DOWN, NULL, now);
		cp->cause = CAUSE_PPP_NO_PROTOCOL;
		ppp_cp_event(p, cp, CP_CLOSE, NULL, now);
	}
}

static void lcp_input(struct ppp *p, struct cp_packet *k, ls_time now)
{
	switch (k->code) {
	case CODE_ECHO_REQUEST:
	case CODE_ECHO_REPLY:
	case CODE_DISCARD:
		ppp_cp_event(p, &p->lcp, CP_RXR, k, now);
		break;
	case CODE_PROTOCOL_REJECT:
		protocol_rejected(p, k->body, now);
		break;
	case CODE_IDENTIFICATION:
	case CODE_TIME_REMAINING:
		break; /* said for people to read (RFC 1570 2) */
	default:
		ppp_cp_input(p, &p->lcp, k, now);
	}
}

static void protocol_reject(struct ppp *p, uint16_t protocol, const uint8_t *body, size_t len)
{
	uint8_t reply[REJECTED_MAX + 2];
	struct wr w = wr_make(reply, sizeof reply);
	size_t most = p->link.peer_mru - (size_t)HEAD - 2;

	most = most < REJECTED_MAX ? most : REJECTED_MAX;
	wr_u16(&w, protocol);
	wr_bytes(&w, body, len < most ? len : most);
	ppp_send(p, PROTO_LCP, CODE_PROTOCOL_REJECT, ++p->lcp.serial, reply, w.len);
}

/* An Echo-Request of ours that comes back is no sign of the peer's life. */
static bool is_own_echo(const struct ppp *p, uint16_t protocol, const struct cp_packet *k)
{
	return protocol == PROTO_LCP && k->code == CODE_ECHO_REQUEST && p->ask_magic &&
	       rd_left(&k->body) >= MAGIC_SIZE && ls_get32(k->body.p + k->body.pos) == p->magic;
}

static bool packet_read(struct cp_packet *k, const uint8_t *bytes, size_t len)
{
	struct rd whole = rd_make(bytes, len);
	uint16_t total;

	k->whole = bytes;
	k->code = rd_u8(&whole);
	k->id = rd_u8(&whole);
	total = rd_u16(&whole);
	if (!rd_ok(&whole) || total < HEAD || total > len)
		return false;
	k->len = total; /* what follows is padding */
	k->body = rd_sub(&whole, total - (size_t)HEAD);
	return true;
}

static bool known(const struct ppp *p, uint16_t protocol)
{
	return protocol == PROTO_LCP || protocol == PROTO_CHAP ||
	       (protocol == PROTO_IPCP && p->ipcp.state != CP_INITIAL) ||
	       (protocol == PROTO_IPV6CP && p->ipv6cp.state != CP_INITIAL);
}

static void packet_input(struct ppp *p, uint16_t protocol, struct cp_packet *k, ls_time now)
{
	if (is_own_echo(p, protocol, k)) {
		ppp_count(p, CAUSE_PPP_LOOP);
		p->looped = true;
		return;
	}
	ppp_heard(p, now);
	if (protocol == PROTO_LCP)
		lcp_input(p, k, now);
	else if (p->lcp.state != CP_OPENED)
		return;
	else if (protocol == PROTO_CHAP)
		ppp_chap_input(p, k->code, k->id, k->body, now);
	else if (p->phase == PHASE_NETWORK)
		ppp_cp_input(p, protocol == PROTO_IPCP ? &p->ipcp : &p->ipv6cp, k, now);
	if (protocol == PROTO_IPCP && p->phase == PHASE_NETWORK)
		ppp_ipv4_check(p, now);
}

void ppp_input(struct ppp *p, const uint8_t *frame, size_t len, ls_time now)
{
	struct cp_packet k = {0};
	uint16_t protocol;
	size_t offset;
	bool whole = p->phase != PHASE_DEAD && ppp_data_parse(frame, len, &protocol, &offset);

	if (whole && (protocol == PROTO_IPV4 || protocol == PROTO_IPV6)) {
		ppp_count(p, CAUSE_PPP_UNEXPECTED);
	} else if (whole && !known(p, protocol)) {
		ppp_heard(p, now);
		if (p->phase == PHASE_NETWORK && p->address_id == 0)
			protocol_reject(p, protocol, frame + offset, len - offset);
	} else if (whole && packet_read(&k, frame + offset, len - offset)) {
		packet_input(p, protocol, &k, now);
	} else {
		ppp_count(p, CAUSE_PPP_FRAME);
	}
}

/* -- time -- */

static void echo_tick(struct ppp *p, ls_time now)
{
	uint8_t magic[MAGIC_SIZE];
	unsigned most = p->config.echo_failures ? p->config.echo_failures : ECHO_FAILURES;

	if (p->heard + ppp_echo_every(p) > now) {
		p->echoes = 0;
		p->echo_at = p->heard + ppp_echo_every(p);
		return;
	}
	if (p->echoes >= most) {
		ppp_fail(p, p->looped ? CAUSE_PPP_LOOP : CAUSE_PEER_SILENT,
		         "no answer to PPP echoes", now);
		return;
	}
	p->echoes++;
	ls_put32(magic, p->ask_magic ? p->magic : 0);
	ppp_send(p, PROTO_LCP, CODE_ECHO_REQUEST, ++p->echo_id, magic, sizeof magic);
	p->echo_at = now + ECHO_AGAIN;
}

void ppp_heard(struct ppp *p, ls_time now)
{
	p->heard = now;
	p->echoes = 0;
	p->looped = false;
}

void ppp_tick(struct ppp *p, ls_time now)
{
	if (p->phase == PHASE_DEAD)
		return;
	ppp_cp_tick(p, &p->lcp, now);
	ppp_cp_tick(p, &p->ipcp, now);
	ppp_cp_tick(p, &p->ipv6cp, now);
	if (p->chap_at <= now)
		ppp_chap_tick(p, now);
	if (p->echo_at <= now)
		echo_tick(p, now);
	if (p->report_at <= now)
		ppp_report_up(p, now);
	if (p->address_at <= now)
		ppp_address_ask(p);
	if (p->limit_at <= now)
		ppp_fail(p, CAUSE_PPP_NO_AGREEMENT, "PPP did not come up in time", now);
}

ls_time ppp_deadline(const struct ppp *p)
{
	ls_time first = ls_time_min(p->lcp.at, ls_time_min(p->ipcp.at, p->ipv6cp.at));

	if (p->phase == PHASE_DEAD)
		return LS_NEVER;
	first = ls_time_min(first, ls_time_min(p->chap_at, p->report_at));
	first = ls_time_min(first, p->address_at);
	return ls_time_min(first, ls_time_min(p->echo_at, p->limit_at));
}

const struct ppp_link *ppp_link(const struct ppp *p)
{
	return &p->link;
}

const struct ls_counters *ppp_counters(const struct ppp *p)
{
	static const struct ls_counters nothing;

	return p->counters ? p->counters : &nothing;
}
