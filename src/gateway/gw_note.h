/* What a lane leaves to the main thread: notes with copies of packets, one behind the other. */
#ifndef SRC_GATEWAY_GW_NOTE_H
#define SRC_GATEWAY_GW_NOTE_H

#include "lib/addr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum gw_note_kind {
	GW_NOTE_PACKET,  /* spi, class, bytes from the UDP payload on: it was opened */
	GW_NOTE_PPP,     /* session, connection, bytes: a PPP frame */
	GW_NOTE_WAITING, /* tunnel, bytes with virtio_net_hdr: out of its device */
	GW_NOTE_EARLY,   /* tunnel, bytes: an IP packet for its device */
	GW_NOTE_HEARD,   /* spi, local, from */
	GW_NOTE_STRAY,   /* spi, ah, local, from */
	GW_NOTE_ACTIVE,  /* session, connection, heard */
	GW_NOTE_SENT,    /* tunnel: and nothing was heard of its peer for long */
	GW_NOTE_ERRORS,  /* kind_of_socket: its queue of errors has something */
};

struct gw_note {
	enum gw_note_kind kind;
	uint32_t tunnel, spi;
	uint16_t session, connection;
	uint8_t class, kind_of_socket;
	bool ah, heard;
	struct ls_addr local, from;
	size_t len;
	uint8_t *bytes; /* GW_HEADROOM writable bytes before them; valid until the notes are cleared
	                 */
};

enum { GW_NOTES_BYTES = 512 * 1024 };

/* One writes, another reads, never both at once: the gate sees to that. */
struct gw_notes {
	uint8_t *room; /* GW_NOTES_BYTES */
	size_t used, read;
};

bool gw_notes_init(struct gw_notes *n);
void gw_notes_free(struct gw_notes *n);
/* Copies the note and what its bytes point to; false: there is no room. */
bool gw_notes_add(struct gw_notes *n, const struct gw_note *note);
/* The next one; NULL: there is none any more, and all are cleared. */
struct gw_note *gw_notes_next(struct gw_notes *n);

#endif
