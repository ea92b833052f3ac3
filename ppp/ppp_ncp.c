/* IPCP (RFC 1332, 1877) and IPV6CP (RFC 5072): what the network protocols need. */
#include "ppp/ppp_engine.h"

#include <string.h>

enum { OPTION_ADDRESS = 3, OPTION_DNS1 = 129, OPTION_DNS2 = 131, OPTION_INTERFACE_ID = 1 };
enum { ADDRESS_OPTION_SIZE = 6, ID_OPTION_SIZE = 10 };

static void address_write(struct wr *w, uint8_t type, const struct ls_addr *a)
{
	wr_u8(w, type);
	wr_u8(w, ADDRESS_OPTION_SIZE);
	wr_bytes(w, a->ip, 4);
}

static struct ls_addr address_read(struct rd *r)
{
	return ls_addr_v4(rd_u32(r), 0);
}

static void ipcp_write(struct ppp *p, struct wr *w)
{
	if (p->ask_address)
		address_write(w, OPTION_ADDRESS, &p->link.local4);
	for (unsigned i = 0; i < 2; i++)
		if (p->ask_dns[i])
			address_write(w, i == 0 ? OPTION_DNS1 : OPTION_DNS2, &p->link.dns4[i]);
}

/* A name server that the peer asks for: it gets ours, or none. */
static unsigned dns_judge(struct ppp *p, uint8_t type, struct rd *value, struct wr *nak)
{
	const struct ls_addr *ours = &p->config.dns4[type == OPTION_DNS2];
	struct ls_addr asked = address_read(value);

	if (p->config.caller || ours->family != 4)
		return CODE_REJECT;
	if (ls_addr_same_ip(&asked, ours))
		return CODE_ACK;
	address_write(nak, type, ours);
	return CODE_NAK;
}

static void ipcp_begin(struct ppp *p)
{
	p->link.remote4 = p->config.remote4;
}

static unsigned ipcp_judge(struct ppp *p, uint8_t type, struct rd *value, struct wr *nak)
{
	struct ls_addr asked;

	if (type == OPTION_DNS1 || type == OPTION_DNS2)
		return dns_judge(p, type, value, nak);
	if (type != OPTION_ADDRESS)
		return CODE_REJECT;
	asked = address_read(value);
	/* Whoever calls takes the address that is given; the other side's is taken as it says. */
	if (p->config.remote4.family == 4 && !ls_addr_same_ip(&asked, &p->config.remote4)) {
		address_write(nak, OPTION_ADDRESS, &p->config.remote4);
		return CODE_NAK;
	}
	if (ls_addr_v4_value(&asked) == 0)
		return CODE_REJECT;
	p->link.remote4 = asked;
	return CODE_ACK;
}

static void ipcp_refused(struct ppp *p, uint8_t type, struct rd *value, bool nak)
{
	struct ls_addr theirs = nak ? address_read(value) : (struct ls_addr){.family = 0};

	if (type == OPTION_DNS1 || type == OPTION_DNS2) {
		unsigned i = type == OPTION_DNS2;

		p->ask_dns[i] = p->ask_dns[i] && nak && rd_ok(value);
		p->link.dns4[i] = p->ask_dns[i] ? theirs : (struct ls_addr){.family = 0};
	} else if (type == OPTION_ADDRESS) {
		if (!nak)
			p->ask_address = false;
		else if (rd_ok(value) && p->config.caller && p->config.local4.family == 0)
			p->link.local4 = theirs;
	}
}

/* A caller that was given no address has nothing to do here. */
static void ipcp_opened(struct ppp *p, ls_time now)
{
	if (p->config.caller && ls_addr_v4_value(&p->link.local4) == 0) {
		p->ipcp.cause = CAUSE_PPP_NO_PROTOCOL;
		ppp_cp_event(p, &p->ipcp, CP_CLOSE, NULL, now);
		return;
	}
	p->link.ipv4 = true;
	ppp_report_up(p, now);
}

static bool cp_hopeless(const struct cp *cp)
{
	return cp->state == CP_INITIAL || cp->state == CP_CLOSED || cp->state == CP_STOPPED;
}

/*
 * A protocol that the peer did not answer, or ended, while another one is up is tried again later:
 * the peer may have it open (its last answers were lost) and would send into nothing, or may have
 * an address by then. The pauses grow.
 */
