/* What this host lacks for which feature, and the command that gives it. */
#include "src/ctl/ctl.h"

#include "src/base/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/if_tun.h>

#ifndef L2TPSEC_CONFIG
#define L2TPSEC_CONFIG "/etc/l2tpsec/l2tpsecd.conf"
#endif

enum { IKE_PORT = 500, NAT_PORT = 4500, SOCKET_BUFFER_BYTES = 4 * 1024 * 1024 };

struct finding {
	const char *name; /* of the check, also in JSON; NULL: nobody but root could tell */
	bool good;
	bool needed;      /* without it nothing works */
	const char *text; /* what it is, after "ok", "missing" or "without" */
	const char *remedy;
};

/* Makes an interface for a moment, as the daemon would. 0 or why not. */
static int tun_try(void)
{
	struct ifreq r = {.ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR, .ifr_name = "l2tpdoc%d"};
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC), e = 0;

	if (fd < 0)
		return errno;
	if (ioctl(fd, TUNSETIFF, &r) < 0)
		e = errno;
	close(fd);
	return e;
}

static struct finding tun_finding(void)
{
	struct finding f = {"tun", true, true, "interfaces (/dev/net/tun)", ""};
	bool there = access("/dev/net/tun", F_OK) == 0;
	int e = tun_try();

	if (there && geteuid() != 0)
		f.name = NULL;
	f.good = e == 0;
	if (there && (e == EPERM || e == EACCES))
		f.remedy = "give it the capability: in a container, --cap-add NET_ADMIN --device "
			   "/dev/net/tun";
	else
		f.remedy = "modprobe tun; in a container: pass it in with --device /dev/net/tun";
	return f;
}

static int raw_try(void)
{
	int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ESP), e = fd < 0 ? errno : 0;

	if (fd >= 0)
		close(fd);
	return e;
}

/* Whether nobody has the port. */
static bool port_is_free(uint16_t port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool taken =
		fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof at) < 0 && errno == EADDRINUSE;

	if (fd >= 0)
		close(fd);
	return !taken;
}

static int number_in(const char *path)
{
	FILE *f = fopen(path, "re");
	int n = -1;

	if (f && fscanf(f, "%d", &n) != 1)
		n = -1;
	if (f)
		fclose(f);
	return n;
}

static bool processor_has(const char *flag)
{
	FILE *f = fopen("/proc/cpuinfo", "re");
	char line[8192];
	bool found = false;

	while (f && !found && fgets(line, sizeof line, f))
		found = (strncmp(line, "flags", 5) == 0 || strncmp(line, "Features", 8) == 0) &&
		        strstr(line, flag) != NULL;
	if (f)
		fclose(f);
	return found;
}

/* That it says no is an answer too. */
static bool daemon_answers(const struct ctl_options *o)
{
	struct control_request r = {.command = CONTROL_VERSION_SHOW};
	char message[256];

	return ctl_ask(o, &r, NULL, message, sizeof message) != CTL_FAILED;
}

static bool users_are_there(void)
{
	return sandbox_user_of(MSG_ROLE_KEYS).named && sandbox_user_of(MSG_ROLE_IKE).named &&
	       sandbox_user_of(MSG_ROLE_GATEWAY).named;
}

static void show(const struct ctl_options *o, const struct finding *f)
{
	if (o->json) {
		json_t *j = json_pack("{s:s, s:s, s:b, s:b, s:s, s:s}", "type", "finding", "name",
		                      f->name, "good", (int)f->good, "needed", (int)f->needed,
		                      "text", f->text, "remedy", f->good ? "" : f->remedy);

		json_dumpf(j, stdout, JSON_COMPACT);
		putchar('\n');
		json_decref(j);
		return;
	}
	printf("%-7s %s\n", f->good ? "ok" : f->needed ? "missing" : "without", f->text);
	if (!f->good)
		printf("        %s\n", f->remedy);
}

int ctl_doctor(const struct ctl_options *o)
{
	bool root = geteuid() == 0, runs = daemon_answers(o);
	const struct finding all[] = {
		{"root", root, true, "the right to find out (root)",
	         "run this as root: sudo l2tpsecctl doctor"},
		tun_finding(),
		{root ? "raw" : NULL, raw_try() == 0, true, "ESP as IP protocol 50 (raw sockets)",
	         "give it the capability: in a container, --cap-add NET_RAW"},
		{root || runs ? "ports" : NULL,
	         runs || (port_is_free(IKE_PORT) && port_is_free(NAT_PORT)), true,
	         "UDP ports 500 and 4500 for l2tpsecd",
	         "another IKE daemon has them: 'ss -ulpn' names it; stop that one"},
		{"forwarding4", number_in("/proc/sys/net/ipv4/ip_forward") == 1, false,
	         "IPv4 forwarding, to route between LAN and tunnel",
	         "sysctl -w net.ipv4.ip_forward=1"},
		{"forwarding6", number_in("/proc/sys/net/ipv6/conf/all/forwarding") == 1, false,
	         "IPv6 forwarding, to route between LAN and tunnel",
	         "sysctl -w net.ipv6.conf.all.forwarding=1"},
		{"aes", processor_has(" aes"), false, "AES in the processor",
	         "without it, chacha20poly1305 is faster: set tunnels.NAME.esp.proposals"},
		{"buffers", number_in("/proc/sys/net/core/rmem_max") >= SOCKET_BUFFER_BYTES || root,
	         false, "large socket buffers", "sysctl -w net.core.rmem_max=8388608"},
		{"users", users_are_there(), false, "a system user for each process",
	         "systemd-sysusers (or make the users that l2tpsecd(8) names)"},
		{"config", access(L2TPSEC_CONFIG, F_OK) == 0 || (!root && errno == EACCES), false,
	         "the configuration " L2TPSEC_CONFIG, "write it: l2tpsecd.conf(5) has examples"},
		{"daemon", runs, false, "a running l2tpsecd",
	         "systemctl start l2tpsecd, or l2tpsecd -F -f FILE"},
	};
	int status = CTL_DONE;

	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		if (!all[i].name)
			continue;
		show(o, &all[i]);
		if (all[i].needed && !all[i].good)
			status = CTL_FAILED;
	}
	return status;
}
