/* Tests of gateways that redirects name: an address is known at once, with ours that leads there; a
 * name is asked of DNS; and where callers are sent reaches the engine. */
#include "src/ike/iked.h"
#include "tests/unit/src/proc_fake.h"

static struct iked d;
static struct iked_tunnel t;
static struct ike_answer given;
static uint64_t given_to;
static unsigned answered;
static struct ike_gateway set, full;
static uint32_t set_tunnel;

/* In place of the engine's, and of ike_main.c's. */
void ike_answer(struct ike *ike, uint64_t id, const struct ike_answer *a, ls_time now)
{
	(void)ike;
	ck_assert(now > 0);
	given_to = id;
	given = *a;
	answered++;
}

void ike_redirect_set(struct ike *ike, uint32_t tunnel, const struct ike_gateway *to, ls_time now)
{
	(void)ike;
	ck_assert(now > 0);
	set_tunnel = tunnel;
	set = *to;
}

void ike_redirect_when_full(struct ike *ike, const struct ike_gateway *to)
{
	(void)ike;
	full = *to;
}

struct iked_tunnel *iked_tunnel_find(struct iked *iked, uint32_t id)
{
	ck_assert_ptr_eq(iked, &d);
	return id == t.id ? &t : NULL;
}

void iked_pump(struct iked *iked)
{
	ck_assert_ptr_eq(iked, &d);
}

static void set_up(void)
{
	memset(&d, 0, sizeof d);
	memset(&t, 0, sizeof t);
	t.id = 1;
	answered = 0;
}

static void seek(const char *text, uint32_t tunnel)
{
	struct ike_request r = {.id = 77, .tunnel = tunnel};

	ck_assert(ike_gateway_parse(text, &r.gateway));
	iked_ask_gateway(&d, &r);
}

static bool is(const struct ls_addr *a, const char *text)
{
	struct ls_addr other;

	return ls_addr_parse(text, &other) && ls_addr_equal(a, &other);
}

/* Where the config names our address it is that one, or none. */
START_TEST(addresses_are_known_at_once)
{
	static const struct {
		const char *gateway, *fixed;
		bool ok;
	} cases[] = {{"192.0.2.7", "198.51.100.1", true},
	             {"2001:db8::7", "2001:db8::1", true},
	             {"2001:db8::7", "198.51.100.1", false},
	             {"192.0.2.7", "2001:db8::1", false}};

	for (unsigned i = 0; i < 4; i++) {
		set_up();
		t.local_fixed = true;
		ck_assert(ls_addr_parse(cases[i].fixed, &t.peer.local));
		seek(cases[i].gateway, 1);
		ck_assert_uint_eq(answered, 1);
		ck_assert_uint_eq(given_to, 77);
		ck_assert_int_eq(given.ok, cases[i].ok);
		ck_assert(is(&given.remote, cases[i].gateway));
		if (given.ok)
			ck_assert(is(&given.local, cases[i].fixed));
		else
			ck_assert_int_eq(given.cause, CAUSE_IKE_NO_ADDRESS);
		ck_assert_ptr_null(d.gateways);
	}
}
END_TEST

/* Its tunnel is gone meanwhile: the one of the route. */
START_TEST(the_route_gives_our_address)
{
	struct ls_addr local, there;

	set_up();
	ck_assert(ls_addr_parse("127.0.0.2", &there));
	seek("192.0.2.7", 9);
	ck_assert_uint_eq(answered, 1);
	ck_assert_int_eq(given.ok, resolve_source(&given.remote, &local));
	if (given.ok)
		ck_assert(ls_addr_equal(&given.local, &local));
}
END_TEST

/* Without a name server the answer is no, and nothing is left behind; nor by what never came. */
START_TEST(names_are_asked_of_dns)
{
	set_up();
	d.base = event_base_new();
	d.dns = evdns_base_new(d.base, 0);
	evdns_base_nameserver_ip_add(d.dns, "127.0.0.1:1");
	evdns_base_set_option(d.dns, "timeout", "0.2");
	evdns_base_set_option(d.dns, "attempts", "1");
	seek("nobody.invalid", 1);
	ck_assert_uint_eq(answered, 0);
	ck_assert_ptr_nonnull(d.gateways);
	while (answered == 0 && event_base_loop(d.base, EVLOOP_ONCE) == 0)
		;
	ck_assert_uint_eq(answered, 1);
	ck_assert(!given.ok && given.cause == CAUSE_IKE_RESOLVE && given_to == 77);
	ck_assert_ptr_null(d.gateways);
	seek("nobody.invalid", 1);
	seek("other.invalid", 1);
	iked_gateways_free(&d);
	ck_assert_ptr_null(d.gateways);
	/* What was cancelled comes to its end. */
	for (unsigned i = 0; i < 10; i++)
		event_base_loop(d.base, EVLOOP_NONBLOCK);
	ck_assert_uint_eq(answered, 1);
	evdns_base_free(d.dns, 1);
	event_base_free(d.base);
}
END_TEST

START_TEST(orders_reach_the_engine)
{
	struct msg m = {.type = MSG_TYPE_REDIRECT_SET,
	                .redirect_set = {.tunnel = 5, .gateway = "hq.example"}};
	char text[IKE_GATEWAY_TEXT_MAX];
	int fd = -1;

	set_up();
	iked_redirect_set(&d, MSG_ROLE_PARENT, &m, &fd);
	ck_assert_uint_eq(set_tunnel, 5);
	ck_assert_str_eq(ike_gateway_text(&set, text), "hq.example");
	m.redirect_set.gateway[0] = '\0';
	iked_redirect_set(&d, MSG_ROLE_PARENT, &m, &fd);
	ck_assert_uint_eq(set.type, IKE_GATEWAY_NONE);
	snprintf(d.conf.redirect_when_full, sizeof d.conf.redirect_when_full, "192.0.2.8");
	iked_redirect_when_full(&d);
	ck_assert_str_eq(ike_gateway_text(&full, text), "192.0.2.8");
	d.conf.redirect_when_full[0] = '\0';
	iked_redirect_when_full(&d);
	ck_assert_uint_eq(full.type, IKE_GATEWAY_NONE);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("src/ike gateway");

	tcase_add_test(tc, addresses_are_known_at_once);
	tcase_add_test(tc, the_route_gives_our_address);
	tcase_add_test(tc, names_are_asked_of_dns);
	tcase_add_test(tc, orders_reach_the_engine);
	return run_cases("src/ike gateway", tc);
}
