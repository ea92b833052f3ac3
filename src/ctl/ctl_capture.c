/* A capture by libpcap. */
#include "src/ctl/ctl_capture.h"

#include <errno.h>
#include <fcntl.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { WHOLE = 262144, WAIT_MS = 100, BUFFER_BYTES = 16 * 1024 * 1024 };

/* With what is left of a datagram that was cut on the way: it has no ports. */
static const char filter[] = "udp port 500 or udp port 4500 or esp or ah or "
			     "(ip[6:2] & 0x1fff != 0) or ip6[6] = 44";

static bool complain(struct ctl_capture *c, const char *what, const char *why)
{
	snprintf(c->error, sizeof c->error, "%s: %s", what, why);
	return false;
}

static bool listen_begin(struct ctl_capture *c)
{
	char why[PCAP_ERRBUF_SIZE] = "";
	struct bpf_program program;
	bool good;

	c->pcap = pcap_create("any", why);
	if (!c->pcap)
		return complain(c, "no capture", why);
	pcap_set_snaplen(c->pcap, WHOLE);
	pcap_set_timeout(c->pcap, WAIT_MS);
	pcap_set_buffer_size(c->pcap, BUFFER_BYTES);
	if (pcap_activate(c->pcap) < 0 || pcap_setnonblock(c->pcap, 1, why) < 0 ||
	    pcap_compile(c->pcap, &program, filter, 1, PCAP_NETMASK_UNKNOWN) < 0)
		return complain(c, "no capture", pcap_geterr(c->pcap));
	good = pcap_setfilter(c->pcap, &program) == 0;
	pcap_freecode(&program);
	c->fd = pcap_get_selectable_fd(c->pcap);
	return (good && c->fd >= 0) || complain(c, "no capture", pcap_geterr(c->pcap));
}

bool ctl_capture_begin(struct ctl_capture *c, const char *file)
{
	int fd;
	FILE *out;

	*c = (struct ctl_capture){.fd = -1};
	fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return complain(c, file, strerror(errno));
	out = fdopen(fd, "w");
	if (!out) {
		close(fd);
		unlink(file);
		return complain(c, file, strerror(errno));
	}
	if (listen_begin(c))
		c->dump = pcap_dump_fopen(c->pcap, out);
	if (c->dump)
		return true;
	if (!c->error[0])
		complain(c, file, pcap_geterr(c->pcap));
	fclose(out);
	unlink(file);
	ctl_capture_end(c);
	return false;
}

bool ctl_capture_take(struct ctl_capture *c)
{
	int n = pcap_dispatch(c->pcap, -1, pcap_dump, (unsigned char *)c->dump);

	if (n < 0)
		return complain(c, "the capture ended", pcap_geterr(c->pcap));
	c->packets += (unsigned)n;
	if (n > 0 && (pcap_dump_flush(c->dump) < 0 || ferror(pcap_dump_file(c->dump))))
		return complain(c, "the capture cannot be written", strerror(errno));
	return true;
}

void ctl_capture_end(struct ctl_capture *c)
{
	struct pcap_stat s = {.ps_drop = 0};

	if (c->dump) {
		ctl_capture_take(c);
		pcap_dump_close(c->dump);
		if (pcap_stats(c->pcap, &s) == 0)
			c->missed = s.ps_drop;
	}
	if (c->pcap)
		pcap_close(c->pcap);
	c->dump = NULL;
	c->pcap = NULL;
	c->fd = -1;
}
