/* Names and control messages of datagrams. */
#include "src/base/datagram.h"

#include <arpa/inet.h>
#include <string.h>

socklen_t datagram_name_make(const struct ls_addr *addr, struct sockaddr_in6 *out)
{
	memset(out, 0, sizeof *out);
	if (addr->family == 4) {
		struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(addr->port)};

		memcpy(&in.sin_addr, addr->ip, sizeof in.sin_addr);
		memcpy(out, &in, sizeof in);
		return sizeof in;
	}
	out->sin6_family = AF_INET6;
	out->sin6_port = htons(addr->port);
	memcpy(&out->sin6_addr, addr->ip, sizeof out->sin6_addr);
	return sizeof *out;
}

struct ls_addr datagram_name_read(const struct sockaddr *name)
{
	if (name->sa_family == AF_INET) {
		struct sockaddr_in in;
		uint8_t ip[sizeof in.sin_addr];

		memcpy(&in, name, sizeof in);
		memcpy(ip, &in.sin_addr, sizeof ip);
		return ls_addr_from_bytes(4, ip, ntohs(in.sin_port));
	}
	if (name->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;

		memcpy(&in6, name, sizeof in6);
		return ls_addr_from_bytes(6, in6.sin6_addr.s6_addr, ntohs(in6.sin6_port));
	}
	return (struct ls_addr){.family = 0};
}

bool datagram_local_ask(int fd, uint8_t family)
{
	int one = 1;

	if (family == 4)
		return setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &one, sizeof one) == 0;
	return setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &one, sizeof one) == 0;
}

bool datagram_local_read(const struct cmsghdr *c, uint16_t port, struct ls_addr *local)
{
	if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
		struct in_pktinfo info;
		uint8_t ip[sizeof info.ipi_addr];

		memcpy(&info, CMSG_DATA(c), sizeof info);
		memcpy(ip, &info.ipi_addr, sizeof ip);
		*local = ls_addr_from_bytes(4, ip, port);
		return true;
	}
	if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
		struct in6_pktinfo info;

		memcpy(&info, CMSG_DATA(c), sizeof info);
		*local = ls_addr_from_bytes(6, info.ipi6_addr.s6_addr, port);
		return true;
	}
	return false;
}

void *datagram_control_add(struct msghdr *m, int level, int type, size_t size)
{
	struct cmsghdr *c =
		(struct cmsghdr *)(void *)((uint8_t *)m->msg_control + m->msg_controllen);

	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(size);
	m->msg_controllen += CMSG_SPACE(size);
	return CMSG_DATA(c);
}

void datagram_local_add(struct msghdr *m, const struct ls_addr *local)
{
	if (local->family == 4) {
		struct in_pktinfo info = {0};

		memcpy(&info.ipi_spec_dst, local->ip, sizeof info.ipi_spec_dst);
		memcpy(datagram_control_add(m, IPPROTO_IP, IP_PKTINFO, sizeof info), &info,
		       sizeof info);
	} else if (local->family == 6) {
		struct in6_pktinfo info = {0};

		memcpy(&info.ipi6_addr, local->ip, sizeof info.ipi6_addr);
		memcpy(datagram_control_add(m, IPPROTO_IPV6, IPV6_PKTINFO, sizeof info), &info,
		       sizeof info);
	}
}

bool datagram_class_ask(int fd, uint8_t family)
{
	int one = 1;

	if (family == 4)
		return setsockopt(fd, IPPROTO_IP, IP_RECVTOS, &one, sizeof one) == 0;
	return setsockopt(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, &one, sizeof one) == 0;
}

bool datagram_class_read(const struct cmsghdr *c, uint8_t *class)
{
	if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TOS) {
		memcpy(class, CMSG_DATA(c), sizeof *class);
		return true;
	}
	if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_TCLASS) {
		int value;

		memcpy(&value, CMSG_DATA(c), sizeof value);
		*class = (uint8_t)value;
		return true;
	}
	return false;
}

void datagram_class_add(struct msghdr *m, uint8_t family, uint8_t class)
{
	int value = class;
	bool v4 = family == 4;

	memcpy(datagram_control_add(m, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_TOS : IPV6_TCLASS,
	                            sizeof value),
	       &value, sizeof value);
}

bool datagram_class_set(int fd, uint8_t family, uint8_t class)
{
	int value = class;

	if (family == 4)
		return setsockopt(fd, IPPROTO_IP, IP_TOS, &value, sizeof value) == 0;
	return setsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &value, sizeof value) == 0;
}
