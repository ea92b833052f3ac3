/* Authentic messages with any contents, as a broken or hostile peer that knows the key sends them:
 * requests, and answers to each of our exchanges. */
#include "ike/ike_sa.h"
#include "tests/fuzz/ike_owner.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum mode { REQUEST, ANSWER_CHILD, ANSWER_REKEY, ANSWER_INFO, ANSWER_AUTH, REQUEST_AUTH, MODES };

/* Seals contents with the keys of `from` as its next message of that exchange. */
static void say(struct owner *from, struct owner *to, uint8_t exchange, bool response, uint32_t id,
                uint8_t first, const uint8_t *data, size_t size)
{
	/* New SAs come first in the list: the oldest is the one that the exchange runs on. */
	struct ike_sa *sa = from->ike->sas;
	struct ike_header h;
	struct ike_build b;
	struct ike_packets packets;
	struct ls_bytes one;
	struct rd r;

	while (sa && sa->next)
		sa = sa->next;
	if (!sa || !sa->keys.all.bytes)
		return;
	h = ike_sa_header(sa, exchange, response, id);
	b = ike_build_make(from->ike->plain, sizeof from->ike->plain);
	b.first = first;
	wr_bytes(&b.w, data, size);
	if (!ike_sa_seal(sa, &h, &b, &packets))
		return;
	r = rd_make(packets.bytes, packets.len);
	while (ike_packets_next(&r, &one))
		owner_give(to, one.p, one.len);
	ike_packets_free(&packets);
}

/* Both up, or (half) with IKE_AUTH under way. */
static void set_up(struct owner *a, struct owner *b, bool half)
{
	owner_make(a, 0);
	owner_make(b, 1);
	ike_start(a->ike, 1, a->now);
	owner_pump(a);
	owner_carry(a, b);
	owner_carry(b, a);
	if (half)
		return;
	owner_carry(a, b);
	owner_carry(b, a);
	if (a->spi_in == 0 || b->spi_in == 0)
		abort();
}

static void rekey_now(struct owner *o)
{
	/* Beyond the soft limit of 8 h, before the hard one. */
	o->now += LS_S(25000);
	ike_tick(o->ike, o->now);
	owner_pump(o);
}

/* data: mode, owner's answers, exchange, first payload, contents. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct owner a, b;
	enum mode mode;

	if (size < 4)
		return 0;
	mode = (enum mode)(data[0] % MODES);
	set_up(&a, &b, mode == ANSWER_AUTH || mode == REQUEST_AUTH);
	a.answers = data[1];
	if (mode == REQUEST) {
		say(&b, &a, data[2], false, a.ike->sas->recv_id, data[3], data + 4, size - 4);
	} else if (mode == REQUEST_AUTH) {
		b.answers = data[1];
		say(&a, &b, IKE_X_AUTH, false, 1, data[3], data + 4, size - 4);
	} else {
		if (mode == ANSWER_CHILD) {
			ike_child_expiring(a.ike, a.spi_in, a.now);
			owner_pump(&a);
		} else if (mode == ANSWER_REKEY) {
			rekey_now(&a);
		} else if (mode == ANSWER_INFO) {
			ike_doubt(a.ike, 1, a.now);
			ike_tick(a.ike, a.now);
			owner_pump(&a);
		}
		say(&b, &a,
		    mode == ANSWER_AUTH   ? IKE_X_AUTH
		    : mode == ANSWER_INFO ? IKE_X_INFO
		                          : IKE_X_CHILD,
		    true, mode == ANSWER_AUTH ? 1 : 2, data[3], data + 4, size - 4);
	}
	/* And whatever comes of it between the two, for a while. */
	for (unsigned i = 0; i < 6; i++) {
		owner_carry(&a, &b);
		owner_carry(&b, &a);
		a.now = b.now = a.now + LS_S(4);
		ike_tick(a.ike, a.now);
		ike_tick(b.ike, b.now);
		owner_pump(&a);
		owner_pump(&b);
	}
	owner_free(&a);
	owner_free(&b);
	return 0;
}
