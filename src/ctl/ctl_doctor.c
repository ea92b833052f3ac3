/* What this host lacks for which feature, and the command that gives it. */
#include "src/ctl/ctl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

struct finding {
	const char *name; /* of the check, also in JSON */
	bool good;
	bool needed; /* without it nothing works */
	const char *text;
	const char *remedy;
};

static bool can_read_write(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
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
		found = strncmp(line, "flags", 5) == 0 && strstr(line, flag) != NULL;
	if (f)
		fclose(f);
	return found;
}

static bool daemon_answers(const struct ctl_options *o)
{
	struct control_request r = {.command = CONTROL_VERSION_SHOW};
	char message[256];

	return ctl_ask(o, &r, NULL, message, sizeof message) == CTL_DONE;
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
	printf("%-7s %s\n", f->good ? "ok" : f->needed ? "missing" : "note", f->text);
	if (!f->good)
		printf("        %s\n", f->remedy);
}

int ctl_doctor(const struct ctl_options *o)
{
	bool root = geteuid() == 0;
	const struct finding all[] = {
		{"root", root, true, "rights to make interfaces (root)",
	         "run this as root: sudo l2tpsecctl doctor"},
		{"tun", can_read_write("/dev/net/tun"), true, "the TUN device /dev/net/tun",
	         "modprobe tun; in a container: pass it in with --device /dev/net/tun"},
		{"forwarding4", number_in("/proc/sys/net/ipv4/ip_forward") == 1, false,
	         "IPv4 forwarding, to route between LAN and tunnel",
	         "sysctl -w net.ipv4.ip_forward=1"},
		{"forwarding6", number_in("/proc/sys/net/ipv6/conf/all/forwarding") == 1, false,
	         "IPv6 forwarding, to route between LAN and tunnel",
	         "sysctl -w net.ipv6.conf.all.forwarding=1"},
		{"aes", processor_has(" aes"), false, "AES in the processor",
	         "without it, chacha20poly1305 is faster: set tunnels.NAME.esp.proposals"},
		{"buffers", number_in("/proc/sys/net/core/rmem_max") >= 4 * 1024 * 1024 || root,
	         false, "large socket buffers", "sysctl -w net.core.rmem_max=8388608"},
		{"users", access("/etc/l2tpsec", F_OK) == 0, false,
	         "the directory /etc/l2tpsec with the configuration",
	         "make install, then write /etc/l2tpsec/l2tpsecd.conf"},
		{"daemon", daemon_answers(o), false, "l2tpsecd runs and answers",
	         "systemctl start l2tpsecd, or l2tpsecd -F -f FILE"},
	};
	int status = CTL_DONE;

	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		show(o, &all[i]);
		if (all[i].needed && !all[i].good)
			status = CTL_FAILED;
	}
	return status;
}
