/* What a host lacks for which feature, and the command that gives it. */
#include "src/ctl/ctl_finding.h"

#include <errno.h>
#include <string.h>

static struct ctl_finding tun_finding(const struct ctl_host *h)
{
	struct ctl_finding f = {"tun", h->tun_error == 0, true, "interfaces (/dev/net/tun)", ""};

	if (h->tun_there && !h->root)
		f.name = NULL;
	if (h->tun_there && (h->tun_error == EPERM || h->tun_error == EACCES))
		f.remedy = "give it the capability: in a container, --cap-add NET_ADMIN --device "
			   "/dev/net/tun";
	else
		f.remedy = "modprobe tun; in a container: pass it in with --device /dev/net/tun";
	return f;
}

void ctl_findings(const struct ctl_host *h, struct ctl_finding out[CTL_FINDINGS])
{
	const struct ctl_finding all[] = {
		{"root", h->root, true, "the right to find out (root)",
	         "run this as root: sudo l2tpsecctl doctor"},
		tun_finding(h),
		{h->root ? "raw" : NULL, h->raw, true, "ESP as IP protocol 50 (raw sockets)",
	         "give it the capability: in a container, --cap-add NET_RAW"},
		{h->root || h->runs ? "ports" : NULL, h->runs || h->ports_free, true,
	         "UDP ports 500 and 4500 for l2tpsecd",
	         "another IKE daemon has them: 'ss -ulpn' names it; stop that one"},
		{"forwarding4", h->forwards4, false,
	         "IPv4 forwarding, to route between LAN and tunnel",
	         "sysctl -w net.ipv4.ip_forward=1"},
		{"forwarding6", h->forwards6, false,
	         "IPv6 forwarding, to route between LAN and tunnel",
	         "sysctl -w net.ipv6.conf.all.forwarding=1"},
		{"crypto", h->crypto, true, h->libraries,
	         "a library or the processor is broken: update libssl3 and libipsec-mb1, and do "
	         "not trust this host until you know which it is"},
		{"aes", h->aes, false, "AES in the processor",
	         "without it, chacha20poly1305 is faster: set tunnels.NAME.esp.proposals"},
		{"buffers", h->buffer_bytes >= CTL_BUFFER_BYTES || h->root, false,
	         "large socket buffers", "sysctl -w net.core.rmem_max=8388608"},
		{"users", h->users, false, "a system user for each process",
	         "systemd-sysusers (or make the users that l2tpsecd(8) names)"},
		{"config", h->config, false, "the configuration " L2TPSEC_CONFIG,
	         "write it: l2tpsecd.conf(5) has examples"},
		{"daemon", h->runs, false, "a running l2tpsecd",
	         "systemctl start l2tpsecd, or l2tpsecd -F -f FILE"},
	};

	_Static_assert(sizeof all / sizeof all[0] == CTL_FINDINGS, "as the header says");
	memcpy(out, all, sizeof all);
}
