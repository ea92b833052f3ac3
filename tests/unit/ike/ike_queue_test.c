/* The queue of requests: in order, with bytes of their own, and bounded where it may be. */
#include "ike/ike_engine.h"
#include "tests/unit/ike/ike_main.h"

#include <string.h>

static struct ike *engine(struct ls_random_seeded *seeded)
{
	struct ls_random random = ike_source(seeded);

	return ike_new(NULL, &random);
}

START_TEST(order)
{
	struct ls_random_seeded seeded;
	struct ike *ike = engine(&seeded);
	struct ike_request r;

	ck_assert(!ike_next(ike, &r));
	ike_queue_progress(ike, 3, "first");
	ike_queue_progress(ike, 3, "second");
	ck_assert(ike_next(ike, &r));
	ck_assert_str_eq(r.event.text, "first");
	ike_queue_event(ike, 4, NULL, CAUSE_IKE_MOVED, "third");
	ck_assert(ike_next(ike, &r));
	ck_assert_str_eq(r.event.text, "second");
	ck_assert(ike_next(ike, &r));
	ck_assert(r.kind == IKE_REQ_EVENT && r.tunnel == 4 && r.event.tunnel == 4 &&
	          r.event.cause == CAUSE_IKE_MOVED && r.event.peer.family == 0);
	ck_assert(!ike_next(ike, &r));
	/* Empty, and it goes on. */
	ike_queue_progress(ike, 3, "fourth");
	ck_assert(ike_next(ike, &r));
	ck_assert_str_eq(r.event.text, "fourth");
	ck_assert_uint_eq(ike->queued, 0);
	ike_free(ike);
}
END_TEST

/* Events and DOWNs are counted, and carry what they are about. */
START_TEST(down_and_event)
{
	struct ls_random_seeded seeded;
	struct ike *ike = engine(&seeded);
	struct ls_addr a = ls_addr_v4(0xc0000201, 500);
	struct ike_identity id;
	struct ike_request r;

	ck_assert(ike_identity_parse("b.example", &id));
	ike_queue_down(ike, 7, 9, CAUSE_PEER_SILENT, "why", &id);
	ike_queue_down(ike, 7, 0, CAUSE_IKE_NO_ANSWER, "", NULL);
	ike_queue_event(ike, 7, &a, CAUSE_IKE_MOVED, "");
	ck_assert(ike_next(ike, &r));
	ck_assert(r.kind == IKE_REQ_DOWN && r.id == 0 && r.tunnel == 7 && r.chain == 9 &&
	          r.cause == CAUSE_PEER_SILENT && r.event.cause == CAUSE_PEER_SILENT);
	ck_assert_str_eq(r.event.text, "why");
	ck_assert(ike_identity_matches(&id, &r.peer_id));
	ck_assert(ike_next(ike, &r));
	ck_assert(r.chain == 0 && r.peer_id.type == IKE_ID_ANY);
	ck_assert(ike_next(ike, &r));
	ck_assert(ls_addr_equal(&r.event.peer, &a));
	ck_assert_uint_eq(ike_counters(ike)->by_cause[CAUSE_PEER_SILENT], 1);
	ck_assert_uint_eq(ike_counters(ike)->by_cause[CAUSE_IKE_NO_ANSWER], 1);
	ck_assert_uint_eq(ike_counters(ike)->by_cause[CAUSE_IKE_MOVED], 1);
	ike_free(ike);
}
END_TEST

/* RFC 3948 2.2: on port 4500 four zero bytes go in front, elsewhere not. */
START_TEST(marker)
{
	struct ls_random_seeded seeded;
	struct ike *ike = engine(&seeded);
	struct ls_addr local = ls_addr_v4(0xc0000201, 500), remote = ls_addr_v4(0xc6336402, 4500);
	struct ike_request r;

	ike_queue_send(ike, &local, &remote, LS_BYTES("abc", 3), 5);
	local.port = 4500;
	ike_queue_send(ike, &local, &remote, LS_BYTES("abc", 3), 5);
	ike_queue_keepalive(ike, &local, &remote, 5);
	ck_assert(ike_next(ike, &r));
	ck_assert(r.kind == IKE_REQ_SEND && r.tunnel == 5 && ls_addr_equal(&r.remote, &remote));
	ck_assert_uint_eq(r.bytes.len, 3);
	ck_assert_mem_eq(r.bytes.p, "abc", 3);
	ck_assert(ike_next(ike, &r));
	ck_assert_uint_eq(r.bytes.len, 7);
	ck_assert_mem_eq(r.bytes.p, "\0\0\0\0abc", 7);
	ck_assert(ls_addr_equal(&r.local, &local));
	/* A keepalive is one byte, without it. */
	ck_assert(ike_next(ike, &r));
	ck_assert_uint_eq(r.bytes.len, 1);
	ck_assert_uint_eq(r.bytes.p[0], 0xff);
	ike_free(ike);
}
END_TEST

