/* Reading and writing of L2TP control messages. */
#include "l2tp/l2tp_wire.h"

#include <string.h>

/* Header flags (RFC 2661 3.1): T, L and S are set in control messages. */
enum { FLAG_T = 0x8000, FLAG_L = 0x4000, FLAG_S = 0x0800, VERSION_MASK = 0x000f, VERSION_2 = 2 };
enum {
	AVP_MANDATORY = 0x8000,
	AVP_HIDDEN = 0x4000,
	AVP_RESERVED = 0x3c00,
	AVP_LENGTH = 0x03ff,
	AVP_HEADER = 6
};

static void avp_read(struct l2tp_in *in, uint16_t type, struct rd *r)
{
	switch (type) {
	case L2TP_AVP_RESULT:
		in->result = rd_u16(r);
		/* Old Apple systems send it byte-swapped. */
		if (in->result > 0xff && (in->result & 0xff) == 0)
			in->result = (uint16_t)(in->result >> 8);
		if (rd_left(r) >= 2)
			in->error = rd_u16(r);
		rd_printable(r, in->text, sizeof in->text);
		break;
	case L2TP_AVP_TIE:
		rd_copy(r, in->tie, sizeof in->tie);
		in->has_tie = true;
		break;
	case L2TP_AVP_HOST_NAME:
		rd_printable(r, in->host_name, sizeof in->host_name);
		break;
	case L2TP_AVP_VENDOR_NAME:
		rd_printable(r, in->vendor_name, sizeof in->vendor_name);
		break;
	case L2TP_AVP_CONNECTION:
		in->assigned_connection = rd_u16(r);
		break;
	case L2TP_AVP_WINDOW:
		in->window = rd_u16(r);
		break;
	case L2TP_AVP_CHALLENGE:
		in->challenge_len = (uint8_t)(rd_left(r) < L2TP_CHALLENGE_MAX ? rd_left(r)
		                                                              : L2TP_CHALLENGE_MAX);
		rd_copy(r, in->challenge, in->challenge_len);
		break;
	case L2TP_AVP_RESPONSE:
		rd_copy(r, in->response, sizeof in->response);
		in->has_response = true;
		break;
	case L2TP_AVP_SESSION:
		in->assigned_session = rd_u16(r);
		break;
	default:
		break; /* of no interest here */
	}
}

/* What RFC 2661 4.4 allows: bytes of the value, and whether it may be hidden. */
struct avp_row {
	uint16_t min, max;
	bool known, may_hide;
};

enum { ANY = L2TP_HIDDEN_MAX };

static const struct avp_row avp_rows[L2TP_AVP_LAST + 1] = {
	[L2TP_AVP_TYPE] = {2, 2, true, false},
	[L2TP_AVP_RESULT] = {2, ANY, true, false},
	[L2TP_AVP_VERSION] = {2, 2, true, false},
	[L2TP_AVP_FRAMING] = {4, 4, true, true},
	[L2TP_AVP_BEARER] = {4, 4, true, true},
	[L2TP_AVP_TIE] = {8, 8, true, false},
	[6] = {2, 2, true, true}, /* firmware revision */
	[L2TP_AVP_HOST_NAME] = {1, ANY, true, false},
	[L2TP_AVP_VENDOR_NAME] = {0, ANY, true, true},
	[L2TP_AVP_CONNECTION] = {2, 2, true, true},
	[L2TP_AVP_WINDOW] = {2, 2, true, false},
	[L2TP_AVP_CHALLENGE] = {1, L2TP_CHALLENGE_MAX, true, true},
	[12] = {3, ANY, true, false}, /* Q.931 cause */
	[L2TP_AVP_RESPONSE] = {16, 16, true, true},
	[L2TP_AVP_SESSION] = {2, 2, true, true},
	[L2TP_AVP_SERIAL] = {4, 4, true, true},
	[16] = {4, 4, true, true}, /* minimum, maximum BPS; bearer type */
	[17] = {4, 4, true, true},
	[18] = {4, 4, true, true},
	[L2TP_AVP_FRAMING_TYPE] = {4, 4, true, true},
	[21] = {0, ANY, true, true}, /* called, calling number, sub-address */
	[22] = {0, ANY, true, true},
	[23] = {0, ANY, true, true},
	[L2TP_AVP_SPEED] = {4, 4, true, true},
	[25] = {4, 4, true, true},   /* physical channel */
	[26] = {0, ANY, true, true}, /* LCP CONFREQs */
	[27] = {0, ANY, true, true},
	[28] = {0, ANY, true, true},
	[29] = {2, 2, true, true}, /* proxy authentication */
	[30] = {0, ANY, true, true},
	[31] = {0, ANY, true, true},
	[32] = {2, 2, true, true},
	[33] = {0, ANY, true, true},
	[34] = {26, 26, true, true}, /* call errors, ACCM */
	[35] = {10, 10, true, true},
	[L2TP_AVP_RANDOM_VECTOR] = {1, ANY, true, false},
	[37] = {0, ANY, true, true}, /* private group */
	[38] = {4, 4, true, true},   /* receive speed */
	[L2TP_AVP_SEQUENCING] = {0, 0, true, false},
};

