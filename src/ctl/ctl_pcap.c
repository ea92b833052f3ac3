/* trace --pcap: the packets of IKE and IPsec, and beside them the keys that open them. */
#include "src/base/clock.h"
#include "src/ctl/ctl.h"
#include "src/ctl/ctl_capture.h"
#include "src/ctl/ctl_tables.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A CHILD SA is installed a moment after the message that made it. */
enum { MESSAGE_MAX = 600, LATER_MS = 500 };

struct session {
	struct ctl_beside beside;
	const struct ctl_options *options;
	struct control_request keys;
	struct ctl_capture capture;
	struct ctl_tables tables;
	ls_time due; /* keys are asked for; LS_NEVER: not */
	bool failed;
};

static volatile sig_atomic_t told_to_end;

static void on_signal(int number)
{
	(void)number;
	told_to_end = 1;
}

static void take_key(const struct ctl_options *o, json_t *object)
{
	struct session *s = o->context;
	const char *kind = json_string_value(json_object_get(object, "kind"));
	const char *line = json_string_value(json_object_get(object, "line"));

	if (kind && line && !ctl_tables_add(&s->tables, kind, line))
		s->failed = true;
}

/* Gives the exit status. */
static int ask_keys(struct session *s, char *message, size_t cap)
{
	const struct ctl_options o = {.socket = s->options->socket, .context = s};

	s->due = LS_NEVER;
	return ctl_ask(&o, &s->keys, take_key, message, cap);
}

static int look(struct ctl_beside *b, bool *enough)
{
	struct session *s = b->owner;
	char message[MESSAGE_MAX];
	ls_time now;

	if (!ctl_capture_take(&s->capture))
		s->failed = true;
	if (clock_now() >= s->due)
		ask_keys(s, message, sizeof message);
	*enough = told_to_end || s->failed;
	now = clock_now();
	if (s->due == LS_NEVER)
		return -1;
	return s->due > now ? (int)((s->due - now) / LS_MS(1)) + 1 : 0;
}

/* An IKE SA that fails lives for a moment only: its keys are asked for at once. */
static void show(const struct ctl_options *o, json_t *object)
{
	struct session *s = o->context;
	char message[MESSAGE_MAX];
	bool response = json_is_true(json_object_get(object, "response"));

	ctl_show(o, object);
	if (!response)
		return;
	ask_keys(s, message, sizeof message);
	s->due = ls_time_add(clock_now(), LS_MS(LATER_MS));
}

/* What was begun in vain leaves nothing. */
static int give_up(struct session *s, int status, const char *message)
{
	fprintf(stderr, "l2tpsecctl: %s\n", message);
	if (s->capture.pcap)
		unlink(s->options->pcap);
	ctl_capture_end(&s->capture);
	if (s->tables.dir[0])
		ctl_tables_remove(&s->tables);
	return status;
}

static int begin(struct session *s)
{
	char dir[CTL_TABLES_PATH_MAX + 8], message[MESSAGE_MAX] = "";
	int status;

	if (geteuid() != 0)
		return give_up(s, CTL_MISUSED, "only root may capture and see keys");
	if (!ctl_capture_begin(&s->capture, s->options->pcap))
		return give_up(s, CTL_FAILED, s->capture.error);
	snprintf(dir, sizeof dir, "%.*s.keys", CTL_TABLES_PATH_MAX, s->options->pcap);
	if (!ctl_tables_make(&s->tables, dir)) {
		s->tables.dir[0] = '\0';
		return give_up(s, CTL_FAILED, s->tables.error);
	}
	status = ask_keys(s, message, sizeof message);
	if (status != CTL_DONE)
		return give_up(s, status, message);
	if (s->failed)
		return give_up(s, CTL_FAILED, s->tables.error);
	fprintf(stderr,
	        "IKE, ESP and AH of all interfaces go to %s, the keys of %s%s to %s/, until "
	        "Ctrl-C.\n"
	        "Whoever has both can read the traffic.\n",
	        s->options->pcap, s->keys.tunnel[0] ? "tunnel " : "all tunnels", s->keys.tunnel,
	        s->tables.dir);
	return CTL_DONE;
}

static void tell(const struct session *s)
{
	if (s->failed)
		fprintf(stderr, "l2tpsecctl: ended early: %s\n",
		        s->capture.error[0] ? s->capture.error : s->tables.error);
	fprintf(stderr, "%s: %lu packets", s->options->pcap, s->capture.packets);
	if (s->capture.missed > 0)
		fprintf(stderr, ", and %lu more that were too fast for it", s->capture.missed);
	fprintf(stderr,
	        "; %s/: %u keys. To look at it:\n"
	        "  WIRESHARK_CONFIG_DIR=%s wireshark %s\n"
	        "Delete both when that is done.\n",
	        s->tables.dir, s->tables.count, s->tables.dir, s->options->pcap);
}

int ctl_pcap(const struct ctl_options *o, const char *tunnel)
{
	struct session s = {.options = o, .keys = {.command = CONTROL_KEYS}, .due = LS_NEVER};
	struct control_request r = {.command = CONTROL_TRACE};
	const struct sigaction act = {.sa_handler = on_signal};
	struct ctl_options with = *o;
	char message[MESSAGE_MAX] = "";
	sigset_t ends;
	int status;

	snprintf(r.tunnel, sizeof r.tunnel, "%s", tunnel);
	snprintf(s.keys.tunnel, sizeof s.keys.tunnel, "%s", tunnel);
	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGHUP);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	sigaction(SIGINT, &act, NULL);
	sigaction(SIGTERM, &act, NULL);
	sigaction(SIGHUP, &act, NULL);
	status = begin(&s);
	if (status != CTL_DONE)
		return status;
	s.beside = (struct ctl_beside){.owner = &s, .fd = s.capture.fd, .look = look};
	with.beside = &s.beside;
	with.context = &s;
	status = ctl_ask(&with, &r, show, message, sizeof message);
	if (status != CTL_DONE)
		fprintf(stderr, "l2tpsecctl: %s\n", message);
	ask_keys(&s, message, sizeof message);
	ctl_capture_end(&s.capture);
	tell(&s);
	ctl_tables_end(&s.tables);
	return s.failed ? CTL_FAILED : status;
}
