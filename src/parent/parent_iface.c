/* A tunnel's interface: addresses, MTU and routes as PPP agreed on them and the config asks for
 * them. */
#include "src/parent/parent.h"

#include "src/parent/iface_addr.h"
#include "src/parent/iface_mtu.h"

#include <stdio.h>
#include <string.h>

enum {
	LINK_MTU = 1500,  /* where the kernel does not say */
	MTU_FIRST = 1400, /* until PPP has agreed: what most paths carry */
	MTU_MIN = 576,
	MTU_MIN_IPV6 = 1280, /* below it the kernel turns IPv6 off on a link (RFC 8200 5); larger
	                        outer packets are fragmented then */
	LINK_LOCAL_BITS = 64,
};

static const struct ls_addr no_address;

/* Routes that are there while the line is down let packets call it up. */
static bool routes_stay(const struct tunnel *t)
{
	return t->conf.start == CONF_START_ON_DEMAND;
}

/* A route that catches the tunnel's own outer packets would choke it: it is taken back. */
static bool route_loops(struct parent *p, const struct tunnel *t, const struct ls_prefix *to,
                        const struct ls_addr *peer)
{
	uint32_t ifindex = 0, mtu;

	return peer->family != 0 && ls_prefix_contains(to, peer) &&
	       netlink_route_get(p->netlink, peer, &ifindex, &mtu) == 0 &&
	       ifindex == t->tun.ifindex;
}

static void route_set(struct parent *p, struct tunnel *t, const struct ls_prefix *to)
{
	const struct ls_addr *source = to->addr.family == 4 ? &t->iface.local4 : &no_address;
	char text[LS_ADDR_TEXT_MAX], peer[LS_ADDR_TEXT_MAX];
	int e = netlink_route_set(p->netlink, t->tun.ifindex, to, source, t->conf.metric);

	if (e) {
		parent_tell(p, t->id, CAUSE_IFACE_ROUTE, NULL, "%s: %s", ls_prefix_text(to, text),
		            netlink_reason(p->netlink));
		return;
	}
	if (route_loops(p, t, to, &t->iface.peer)) {
		netlink_route_remove(p->netlink, t->tun.ifindex, to, t->conf.metric);
		parent_tell(p, t->id, CAUSE_IFACE_LOOP, &t->iface.peer,
		            "%s holds the peer's address %s", ls_prefix_text(to, text),
		            ls_addr_text(&t->iface.peer, peer));
	}
}

static void routes_set(struct parent *p, struct tunnel *t)
{
	for (size_t i = 0; i < t->conf.route_count; i++)
		route_set(p, t, &t->conf.routes[i]);
	t->iface.routes = true;
}

static void routes_remove(struct parent *p, struct tunnel *t, const struct conf_tunnel *conf)
{
	for (size_t i = 0; i < conf->route_count; i++)
		netlink_route_remove(p->netlink, t->tun.ifindex, &conf->routes[i], conf->metric);
	t->iface.routes = false;
}

bool parent_iface_prepare(struct parent *p, struct tunnel *t, char *error, size_t cap)
{
	uint32_t mtu = t->conf.mtu > 0 ? t->conf.mtu : MTU_FIRST;

	/* Where the kernel has no IPv6 this fails, and nothing is lost. */
	netlink_link_no_autoaddress(p->netlink, t->tun.ifindex);
	if (netlink_link_set(p->netlink, t->tun.ifindex, true, mtu)) {
		snprintf(error, cap, "cannot set the interface %s up: %s", t->name,
		         netlink_reason(p->netlink));
		return false;
	}
	if (routes_stay(t))
		routes_set(p, t);
	return true;
}

/* Of the link that leads to the peer. */
static uint32_t link_mtu(struct parent *p, const struct msg_iface_up *m)
{
	uint32_t ifindex = 0, link = LINK_MTU;

	return netlink_route_get(p->netlink, &m->peer, &ifindex, &link) ? LINK_MTU : link;
}

static uint32_t mtu_choose(const struct tunnel *t, const struct msg_iface_up *m, uint32_t link)
{
	uint32_t mtu;

	mtu = t->conf.mtu > 0 ? t->conf.mtu : iface_mtu(link, m);
	if (m->ipv6 && mtu < MTU_MIN_IPV6)
		mtu = MTU_MIN_IPV6;
	return mtu < MTU_MIN ? MTU_MIN : mtu;
}

static void addresses_remove(struct parent *p, struct tunnel *t)
{
	struct iface *f = &t->iface;

	if (f->local4.family == 4)
		netlink_address_remove(p->netlink, t->tun.ifindex, &f->local4, &f->remote4, 32);
	if (f->local6.family == 6)
		netlink_address_remove(p->netlink, t->tun.ifindex, &f->local6, NULL,
		                       LINK_LOCAL_BITS);
	f->local4 = f->remote4 = f->local6 = no_address;
}

static struct ls_addr link_local(uint64_t id)
{
	uint8_t ip[16] = {0xfe, 0x80};

	ls_put64(ip + 8, id);
	return ls_addr_from_bytes(6, ip, 0);
}

