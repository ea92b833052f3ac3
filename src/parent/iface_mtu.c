/* The one function that computes a tunnel's MTU. */
#include "src/parent/iface_mtu.h"

#include "esp/esp.h"

uint32_t iface_mtu(uint32_t link_mtu, const struct msg_iface_up *m)
{
	uint32_t path = m->path_mtu > 0 && m->path_mtu < link_mtu ? m->path_mtu : link_mtu;
	size_t plain = esp_packet_room((enum algo_id)m->encr, (enum algo_id)m->integ,
	                               m->peer.family, m->udp, path);
	uint32_t mtu = plain > m->inner_overhead ? (uint32_t)(plain - m->inner_overhead) : 0;

	if (m->peer_mru > 0 && mtu > m->peer_mru)
		mtu = m->peer_mru;
	return mtu;
}
