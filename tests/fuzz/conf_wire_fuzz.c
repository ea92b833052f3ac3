/* Fuzzes the configuration as it travels between processes: decoding is strict, so what is taken
 * encodes to the same bytes. */
#include "src/config/config.h"

#include <stdlib.h>
#include <string.h>

enum { WIRE_MAX = 65536 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct conf_tunnel tunnel;
	static struct conf_gateway gateway;
	static uint8_t again[WIRE_MAX];
	struct wr w = wr_make(again, sizeof again);
	bool taken;

	if (size < 1)
		return 0;
	if (data[0] & 1)
		taken = conf_tunnel_decode(data + 1, size - 1, &tunnel);
	else
		taken = conf_gateway_decode(data + 1, size - 1, &gateway);
	if (!taken)
		return 0;
	if (!(data[0] & 1 ? conf_tunnel_encode(&w, &tunnel) : conf_gateway_encode(&w, &gateway)) ||
	    w.len != size - 1 || memcmp(again, data + 1, w.len) != 0)
		abort();
	return 0;
}
