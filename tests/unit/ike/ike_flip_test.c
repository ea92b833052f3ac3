/* Every bit of every message turned, and every message cut: nothing crashes, nothing damaged is
 * believed, and the real exchange still completes. */
#include "tests/unit/ike/ike_main.h"
#include "tests/unit/ike/ike_pair.h"

enum { INIT_MESSAGES = 2 };

struct story {
	void (*begin)(struct pair *p); /* after the tunnel is up, or instead (from_scratch) */
	bool from_scratch;
	unsigned messages; /* how many are damaged, one after the other */
};

static void dial(struct pair *p)
{
	ike_start(p->side[0].ike, 1, p->now);
}

static void rekey_child(struct pair *p)
{
	ike_child_expiring(p->side[0].ike, p->side[0].sa[0].spi_in, p->now);
}

static void rekey_ike(struct pair *p)
{
	p->now += LS_S(28800 - 100);
	ike_tick(p->side[0].ike, p->now);
}

static void probe(struct pair *p)
{
	ike_doubt(p->side[0].ike, 1, p->now);
	ike_tick(p->side[0].ike, p->now);
}

static void delete_child(struct pair *p)
{
	ike_child_expired(p->side[0].ike, p->side[0].sa[0].spi_in, p->now);
}

static void stop(struct pair *p)
{
	ike_stop(p->side[0].ike, 1, CAUSE_ADMIN, p->now);
}

/* Which damage to which message. */
struct damage {
	unsigned nth, seen;
	size_t bit; /* SIZE_MAX: cut instead */
	size_t cut;
	bool protected;  /* it had an ICV: then it must not be believed */
	bool done, last; /* last: no bit or byte of that number is left */
};

static uint64_t believed(const struct pair_side *s)
{
	const struct ls_counters *c = ike_counters(s->ike);

	return (uint64_t)pair_count(s, IKE_REQ_UP) + pair_count(s, IKE_REQ_DOWN) +
	       pair_count(s, IKE_REQ_REMOVE) + s->sas + c->by_cause[CAUSE_IKE_SYNTAX] +
	       c->by_cause[CAUSE_IKE_AUTH_MISMATCH];
}

/* Gives the damaged message first and throws away whatever it brings about on the wire; then the
 * real one goes its way. */
static bool damage(struct pair *p, struct pair_message *m, void *context)
{
	struct damage *d = context;
	struct pair_side *to = &p->side[1 - m->side];
	struct pair_message bad = *m;
	unsigned tail = p->tail;
	uint64_t before;

	if (d->seen++ != d->nth)
		return true;
	d->done = true;
	d->protected = d->nth >= INIT_MESSAGES;
	if (d->bit != SIZE_MAX ? d->bit >= m->len * 8 : d->cut >= m->len) {
		d->last = true;
		return true;
	}
	bad.bytes = malloc(m->len);
	memcpy(bad.bytes, m->bytes, m->len);
	if (d->bit != SIZE_MAX)
		bad.bytes[d->bit / 8] ^= (uint8_t)(1u << d->bit % 8);
	else
		bad.len = d->cut;
	before = believed(to);
	pair_give(p, &bad);
	if (d->protected)
		ck_assert_uint_eq(believed(to), before);
	free(bad.bytes);
	while (p->tail != tail)
		free(p->queue[--p->tail % PAIR_QUEUE_MAX].bytes);
	return true;
}

/* One run with one damage; gives whether there was anything left to be damaged. */
static bool run(const struct story *story, struct damage *d)
{
	struct pair *p = pair_new();
	unsigned skip = story->from_scratch ? 0 : INIT_MESSAGES;
	bool more;

	if (!story->from_scratch)
		pair_up(p);
	d->nth += skip;
	d->seen = skip;
	p->filter = damage;
	p->context = d;
	story->begin(p);
	pair_run(p);
	d->nth -= skip;
	more = d->done && !d->last;
	/* A damaged answer to IKE_SA_INIT may be taken for the real one: nobody vouches for it yet.
	 * Then that attempt fails, the next one not. */
	if (story->from_scratch && d->nth == 1 && p->side[0].sas == 0) {
		p->filter = NULL;
		pair_pass(p, LS_S(200));
		ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_DOWN), 1);
		dial(p);
		pair_pass(p, LS_S(10));
	}
	if (story->begin == stop || story->begin == delete_child) {
		ck_assert_uint_eq(p->side[0].sas + p->side[1].sas, 0);
	} else {
		ck_assert_uint_eq(pair_check_sas(p), 1);
		pair_check_sending(p);
	}
	pair_free(p);
	return more;
}

static void all_damages(const struct story *story)
{
	for (unsigned nth = 0; nth < story->messages; nth++) {
		size_t bits = 0, cuts = 0;

		for (;; bits++) {
			struct damage d = {.nth = nth, .bit = bits};

			if (!run(story, &d))
				break;
		}
		for (;; cuts++) {
			struct damage d = {.nth = nth, .bit = SIZE_MAX, .cut = cuts};

			if (!run(story, &d))
				break;
		}
		ck_assert_uint_ge(bits, 28 * 8);
		ck_assert_uint_eq(cuts * 8, bits);
	}
}

START_TEST(set_up)
{
	all_damages(&(struct story){.begin = dial, .from_scratch = true, .messages = 4});
}
END_TEST

START_TEST(child_rekey)
{
	all_damages(&(struct story){.begin = rekey_child, .messages = 4});
}
END_TEST

START_TEST(ike_rekey)
{
	all_damages(&(struct story){.begin = rekey_ike, .messages = 4});
}
END_TEST

START_TEST(liveness)
{
	all_damages(&(struct story){.begin = probe, .messages = 2});
}
END_TEST

START_TEST(child_delete)
{
	all_damages(&(struct story){.begin = delete_child, .messages = 2});
}
END_TEST

START_TEST(ike_delete)
{
	all_damages(&(struct story){.begin = stop, .messages = 2});
}
END_TEST

IKE_MAIN("ike flips", set_up, child_rekey, ike_rekey, liveness, child_delete, ike_delete)
