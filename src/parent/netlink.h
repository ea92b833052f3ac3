/* Links, addresses and routes of the kernel, set by rtnetlink. */
#ifndef SRC_PARENT_NETLINK_H
#define SRC_PARENT_NETLINK_H

#include "lib/addr.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * A socket to the kernel; each call waits for the kernel's answer, which comes at once. Calls that
 * give an int give 0 or an errno value; netlink_reason() then has the kernel's own words, if it
 * gave any.
 */
struct netlink;

/* NULL with errno set. */
struct netlink *netlink_open(void);
void netlink_close(struct netlink *nl);
/* Why the last call failed: the kernel's text, or strerror; never NULL. */
const char *netlink_reason(const struct netlink *nl);

/* Link up or down; mtu 0: as it is. IPv6 link-local addresses are not made by the kernel: PPP
 * agrees on them. */
int netlink_link_set(struct netlink *nl, uint32_t ifindex, bool up, uint32_t mtu);
int netlink_link_mtu(struct netlink *nl, uint32_t ifindex, uint32_t *mtu);
/* The kernel must not make up link-local addresses on this link (IPv6 may be off: then an error
 * that can be ignored). */
int netlink_link_no_autoaddress(struct netlink *nl, uint32_t ifindex);

/* A point-to-point address (IPv4: peer's address with it) or an address with a prefix. Setting what
 * is there already is no error. */
int netlink_address_add(struct netlink *nl, uint32_t ifindex, const struct ls_addr *local,
                        const struct ls_addr *peer, uint8_t bits);
/* Removing what is not there is no error. */
int netlink_address_remove(struct netlink *nl, uint32_t ifindex, const struct ls_addr *local,
                           const struct ls_addr *peer, uint8_t bits);

/* A route into the interface; source: the preferred source address, family 0 = none. Replaces one
 * of ours with the same prefix and metric. */
int netlink_route_set(struct netlink *nl, uint32_t ifindex, const struct ls_prefix *to,
                      const struct ls_addr *source, uint32_t metric);
int netlink_route_remove(struct netlink *nl, uint32_t ifindex, const struct ls_prefix *to,
                         uint32_t metric);
/* Which way the kernel would send to an address: interface and the path's MTU (of the route, else
 * of the link). */
int netlink_route_get(struct netlink *nl, const struct ls_addr *to, uint32_t *ifindex,
                      uint32_t *mtu);

#endif
