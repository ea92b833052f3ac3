/* Tests of TUN devices, with the kernel's own in a namespace. */
#include "src/parent/tun.h"

#include "src/config/config.h"

#include "tests/unit/run.h"
#include "tests/unit/src/netns.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>

enum { NOBODY = 65534, VNET = 10 };

static struct tun tun;
static char error[300];

static void set_up(void)
{
	netns_enter();
	error[0] = '\0';
	ck_assert_msg(tun_open(&tun, "hq", 1, error, sizeof error), "%s", error);
}

static void take_down(void)
{
	tun_close(&tun);
	/* Harmless. */
	tun_close(&tun);
	ck_assert_int_eq(tun.fd, -1);
}

static void is_refused(const char *name, const char *why)
{
	struct tun t;

	ck_assert(!tun_open(&t, name, 1, error, sizeof error));
	ck_assert_int_eq(t.fd, -1);
	ck_assert_msg(strstr(error, why) != NULL, "'%s' is not in: %s", why, error);
}

START_TEST(a_device_is_what_the_packet_path_wants)
{
	struct ifreq r = {.ifr_name = ""};
	int query = socket(AF_INET, SOCK_DGRAM, 0);

	ck_assert_str_eq(tun.ifname, "hq");
	ck_assert_uint_eq(tun.ifindex, if_nametoindex("hq"));
	ck_assert_uint_eq(tun.offloads & CONF_OFFLOAD_TUN_TSO, CONF_OFFLOAD_TUN_TSO);
	ck_assert_int_eq(ioctl(tun.fd, TUNGETIFF, &r), 0);
	ck_assert_int_eq(r.ifr_flags & (IFF_TUN | IFF_TAP | IFF_NO_PI | IFF_VNET_HDR),
	                 IFF_TUN | IFF_NO_PI | IFF_VNET_HDR);
	ck_assert_int_eq(fcntl(tun.fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	ck_assert_int_eq(fcntl(tun.fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
	snprintf(r.ifr_name, sizeof r.ifr_name, "hq");
	ck_assert_int_eq(ioctl(query, SIOCGIFTXQLEN, &r), 0);
	ck_assert_int_eq(r.ifr_qlen, 1000);
	close(query);
}
END_TEST

/* A packet comes with the virtio header in front, its checksum still to be made. */
START_TEST(packets_come_with_a_virtio_header)
{
	struct ls_addr local = addr_of("10.9.0.2"), peer = addr_of("10.9.0.1");
	struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(0x0a090001)};
	struct netlink *nl = netlink_open();
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	uint8_t bytes[2000];
	ssize_t n;

	ck_assert_int_lt(read(tun.fd, bytes, sizeof bytes), 0);
	ck_assert_int_eq(netlink_link_set(nl, tun.ifindex, true, 1400), 0);
	ck_assert_int_eq(netlink_address_add(nl, tun.ifindex, &local, &peer, 32), 0);
	netlink_close(nl);
	ck_assert_int_eq(sendto(fd, "words", 5, 0, (struct sockaddr *)&to, sizeof to), 5);
	/* The kernel says something of its own on a new link, in IPv6. */
	do
		n = read(tun.fd, bytes, sizeof bytes);
	while (n > VNET && bytes[VNET] >> 4 == 6);
	ck_assert_int_eq(n, VNET + 20 + 8 + 5);
	ck_assert_uint_eq(bytes[0], 1); /* VIRTIO_NET_HDR_F_NEEDS_CSUM */
	ck_assert_uint_eq(bytes[VNET], 0x45);
	ck_assert_mem_eq(bytes + n - 5, "words", 5);
	close(fd);
}
END_TEST

/* Two datagrams in one call of UDP_SEGMENT; gives how many reads of the device they are, and what
 * the virtio header of the last one says. */
static unsigned reads_of_two(int fd, uint8_t vnet[VNET])
{
	struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(0x0a090001)};
	uint8_t bytes[2000] = {0};
	unsigned reads = 0;
	ssize_t n;

	ck_assert_int_eq(sendto(fd, bytes, 200, 0, (struct sockaddr *)&to, sizeof to), 200);
	while ((n = read(tun.fd, bytes, sizeof bytes)) > 0)
		if (bytes[VNET] >> 4 == 4) {
			memcpy(vnet, bytes, VNET);
			reads++;
		}
	return reads;
}

/* Switched off, packets come cut and with their checksums; and on again. */
START_TEST(offloads_can_be_switched)
{
	enum { NEEDS_CSUM = 1, UDP_L4 = 5, SEGMENT = 103 };
	struct ls_addr local = addr_of("10.9.0.2"), peer = addr_of("10.9.0.1");
	struct netlink *nl = netlink_open();
	int fd = socket(AF_INET, SOCK_DGRAM, 0), size = 100;
	uint8_t vnet[VNET];

	ck_assert_int_eq(netlink_link_set(nl, tun.ifindex, true, 1400), 0);
	ck_assert_int_eq(netlink_address_add(nl, tun.ifindex, &local, &peer, 32), 0);
	netlink_close(nl);
	ck_assert_int_eq(setsockopt(fd, IPPROTO_UDP, SEGMENT, &size, sizeof size), 0);
	for (unsigned wanted = 0; wanted <= CONF_OFFLOAD_ALL; wanted++) {
		unsigned on = wanted & tun.offloads;

		tun_offload(&tun, wanted);
		ck_assert_uint_eq(reads_of_two(fd, vnet), on & CONF_OFFLOAD_TUN_USO ? 1 : 2);
		ck_assert_uint_eq(vnet[0], on & (CONF_OFFLOAD_TUN_TSO | CONF_OFFLOAD_TUN_USO)
		                                   ? NEEDS_CSUM
		                                   : 0);
		ck_assert_uint_eq(vnet[1], on & CONF_OFFLOAD_TUN_USO ? UDP_L4 : 0);
	}
	close(fd);
}
END_TEST

START_TEST(a_device_name_is_taken_once)
{
	is_refused("hq", "interface hq");
	ck_assert_ptr_nonnull(strstr(error, "is there already"));
	is_refused("lo", "interface lo");
	ck_assert_uint_eq(if_nametoindex("lo"), 1);
	is_refused("a/b", "interface a/b");
	tun_close(&tun);
	ck_assert(tun_open(&tun, "hq", 1, error, sizeof error));
}
END_TEST

/* It lives as long as anybody has a descriptor of it: a gateway that dies takes none along. */
START_TEST(a_device_goes_with_its_last_descriptor)
{
	int other = fcntl(tun.fd, F_DUPFD_CLOEXEC, 0);

	tun_close(&tun);
	ck_assert_uint_ne(if_nametoindex("hq"), 0);
	close(other);
	ck_assert_uint_eq(if_nametoindex("hq"), 0);
}
END_TEST

START_TEST(without_rights_it_says_which)
{
	capng_get_caps_process();
	capng_update(CAPNG_DROP, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_NET_ADMIN);
	ck_assert_int_eq(capng_apply(CAPNG_SELECT_CAPS), 0);
	is_refused("branch", "CAP_NET_ADMIN");
	ck_assert_ptr_nonnull(strstr(error, "interface branch"));
}
END_TEST

/* As in a container that was not given it; and as where it was given to others. */
START_TEST(without_the_file_it_says_what_to_do)
{
	ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
	ck_assert_int_eq(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	ck_assert_int_eq(mount("none", "/dev/net", "tmpfs", 0, NULL), 0);
	is_refused("branch", "cannot open /dev/net/tun");
	ck_assert_ptr_nonnull(strstr(error, "modprobe tun"));
	ck_assert_ptr_nonnull(strstr(error, "container"));
	close(open("/dev/net/tun", O_CREAT | O_WRONLY, 0600));
	ck_assert_int_eq(setresuid(NOBODY, NOBODY, NOBODY), 0);
	is_refused("branch", "run l2tpsecd as root");
}
END_TEST

/* All of one device, which goes with the last. */
START_TEST(a_device_of_several_queues)
{
	struct tun t;

	ck_assert_msg(tun_open(&t, "many", 3, error, sizeof error), "%s", error);
	ck_assert_uint_eq(t.queues, 3);
	ck_assert_uint_eq(t.offloads, tun.offloads);
	for (unsigned i = 0; i < 3; i++) {
		struct ifreq r = {.ifr_name = ""};

		ck_assert_int_eq(ioctl(tun_queue(&t, i), TUNGETIFF, &r), 0);
		ck_assert_str_eq(r.ifr_name, "many");
		for (unsigned k = 0; k < i; k++)
			ck_assert_int_ne(tun_queue(&t, i), tun_queue(&t, k));
	}
	tun_close(&t);
	ck_assert_uint_eq(if_nametoindex("many"), 0);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("tun");

	if (!netns_can("tun"))
		return EXIT_SUCCESS;
	tcase_add_checked_fixture(tc, set_up, take_down);
	tcase_add_test(tc, a_device_is_what_the_packet_path_wants);
	tcase_add_test(tc, packets_come_with_a_virtio_header);
	tcase_add_test(tc, offloads_can_be_switched);
	tcase_add_test(tc, a_device_name_is_taken_once);
	tcase_add_test(tc, a_device_goes_with_its_last_descriptor);
	tcase_add_test(tc, without_rights_it_says_which);
	tcase_add_test(tc, without_the_file_it_says_what_to_do);
	tcase_add_test(tc, a_device_of_several_queues);
	return run_cases("tun", tc);
}
