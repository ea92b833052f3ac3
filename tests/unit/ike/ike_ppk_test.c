/* Two engines with and without post-quantum preshared keys: each cell of RFC 8784's table, wrong
 * and unknown PPKs, one in between who takes payloads out, rekeys, and other settings. */
#include "ike/ike_ppk.h"

#include "tests/unit/ike/ike_forge.h"
#include "tests/unit/run.h"

enum wish { NONE, OPTIONAL, REQUIRED };

static void set(struct pair *p, unsigned side, enum wish wish, const char *id)
{
	struct ike_peer c = pair_peer(p, side);

	if (wish != NONE)
		ck_assert(ike_ppk_id_parse(id, &c.ppk[0]));
	c.ppk_count = wish != NONE;
	c.ppk_required = wish == REQUIRED;
	pair_set(p, side, &c);
	p->side[side].ppk = "a secret of 256 bits that no quantum computer guesses";
}

static struct pair *make(enum wish a, enum wish b)
{
	struct pair *p = pair_new_at("192.0.2.1", "198.51.100.2", NULL);

	set(p, 0, a, "branch-7");
	set(p, 1, b, "branch-7");
	return p;
}

static void dial(struct pair *p)
{
	ike_start(p->side[0].ike, 1, p->now);
	pair_pass(p, LS_S(5));
}

static bool is_up(const struct pair *p)
{
	return pair_count(&p->side[0], IKE_REQ_UP) > 0 || pair_count(&p->side[1], IKE_REQ_UP) > 0;
}

static bool with_ppk(const struct pair *p, unsigned side)
{
	struct ike_sa_view v;

	ck_assert(ike_sa_view(p->side[side].ike, 0, &v));
	ck_assert(!v.ppk || (v.ppk_id.len == 8 && memcmp(v.ppk_id.data, "branch-7", 8) == 0));
	return v.ppk;
}

/* Up at both ends, with the PPK or without; who has one and does not use it says so. */
static void settled(struct pair *p, bool ppk)
{
	pair_settled(p);
	for (unsigned i = 0; i < 2; i++) {
		ck_assert(with_ppk(p, i) == ppk);
		ck_assert(pair_progressed(&p->side[i], ", with a PPK)") == ppk);
		ck_assert(!(ppk && pair_event(&p->side[i], CAUSE_IKE_PPK_UNUSED)));
	}
}

/* Whatever is up was made with it. */
static void never_without(const struct pair *p)
{
	struct ike_sa_view v;

	for (unsigned side = 0; side < 2; side++)
		for (unsigned i = 0; ike_sa_view(p->side[side].ike, i, &v); i++)
			ck_assert(v.ppk || strcmp(v.state, "established") != 0);
}

static const char *refused_there(struct pair *p, enum ls_cause cause)
{
	const struct pair_note *n = pair_event(&p->side[1], cause);

	ck_assert(!is_up(p));
	ck_assert_msg(n != NULL, "no %s", ls_cause_info(cause)->name);
	ck_assert_int_eq(pair_last(&p->side[0], IKE_REQ_DOWN)->cause, CAUSE_IKE_AUTH_REFUSED);
	return n->text;
}

static enum ls_cause down(const struct pair *p)
{
	const struct pair_note *n = pair_last(&p->side[0], IKE_REQ_DOWN);

	ck_assert(!is_up(p));
	ck_assert_ptr_nonnull(n);
	return n->cause;
}

START_TEST(the_responders_table)
{
	/* USE_PPK, NO_PPK_AUTH (-1: either), configured, mandatory (-1: either) */
	static const struct {
		int use, plain, configured, required;
		enum ike_ppk_action action;
	} rows[] = {
		{0, -1, 0, -1, IKE_PPK_STANDARD}, {0, -1, 1, 0, IKE_PPK_STANDARD},
		{0, -1, 1, 1, IKE_PPK_ABORT},     {1, 0, 0, -1, IKE_PPK_ABORT},
		{1, 1, 0, 1, IKE_PPK_ABORT},      {1, 1, 0, 0, IKE_PPK_STANDARD},
		{1, -1, 1, -1, IKE_PPK_USE},
	};
	unsigned cells = 0;

	for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++)
		for (int bits = 0; bits < 4; bits++) {
			int plain = rows[i].plain < 0 ? bits & 1 : rows[i].plain,
			    required = rows[i].required < 0 ? bits >> 1 : rows[i].required;

			if (plain != (bits & 1) || required != bits >> 1)
				continue;
			cells++;
			ck_assert_int_eq(
				ike_ppk_action(rows[i].use, plain, rows[i].configured, required),
				rows[i].action);
		}
	ck_assert_uint_eq(cells, 16);
}
END_TEST

