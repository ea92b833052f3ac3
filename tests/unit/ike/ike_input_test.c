/* Datagrams: whose they are, whether they are authentic and in the window, and what those get that
 * are not. */
#include "tests/unit/ike/ike_forge.h"
#include "tests/unit/ike/ike_main.h"

#include "lib/wire.h"

/* These bytes reach B from an address that is nobody's; what it says to them is still to be taken.
 */
static void from_a_stranger(struct pair *p, const uint8_t *bytes, size_t len)
{
	ike_input(p->side[1].ike,
	          &(struct ike_datagram){.local = ls_addr_with_port(p->side[1].ip, 500),
	                                 .remote = ls_addr_v4(0x08080808, 500),
	                                 .bytes = bytes,
	                                 .len = len},
	          p->now);
}

/* A message for an SA that does not exist: one unprotected notify, so many a second; on a response
 * nothing. */
START_TEST(unknown_spi)
{
	struct pair *p = pair_new();
	struct ike_request r;
	uint8_t bytes[64] = {0};
	unsigned n = 0;

	ls_put64(bytes, 1);
	ls_put64(bytes + 8, 2);
	bytes[16] = 46;
	bytes[17] = 0x20;
	bytes[18] = 37;
	ls_put32(bytes + 24, sizeof bytes);
	for (unsigned i = 0; i < 100; i++) {
		bytes[19] = i < 50 ? 0x08 : 0x28;
		from_a_stranger(p, bytes, sizeof bytes);
		while (ike_next(p->side[1].ike, &r))
			n += r.kind == IKE_REQ_SEND;
	}
	ck_assert_uint_eq(n, IKE_TOKENS_PER_SOURCE);
	pair_free(p);
}
END_TEST

/* An unprotected INVALID_IKE_SPI for a standing SA is only a reason to probe (trap 28). */
START_TEST(unprotected_notify)
{
	struct pair *p = pair_new();
	struct ike_sa_view v;
	uint8_t bytes[36] = {0};

	pair_up(p);
	pair_pass(p, LS_S(10));
	ck_assert(ike_sa_view(p->side[0].ike, 0, &v));
	ls_put64(bytes, v.spi_i);
	ls_put64(bytes + 8, v.spi_r);
	bytes[16] = 41;
	bytes[17] = 0x20;
	bytes[18] = 37;
	bytes[19] = 0x20;
	ls_put32(bytes + 24, sizeof bytes);
	bytes[31] = 8;
	bytes[35] = 4;
	forge_bytes(p, 1, IKE_PORT, LS_BYTES(bytes, sizeof bytes));
	pair_pass(p, LS_S(5));
	ck_assert_uint_eq(pair_check_sas(p), 1);
	ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_DOWN), 0);
	ck_assert_uint_eq(ike_counters(p->side[0].ike)->by_cause[CAUSE_IKE_UNPROTECTED], 1);
	pair_free(p);
}
END_TEST

/* A peer that says that it does not know the SA gets seconds, not minutes. */
START_TEST(peer_that_forgot)
{
	struct pair *p = pair_new();
	struct ike_peer c = pair_peer(p, 0);

	c.dpd_idle_s = 10;
	pair_set(p, 0, &c);
	pair_up(p);
	ike_path_moved(p->side[1].ike, 2, &p->side[1].ip, &p->side[1].ip, CAUSE_SHUTDOWN, p->now);
	pair_pass(p, LS_S(9));
	ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_DOWN), 0);
	pair_pass(p, LS_S(4));
	ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_DOWN), 0);
	pair_pass(p, LS_S(4));
	ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_DOWN), 1);
	ck_assert_int_eq(pair_last(&p->side[0], IKE_REQ_DOWN)->cause, CAUSE_PEER_SILENT);
	pair_free(p);
}
END_TEST

START_TEST(other_versions)
{
	struct pair *p = pair_new();
	struct ike_request r;
	uint8_t bytes[28] = {1};

	bytes[17] = 0x30;
	bytes[18] = 34;
	bytes[19] = 0x08;
	bytes[27] = 28;
	from_a_stranger(p, bytes, sizeof bytes);
	ck_assert(ike_next(p->side[1].ike, &r));
	ck_assert_uint_eq(r.bytes.p[17], 0x20);
	ck_assert_uint_eq(r.bytes.p[35], 5);
	bytes[17] = 0x10;
	from_a_stranger(p, bytes, sizeof bytes);
	ck_assert(!ike_next(p->side[1].ike, &r));
	pair_free(p);
}
END_TEST

