/* The IP header in front of AH, with its options or extension headers: read, made, and brought into
 * the form that the ICV covers (RFC 4302 3.3.3.1, appendix A). */
#include "esp/esp_outer.h"

#include "esp/esp.h"
#include "lib/sum.h"

#include <string.h>

enum { IP6_ADDRESS = 16 };
enum { HEADER_HOP = 0, HEADER_ROUTING = 43, HEADER_FRAGMENT = 44, HEADER_DESTINATION = 60 };
enum { HOPS = 64, FRAGMENT_SIZE = 8, ROUTING_START = 8 };

/* Options of IPv4, by the whole octet (appendix A1). */
enum {
	OPTION_END = 0,
	OPTION_NOP = 1,
	OPTION_SECURITY = 130,
	OPTION_LOOSE_ROUTE = 131,
	OPTION_EXTENDED_SECURITY = 133,
	OPTION_COMMERCIAL_SECURITY = 134,
	OPTION_STRICT_ROUTE = 137,
	OPTION_ROUTER_ALERT = 148,
	OPTION_MULTI_DESTINATION = 149,
};

/* Options of IPv6: this bit says that the data may change on the way (RFC 8200 4.2). */
enum { OPTION6_PAD1 = 0, OPTION6_CHANGES = 0x20 };

static bool option_stays(uint8_t type)
{
	return type == OPTION_SECURITY || type == OPTION_EXTENDED_SECURITY ||
	       type == OPTION_COMMERCIAL_SECURITY || type == OPTION_ROUTER_ALERT ||
	       type == OPTION_MULTI_DESTINATION;
}

static bool options4_fit(struct rd r)
{
	while (rd_left(&r) > 0) {
		uint8_t type = rd_u8(&r), size;

		if (type == OPTION_END)
			return true;
		if (type == OPTION_NOP)
			continue;
		size = rd_u8(&r);
		if (size < 2)
			return false;
		rd_skip(&r, size - 2u);
		if (!rd_ok(&r))
			return false;
	}
	return true;
}

static enum ls_cause scan4(struct rd r, bool sending, struct esp_outer *o)
{
	const uint8_t *head = rd_bytes(&r, IP4_SIZE);
	struct rd options;
	size_t size;

	if (!head)
		return CAUSE_AH_OUTER;
	size = (size_t)(head[0] & 15) * 4;
	options = rd_sub(&r, size < IP4_SIZE ? SIZE_MAX : size - IP4_SIZE);
	if (!rd_ok(&options) || !options4_fit(options))
		return CAUSE_AH_OUTER;
	if (ls_get16(head + IP4_FRAGMENT) & IP4_MORE_AND_OFFSET)
		return CAUSE_AH_FRAGMENT;
	*o = (struct esp_outer){.family = 4, .len = (uint16_t)size, .next_at = IP4_PROTOCOL};
	if (sending)
		return rd_left(&r) == 0 ? CAUSE_NONE : CAUSE_AH_OUTER;
	o->total = ls_get16(head + IP4_LEN);
	return head[IP4_PROTOCOL] == IP_AH ? CAUSE_NONE : CAUSE_AH_OUTER;
}

static bool options6_fit(struct rd r)
{
	while (rd_left(&r) > 0)
		if (rd_u8(&r) != OPTION6_PAD1)
			rd_skip(&r, rd_u8(&r));
	return rd_ok(&r);
}

/* Type 0 with whole addresses; one that arrives has no way to go any more. */
static bool routing_fits(struct rd r, bool sending)
{
	uint8_t size, type, left;

	rd_skip(&r, 1);
	size = rd_u8(&r);
	type = rd_u8(&r);
	left = rd_u8(&r);
	return rd_ok(&r) && type == 0 && size % 2 == 0 && (sending ? left <= size / 2 : left == 0);
}

/* One extension header, all of it: h. */
static enum ls_cause header6_check(uint8_t kind, struct rd h, bool first, bool sending)
{
	struct rd options = h;

	switch (kind) {
	case HEADER_HOP:
	case HEADER_DESTINATION:
		if (kind == HEADER_HOP && !first)
			return CAUSE_AH_OUTER;
		rd_skip(&options, 2);
		return options6_fit(options) ? CAUSE_NONE : CAUSE_AH_OUTER;
	case HEADER_ROUTING:
		return routing_fits(h, sending) ? CAUSE_NONE : CAUSE_AH_OUTER;
	case HEADER_FRAGMENT:
		rd_skip(&h, 2);
		/* Offset and "more"; the two bits between are reserved. */
		return rd_u16(&h) & 0xfff9 ? CAUSE_AH_FRAGMENT : CAUSE_NONE;
	default:
		return CAUSE_AH_OUTER;
	}
}