START_TEST(each_wish_of_either_side)
{
	enum wish a = (enum wish)(_i / 3), b = (enum wish)(_i % 3);
	struct pair *p = make(a, b);

	dial(p);
	if (a == REQUIRED && b == NONE) {
		ck_assert_int_eq(down(p), CAUSE_IKE_PPK_UNSPOKEN);
	} else if (a == NONE && b == REQUIRED) {
		refused_there(p, CAUSE_IKE_PPK_UNSPOKEN);
	} else {
		settled(p, a != NONE && b != NONE);
		for (unsigned i = 0; i < 2; i++) {
			bool lacks = (i ? b : a) == OPTIONAL && (i ? a : b) == NONE;

			ck_assert(!pair_event(&p->side[i], CAUSE_IKE_PPK_UNUSED) == !lacks);
			ck_assert_uint_eq(p->side[i].ppk_asked, a != NONE && b != NONE);
		}
	}
	pair_free(p);
}
END_TEST

START_TEST(a_name_that_the_responder_does_not_have)
{
	enum wish a = _i & 1 ? REQUIRED : OPTIONAL, b = _i & 2 ? REQUIRED : OPTIONAL;
	bool no_secret = _i & 4;
	enum ls_cause cause = no_secret ? CAUSE_IKE_PPK_NO_SECRET : CAUSE_IKE_PPK_UNKNOWN;
	struct pair *p = make(a, b);

	if (no_secret)
		p->side[1].ppk = NULL;
	else
		set(p, 1, b, "branch-8");
	dial(p);
	if (a == OPTIONAL && b == OPTIONAL) {
		settled(p, false);
		ck_assert_ptr_nonnull(strstr(pair_event(&p->side[0], CAUSE_IKE_PPK_UNUSED)->text,
		                             "goes on without the PPK that we named: 'branch-7'"));
		ck_assert_ptr_nonnull(strstr(pair_event(&p->side[1], CAUSE_IKE_PPK_UNUSED)->text,
		                             ls_cause_info(cause)->sentence));
	} else {
		ck_assert_ptr_nonnull(strstr(refused_there(p, cause), "'branch-7'"));
	}
	pair_free(p);
}
END_TEST

START_TEST(without_the_secret_the_call_ends_here)
{
	struct pair *p = make(_i ? REQUIRED : OPTIONAL, OPTIONAL);

	p->side[0].ppk = NULL;
	dial(p);
	ck_assert_int_eq(down(p), CAUSE_IKE_PPK_NO_SECRET);
	pair_free(p);
}
END_TEST

/* Also where both may do without: a PPK that is known is used (the last row of the table). */
START_TEST(another_ppk_of_the_same_name)
{
	enum wish wish = _i ? REQUIRED : OPTIONAL;
	struct pair *p = make(wish, wish);

	p->side[1].ppk = "another one";
	dial(p);
	ck_assert_ptr_nonnull(strstr(refused_there(p, CAUSE_IKE_AUTH_MISMATCH),
	                             "made with the PPK 'branch-7', which may be another one"));
	ck_assert_ptr_nonnull(strstr(pair_last(&p->side[0], IKE_REQ_DOWN)->text,
	                             "made with the PPK 'branch-7', which may be another one"));
	pair_free(p);
}
END_TEST

START_TEST(one_of_several_is_taken_by_its_name)
{
	struct pair *p = make(REQUIRED, NONE);
	struct ike_peer c = pair_peer(p, 1);
	static const char *const names[] = {"branch-70", "branch-", "branch-7", "x"};

	for (unsigned i = 0; i < 4; i++)
		ck_assert(ike_ppk_id_parse(names[i], &c.ppk[i]));
	c.ppk_count = 4;
	c.ppk_required = true;
	pair_set(p, 1, &c);
	dial(p);
	settled(p, true);
	pair_free(p);
}
END_TEST