/* What opens hidden AVPs: the latest Random Vector before them counts. */
struct veil {
	struct ls_bytes secret, vector;
	uint8_t plain[L2TP_HIDDEN_MAX];
};

/* The value in the clear; false when it cannot be read. */
static bool value_open(struct veil *v, uint16_t type, bool hidden, struct ls_bytes raw,
                       struct ls_bytes *value)
{
	const struct avp_row *row = &avp_rows[type];

	*value = raw;
	if (hidden && (!row->may_hide || v->secret.len == 0 || v->vector.len == 0))
		return false;
	if (hidden && !l2tp_unhide(type, v->secret, v->vector, raw, v->plain, value))
		return false;
	return row->known && value->len >= row->min && value->len <= row->max;
}

static bool type_known(uint16_t type)
{
	return (type >= L2TP_SCCRQ && type <= L2TP_STOPCCN) ||
	       (type >= L2TP_HELLO && type <= L2TP_ICCN) || (type >= L2TP_CDN && type <= L2TP_SLI);
}

/* One AVP (4.1); what cannot be understood is skipped unless the peer insists on it. */
static bool avp_next(struct l2tp_in *in, struct rd *r, struct veil *v, bool first)
{
	uint16_t bits = rd_u16(r), vendor = rd_u16(r), type = rd_u16(r);
	size_t len = bits & AVP_LENGTH;
	const uint8_t *p = len >= AVP_HEADER ? rd_bytes(r, len - AVP_HEADER) : NULL;
	struct ls_bytes value;

	if (!p)
		return false;
	value = LS_BYTES(p, len - AVP_HEADER);
	if (vendor != 0 || type > L2TP_AVP_LAST || (bits & AVP_RESERVED) ||
	    !value_open(v, type, (bits & AVP_HIDDEN) != 0, value, &value)) {
		if ((bits & AVP_MANDATORY) && !in->mandatory_unknown)
			in->unknown_type = type;
		in->mandatory_unknown |= (bits & AVP_MANDATORY) != 0;
		return !first;
	}
	struct rd content = rd_make(value.p, value.len);
	if (first) {
		in->type = rd_u16(&content);
		in->mandatory_unknown = (bits & AVP_MANDATORY) && !type_known(in->type);
		in->unknown_type = L2TP_AVP_TYPE;
		return type == L2TP_AVP_TYPE;
	}
	if (type == L2TP_AVP_RANDOM_VECTOR)
		v->vector = value;
	else
		avp_read(in, type, &content);
	return true;
}

enum ls_cause l2tp_message_read(const uint8_t *bytes, size_t len, struct ls_bytes secret,
                                struct l2tp_in *in)
{
	struct rd r = rd_make(bytes, len);
	uint16_t flags = rd_u16(&r), total = rd_u16(&r);
	struct veil veil = {.secret = secret};
	bool first = true;

	memset(in, 0, sizeof *in);
	in->connection = rd_u16(&r);
	in->session = rd_u16(&r);
	in->ns = rd_u16(&r);
	in->nr = rd_u16(&r);
	if (!rd_ok(&r))
		return CAUSE_L2TP_HEADER;
	if ((flags & VERSION_MASK) != VERSION_2)
		return CAUSE_L2TP_DATA_VERSION;
	if ((flags & (FLAG_T | FLAG_L | FLAG_S)) != (FLAG_T | FLAG_L | FLAG_S) ||
	    total < L2TP_HEADER_SIZE || total > len)
		return CAUSE_L2TP_HEADER;
	r.len = total;
	in->zlb = total == L2TP_HEADER_SIZE;
	for (; rd_left(&r) > 0; first = false)
		if (!avp_next(in, &r, &veil, first))
			return CAUSE_L2TP_AVP;
	return CAUSE_NONE;
}

