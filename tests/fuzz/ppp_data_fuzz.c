/* Fuzzes the prefix of PPP data frames: what is read lies inside, and what we write is read back.
 */
#include "ppp/ppp.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ppp_link link = {.send_acfc = size & 1, .send_pfc = (size & 2) != 0};
	unsigned version = size & 4 ? 4 : 6;
	uint8_t out[PPP_PREFIX_MAX];
	uint16_t protocol;
	size_t offset, n;

	if (ppp_data_parse(data, size, &protocol, &offset)) {
		if (offset == 0 || offset > size || offset > 4 ||
		    !(protocol == data[offset - 1] ||
		      (offset >= 2 && protocol == (data[offset - 2] << 8 | data[offset - 1]))))
			abort();
	}
	n = ppp_data_prefix(&link, version, out);
	if (n < 1 || n > PPP_PREFIX_MAX || !ppp_data_parse(out, n, &protocol, &offset) ||
	    offset != n || protocol != (version == 4 ? 0x21 : 0x57))
		abort();
	return 0;
}
