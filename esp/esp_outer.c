/* The IP header in front of AH, with its options or extension headers: read, made, and brought into
 * the form that the ICV covers (RFC 4302 3.3.3.1, appendix A). */
#include "esp/esp_outer.h"

#include "esp/esp.h"

#include <string.h>

/* Where the fields of an IPv4 header stand. */
enum {
	IP4_TOS = 1,
	IP4_LENGTH = 2,
	IP4_ID = 4,
	IP4_FLAGS = 6,
	IP4_TTL = 8,
	IP4_PROTOCOL = 9,
	IP4_SUM = 10,
	IP4_SOURCE = 12,
	IP4_DESTINATION = 16,
	IP4_DF = 0x4000,
	IP4_FRAGMENT = 0x3fff, /* more fragments, offset */
	IP4_OPTIONS_MAX = 40,
};
/* And of an IPv6 header. */
enum {
	IP6_LENGTH = 4,
	IP6_NEXT = 6,
	IP6_HOPS = 7,
	IP6_SOURCE = 8,
	IP6_DESTINATION = 24,
	IP6_ADDRESS = 16,
};
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
	const uint8_t *head = rd_bytes(&r, ESP_IP4_HEADER);
	struct rd options;
	size_t size;

	if (!head)
		return CAUSE_AH_OUTER;
	size = (size_t)(head[0] & 15) * 4;
	options = rd_sub(&r, size < ESP_IP4_HEADER ? SIZE_MAX : size - ESP_IP4_HEADER);
	if (!rd_ok(&options) || !options4_fit(options))
		return CAUSE_AH_OUTER;
	if (ls_get16(head + IP4_FLAGS) & IP4_FRAGMENT)
		return CAUSE_AH_FRAGMENT;
	*o = (struct esp_outer){.family = 4, .len = (uint16_t)size, .next_at = IP4_PROTOCOL};
	if (sending)
		return rd_left(&r) == 0 ? CAUSE_NONE : CAUSE_AH_OUTER;
	o->total = ls_get16(head + IP4_LENGTH);
	return head[IP4_PROTOCOL] == ESP_NEXT_AH ? CAUSE_NONE : CAUSE_AH_OUTER;
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
	const uint8_t *head = rd_bytes(&r, ESP_IP6_HEADER);
	size_t next_at = IP6_NEXT;
	uint8_t next;

	if (!head)
		return CAUSE_AH_OUTER;
	*o = (struct esp_outer){.family = 6};
	if (!sending)
		o->total = (uint32_t)ESP_IP6_HEADER + ls_get16(head + IP6_LENGTH);
	next = head[IP6_NEXT];
	while (sending ? rd_left(&r) > 0 : next != ESP_NEXT_AH) {
		size_t at = r.pos;
		struct rd peek = r, h;
		enum ls_cause cause;
		uint8_t follows = rd_u8(&peek);

		h = rd_sub(&r, next == HEADER_FRAGMENT ? FRAGMENT_SIZE
		                                       : ((size_t)rd_u8(&peek) + 1) * 8);
		if (!rd_ok(&h) || r.pos > ESP_OUTER_MAX)
			return CAUSE_AH_OUTER;
		cause = header6_check(next, h, at == ESP_IP6_HEADER, sending);
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
	for (size_t at = ESP_IP4_HEADER, step; at < size && head[at] != OPTION_END; at += step) {
		uint8_t type = head[at];

		step = type == OPTION_NOP ? 1 : head[at + 1];
		if (type == OPTION_NOP || option_stays(type))
			continue;
		if (sending && (type == OPTION_LOOSE_ROUTE || type == OPTION_STRICT_ROUTE) &&
		    step >= 7 && head[at + 2] <= step)
			memcpy(head + IP4_DESTINATION, head + at + step - 4, 4);
		memset(head + at, 0, step);
	}
}

static void mute4(uint8_t *head, size_t size, bool sending)
{
	head[IP4_TOS] = 0;
	ls_put16(head + IP4_FLAGS, 0);
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
	memcpy(next, ip + IP6_DESTINATION, IP6_ADDRESS);
	memcpy(ip + IP6_DESTINATION, last, IP6_ADDRESS);
	header[3] = 0;
}

static void mute6(uint8_t *ip, size_t size, bool sending)
{
	uint8_t next = ip[IP6_NEXT];

	/* Traffic class and flow label. */
	ls_put32(ip, 0x60000000);
	ip[IP6_HOPS] = 0;
	for (size_t at = ESP_IP6_HEADER, step; at < size; at += step) {
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
	size_t before = IP6_NEXT, at = ESP_IP6_HEADER;
	size_t behind = (size_t)o->fragment_at + FRAGMENT_SIZE;

	while (at < o->fragment_at) {
		before = at;
		at += ((size_t)ip[at + 1] + 1) * 8;
	}
	ip[before] = ip[o->fragment_at];
	memmove(ip + o->fragment_at, ip + behind, o->len - behind);
	ls_put16(ip + IP6_LENGTH, (uint16_t)(ls_get16(ip + IP6_LENGTH) - FRAGMENT_SIZE));
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
		ls_put16(dst + IP4_FLAGS, IP4_DF);
		dst[IP4_TTL] = HOPS;
		memcpy(dst + IP4_SOURCE, local->ip, 4);
		memcpy(dst + IP4_DESTINATION, remote->ip, 4);
	} else {
		ls_put32(dst, 0x60000000);
		dst[IP6_HOPS] = HOPS;
		memcpy(dst + IP6_SOURCE, local->ip, IP6_ADDRESS);
		memcpy(dst + IP6_DESTINATION, remote->ip, IP6_ADDRESS);
	}
	return size;
}

static uint16_t checksum(const uint8_t *bytes, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i += 2)
		sum += ls_get16(bytes + i);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

void esp_outer_finish(uint8_t *pkt, const struct esp_outer *o, size_t total, uint8_t protocol)
{
	pkt[o->next_at] = protocol;
	if (o->family == 6) {
		ls_put16(pkt + IP6_LENGTH, (uint16_t)(total - ESP_IP6_HEADER));
		return;
	}
	ls_put16(pkt + IP4_LENGTH, (uint16_t)total);
	ls_put16(pkt + IP4_SUM, 0);
	ls_put16(pkt + IP4_SUM, checksum(pkt, o->len));
}

void esp_outer_rebuild(uint8_t *dst, const struct ls_addr *source,
                       const struct ls_addr *destination, uint8_t protocol, size_t len)
{
	struct esp_outer o = esp_outer_plain(6);

	esp_outer_make(dst, source, destination, 0);
	esp_outer_finish(dst, &o, ESP_IP6_HEADER + len, protocol);
}
