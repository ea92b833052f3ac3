/* Traffic selectors: offered, narrowed and checked, with the substitution that a NAT makes needful
 * (RFC 7296 2.9, 2.23.1, 3.13). */
#include "ike/ike_ts.h"

#include "ike/ike_names.h"

#include <string.h>

enum { TS_IPV4 = 7, TS_IPV6 = 8 };

/* A selector as received; family 0: of a kind that is not known. */
struct range {
	uint8_t family, protocol;
	uint16_t port_low, port_high;
	uint8_t low[16], high[16];
};

static void last_address(const struct ls_prefix *p, uint8_t out[16])
{
	memcpy(out, p->addr.ip, 16);
	for (unsigned i = p->bits; i < ls_addr_size(&p->addr) * 8; i++)
		out[i / 8] |= (uint8_t)(0x80u >> (i % 8));
}

struct ike_ts ike_ts_ours(const struct ls_addr *address, bool tunnel_mode)
{
	struct ike_ts ts = {.port_high = UINT16_MAX, .net = {.addr = {.family = address->family}}};

	if (tunnel_mode)
		return ts;
	ts.net.addr = ls_addr_with_port(*address, 0);
	ts.net.bits = (uint8_t)(ls_addr_size(address) * 8);
	ts.protocol = IKE_PROTOCOL_UDP;
	ts.port_low = ts.port_high = IKE_L2TP_PORT;
	return ts;
}

void ike_ts_write(struct wr *w, const struct ike_ts *ts)
{
	size_t size = ls_addr_size(&ts->net.addr);
	uint8_t last[16];

	last_address(&ts->net, last);
	wr_u8(w, 1);
	wr_zero(w, 3);
	wr_u8(w, ts->net.addr.family == 4 ? TS_IPV4 : TS_IPV6);
	wr_u8(w, ts->protocol);
	wr_u16(w, (uint16_t)(8 + 2 * size));
	wr_u16(w, ts->port_low);
	wr_u16(w, ts->port_high);
	wr_bytes(w, ts->net.addr.ip, size);
	wr_bytes(w, last, size);
}

static bool range_read(struct rd *r, struct range *out)
{
	uint8_t type = rd_u8(r);
	uint16_t length;
	size_t size = type == TS_IPV4 ? 4 : 16;
	struct rd body;

	memset(out, 0, sizeof *out);
	out->protocol = rd_u8(r);
	length = rd_u16(r);
	body = rd_sub(r, length < 4 ? SIZE_MAX : (size_t)length - 4);
	if (type != TS_IPV4 && type != TS_IPV6)
		return rd_ok(r);
	out->family = type == TS_IPV4 ? 4 : 6;
	out->port_low = rd_u16(&body);
	out->port_high = rd_u16(&body);
	rd_copy(&body, out->low, size);
	rd_copy(&body, out->high, size);
	return rd_end(&body);
}

/* The range as a prefix; false when it is none. */
static bool range_prefix(const struct range *t, struct ls_prefix *out)
{
	size_t size = t->family == 4 ? 4 : 16;
	uint8_t last[16];

	out->addr = ls_addr_from_bytes(t->family, t->low, 0);
	for (out->bits = 0; out->bits < size * 8; out->bits++)
		if ((t->low[out->bits / 8] ^ t->high[out->bits / 8]) & (0x80u >> (out->bits % 8)))
			break;
	last_address(out, last);
	/* The first address must have no host bits, the last all of them. */
	for (unsigned i = out->bits; i < size * 8; i++)
		if (t->low[i / 8] & (0x80u >> (i % 8)))
			return false;
	return memcmp(last, t->high, size) == 0;
}

static bool range_has(const struct range *t, const struct ls_addr *a)
{
	size_t size = ls_addr_size(a);

	return t->family == a->family && memcmp(t->low, a->ip, size) <= 0 &&
	       memcmp(a->ip, t->high, size) <= 0;
}

static bool narrow_one(const struct range *t, const struct ike_ts_rule *rule, struct ike_ts *out)
{
	if (t->family == 0 || t->port_low > t->port_high)
		return false;
	out->port_low = t->port_low;
	out->port_high = t->port_high;
	out->protocol = t->protocol;
	if (rule->tunnel_mode)
		return range_prefix(t, &out->net);
	if (t->protocol != 0 && t->protocol != IKE_PROTOCOL_UDP)
		return false;
	out->protocol = IKE_PROTOCOL_UDP;
	if (rule->must_be_1701) {
		if (t->port_low > IKE_L2TP_PORT || t->port_high < IKE_L2TP_PORT)
			return false;
		out->port_low = out->port_high = IKE_L2TP_PORT;
	}
	if (!rule->substitute && !range_has(t, &rule->address))
		return false;
	out->net.addr = ls_addr_with_port(rule->address, 0);
	out->net.bits = (uint8_t)(ls_addr_size(&rule->address) * 8);
	return true;
}

enum ls_cause ike_ts_narrow(struct ls_bytes body, const struct ike_ts_rule *rule,
                            struct ike_ts *out)
{
	struct rd r = rd_make(body.p, body.len);
	uint8_t count = rd_u8(&r);
	bool found = false;

	rd_skip(&r, 3);
	for (unsigned i = 0; i < count; i++) {
		struct range t;

		if (!range_read(&r, &t))
			return CAUSE_IKE_SYNTAX;
		if (!found && i < IKE_TS_MAX)
			found = narrow_one(&t, rule, out);
	}
	if (!rd_end(&r))
		return CAUSE_IKE_SYNTAX;
	return found ? CAUSE_NONE : CAUSE_IKE_TS_UNACCEPTABLE;
}

bool ike_ts_within(const struct ike_ts *a, const struct ike_ts *b)
{
	if (a->net.addr.family != b->net.addr.family || a->net.bits < b->net.bits ||
	    !ls_prefix_contains(&b->net, &a->net.addr))
		return false;
	if (b->protocol != 0 && a->protocol != b->protocol)
		return false;
	return a->port_low >= b->port_low && a->port_high <= b->port_high;
}

void ike_ts_text(struct ls_bytes body, char *out, size_t cap)
{
	struct ike_text t = ike_text_make(out, cap);
	struct rd r = rd_make(body.p, body.len);
	uint8_t count = rd_u8(&r);
	struct range x;

	rd_skip(&r, 3);
	for (unsigned i = 0; i < count && range_read(&r, &x); i++) {
		struct ls_addr low = ls_addr_from_bytes(x.family, x.low, 0),
			       high = ls_addr_from_bytes(x.family, x.high, 0);

		ike_text_add(&t, i ? ", " : "");
		ike_text_add(&t, x.protocol == IKE_PROTOCOL_UDP ? "UDP "
		                 : x.protocol == 0              ? "any protocol "
		                                                : "another protocol ");
		ike_text_addr(&t, &low);
		if (!ls_addr_equal(&low, &high)) {
			ike_text_add(&t, "-");
			ike_text_addr(&t, &high);
		}
		if (x.port_low == 0 && x.port_high == UINT16_MAX)
			continue;
		ike_text_add(&t, " port ");
		ike_text_number(&t, x.port_low);
		if (x.port_low != x.port_high) {
			ike_text_add(&t, "-");
			ike_text_number(&t, x.port_high);
		}
	}
}
