/* Messages for people who look on (l2tpsecctl trace). */
#include "ike/ike_trace.h"

#include "ike/ike_names.h"
#include "ike/ike_proposal.h"
#include "ike/ike_sa.h"
#include "ike/ike_ts.h"

#include <string.h>

enum { PROTOCOL_OFFSET = 5, PART_MAX = 400, DATA_SHOWN_MAX = 8, SPIS_SHOWN_MAX = 8, RESERVED = 3 };

/* The side: i in requests, r in responses. */
static const char *const payload_names[][2] = {
	[IKE_P_KE] = {"KEi", "KEr"},
	[IKE_P_IDI] = {"IDi", "IDi"},
	[IKE_P_IDR] = {"IDr", "IDr"},
	[IKE_P_CERT] = {"CERT", "CERT"},
	[IKE_P_CERTREQ] = {"CERTREQ", "CERTREQ"},
	[IKE_P_AUTH] = {"AUTH", "AUTH"},
	[IKE_P_NONCE] = {"Ni", "Nr"},
	[IKE_P_DELETE] = {"D", "D"},
	[IKE_P_VENDOR] = {"V", "V"},
	[IKE_P_TSI] = {"TSi", "TSi"},
	[IKE_P_TSR] = {"TSr", "TSr"},
	[IKE_P_CP] = {"CP", "CP"},
	[IKE_P_EAP] = {"EAP", "EAP"},
	[IKE_P_SK] = {"SK", "SK"},
	[IKE_P_SKF] = {"SKF", "SKF"},
};

static const char *protocol_name(uint8_t protocol)
{
	return protocol == IKE_PROTO_IKE   ? "IKE"
	       : protocol == IKE_PROTO_AH  ? "AH"
	       : protocol == IKE_PROTO_ESP ? "ESP"
	                                   : "?";
}

/* The next bytes; none when too few are left. */
static struct ls_bytes take(struct rd *r, size_t n)
{
	const uint8_t *p = rd_bytes(r, n);

	return LS_BYTES(p, p ? n : 0);
}

static void add_hex(struct ike_text *t, struct ls_bytes b)
{
	for (size_t i = 0; i < b.len; i++)
		ike_text_hex(t, b.p[i], 2);
}

static void add_bytes(struct ike_text *t, size_t n)
{
	ike_text_number(t, n);
	ike_text_add(t, n == 1 ? " byte" : " bytes");
}

static void add_notify(struct ike_text *t, struct rd *r, bool whole)
{
	uint8_t protocol = rd_u8(r), spi_size = rd_u8(r);
	uint16_t type = rd_u16(r);
	struct ls_bytes spi = take(r, spi_size), data = take(r, rd_left(r));

	if (!rd_ok(r)) {
		ike_text_add(t, "?");
		return;
	}
	ike_text_notify(t, type);
	if (!whole)
		return;
	if (spi.len > 0) {
		ike_text_add(t, ", ");
		ike_text_add(t, protocol_name(protocol));
		ike_text_add(t, " SPI ");
		add_hex(t, spi);
	}
	if (data.len > 0 && data.len <= DATA_SHOWN_MAX) {
		ike_text_add(t, ", ");
		add_hex(t, data);
	} else if (data.len > 0) {
		ike_text_add(t, ", ");
		add_bytes(t, data.len);
	}
}

static void add_name(struct ike_text *t, const struct ike_header *h, uint8_t type, struct rd body)
{
	unsigned side = (h->flags & IKE_FLAG_RESPONSE) != 0;

	if (type == IKE_P_SA) {
		ike_text_add(t, h->exchange == IKE_X_INIT   ? side ? "SAr1" : "SAi1"
		                : h->exchange == IKE_X_AUTH ? side ? "SAr2" : "SAi2"
		                                            : "SA");
	} else if (type == IKE_P_NOTIFY) {
		ike_text_add(t, "N(");
		add_notify(t, &body, false);
		ike_text_add(t, ")");
	} else if (type < sizeof payload_names / sizeof payload_names[0] &&
	           payload_names[type][0]) {
		ike_text_add(t, payload_names[type][side]);
	} else {
		ike_text_add(t, "payload ");
		ike_text_number(t, type);
	}
}

static void say_ke(struct ike_text *t, struct rd *r)
{
	uint16_t group = rd_u16(r);
	const struct algo *algo = algo_by_ikev2(ALGO_KIND_KE, group, 0);

	rd_skip(r, 2);
	if (algo) {
		ike_text_algo(t, algo->id);
	} else {
		ike_text_add(t, "group ");
		ike_text_number(t, group);
	}
	ike_text_add(t, ", ");
	add_bytes(t, rd_left(r));
}

static void say_auth(struct ike_text *t, struct rd *r)
{
	uint8_t method = rd_u8(r);

	rd_skip(r, RESERVED);
	ike_text_add(t, "method ");
	ike_text_number(t, method);
	ike_text_add(t, method == 2    ? " (preshared key), "
	                : method == 14 ? " (digital signature), "
	                               : ", ");
	add_bytes(t, rd_left(r));
}

static void say_delete(struct ike_text *t, struct rd *r)
{
	uint8_t protocol = rd_u8(r), size = rd_u8(r);
	uint16_t count = rd_u16(r);

	ike_text_add(t, protocol_name(protocol));
	for (unsigned i = 0; i < count && i < SPIS_SHOWN_MAX && size > 0 && rd_left(r) >= size;
	     i++) {
		ike_text_add(t, " SPI ");
		add_hex(t, take(r, size));
	}
}