static void avp_head(struct wr *w, uint16_t type, size_t len)
{
	wr_u16(w, (uint16_t)(AVP_MANDATORY | (AVP_HEADER + len)));
	wr_u16(w, 0);
	wr_u16(w, type);
}

void l2tp_avp_u16(struct wr *w, uint16_t type, uint16_t value)
{
	avp_head(w, type, 2);
	wr_u16(w, value);
}

void l2tp_avp_u32(struct wr *w, uint16_t type, uint32_t value)
{
	avp_head(w, type, 4);
	wr_u32(w, value);
}

void l2tp_avp_bytes(struct wr *w, uint16_t type, const void *bytes, size_t len)
{
	avp_head(w, type, len);
	wr_bytes(w, bytes, len);
}

void l2tp_avp_optional(struct wr *w, uint16_t type, const void *bytes, size_t len)
{
	wr_u16(w, (uint16_t)(AVP_HEADER + len));
	wr_u16(w, 0);
	wr_u16(w, type);
	wr_bytes(w, bytes, len);
}

void l2tp_avp_result(struct wr *w, uint16_t result, uint16_t error, const char *text)
{
	size_t len = strlen(text);

	avp_head(w, L2TP_AVP_RESULT, 4 + len);
	wr_u16(w, result);
	wr_u16(w, error);
	wr_bytes(w, text, len);
}

void l2tp_message_begin(struct wr *w, enum l2tp_type type)
{
	wr_zero(w, L2TP_HEADER_SIZE);
	if (type != L2TP_ZLB)
		l2tp_avp_u16(w, L2TP_AVP_TYPE, (uint16_t)type);
}

static void avp_hide(struct wr *out, uint16_t bits, uint16_t type, struct ls_bytes value,
                     struct ls_bytes secret, struct ls_bytes vector)
{
	uint8_t covered[L2TP_HIDDEN_MAX];
	size_t n = l2tp_hide(type, secret, vector, value, covered, sizeof covered);

	out->bad |= n == 0;
	wr_u16(out, (uint16_t)((bits & AVP_MANDATORY) | AVP_HIDDEN | (AVP_HEADER + n)));
	wr_u16(out, 0);
	wr_u16(out, type);
	wr_bytes(out, covered, n);
}

void l2tp_message_hide(struct wr *out, struct ls_bytes message, struct ls_bytes secret,
                       struct ls_bytes vector)
{
	struct rd r = rd_make(message.p, message.len);
	bool veiled = false;

	wr_bytes(out, rd_bytes(&r, L2TP_HEADER_SIZE), L2TP_HEADER_SIZE);
	while (rd_left(&r) > 0) {
		uint16_t bits = rd_u16(&r), vendor = rd_u16(&r), type = rd_u16(&r);
		size_t len = (bits & AVP_LENGTH) - AVP_HEADER;
		const uint8_t *p = rd_bytes(&r, len);

		if (!p) {
			out->bad = true;
			return;
		}
		if (vendor == 0 && type <= L2TP_AVP_LAST && avp_rows[type].may_hide) {
			if (!veiled)
				l2tp_avp_bytes(out, L2TP_AVP_RANDOM_VECTOR, vector.p, vector.len);
			veiled = true;
			avp_hide(out, bits, type, LS_BYTES(p, len), secret, vector);
			continue;
		}
		wr_u16(out, bits);
		wr_u16(out, vendor);
		wr_u16(out, type);
		wr_bytes(out, p, len);
	}
}

void l2tp_message_stamp(uint8_t *bytes, size_t len, uint16_t connection, uint16_t session,
                        uint16_t ns, uint16_t nr)
{
	ls_put16(bytes, FLAG_T | FLAG_L | FLAG_S | VERSION_2);
	ls_put16(bytes + 2, (uint16_t)len);
	ls_put16(bytes + 4, connection);
	ls_put16(bytes + 6, session);
	ls_put16(bytes + 8, ns);
	ls_put16(bytes + 10, nr);
}
