/* The one function that computes a tunnel's MTU. */
#ifndef SRC_PARENT_IFACE_MTU_H
#define SRC_PARENT_IFACE_MTU_H

#include "src/base/msg.h"

/*
 * The largest packet that fits through the tunnel without fragments of the outer packet: from the
 * outer link's MTU, or what the gateway has
 * measured the path to carry if that is less, down through outer IP, UDP (if encapsulated), ESP
 * with its padding, inner UDP, L2TP and PPP (inner_overhead); at most what the peer receives. 0
 * when nothing fits.
 */
uint32_t iface_mtu(uint32_t link_mtu, const struct msg_iface_up *m);

#endif
