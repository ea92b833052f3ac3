/* INFORMATIONAL: probes and Deletes, asked and answered. */
#include "tests/unit/ike/ike_forge.h"
#include "tests/unit/ike/ike_main.h"

/* 1.4.1: both delete the same pair at once: neither names it in its answer, both forget it once. */
START_TEST(deletes_cross)
{
	struct pair *p = pair_new();

	pair_up(p);
	ike_child_expired(p->side[0].ike, pair_first_spi(p, 0), p->now);
	ike_child_expired(p->side[1].ike, pair_first_spi(p, 1), p->now);
	pair_cross(p);
	pair_run(p);
	ck_assert_uint_eq(p->side[0].sas + p->side[1].sas, 0);
	ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_DOWN), 1);
	ck_assert_uint_eq(pair_count(&p->side[1], IKE_REQ_DOWN), 1);
	pair_free(p);
}
END_TEST

/* Both close at once. */
START_TEST(closes_cross)
{
	struct pair *p = pair_new();

	pair_up(p);
	ike_stop(p->side[0].ike, 1, CAUSE_ADMIN, p->now);
	ike_stop(p->side[1].ike, 2, CAUSE_ADMIN, p->now);
	pair_cross(p);
	pair_pass(p, LS_S(60));
	ck_assert_uint_eq(pair_ike_sas(&p->side[0]) + pair_ike_sas(&p->side[1]), 0);
	ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_DOWN), 1);
	ck_assert_uint_eq(pair_count(&p->side[1], IKE_REQ_DOWN), 1);
	pair_free(p);
}
END_TEST

static void delete_spis(struct ike_build *b, uint8_t protocol, uint8_t size, const uint32_t *spi,
                        unsigned n)
{
	ike_build_begin(b, IKE_P_DELETE);
	wr_u8(&b->w, protocol);
	wr_u8(&b->w, size);
	wr_u16(&b->w, (uint16_t)n);
	for (unsigned i = 0; i < n; i++)
		wr_u32(&b->w, spi[i]);
	ike_build_end(b);
}

/* A probe is an empty request, and its answer is empty (1.4). */
START_TEST(probe)
{
	struct pair *p = pair_new();
	struct ike_payloads in;
	struct ike_header h;

	pair_up(p);
	ike_probe(forge_sa(p, 0));
	pair_cross(p);
	for (unsigned answer = 0; answer < 2; answer++) {
		forge_newest(p, &h, &in);
		ck_assert(h.exchange == IKE_X_INFO && h.id == 2 &&
		          !(h.flags & IKE_FLAG_RESPONSE) == !answer);
		ck_assert_uint_eq(in.notifies + in.deletes_count, 0);
		pair_deliver_one(p);
	}
	ck_assert_ptr_null(forge_sa(p, 0)->active);
	pair_settled(p);
	pair_free(p);
}
END_TEST

/* 1.4.1: the answer names the pair's other half. */
START_TEST(delete_is_answered)
{
	struct pair *p = pair_new();
	struct ike_payloads in;
	struct ike_header h;
	uint32_t spi;

	pair_up(p);
	spi = pair_first_spi(p, 1);
	ike_child_expired(p->side[0].ike, pair_first_spi(p, 0), p->now);
	pair_cross(p);
	pair_deliver_one(p);
	forge_newest(p, &h, &in);
	ck_assert(h.flags & IKE_FLAG_RESPONSE);
	ck_assert_uint_eq(in.deletes_count, 1);
	ck_assert(in.deletes[0].protocol == IKE_PROTO_ESP && in.deletes[0].count == 1);
	ck_assert_uint_eq(ls_get32(in.deletes[0].spis.p), spi);
	pair_run(p);
	ck_assert_uint_eq(p->side[0].sas + p->side[1].sas, 0);
	pair_free(p);
}
END_TEST

/* Deletes of pairs that are not there, of another protocol or SPI size, or of our own inbound SPI:
 * nothing goes, the answer is empty, the IKE SA stays. */