/* With the same random numbers: SK_e is as it was, what hangs on SK_d is not. */
START_TEST(the_ppk_is_in_the_keys_of_the_child_sa_and_not_in_those_of_the_message)
{
	struct pair *p[2] = {make(NONE, NONE), make(REQUIRED, REQUIRED)};
	struct ike_debug_keys k[2];
	struct ls_bytes d[2], ai[2];

	for (unsigned i = 0; i < 2; i++) {
		dial(p[i]);
		settled(p[i], i == 1);
		ck_assert(ike_debug_keys(p[i]->side[0].ike, 0, &k[i]));
		d[i] = ike_key(&forge_sa(p[i], 0)->keys, IKE_SK_D);
		ai[i] = k[i].sk_ei;
		ck_assert(!forge_sa(p[i], 0)->ppk.other.bytes);
	}
	ck_assert_uint_eq(ai[0].len, ai[1].len);
	ck_assert_int_eq(memcmp(ai[0].p, ai[1].p, ai[0].len), 0);
	ck_assert_uint_eq(d[0].len, d[1].len);
	ck_assert_int_ne(memcmp(d[0].p, d[1].p, d[0].len), 0);
	ck_assert_int_ne(memcmp(p[0]->side[0].sa[0].in, p[1]->side[0].sa[0].in,
	                        p[0]->side[0].sa[0].child.keymat_in.len),
	                 0);
	pair_free(p[0]);
	pair_free(p[1]);
}
END_TEST

START_TEST(rekeys_go_on_without_mixing_again)
{
	struct pair *p = make(REQUIRED, REQUIRED);
	uint64_t first;

	dial(p);
	first = ike_sa_spi(forge_sa(p, 0));
	ike_child_expiring(p->side[0].ike, pair_first_spi(p, 0), p->now);
	pair_run(p);
	settled(p, true);
	pair_pass(p, LS_S(3 * 8 * 3600));
	settled(p, true);
	ck_assert_uint_ne(ike_sa_spi(forge_sa(p, 0)), first);
	ck_assert_uint_eq(p->side[0].ppk_asked, 1);
	ck_assert_uint_eq(p->side[1].ppk_asked, 1);
	pair_free(p);
}
END_TEST

/* -- who sits in between -- */

/* Takes USE_PPK out of the IKE_SA_INIT of a side, by a number that nobody knows. */
static bool without_use_ppk(struct pair *p, struct pair_message *m, void *context)
{
	static const uint8_t notify[] = {0, 8, 0, 0, 0x40, 0x33};
	uint8_t *at = memmem(m->bytes, m->len, notify, sizeof notify);

	(void)p;
	if (m->side == *(unsigned *)context && at)
		at[5] = 0x7f;
	return true;
}

START_TEST(use_ppk_taken_out_by_one_in_between)
{
	unsigned side = _i & 1;
	bool required = _i & 2;
	struct pair *p = make(required ? REQUIRED : OPTIONAL, required ? REQUIRED : OPTIONAL);

	p->filter = without_use_ppk;
	p->context = &side;
	dial(p);
	if (required)
		ck_assert_int_eq(down(p), CAUSE_IKE_PPK_UNSPOKEN);
	else
		refused_there(p, side ? CAUSE_IKE_PPK_NO_IDENTITY : CAUSE_IKE_AUTH_MISMATCH);
	pair_free(p);
}
END_TEST

/* A forged answer comes first: the call goes on, and the real one is taken (RFC 8784 6). */
static bool forged_first(struct pair *p, struct pair_message *m, void *context)
{
	bool *done = context;
	unsigned one = 1;
	struct pair_message bad = *m;

	if (m->side == 0 || *done)
		return true;
	*done = true;
	bad.bytes = malloc(m->len);
	memcpy(bad.bytes, m->bytes, m->len);
	without_use_ppk(p, &bad, &one);
	ck_assert_int_ne(memcmp(bad.bytes, m->bytes, m->len), 0);
	pair_give(p, &bad);
	free(bad.bytes);
	return true;
}

START_TEST(a_forged_answer_without_use_ppk_does_not_end_the_call)
{
	struct pair *p = make(REQUIRED, REQUIRED);
	bool done = false;

	p->filter = forged_first;
	p->context = &done;
	dial(p);
	ck_assert(done);
	settled(p, true);
	pair_free(p);
}
END_TEST