static void delete_all(struct ike_build *b)
{
	ike_build_bytes(b, IKE_P_DELETE, LS_BYTES(((const uint8_t[]){IKE_PROTO_IKE, 0, 0, 0}), 4));
}

/* A side asks for the end of the IKE SA, with that id. */
static void ask_delete(struct pair *p, unsigned side, uint32_t id)
{
	struct ike_build b = forge_build();

	delete_all(&b);
	forge_request(p, side, IKE_X_INFO, id, &b);
}

/* A request of A's SA from somebody who has no keys: 52 bytes of zeros in an SK payload, or in the
 * first of two fragments. */
static void ask_without_keys(struct pair *p, uint8_t next, uint32_t id)
{
	uint8_t junk[80] = {0};
	struct wr w = wr_make(junk, sizeof junk);
	struct ike_header h = ike_sa_header(forge_sa(p, 0), IKE_X_INFO, false, id);

	h.next = next;
	h.length = sizeof junk;
	ike_header_write(&w, &h);
	ls_put16(junk + 30, sizeof junk - IKE_HEADER_SIZE);
	if (next == IKE_P_SKF) {
		ls_put16(junk + 32, 1);
		ls_put16(junk + 34, 2);
	}
	forge_bytes(p, 0, IKE_PORT, LS_BYTES(junk, sizeof junk));
}

/* A's probe is on its way, and never arrives. */
static void probe_lost(struct pair *p)
{
	pair_probe(p, 0);
	pair_cross(p);
	pair_drop(p);
}

/* 2.3: the window is 1. A request with an id outside it is not done and not answered, neither
 * counter moves, and no INVALID_MESSAGE_ID is sent. */
START_TEST(request_outside_the_window)
{
	for (unsigned side = 0; side < 2; side++) {
		struct pair *p = pair_new();
		struct ike_sa *sa;
		uint32_t next, away[6];
		unsigned tail;

		pair_up(p);
		/* A probe each, so that there is something behind the window too. */
		for (unsigned i = 0; i < 2; i++) {
			pair_probe(p, i);
			pair_run(p);
		}
		sa = forge_sa(p, 1 - side);
		next = sa->recv_id;
		memcpy(away,
		       (uint32_t[]){next + 1, next + 2, next + 1000, UINT32_MAX, 0x80000000,
		                    next - 2},
		       sizeof away);
		for (size_t i = 0; i < sizeof away / sizeof away[0]; i++) {
			uint32_t send_id = sa->send_id;

			tail = p->tail;
			ask_delete(p, side, away[i]);
			ck_assert_uint_eq(p->tail, tail);
			ck_assert(sa->recv_id == next && sa->send_id == send_id && !sa->serving &&
			          !sa->active && !sa->queue);
			ck_assert_uint_eq(pair_counted(&p->side[1 - side], CAUSE_IKE_MESSAGE_ID),
			                  i + 1);
		}
		ck_assert_uint_eq(pair_check_sas(p), 1);
		pair_no_down(p);
		/* The one in the window is done. */
		ask_delete(p, side, next);
		ck_assert_uint_eq(p->side[1 - side].sas, 0);
		ck_assert_uint_eq(p->tail - tail, 1);
		pair_free(p);
	}
}
END_TEST

/* Behind the window by one: the last answer again, bit by bit the same, and nothing is done twice,
 * whatever the request says now. Nobody gets it without the keys. */
