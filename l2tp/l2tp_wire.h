/* L2TP messages on the wire: AVPs written and read (RFC 2661 3.1, 4). */
#ifndef L2TP_WIRE_H
#define L2TP_WIRE_H

#include "l2tp/l2tp.h"

enum l2tp_type {
	L2TP_ZLB = 0,
	L2TP_SCCRQ = 1,
	L2TP_SCCRP = 2,
	L2TP_SCCCN = 3,
	L2TP_STOPCCN = 4,
	L2TP_HELLO = 6,
	L2TP_OCRQ = 7,
	L2TP_OCRP = 8,
	L2TP_OCCN = 9,
	L2TP_ICRQ = 10,
	L2TP_ICRP = 11,
	L2TP_ICCN = 12,
	L2TP_CDN = 14,
	L2TP_WEN = 15,
	L2TP_SLI = 16,
};

/* An AVP holds at most 1023 bytes with its header of 6. */
enum { L2TP_HIDDEN_MAX = 1017, L2TP_TIE_SIZE = 8, L2TP_VECTOR_SIZE = 16 };
enum { L2TP_HEADER_SIZE = 12, L2TP_CHALLENGE_MAX = 255, L2TP_RESPONSE_SIZE = 16 };

/* A control message as read; what is not there is zero. */
struct l2tp_in {
	uint16_t connection, session, ns, nr; /* ids are ours */
	bool zlb;
	uint16_t type;
	uint16_t assigned_connection, assigned_session;
	uint16_t window;
	uint16_t result, error;
	char text[64]; /* of a result code */
	char host_name[L2TP_NAME_MAX];
	char vendor_name[L2TP_NAME_MAX];
	uint8_t challenge[L2TP_CHALLENGE_MAX], challenge_len;
	uint8_t response[L2TP_RESPONSE_SIZE];
	bool has_response;
	uint8_t tie[L2TP_TIE_SIZE];
	bool has_tie;
	bool mandatory_unknown; /* unknown, malformed or unreadable here, and the peer insists on it
	                         */
	uint16_t unknown_type;  /* its attribute type */
};

/*
 * Reads a control message; secret opens hidden AVPs, len 0 for none.
 * CAUSE_NONE, L2TP_HEADER, L2TP_DATA_VERSION or L2TP_AVP.
 */
enum ls_cause l2tp_message_read(const uint8_t *bytes, size_t len, struct ls_bytes secret,
                                struct l2tp_in *in);

/* Hides value in out (cap bytes; value.len + 2 are used) and gives the size, 0 if it does not fit
 * (RFC 2661 4.3). */
size_t l2tp_hide(uint16_t type, struct ls_bytes secret, struct ls_bytes vector,
                 struct ls_bytes value, uint8_t *out, size_t cap);
/* Opens a hidden value into out, *value lies in it; false when its original length cannot be. */
bool l2tp_unhide(uint16_t type, struct ls_bytes secret, struct ls_bytes vector,
                 struct ls_bytes hidden, uint8_t out[L2TP_HIDDEN_MAX], struct ls_bytes *value);

/* Begins a control message; ids and numbers are filled in when it is sent. */
void l2tp_message_begin(struct wr *w, enum l2tp_type type);
void l2tp_avp_u16(struct wr *w, uint16_t type, uint16_t value);
void l2tp_avp_u32(struct wr *w, uint16_t type, uint32_t value);
void l2tp_avp_bytes(struct wr *w, uint16_t type, const void *bytes, size_t len);
/* With M clear: a peer that does not know it may skip it. */
void l2tp_avp_optional(struct wr *w, uint16_t type, const void *bytes, size_t len);
/* Result Code (4.4.2). */
void l2tp_avp_result(struct wr *w, uint16_t result, uint16_t error, const char *text);
/*
 * Writes the message again into out with all hidden that may be: a Random Vector after the message
 * type, then the AVPs (4.3). message: as the functions above wrote it.
 */
void l2tp_message_hide(struct wr *out, struct ls_bytes message, struct ls_bytes secret,
                       struct ls_bytes vector);
/* Fills in length, ids and numbers. */
void l2tp_message_stamp(uint8_t *bytes, size_t len, uint16_t connection, uint16_t session,
                        uint16_t ns, uint16_t nr);

enum {
	L2TP_AVP_TYPE = 0,
	L2TP_AVP_RESULT = 1,
	L2TP_AVP_VERSION = 2,
	L2TP_AVP_FRAMING = 3,
	L2TP_AVP_BEARER = 4,
	L2TP_AVP_TIE = 5,
	L2TP_AVP_HOST_NAME = 7,
	L2TP_AVP_VENDOR_NAME = 8,
	L2TP_AVP_CONNECTION = 9,
	L2TP_AVP_WINDOW = 10,
	L2TP_AVP_CHALLENGE = 11,
	L2TP_AVP_RESPONSE = 13,
	L2TP_AVP_SESSION = 14,
	L2TP_AVP_SERIAL = 15,
	L2TP_AVP_FRAMING_TYPE = 19,
	L2TP_AVP_SPEED = 24,
	L2TP_AVP_RANDOM_VECTOR = 36,
	L2TP_AVP_SEQUENCING = 39,
	L2TP_AVP_LAST = 39, /* the highest that RFC 2661 defines */
};

#endif