/* One in between who has broken the key exchange: opens IKE_AUTH of a side, takes a notify out or
 * turns one bit of it, and seals it again. */
struct broken {
	unsigned side;
	uint16_t notify;
	int bit;       /* of its data; -1: it is taken out */
	uint8_t octet; /* not 0: turns these bits of its first octet instead */
	unsigned bits, changed;
};

static void payloads_copy(struct broken *k, uint8_t first, struct ls_bytes plain,
                          struct ike_build *b)
{
	struct rd r = rd_make(plain.p, plain.len);
	uint8_t body[4096];

	while (first != IKE_P_NONE) {
		uint8_t type = first;
		size_t len;

		first = rd_u8(&r);
		rd_skip(&r, 1);
		len = rd_u16(&r) - 4u;
		ck_assert(rd_ok(&r) && len <= sizeof body);
		rd_copy(&r, body, len);
		if (type == IKE_P_NOTIFY && ls_get16(body + 2) == k->notify) {
			k->changed++;
			k->bits = (unsigned)(len - 4) * 8;
			if (k->bit < 0)
				continue;
			body[4 + k->bit / 8] ^= (uint8_t)(k->octet ? k->octet : 1 << k->bit % 8);
		}
		ike_build_bytes(b, type, LS_BYTES(body, len));
	}
	ike_build_end(b);
}

static bool break_in(struct pair *p, struct pair_message *m, void *context)
{
	struct broken *k = context;
	struct ike_build b = forge_build();
	static uint8_t scratch[65536];
	struct ike_opened opened;
	struct ls_bytes datagram;
	struct ike_header h;
	struct rd r;
	size_t skip;

	if (m->side != k->side)
		return true;
	skip = m->to.port == IKE_PORT_NAT ? IKE_MARKER_SIZE : 0;
	datagram = LS_BYTES(m->bytes + skip, m->len - skip);
	r = rd_make(datagram.p, datagram.len);
	if (!ike_header_read(&r, &h) || h.exchange != IKE_X_AUTH ||
	    ike_open(&forge_sa(p, k->side)->keys, k->side == 0, &h, datagram, scratch, &opened) !=
	            CAUSE_NONE)
		return true;
	payloads_copy(k, opened.first, opened.plain, &b);
	forge_sealed(p, k->side, &h, &b);
	return false;
}

static void broken_dial(struct pair *p, struct broken *k)
{
	p->filter = break_in;
	p->context = k;
	dial(p);
	ck_assert_uint_ge(k->changed, 1);
}

START_TEST(no_ppk_auth_taken_out_by_one_who_reads_all)
{
	struct broken k = {.notify = IKE_N_NO_PPK_AUTH, .bit = -1};
	struct pair *p = make(OPTIONAL, OPTIONAL);

	/* The PPK is known: nothing is lost. */
	if (_i)
		set(p, 1, OPTIONAL, "branch-8");
	broken_dial(p, &k);
	if (_i)
		refused_there(p, CAUSE_IKE_PPK_UNKNOWN);
	else
		settled(p, true);
	pair_free(p);
}
END_TEST

START_TEST(ppk_identity_taken_out_of_the_request)
{
	struct broken k = {.notify = IKE_N_PPK_IDENTITY, .bit = -1};
	struct pair *p = make(_i ? REQUIRED : OPTIONAL, OPTIONAL);

	broken_dial(p, &k);
	refused_there(p, CAUSE_IKE_PPK_NO_IDENTITY);
	pair_free(p);
}
END_TEST

static bool told_failure(struct pair *p)
{
	return pair_event(&p->side[1], CAUSE_IKE_AUTH_REFUSED) ||
	       pair_last(&p->side[1], IKE_REQ_DOWN);
}

START_TEST(ppk_identity_taken_out_of_the_answer)
{
	struct broken k = {.side = 1, .notify = IKE_N_PPK_IDENTITY, .bit = -1};
	struct pair *p = make(_i ? REQUIRED : OPTIONAL, OPTIONAL);

	broken_dial(p, &k);
	ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_UP), 0);
	ck_assert_int_eq(pair_last(&p->side[0], IKE_REQ_DOWN)->cause,
	                 _i ? CAUSE_IKE_PPK_NOT_TAKEN : CAUSE_IKE_AUTH_MISMATCH);
	ck_assert(told_failure(p));
	ck_assert_uint_eq(p->side[1].sas, 0);
	pair_free(p);
}
END_TEST

