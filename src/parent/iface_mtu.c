/* The one function that computes a tunnel's MTU. */
#include "src/parent/iface_mtu.h"

#include "esp/esp.h"
#include "lib/ip.h"

/* Without a cipher it is AH. */
static size_t room(const struct msg_iface_up *m, size_t packet)
{
	size_t ah = m->encr ? 0 : esp_ah_size((enum algo_id)m->integ, m->peer.family);

	if (m->encr)
		return esp_plain_room((enum algo_id)m->encr, (enum algo_id)m->integ, packet);
	return ah > 0 && packet > ah ? packet - ah : 0;
}

uint32_t iface_mtu(uint32_t link_mtu, const struct msg_iface_up *m)
{
	uint32_t outer = (m->peer.family == 6 ? (uint32_t)IP6_SIZE : IP4_SIZE) +
	                 (m->udp ? (uint32_t)UDP_SIZE : 0);
	size_t plain = link_mtu > outer ? room(m, link_mtu - outer) : 0;
	uint32_t mtu = plain > m->inner_overhead ? (uint32_t)(plain - m->inner_overhead) : 0;

	if (m->peer_mru > 0 && mtu > m->peer_mru)
		mtu = m->peer_mru;
	return mtu;
}
