/* Groups outgoing packets into runs that one system call can send: same socket, same addresses, one
 * size, one behind the other. */
#include "src/gateway/gw_udp.h"

static bool run_takes(const struct gw_run *run, const struct gw_udp *udp,
                      const struct ls_addr *local, const struct ls_addr *remote, uint8_t class,
                      bool df, const uint8_t *bytes, size_t len)
{
	if (run->udp != udp || run->closed || run->class != class || run->df != df || !udp->gso ||
	    run->bytes + run->len != bytes)
		return false;
	if (len > run->segment || run->packets >= GW_RUN_PACKETS || run->len + len > GW_RUN_BYTES)
		return false;
	return ls_addr_equal(&run->remote, remote) && ls_addr_equal(&run->local, local);
}

bool gw_runs_add(struct gw_runs *runs, const struct gw_udp *udp, const struct ls_addr *local,
                 const struct ls_addr *remote, uint8_t class, bool df, const uint8_t *bytes,
                 size_t len)
{
	struct gw_run *run = runs->n > 0 ? &runs->run[runs->n - 1] : NULL;

	if (run && run_takes(run, udp, local, remote, class, df, bytes, len)) {
		run->closed = len < run->segment;
		run->len += (uint32_t)len;
		run->packets++;
		return true;
	}
	if (runs->n == GW_RUNS_MAX)
		return false;
	runs->run[runs->n++] = (struct gw_run){
		.udp = udp,
		.local = *local,
		.remote = *remote,
		.class = class,
		.df = df,
		.bytes = bytes,
		.len = (uint32_t)len,
		.segment = (uint16_t)len,
		.packets = 1,
	};
	return true;
}
