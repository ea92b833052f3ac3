/* One PPP link: phases, frames, time, and the owner's questions and answers (RFC 1661 3). */
#include "ppp/ppp_engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ECHO_DEFAULT_S = 30, ECHO_FAILURES = 4, MAGIC_SIZE = 4, REJECTED_MAX = 256 };
#define ECHO_AGAIN LS_S(3)
#define UP_LIMIT LS_S(60)
#define OTHER_WAIT LS_MS(700)

struct ppp_request *ppp_request_add(struct ppp *p, enum ppp_request_kind kind)
{
	struct queued *q = p->requests < REQUESTS_MAX ? calloc(1, sizeof *q) : NULL;

	if (!q) {
		ls_count(&p->counters, CAUSE_NO_MEMORY);
		return NULL;
	}
	q->r.kind = kind;
	*p->last = q;
	p->last = &q->next;
	p->requests++;
	return &q->r;
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

void ppp_send(struct ppp *p, uint16_t protocol, uint8_t code, uint8_t id, const void *body,
              size_t len)
{
	struct ppp_request *r = ppp_request_add(p, PPP_REQ_SEND);
	struct queued *q = (struct queued *)(void *)r;
	struct wr w;

	_Static_assert(offsetof(struct queued, r) == 0, "the request comes first");
	if (!r)
		return;
	w = wr_make(q->bytes, sizeof q->bytes);
	wr_u16(&w, 0xff03);
	wr_u16(&w, protocol);
	wr_u8(&w, code);
	wr_u8(&w, id);
	wr_u16(&w, (uint16_t)(HEAD + len));
	if (len > 0)
		wr_bytes(&w, body, len);
	r->bytes = LS_BYTES(q->bytes, w.len);
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

struct ppp *ppp_new(const struct ppp_config *config, const struct ls_random *random, ls_time now)
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
	p->chap_at = p->echo_at = p->report_at = LS_NEVER;
	p->limit_at = now + UP_LIMIT;
	p->heard = now;
	link_init(p);
	ppp_cp_open(p, &p->lcp, now);
	return p;
}

void ppp_free(struct ppp *p)
{
	struct ppp_request r;

	if (!p)
		return;
	while (ppp_next(p, &r))
		;
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

void ppp_fail(struct ppp *p, enum ls_cause cause, const char *why, ls_time now)
{
	if (p->phase == PHASE_DEAD)
		return;
	if (p->phase != PHASE_ENDING) {
		p->cause = cause;
		snprintf(p->why, sizeof p->why, "%s", why);
		ls_count(&p->counters, cause);
	}
	p->phase = PHASE_ENDING;
	p->chap_at = p->echo_at = LS_NEVER;
	p->limit_at = p->report_at = LS_NEVER;
	p->ipcp.state = p->ipv6cp.state = CP_CLOSED;
	p->ipcp.at = p->ipv6cp.at = LS_NEVER;
	if (p->lcp.state == CP_CLOSED)
		dead(p);
	else
		ppp_cp_close(p, &p->lcp, now);
}

void ppp_close(struct ppp *p, enum ls_cause cause, ls_time now)
{
	ppp_fail(p, cause, "", now);
}

static void network_open(struct ppp *p, ls_time now)
{
	if (p->config.ipv4)
		ppp_cp_open(p, &p->ipcp, now);
	if (p->config.ipv6)
		ppp_cp_open(p, &p->ipv6cp, now);
	if (!p->config.ipv4 && !p->config.ipv6)
		ppp_fail(p, CAUSE_PPP_NO_PROTOCOL, "", now);
}

static ls_time echo_every(const struct ppp *p)
{
	return p->config.echo_interval_s == UINT32_MAX
	               ? LS_NEVER
	               : LS_S(p->config.echo_interval_s ? p->config.echo_interval_s
	                                                : ECHO_DEFAULT_S);
}

void ppp_authenticated(struct ppp *p, ls_time now)
{
	struct ppp_request *r;

	p->phase = PHASE_NETWORK;
	p->chap_at = LS_NEVER;
	p->echo_at = ls_time_add(now, echo_every(p));
	if (p->config.caller || !p->config.ipv4 || p->config.remote4.family == 4) {
		network_open(p, now);
		return;
	}
	r = ppp_request_add(p, PPP_REQ_ADDRESS);
	if (!r)
		return;
	r->id = p->address_id = ++p->next_id;
	r->link = p->link;
}

static bool settled(const struct cp *cp)
{
	return cp->state == CP_OPEN || cp->state == CP_CLOSED;
}

void ppp_report_up(struct ppp *p, ls_time now)
{
	struct ppp_request *r;

	p->limit_at = LS_NEVER;
	if (!p->reported && (!settled(&p->ipcp) || !settled(&p->ipv6cp)) && p->report_at > now) {
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
	if (id == p->auth_id) {
		p->auth_id = 0;
		if (p->asked.response_len == 0)
			ppp_chap_made(p, a, now);
		else
			ppp_chap_checked(p, a, now);
	} else if (id == p->address_id) {
		p->address_id = 0;
		p->config.remote4 = a->address;
		if (a->dns[0].family == 4)
			memcpy(p->config.dns4, a->dns, sizeof p->config.dns4);
		p->config.ipv4 = a->ok && a->address.family == 4;
		network_open(p, now);
	}
}

/* -- frames -- */

static void echo_input(struct ppp *p, uint8_t code, uint8_t id, struct rd body)
{
	uint8_t reply[REJECTED_MAX];
	size_t len = rd_left(&body) < sizeof reply ? rd_left(&body) : sizeof reply;

	if (p->lcp.state != CP_OPEN || code != CODE_ECHO_REQUEST || len < MAGIC_SIZE)
		return;
	rd_copy(&body, reply, len);
	ls_put32(reply, p->ask_magic ? p->magic : 0);
	ppp_send(p, PROTO_LCP, CODE_ECHO_REPLY, id, reply, len);
}

static void protocol_rejected(struct ppp *p, struct rd body, ls_time now)
{
	uint16_t protocol = rd_u16(&body);
	struct cp *cp = protocol == PROTO_IPCP     ? &p->ipcp
	                : protocol == PROTO_IPV6CP ? &p->ipv6cp
	                                           : NULL;

	if (!cp || cp->state == CP_CLOSED)
		return;
	cp->state = CP_CLOSED;
	cp->at = LS_NEVER;
	cp->kind->ended(p, CAUSE_PPP_NO_PROTOCOL, now);
}

static void lcp_input(struct ppp *p, uint8_t code, uint8_t id, struct rd body, ls_time now)
{
	if (code == CODE_ECHO_REQUEST || code == CODE_ECHO_REPLY || code == CODE_DISCARD)
		echo_input(p, code, id, body);
	else if (code == CODE_PROTOCOL_REJECT)
		protocol_rejected(p, body, now);
	else
		ppp_cp_input(p, &p->lcp, code, id, body, now);
}

static void protocol_reject(struct ppp *p, uint16_t protocol, struct rd body)
{
	uint8_t reply[REJECTED_MAX + 2];
	size_t len = rd_left(&body) < REJECTED_MAX ? rd_left(&body) : REJECTED_MAX;

	ls_put16(reply, protocol);
	rd_copy(&body, reply + 2, len);
	ppp_send(p, PROTO_LCP, CODE_PROTOCOL_REJECT, ++p->lcp.id, reply, len + 2);
}

void ppp_input(struct ppp *p, const uint8_t *frame, size_t len, ls_time now)
{
	uint16_t protocol;
	size_t offset;

	if (p->phase == PHASE_DEAD || !ppp_data_parse(frame, len, &protocol, &offset)) {
		ls_count(&p->counters, CAUSE_PPP_FRAME);
		return;
	}
	struct rd whole = rd_make(frame + offset, len - offset), body = whole;
	uint8_t code = rd_u8(&body), id = rd_u8(&body);
	uint16_t total = rd_u16(&body);
	bool well = rd_ok(&body) && total >= HEAD && total <= whole.len;

	p->heard = now;
	p->echoes = 0;
	if (protocol == 0x0021 || protocol == 0x0057) {
		ls_count(&p->counters, CAUSE_PPP_UNEXPECTED);
		return;
	}
	if (protocol != PROTO_LCP && (p->lcp.state != CP_OPEN || p->phase == PHASE_ENDING))
		return;
	if (well)
		body = rd_sub(&body, total - (size_t)HEAD);
	if (!well)
		ls_count(&p->counters, CAUSE_PPP_FRAME);
	else if (protocol == PROTO_LCP)
		lcp_input(p, code, id, body, now);
	else if (protocol == PROTO_CHAP)
		ppp_chap_input(p, code, id, body, now);
	else if (protocol == PROTO_IPCP && p->config.ipv4 && p->phase == PHASE_NETWORK)
		ppp_cp_input(p, &p->ipcp, code, id, body, now);
	else if (protocol == PROTO_IPV6CP && p->config.ipv6 && p->phase == PHASE_NETWORK)
		ppp_cp_input(p, &p->ipv6cp, code, id, body, now);
	else if (p->phase == PHASE_NETWORK && p->address_id == 0)
		protocol_reject(p, protocol, whole);
}

/* -- time -- */

static void echo_tick(struct ppp *p, ls_time now)
{
	uint8_t magic[MAGIC_SIZE];
	unsigned most = p->config.echo_failures ? p->config.echo_failures : ECHO_FAILURES;

	if (p->heard + echo_every(p) > now) {
		p->echoes = 0;
		p->echo_at = p->heard + echo_every(p);
		return;
	}
	if (p->echoes >= most) {
		ppp_fail(p, CAUSE_PEER_SILENT, "no answer to PPP echoes", now);
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
	if (p->limit_at <= now)
		ppp_fail(p, CAUSE_PPP_NO_AGREEMENT, "PPP did not come up in time", now);
}

ls_time ppp_deadline(const struct ppp *p)
{
	ls_time first = ls_time_min(p->lcp.at, ls_time_min(p->ipcp.at, p->ipv6cp.at));

	if (p->phase == PHASE_DEAD)
		return LS_NEVER;
	first = ls_time_min(first, ls_time_min(p->chap_at, p->report_at));
	return ls_time_min(first, ls_time_min(p->echo_at, p->limit_at));
}

const struct ppp_link *ppp_link(const struct ppp *p)
{
	return &p->link;
}

const char *ppp_phase(const struct ppp *p)
{
	switch (p->phase) {
	case PHASE_LCP:
		return "starting";
	case PHASE_AUTH:
		return "authenticating";
	case PHASE_NETWORK:
		return p->link.ipv4 || p->link.ipv6 ? "up" : "negotiating";
	default:
		return "ending";
	}
}

const struct ls_counters *ppp_counters(const struct ppp *p)
{
	return &p->counters;
}
