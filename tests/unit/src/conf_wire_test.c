/* Tests of settings on their way between processes: each key arrives, and what is damaged is
 * refused or is another good message. */
#include "tests/unit/src/conf_file.h"
#include "tests/unit/src/conf_sample.h"

START_TEST(settings_travel_whole_and_nothing_else)
{
	static uint8_t bytes[16384], again[16384];
	static struct conf_tunnel t;
	struct conf_gateway g;
	struct wr w = wr_make(bytes, sizeof bytes), v = wr_make(again, sizeof again);

	ck_assert(conf_file_load(conf_file_good));
	ck_assert(conf_tunnel_encode(&w, &conf.tunnels[0]));
	ck_assert(conf_tunnel_decode(bytes, w.len, &t));
	ck_assert_str_eq(t.peers[0], "hq.example");
	ck_assert_uint_eq(t.ike.proposal_count, 1);
	ck_assert(conf_tunnel_encode(&v, &t));
	ck_assert_uint_eq(v.len, w.len);
	ck_assert_mem_eq(bytes, again, w.len);
	for (size_t cut = 0; cut < w.len; cut++)
		ck_assert(!conf_tunnel_decode(bytes, cut, &t));
	ck_assert(!conf_tunnel_decode(bytes, w.len + 1, &t));
	w = wr_make(bytes, sizeof bytes);
	ck_assert(conf_gateway_encode(&w, &conf.gateway));
	ck_assert(conf_gateway_decode(bytes, w.len, &g));
	ck_assert_str_eq(g.control_group, "adm");
	conf_free(&conf);
}
END_TEST

START_TEST(the_largest_tunnel_fits_its_message)
{
	static uint8_t bytes[16384];
	static struct conf_tunnel t;
	struct wr w = wr_make(bytes, sizeof bytes);

	memset(t.name, 'n', sizeof t.name - 1);
	for (unsigned i = 0; i < CONF_PEERS_MAX; i++)
		memset(t.peers[i], 'p', CONF_TEXT_MAX - 1);
	t.peer_count = CONF_PEERS_MAX;
	for (unsigned i = 0; i < CONF_ROUTES_MAX; i++)
		t.routes[i] = (struct ls_prefix){.addr = {.family = 6}, .bits = 128};
	t.route_count = CONF_ROUTES_MAX;
	for (unsigned i = 0; i < CONF_PROPOSALS_MAX; i++) {
		memset(t.ike.proposals[i], 'i', CONF_TEXT_MAX - 1);
		memset(t.esp.proposals[i], 'e', CONF_TEXT_MAX - 1);
	}
	t.ike.proposal_count = t.esp.proposal_count = CONF_PROPOSALS_MAX;
	memset(t.identity, 'x', sizeof t.identity - 1);
	memset(t.peer_identity, 'x', sizeof t.peer_identity - 1);
	memset(t.user, 'x', sizeof t.user - 1);
	ck_assert(conf_tunnel_encode(&w, &t));
}
END_TEST

/* -- each key -- */

enum { ROOM = 16384 };

static struct conf_gateway gateway, gateway_back;
static struct conf_tunnel tunnel, tunnel_back;
static uint8_t bytes[ROOM], again[ROOM];

struct subject {
	const struct conf_key *keys;
	void *of, *back;
	size_t size; /* of the struct up to what does not travel */
	bool is_tunnel;
};

static const struct subject subjects[] = {
	{conf_gateway_keys, &gateway, &gateway_back, offsetof(struct conf_gateway, key_line),
         false},
	{conf_tunnel_keys, &tunnel, &tunnel_back, offsetof(struct conf_tunnel, line), true},
};

static size_t count_of(const struct subject *s)
{
	return s->is_tunnel ? conf_tunnel_key_count : conf_gateway_key_count;
}

static bool encode(const struct subject *s, const void *of, uint8_t *to, size_t *len)
{
	struct wr w = wr_make(to, ROOM);
	bool ok = s->is_tunnel ? conf_tunnel_encode(&w, of) : conf_gateway_encode(&w, of);

	*len = w.len;
	return ok;
}

/* From memory that ends where the message does. */
static bool decode(const struct subject *s, const uint8_t *from, size_t len)
{
	uint8_t *exact = malloc(len ? len : 1);
	bool ok;

	memcpy(exact, from, len);
	ok = s->is_tunnel ? conf_tunnel_decode(exact, len, s->back)
	                  : conf_gateway_decode(exact, len, s->back);
	free(exact);
	return ok;
}

/* All keys with values that are not the defaults, lists full. */
static void fill(const struct subject *s)
{
	char sample[CONF_SAMPLE_MAX], error[CONF_ERROR_MAX];

	for (size_t i = 0; i < count_of(s); i++) {
		const struct conf_key *k = &s->keys[i];
		uint32_t n = conf_is_list(k) ? conf_sample_most(k) : 1;

		for (uint32_t e = 0; e < n; e++)
			ck_assert(
				conf_set(k, s->of, conf_sample(k, e, sample), error, sizeof error));
	}
}

