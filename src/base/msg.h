/* The messages between the processes: structs, encoders and decoders, made from the table in
 * msg.def. */
#ifndef SRC_BASE_MSG_H
#define SRC_BASE_MSG_H

#include "lib/addr.h"
#include "lib/bytes.h"
#include "lib/event.h"
#include "lib/life.h"
#include "lib/time.h"
#include "lib/wire.h"

#include <stdbool.h>
#include <stdint.h>

enum { MSG_SIZE_MAX = 65536, MSG_IDENTITY_MAX = 256, MSG_HEAD_BYTES = 2 };

/* The processes; also bits of a set. */
enum msg_role { MSG_ROLE_PARENT = 1, MSG_ROLE_KEYS = 2, MSG_ROLE_IKE = 4, MSG_ROLE_GATEWAY = 8 };

/* What a socket of msg_socket is for. */
enum msg_socket_kind {
	MSG_SOCKET_IKE500 = 1,
	MSG_SOCKET_IKE4500,
	MSG_SOCKET_ESP4500,
	MSG_SOCKET_ESP_RAW,
	MSG_SOCKET_AH_RAW
};

/* A tunnel as people see it. HELD: an administrator or the config keeps it down; WAITING: for a
 * packet or a caller. */
enum msg_line { MSG_LINE_DOWN, MSG_LINE_HELD, MSG_LINE_WAITING, MSG_LINE_CONNECTING, MSG_LINE_UP };

/* How a tunnel's MTU came about: by the own link's; by the config; by probes; by probes for which
 * ICMP named the size; by the own link's, because the peer answers no probes. */
enum msg_path {
	MSG_PATH_LINK,
	MSG_PATH_CONFIGURED,
	MSG_PATH_MEASURED,
	MSG_PATH_HINTED,
	MSG_PATH_UNANSWERED
};

/* What the gateway tells ike about an inbound SA. */
enum msg_note {
	MSG_SA_NOTE_EXPIRING = 1,
	MSG_SA_NOTE_EXPIRED,
	MSG_SA_NOTE_HEARD,
	MSG_SA_NOTE_MOVED,
	MSG_SA_NOTE_DOUBT /* we send to the peer, but hear nothing */
};

/* What a file of certificates holds. */
enum msg_pki { MSG_PKI_CERTIFICATE = 1, MSG_PKI_CA, MSG_PKI_CRL };

enum msg_debug { MSG_DEBUG_ESP = 1, MSG_DEBUG_IKE = 2 };
enum msg_direction { MSG_DIRECTION_IN = 0, MSG_DIRECTION_OUT = 1 };

/* An IKE identity as it travels; the fields of struct ike_identity. */
struct msg_identity {
	uint8_t type;
	uint16_t len;
	uint8_t data[MSG_IDENTITY_MAX];
};

enum msg_type {
#define MSG(number, NAME, name, from, to, fields) MSG_TYPE_##NAME = number,
#include "src/base/msg.def"
#undef MSG
};

/* How each kind of field of the table is held in a struct. */
#define MSG_C_U8 uint8_t
#define MSG_C_U16 uint16_t
#define MSG_C_U32 uint32_t
#define MSG_C_U64 uint64_t
#define MSG_C_TIME ls_time
#define MSG_C_BOOL bool
#define MSG_C_ADDR struct ls_addr
#define MSG_C_PREFIX struct ls_prefix

#define F(kind, n) MSG_C_##kind n;
#define F_TEXT(n, cap) char n[cap];
#define F_BYTES(n, max) struct ls_bytes n;
#define F_IDENTITY(n) struct msg_identity n;
#define F_LIMITS(n) struct life_limits n;
#define F_EVENT(n) struct ls_event n;
#define MSG(number, NAME, name, from, to, fields) \
	struct msg_##name {                       \
		fields                            \
	};
#include "src/base/msg.def"
#undef MSG
#undef F
#undef F_TEXT
#undef F_BYTES
#undef F_IDENTITY
#undef F_LIMITS
#undef F_EVENT

/* Any message, decoded. BYTES fields point into the datagram it came in and are gone when its
 * handler returns. */
struct msg {
	enum msg_type type;
	union {
#define MSG(number, NAME, name, from, to, fields) struct msg_##name name;
#include "src/base/msg.def"
#undef MSG
	};
};

/* A row of the table. */
struct msg_info {
	uint16_t number;
	const char *name; /* "SA_INSTALL" */
	uint8_t from, to; /* sets of enum msg_role */
	bool fd;          /* a descriptor travels beside it, always */
	size_t max_bytes; /* with the head */
};

/* NULL for an unknown number. */
const struct msg_info *msg_info(unsigned type);
/* All rows, *count of them. */
const struct msg_info *msg_all(size_t *count);
/* "gateway", ...; "?" for anything that is no single role. */
const char *msg_role_name(unsigned role);
/* The role of a name; 0 if there is none. */
enum msg_role msg_role_by_name(const char *name);
/* "up", "connecting", ... */
const char *msg_line_name(unsigned line);
/* "measured"; of enum msg_path, for people and JSON. */
const char *msg_path_name(unsigned path);

/*
 * msg_encode_NAME(): the whole datagram (type and fields) to w; false when it does not fit or a
 * field breaks its bound. Texts must be NUL-terminated within their cap, bytes at most as many as
 * the table says.
 */
#define MSG(number, NAME, name, from, to, fields) \
	bool msg_encode_##name(struct wr *w, const struct msg_##name *m);
#include "src/base/msg.def"
#undef MSG

/*
 * A datagram into *m. Strict: known type, every field in its bounds, texts without NUL inside,
 * booleans 0 or 1, nothing left over. false: *m is undefined.
 */
bool msg_decode(const void *bytes, size_t len, struct msg *m);

#endif
