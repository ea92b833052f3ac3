/* Tests of tunnels as the parent has them: numbers, names and devices, in a namespace of their own.
 */
#include "tests/unit/src/parent_alone.h"

static const char two[] = "{ name = \"hq\"; " ALONE_WAITS " }, { name = \"lab\"; " ALONE_WAITS " }";
static char error[PARENT_ERROR_MAX];

START_TEST(each_has_a_number_a_name_and_a_device)
{
	struct tunnel *hq, *lab;

	alone_begin(two);
	hq = parent_tunnel_by_name(p, "hq");
	lab = parent_tunnel_by_name(p, "lab");
	ck_assert(hq && lab && hq != lab);
	/* In the order of the configuration. */
	ck_assert_ptr_eq(p->tunnels, hq);
	ck_assert_ptr_eq(hq->next, lab);
	ck_assert_uint_eq(hq->id, 1);
	ck_assert_uint_eq(lab->id, 2);
	ck_assert_ptr_eq(parent_tunnel(p, 1), hq);
	ck_assert_ptr_eq(parent_tunnel(p, 2), lab);
	ck_assert_ptr_null(parent_tunnel(p, 3));
	ck_assert_ptr_null(parent_tunnel_by_name(p, "h"));
	ck_assert_str_eq(parent_tunnel_name(p, 2), "lab");
	ck_assert_str_eq(parent_tunnel_name(p, 0), "");
	ck_assert_str_eq(parent_tunnel_name(p, 9), "");
	ck_assert_uint_eq(hq->tun.ifindex, if_nametoindex("hq"));
	ck_assert_int_eq(hq->line.state, MSG_LINE_DOWN);
	ck_assert(hq->line.retry_at == LS_NEVER);
	alone_end();
}
END_TEST

/* What is sent of it is what is in the configuration. */
START_TEST(settings_are_kept_as_they_are_sent)
{
	struct conf_tunnel sent, change;
	struct tunnel *t;

	alone_begin(two);
	t = parent_tunnel_by_name(p, "hq");
	ck_assert(conf_tunnel_decode(t->encoded, t->encoded_len, &sent));
	ck_assert_str_eq(sent.name, "hq");
	change = t->conf;
	change.metric = 77;
	ck_assert(parent_tunnel_change(p, t, &change));
	ck_assert(conf_tunnel_decode(t->encoded, t->encoded_len, &sent));
	ck_assert_uint_eq(sent.metric, 77);
	ck_assert_uint_eq(t->conf.metric, 77);
	ck_assert_uint_eq(t->id, 1);
	alone_end();
}
END_TEST

START_TEST(numbers_are_never_used_again)
{
	struct conf_tunnel conf;
	struct tunnel *t;

	alone_begin(two);
	conf = p->tunnels->conf;
	parent_tunnel_free(p, p->tunnels);
	ck_assert_uint_eq(if_nametoindex("hq"), 0);
	ck_assert_ptr_null(parent_tunnel(p, 1));
	t = parent_tunnel_new(p, &conf, error, sizeof error);
	ck_assert_ptr_nonnull(t);
	ck_assert_uint_eq(t->id, 3);
	ck_assert_uint_ne(if_nametoindex("hq"), 0);
	/* The last one has its place at the end. */
	ck_assert_ptr_eq(p->tunnels->next, t);
	alone_end();
}
END_TEST

/* A name that another interface has: nothing of it stays. */
START_TEST(one_that_cannot_be_made_is_not_there)
{
	struct conf_tunnel conf;

	alone_begin(two);
	conf = p->tunnels->conf;
	snprintf(conf.name, sizeof conf.name, "lo");
	ck_assert_ptr_null(parent_tunnel_new(p, &conf, error, sizeof error));
	ck_assert_ptr_nonnull(strstr(error, "cannot make the interface lo"));
	ck_assert_ptr_null(parent_tunnel_by_name(p, "lo"));
	ck_assert_ptr_null(p->tunnels->next->next);
	ck_assert_uint_eq(if_nametoindex("lo"), 1);
	alone_end();
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("parent_tunnel");

	if (!netns_can("parent_tunnel"))
		return EXIT_SUCCESS;
	tcase_add_test(tc, each_has_a_number_a_name_and_a_device);
	tcase_add_test(tc, settings_are_kept_as_they_are_sent);
	tcase_add_test(tc, numbers_are_never_used_again);
	tcase_add_test(tc, one_that_cannot_be_made_is_not_there);
	return run_cases("parent_tunnel", tc);
}
