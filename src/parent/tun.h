/* TUN devices: one a tunnel, gone with its last descriptor. */
#ifndef SRC_PARENT_TUN_H
#define SRC_PARENT_TUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tun {
	int fd; /* -1: none */
	char ifname[16];
	uint32_t ifindex;
	bool offload; /* it gives and takes large TCP segments and unfinished checksums */
};

/*
 * Makes a device with packets behind a virtio-net header (IFF_VNET_HDR), offloads as the kernel
 * lets us. false: *t has fd -1 and error (cap bytes) says what failed and what to do about it.
 */
bool tun_open(struct tun *t, const char *ifname, char *error, size_t cap);
/* Closes our descriptor; the device goes when nobody else has one. */
void tun_close(struct tun *t);

#endif
