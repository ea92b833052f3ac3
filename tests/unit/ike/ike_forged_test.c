/* What somebody who is not the peer says in its name, or from elsewhere. */
#include "tests/unit/ike/ike_main.h"
#include "tests/unit/ike/ike_pair.h"

#include "lib/wire.h"

/* Somebody sends IKE_SA_INIT in the peer's name, as many as one source may have half open: the peer
 * itself still gets in. */
START_TEST(flood_in_the_name_of_the_peer)
{
	struct ike_limits limits = {
		.cookie_threshold = 20, .max_half_open = 40, .max_half_open_per_source = 5};
	struct pair *p = pair_new_at("192.0.2.1", "198.51.100.2", &limits), *other = pair_new();
	struct ike_request r;

	for (unsigned i = 0; i < 2; i++) {
		struct ike_peer c = pair_peer(p, i);

		pair_set(p, i, &c);
	}
	ike_start(other->side[0].ike, 1, other->now);
	pair_pump(&other->side[0]);
	for (unsigned i = 0; i < 50; i++) {
		ls_put64(other->queue[0].bytes, 0x1000 + i);
		ike_input(p->side[1].ike,
		          &(struct ike_datagram){
				  .local = ls_addr_with_port(p->side[1].ip, 500),
				  .remote = ls_addr_with_port(p->side[0].ip, (uint16_t)(500 + i)),
				  .bytes = other->queue[0].bytes,
				  .len = other->queue[0].len},
		          p->now);
		while (ike_next(p->side[1].ike, &r))
			;
	}
	ck_assert_uint_eq(ike_half_open(p->side[1].ike), 5);
	pair_up(p);
	pair_free(other);
	pair_free(p);
}
END_TEST

/* IKE_AUTH, or its answer, comes as a copy from elsewhere before the true one: what follows does
 * not go there. */
static bool copy_from_elsewhere(struct pair *p, struct pair_message *m, void *context)
{
	unsigned *side = context;

	if (m->side == *side && m->to.port == 4500)
		m->from = ls_addr_v4(0x08080808, 4500);
	(void)p;
	return true;
}

START_TEST(a_copy_does_not_move_the_set_up)
{
	for (unsigned side = 0; side < 2; side++) {
		struct pair *p = pair_new();

		for (unsigned i = 0; i < 2; i++) {
			struct ike_peer c = pair_peer(p, i);

			/* ESP in UDP at the wish of the one who is called: 4500, and no NAT before
			 * the other. */
			c.force_udp = side == 0 ? i == 1 : i == 0;
			pair_set(p, i, &c);
		}
		p->filter = copy_from_elsewhere;
		p->context = &side;
		ike_start(p->side[0].ike, 1, p->now);
		pair_run(p);
		ck_assert_uint_eq(p->side[1 - side].sas, 1);
		ck_assert(
			ls_addr_same_ip(&p->side[1 - side].sa[0].child.remote, &p->side[side].ip));
		pair_free(p);
	}
}
END_TEST

IKE_MAIN("ike forged", flood_in_the_name_of_the_peer, a_copy_does_not_move_the_set_up)
