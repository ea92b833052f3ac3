/* LCP: the options of the link itself (RFC 1661 6). */
#include "ppp/ppp_engine.h"

enum {
	OPTION_MRU = 1,
	OPTION_ACCM = 2,
	OPTION_AUTH = 3,
	OPTION_MAGIC = 5,
	OPTION_PFC = 7,
	OPTION_ACFC = 8
};
enum {
	ECHO_MAX = PPP_FRAME_MAX - PPP_PREFIX_MAX - HEAD,
	CHAP_MD5 = 5,
	CHAP_MS_V2 = 0x81,
	PROBE_BODY = 8, /* magic number, cookie */
};

static void auth_write(struct wr *w, unsigned method)
{
	wr_u8(w, OPTION_AUTH);
	wr_u8(w, 5);
	wr_u16(w, PROTO_CHAP);
	wr_u8(w, method == PPP_AUTH_MSCHAPV2 ? CHAP_MS_V2 : CHAP_MD5);
}

static void options_write(struct ppp *p, struct wr *w)
{
	if (p->ask_mru) {
		wr_u8(w, OPTION_MRU);
		wr_u8(w, 4);
		wr_u16(w, p->config.mru);
	}
	if (p->we_require)
		auth_write(w, p->we_require);
	if (p->ask_magic) {
		wr_u8(w, OPTION_MAGIC);
		wr_u8(w, 6);
		wr_u32(w, p->magic);
	}
	if (p->ask_compress) {
		wr_u16(w, OPTION_PFC << 8 | 2);
		wr_u16(w, OPTION_ACFC << 8 | 2);
	}
}

/* How the peer wants us to prove ourselves. */
static unsigned auth_judge(struct ppp *p, struct rd *value, struct wr *nak)
{
	uint16_t protocol = rd_u16(value);
	uint8_t algorithm = protocol == PROTO_CHAP && rd_left(value) > 0 ? rd_u8(value) : 0;
	unsigned method = algorithm == CHAP_MD5     ? PPP_AUTH_CHAP_MD5
	                  : algorithm == CHAP_MS_V2 ? PPP_AUTH_MSCHAPV2
	                                            : 0;

	if (!p->config.accept)
		return CODE_REJECT;
	if (method & p->config.accept) {
		p->we_prove = (uint8_t)method;
		return CODE_ACK;
	}
	auth_write(nak,
	           p->config.accept & PPP_AUTH_MSCHAPV2 ? PPP_AUTH_MSCHAPV2 : PPP_AUTH_CHAP_MD5);
	return CODE_NAK;
}

static unsigned magic_judge(struct ppp *p, struct rd *value, struct wr *nak)
{
	uint32_t magic = rd_u32(value);

	if (magic != 0 && (magic != p->magic || !p->ask_magic)) {
		p->peer_magic = magic;
		return CODE_ACK;
	}
	p->loops += magic != 0;
	/* Our own number: the link may be looped back, or two drew the same (6.4). */
	wr_u8(nak, OPTION_MAGIC);
	wr_u8(nak, 6);
	wr_u32(nak, ls_random_u32(&p->random));
	return CODE_NAK;
}

static void request_begin(struct ppp *p)
{
	p->link.peer_mru = MRU_DEFAULT;
	p->link.send_pfc = p->link.send_acfc = false;
	p->we_prove = 0;
	p->peer_magic = 0;
}

static bool request_hopeless(const struct ppp *p)
{
	return p->loops >= LOOPS_MAX;
}

