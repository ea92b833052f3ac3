/* LCP: the options of the link itself (RFC 1661 6). */
#include "ppp/ppp_engine.h"

enum { OPTION_MRU = 1, OPTION_AUTH = 3, OPTION_MAGIC = 5, OPTION_PFC = 7, OPTION_ACFC = 8 };
enum { CHAP_MD5 = 5, CHAP_MS_V2 = 0x81 };

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

	if (magic != 0 && magic != p->magic) {
		p->peer_magic = magic;
		return CODE_ACK;
	}
	/* Our own number: the link may be looped back, or two drew the same (6.4). */
	wr_u8(nak, OPTION_MAGIC);
	wr_u8(nak, 6);
	wr_u32(nak, ls_random_u32(&p->random));
	return CODE_NAK;
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

	if (method & p->config.require && rd_ok(value))
		p->we_require = (uint8_t)method;
	else if (nak && p->we_require == PPP_AUTH_MSCHAPV2 &&
	         (p->config.require & PPP_AUTH_CHAP_MD5))
		p->we_require = PPP_AUTH_CHAP_MD5;
	else
		p->cause = CAUSE_PPP_NO_AUTH; /* asked again in vain, until the tries are used up */
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
		p->magic = ls_random_u32(&p->random);
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

static void opened(struct ppp *p, ls_time now)
{
	p->heard = now;
	p->peer_proven = !p->we_require;
	p->we_are_proven = !p->we_prove;
	p->phase = PHASE_AUTH;
	ppp_chap_start(p, now);
}

static void ended(struct ppp *p, enum ls_cause cause, ls_time now)
{
	if (p->phase != PHASE_ENDING) {
		p->cause = p->cause == CAUSE_PPP_NO_AUTH ? p->cause
		           : cause != CAUSE_NONE         ? cause
		                                         : CAUSE_PPP_NO_AGREEMENT;
		p->phase = PHASE_ENDING;
	}
	ppp_fail(p, p->cause, p->why, now);
}

const struct cp_kind ppp_lcp_kind = {PROTO_LCP,      options_write, option_judge,
                                     option_refused, opened,        ended};
