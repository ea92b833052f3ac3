/* The prefix of PPP data frames, for the packet path (RFC 1661 2, 6.5, 6.6). */
#include "ppp/ppp.h"

enum { ADDRESS = 0xff, CONTROL = 0x03, PROTO_IPV4 = 0x0021, PROTO_IPV6 = 0x0057 };

size_t ppp_data_prefix(const struct ppp_link *link, unsigned ip_version,
                       uint8_t out[PPP_PREFIX_MAX])
{
	size_t n = 0;

	if (!link->send_acfc) {
		out[n++] = ADDRESS;
		out[n++] = CONTROL;
	}
	if (!link->send_pfc)
		out[n++] = 0;
	out[n++] = ip_version == 4 ? PROTO_IPV4 : PROTO_IPV6;
	return n;
}

bool ppp_data_parse(const uint8_t *frame, size_t len, uint16_t *protocol, size_t *offset)
{
	size_t at = len >= 2 && frame[0] == ADDRESS && frame[1] == CONTROL ? 2 : 0;

	if (at >= len)
		return false;
	/* The first byte of a protocol is even, the last odd: an odd first byte is the whole of it.
	 */
	*protocol = frame[at++];
	if (!(*protocol & 1)) {
		if (at >= len)
			return false;
		*protocol = (uint16_t)(*protocol << 8 | frame[at++]);
	}
	*offset = at;
	return true;
}
