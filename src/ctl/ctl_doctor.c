/* Looks at this host, as the daemon would use it, and shows what was found. */
#include "src/ctl/ctl_finding.h"

#include "src/base/sandbox.h"
#include "src/config/config.h"

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

enum { IKE_PORT = 500, NAT_PORT = 4500 };

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

static struct ctl_host look(const struct ctl_options *o)
{
	static const char prefix[] = "crypto libraries that pass their self-tests: ";
	struct ctl_host h = {
		.root = geteuid() == 0,
		.runs = daemon_answers(o),
		.tun_there = access("/dev/net/tun", F_OK) == 0,
		.tun_error = tun_try(),
		.raw = raw_try() == 0,
		.ports_free = port_is_free(IKE_PORT) && port_is_free(NAT_PORT),
		.forwards4 = number_in("/proc/sys/net/ipv4/ip_forward") == 1,
		.forwards6 = number_in("/proc/sys/net/ipv6/conf/all/forwarding") == 1,
		.aes = processor_has(" aes"),
		.buffer_bytes = number_in("/proc/sys/net/core/rmem_max"),
		.users = users_are_there(),
	};

	memcpy(h.libraries, prefix, sizeof prefix);
	h.crypto = conf_libraries(h.libraries + sizeof prefix - 1,
	                          sizeof h.libraries - sizeof prefix + 1);
	h.config = access(L2TPSEC_CONFIG, F_OK) == 0 || (!h.root && errno == EACCES);
	return h;
}

static void show(const struct ctl_options *o, const struct ctl_finding *f)
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
	struct ctl_host host = look(o);
	struct ctl_finding f[CTL_FINDINGS];
	int status = CTL_DONE;

	ctl_findings(&host, f);
	for (size_t i = 0; i < CTL_FINDINGS; i++) {
		if (!f[i].name)
			continue;
		show(o, &f[i]);
		if (f[i].needed && !f[i].good)
			status = CTL_FAILED;
	}
	return status;
}