/* false: error is told. */
static bool addresses_set(struct parent *p, struct tunnel *t, const struct msg_iface_up *m,
                          char *error, size_t cap)
{
	struct ls_addr local6 = m->ipv6 ? link_local(m->local_id) : no_address;
	struct iface *f = &t->iface;
	char text[LS_ADDR_TEXT_MAX];
	int e;

	if (!ls_addr_same_ip(&f->local4, &m->local4) ||
	    !ls_addr_same_ip(&f->remote4, &m->remote4) || !ls_addr_same_ip(&f->local6, &local6))
		addresses_remove(p, t);
	if (m->local4.family == 4) {
		e = netlink_address_add(p->netlink, t->tun.ifindex, &m->local4, &m->remote4, 32);
		if (e) {
			snprintf(error, cap, "%s: %s", ls_addr_text(&m->local4, text),
			         netlink_reason(p->netlink));
			return false;
		}
		f->local4 = m->local4;
		f->remote4 = m->remote4;
	}
	if (local6.family == 6) {
		e = netlink_address_add(p->netlink, t->tun.ifindex, &local6, NULL, LINK_LOCAL_BITS);
		if (e)
			/* The host may have IPv6 turned off: IPv4 goes on without it. */
			parent_tell(p, t->id, CAUSE_IFACE_ADDRESS, NULL, "%s: %s",
			            ls_addr_text(&local6, text), netlink_reason(p->netlink));
		else
			f->local6 = local6;
	}
	return true;
}

/*
 * A peer that we call names its own address, and must not take one that is there already: ours, or
 * a host's in a network of ours, whose packets it would get. Where we give the address (it calls),
 * one of our LAN may well be meant.
 */
static const char *far_end_wrong(const struct tunnel *t, const struct ls_addr *remote)
{
	bool given = t->conf.start == CONF_START_WAIT || t->conf.ppp.remote4.family == 4 ||
	             t->conf.ppp.pool_first.family == 4;

	switch (iface_holder_of(remote, t->name)) {
	case IFACE_OURS:
		return "the far end has an address of this host";
	case IFACE_NEIGHBOURS:
		return given ? NULL : "the far end has an address of a network of this host";
	default:
		return NULL;
	}
}

/* The far end's address becomes a route, so that a peer could take another one's packets, or its
 * own outer ones. false: error says so. */
static bool addresses_check(const struct parent *p, const struct tunnel *t,
                            const struct msg_iface_up *m, char *error, size_t cap)
{
	const char *wrong = iface_addresses_wrong(m, &m->peer);
	char local[LS_ADDR_TEXT_MAX], remote[LS_ADDR_TEXT_MAX];

	for (const struct tunnel *o = p->tunnels; o && !wrong; o = o->next)
		if (o != t && o->iface.up)
			wrong = iface_addresses_wrong(m, &o->iface.peer);
	if (!wrong && m->local4.family == 4)
		wrong = far_end_wrong(t, &m->remote4);
	if (wrong)
		snprintf(error, cap, "%s here, %s there: %s", ls_addr_text(&m->local4, local),
		         ls_addr_text(&m->remote4, remote), wrong);
	return !wrong;
}

void parent_iface_up(struct parent *p, const struct msg_iface_up *m)
{
	struct tunnel *t = parent_tunnel(p, m->tunnel);
	struct msg_iface_done done = {.tunnel = m->tunnel};
	uint32_t link, mtu;

	if (!t)
		return;
	t->iface.peer = m->peer;
	t->iface.dns[0] = m->dns1;
	t->iface.dns[1] = m->dns2;
	link = link_mtu(p, m);
	mtu = mtu_choose(t, m, link);
	if (!addresses_check(p, t, m, done.error, sizeof done.error)) {
		addresses_remove(p, t);
	} else if (netlink_link_set(p->netlink, t->tun.ifindex, true, mtu)) {
		snprintf(done.error, sizeof done.error, "MTU %u: %s", mtu,
		         netlink_reason(p->netlink));
	} else if (addresses_set(p, t, m, done.error, sizeof done.error)) {
		routes_set(p, t);
		t->iface.up = true;
		done.ok = true;
		done.link_mtu = link;
		done.mtu = (uint16_t)(mtu > UINT16_MAX ? UINT16_MAX : mtu);
	}
	if (!done.ok)
		parent_tell(p, t->id, CAUSE_IFACE_ADDRESS, &m->peer, "%s", done.error);
	ipc_send_iface_done(parent_child(p, MSG_ROLE_GATEWAY)->ipc, &done, -1);
}

void parent_iface_down(struct parent *p, struct tunnel *t)
{
	if (!routes_stay(t) && t->iface.routes)
		routes_remove(p, t, &t->conf);
	addresses_remove(p, t);
	/* The kernel takes routes with our preferred source away together with the address. */
	if (routes_stay(t))
		routes_set(p, t);
	t->iface.up = false;
}

void parent_iface_clear(struct parent *p, struct tunnel *t)
{
	routes_remove(p, t, &t->conf);
	addresses_remove(p, t);
	t->iface.up = false;
}

void parent_iface_routes_changed(struct parent *p, struct tunnel *t, const struct conf_tunnel *old)
{
	routes_remove(p, t, old);
	if (t->iface.up || routes_stay(t))
		routes_set(p, t);
}
