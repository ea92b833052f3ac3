/* Packets of an SA that is no more: their sender is told, asks for its IKE SA at once, and does
 * nothing else because of it (RFC 7296 1.5). */
#include "tests/unit/ike/ike_forge.h"
#include "tests/unit/ike/ike_main.h"

static void restart(struct pair *p, unsigned side)
{
	struct pair_side *s = &p->side[side];
	struct ike_peer c = pair_peer(p, side);

	ike_free(s->ike);
	s->ike = ike_new(NULL, &s->random);
	s->sas = 0;
	pair_set(p, side, &c);
}

/* B got a packet with this SPI from A. */
static void stray(struct pair *p, uint32_t spi, uint16_t port)
{
	struct ls_addr here = ls_addr_with_port(p->side[1].ip, port),
		       there = ls_addr_with_port(
			       p->side[0].nat.family ? p->side[0].nat : p->side[0].ip,
			       (uint16_t)(port ? port + p->side[0].nat_shift : 0));

	ike_stray(p->side[1].ike, spi, false, &here, &there, p->now);
}

/* By raw ESP and through a NAT: the message has what RFC 7296 1.5 says, and a probe follows. */
START_TEST(the_sender_asks_at_once)
{
	for (unsigned nat = 0; nat < 2; nat++) {
		struct pair *p = nat ? pair_new_nat(true, false) : pair_new();
		struct ike_header h;
		struct ike_payloads in;
		uint32_t spi;
		unsigned said;

		pair_up(p);
		spi = p->side[0].sa[0].spi_out;
		restart(p, 1);
		said = p->sent[0];
		stray(p, spi, nat ? 4500 : 0);
		pair_pump(&p->side[1]);
		forge_newest(p, &h, &in);
		ck_assert(h.spi_i == 0 && h.spi_r == 0 && h.id == 0 && h.major == 2);
		ck_assert_uint_eq(h.exchange, IKE_X_INFO);
		ck_assert_uint_eq(h.flags, IKE_FLAG_INITIATOR);
		ck_assert_uint_eq(in.notifies, 1);
		ck_assert_uint_eq(in.notify[0].protocol, IKE_PROTO_ESP);
		ck_assert_uint_eq(in.notify[0].type, IKE_N_INVALID_SPI);
		ck_assert_uint_eq(in.notify[0].data.len, 4);
		ck_assert_uint_eq(ls_get32(in.notify[0].data.p), spi);
		ck_assert(pair_deliver_one(p));
		ike_tick(p->side[0].ike, p->now);
		pair_pump(&p->side[0]);
		ck_assert_uint_eq(p->sent[0], said + 1);
		ck_assert_uint_eq(pair_counted(&p->side[0], CAUSE_IKE_STRAY), 1);
		ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_DOWN), 0);
		pair_free(p);
	}
}
END_TEST

/* A question that is on its way already goes again, however long the next try would be in coming.
 */
START_TEST(a_question_goes_again)
{
	struct pair *p = pair_new();
	uint32_t spi;
	unsigned said;

	pair_up(p);
	spi = p->side[0].sa[0].spi_out;
	restart(p, 1);
	p->filter = pair_lose_all;
	pair_probe(p, 0);
	pair_pass(p, LS_S(12));
	p->filter = NULL;
	said = p->sent[0];
	stray(p, spi, 0);
	pair_run(p);
	ck_assert_uint_eq(p->sent[0], said + 1);
	ck_assert_uint_eq(pair_counted(&p->side[1], CAUSE_IKE_UNKNOWN_SPI), 1);
	/* Said again at once, it is not heard. */
	stray(p, spi, 0);
	pair_run(p);
	ck_assert_uint_eq(p->sent[0], said + 1);
	pair_free(p);
}
END_TEST

/* With a peer whose IKE SA stands nothing is said: what comes late says nothing. */
START_TEST(not_to_a_peer_that_is_known)
{
	struct pair *p = pair_new();
	unsigned said;

	pair_up(p);
	said = p->sent[1];
	stray(p, 0x1234, 0);
	pair_run(p);
	ck_assert_uint_eq(p->sent[1], said);
	/* From another port there: another one behind the same NAT. */
	stray(p, 0x1234, 4500);
	pair_run(p);
	ck_assert_uint_eq(p->sent[1], said + 1);
	pair_settled(p);
	pair_free(p);
}
END_TEST

static void say(struct pair *p, const char *from, struct ls_bytes data)
{
	uint8_t bytes[200], payloads[100];
	struct ike_build b = ike_build_make(payloads, sizeof payloads);
	struct wr w = wr_make(bytes, sizeof bytes);
	struct ike_header h = {.major = 2, .exchange = IKE_X_INFO, .flags = IKE_FLAG_INITIATOR};
	struct ls_addr true_ip = p->side[1].ip;

	ike_build_notify(&b, IKE_PROTO_ESP, IKE_N_INVALID_SPI, LS_BYTES(NULL, 0), data);
	ike_build_end(&b);
	h.next = b.first;
	h.length = (uint32_t)(IKE_HEADER_SIZE + b.w.len);
	ike_header_write(&w, &h);
	wr_bytes(&w, b.w.p, b.w.len);
	p->side[1].ip = pair_ip(from);
	forge_bytes(p, 1, 500, LS_BYTES(bytes, w.len));
	p->side[1].ip = true_ip;
	ike_tick(p->side[0].ike, p->now);
	pair_pump(&p->side[0]);
}

/* Another SPI, another place, no SPI: nothing. The right one, a thousand times: a probe. */
START_TEST(a_forger_gets_little)
{
	struct pair *p = pair_new();
	uint8_t spi[5] = {0};
	unsigned said;

	pair_up(p);
	said = p->sent[0];
	say(p, "198.51.100.2", LS_BYTES(spi, 4));
	ls_put32(spi, p->side[0].sa[0].spi_in);
	say(p, "198.51.100.2", LS_BYTES(spi, 4));
	ls_put32(spi, p->side[0].sa[0].spi_out);
	say(p, "198.51.100.3", LS_BYTES(spi, 4));
	say(p, "198.51.100.2", LS_BYTES(spi, 3));
	say(p, "198.51.100.2", LS_BYTES(spi, 5));
	say(p, "198.51.100.2", LS_BYTES(NULL, 0));
	ck_assert_uint_eq(p->sent[0], said);
	for (unsigned i = 0; i < 1000; i++)
		say(p, "198.51.100.2", LS_BYTES(spi, 4));
	ck_assert_uint_eq(p->sent[0], said + 1);
	pair_pass(p, LS_S(60));
	pair_settled(p);
	pair_free(p);
}
END_TEST

/* So many in a second. */
START_TEST(a_flood_is_answered_in_part)
{
	struct pair *p = pair_new();

	for (unsigned i = 0; i < 1000; i++) {
		stray(p, i, 0);
		pair_pump(&p->side[1]);
		pair_drop(p);
	}
	ck_assert_uint_eq(p->sent[1], IKE_STRAYS_PER_SOURCE);
	ck_assert_uint_eq(pair_counted(&p->side[1], CAUSE_IKE_STRAY_TOLD), IKE_STRAYS_PER_SOURCE);
	pair_free(p);
}
END_TEST

IKE_MAIN("ike stray", the_sender_asks_at_once, a_question_goes_again, not_to_a_peer_that_is_known,
         a_forger_gets_little, a_flood_is_answered_in_part)
