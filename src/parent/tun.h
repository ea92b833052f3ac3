/* TUN devices: one a tunnel, gone with its last descriptor. */
#ifndef SRC_PARENT_TUN_H
#define SRC_PARENT_TUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TUN_QUEUES_MAX = 16 };

struct tun {
	int fd;                       /* -1: none */
	int more[TUN_QUEUES_MAX - 1]; /* of its other queues */
	unsigned queues;
	char ifname[16];
	uint32_t ifindex;
	unsigned offloads; /* what the kernel has for it: of CONF_OFFLOAD_TUN_TSO, TUN_USO, JOIN */
};

/*
 * Makes a device with packets behind a virtio-net header (IFF_VNET_HDR), all offloads on that the
 * kernel has, and so many queues (1 to TUN_QUEUES_MAX). false: *t has fd -1 and error (cap bytes)
 * says what failed and what to do about it.
 */
bool tun_open(struct tun *t, const char *ifname, unsigned queues, char *error, size_t cap);
/* The descriptor of a queue, 0 first. */
int tun_queue(const struct tun *t, unsigned queue);
/* Leaves on of its offloads those that are wanted (CONF_OFFLOAD_*). */
void tun_offload(const struct tun *t, unsigned wanted);
/* Closes our descriptor; the device goes when nobody else has one. */
void tun_close(struct tun *t);

#endif
