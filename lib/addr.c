/* IP addresses with port, prefixes and ranges as values, with their text forms. */
#include "lib/addr.h"

#include "lib/wire.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t ls_addr_size(const struct ls_addr *a)
{
	return a->family == 4 ? 4 : a->family == 6 ? 16 : 0;
}

struct ls_addr ls_addr_from_bytes(uint8_t family, const uint8_t *ip, uint16_t port)
{
	struct ls_addr a = {.family = family, .port = port};

	memcpy(a.ip, ip, ls_addr_size(&a));
	return a;
}

struct ls_addr ls_addr_v4(uint32_t ip_host_order, uint16_t port)
{
	struct ls_addr a = {.family = 4, .port = port};

	ls_put32(a.ip, ip_host_order);
	return a;
}

uint32_t ls_addr_v4_value(const struct ls_addr *a)
{
	return a->family == 4 ? ls_get32(a->ip) : 0;
}

struct ls_addr ls_addr_with_port(struct ls_addr a, uint16_t port)
{
	a.port = port;
	return a;
}

bool ls_addr_same_ip(const struct ls_addr *a, const struct ls_addr *b)
{
	return a->family == b->family && memcmp(a->ip, b->ip, ls_addr_size(a)) == 0;
}

bool ls_addr_equal(const struct ls_addr *a, const struct ls_addr *b)
{
	return a->port == b->port && ls_addr_same_ip(a, b);
}

bool ls_addr_parse(const char *text, struct ls_addr *out)
{
	uint8_t ip[16];

	if (inet_pton(AF_INET, text, ip) == 1)
		*out = ls_addr_from_bytes(4, ip, 0);
	else if (inet_pton(AF_INET6, text, ip) == 1)
		*out = ls_addr_from_bytes(6, ip, 0);
	else
		return false;
	return true;
}

const char *ls_addr_text(const struct ls_addr *a, char out[LS_ADDR_TEXT_MAX])
{
	char ip[INET6_ADDRSTRLEN];

	if (a->family != 4 && a->family != 6) {
		snprintf(out, LS_ADDR_TEXT_MAX, "none");
		return out;
	}
	inet_ntop(a->family == 4 ? AF_INET : AF_INET6, a->ip, ip, sizeof(ip));
	if (a->port == 0)
		snprintf(out, LS_ADDR_TEXT_MAX, "%s", ip);
	else
		snprintf(out, LS_ADDR_TEXT_MAX, a->family == 4 ? "%s:%u" : "[%s]:%u", ip, a->port);
	return out;
}

bool ls_prefix_contains(const struct ls_prefix *p, const struct ls_addr *a)
{
	unsigned whole = p->bits / 8, rest = p->bits % 8;

	if (p->addr.family != a->family)
		return false;
	if (memcmp(p->addr.ip, a->ip, whole) != 0)
		return false;
	return rest == 0 || ((p->addr.ip[whole] ^ a->ip[whole]) & (0xff00u >> rest) & 0xff) == 0;
}

bool ls_prefix_parse(const char *text, struct ls_prefix *out)
{
	char ip[LS_ADDR_TEXT_MAX], *end;
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	struct ls_prefix p = {0};
	struct ls_prefix whole;
	unsigned long bits;

	if (len >= sizeof(ip))
		return false;
	memcpy(ip, text, len);
	ip[len] = 0;
	if (!ls_addr_parse(ip, &p.addr))
		return false;
	bits = ls_addr_size(&p.addr) * 8;
	if (slash) {
		unsigned long most = bits;

		if (slash[1] < '0' || slash[1] > '9')
			return false;
		bits = strtoul(slash + 1, &end, 10);
		if (*end || bits > most)
			return false;
	}
	p.bits = (uint8_t)bits;
	/* Host bits: clearing them must change nothing. */
	whole = p;
	for (unsigned i = p.bits; i < ls_addr_size(&p.addr) * 8; i++)
		whole.addr.ip[i / 8] &= (uint8_t) ~(0x80u >> (i % 8));
	if (memcmp(whole.addr.ip, p.addr.ip, sizeof(p.addr.ip)) != 0)
		return false;
	*out = p;
	return true;
}

const char *ls_prefix_text(const struct ls_prefix *p, char out[LS_ADDR_TEXT_MAX])
{
	struct ls_addr bare = ls_addr_with_port(p->addr, 0);
	size_t len;

	ls_addr_text(&bare, out);
	len = strlen(out);
	snprintf(out + len, LS_ADDR_TEXT_MAX - len, "/%u", p->bits);
	return out;
}