static enum ls_cause scan6(struct rd r, bool sending, struct esp_outer *o)
{
	const uint8_t *head = rd_bytes(&r, IP6_SIZE);
	size_t next_at = IP6_NEXT;
	uint8_t next;

	if (!head)
		return CAUSE_AH_OUTER;
	*o = (struct esp_outer){.family = 6};
	if (!sending)
		o->total = (uint32_t)IP6_SIZE + ls_get16(head + IP6_LEN);
	next = head[IP6_NEXT];
	while (sending ? rd_left(&r) > 0 : next != IP_AH) {
		size_t at = r.pos;
		struct rd peek = r, h;
		enum ls_cause cause;
		uint8_t follows = rd_u8(&peek);

		h = rd_sub(&r, next == HEADER_FRAGMENT ? FRAGMENT_SIZE
		                                       : ((size_t)rd_u8(&peek) + 1) * 8);
		if (!rd_ok(&h) || r.pos > ESP_OUTER_MAX)
			return CAUSE_AH_OUTER;
		cause = header6_check(next, h, at == IP6_SIZE, sending);
		if (cause != CAUSE_NONE)
			return cause;
		if (next == HEADER_FRAGMENT) {
			if (o->fragment_at)
				return CAUSE_AH_OUTER;
			o->fragment_at = (uint16_t)at;
		}
		next_at = at;
		next = follows;
	}
	o->len = (uint16_t)r.pos;
	o->next_at = (uint16_t)next_at;
	return CAUSE_NONE;
}

static enum ls_cause scan(const uint8_t *pkt, size_t len, bool sending, struct esp_outer *o)
{
	struct rd r = rd_make(pkt, len), first = r;
	unsigned version = rd_u8(&first) >> 4;
	enum ls_cause cause;

	*o = (struct esp_outer){0};
	if (version != 4 && version != 6)
		return CAUSE_AH_OUTER;
	cause = version == 4 ? scan4(r, sending, o) : scan6(r, sending, o);
	if (cause != CAUSE_NONE || sending)
		return cause;
	return o->total >= o->len && o->total <= len ? CAUSE_NONE : CAUSE_AH_OUTER;
}

enum ls_cause esp_outer_read(const uint8_t *pkt, size_t len, struct esp_outer *o)
{
	return scan(pkt, len, false, o);
}

enum ls_cause esp_outer_plan(const uint8_t *headers, size_t len, struct esp_outer *o)
{
	return scan(headers, len, true, o);
}

/* The options were found well-formed before. Where a source route is still to be walked, the
 * destination becomes what will arrive: the route's last address. */
static void mute_options4(uint8_t *head, size_t size, bool sending)
{
	for (size_t at = IP4_SIZE, step; at < size && head[at] != OPTION_END; at += step) {
		uint8_t type = head[at];

		step = type == OPTION_NOP ? 1 : head[at + 1];
		if (type == OPTION_NOP || option_stays(type))
			continue;
		if (sending && (type == OPTION_LOOSE_ROUTE || type == OPTION_STRICT_ROUTE) &&
		    step >= 7 && head[at + 2] <= step)
			memcpy(head + IP4_TO, head + at + step - 4, 4);
		memset(head + at, 0, step);
	}
}

static void mute4(uint8_t *head, size_t size, bool sending)
{
	head[IP4_TOS] = 0;
	ls_put16(head + IP4_FRAGMENT, 0);
	head[IP4_TTL] = 0;
	ls_put16(head + IP4_SUM, 0);
	mute_options4(head, size, sending);
}

static void mute_options6(uint8_t *header, size_t size)
{
	for (size_t at = 2; at < size;) {
		uint8_t type = header[at++];

		if (type == OPTION6_PAD1)
			continue;
		if (type & OPTION6_CHANGES)
			memset(header + at + 1, 0, header[at]);
		at += 1u + header[at];
	}
}

