/* TUN devices: opened with a virtio-net header and offloads, so that the packet path gets large
 * segments. */
#include "src/parent/tun.h"

#include "src/config/config.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* Missing in headers before Linux 6.2. */
#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

enum { QUEUE_PACKETS = 1000 };
/* With each goes that checksums come unfinished. */
enum {
	FLAGS_TSO = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN,
	FLAGS_USO = TUN_F_CSUM | TUN_F_USO4 | TUN_F_USO6
};

static bool refuse(struct tun *t, int error_number, const char *what, const char *remedy,
                   char *error, size_t cap)
{
	snprintf(error, cap, "%s: %s%s%s", what, strerror(error_number), remedy[0] ? "; " : "",
	         remedy);
	tun_close(t);
	return false;
}

static bool refuse_open(struct tun *t, char *error, size_t cap)
{
	int e = errno;
	const char *remedy = "run l2tpsecd as root";

	if (e == ENOENT || e == ENODEV || e == ENXIO)
		remedy = "load the kernel module ('modprobe tun'), or give the container the "
			 "device /dev/net/tun";
	return refuse(t, e, "cannot open /dev/net/tun", remedy, error, cap);
}

static bool refuse_make(struct tun *t, char *error, size_t cap)
{
	int e = errno;
	const char *remedy = "";
	char what[64];

	snprintf(what, sizeof what, "cannot make the interface %s", t->ifname);
	if (e == EBUSY || e == EEXIST || e == EINVAL)
		remedy = "an interface of this name is there already: stop what uses it or name "
			 "the tunnel differently";
	else if (e == EPERM || e == EACCES)
		remedy = "l2tpsecd needs CAP_NET_ADMIN (run it as root)";
	return refuse(t, e, what, remedy, error, cap);
}

static bool flags_set(int fd, unsigned flags)
{
	return ioctl(fd, TUNSETOFFLOAD, flags) == 0;
}

/* What of it this kernel has; left on. A packet may go joined into any device with this header:
 * only the kind of its segments must be known. */
static unsigned offloads_probe(int fd)
{
	if (flags_set(fd, FLAGS_TSO | FLAGS_USO))
		return CONF_OFFLOAD_TUN_TSO | CONF_OFFLOAD_TUN_USO | CONF_OFFLOAD_JOIN;
	return flags_set(fd, FLAGS_TSO) ? CONF_OFFLOAD_TUN_TSO | CONF_OFFLOAD_JOIN : 0;
}

void tun_offload(const struct tun *t, unsigned wanted)
{
	unsigned on = t->offloads & wanted, flags = 0;

	if (on & CONF_OFFLOAD_TUN_TSO)
		flags |= FLAGS_TSO;
	if (on & CONF_OFFLOAD_TUN_USO)
		flags |= FLAGS_USO;
	/* The kernel took all of them together. */
	flags_set(t->fd, flags);
}

static void queue_set(const char *ifname)
{
	struct ifreq r = {.ifr_qlen = QUEUE_PACKETS};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(r.ifr_name, sizeof r.ifr_name, "%s", ifname);
	/* The kernel's default is right too: nothing depends on this one. */
	if (fd >= 0 && ioctl(fd, SIOCSIFTXQLEN, &r) == 0)
		r.ifr_qlen = 0;
	if (fd >= 0)
		close(fd);
}

/* One more queue of the device that the request names. */
static int queue_open(const struct ifreq *wanted)
{
	struct ifreq r = *wanted;
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);

	if (fd >= 0 && ioctl(fd, TUNSETIFF, &r) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

int tun_queue(const struct tun *t, unsigned queue)
{
	return queue == 0 ? t->fd : t->more[queue - 1];
}

bool tun_open(struct tun *t, const char *ifname, unsigned queues, char *error, size_t cap)
{
	struct ifreq r = {.ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR};

	if (queues > 1)
		r.ifr_flags |= IFF_MULTI_QUEUE;
	memset(t, 0, sizeof *t);
	t->fd = -1;
	snprintf(t->ifname, sizeof t->ifname, "%s", ifname);
	snprintf(r.ifr_name, sizeof r.ifr_name, "%s", ifname);
	if (if_nametoindex(ifname) != 0) {
		errno = EBUSY;
		return refuse_make(t, error, cap);
	}
	t->fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (t->fd < 0)
		return refuse_open(t, error, cap);
	if (ioctl(t->fd, TUNSETIFF, &r) < 0)
		return refuse_make(t, error, cap);
	for (t->queues = 1; t->queues < queues; t->queues++) {
		t->more[t->queues - 1] = queue_open(&r);
		if (t->more[t->queues - 1] < 0)
			return refuse_make(t, error, cap);
	}
	t->offloads = offloads_probe(t->fd);
	t->ifindex = if_nametoindex(ifname);
	if (t->ifindex == 0)
		return refuse_make(t, error, cap);
	queue_set(ifname);
	return true;
}

void tun_close(struct tun *t)
{
	if (t->fd >= 0)
		close(t->fd);
	for (unsigned i = 1; i < t->queues; i++)
		close(t->more[i - 1]);
	t->fd = -1;
	t->queues = 0;
}
