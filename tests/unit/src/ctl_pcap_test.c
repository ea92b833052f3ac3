/* Tests of trace --pcap with a daemon that says what the test wants: when keys are asked for, and
 * what stays behind. */
#include "src/ctl/ctl.h"
#include "tests/unit/src/ctl_daemon.h"
#include "tests/unit/src/netns.h"
#include "tests/unit/src/output.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

static struct ctl_daemon d;
static char dir[32], file[48], keys_dir[56], table[96];
static const char *refusal; /* what the daemon says when keys are asked for */
static unsigned keys_asked, traces_asked, end_at;

static const char trace[] = "{\"type\":\"trace\",\"exchange\":\"IKE_AUTH\",\"response\":true,"
			    "\"text\":\"HDR\",\"time\":\"T\"}";

static void answer_keys(int fd)
{
	char text[128];
	struct ucred asker;
	socklen_t len = sizeof asker;

	keys_asked++;
	if (refusal) {
		send(fd, refusal, strlen(refusal), MSG_NOSIGNAL);
		return;
	}
	snprintf(text, sizeof text, "{\"type\":\"key\",\"kind\":\"ike\",\"line\":\"key %u\"}",
	         keys_asked);
	send(fd, text, strlen(text), MSG_NOSIGNAL);
	snprintf(text, sizeof text, "{\"type\":\"end\",\"exit\":0}");
	send(fd, text, strlen(text), MSG_NOSIGNAL);
	if (keys_asked == end_at) {
		getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &asker, &len);
		kill(asker.pid, SIGINT);
	}
}

/* A trace with one message goes on beside the questions for keys, until Ctrl-C. */
static void *serve(void *arg)
{
	uint8_t bytes[CONTROL_REQUEST_MAX], version;
	int fd, tracing = -1;

	(void)arg;
	while ((fd = accept(d.fd, NULL, NULL)) >= 0) {
		ssize_t n = recv(fd, bytes, sizeof bytes, 0);

		if (n > 0 && control_request_decode(bytes, (size_t)n, &d.request, &version) &&
		    d.request.command == CONTROL_TRACE) {
			traces_asked++;
			tracing = fd;
			send(fd, trace, sizeof trace - 1, MSG_NOSIGNAL);
			continue;
		}
		answer_keys(fd);
		close(fd);
	}
	if (tracing >= 0)
		close(tracing);
	return NULL;
}

static void set_up(void)
{
	netns_enter();
	snprintf(dir, sizeof dir, "/tmp/ctl_pcap.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(file, sizeof file, "%s/x.pcap", dir);
	snprintf(keys_dir, sizeof keys_dir, "%s.keys", file);
	snprintf(table, sizeof table, "%s/ikev2_decryption_table", keys_dir);
}

static void tear_down(void)
{
	char path[96];

	snprintf(path, sizeof path, "%s/preferences", keys_dir);
	unlink(path);
	unlink(table);
	rmdir(keys_dir);
	unlink(file);
	rmdir(dir);
}

static int trace_it(const char *tunnel)
{
	char program[256];
	const char *argv[] = {output_program("l2tpsecctl", program, sizeof program),
	                      "--run-dir",
	                      d.dir,
	                      "trace",
	                      "--pcap",
	                      file,
	                      tunnel,
	                      NULL};

	return output_of(argv);
}

/* At the start, for a response, a moment later, and at the end. */
START_TEST(keys_are_asked_for_when_there_may_be_new_ones)
{
	char text[64] = "";
	FILE *f;

	end_at = 3;
	d = (struct ctl_daemon){.serve = serve};
	ctl_daemon_start(&d);
	ck_assert_int_eq(trace_it("hq"), CTL_DONE);
	ctl_daemon_end(&d);
	ck_assert_uint_eq(keys_asked, 4);
	ck_assert_uint_eq(traces_asked, 1);
	ck_assert_str_eq(d.request.tunnel, "hq");
	ck_assert_ptr_nonnull(strstr(output, "IKE_AUTH"));
	ck_assert_ptr_nonnull(strstr(output_errors, "the keys of tunnel hq"));
	ck_assert_ptr_nonnull(strstr(output_errors, "x.pcap: 0 packets; "));
	ck_assert_ptr_nonnull(strstr(output_errors, "x.pcap.keys/: 4 keys."));
	f = fopen(table, "r");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_gt(fread(text, 1, sizeof text - 1, f), 0);
	fclose(f);
	ck_assert_str_eq(text, "key 1\nkey 2\nkey 3\nkey 4\n");
}
END_TEST

START_TEST(a_refusal_leaves_nothing)
{
	refusal = "{\"type\":\"end\",\"exit\":2,\"message\":\"no keys for you\"}";
	d = (struct ctl_daemon){.serve = serve};
	ctl_daemon_start(&d);
	ck_assert_int_eq(trace_it(NULL), CTL_MISUSED);
	ctl_daemon_end(&d);
	ck_assert_uint_eq(traces_asked, 0);
	ck_assert_str_eq(output_errors, "l2tpsecctl: no keys for you\n");
	ck_assert_int_eq(access(file, F_OK), -1);
	ck_assert_int_eq(access(keys_dir, F_OK), -1);
}
END_TEST

/* A folder that stood there before us is not ours to take away, nor is a file. */
START_TEST(what_was_there_stays)
{
	ck_assert_int_eq(mkdir(keys_dir, 0700), 0);
	d = (struct ctl_daemon){.serve = serve};
	ctl_daemon_start(&d);
	ck_assert_int_eq(trace_it(NULL), CTL_FAILED);
	ck_assert_int_eq(access(file, F_OK), -1);
	ck_assert_int_eq(access(keys_dir, F_OK), 0);
	close(creat(file, 0600));
	ck_assert_int_eq(trace_it(NULL), CTL_FAILED);
	ck_assert_int_eq(access(file, F_OK), 0);
	ctl_daemon_end(&d);
	ck_assert_uint_eq(keys_asked + traces_asked, 0);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("ctl_pcap");

	if (!netns_can("ctl_pcap"))
		return EXIT_SUCCESS;
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, keys_are_asked_for_when_there_may_be_new_ones);
	tcase_add_test(tc, a_refusal_leaves_nothing);
	tcase_add_test(tc, what_was_there_stays);
	return run_cases("ctl_pcap", tc);
}
