/* The queue of what the engine asks of its owner. */
#include "ike/ike_engine.h"

#include <stdlib.h>
#include <string.h>

static bool may_be_dropped(enum ike_request_kind kind)
{
	return kind == IKE_REQ_SEND || kind == IKE_REQ_EVENT || kind == IKE_REQ_PROGRESS ||
	       kind == IKE_REQ_TRACE;
}

struct ike_item *ike_queue(struct ike *ike, enum ike_request_kind kind, size_t bytes)
{
	struct ike_item *item = NULL;

	if (ike->queued >= IKE_QUEUE_MAX && may_be_dropped(kind)) {
		ike_count(ike, CAUSE_LIMIT_REACHED);
		return NULL;
	}
	item = calloc(1, sizeof *item);
	if (item && bytes > 0) {
		item->bytes = malloc(bytes);
		item->cap = bytes;
	}
	if (!item || (bytes > 0 && !item->bytes)) {
		free(item);
		ike_count(ike, CAUSE_NO_MEMORY);
		return NULL;
	}
	item->request.kind = kind;
	*ike->tail = item;
	ike->tail = &item->next;
	ike->queued++;
	return item;
}

struct ls_bytes ike_item_copy(struct ike_item *item, struct ls_bytes bytes)
{
	uint8_t *at = item->bytes + item->len;

	if (bytes.len == 0)
		return LS_BYTES(NULL, 0);
	if (bytes.len > item->cap - item->len)
		return LS_BYTES(NULL, 0);
	memcpy(at, bytes.p, bytes.len);
	item->len += bytes.len;
	return LS_BYTES(at, bytes.len);
}

/* Its bytes may be keying material. */
static void item_free(struct ike_item *item)
{
	if (!item)
		return;
	secret_wipe(item->bytes, item->cap);
	free(item->bytes);
	free(item);
}

void ike_queue_free(struct ike *ike)
{
	item_free(ike->current);
	ike->current = NULL;
	while (ike->head) {
		struct ike_item *item = ike->head;

		ike->head = item->next;
		item_free(item);
	}
	ike->tail = &ike->head;
	ike->queued = 0;
}

bool ike_next(struct ike *ike, struct ike_request *request)
{
	struct ike_item *item = ike->head;

	item_free(ike->current);
	ike->current = item;
	if (!item)
		return false;
	ike->head = item->next;
	if (!ike->head)
		ike->tail = &ike->head;
	ike->queued--;
	*request = item->request;
	return true;
}

void ike_queue_send(struct ike *ike, const struct ls_addr *local, const struct ls_addr *remote,
                    struct ls_bytes bytes, uint32_t tunnel)
{
	static const uint8_t marker[IKE_MARKER_SIZE];
	struct ike_item *item = ike_queue(ike, IKE_REQ_SEND, IKE_MARKER_SIZE + bytes.len);

	if (!item)
		return;
	item->request.tunnel = tunnel;
	item->request.local = *local;
	item->request.remote = *remote;
	if (local->port == 4500)
		ike_item_copy(item, LS_BYTES(marker, sizeof marker));
	ike_item_copy(item, bytes);
	item->request.bytes = LS_BYTES(item->bytes, item->len);
}

void ike_queue_keepalive(struct ike *ike, const struct ls_addr *local, const struct ls_addr *remote,
                         uint32_t tunnel)
{
	static const uint8_t keepalive = 0xff;
	struct ike_item *item = ike_queue(ike, IKE_REQ_SEND, 1);

	if (!item)
		return;
	item->request.tunnel = tunnel;
	item->request.local = *local;
	item->request.remote = *remote;
	item->request.bytes = ike_item_copy(item, LS_BYTES(&keepalive, 1));
}

static void text_set(struct ls_event *event, const char *text)
{
	size_t n = strlen(text);

	if (n > sizeof event->text - 1)
		n = sizeof event->text - 1;
	memcpy(event->text, text, n);
	event->text[n] = '\0';
}

void ike_queue_event(struct ike *ike, uint32_t tunnel, const struct ls_addr *remote,
                     enum ls_cause cause, const char *text)
{
	struct ike_item *item = ike_queue(ike, IKE_REQ_EVENT, 0);

	ike_count(ike, cause);
	if (!item)
		return;
	item->request.tunnel = tunnel;
	item->request.event.cause = cause;
	item->request.event.tunnel = tunnel;
	if (remote)
		item->request.event.peer = *remote;
	text_set(&item->request.event, text);
}

void ike_queue_progress(struct ike *ike, uint32_t tunnel, const char *text)
{
	struct ike_item *item = ike_queue(ike, IKE_REQ_PROGRESS, 0);

	if (!item)
		return;
	item->request.tunnel = item->request.event.tunnel = tunnel;
	text_set(&item->request.event, text);
}

void ike_queue_down(struct ike *ike, uint32_t tunnel, uint32_t chain, enum ls_cause cause,
                    const char *text, const struct ike_identity *peer_id)
{
	struct ike_item *item = ike_queue(ike, IKE_REQ_DOWN, 0);

	ike_count(ike, cause);
	if (!item)
		return;
	item->request.tunnel = item->request.event.tunnel = tunnel;
	item->request.chain = chain;
	item->request.cause = item->request.event.cause = cause;
	if (peer_id)
		item->request.peer_id = *peer_id;
	text_set(&item->request.event, text);
}
