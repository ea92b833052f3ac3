/* Tests of a new configuration: what changed is told, the rest is left alone, and what is wrong
 * changes nothing. */
#include "tests/unit/src/parent_alone.h"

#define HQ "{ name = \"hq\"; " ALONE_WAITS " }"
#define LAB "{ name = \"lab\"; " ALONE_WAITS " metric = 5; }"
#define NEW "{ name = \"new\"; " ALONE_WAITS " }"

static char said[4096];

static void say(void *context, const char *line)
{
	ck_assert_ptr_eq(context, said);
	strncat(said, line, sizeof said - strlen(said) - 2);
	strncat(said, "\n", 2);
}

static enum parent_reload reload(void)
{
	said[0] = '\0';
	return parent_reload(p, say, said);
}

static void set_up(void)
{
	alone_begin(HQ ", " LAB);
	log_open(false, LOG_LEVEL_ERROR);
}

static void nobody_is_told(void)
{
	for (unsigned i = 0; i < PARENT_CHILDREN; i++)
		alone_is_told_nothing(alone_roles[i]);
}

/* What comes at each reload in front, and at its end. */
static void front(enum msg_role role)
{
	struct msg m;

	alone_is_told(role, MSG_TYPE_GATEWAY_SET, &m);
	if (role == MSG_ROLE_KEYS) {
		alone_is_told(role, MSG_TYPE_SECRETS, &m);
		ck_assert_str_eq(m.secrets.path, alone_secrets);
	}
}

static void back(enum msg_role role)
{
	struct msg m;

	alone_is_told(role, MSG_TYPE_CONFIG_END, &m);
	ck_assert(!m.config_end.first);
	alone_is_told_nothing(role);
}

START_TEST(nothing_new_changes_nothing)
{
	ck_assert_int_eq(reload(), PARENT_RELOAD_DONE);
	for (unsigned i = 0; i < PARENT_CHILDREN; i++) {
		front(alone_roles[i]);
		back(alone_roles[i]);
	}
	ck_assert_str_eq(said, "");
	ck_assert_str_eq(alone_event(CAUSE_CONFIG_RELOADED)->text, "0 new, 0 changed, 0 removed");
	/* A comment in front moves each, which is no change, but where it stands is known. */
	alone_configure("", "\n\n" HQ ", " LAB);
	ck_assert_int_eq(reload(), PARENT_RELOAD_DONE);
	ck_assert_str_eq(alone_event(CAUSE_CONFIG_RELOADED)->text, "0 new, 0 changed, 0 removed");
	ck_assert_uint_eq(p->tunnels->conf.line, 5);
}
END_TEST

START_TEST(tunnels_come_change_and_go)
{
	struct conf_tunnel conf;
	struct msg m;
	int fd;

	alone_configure("", "{ name = \"lab\"; " ALONE_WAITS " metric = 6; }, " NEW);
	ck_assert_int_eq(reload(), PARENT_RELOAD_DONE);
	ck_assert_str_eq(said, "");
	ck_assert_str_eq(alone_event(CAUSE_CONFIG_RELOADED)->text, "1 new, 1 changed, 1 removed");
	for (unsigned i = 0; i < PARENT_CHILDREN; i++) {
		enum msg_role role = alone_roles[i];

		alone_is_told(role, MSG_TYPE_TUNNEL_REMOVE, &m);
		ck_assert_uint_eq(m.tunnel_remove.tunnel, 1);
		ck_assert_uint_eq(m.tunnel_remove.cause, CAUSE_CONFIG_CHANGED);
		front(role);
		alone_is_told(role, MSG_TYPE_TUNNEL_SET, &m);
		ck_assert_uint_eq(m.tunnel_set.tunnel, 2);
		ck_assert(conf_tunnel_decode(m.tunnel_set.conf.p, m.tunnel_set.conf.len, &conf));
		ck_assert_uint_eq(conf.metric, 6);
		alone_is_told(role, MSG_TYPE_TUNNEL_SET, &m);
		ck_assert_uint_eq(m.tunnel_set.tunnel, 3);
		if (role == MSG_ROLE_GATEWAY) {
			ck_assert(alone_told(role, &m, &fd));
			ck_assert_int_eq(m.type, MSG_TYPE_TUN);
			ck_assert_uint_eq(m.tun.tunnel, 3);
			ck_assert_str_eq(m.tun.ifname, "new");
			ck_assert_uint_eq(m.tun.ifindex, if_nametoindex("new"));
			ck_assert_int_ge(fd, 0);
			close(fd);
		}
		back(role);
	}
	ck_assert_uint_eq(if_nametoindex("hq"), 0);
	ck_assert_ptr_null(parent_tunnel_by_name(p, "hq"));
	ck_assert_uint_eq(parent_tunnel_by_name(p, "lab")->id, 2);
	ck_assert_uint_eq(p->conf.tunnel_count, 2);
}
END_TEST