static unsigned option_judge(struct ppp *p, uint8_t type, struct rd *value, struct wr *nak)
{
	uint16_t mru;

	switch (type) {
	case OPTION_MRU:
		mru = rd_u16(value);
		if (mru >= MRU_LEAST) {
			p->link.peer_mru = mru;
			return CODE_ACK;
		}
		wr_u8(nak, OPTION_MRU);
		wr_u8(nak, 4);
		wr_u16(nak, MRU_DEFAULT);
		return CODE_NAK;
	case OPTION_ACCM: /* asynchronous lines only; means nothing here (RFC 1662 7.1) */
		rd_u32(value);
		return CODE_ACK;
	case OPTION_AUTH:
		return auth_judge(p, value, nak);
	case OPTION_MAGIC:
		return magic_judge(p, value, nak);
	case OPTION_PFC:
		p->link.send_pfc = true;
		return CODE_ACK;
	case OPTION_ACFC:
		p->link.send_acfc = true;
		return CODE_ACK;
	default:
		return CODE_REJECT;
	}
}

/* The peer would rather prove itself in another way, or not at all. */
static void auth_refused(struct ppp *p, struct rd *value, bool nak)
{
	uint8_t algorithm = nak && rd_u16(value) == PROTO_CHAP ? rd_u8(value) : 0;
	unsigned method = algorithm == CHAP_MD5     ? PPP_AUTH_CHAP_MD5
	                  : algorithm == CHAP_MS_V2 ? PPP_AUTH_MSCHAPV2
	                                            : 0;

	if (!p->we_require)
		return;
	if (method & p->config.require && rd_ok(value))
		p->we_require = (uint8_t)method;
	else if (nak && p->we_require == PPP_AUTH_MSCHAPV2 &&
	         (p->config.require & PPP_AUTH_CHAP_MD5))
		p->we_require = PPP_AUTH_CHAP_MD5;
	else
		p->cause = CAUSE_PPP_NO_AUTH; /* asked again, until it was refused too often */
	if (!nak)
		p->lcp.refusals = REFUSALS_MAX; /* it proves itself in no way at all */
}

static void option_refused(struct ppp *p, uint8_t type, struct rd *value, bool nak)
{
	uint16_t mru;

	switch (type) {
	case OPTION_MRU:
		mru = nak ? rd_u16(value) : 0;
		if (nak && rd_ok(value) && mru >= MRU_LEAST && mru <= p->config.mru)
			p->config.mru = mru;
		else
			p->ask_mru = false;
		break;
	case OPTION_AUTH:
		auth_refused(p, value, nak);
		break;
	case OPTION_MAGIC:
		p->magic = ls_random_u32(&p->random) | 1;
		p->ask_magic = nak;
		break;
	case OPTION_PFC:
	case OPTION_ACFC:
		p->ask_compress = false;
		break;
	default:
		break;
	}
}

bool ppp_probe(struct ppp *p, size_t size)
{
	uint8_t body[PROBE_BODY];
	struct ppp_request *r;

	_Static_assert(PPP_PROBE_MIN == HEAD + PROBE_BODY, "a probe without padding");
	if (p->lcp.state != CP_OPENED || p->phase != PHASE_NETWORK || size < PPP_PROBE_MIN ||
	    size > p->link.peer_mru || size > PPP_FRAME_MAX - PPP_PREFIX_MAX)
		return false;
	if (p->probe.size != size) {
		p->probe.size = size;
		p->probe.cookie = ls_random_u32(&p->random);
		p->probe.id = ++p->echo_id;
	}
	ls_put32(body, p->ask_magic ? p->magic : 0);
	ls_put32(body + MAGIC_SIZE, p->probe.cookie);
	r = ppp_packet_add(p, PROTO_LCP, CODE_ECHO_REQUEST, p->probe.id, body, sizeof body,
	                   size - PPP_PROBE_MIN);
	if (!r)
		return false;
	r->kind = PPP_REQ_PROBE;
	r->padding = size - PPP_PROBE_MIN;
	r->size = size;
	return true;
}

/* A peer may return less than all of the data: its answer shows that the question arrived, and what
 * its own packets meet is its own business. */
static void echo_reply(struct ppp *p, const struct cp_packet *k)
{
	struct rd body = k->body;
	struct ppp_request *r;

	rd_u32(&body);
	if (p->probe.size == 0 || k->id != p->probe.id || rd_u32(&body) != p->probe.cookie ||
	    !rd_ok(&body))
		return;
	r = ppp_request_add(p, PPP_REQ_PROBED);
	if (r)
		r->size = p->probe.size;
	p->probe.size = 0;
}

