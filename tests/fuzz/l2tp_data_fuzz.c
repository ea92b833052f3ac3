/* Fuzzes data headers: what is accepted lies inside the message. */
#include "l2tp/l2tp.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct l2tp_data_in in;

	if (l2tp_data_parse(data, size, &in) != CAUSE_NONE)
		return 0;
	if (l2tp_is_control(data, size) || in.ppp_offset < 6 ||
	    (size_t)in.ppp_offset + in.ppp_len > size)
		abort();
	return 0;
}
