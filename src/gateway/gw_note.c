/* Notes of a lane for the main thread. */
#include "src/gateway/gw_note.h"

#include "src/gateway/gw_tun.h"

#include <stdlib.h>
#include <string.h>

enum { ALIGN = 16 };

bool gw_notes_init(struct gw_notes *n)
{
	*n = (struct gw_notes){.room = malloc(GW_NOTES_BYTES)};
	return n->room != NULL;
}

void gw_notes_free(struct gw_notes *n)
{
	free(n->room);
	n->room = NULL;
}

static size_t size_of(const struct gw_note *note)
{
	return (sizeof *note + GW_HEADROOM + note->len + ALIGN - 1) / ALIGN * ALIGN;
}

bool gw_notes_add(struct gw_notes *n, const struct gw_note *note)
{
	struct gw_note *copy = (struct gw_note *)(void *)(n->room + n->used);
	size_t size = size_of(note);

	if (n->used + size > GW_NOTES_BYTES)
		return false;
	*copy = *note;
	copy->bytes = n->room + n->used + sizeof *note + GW_HEADROOM;
	if (note->len > 0)
		memcpy(copy->bytes, note->bytes, note->len);
	n->used += size;
	return true;
}

struct gw_note *gw_notes_next(struct gw_notes *n)
{
	struct gw_note *note = (struct gw_note *)(void *)(n->room + n->read);

	if (n->read == n->used) {
		n->read = n->used = 0;
		return NULL;
	}
	n->read += size_of(note);
	return note;
}