START_TEST(request_before_the_window)
{
	struct pair *p = pair_new();
	struct ike_build b = forge_build();
	uint8_t answer[256];
	struct ike_sa *sa;
	unsigned tail;
	size_t len;

	pair_up(p);
	sa = forge_sa(p, 1);
	forge_request(p, 0, IKE_X_INFO, sa->recv_id, &b);
	ck_assert_uint_eq(p->tail - p->head, 1);
	len = p->queue[p->head % PAIR_QUEUE_MAX].len;
	ck_assert_uint_le(len, sizeof answer);
	memcpy(answer, p->queue[p->head % PAIR_QUEUE_MAX].bytes, len);
	ask_delete(p, 0, sa->recv_id - 1);
	ck_assert_uint_eq(p->tail - p->head, 2);
	ck_assert_uint_eq(p->queue[(p->tail - 1) % PAIR_QUEUE_MAX].len, len);
	ck_assert_mem_eq(p->queue[(p->tail - 1) % PAIR_QUEUE_MAX].bytes, answer, len);
	ck_assert_uint_eq(pair_counted(&p->side[1], CAUSE_IKE_RETRANSMITTED), 1);
	ck_assert_uint_eq(p->side[1].sas, 1);
	/* That id from somebody who has no key. */
	tail = p->tail;
	ask_without_keys(p, IKE_P_SK, sa->recv_id - 1);
	ck_assert_uint_eq(p->tail, tail);
	ck_assert_uint_eq(pair_counted(&p->side[1], CAUSE_IKE_MESSAGE_ID), 1);
	pair_free(p);
}
END_TEST

/* An IKE SA that was made by a rekey begins at 0 (2.2): nothing is before that, so the largest id
 * is not the one before. */
START_TEST(nothing_before_the_first_id)
{
	struct pair *p = pair_new();
	struct ike_build b;
	struct ike_sa *sa;
	unsigned tail;

	pair_up(p);
	p->now += LS_S(28800 - 100);
	ike_tick(p->side[0].ike, p->now);
	pair_run(p);
	sa = forge_sa(p, 1);
	ck_assert(sa->rekeyed_from && sa->recv_id == 0 && sa->send_id == 0);
	tail = p->tail;
	ask_delete(p, 0, UINT32_MAX);
	ck_assert_uint_eq(p->tail, tail);
	ck_assert_uint_eq(pair_counted(&p->side[1], CAUSE_IKE_MESSAGE_ID), 1);
	ck_assert_uint_eq(pair_counted(&p->side[1], CAUSE_IKE_RETRANSMITTED), 0);
	ck_assert_uint_eq(pair_check_sas(p), 1);
	b = forge_build();
	forge_request(p, 0, IKE_X_INFO, 0, &b);
	ck_assert_uint_eq(p->tail, tail + 1);
	ck_assert_uint_eq(sa->recv_id, 1);
	pair_free(p);
}
END_TEST

/* While a request is being served the window stays shut: its repetition and the next one wait. */
START_TEST(request_while_one_is_served)
{
	struct pair *p = pair_new();
	struct ike_sa *sa;
	uint32_t id;
	unsigned sent;

	pair_up(p);
	sa = forge_sa(p, 1);
	id = sa->recv_id;
	p->side[1].hold_install = true;
	ike_child_expiring(p->side[0].ike, pair_first_spi(p, 0), p->now);
	pair_run(p);
	ck_assert_ptr_nonnull(sa->serving);
	ck_assert_uint_eq(sa->recv_id, id);
	sent = p->sent[1];
	/* A itself repeats it, */
	pair_pass(p, LS_MS(600));
	ck_assert_uint_eq(pair_counted(&p->side[1], CAUSE_IKE_RETRANSMITTED), 1);
	/* and somebody is ahead of it. */
	ask_delete(p, 0, id + 1);
	ck_assert_uint_eq(pair_counted(&p->side[1], CAUSE_IKE_MESSAGE_ID), 1);
	ck_assert_uint_eq(p->sent[1], sent);
	pair_release_held(&p->side[1]);
	pair_run(p);
	pair_settled(p);
	pair_free(p);
}
END_TEST

