/* IKEv2 messages as bytes: header, payload chain, and what the payloads say (RFC 7296 3). */
#include "ike/ike_message.h"

#include <string.h>

enum { CRITICAL = 0x80, VERSION_MINOR_MASK = 0x0f };

bool ike_header_read(struct rd *r, struct ike_header *h)
{
	uint8_t version;

	h->spi_i = rd_u64(r);
	h->spi_r = rd_u64(r);
	h->next = rd_u8(r);
	version = rd_u8(r);
	h->major = version >> 4;
	h->minor = version & VERSION_MINOR_MASK;
	h->exchange = rd_u8(r);
	h->flags = rd_u8(r);
	h->id = rd_u32(r);
	h->length = rd_u32(r);
	return rd_ok(r);
}

void ike_header_write(struct wr *w, const struct ike_header *h)
{
	wr_u64(w, h->spi_i);
	wr_u64(w, h->spi_r);
	wr_u8(w, h->next);
	wr_u8(w, (uint8_t)(h->major << 4 | h->minor));
	wr_u8(w, h->exchange);
	wr_u8(w, h->flags);
	wr_u32(w, h->id);
	wr_u32(w, h->length);
}

static struct ls_bytes rest(struct rd *r)
{
	size_t n = rd_left(r);

	return LS_BYTES(rd_bytes(r, n), n);
}

/* A payload that may come once: false when it is there already. */
static bool once(struct ls_bytes *field, struct rd *r)
{
	if (field->p)
		return false;
	*field = rest(r);
	return true;
}

static bool read_sa(struct rd *r, struct ike_payloads *out)
{
	return once(&out->sa, r);
}

static bool read_ke(struct rd *r, struct ike_payloads *out)
{
	uint16_t group = rd_u16(r);

	rd_skip(r, 2);
	if (!once(&out->ke, r))
		return false;
	out->ke_group = group;
	return true;
}

static bool read_idi(struct rd *r, struct ike_payloads *out)
{
	return once(&out->idi, r);
}

static bool read_idr(struct rd *r, struct ike_payloads *out)
{
	return once(&out->idr, r);
}

static bool read_auth(struct rd *r, struct ike_payloads *out)
{
	uint8_t method = rd_u8(r);

	rd_skip(r, 3);
	if (!once(&out->auth, r))
		return false;
	out->auth_method = method;
	return true;
}

static bool read_cert(struct rd *r, struct ike_payloads *out)
{
	uint8_t encoding = rd_u8(r);
	struct ls_bytes cert = rest(r);

	if (encoding != IKE_CERT_X509) {
		if (out->cert_other == 0)
			out->cert_other = encoding;
		return true;
	}
	if (out->certs < CERT_CHAIN_MAX)
		out->cert[out->certs] = cert;
	out->certs++;
	return true;
}

/* There is one for each encoding; only X.509's means something here. */
static bool read_certreq(struct rd *r, struct ike_payloads *out)
{
	uint8_t encoding = rd_u8(r);
	struct ls_bytes authorities = rest(r);

	if (encoding == IKE_CERT_X509 && !out->certreq.p)
		out->certreq = authorities;
	return authorities.len % CERT_AUTHORITY_SIZE == 0 || encoding != IKE_CERT_X509;
}

static bool read_nonce(struct rd *r, struct ike_payloads *out)
{
	return once(&out->nonce, r) && out->nonce.len <= IKE_NONCE_MAX;
}

static bool read_notify(struct rd *r, struct ike_payloads *out)
{
	struct ike_notify n = {.protocol = rd_u8(r)};
	uint8_t spi_size = rd_u8(r);

	n.type = rd_u16(r);
	n.spi = LS_BYTES(rd_bytes(r, spi_size), spi_size);
	n.data = rest(r);
	/* More than we keep: nobody needs so many, and unknown ones are ignored anyway. */
	if (rd_ok(r) && out->notifies < IKE_NOTIFIES_MAX)
		out->notify[out->notifies++] = n;
	return true;
}