/* Where one side requires it nothing comes up but with it; where none does, whoever has broken the
 * key exchange gets at most what there would be without PPKs, and both say so. */
START_TEST(every_bit_of_the_name_turned)
{
	enum wish a = _i & 1 ? REQUIRED : OPTIONAL, b = _i & 2 ? REQUIRED : OPTIONAL;
	struct broken k = {.notify = IKE_N_PPK_IDENTITY};

	do {
		struct pair *p = make(a, b);

		broken_dial(p, &k);
		if (a == OPTIONAL && b == OPTIONAL) {
			settled(p, false);
			ck_assert(pair_event(&p->side[1], CAUSE_IKE_PPK_UNUSED));
		} else {
			refused_there(p, CAUSE_IKE_PPK_UNKNOWN);
		}
		pair_free(p);
	} while (++k.bit < (int)k.bits);
	ck_assert_uint_eq(k.bits, 9 * 8);
}
END_TEST

START_TEST(every_bit_of_the_proof_without_it_turned)
{
	struct broken k = {.notify = IKE_N_NO_PPK_AUTH};

	do {
		struct pair *p = make(OPTIONAL, OPTIONAL);

		set(p, 1, OPTIONAL, "branch-8");
		broken_dial(p, &k);
		refused_there(p, CAUSE_IKE_AUTH_MISMATCH);
		pair_free(p);
	} while (++k.bit < (int)k.bits);
	ck_assert_uint_ge(k.bits, 32 * 8);
}
END_TEST

/* -- the bits of USE_PPK on the wire -- */

struct turned {
	unsigned side, bit;
	bool done;
};

static bool turn(struct pair *p, struct pair_message *m, void *context)
{
	static const uint8_t notify[] = {0, 8, 0, 0, 0x40, 0x33};
	struct turned *t = context;
	uint8_t *at = memmem(m->bytes, m->len, notify, sizeof notify);

	(void)p;
	if (m->side == t->side && at && !t->done) {
		at -= 2; /* next payload and critical */
		at[t->bit / 8] ^= (uint8_t)(1 << t->bit % 8);
		t->done = true;
	}
	return true;
}

START_TEST(every_bit_of_use_ppk_turned)
{
	for (unsigned bit = 0; bit < 64; bit++) {
		struct turned t = {.side = (unsigned)_i, .bit = bit};
		struct pair *p = make(REQUIRED, REQUIRED);

		p->filter = turn;
		p->context = &t;
		dial(p);
		ck_assert(t.done);
		never_without(p);
		/* The next try is not damaged. */
		pair_pass(p, LS_S(60));
		ike_start(p->side[0].ike, 1, p->now);
		pair_pass(p, LS_S(5));
		ck_assert(with_ppk(p, 0) && with_ppk(p, 1));
		pair_free(p);
	}
}
END_TEST

/* -- the name on the wire, and afterwards -- */

START_TEST(an_opaque_name_is_one_that_nobody_has)
{
	struct pair *p = make(OPTIONAL, REQUIRED);
	struct broken k = {.notify = IKE_N_PPK_IDENTITY,
	                   .octet = IKE_PPK_ID_FIXED ^ IKE_PPK_ID_OPAQUE};

	broken_dial(p, &k);
	ck_assert_str_eq(refused_there(p, CAUSE_IKE_PPK_UNKNOWN), "it names one of type 1");
	pair_free(p);
}
END_TEST

START_TEST(the_saved_state_knows_of_it)
{
	static uint8_t bytes[1 << 16];
	struct wr w = wr_make(bytes, sizeof bytes);
	struct pair *p = make(REQUIRED, REQUIRED);
	struct ike_sa_view v;

	dial(p);
	ck_assert(ike_save(p->side[0].ike, &w, p->now));
	ike_free(p->side[0].ike);
	p->side[0].ike = ike_new(NULL, &p->side[0].random);
	set(p, 0, REQUIRED, "branch-7");
	ck_assert_int_eq(ike_load(p->side[0].ike, bytes, w.len, p->now), CAUSE_NONE);
	/* Which one it was is not known any more: new settings leave it alone. */
	set(p, 0, REQUIRED, "branch-7");
	pair_run(p);
	ck_assert(ike_sa_view(p->side[0].ike, 0, &v));
	ck_assert(v.ppk && v.ppk_id.len == 0);
	pair_pass(p, LS_S(9 * 3600));
	pair_settled(p);
	pair_free(p);
}
END_TEST