/* As it will look once all its addresses were visited (RFC 8200 4.4 of RFC 2460's type 0). */
static void arrange_routing(uint8_t *ip, uint8_t *header)
{
	size_t all = header[1] / 2, left = header[3];
	uint8_t *next, last[IP6_ADDRESS];

	if (left == 0)
		return;
	next = header + ROUTING_START + (all - left) * IP6_ADDRESS;
	memcpy(last, header + ROUTING_START + (all - 1) * IP6_ADDRESS, IP6_ADDRESS);
	memmove(next + IP6_ADDRESS, next, (left - 1) * IP6_ADDRESS);
	memcpy(next, ip + IP6_TO, IP6_ADDRESS);
	memcpy(ip + IP6_TO, last, IP6_ADDRESS);
	header[3] = 0;
}

static void mute6(uint8_t *ip, size_t size, bool sending)
{
	uint8_t next = ip[IP6_NEXT];

	/* Traffic class and flow label. */
	ls_put32(ip, 0x60000000);
	ip[IP6_HOPS] = 0;
	for (size_t at = IP6_SIZE, step; at < size; at += step) {
		step = ((size_t)ip[at + 1] + 1) * 8;
		if (next == HEADER_ROUTING && sending)
			arrange_routing(ip, ip + at);
		else if (next != HEADER_ROUTING)
			mute_options6(ip + at, step);
		next = ip[at];
	}
}

/* The field that announces the fragment header announces what follows it instead. */
static size_t drop_fragment(uint8_t *ip, const struct esp_outer *o)
{
	size_t before = IP6_NEXT, at = IP6_SIZE;
	size_t behind = (size_t)o->fragment_at + FRAGMENT_SIZE;

	while (at < o->fragment_at) {
		before = at;
		at += ((size_t)ip[at + 1] + 1) * 8;
	}
	ip[before] = ip[o->fragment_at];
	memmove(ip + o->fragment_at, ip + behind, o->len - behind);
	ls_put16(ip + IP6_LEN, (uint16_t)(ls_get16(ip + IP6_LEN) - FRAGMENT_SIZE));
	return (size_t)o->len - FRAGMENT_SIZE;
}

size_t esp_outer_mute(const uint8_t *pkt, const struct esp_outer *o, bool sending,
                      uint8_t out[ESP_OUTER_MAX])
{
	size_t size = o->len;

	memcpy(out, pkt, size);
	if (o->fragment_at)
		size = drop_fragment(out, o);
	if (o->family == 4)
		mute4(out, size, sending);
	else
		mute6(out, size, sending);
	return size;
}

struct esp_outer esp_outer_plain(uint8_t family)
{
	return (struct esp_outer){.family = family,
	                          .len = (uint16_t)esp_outer_size(family),
	                          .next_at = family == 4 ? IP4_PROTOCOL : IP6_NEXT};
}

size_t esp_outer_make(uint8_t *dst, const struct ls_addr *local, const struct ls_addr *remote,
                      uint16_t id)
{
	size_t size = esp_outer_size(remote->family);

	memset(dst, 0, size);
	if (remote->family == 4) {
		dst[0] = 0x45;
		ls_put16(dst + IP4_ID, id);
		ls_put16(dst + IP4_FRAGMENT, IP4_DONT_FRAGMENT);
		dst[IP4_TTL] = HOPS;
		memcpy(dst + IP4_FROM, local->ip, 4);
		memcpy(dst + IP4_TO, remote->ip, 4);
	} else {
		ls_put32(dst, 0x60000000);
		dst[IP6_HOPS] = HOPS;
		memcpy(dst + IP6_FROM, local->ip, IP6_ADDRESS);
		memcpy(dst + IP6_TO, remote->ip, IP6_ADDRESS);
	}
	return size;
}

void esp_outer_finish(uint8_t *pkt, const struct esp_outer *o, size_t total, uint8_t protocol)
{
	pkt[o->next_at] = protocol;
	if (o->family == 6) {
		ls_put16(pkt + IP6_LEN, (uint16_t)(total - IP6_SIZE));
		return;
	}
	ls_put16(pkt + IP4_LEN, (uint16_t)total);
	ls_sum_ip4_set(pkt, o->len);
}

void esp_outer_rebuild(uint8_t *dst, const struct ls_addr *source,
                       const struct ls_addr *destination, uint8_t protocol, size_t len)
{
	struct esp_outer o = esp_outer_plain(6);

	esp_outer_make(dst, source, destination, 0);
	esp_outer_finish(dst, &o, IP6_SIZE + len, protocol);
}
