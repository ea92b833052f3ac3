/* Fuzzes the messages between the processes: decoding is strict, so what is taken encodes to the
 * same bytes, and points nowhere outside. */
#include "src/base/msg.h"

#include <stdlib.h>
#include <string.h>

static bool encode(struct wr *w, const struct msg *m)
{
	switch (m->type) {
#define MSG(number, NAME, name, from, to, fields) \
	case MSG_TYPE_##NAME:                     \
		return msg_encode_##name(w, &m->name);
#include "src/base/msg.def"
#undef MSG
	default:
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t again[MSG_SIZE_MAX];
	static struct msg m;
	struct wr w = wr_make(again, sizeof again);

	memset(&m, 0xee, sizeof m);
	if (!msg_decode(data, size, &m))
		return 0;
	if (!msg_info(m.type) || size > msg_info(m.type)->max_bytes || !encode(&w, &m) ||
	    w.len != size || memcmp(again, data, size) != 0)
		abort();
	return 0;
}