/* What a payload says beyond its name; nothing where that is all. */
static void say(struct ike_text *t, uint8_t type, struct ls_bytes body)
{
	struct rd r = rd_make(body.p, body.len), at = r;
	struct ike_identity id;
	char part[PART_MAX];

	switch (type) {
	case IKE_P_SA:
		rd_skip(&at, PROTOCOL_OFFSET);
		ike_offers_text(body, (enum ike_protocol)rd_u8(&at), part, sizeof part);
		ike_text_add(t, part);
		break;
	case IKE_P_KE:
		say_ke(t, &r);
		break;
	case IKE_P_IDI:
	case IKE_P_IDR:
		if (ike_id_read(body, &id))
			ike_text_identity(t, &id);
		break;
	case IKE_P_AUTH:
		say_auth(t, &r);
		break;
	case IKE_P_NOTIFY:
		add_notify(t, &r, true);
		break;
	case IKE_P_DELETE:
		say_delete(t, &r);
		break;
	case IKE_P_TSI:
	case IKE_P_TSR:
		ike_ts_text(body, part, sizeof part);
		ike_text_add(t, part);
		break;
	default:
		add_bytes(t, body.len);
		break;
	}
}

void ike_trace_text(const struct ike_header *h, uint8_t first, struct ls_bytes plain, bool sealed,
                    char text[IKE_TRACE_TEXT_MAX], char details[IKE_TRACE_DETAILS_MAX])
{
	struct ike_text line = ike_text_make(text, IKE_TRACE_TEXT_MAX),
			more = ike_text_make(details, IKE_TRACE_DETAILS_MAX);
	struct rd r = rd_make(plain.p, plain.len);
	uint8_t type = first;

	ike_text_add(&line, sealed ? "HDR, SK {" : "HDR");
	for (unsigned n = 0; type != IKE_P_NONE && n < IKE_PAYLOADS_MAX; n++) {
		uint8_t next = rd_u8(&r);
		uint16_t len;
		struct ls_bytes body;

		rd_skip(&r, 1);
		len = rd_u16(&r);
		body = take(&r, len < IKE_PAYLOAD_HEADER_SIZE
		                        ? SIZE_MAX
		                        : len - (size_t)IKE_PAYLOAD_HEADER_SIZE);
		ike_text_add(&line, sealed && n == 0 ? "" : ", ");
		if (!rd_ok(&r)) {
			ike_text_add(&line, "...");
			break;
		}
		add_name(&line, h, type, rd_make(body.p, body.len));
		if (more.len > 0)
			ike_text_add(&more, "; ");
		if (type == IKE_P_NOTIFY)
			ike_text_add(&more, "N");
		else
			add_name(&more, h, type, rd_make(NULL, 0));
		ike_text_add(&more, ": ");
		say(&more, type, body);
		type = next;
	}
	if (sealed)
		ike_text_add(&line, "}");
}

static void trace(struct ike *ike, uint32_t tunnel, const struct ls_addr *local,
                  const struct ls_addr *remote, const struct ike_header *h, bool sent,
                  const char *text, const char *details)
{
	size_t len = strlen(text), more = strlen(details);
	struct ike_item *item = ike_queue(ike, IKE_REQ_TRACE, len + more + 1);
	struct ike_request *r;

	if (!item)
		return;
	r = &item->request;
	r->tunnel = tunnel;
	r->local = *local;
	r->remote = *remote;
	r->trace.sent = sent;
	r->trace.response = h->flags & IKE_FLAG_RESPONSE;
	r->trace.exchange = h->exchange;
	r->trace.id = h->id;
	r->trace.text = ike_item_copy(item, LS_BYTES(text, len));
	r->trace.details = ike_item_copy(item, LS_BYTES(details, more));
}

void ike_trace_sealed(const struct ike_sa *sa, const struct ike_header *h, uint8_t first,
                      struct ls_bytes plain, bool sent)
{
	char text[IKE_TRACE_TEXT_MAX], details[IKE_TRACE_DETAILS_MAX];

	if (!sa->ike->tracing)
		return;
	ike_trace_text(h, first, plain, true, text, details);
	trace(sa->ike, sa->tunnel, &sa->local, &sa->remote, h, sent, text, details);
}

void ike_trace_open(struct ike *ike, uint32_t tunnel, const struct ls_addr *local,
                    const struct ls_addr *remote, struct ls_bytes message, bool sent)
{
	char text[IKE_TRACE_TEXT_MAX], details[IKE_TRACE_DETAILS_MAX];
	struct rd r = rd_make(message.p, message.len);
	struct ike_header h;

	if (!ike->tracing || !ike_header_read(&r, &h))
		return;
	ike_trace_text(&h, h.next, take(&r, rd_left(&r)), false, text, details);
	trace(ike, tunnel, local, remote, &h, sent, text, details);
}

void ike_trace_again(const struct ike_sa *sa, uint8_t exchange, bool response, uint32_t id)
{
	struct ike_header h = ike_sa_header(sa, exchange, response, id);

	if (sa->ike->tracing)
		trace(sa->ike, sa->tunnel, &sa->local, &sa->remote, &h, true, "the same again", "");
}

void ike_trace(struct ike *ike, bool on)
{
	ike->tracing = on;
}
