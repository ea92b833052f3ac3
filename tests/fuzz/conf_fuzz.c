/* Fuzzes the configuration file: it is read whole or refused with a reason, and what was read
 * travels to the other processes and back unchanged. */
#include "src/config/config.h"
#include "tests/fuzz/libconfig_leaks.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { WIRE_MAX = 65536, INPUT_MAX = 20000 };

static void say(void *context, const char *key, const char *value, const char *origin)
{
	*(size_t *)context += strlen(key) + strlen(value) + strlen(origin);
}

static void travel(const struct conf *conf)
{
	static uint8_t wire[WIRE_MAX], again[WIRE_MAX];
	static struct conf_tunnel tunnel;
	static struct conf_gateway gateway;
	struct wr w = wr_make(wire, sizeof wire), a = wr_make(again, sizeof again);
	size_t said = 0;

	if (!conf_gateway_encode(&w, &conf->gateway) ||
	    !conf_gateway_decode(wire, w.len, &gateway) || !conf_gateway_encode(&a, &gateway) ||
	    a.len != w.len || memcmp(wire, again, w.len) != 0)
		abort();
	for (size_t i = 0; i < conf->tunnel_count; i++) {
		w.len = a.len = 0;
		if (!conf_tunnel_encode(&w, &conf->tunnels[i]) ||
		    !conf_tunnel_decode(wire, w.len, &tunnel) || !conf_tunnel_encode(&a, &tunnel) ||
		    a.len != w.len || memcmp(wire, again, w.len) != 0)
			abort();
	}
	conf_effective(conf, say, &said);
	if (said == 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct conf conf;
	static struct conf_errors errors;
	static int fd = -1;
	char path[40];

	/* Files that the text names stay unread. */
	if (size > INPUT_MAX || memmem(data, size, "@include", 8))
		return 0;
	if (fd < 0)
		fd = memfd_create("conf", MFD_CLOEXEC);
	if (fd < 0 || ftruncate(fd, 0) < 0 || pwrite(fd, data, size, 0) != (ssize_t)size)
		abort();
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	memset(&errors, 0, sizeof errors);
	if (conf_load(path, &conf, &errors)) {
		travel(&conf);
		conf_free(&conf);
	} else if (errors.count == 0 || errors.line[0][0] == '\0' || conf.tunnels) {
		abort();
	}
	return 0;
}