/* A response counts for the one request that is on its way: id and exchange are that one's. */
START_TEST(response_outside_the_window)
{
	struct pair *p = pair_new();
	struct ike_build b = forge_build();
	struct ike_sa *sa;
	uint32_t id;

	pair_up(p);
	sa = forge_sa(p, 0);
	id = sa->send_id;
	/* Nothing was asked. */
	forge_response(p, 1, IKE_X_INFO, id, &b);
	forge_response(p, 1, IKE_X_INFO, id - 1, &b);
	ck_assert_uint_eq(pair_counted(&p->side[0], CAUSE_IKE_MESSAGE_ID), 2);
	probe_lost(p);
	forge_response(p, 1, IKE_X_INFO, id + 1, &b);
	forge_response(p, 1, IKE_X_INFO, id - 1, &b);
	forge_response(p, 1, IKE_X_CHILD, id, &b);
	ck_assert_uint_eq(pair_counted(&p->side[0], CAUSE_IKE_MESSAGE_ID), 5);
	ck_assert(sa->active && sa->active->outstanding && sa->send_id == id);
	forge_response(p, 1, IKE_X_INFO, id, &b);
	ck_assert(!sa->active && sa->send_id == id + 1);
	pair_free(p);
}
END_TEST

/* Too short, too long, or not what its length says; a keepalive is nothing at all. */
START_TEST(lengths)
{
	struct pair *p = pair_new();
	uint8_t bytes[64] = {1};

	bytes[17] = 0x20;
	bytes[18] = IKE_X_INIT;
	bytes[19] = IKE_FLAG_INITIATOR;
	for (size_t len = 0; len < IKE_HEADER_SIZE; len++)
		forge_bytes(p, 0, 500, LS_BYTES(bytes, len));
	ck_assert_uint_eq(pair_counted(&p->side[1], CAUSE_TRUNCATED), IKE_HEADER_SIZE - 1);
	for (size_t len = IKE_HEADER_SIZE; len < sizeof bytes; len++) {
		ls_put32(bytes + 24, (uint32_t)len + 1);
		forge_bytes(p, 0, 500, LS_BYTES(bytes, len));
		ls_put32(bytes + 24, (uint32_t)len - 1);
		forge_bytes(p, 0, 500, LS_BYTES(bytes, len));
	}
	ck_assert_uint_eq(pair_counted(&p->side[1], CAUSE_MALFORMED),
	                  2 * (sizeof bytes - IKE_HEADER_SIZE));
	ck_assert_uint_eq(p->sent[1], 0);
	pair_free(p);
}
END_TEST

/* Messages of IKE_SA_INIT that are no call, or answers to none. */
START_TEST(init_of_nobody)
{
	struct pair *p = pair_new();
	struct ike_build b = forge_build();
	uint8_t bytes[28] = {1};

	/* A request with a responder's SPI, or from the responder. */
	bytes[15] = 1;
	bytes[17] = 0x20;
	bytes[18] = IKE_X_INIT;
	bytes[19] = IKE_FLAG_INITIATOR;
	bytes[27] = 28;
	forge_bytes(p, 0, 500, LS_BYTES(bytes, sizeof bytes));
	bytes[15] = bytes[19] = 0;
	forge_bytes(p, 0, 500, LS_BYTES(bytes, sizeof bytes));
	ck_assert_uint_eq(pair_counted(&p->side[1], CAUSE_IKE_UNEXPECTED), 2);
	/* A response to a call that nobody made; to one that did; and again when it is over. */
	forge_init(p, 1, 77, 88, &b);
	ck_assert_uint_eq(pair_counted(&p->side[0], CAUSE_IKE_UNKNOWN_SPI), 1);
	pair_up(p);
	forge_init(p, 1, forge_sa(p, 0)->spi_i, 88, &b);
	ck_assert_uint_eq(pair_counted(&p->side[0], CAUSE_IKE_UNEXPECTED), 1);
	/* B is no initiator of that SA. */
	forge_init(p, 0, forge_sa(p, 1)->spi_r, 88, &b);
	ck_assert_uint_eq(pair_counted(&p->side[1], CAUSE_IKE_UNKNOWN_SPI), 1);
	pair_settled(p);
	pair_free(p);
}
END_TEST

