/* L2TP data messages (RFC 2661 3.1): the header that the packet path puts before a PPP frame, and
 * takes off again. */
#include "l2tp/l2tp.h"

enum {
	FLAG_T = 0x8000,
	FLAG_L = 0x4000,
	FLAG_S = 0x0800,
	FLAG_O = 0x0200,
	VERSION_MASK = 0x000f,
	VERSION_2 = 2
};

size_t l2tp_data_header(const struct l2tp_data *data, uint16_t ns, size_t ppp_len, uint8_t *out)
{
	size_t size = 2, total;
	uint16_t flags = VERSION_2;

	if (data->length_bit)
		size += 2;
	ls_put16(out + size, data->peer_connection);
	ls_put16(out + size + 2, data->peer_session);
	size += 4;
	if (data->sequencing) {
		ls_put16(out + size, ns);
		ls_put16(out + size + 2, 0); /* Nr is reserved in data messages (3.1) */
		size += 4;
		flags |= FLAG_S;
	}
	if (data->length_bit) {
		total = size + ppp_len;
		flags |= FLAG_L;
		ls_put16(out + 2, (uint16_t)total);
	}
	ls_put16(out, flags);
	return size;
}

enum ls_cause l2tp_data_parse(const uint8_t *bytes, size_t len, struct l2tp_data_in *in)
{
	struct rd r = rd_make(bytes, len);
	uint16_t flags = rd_u16(&r);

	if (!rd_ok(&r))
		return CAUSE_L2TP_DATA_SHORT;
	if ((flags & VERSION_MASK) != VERSION_2 || (flags & FLAG_T))
		return CAUSE_L2TP_DATA_VERSION;
	*in = (struct l2tp_data_in){.ns = 0};
	if (flags & FLAG_L) {
		uint16_t total = rd_u16(&r);

		if (total > len || total < r.pos)
			return CAUSE_L2TP_DATA_SHORT;
		r.len = total;
	}
	in->connection = rd_u16(&r);
	in->session = rd_u16(&r);
	if (flags & FLAG_S) {
		in->has_ns = true;
		in->ns = rd_u16(&r);
		rd_skip(&r, 2);
	}
	if (flags & FLAG_O)
		rd_skip(&r, rd_u16(&r));
	if (!rd_ok(&r))
		return CAUSE_L2TP_DATA_SHORT;
	in->ppp_offset = (uint32_t)r.pos;
	in->ppp_len = (uint32_t)rd_left(&r);
	return CAUSE_NONE;
}
