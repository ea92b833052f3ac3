/* The one function that computes a tunnel's MTU. */
#include "src/parent/iface_mtu.h"

#include "esp/esp.h"

enum { IPV4_HEADER = 20, IPV6_HEADER = 40, UDP_HEADER = 8 };

uint32_t iface_mtu(uint32_t link_mtu, const struct msg_iface_up *m)
{
	uint32_t outer = (m->peer.family == 6 ? (uint32_t)IPV6_HEADER : IPV4_HEADER) +
	                 (m->udp ? (uint32_t)UDP_HEADER : 0);
	size_t plain = link_mtu > outer ? esp_plain_room((enum algo_id)m->encr,
	                                                 (enum algo_id)m->integ, link_mtu - outer)
	                                : 0;
	uint32_t mtu = plain > m->inner_overhead ? (uint32_t)(plain - m->inner_overhead) : 0;

	if (m->peer_mru > 0 && mtu > m->peer_mru)
		mtu = m->peer_mru;
	return mtu;
}
