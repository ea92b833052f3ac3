/* Tests of what a host lacks: each lack is one finding, with its remedy, and no other. */
#include "src/ctl/ctl_finding.h"

#include "tests/unit/run.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

static const struct ctl_host whole = {
	.root = true,
	.runs = true,
	.tun_there = true,
	.raw = true,
	.ports_free = false, /* the daemon has them */
	.forwards4 = true,
	.forwards6 = true,
	.crypto = true,
	.libraries = "crypto",
	.aes = true,
	.buffer_bytes = CTL_BUFFER_BYTES,
	.users = true,
	.config = true,
};

static struct ctl_finding found[CTL_FINDINGS];

static const struct ctl_finding *find(const char *name)
{
	for (unsigned i = 0; i < CTL_FINDINGS; i++)
		if (found[i].name && strcmp(found[i].name, name) == 0)
			return &found[i];
	return NULL;
}

static unsigned lacks(const struct ctl_host *h)
{
	unsigned n = 0;

	ctl_findings(h, found);
	for (unsigned i = 0; i < CTL_FINDINGS; i++) {
		n += found[i].name && !found[i].good;
		ck_assert_str_ne(found[i].text, "");
		ck_assert_str_ne(found[i].remedy, "");
	}
	return n;
}

START_TEST(a_whole_host_lacks_nothing)
{
	ck_assert_uint_eq(lacks(&whole), 0);
	for (unsigned i = 0; i < CTL_FINDINGS; i++)
		ck_assert_ptr_nonnull(found[i].name);
}
END_TEST

static const struct {
	size_t at;
	const char *name;
	bool needed;
	const char *remedy;
} switches[] = {
	{offsetof(struct ctl_host, raw), "raw", true, "NET_RAW"},
	{offsetof(struct ctl_host, forwards4), "forwarding4", false, "ipv4.ip_forward"},
	{offsetof(struct ctl_host, forwards6), "forwarding6", false, "ipv6.conf"},
	{offsetof(struct ctl_host, crypto), "crypto", true, "do not trust this host"},
	{offsetof(struct ctl_host, aes), "aes", false, "chacha20poly1305"},
	{offsetof(struct ctl_host, users), "users", false, "systemd-sysusers"},
	{offsetof(struct ctl_host, config), "config", false, "l2tpsecd.conf(5)"},
};

START_TEST(each_lack_is_one_finding)
{
	struct ctl_host h = whole;
	const struct ctl_finding *f;

	*(bool *)(void *)((char *)&h + switches[_i].at) = false;
	ck_assert_uint_eq(lacks(&h), 1);
	f = find(switches[_i].name);
	ck_assert(f && !f->good);
	ck_assert(f->needed == switches[_i].needed);
	ck_assert_ptr_nonnull(strstr(f->remedy, switches[_i].remedy));
}
END_TEST

START_TEST(ports_are_the_daemon_s_or_free)
{
	struct ctl_host h = whole;

	h.runs = false;
	ck_assert_uint_eq(lacks(&h), 2);
	ck_assert(!find("ports")->good && find("ports")->needed);
	ck_assert(!find("daemon")->good && !find("daemon")->needed);
	h.ports_free = true;
	ck_assert_uint_eq(lacks(&h), 1);
	ck_assert(find("ports")->good);
}
END_TEST

START_TEST(the_remedy_for_tun_fits_what_is_wrong)
{
	struct ctl_host h = whole;

	h.tun_error = EPERM;
	ck_assert_uint_eq(lacks(&h), 1);
	ck_assert(find("tun")->needed);
	ck_assert_ptr_nonnull(strstr(find("tun")->remedy, "NET_ADMIN"));
	h.tun_error = EACCES;
	lacks(&h);
	ck_assert_ptr_nonnull(strstr(find("tun")->remedy, "NET_ADMIN"));
	h.tun_there = false;
	h.tun_error = ENOENT;
	lacks(&h);
	ck_assert_ptr_nonnull(strstr(find("tun")->remedy, "modprobe tun"));
	h.tun_error = ENODEV;
	h.tun_there = true;
	lacks(&h);
	ck_assert_ptr_nonnull(strstr(find("tun")->remedy, "modprobe tun"));
}
END_TEST

/* Who is not root could not try: it is not said, good or bad. */
START_TEST(what_only_root_can_tell_is_left_out)
{
	struct ctl_host h = whole;

	h.root = false;
	h.raw = false;
	h.tun_error = EPERM;
	h.runs = false;
	ck_assert_uint_eq(lacks(&h), 2);
	ck_assert(find("root") && find("root")->needed);
	ck_assert(!find("tun") && !find("raw") && !find("ports"));
	h.runs = true;
	lacks(&h);
	ck_assert(find("ports")->good);
	/* That there is none can be told. */
	h.tun_there = false;
	lacks(&h);
	ck_assert(find("tun") && !find("tun")->good);
}
END_TEST

/* Root needs no larger limit: it may go beyond. */
START_TEST(socket_buffers)
{
	struct ctl_host h = whole;

	h.buffer_bytes = 212992;
	ck_assert_uint_eq(lacks(&h), 0);
	h.root = false;
	lacks(&h);
	ck_assert(!find("buffers")->good);
	h.buffer_bytes = -1;
	lacks(&h);
	ck_assert(!find("buffers")->good);
	h.buffer_bytes = CTL_BUFFER_BYTES;
	lacks(&h);
	ck_assert(find("buffers")->good);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("ctl_finding");

	tcase_add_test(tc, a_whole_host_lacks_nothing);
	tcase_add_loop_test(tc, each_lack_is_one_finding, 0, sizeof switches / sizeof switches[0]);
	tcase_add_test(tc, ports_are_the_daemon_s_or_free);
	tcase_add_test(tc, the_remedy_for_tun_fits_what_is_wrong);
	tcase_add_test(tc, what_only_root_can_tell_is_left_out);
	tcase_add_test(tc, socket_buffers);
	return run_cases("ctl_finding", tc);
}