/* Bytes are copied into the item's own room, and no more than that holds. */
START_TEST(item_room)
{
	struct ls_random_seeded seeded;
	struct ike *ike = engine(&seeded);
	uint8_t bytes[8] = {1, 2, 3, 4, 5, 6, 7, 8};
	struct ike_item *item = ike_queue(ike, IKE_REQ_AUTH, sizeof bytes);
	struct ls_bytes a, b;

	ck_assert_ptr_nonnull(item);
	a = ike_item_copy(item, LS_BYTES(bytes, 5));
	ck_assert(a.len == 5 && a.p != bytes && memcmp(a.p, bytes, 5) == 0);
	b = ike_item_copy(item, LS_BYTES(bytes, 4));
	ck_assert(b.len == 0 && !b.p);
	b = ike_item_copy(item, LS_BYTES(NULL, 0));
	ck_assert(b.len == 0 && !b.p);
	b = ike_item_copy(item, LS_BYTES(bytes + 5, 3));
	ck_assert(b.len == 3 && b.p == a.p + 5 && memcmp(b.p, bytes + 5, 3) == 0);
	b = ike_item_copy(item, LS_BYTES(bytes, 1));
	ck_assert_ptr_null(b.p);
	ike_free(ike);
}
END_TEST

START_TEST(text_is_cut)
{
	struct ls_random_seeded seeded;
	struct ike *ike = engine(&seeded);
	char text[LS_EVENT_TEXT_MAX + 10];
	struct ike_request r;

	memset(text, 'x', sizeof text);
	text[sizeof text - 1] = '\0';
	ike_queue_event(ike, 1, NULL, CAUSE_IKE_MOVED, text);
	ck_assert(ike_next(ike, &r));
	ck_assert_uint_eq(strlen(r.event.text), LS_EVENT_TEXT_MAX - 1);
	ike_free(ike);
}
END_TEST

/* A queue that nobody empties: what may be lost is lost and counted, what somebody waits for is
 * not; and there is room again once it is read. */
START_TEST(full)
{
	static const enum ike_request_kind lost[] = {IKE_REQ_SEND, IKE_REQ_EVENT, IKE_REQ_PROGRESS},
					   kept[] = {
						   IKE_REQ_SPI,    IKE_REQ_AUTH,   IKE_REQ_INSTALL,
						   IKE_REQ_SWITCH, IKE_REQ_REMOVE, IKE_REQ_RELEASE,
						   IKE_REQ_UP,     IKE_REQ_DOWN,   IKE_REQ_MOVED};
	struct ls_random_seeded seeded;
	struct ike *ike = engine(&seeded);
	struct ls_addr a = ls_addr_v4(0xc0000201, 4500);
	struct ike_request r;
	unsigned n = 0;

	for (unsigned i = 0; i < IKE_QUEUE_MAX; i++)
		ike_queue_progress(ike, 1, "");
	ck_assert_uint_eq(ike->queued, IKE_QUEUE_MAX);
	ck_assert_uint_eq(ike_counters(ike)->by_cause[CAUSE_LIMIT_REACHED], 0);
	for (size_t i = 0; i < sizeof lost / sizeof lost[0]; i++)
		ck_assert_ptr_null(ike_queue(ike, lost[i], 0));
	ike_queue_send(ike, &a, &a, LS_BYTES("x", 1), 1);
	ike_queue_keepalive(ike, &a, &a, 1);
	ike_queue_event(ike, 1, &a, CAUSE_IKE_MOVED, "");
	ike_queue_progress(ike, 1, "");
	ck_assert_uint_eq(ike_counters(ike)->by_cause[CAUSE_LIMIT_REACHED], 7);
	/* What happened is counted even if nobody is told. */
	ck_assert_uint_eq(ike_counters(ike)->by_cause[CAUSE_IKE_MOVED], 1);
	for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
		ck_assert_ptr_nonnull(ike_queue(ike, kept[i], 0));
	while (ike_next(ike, &r))
		n++;
	ck_assert_uint_eq(n, IKE_QUEUE_MAX + 9);
	ck_assert_ptr_nonnull(ike_queue(ike, IKE_REQ_SEND, 1));
	ike_queue_free(ike);
	ck_assert(ike->queued == 0 && !ike_next(ike, &r));
	ike_free(ike);
}
END_TEST

IKE_MAIN("ike queue", order, down_and_event, marker, item_room, text_is_cut, full)
