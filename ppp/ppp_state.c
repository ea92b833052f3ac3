/* Saved state of an open link: what was agreed, and the numbers to go on with. */
#include "lib/snap.h"
#include "ppp/ppp_engine.h"

#include <string.h>

enum { STATE_VERSION = 1 };

static bool is_open(const struct ppp *p)
{
	return p->phase == PHASE_NETWORK && p->lcp.state == CP_OPENED &&
	       (p->link.ipv4 || p->link.ipv6);
}

static void address_save(struct wr *w, const struct ls_addr *a)
{
	wr_u8(w, a->family);
	wr_bytes(w, a->ip, 4);
}

static bool address_load(struct rd *r, struct ls_addr *a)
{
	uint8_t family = rd_u8(r);
	uint32_t value = rd_u32(r);

	*a = family == 4 ? ls_addr_v4(value, 0) : (struct ls_addr){.family = 0};
	return family == 4 || (family == 0 && value == 0);
}

static bool flag_load(struct rd *r, bool *flag)
{
	uint8_t v = rd_u8(r);

	*flag = v == 1;
	return v <= 1;
}

/* A protocol under way begins anew after loading: it is saved as one that waits for its time. */
static void cp_save(struct wr *w, const struct cp *cp)
{
	wr_u8(w, (uint8_t)(ppp_cp_busy(cp) || cp->at != LS_NEVER ? CP_STARTING : cp->state));
	wr_u8(w, cp->serial);
	wr_u8(w, cp->id);
}

static bool cp_load(struct rd *r, struct cp *cp)
{
	uint8_t state = rd_u8(r);

	cp->serial = rd_u8(r);
	cp->id = rd_u8(r);
	cp->state = (enum cp_state)state;
	return state <= CP_STOPPED || state == CP_OPENED;
}

static void link_save(struct wr *w, const struct ppp_link *l)
{
	wr_u8(w, l->ipv4);
	wr_u8(w, l->ipv6);
	address_save(w, &l->local4);
	address_save(w, &l->remote4);
	address_save(w, &l->dns4[0]);
	address_save(w, &l->dns4[1]);
	wr_bytes(w, l->local_id, 8);
	wr_bytes(w, l->remote_id, 8);
	wr_u16(w, l->peer_mru);
	wr_u8(w, l->send_acfc);
	wr_u8(w, l->send_pfc);
	wr_u8(w, (uint8_t)strlen(l->user));
	wr_bytes(w, l->user, strlen(l->user));
}

static bool user_load(struct rd *r, char user[PPP_NAME_MAX])
{
	uint8_t len = rd_u8(r);

	if (len >= PPP_NAME_MAX)
		return false;
	memset(user, 0, PPP_NAME_MAX);
	rd_copy(r, user, len);
	return memchr(user, '\0', len) == NULL;
}

static bool link_load(struct rd *r, struct ppp_link *l)
{
	bool good = flag_load(r, &l->ipv4);

	good &= flag_load(r, &l->ipv6);
	good &= address_load(r, &l->local4);
	good &= address_load(r, &l->remote4);
	good &= address_load(r, &l->dns4[0]);
	good &= address_load(r, &l->dns4[1]);
	rd_copy(r, l->local_id, 8);
	rd_copy(r, l->remote_id, 8);
	l->peer_mru = rd_u16(r);
	good &= flag_load(r, &l->send_acfc);
	good &= flag_load(r, &l->send_pfc);
	good &= user_load(r, l->user);
	return good && l->peer_mru >= MRU_LEAST;
}

static void options_save(struct wr *w, const struct ppp *p)
{
	wr_u16(w, p->config.mru);
	wr_u32(w, p->magic);
	wr_u32(w, p->peer_magic);
	wr_u8(w, p->ask_mru);
	wr_u8(w, p->ask_magic);
	wr_u8(w, p->ask_compress);
	wr_u8(w, p->ask_address);
	wr_u8(w, p->ask_dns[0]);
	wr_u8(w, p->ask_dns[1]);
	wr_u8(w, p->lent);
	wr_bytes(w, p->local_id, 8);
	address_save(w, &p->config.dns4[0]);
	address_save(w, &p->config.dns4[1]);
}

static bool options_load(struct rd *r, struct ppp *p)
{
	bool good = true;

	p->config.mru = rd_u16(r);
	p->magic = rd_u32(r);
	p->peer_magic = rd_u32(r);
	good &= flag_load(r, &p->ask_mru);
	good &= flag_load(r, &p->ask_magic);
	good &= flag_load(r, &p->ask_compress);
	good &= flag_load(r, &p->ask_address);
	good &= flag_load(r, &p->ask_dns[0]);
	good &= flag_load(r, &p->ask_dns[1]);
	good &= flag_load(r, &p->lent);
	rd_copy(r, p->local_id, 8);
	good &= address_load(r, &p->config.dns4[0]);
	good &= address_load(r, &p->config.dns4[1]);
	return good && p->magic != 0 && p->config.mru >= MRU_LEAST;
}