static bool read_delete(struct rd *r, struct ike_payloads *out)
{
	struct ike_delete d;
	size_t len;

	d.protocol = rd_u8(r);
	d.spi_size = rd_u8(r);
	d.count = rd_u16(r);
	len = (size_t)d.spi_size * d.count;
	d.spis = LS_BYTES(rd_bytes(r, len), len);
	if (rd_ok(r) && out->deletes_count < IKE_DELETES_MAX)
		out->deletes[out->deletes_count++] = d;
	return rd_end(r);
}

static bool read_tsi(struct rd *r, struct ike_payloads *out)
{
	return once(&out->tsi, r);
}

static bool read_tsr(struct rd *r, struct ike_payloads *out)
{
	return once(&out->tsr, r);
}

static bool read_skip(struct rd *r, struct ike_payloads *out)
{
	(void)out;
	rest(r);
	return true;
}

/* Known payloads (RFC 7296 3.2): the shortest body, and who reads it. */
static const struct payload_row {
	uint8_t type;
	uint8_t min;
	bool (*read)(struct rd *r, struct ike_payloads *out);
} payload_rows[] = {
	{IKE_P_SA, 8, read_sa},         {IKE_P_KE, 5, read_ke},
	{IKE_P_IDI, 4, read_idi},       {IKE_P_IDR, 4, read_idr},
	{IKE_P_CERT, 1, read_cert},     {IKE_P_CERTREQ, 1, read_certreq},
	{IKE_P_AUTH, 5, read_auth},     {IKE_P_NONCE, IKE_NONCE_MIN, read_nonce},
	{IKE_P_NOTIFY, 4, read_notify}, {IKE_P_DELETE, 4, read_delete},
	{IKE_P_VENDOR, 0, read_skip},   {IKE_P_TSI, 4, read_tsi},
	{IKE_P_TSR, 4, read_tsr},       {IKE_P_CP, 4, read_skip},
	{IKE_P_EAP, 4, read_skip},
};

static const struct payload_row *payload_row(uint8_t type)
{
	for (size_t i = 0; i < sizeof payload_rows / sizeof payload_rows[0]; i++)
		if (payload_rows[i].type == type)
			return &payload_rows[i];
	return NULL;
}

enum ls_cause ike_payloads_read(uint8_t first, struct rd *r, struct ike_payloads *out)
{
	uint8_t type = first;
	unsigned seen = 0;

	memset(out, 0, sizeof *out);
	while (type != IKE_P_NONE) {
		uint8_t next = rd_u8(r);
		uint8_t flags = rd_u8(r);
		uint16_t length = rd_u16(r);
		struct rd body = rd_sub(r, length < IKE_PAYLOAD_HEADER_SIZE
		                                   ? SIZE_MAX
		                                   : (size_t)length - IKE_PAYLOAD_HEADER_SIZE);
		const struct payload_row *row = payload_row(type);

		if (!rd_ok(&body) || ++seen > IKE_PAYLOADS_MAX)
			return CAUSE_IKE_SYNTAX;
		if (!row) {
			if (flags & CRITICAL) {
				out->critical = type;
				return CAUSE_IKE_CRITICAL_PAYLOAD;
			}
		} else if (rd_left(&body) < row->min || !row->read(&body, out) || !rd_ok(&body)) {
			return CAUSE_IKE_SYNTAX;
		}
		if (seen == 1)
			out->cookie_first =
				out->notifies == 1 && out->notify[0].type == IKE_N_COOKIE;
		type = next;
	}
	return rd_end(r) ? CAUSE_NONE : CAUSE_IKE_SYNTAX;
}

const struct ike_notify *ike_notify_find(const struct ike_payloads *p, uint16_t type)
{
	for (unsigned i = 0; i < p->notifies; i++)
		if (p->notify[i].type == type)
			return &p->notify[i];
	return NULL;
}