static void ncp_again(struct cp *cp, ls_time now)
{
	ls_time wait = NCP_AGAIN << (cp->again < AGAIN_DOUBLINGS ? cp->again : AGAIN_DOUBLINGS);

	if (cp->state != CP_STOPPED || cp->at != LS_NEVER ||
	    (cp->cause != CAUSE_PEER_SILENT && cp->cause != CAUSE_PEER_ASKED))
		return;
	cp->again++;
	cp->at = now + ls_time_min(wait, NCP_AGAIN_MOST);
}

/* The last of the network protocols is over. */
static void network_ended(struct ppp *p, enum ls_cause cause, ls_time now)
{
	char said[LS_EVENT_TEXT_MAX];

	if (p->denied != CAUSE_NONE)
		ppp_fail(p, p->denied, "", now);
	else
		ppp_fail(p, cause == CAUSE_PEER_ASKED ? cause : CAUSE_PPP_NO_PROTOCOL,
		         ppp_cp_said(p->config.ipv4 ? &p->ipcp : &p->ipv6cp, said, sizeof said),
		         now);
}

/* A network protocol is over; when it was the last one, so is the link. */
static void ncp_ended(struct ppp *p, enum ls_cause cause, ls_time now)
{
	if (p->phase != PHASE_NETWORK)
		return;
	if (cp_hopeless(&p->ipcp) && cp_hopeless(&p->ipv6cp)) {
		network_ended(p, cause, now);
		return;
	}
	ppp_ipv4_check(p, now);
	if (p->phase != PHASE_NETWORK)
		return;
	ncp_again(&p->ipcp, now);
	ncp_again(&p->ipv6cp, now);
	if (p->link.ipv4 || p->link.ipv6)
		ppp_report_up(p, now);
}

/* -- IPv4 that does not come -- */

enum ls_cause ppp_no_ipv4(struct ppp *p, const char **text)
{
	const struct cp *cp = &p->ipcp;
	bool hopeless = cp_hopeless(cp);

	*text = "";
	if (!p->config.ipv4 || p->link.ipv4 || p->phase != PHASE_NETWORK)
		return CAUSE_NONE;
	if (p->denied != CAUSE_NONE)
		return p->denied;
	if (!hopeless && cp->cause != CAUSE_PEER_ASKED)
		return CAUSE_NONE;
	*text = ppp_cp_said(cp, p->no_ipv4, sizeof p->no_ipv4);
	if (cp->said[0] == '\0')
		*text = cp->cause == CAUSE_PEER_ASKED ? "the peer ended IPCP"
		        : cp->cause == CAUSE_PEER_SILENT
		                ? "the peer does not answer IPCP"
		                : "the peer has no address, or knows no IPCP";
	return CAUSE_PPP_NO_IPV4;
}

void ppp_ipv4_check(struct ppp *p, ls_time now)
{
	const char *text;
	enum ls_cause cause = p->config.need_ipv4 ? ppp_no_ipv4(p, &text) : CAUSE_NONE;

	if (cause != CAUSE_NONE)
		ppp_fail(p, cause, text, now);
}

void ppp_address_ask(struct ppp *p)
{
	struct ppp_request *r = ppp_request_add(p, PPP_REQ_ADDRESS);

	p->address_at = LS_NEVER;
	if (!r)
		return;
	r->id = p->address_id = ++p->next_id;
	r->link = p->link;
}

void ppp_address_again(struct ppp *p, ls_time now)
{
	if (p->address_at != LS_NEVER)
		p->address_at = now;
}

/*
 * The peer gets no address: without IPv6 that, and nothing vaguer, is why the link ends. Else IPCP
 * stays closed, and says so to whoever asks (RFC 1661 4.4, Terminate-Ack), until there is one.
 */
static void address_denied(struct ppp *p, enum ls_cause cause, ls_time now)
{
	bool again = p->denied != CAUSE_NONE;

	p->denied = cause != CAUSE_NONE ? cause : CAUSE_PPP_NO_IPV4;
	if (p->config.need_ipv4 || (!again && p->ipv6cp.state != CP_STARTING)) {
		ppp_fail(p, p->denied, "", now);
		return;
	}
	p->address_at = now + ADDRESS_AGAIN;
	if (again)
		return;
	ppp_cp_event(p, &p->ipcp, CP_CLOSE, NULL, now);
	ppp_cp_event(p, &p->ipcp, CP_UP, NULL, now);
	ppp_network_open(p, now);
}

