/* Packets of an SA that is no more: who sends them is told, and whoever is told asks for its IKE SA
 * (RFC 7296 1.5, 2.21.4). */
#include "ike/ike_sa.h"

#include <string.h>

enum { SPI_SIZE = 4 };

/* With a peer there an IKE SA stands: its Deletes say what is no more, and what is still on its way
 * says nothing. */
static bool known_there(const struct ike *ike, const struct ls_addr *remote)
{
	for (const struct ike_sa *sa = ike->sas; sa; sa = sa->next)
		if (sa->state != IKE_S_DEAD && !ike_sa_half_open(sa) &&
		    (remote->port == 0 ? ls_addr_same_ip(&sa->remote, remote)
		                       : ls_addr_equal(&sa->remote, remote)))
			return true;
	return false;
}

void ike_stray(struct ike *ike, uint32_t spi, bool ah, const struct ls_addr *local,
               const struct ls_addr *remote, ls_time now)
{
	uint8_t bytes[64], data[SPI_SIZE];
	struct ike_build b = ike_build_make(bytes, sizeof bytes);
	struct ike_header h = {.exchange = IKE_X_INFO, .flags = IKE_FLAG_INITIATOR};
	uint16_t port = remote->port == 0 ? IKE_PORT : IKE_PORT_NAT;
	struct ls_addr from = ls_addr_with_port(*local, port), to = *remote;

	if (now > ike->now)
		ike->now = now;
	if (ike->ending || known_there(ike, remote) ||
	    !ike_qcd_admits(ike, &ike->qcd.strays, IKE_STRAYS_PER_SOURCE, remote))
		return;
	if (to.port == 0)
		to.port = IKE_PORT;
	ls_put32(data, spi);
	ike_build_notify(&b, ah ? IKE_PROTO_AH : IKE_PROTO_ESP, IKE_N_INVALID_SPI,
	                 LS_BYTES(NULL, 0), LS_BYTES(data, sizeof data));
	ike_count(ike, CAUSE_IKE_STRAY_TOLD);
	ike_send_unprotected(ike, &from, &to, h, &b);
}

/* A pair that we send on, to that address. */
static struct ike_sa *sending_there(struct ike *ike, uint32_t spi_out, const struct ls_addr *remote)
{
	for (struct ike_sa *sa = ike->sas; sa; sa = sa->next)
		if (sa->state == IKE_S_ESTABLISHED && ls_addr_same_ip(&sa->remote, remote) &&
		    ike_child_out(sa, spi_out))
			return sa;
	return NULL;
}

/*
 * The peer is asked at once whether it has our IKE SA; a question that is on its way goes again,
 * for the peer may have been away when it came, and a later one could be long in coming. That costs
 * a forger's victim a message in a while.
 */
static void ask(struct ike_sa *sa)
{
	if (sa->ike->now < sa->stray_next)
		return;
	sa->stray_next = ls_time_add(sa->ike->now, LS_S(IKE_STRAY_EVERY_S));
	ike_count(sa->ike, CAUSE_IKE_STRAY);
	if (!sa->active)
		sa->doubt = true;
	else if (sa->active->outstanding)
		ike_sa_send_packets(sa, &sa->active->packets);
}

bool ike_stray_heard(struct ike *ike, const struct ike_datagram *d, const struct ike_header *h,
                     struct ls_bytes message)
{
	struct rd r = rd_make(message.p, message.len);
	const struct ike_notify *n;
	struct ike_payloads in;
	struct ike_sa *sa;

	rd_skip(&r, IKE_HEADER_SIZE);
	if (ike_payloads_read(h->next, &r, &in) != CAUSE_NONE)
		return false;
	n = ike_notify_find(&in, IKE_N_INVALID_SPI);
	if (!n || n->data.len != SPI_SIZE)
		return false;
	sa = sending_there(ike, ls_get32(n->data.p), &d->remote);
	if (!sa)
		return false;
	ike->touched = true;
	ask(sa);
	return true;
}