static unsigned closed(const struct pair *p)
{
	unsigned n = 0;

	for (unsigned i = 0; i < p->side[0].notes; i++)
		n += p->side[0].note[i].kind == IKE_REQ_DOWN &&
		     p->side[0].note[i].cause == CAUSE_CONFIG_CHANGED;
	return n;
}

START_TEST(new_settings_end_what_they_do_not_allow_and_nothing_else)
{
	struct pair *p = make(OPTIONAL, OPTIONAL);
	struct ike_peer c = pair_peer(p, 0);

	dial(p);
	settled(p, true);
	ck_assert(ike_ppk_id_parse("branch-8", &c.ppk[0]));
	ck_assert(ike_ppk_id_parse("branch-7", &c.ppk[1]));
	c.ppk_count = 2;
	c.ppk_required = true;
	pair_set(p, 0, &c);
	pair_run(p);
	ck_assert_uint_eq(closed(p), 0);
	c.ppk_count = 1;
	pair_set(p, 0, &c);
	pair_run(p);
	ck_assert_uint_eq(closed(p), 1);
	pair_free(p);
	p = make(NONE, NONE);
	dial(p);
	set(p, 0, OPTIONAL, "branch-7");
	pair_run(p);
	ck_assert_uint_eq(closed(p), 0);
	set(p, 0, REQUIRED, "branch-7");
	pair_run(p);
	ck_assert_uint_eq(closed(p), 1);
	pair_free(p);
}
END_TEST

/* The message that asks for the verdict is on its way when a PPK becomes required. */
static bool require_now(struct pair *p, struct pair_message *m, void *context)
{
	unsigned *seen = context;

	if (m->side == 1 && ++*seen == 2)
		set(p, 0, REQUIRED, "branch-7");
	return true;
}

START_TEST(new_settings_count_for_what_is_being_made)
{
	struct pair *p = make(_i ? OPTIONAL : NONE, NONE);
	unsigned seen = 0;

	p->filter = require_now;
	p->context = &seen;
	dial(p);
	ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_UP), 0);
	ck_assert_int_eq(pair_last(&p->side[0], IKE_REQ_DOWN)->cause, CAUSE_CONFIG_CHANGED);
	ck_assert_uint_eq(p->side[1].sas, 0);
	pair_free(p);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("ike ppk");

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, the_responders_table);
	tcase_add_loop_test(tc, each_wish_of_either_side, 0, 9);
	tcase_add_loop_test(tc, a_name_that_the_responder_does_not_have, 0, 8);
	tcase_add_loop_test(tc, without_the_secret_the_call_ends_here, 0, 2);
	tcase_add_loop_test(tc, another_ppk_of_the_same_name, 0, 2);
	tcase_add_test(tc, one_of_several_is_taken_by_its_name);
	tcase_add_test(tc, the_ppk_is_in_the_keys_of_the_child_sa_and_not_in_those_of_the_message);
	tcase_add_test(tc, rekeys_go_on_without_mixing_again);
	tcase_add_loop_test(tc, use_ppk_taken_out_by_one_in_between, 0, 4);
	tcase_add_test(tc, a_forged_answer_without_use_ppk_does_not_end_the_call);
	tcase_add_loop_test(tc, no_ppk_auth_taken_out_by_one_who_reads_all, 0, 2);
	tcase_add_loop_test(tc, ppk_identity_taken_out_of_the_request, 0, 2);
	tcase_add_loop_test(tc, ppk_identity_taken_out_of_the_answer, 0, 2);
	tcase_add_loop_test(tc, every_bit_of_the_name_turned, 0, 4);
	tcase_add_test(tc, every_bit_of_the_proof_without_it_turned);
	tcase_add_loop_test(tc, every_bit_of_use_ppk_turned, 0, 2);
	tcase_add_test(tc, an_opaque_name_is_one_that_nobody_has);
	tcase_add_test(tc, the_saved_state_knows_of_it);
	tcase_add_test(tc, new_settings_end_what_they_do_not_allow_and_nothing_else);
	tcase_add_loop_test(tc, new_settings_count_for_what_is_being_made, 0, 2);
	return run_cases("ike ppk", tc);
}
