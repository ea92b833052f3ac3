/* Where a datagram comes from and goes to: our addresses as the socket calls write them, in names
 * (sockaddr) and in control messages (IP_PKTINFO, IPV6_PKTINFO). */
#ifndef SRC_BASE_DATAGRAM_H
#define SRC_BASE_DATAGRAM_H

#include "lib/addr.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

/* The traffic class of IKE and of L2TP and PPP control: CS6 (RFC 4594 3.2). */
enum { DATAGRAM_CLASS_CONTROL = 48 << 2 };

/* The address with its port as a name; family 0 counts as "any" of IPv6. Gives the name's size. */
socklen_t datagram_name_make(const struct ls_addr *addr, struct sockaddr_in6 *out);
/* A name of IPv4 or IPv6 with its port; family 0 for any other. */
struct ls_addr datagram_name_read(const struct sockaddr *name);

/* Makes the socket say of each datagram which address it was sent to. false with errno. */
bool datagram_local_ask(int fd, uint8_t family);
/* Whether this control message says where a datagram was sent to; then *local is that address, with
 * this port. */
bool datagram_local_read(const struct cmsghdr *c, uint16_t port, struct ls_addr *local);

/*
 * A control message of `size` bytes at the end of those in m; gives where its bytes belong.
 * m->msg_control is aligned for a struct cmsghdr and has room; m->msg_controllen is the size of
 * what is there already, 0 at first.
 */
void *datagram_control_add(struct msghdr *m, int level, int type, size_t size);
/* The control message that has a datagram sent from this address, whatever its port; none for
 * family 0. */
void datagram_local_add(struct msghdr *m, const struct ls_addr *local);

/* Makes the socket say the traffic class (DSCP and ECN) of each datagram that comes. false with
 * errno. */
bool datagram_class_ask(int fd, uint8_t family);
/* Whether this control message says the traffic class; then *class is it. */
bool datagram_class_read(const struct cmsghdr *c, uint8_t *class);
/* The control message that has a datagram of this family sent with a traffic class. */
void datagram_class_add(struct msghdr *m, uint8_t family, uint8_t class);
/* The traffic class of all datagrams that the socket sends. false with errno. */
bool datagram_class_set(int fd, uint8_t family, uint8_t class);

#endif
