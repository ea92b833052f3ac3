/* Whether what came out of an inbound SA is what was agreed for it (RFC 4301 5.2 step 4). */
#include "esp/esp_sad.h"

static bool any_port(uint16_t low, uint16_t high)
{
	return low == 0 && high == UINT16_MAX;
}

/* Ports of the peer (source) and ours (destination), which these protocols carry first. */
static bool ports_fit(const struct esp_selector *s, uint8_t protocol, struct rd *r)
{
	uint16_t source, destination;

	if (any_port(s->local_port_low, s->local_port_high) &&
	    any_port(s->remote_port_low, s->remote_port_high))
		return true;
	if (protocol != IP_TCP && protocol != IP_UDP && protocol != IP_DCCP &&
	    protocol != IP_SCTP && protocol != IP_UDPLITE)
		return false;
	source = rd_u16(r);
	destination = rd_u16(r);
	return rd_ok(r) && source >= s->remote_port_low && source <= s->remote_port_high &&
	       destination >= s->local_port_low && destination <= s->local_port_high;
}

static bool transport_fits(const struct esp_selector *s, uint8_t protocol, struct rd *r)
{
	return (s->protocol == 0 || s->protocol == protocol) && ports_fit(s, protocol, r);
}

static bool net_holds(const struct ls_prefix *net, uint8_t family, const uint8_t *ip)
{
	struct ls_addr a = ls_addr_from_bytes(family, ip, 0);

	return net->addr.family == 0 || ls_prefix_contains(net, &a);
}

/* The inner IP packet of tunnel mode. */
static bool tunnel_fits(const struct esp_selector *s, uint8_t family, struct rd *r)
{
	const uint8_t *head = rd_bytes(r, family == 4 ? 20 : 40);
	uint8_t protocol;
	size_t ip_bytes = family == 4 ? 4 : 16;
	const uint8_t *source;

	if (!head || head[0] >> 4 != family)
		return false;
	source = head + (family == 4 ? 12 : 8);
	if (!net_holds(&s->remote, family, source) ||
	    !net_holds(&s->local, family, source + ip_bytes))
		return false;
	protocol = head[family == 4 ? 9 : 6];
	if (family == 4) {
		if ((head[0] & 15) < 5)
			return false;
		rd_skip(r, (size_t)(head[0] & 15) * 4 - 20);
	}
	return transport_fits(s, protocol, r);
}

bool esp_selector_check(const struct esp_sa *sa, uint8_t next_header, const uint8_t *payload,
                        size_t len)
{
	const struct esp_selector *s = &sa->cold->params.selector;
	struct rd r = rd_make(payload, len);

	if (sa->cold->params.mode == ESP_TRANSPORT)
		return transport_fits(s, next_header, &r);
	if (next_header != IP_IN_IP && next_header != IP6_IN_IP)
		return false;
	return tunnel_fits(s, next_header == IP_IN_IP ? 4 : 6, &r);
}