START_TEST(every_key_arrives)
{
	const struct subject *s = &subjects[_i];
	char here[CONF_PATH_MAX], there[CONF_PATH_MAX];
	size_t len;

	fill(s);
	ck_assert(encode(s, s->of, bytes, &len));
	memset(s->back, 0xa5, s->size);
	ck_assert(decode(s, bytes, len));
	for (size_t i = 0; i < count_of(s); i++) {
		const struct conf_key *k = &s->keys[i];
		uint32_t n = conf_is_list(k) ? *(uint32_t *)conf_count(k, s->of) : 1;

		if (conf_is_list(k))
			ck_assert_uint_eq(*(uint32_t *)conf_count(k, s->back), n);
		for (uint32_t e = 0; e < n; e++) {
			conf_get(k, s->of, e, here, sizeof here);
			conf_get(k, s->back, e, there, sizeof there);
			ck_assert_msg(strcmp(here, there) == 0, "%s: %s is %s", k->path, here,
			              there);
		}
	}
	/* And a field that no key has. */
	ck_assert_mem_eq(s->of, s->back, s->size);
}
END_TEST

START_TEST(each_key_changes_the_message)
{
	const struct subject *s = &subjects[_i];
	char sample[CONF_SAMPLE_MAX], error[CONF_ERROR_MAX];
	size_t len, changed;

	for (size_t i = 0; i < count_of(s); i++) {
		memset(s->of, 0, s->size);
		ck_assert(encode(s, s->of, bytes, &len));
		ck_assert(conf_set(&s->keys[i], s->of, conf_sample(&s->keys[i], 1, sample), error,
		                   sizeof error));
		ck_assert(encode(s, s->of, again, &changed));
		/* A switch that is on by default is off in the sample, as all are here. */
		if (s->keys[i].kind == CONF_BOOL && s->keys[i].fallback[0] == 't')
			continue;
		ck_assert_msg(changed != len || memcmp(bytes, again, len) != 0, "%s",
		              s->keys[i].path);
	}
}
END_TEST

START_TEST(cut_anywhere_it_is_refused)
{
	const struct subject *s = &subjects[_i];
	size_t len;

	fill(s);
	ck_assert(encode(s, s->of, bytes, &len));
	for (size_t cut = 0; cut < len; cut++)
		ck_assert_msg(!decode(s, bytes, cut), "at %zu of %zu", cut, len);
	bytes[len] = 0;
	ck_assert(!decode(s, bytes, len + 1));
}
END_TEST

/* Whatever is taken says of itself again what was taken: no two messages mean the same, and nothing
 * outside the struct's bounds got in. */
START_TEST(damaged_anywhere_it_is_refused_or_means_what_it_says)
{
	static const uint8_t flips[] = {1, 2, 4, 8, 16, 32, 64, 128, 255};
	const struct subject *s = &subjects[_i];
	size_t len, len_again;
	unsigned refused = 0;

	fill(s);
	ck_assert(encode(s, s->of, bytes, &len));
	for (size_t at = 0; at < len; at++)
		for (unsigned f = 0; f < sizeof flips; f++) {
			bytes[at] ^= flips[f];
			if (decode(s, bytes, len)) {
				ck_assert(encode(s, s->back, again, &len_again));
				ck_assert_uint_eq(len_again, len);
				ck_assert_mem_eq(again, bytes, len);
			} else {
				refused++;
			}
			bytes[at] ^= flips[f];
		}
	/* Lengths, families, switches and counts at least. */
	ck_assert_uint_gt(refused, 50);
}
END_TEST

START_TEST(a_struct_that_breaks_a_bound_is_not_sent)
{
	size_t len;

	memset(&tunnel, 0, sizeof tunnel);
	memset(tunnel.user, 'x', sizeof tunnel.user);
	ck_assert(!encode(&subjects[1], &tunnel, bytes, &len));
	memset(&tunnel, 0, sizeof tunnel);
	tunnel.peer_count = CONF_PEERS_MAX + 1;
	ck_assert(!encode(&subjects[1], &tunnel, bytes, &len));
	tunnel.peer_count = 0;
	tunnel.ppp.dns_count = CONF_DNS_MAX + 1;
	ck_assert(!encode(&subjects[1], &tunnel, bytes, &len));
	tunnel.ppp.dns_count = 0;
	ck_assert(encode(&subjects[1], &tunnel, bytes, &len));
}
END_TEST

START_TEST(too_little_room_is_noticed)
{
	struct wr w;
	size_t len;

	fill(&subjects[1]);
	ck_assert(encode(&subjects[1], &tunnel, bytes, &len));
	for (size_t room = 0; room < len; room++) {
		w = wr_make(bytes, room);
		ck_assert(!conf_tunnel_encode(&w, &tunnel));
	}
	w = wr_make(bytes, len);
	ck_assert(conf_tunnel_encode(&w, &tunnel));
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("conf_wire");

	tcase_add_test(tc, settings_travel_whole_and_nothing_else);
	tcase_add_test(tc, the_largest_tunnel_fits_its_message);
	tcase_add_loop_test(tc, every_key_arrives, 0, 2);
	tcase_add_loop_test(tc, each_key_changes_the_message, 0, 2);
	tcase_add_loop_test(tc, cut_anywhere_it_is_refused, 0, 2);
	tcase_add_loop_test(tc, damaged_anywhere_it_is_refused_or_means_what_it_says, 0, 2);
	tcase_add_test(tc, a_struct_that_breaks_a_bound_is_not_sent);
	tcase_add_test(tc, too_little_room_is_noticed);
	return run_cases("conf_wire", tc);
}