/* The initiator's flag, or the peer's SPI, is not that of the SA. */
START_TEST(wrong_direction)
{
	struct pair *p = pair_new();
	struct ike_build b = forge_build();
	struct ike_header h;
	struct ike_payloads in;

	pair_up(p);
	h = ike_sa_header(forge_sa(p, 0), IKE_X_INFO, false, 2);
	delete_all(&b);
	h.flags ^= IKE_FLAG_INITIATOR;
	forge_sealed(p, 0, &h, &b);
	h.flags ^= IKE_FLAG_INITIATOR;
	h.spi_i ^= 1;
	forge_sealed(p, 0, &h, &b);
	ck_assert_uint_eq(pair_counted(&p->side[1], CAUSE_IKE_UNKNOWN_SPI), 2);
	forge_newest(p, &h, &in);
	ck_assert(h.next == IKE_P_NOTIFY && in.notify[0].type == IKE_N_INVALID_IKE_SPI);
	pair_drop(p);
	pair_settled(p);
	pair_free(p);
}
END_TEST

/* Exchanges of no known kind, IKE_AUTH when all is settled, and anything but IKE_AUTH before. */
START_TEST(not_now)
{
	struct pair *p = pair_new();
	struct ike_build b = forge_build();
	unsigned tail;
	uint32_t id;

	forge_before_auth(p);
	tail = p->tail;
	forge_request(p, 0, IKE_X_INFO, 1, &b);
	forge_request(p, 0, IKE_X_CHILD, 1, &b);
	forge_request(p, 0, 99, 1, &b);
	ck_assert_uint_eq(pair_counted(&p->side[1], CAUSE_IKE_UNEXPECTED), 3);
	ck_assert_uint_eq(p->tail, tail);
	ck_assert_uint_eq(forge_sa(p, 1)->recv_id, 1);
	pair_pass(p, LS_S(2));
	pair_settled(p);
	id = forge_sa(p, 1)->recv_id;
	tail = p->tail;
	forge_request(p, 0, IKE_X_AUTH, id, &b);
	forge_request(p, 0, 99, id, &b);
	/* One of our own calls is not authenticated by the one who was called asking for it. */
	forge_request(p, 1, IKE_X_AUTH, forge_sa(p, 0)->recv_id, &b);
	ck_assert_uint_eq(pair_counted(&p->side[1], CAUSE_IKE_UNEXPECTED), 5);
	ck_assert_uint_eq(pair_counted(&p->side[0], CAUSE_IKE_UNEXPECTED), 1);
	ck_assert_uint_eq(p->tail, tail);
	pair_settled(p);
	pair_free(p);
}
END_TEST

/* 2.5: an unknown payload that is critical: the request is refused with its type and not done, all
 * else stays. */
START_TEST(critical_payload)
{
	struct pair *p = pair_new();
	struct ike_build b = forge_build();
	struct ike_payloads in;
	struct ike_header h;

	pair_up(p);
	delete_all(&b);
	ike_build_bytes(&b, 200, LS_BYTES("x", 1));
	b.w.p[b.last + 1] = 0x80;
	forge_request(p, 0, IKE_X_INFO, 2, &b);
	forge_newest(p, &h, &in);
	ck_assert(h.flags & IKE_FLAG_RESPONSE && h.id == 2);
	ck_assert_uint_eq(in.notify[0].type, IKE_N_UNSUPPORTED_CRITICAL_PAYLOAD);
	ck_assert_uint_eq(in.notify[0].data.len, 1);
	ck_assert_uint_eq(in.notify[0].data.p[0], 200);
	ck_assert_uint_eq(pair_counted(&p->side[1], CAUSE_IKE_CRITICAL_PAYLOAD), 1);
	ck_assert_uint_eq(forge_sa(p, 1)->recv_id, 3);
	pair_drop(p);
	pair_settled(p);
	pair_free(p);
}
END_TEST

static void nonsense(struct ike_build *b)
{
	ike_build_bytes(b, IKE_P_NONCE, LS_BYTES("short", 5));
}

/* 2.21.3: authentic nonsense is answered once, and is the end of the SA. Of one that is half open
 * it is not: it may be anybody's. */