static bool notify_known(uint16_t type)
{
	static const uint16_t known[] = {
		IKE_N_INITIAL_CONTACT,
		IKE_N_SET_WINDOW_SIZE,
		IKE_N_NAT_SOURCE,
		IKE_N_NAT_DESTINATION,
		IKE_N_COOKIE,
		IKE_N_USE_TRANSPORT_MODE,
		IKE_N_REKEY_SA,
		IKE_N_FRAGMENTATION_SUPPORTED,
		IKE_N_ESP_TFC_PADDING_NOT_SUPPORTED,
		IKE_N_SIGNATURE_HASH_ALGORITHMS,
		IKE_N_USE_PPK,
		IKE_N_PPK_IDENTITY,
		IKE_N_NO_PPK_AUTH,
		IKE_N_QCD_TOKEN,
		IKE_N_AUTH_LIFETIME,
		IKE_N_REDIRECT_SUPPORTED,
		IKE_N_REDIRECT,
		IKE_N_REDIRECTED_FROM,
		IKE_N_MOBIKE_SUPPORTED,
		IKE_N_ADDITIONAL_IP4_ADDRESS, /* a caller needs them if it tries more addresses than
	                                       */
		IKE_N_ADDITIONAL_IP6_ADDRESS, /* those configured (RFC 4555 3.6), which we do not */
		IKE_N_NO_ADDITIONAL_ADDRESSES,
		IKE_N_UPDATE_SA_ADDRESSES,
		IKE_N_COOKIE2,
		IKE_N_NO_NATS_ALLOWED,
		IKE_N_L2TPSEC_MOBIKE,
	};

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (known[i] == type)
			return true;
	return type < IKE_N_ERROR_LIMIT;
}

unsigned ike_notifies_unknown(const struct ike_payloads *p)
{
	unsigned n = 0;

	for (unsigned i = 0; i < p->notifies; i++)
		n += !notify_known(p->notify[i].type);
	return n;
}

const struct ike_notify *ike_notify_error(const struct ike_payloads *p)
{
	for (unsigned i = 0; i < p->notifies; i++)
		if (p->notify[i].type < IKE_N_ERROR_LIMIT)
			return &p->notify[i];
	return NULL;
}

struct ike_build ike_build_make(void *buffer, size_t cap)
{
	return (struct ike_build){.w = wr_make(buffer, cap), .begun = SIZE_MAX, .last = SIZE_MAX};
}

void ike_build_end(struct ike_build *b)
{
	if (b->begun == SIZE_MAX)
		return;
	if (b->w.len - b->begun > UINT16_MAX)
		b->w.bad = true;
	wr_patch_u16(&b->w, b->begun + 2, (uint16_t)(b->w.len - b->begun));
	b->begun = SIZE_MAX;
}

void ike_build_begin(struct ike_build *b, uint8_t type)
{
	ike_build_end(b);
	if (b->last == SIZE_MAX)
		b->first = type;
	else
		wr_patch_u8(&b->w, b->last, type);
	b->begun = b->last = b->w.len;
	wr_zero(&b->w, IKE_PAYLOAD_HEADER_SIZE);
}

void ike_build_bytes(struct ike_build *b, uint8_t type, struct ls_bytes body)
{
	ike_build_begin(b, type);
	wr_bytes(&b->w, body.p, body.len);
	ike_build_end(b);
}

void ike_build_notify(struct ike_build *b, uint8_t protocol, uint16_t type, struct ls_bytes spi,
                      struct ls_bytes data)
{
	ike_build_begin(b, IKE_P_NOTIFY);
	wr_u8(&b->w, protocol);
	wr_u8(&b->w, (uint8_t)spi.len);
	wr_u16(&b->w, type);
	wr_bytes(&b->w, spi.p, spi.len);
	wr_bytes(&b->w, data.p, data.len);
	ike_build_end(b);
}

void ike_build_flag(struct ike_build *b, uint16_t type)
{
	ike_build_notify(b, IKE_PROTO_NONE, type, LS_BYTES(NULL, 0), LS_BYTES(NULL, 0));
}

void ike_build_ke(struct ike_build *b, uint16_t group, struct ls_bytes value)
{
	ike_build_begin(b, IKE_P_KE);
	wr_u16(&b->w, group);
	wr_u16(&b->w, 0);
	wr_bytes(&b->w, value.p, value.len);
	ike_build_end(b);
}
