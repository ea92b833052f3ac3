/* IKEv2 messages as bytes: header, payload chain, and what the payloads say (RFC 7296 3). */
#ifndef IKE_MESSAGE_H
#define IKE_MESSAGE_H

#include "lib/bytes.h"
#include "lib/cause.h"
#include "lib/cert.h"
#include "lib/wire.h"

enum {
	IKE_HEADER_SIZE = 28,
	IKE_PAYLOAD_HEADER_SIZE = 4,
	IKE_NOTIFIES_MAX = 40,
	IKE_DELETES_MAX = 8,
	IKE_PAYLOADS_MAX = 96
};
enum { IKE_NONCE_MIN = 16, IKE_NONCE_MAX = 256, IKE_NONCE_SIZE = 32, IKE_COOKIE_MAX = 64 };

enum ike_exchange { IKE_X_INIT = 34, IKE_X_AUTH = 35, IKE_X_CHILD = 36, IKE_X_INFO = 37 };
enum ike_flag { IKE_FLAG_INITIATOR = 0x08, IKE_FLAG_RESPONSE = 0x20 };

enum ike_payload {
	IKE_P_NONE = 0,
	IKE_P_SA = 33,
	IKE_P_KE = 34,
	IKE_P_IDI = 35,
	IKE_P_IDR = 36,
	IKE_P_CERT = 37,
	IKE_P_CERTREQ = 38,
	IKE_P_AUTH = 39,
	IKE_P_NONCE = 40,
	IKE_P_NOTIFY = 41,
	IKE_P_DELETE = 42,
	IKE_P_VENDOR = 43,
	IKE_P_TSI = 44,
	IKE_P_TSR = 45,
	IKE_P_SK = 46,
	IKE_P_CP = 47,
	IKE_P_EAP = 48,
	IKE_P_SKF = 53,
};

enum ike_cert_encoding { IKE_CERT_X509 = 4, IKE_CERT_HASH_URL = 12, IKE_CERT_HASH_URL_BUNDLE = 13 };
enum ike_protocol { IKE_PROTO_NONE = 0, IKE_PROTO_IKE = 1, IKE_PROTO_AH = 2, IKE_PROTO_ESP = 3 };

enum ike_notify_type {
	IKE_N_UNSUPPORTED_CRITICAL_PAYLOAD = 1,
	IKE_N_INVALID_IKE_SPI = 4,
	IKE_N_INVALID_MAJOR_VERSION = 5,
	IKE_N_INVALID_SYNTAX = 7,
	IKE_N_INVALID_MESSAGE_ID = 9,
	IKE_N_INVALID_SPI = 11,
	IKE_N_NO_PROPOSAL_CHOSEN = 14,
	IKE_N_INVALID_KE_PAYLOAD = 17,
	IKE_N_AUTHENTICATION_FAILED = 24,
	IKE_N_SINGLE_PAIR_REQUIRED = 34,
	IKE_N_NO_ADDITIONAL_SAS = 35,
	IKE_N_INTERNAL_ADDRESS_FAILURE = 36,
	IKE_N_FAILED_CP_REQUIRED = 37,
	IKE_N_TS_UNACCEPTABLE = 38,
	IKE_N_INVALID_SELECTORS = 39,
	IKE_N_UNACCEPTABLE_ADDRESSES = 40,
	IKE_N_UNEXPECTED_NAT_DETECTED = 41,
	IKE_N_TEMPORARY_FAILURE = 43,
	IKE_N_CHILD_SA_NOT_FOUND = 44,
	IKE_N_ERROR_LIMIT = 16384, /* types below are errors */
	IKE_N_INITIAL_CONTACT = 16384,
	IKE_N_SET_WINDOW_SIZE = 16385,
	IKE_N_NAT_SOURCE = 16388,
	IKE_N_NAT_DESTINATION = 16389,
	IKE_N_COOKIE = 16390,
	IKE_N_USE_TRANSPORT_MODE = 16391,
	IKE_N_REKEY_SA = 16393,
	IKE_N_ESP_TFC_PADDING_NOT_SUPPORTED = 16394,
	IKE_N_MOBIKE_SUPPORTED = 16396,
	IKE_N_ADDITIONAL_IP4_ADDRESS = 16397,
	IKE_N_ADDITIONAL_IP6_ADDRESS = 16398,
	IKE_N_NO_ADDITIONAL_ADDRESSES = 16399,
	IKE_N_UPDATE_SA_ADDRESSES = 16400,
	IKE_N_COOKIE2 = 16401,
	IKE_N_NO_NATS_ALLOWED = 16402,
	IKE_N_AUTH_LIFETIME = 16403,
	IKE_N_REDIRECT_SUPPORTED = 16406,
	IKE_N_REDIRECT = 16407,
	IKE_N_REDIRECTED_FROM = 16408,
	IKE_N_QCD_TOKEN = 16419,
	IKE_N_FRAGMENTATION_SUPPORTED = 16430,
	IKE_N_SIGNATURE_HASH_ALGORITHMS = 16431,
	IKE_N_USE_PPK = 16435,
	IKE_N_PPK_IDENTITY = 16436,
	IKE_N_NO_PPK_AUTH = 16437,
	IKE_N_L2TPSEC_MOBIKE = 45055, /* of the private numbers: ours (ike_mobike.h) */
};