START_TEST(a_wrong_configuration_is_refused_as_a_whole)
{
	alone_configure("", NEW ", { name = \"lab\"; start = \"sometimes\"; }, { nmae = \"x\"; }");
	ck_assert_int_eq(reload(), PARENT_RELOAD_REFUSED);
	nobody_is_told();
	ck_assert_ptr_nonnull(strstr(said, alone_config));
	ck_assert_ptr_nonnull(strstr(said, "sometimes"));
	ck_assert_ptr_nonnull(alone_event(CAUSE_CONFIG_REFUSED));
	ck_assert_uint_eq(if_nametoindex("new"), 0);
	ck_assert_ptr_nonnull(parent_tunnel_by_name(p, "hq"));
	ck_assert_uint_eq(p->conf.tunnel_count, 2);
	/* Or none at all. */
	unlink(alone_config);
	ck_assert_int_eq(reload(), PARENT_RELOAD_REFUSED);
	nobody_is_told();
	ck_assert_str_ne(said, "");
	alone_configure("", HQ ", " LAB);
}
END_TEST

/* A tunnel without an identity of its own goes by the gateway's. */
START_TEST(a_new_identity_is_news_for_those_that_use_it)
{
	char text[1024];
	struct msg m;

	alone_configure("", HQ ", { name = \"lab\"; " ALONE_WAITS
	                       " metric = 5; identity = \"lab.example\"; }");
	reload();
	for (unsigned i = 0; i < PARENT_CHILDREN; i++) {
		int fd;

		while (alone_told(alone_roles[i], &m, &fd))
			if (fd >= 0)
				close(fd);
	}
	snprintf(text, sizeof text,
	         "gateway: { identity = \"new.example\"; secrets = \"%s\"; };\ntunnels: ( " HQ
	         ", { name = \"lab\"; " ALONE_WAITS " metric = 5; identity = \"lab.example\"; } "
	         ");",
	         alone_secrets);
	alone_file(alone_config, text, 0644);
	ck_assert_int_eq(reload(), PARENT_RELOAD_DONE);
	front(MSG_ROLE_IKE);
	alone_is_told(MSG_ROLE_IKE, MSG_TYPE_TUNNEL_SET, &m);
	ck_assert_uint_eq(m.tunnel_set.tunnel, 1);
	back(MSG_ROLE_IKE);
	ck_assert_str_eq(p->conf.gateway.identity, "new.example");
}
END_TEST

START_TEST(general_settings_are_told)
{
	struct conf_gateway g;
	struct msg m;

	alone_configure("control-group = \"adm\"; local = \"127.0.0.1\";", HQ ", " LAB);
	ck_assert_int_eq(reload(), PARENT_RELOAD_DONE);
	alone_is_told(MSG_ROLE_GATEWAY, MSG_TYPE_GATEWAY_SET, &m);
	ck_assert(conf_gateway_decode(m.gateway_set.conf.p, m.gateway_set.conf.len, &g));
	ck_assert_str_eq(g.control_group, "adm");
	/* What only a start can change is said. */
	ck_assert_ptr_nonnull(strstr(said, "from the next start of the daemon on"));
}
END_TEST

START_TEST(secrets_that_others_may_read_are_refused)
{
	struct msg m;

	ck_assert_int_eq(chmod(alone_secrets, 0644), 0);
	ck_assert_int_eq(reload(), PARENT_RELOAD_PARTLY);
	ck_assert_ptr_nonnull(strstr(said, alone_secrets));
	ck_assert_ptr_nonnull(alone_event(CAUSE_SECRETS_REFUSED));
	/* The rest is in force; keys has the old ones. */
	alone_is_told(MSG_ROLE_KEYS, MSG_TYPE_GATEWAY_SET, &m);
	back(MSG_ROLE_KEYS);
	ck_assert(!p->failed);
}
END_TEST

START_TEST(a_tunnel_that_cannot_be_made_does_not_stop_the_others)
{
	alone_configure("", HQ ", " LAB ", { name = \"lo\"; " ALONE_WAITS " }, " NEW);
	ck_assert_int_eq(reload(), PARENT_RELOAD_PARTLY);
	ck_assert_ptr_nonnull(strstr(said, "cannot make the interface lo"));
	ck_assert_ptr_nonnull(parent_tunnel_by_name(p, "new"));
	ck_assert_ptr_null(parent_tunnel_by_name(p, "lo"));
	ck_assert_ptr_nonnull(
		strstr(alone_event(CAUSE_CONFIG_RELOADED)->text, "some could not be set up"));
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("parent_reload");

	if (!netns_can("parent_reload"))
		return EXIT_SUCCESS;
	tcase_add_checked_fixture(tc, set_up, alone_end);
	tcase_add_test(tc, nothing_new_changes_nothing);
	tcase_add_test(tc, tunnels_come_change_and_go);
	tcase_add_test(tc, a_wrong_configuration_is_refused_as_a_whole);
	tcase_add_test(tc, a_new_identity_is_news_for_those_that_use_it);
	tcase_add_test(tc, general_settings_are_told);
	tcase_add_test(tc, secrets_that_others_may_read_are_refused);
	tcase_add_test(tc, a_tunnel_that_cannot_be_made_does_not_stop_the_others);
	return run_cases("parent_reload", tc);
}