START_TEST(delete_of_nothing)
{
	struct pair *p = pair_new();

	pair_up(p);
	for (unsigned i = 0; i < 5; i++) {
		uint32_t right = p->side[1].sa[0].spi_out, spi = i == 0   ? right ^ 1
		                                                 : i == 1 ? pair_first_spi(p, 1)
		                                                          : right;
		struct ike_build b = forge_build();
		struct ike_payloads in;
		struct ike_header h;

		delete_spis(&b, i == 2 ? IKE_PROTO_AH : IKE_PROTO_ESP, 4, &spi, i == 4 ? 0 : 1);
		if (i == 3) { /* two SPIs of two bytes */
			b.w.p[5] = 2;
			b.w.p[7] = 2;
		}
		forge_request(p, 0, IKE_X_INFO, 2 + i, &b);
		forge_newest(p, &h, &in);
		ck_assert(h.flags & IKE_FLAG_RESPONSE && h.id == 2 + i);
		ck_assert_uint_eq(in.deletes_count + in.notifies, 0);
		ck_assert_uint_eq(p->side[1].sas, 1);
	}
	pair_no_down(p);
	pair_free(p);
}
END_TEST

/* One SPI named many times, among others, is answered once. */
START_TEST(delete_named_twice)
{
	struct pair *p = pair_new();
	struct ike_build b = forge_build();
	struct ike_payloads in;
	struct ike_header h;
	uint32_t spi[100];

	pair_up(p);
	for (unsigned i = 0; i < 100; i++)
		spi[i] = i % 2 ? p->side[1].sa[0].spi_out : 1000 + i;
	delete_spis(&b, IKE_PROTO_ESP, 4, spi, 100);
	forge_request(p, 0, IKE_X_INFO, 2, &b);
	forge_newest(p, &h, &in);
	ck_assert_uint_eq(in.deletes_count, 1);
	ck_assert_uint_eq(in.deletes[0].count, 1);
	ck_assert_uint_eq(p->side[1].sas, 0);
	ck_assert_uint_eq(pair_count(&p->side[1], IKE_REQ_DOWN), 1);
	ck_assert_int_eq(pair_last(&p->side[1], IKE_REQ_DOWN)->cause, CAUSE_PEER_ASKED);
	pair_free(p);
}
END_TEST

/* A Delete of the IKE SA, or AUTHENTICATION_FAILED (2.21.2): all goes with one cause; the answer is
 * there for a repetition, and then the SA is gone. */
START_TEST(whole)
{
	for (unsigned refused = 0; refused < 2; refused++) {
		struct pair *p = pair_new();
		struct ike_build b = forge_build();
		unsigned tail;

		pair_up(p);
		if (refused)
			ike_build_flag(&b, IKE_N_AUTHENTICATION_FAILED);
		else
			delete_spis(&b, IKE_PROTO_IKE, 0, NULL, 0);
		forge_request(p, 0, IKE_X_INFO, 2, &b);
		ck_assert_uint_eq(p->side[1].sas, 0);
		ck_assert_int_eq(pair_last(&p->side[1], IKE_REQ_DOWN)->cause,
		                 refused ? CAUSE_IKE_AUTH_REFUSED : CAUSE_PEER_ASKED);
		ck_assert_int_eq(forge_sa(p, 1)->state, IKE_S_DELETING);
		tail = p->tail;
		forge_request(p, 0, IKE_X_INFO, 2, &b);
		ck_assert_uint_eq(p->tail, tail + 1);
		ck_assert_uint_eq(pair_count(&p->side[1], IKE_REQ_DOWN), 1);
		p->now += LS_S(IKE_REFUSED_S);
		ike_tick(p->side[1].ike, p->now);
		ck_assert_uint_eq(pair_ike_sas(&p->side[1]), 0);
		pair_free(p);
	}
}
END_TEST

/* A pair is deleted once, however often it is asked; the pair stays until the peer has answered. */
START_TEST(delete_once)
{
	struct pair *p = pair_new();
	struct ike_child *c;

	pair_up(p);
	c = forge_sa(p, 0)->children;
	ike_delete_child(forge_sa(p, 0), c, CAUSE_IDLE);
	ike_delete_child(forge_sa(p, 0), c, CAUSE_ADMIN);
	ck_assert(c->deleting && c->rekey_at == LS_NEVER && !forge_sa(p, 0)->queue);
	pair_cross(p);
	ck_assert_uint_eq(p->side[0].sas, 1);
	pair_run(p);
	ck_assert_uint_eq(p->side[0].sas, 0);
	ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_DOWN), 1);
	ck_assert_int_eq(pair_last(&p->side[0], IKE_REQ_DOWN)->cause, CAUSE_IDLE);
	pair_free(p);
}
END_TEST

IKE_MAIN("ike info", deletes_cross, closes_cross, probe, delete_is_answered, delete_of_nothing,
         delete_named_twice, whole, delete_once)