struct ike_header {
	uint64_t spi_i, spi_r;
	uint8_t next, major, minor, exchange, flags;
	uint32_t id, length;
};

/* false when it is cut short. */
bool ike_header_read(struct rd *r, struct ike_header *h);
/* length is written as given. */
void ike_header_write(struct wr *w, const struct ike_header *h);

struct ike_notify {
	uint8_t protocol;
	uint16_t type;
	struct ls_bytes spi, data;
};

struct ike_delete {
	uint8_t protocol, spi_size;
	uint16_t count;
	struct ls_bytes spis;
};

/* What a message says; everything points into its bytes. A payload that is absent has p == NULL. */
struct ike_payloads {
	struct ls_bytes sa; /* body of the SA payload */
	uint16_t ke_group;
	struct ls_bytes ke, nonce;
	struct ls_bytes idi, idr; /* whole bodies: type, reserved, data */
	uint8_t auth_method;
	struct ls_bytes auth;
	struct ls_bytes cert[CERT_CHAIN_MAX]; /* X.509, in order */
	unsigned certs;           /* how many came, which may be more than there is room for */
	uint8_t cert_other;       /* encoding of the first of another kind, 0 if none */
	struct ls_bytes certreq;  /* X.509: the CAs that the peer asks for; p but no len: any */
	struct ls_bytes tsi, tsr; /* bodies: count, reserved, selectors */
	struct ike_notify notify[IKE_NOTIFIES_MAX];
	unsigned notifies;
	struct ike_delete deletes[IKE_DELETES_MAX];
	unsigned deletes_count;
	uint8_t critical; /* type of the first unknown payload that is marked critical, 0 if none */
	bool cookie_first; /* the first payload was a COOKIE notify */
};

/*
 * Reads the chain of payloads that begins with type `first` and fills r to its end. CAUSE_NONE,
 * IKE_SYNTAX for what breaks the rules (also a second copy of a payload that may come once),
 * IKE_CRITICAL_PAYLOAD with out->critical set.
 */
enum ls_cause ike_payloads_read(uint8_t first, struct rd *r, struct ike_payloads *out);
/* The first notify of that type, or NULL. */
const struct ike_notify *ike_notify_find(const struct ike_payloads *p, uint16_t type);
/* How many notifies are of kinds that mean nothing to us. */
unsigned ike_notifies_unknown(const struct ike_payloads *p);
/* The first error notify, or NULL. */
const struct ike_notify *ike_notify_error(const struct ike_payloads *p);

/* A chain of payloads being written. */
struct ike_build {
	struct wr w;
	uint8_t first; /* type of the first payload */
	size_t begun;  /* offset of the open payload's header, or SIZE_MAX */
	size_t last;   /* offset of the last payload's header, SIZE_MAX before the first */
};

struct ike_build ike_build_make(void *buffer, size_t cap);
/* Opens a payload (and closes the one before); its body is then written to b->w. */
void ike_build_begin(struct ike_build *b, uint8_t type);
/* Closes the last payload. */
void ike_build_end(struct ike_build *b);
void ike_build_bytes(struct ike_build *b, uint8_t type, struct ls_bytes body);
void ike_build_notify(struct ike_build *b, uint8_t protocol, uint16_t type, struct ls_bytes spi,
                      struct ls_bytes data);
/* A notify without protocol, SPI and data. */
void ike_build_flag(struct ike_build *b, uint16_t type);
void ike_build_ke(struct ike_build *b, uint16_t group, struct ls_bytes value);

#endif