/* The last challenge and its verdict, for a peer that did not hear it. */
static void auth_save(struct wr *w, const struct ppp *p)
{
	wr_u8(w, p->we_require);
	wr_u8(w, p->we_prove);
	wr_u8(w, p->chap_id);
	wr_bytes(w, p->challenge, sizeof p->challenge);
	wr_u8(w, p->success_len);
	wr_bytes(w, p->success, p->success_len);
}

/* Who is up has proven itself, by a method that the config still takes. */
static bool auth_load(struct rd *r, struct ppp *p)
{
	p->we_require = rd_u8(r);
	p->we_prove = rd_u8(r);
	p->chap_id = rd_u8(r);
	rd_copy(r, p->challenge, sizeof p->challenge);
	p->success_len = rd_u8(r);
	if (p->success_len > sizeof p->success)
		return false;
	rd_copy(r, p->success, p->success_len);
	p->peer_proven = p->we_are_proven = true;
	return (p->config.require
	                ? p->we_require == PPP_AUTH_CHAP_MD5 || p->we_require == PPP_AUTH_MSCHAPV2
	                : p->we_require == 0) &&
	       (p->we_require & ~p->config.require) == 0 &&
	       (p->we_prove & ~p->config.accept) == 0 &&
	       p->we_prove != (PPP_AUTH_CHAP_MD5 | PPP_AUTH_MSCHAPV2) &&
	       (p->config.expected[0] == '\0' || strcmp(p->config.expected, p->link.user) == 0);
}

bool ppp_save(const struct ppp *p, struct wr *out, ls_time now)
{
	size_t begin = out->len;

	if (!is_open(p))
		return false;
	snap_begin(out, SNAP_PPP, STATE_VERSION);
	link_save(out, &p->link);
	options_save(out, p);
	cp_save(out, &p->lcp);
	cp_save(out, &p->ipcp);
	cp_save(out, &p->ipv6cp);
	auth_save(out, p);
	wr_u8(out, p->echo_id);
	wr_u64(out, (uint64_t)(now - p->heard));
	snap_end(out, begin);
	return wr_ok(out);
}

/* Each network protocol is open just when the link says so, and only one that the config wants. */
static bool fits(const struct ppp *p)
{
	return p->lcp.state == CP_OPENED && (p->link.ipv4 || p->link.ipv6) &&
	       p->link.ipv4 == (p->ipcp.state == CP_OPENED) &&
	       p->link.ipv6 == (p->ipv6cp.state == CP_OPENED) &&
	       (p->config.ipv4 || p->ipcp.state == CP_INITIAL) &&
	       (p->config.ipv6 || p->ipv6cp.state == CP_INITIAL) &&
	       (!p->link.ipv4 || p->link.local4.family == 4) &&
	       (!p->lent || p->config.remote4.family == 0);
}

static bool body_load(struct ppp *p, struct rd *r, ls_time now)
{
	bool good = link_load(r, &p->link) && options_load(r, p) && cp_load(r, &p->lcp) &&
	            cp_load(r, &p->ipcp) && cp_load(r, &p->ipv6cp) && auth_load(r, p);
	uint64_t silent;

	p->echo_id = rd_u8(r);
	silent = rd_u64(r);
	/* The clock of a new start may not reach back so far. */
	p->heard = now >= 0 && silent <= (uint64_t)now ? now - (ls_time)silent : 0;
	return good && rd_end(r) && fits(p);
}

struct ppp *ppp_load(const struct ppp_config *config, const struct ls_random *random,
                     const void *bytes, size_t len, ls_time now)
{
	struct rd r = snap_open_body(bytes, len, SNAP_PPP, STATE_VERSION);
	struct ppp *p = rd_ok(&r) ? ppp_blank(config, random, now) : NULL;

	if (!p)
		return NULL;
	if (!body_load(p, &r, now)) {
		ppp_free(p);
		return NULL;
	}
	p->phase = PHASE_NETWORK;
	p->reported = true;
	p->limit_at = LS_NEVER;
	if (p->lent)
		p->config.remote4 = p->link.remote4;
	p->echo_at = ls_time_add(p->heard, ppp_echo_every(p));
	if (p->lent && p->ipcp.state == CP_CLOSED) {
		p->denied = CAUSE_PPP_NO_IPV4;
		p->address_at = now;
	}
	if (p->ipcp.state == CP_STARTING)
		ppp_cp_event(p, &p->ipcp, CP_UP, NULL, now);
	if (p->ipv6cp.state == CP_STARTING)
		ppp_cp_event(p, &p->ipv6cp, CP_UP, NULL, now);
	return p;
}