void ppp_address_answered(struct ppp *p, const struct ppp_answer *a, ls_time now)
{
	bool again = p->denied != CAUSE_NONE;

	if (p->phase != PHASE_NETWORK)
		return;
	p->config.remote4 = a->address;
	if (a->dns[0].family == 4)
		memcpy(p->config.dns4, a->dns, sizeof p->config.dns4);
	p->lent = true;
	if (!a->ok || a->address.family != 4) {
		address_denied(p, a->cause, now);
		return;
	}
	p->denied = CAUSE_NONE;
	if (again)
		ppp_cp_event(p, &p->ipcp, CP_OPEN, NULL, now);
	else
		ppp_network_open(p, now);
}

static const char *ipcp_goodbye(const struct ppp *p)
{
	return p->denied != CAUSE_NONE ? ls_cause_info(p->denied)->sentence : NULL;
}

static void ipcp_down(struct ppp *p, ls_time now)
{
	(void)now;
	p->link.ipv4 = false;
}

static void ipv6cp_write(struct ppp *p, struct wr *w)
{
	wr_u8(w, OPTION_INTERFACE_ID);
	wr_u8(w, ID_OPTION_SIZE);
	wr_bytes(w, p->local_id, 8);
}

static void id_draw(struct ppp *p, uint8_t id[8])
{
	do {
		ls_random_fill(&p->random, id, 8);
		id[0] &= 0xfd; /* not globally unique (RFC 5072 4.1) */
	} while (memcmp(id, p->local_id, 8) == 0 || memcmp(id, "\0\0\0\0\0\0\0", 8) == 0);
}

static void ipv6cp_begin(struct ppp *p)
{
	memset(p->link.remote_id, 0, sizeof p->link.remote_id);
}

static unsigned ipv6cp_judge(struct ppp *p, uint8_t type, struct rd *value, struct wr *nak)
{
	static const uint8_t none[8];
	uint8_t id[8];

	if (type != OPTION_INTERFACE_ID)
		return CODE_REJECT;
	rd_copy(value, id, 8);
	if (!rd_ok(value))
		return CODE_REJECT;
	if (memcmp(id, none, 8) != 0 && memcmp(id, p->local_id, 8) != 0) {
		memcpy(p->link.remote_id, id, 8);
		return CODE_ACK;
	}
	id_draw(p, id);
	wr_u8(nak, OPTION_INTERFACE_ID);
	wr_u8(nak, ID_OPTION_SIZE);
	wr_bytes(nak, id, 8);
	return CODE_NAK;
}

static void ipv6cp_refused(struct ppp *p, uint8_t type, struct rd *value, bool nak)
{
	static const uint8_t none[8];
	uint8_t id[8];

	rd_copy(value, id, 8);
	if (type == OPTION_INTERFACE_ID && nak && rd_end(value) && memcmp(id, none, 8) != 0)
		memcpy(p->local_id, id, 8);
}

static void ipv6cp_opened(struct ppp *p, ls_time now)
{
	p->link.ipv6 = true;
	memcpy(p->link.local_id, p->local_id, 8);
	ppp_report_up(p, now);
}

static void ipv6cp_down(struct ppp *p, ls_time now)
{
	(void)now;
	p->link.ipv6 = false;
}

static bool never(const struct ppp *p)
{
	(void)p;
	return false;
}

const struct cp_kind ppp_ipcp_kind = {
	.protocol = PROTO_IPCP,
	.options_write = ipcp_write,
	.request_begin = ipcp_begin,
	.option_judge = ipcp_judge,
	.request_hopeless = never,
	.option_refused = ipcp_refused,
	.opened = ipcp_opened,
	.down = ipcp_down,
	.ended = ncp_ended,
	.goodbye = ipcp_goodbye,
};
const struct cp_kind ppp_ipv6cp_kind = {
	.protocol = PROTO_IPV6CP,
	.options_write = ipv6cp_write,
	.request_begin = ipv6cp_begin,
	.option_judge = ipv6cp_judge,
	.request_hopeless = never,
	.option_refused = ipv6cp_refused,
	.opened = ipv6cp_opened,
	.down = ipv6cp_down,
	.ended = ncp_ended,
};