START_TEST(nonsense_as_request)
{
	struct pair *p = pair_new();
	struct ike_build b = forge_build();

	forge_before_auth(p);
	nonsense(&b);
	forge_request(p, 0, IKE_X_AUTH, 1, &b);
	forge_answered(p, p->tail - 1, IKE_N_INVALID_SYNTAX);
	ck_assert_int_eq(forge_sa(p, 1)->state, IKE_S_INIT);
	pair_free(p);
	p = pair_new();
	pair_up(p);
	b = forge_build();
	nonsense(&b);
	forge_request(p, 0, IKE_X_CHILD, 2, &b);
	forge_answered(p, p->tail - 1, IKE_N_INVALID_SYNTAX);
	ck_assert_uint_eq(p->side[1].sas, 0);
	ck_assert_int_eq(pair_last(&p->side[1], IKE_REQ_DOWN)->cause, CAUSE_IKE_SYNTAX);
	pair_pass(p, LS_S(11));
	ck_assert_uint_eq(pair_ike_sas(&p->side[1]), 0);
	/* Nobody was sent a Delete. */
	ck_assert_uint_eq(p->side[0].sas, 1);
	pair_free(p);
}
END_TEST

START_TEST(nonsense_as_response)
{
	struct pair *p = pair_new();
	struct ike_build b = forge_build();
	unsigned tail;

	pair_up(p);
	probe_lost(p);
	nonsense(&b);
	tail = p->tail;
	forge_response(p, 1, IKE_X_INFO, 2, &b);
	ck_assert_uint_eq(p->tail, tail);
	ck_assert_int_eq(pair_last(&p->side[0], IKE_REQ_DOWN)->cause, CAUSE_IKE_SYNTAX);
	ck_assert_uint_eq(pair_ike_sas(&p->side[0]), 0);
	pair_free(p);
}
END_TEST

/* Status notifies that mean nothing here are passed over, and counted (3.10.1). */
START_TEST(unknown_notifies)
{
	struct pair *p = pair_new();
	struct ike_build b = forge_build();
	struct ike_payloads in;
	struct ike_header h;

	pair_up(p);
	ike_build_flag(&b, 40000);
	ike_build_flag(&b, 50000);
	forge_request(p, 0, IKE_X_INFO, 2, &b);
	ck_assert_uint_eq(pair_counted(&p->side[1], CAUSE_IKE_UNKNOWN_NOTIFY), 2);
	forge_newest(p, &h, &in);
	ck_assert(h.flags & IKE_FLAG_RESPONSE && in.notifies == 0);
	pair_free(p);
}
END_TEST

/* Not authentic, or a fragment that nobody has agreed to: counted, and no more. */
START_TEST(not_believed)
{
	struct pair *p = pair_new();

	pair_up(p);
	for (unsigned fragment = 0; fragment < 2; fragment++) {
		ask_without_keys(p, fragment ? IKE_P_SKF : IKE_P_SK, 2);
		ck_assert_uint_eq(pair_counted(&p->side[1], CAUSE_IKE_BAD_ICV), fragment + 1u);
	}
	ck_assert(!forge_sa(p, 1)->serving && forge_sa(p, 1)->frag_requests.total == 0);
	{
		static const uint8_t big[600];
		struct ike_build b = forge_build();

		ike_build_bytes(&b, IKE_P_VENDOR, LS_BYTES(big, sizeof big));
		forge_sa(p, 1)->fragmentation = false;
		forge_sa(p, 0)->fragment_size = 300;
		forge_request(p, 0, IKE_X_INFO, 2, &b);
		ck_assert_uint_gt(pair_counted(&p->side[1], CAUSE_IKE_FRAGMENT), 1);
		ck_assert_uint_eq(forge_sa(p, 1)->recv_id, 2);
		forge_sa(p, 1)->fragmentation = true;
		forge_request(p, 0, IKE_X_INFO, 2, &b);
		ck_assert_uint_eq(forge_sa(p, 1)->recv_id, 3);
	}
	pair_free(p);
}
END_TEST

IKE_MAIN("ike input", unknown_spi, unprotected_notify, peer_that_forgot, other_versions,
         request_outside_the_window, request_before_the_window, nothing_before_the_first_id,
         request_while_one_is_served, response_outside_the_window, lengths, init_of_nobody,
         wrong_direction, not_now, critical_payload, nonsense_as_request, nonsense_as_response,
         unknown_notifies, not_believed)
