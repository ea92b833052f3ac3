/* Identities of gateways, as a redirect names them (RFC 5685 9.2, 9.3). */
#include "ike/ike_gateway.h"

#include <string.h>

static bool letter_or_digit(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* What DNS may be asked for: no label is empty, and the last one is none of an address's. */
static bool name_valid(const uint8_t *p, size_t len)
{
	size_t label = 0;

	for (size_t i = 0; i < len; i++) {
		bool inside = i > label && (p[i] == '-' || p[i] == '.');

		if (!letter_or_digit(p[i]) && p[i] != '_' && !inside)
			return false;
		if (p[i] == '.')
			label = i + 1;
	}
	return label < len && letter_or_digit(p[label]) && p[label] > '9';
}

bool ike_gateway_reachable(const struct ls_addr *a)
{
	static const uint8_t zero[16], mapped[12] = {[10] = 0xff, [11] = 0xff};

	if (a->family == 4)
		return a->ip[0] != 0 && a->ip[0] != 127 && a->ip[0] < 224;
	return a->ip[0] != 0xff && !(a->ip[0] == 0xfe && (a->ip[1] & 0xc0) == 0x80) &&
	       memcmp(a->ip, mapped, sizeof mapped) != 0 && memcmp(a->ip, zero, 15) != 0;
}

static bool valid(const struct ike_gateway *g)
{
	struct ls_addr a;

	if (g->type == IKE_GATEWAY_FQDN)
		return name_valid(g->data, g->len);
	return ike_gateway_addr(g, &a) && ike_gateway_reachable(&a);
}

bool ike_gateway_addr(const struct ike_gateway *g, struct ls_addr *out)
{
	if ((g->type == IKE_GATEWAY_IPV4 && g->len == 4) ||
	    (g->type == IKE_GATEWAY_IPV6 && g->len == 16)) {
		*out = ls_addr_from_bytes(g->len == 4 ? 4 : 6, g->data, 0);
		return true;
	}
	return false;
}

struct ike_gateway ike_gateway_at(const struct ls_addr *a)
{
	struct ike_gateway g = {.type = a->family == 4 ? IKE_GATEWAY_IPV4 : IKE_GATEWAY_IPV6,
	                        .len = (uint8_t)ls_addr_size(a)};

	memcpy(g.data, a->ip, g.len);
	return g;
}

bool ike_gateway_parse(const char *text, struct ike_gateway *out)
{
	size_t len = strlen(text);
	struct ls_addr a;

	*out = (struct ike_gateway){.type = IKE_GATEWAY_FQDN};
	if (ls_addr_parse(text, &a)) {
		*out = ike_gateway_at(&a);
		return valid(out);
	}
	if (len > sizeof out->data)
		return false;
	out->len = (uint8_t)len;
	memcpy(out->data, text, len);
	return valid(out);
}

const char *ike_gateway_text(const struct ike_gateway *g, char out[IKE_GATEWAY_TEXT_MAX])
{
	struct ls_addr a;

	if (ike_gateway_addr(g, &a))
		return ls_addr_text(&a, out);
	memcpy(out, g->data, g->len);
	out[g->len] = '\0';
	return out;
}

bool ike_gateway_same(const struct ike_gateway *a, const struct ike_gateway *b)
{
	return a->type == b->type && a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

bool ike_gateway_read(struct ls_bytes data, struct ls_bytes nonce, struct ike_gateway *out)
{
	struct rd r = rd_make(data.p, data.len);

	*out = (struct ike_gateway){.type = rd_u8(&r)};
	out->len = rd_u8(&r);
	rd_copy(&r, out->data, out->len);
	return rd_ok(&r) && rd_left(&r) == nonce.len && valid(out) &&
	       (nonce.len == 0 || memcmp(rd_bytes(&r, nonce.len), nonce.p, nonce.len) == 0);
}

void ike_gateway_write(struct ike_build *b, uint16_t type, const struct ike_gateway *g,
                       struct ls_bytes nonce)
{
	uint8_t data[2 + sizeof g->data + IKE_NONCE_MAX];
	struct wr w = wr_make(data, sizeof data);

	wr_u8(&w, g->type);
	wr_u8(&w, g->len);
	wr_bytes(&w, g->data, g->len);
	wr_bytes(&w, nonce.p, nonce.len);
	ike_build_notify(b, IKE_PROTO_NONE, type, LS_BYTES(NULL, 0), LS_BYTES(data, w.len));
}
