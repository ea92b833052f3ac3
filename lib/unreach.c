/* Types and codes of ICMP and ICMPv6, and the words for them. */
#include "lib/unreach.h"

enum {
	ICMP4_UNREACHABLE = 3,
	ICMP4_FRAGMENTATION = 4,
	ICMP6_UNREACHABLE = 1,
	ICMP6_TOO_BIG = 2,
	ICMP6_PARAMETER = 4,
	ICMP6_NEXT_HEADER = 1
};

/* By code; the others say nothing. */
static const uint8_t by_code4[] = {
	[0] = LS_UNREACH_NET,    [1] = LS_UNREACH_HOST,   [2] = LS_UNREACH_PROTOCOL,
	[3] = LS_UNREACH_PORT,   [5] = LS_UNREACH_NET,    [6] = LS_UNREACH_NET,
	[7] = LS_UNREACH_HOST,   [8] = LS_UNREACH_HOST,   [9] = LS_UNREACH_ADMIN,
	[10] = LS_UNREACH_ADMIN, [11] = LS_UNREACH_NET,   [12] = LS_UNREACH_HOST,
	[13] = LS_UNREACH_ADMIN, [14] = LS_UNREACH_ADMIN, [15] = LS_UNREACH_ADMIN,
};
static const uint8_t by_code6[] = {
	[0] = LS_UNREACH_NET,   [1] = LS_UNREACH_ADMIN, [2] = LS_UNREACH_NET,
	[3] = LS_UNREACH_HOST,  [4] = LS_UNREACH_PORT,  [5] = LS_UNREACH_ADMIN,
	[6] = LS_UNREACH_ADMIN,
};

enum ls_unreach ls_unreach_read(uint8_t family, uint8_t type, uint8_t code)
{
	if (family == 4 && type == ICMP4_UNREACHABLE && code < sizeof by_code4)
		return (enum ls_unreach)by_code4[code];
	if (family == 6 && type == ICMP6_UNREACHABLE && code < sizeof by_code6)
		return (enum ls_unreach)by_code6[code];
	if (family == 6 && type == ICMP6_PARAMETER && code == ICMP6_NEXT_HEADER)
		return LS_UNREACH_PROTOCOL;
	return LS_UNREACH_NONE;
}

bool ls_too_big_read(uint8_t family, uint8_t type, uint8_t code)
{
	return (family == 4 && type == ICMP4_UNREACHABLE && code == ICMP4_FRAGMENTATION) ||
	       (family == 6 && type == ICMP6_TOO_BIG);
}

const char *ls_unreach_text(unsigned kind)
{
	static const char *const text[LS_UNREACH_KINDS] = {
		"reachable",        "network unreachable",
		"host unreachable", "protocol unreachable",
		"port unreachable", "administratively prohibited",
	};

	return text[kind < LS_UNREACH_KINDS ? kind : LS_UNREACH_NONE];
}