/* An Echo-Request that carries our own magic number is ours, come back: no sign of life (5.8). The
 * answer has all of the data, up to what the peer receives: it may be measuring. */
static void echo(struct ppp *p, const struct cp_packet *k)
{
	uint8_t reply[ECHO_MAX];
	struct rd body = k->body;
	size_t len = rd_left(&body) < sizeof reply ? rd_left(&body) : sizeof reply;

	if (k->code == CODE_ECHO_REPLY)
		echo_reply(p, k);
	if (len > p->link.peer_mru - (size_t)HEAD)
		len = p->link.peer_mru - (size_t)HEAD;
	if (k->code != CODE_ECHO_REQUEST || len < MAGIC_SIZE ||
	    (p->ask_magic && ls_get32(body.p + body.pos) == p->magic))
		return;
	rd_copy(&body, reply, len);
	ls_put32(reply, p->ask_magic ? p->magic : 0);
	ppp_send(p, PROTO_LCP, CODE_ECHO_REPLY, k->id, reply, len);
}

static void opened(struct ppp *p, ls_time now)
{
	p->heard = now;
	p->loops = 0;
	p->cause = CAUSE_NONE;
	p->peer_proven = !p->we_require;
	p->we_are_proven = !p->we_prove;
	p->phase = PHASE_AUTH;
	ppp_chap_start(p, now);
}

/* What stands on the link goes down with it; all of it is agreed on again, proof included, or the
 * link ends. */
static void down(struct ppp *p, ls_time now)
{
	char said[LS_EVENT_TEXT_MAX];

	p->chap_at = p->echo_at = p->report_at = p->address_at = LS_NEVER;
	p->make_id = p->check_id = p->address_id = 0;
	p->probe.size = 0;
	p->reported = false;
	if (p->lent)
		p->config.remote4.family = 0;
	if (p->ipcp.state > CP_STARTING)
		ppp_cp_event(p, &p->ipcp, CP_DOWN, NULL, now);
	if (p->ipv6cp.state > CP_STARTING)
		ppp_cp_event(p, &p->ipv6cp, CP_DOWN, NULL, now);
	/* Whoever was denied an address may ask anew. */
	if (p->denied != CAUSE_NONE)
		ppp_cp_event(p, &p->ipcp, CP_OPEN, NULL, now);
	p->denied = CAUSE_NONE;
	if (p->phase == PHASE_ENDING)
		return;
	p->limit_at = now + UP_LIMIT;
	p->phase = PHASE_LCP;
	if (p->lcp.state == CP_STOPPING)
		ppp_ending(p, p->lcp.cause, ppp_cp_said(&p->lcp, said, sizeof said));
}

/* The caller cannot know of itself what this end lacks. */
static const char *goodbye(const struct ppp *p)
{
	return p->cause == CAUSE_GW_NO_ADDRESS || p->cause == CAUSE_PPP_NO_IPV4
	               ? ls_cause_info(p->cause)->sentence
	               : NULL;
}

static void ended(struct ppp *p, enum ls_cause cause, ls_time now)
{
	if (p->phase != PHASE_ENDING)
		ppp_ending(p,
		           p->cause == CAUSE_PPP_NO_AUTH ? p->cause
		           : cause != CAUSE_NONE         ? cause
		                                         : CAUSE_PPP_NO_AGREEMENT,
		           "");
	ppp_fail(p, p->cause, p->why, now);
}

const struct cp_kind ppp_lcp_kind = {
	.protocol = PROTO_LCP,
	.options_write = options_write,
	.request_begin = request_begin,
	.option_judge = option_judge,
	.request_hopeless = request_hopeless,
	.option_refused = option_refused,
	.echo = echo,
	.opened = opened,
	.down = down,
	.ended = ended,
	.goodbye = goodbye,
};
