/* The daemon's objects in words for people. */
#include "src/ctl/ctl.h"

#include "src/base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MAX_BYTES = 160 };

static bool list_mode;
static bool head_shown;

void ctl_show_list(bool list)
{
	list_mode = list;
	head_shown = false;
}

static const char *text(const json_t *o, const char *key)
{
	const char *t = json_string_value(json_object_get(o, key));

	return t ? t : "";
}

static json_int_t number(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

static bool yes(const json_t *o, const char *key)
{
	return json_is_true(json_object_get(o, key));
}

/* A text in an array; "" for anything else. */
static const char *word(const json_t *w)
{
	const char *t = json_string_value(w);

	return t ? t : "";
}

/* "4 minutes"; gives out. */
static const char *span(json_int_t s, char out[32])
{
	if (s < 120)
		snprintf(out, 32, "%" JSON_INTEGER_FORMAT " s", s);
	else if (s < 7200)
		snprintf(out, 32, "%" JSON_INTEGER_FORMAT " min", s / 60);
	else if (s < 172800)
		snprintf(out, 32, "%" JSON_INTEGER_FORMAT " h", s / 3600);
	else
		snprintf(out, 32, "%" JSON_INTEGER_FORMAT " days", s / 86400);
	return out;
}

static const char *size(json_int_t bytes, char out[32])
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
	double v = (double)bytes;
	unsigned u = 0;

	while (v >= 1024 && u + 1 < sizeof units / sizeof units[0]) {
		v /= 1024;
		u++;
	}
	snprintf(out, 32, u ? "%.1f %s" : "%.0f %s", v, units[u]);
	return out;
}

static void show_daemon(const json_t *o)
{
	char age[32];
	json_t *p;
	size_t i;

	if (!list_mode)
		return;
	printf("l2tpsecd %s, process %" JSON_INTEGER_FORMAT ", up %s\n", text(o, "version"),
	       number(o, "pid"), span(number(o, "uptime_s"), age));
	if (text(o, "redirect")[0])
		printf("  callers are sent to %s\n", text(o, "redirect"));
	json_array_foreach(json_object_get(o, "processes"), i, p) {
		if (!yes(p, "ready"))
			printf("  the process %s is being restarted\n", text(p, "role"));
	}
	json_array_foreach(json_object_get(o, "missing"), i, p)
		printf("  the process %s did not answer: what it knows is left out\n", word(p));
}

/* What it takes to leave a state that is no failure; "" for other states. */
static const char *way_on(const json_t *o, const char *name, char out[LINE_MAX_BYTES])
{
	const char *state = text(o, "state"), *start = text(o, "start");

	out[0] = '\0';
	if (strcmp(state, "held") == 0)
		snprintf(out, LINE_MAX_BYTES,
		         "the administrator took it down: 'l2tpsecctl up %s' brings it back", name);
	else if (strcmp(state, "waiting") != 0 && strcmp(state, "down") != 0)
		return out;
	else if (strcmp(start, "wait") == 0)
		snprintf(out, LINE_MAX_BYTES, "it waits for the peer to call");
	else if (strcmp(start, "on-demand") == 0)
		snprintf(out, LINE_MAX_BYTES,
		         "the next packet to it, or 'l2tpsecctl up %s', brings it up", name);
	return out;
}

static void show_line(const json_t *o)
{
	const json_t *why = json_object_get(o, "why");
	const char *peer = text(o, "peer_address")[0] ? text(o, "peer_address") : text(o, "peer");
	char age[32], in[32], out[32], on[LINE_MAX_BYTES];
	const char *local = text(o, "local4")[0] ? text(o, "local4") : "IPv6";

	if (!head_shown)
		printf("%-15s %-10s %-8s %s\n", "TUNNEL", "STATE", "FOR", "PEER");
	head_shown = true;
	printf("%-15s %-10s %-8s %-22s ", text(o, "name"), text(o, "state"),
	       span(number(o, "since_s"), age), peer[0] ? peer : "-");
	if (strcmp(text(o, "state"), "up") == 0)
		printf("%s%s, MTU %" JSON_INTEGER_FORMAT ", in %s, out %s\n", local,
		       json_object_get(o, "lack") ? ", no IPv4" : "", number(o, "mtu"),
		       size(number(o, "in_bytes"), in), size(number(o, "out_bytes"), out));
	else
		printf("%s\n", why ? text(why, "sentence") : way_on(o, text(o, "name"), on));
}

/* A list of words in a line, if there are any. head: what the line begins with, 14 columns. */
static void show_words(const json_t *o, const char *key, const char *head)
{
	json_t *w;
	size_t i;

	json_array_foreach(json_object_get(o, key), i, w)
		printf("%s%s", i ? ", " : head, word(w));
	if (i > 0)
		printf("\n");
}

/* How the MTU came about. */
static void show_path(const json_t *o)
{
	static const struct {
		const char *known, *words;
	} words[] = {
		{"link", "the own link's; not measured"},
		{"configured", "the own link's; the MTU is configured"},
		{"measured", "measured"},
		{"hint", "measured, after a hint of ICMP"},
		{"unanswered", "the own link's; the peer answers no probes"},
	};
	char age[32];

	if (number(o, "path_mtu") == 0)
		return;
	for (unsigned i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strcmp(text(o, "path_known"), words[i].known) == 0)
			printf("  path        carries %" JSON_INTEGER_FORMAT " bytes: %s%s%s\n",
			       number(o, "path_mtu"), words[i].words,
			       number(o, "path_since_s") > 0 ? ", since " : "",
			       number(o, "path_since_s") > 0 ? span(number(o, "path_since_s"), age)
			                                     : "");
}

static void show_session(const json_t *o)
{
	char in[32], out[32];

	if (number(o, "session") == 0)
		return;
	if (text(o, "local4")[0])
		printf("  addresses   %s here, %s there%s, MTU %" JSON_INTEGER_FORMAT "\n",
		       text(o, "local4"), text(o, "remote4"), yes(o, "ipv6") ? ", IPv6" : "",
		       number(o, "mtu"));
	else
		printf("  addresses   IPv6 only, MTU %" JSON_INTEGER_FORMAT "\n", number(o, "mtu"));
	show_path(o);
	printf("  L2TP        tunnel %" JSON_INTEGER_FORMAT " session %" JSON_INTEGER_FORMAT
	       ", the peer's %" JSON_INTEGER_FORMAT " and %" JSON_INTEGER_FORMAT
	       ", %s called%s%s\n",
	       number(o, "connection"), number(o, "session"), number(o, "peer_connection"),
	       number(o, "peer_session"), yes(o, "lac") ? "we" : "the peer",
	       text(o, "user")[0] ? ", user " : "", text(o, "user"));
	printf("  traffic     in %" JSON_INTEGER_FORMAT " packets (%s), out %" JSON_INTEGER_FORMAT
	       " packets (%s)\n",
	       number(o, "in_packets"), size(number(o, "in_bytes"), in), number(o, "out_packets"),
	       size(number(o, "out_bytes"), out));
}

/* What hides the sizes and times of an SA's packets, if anything does. */
static const char *tfc_text(json_t *sa, char out[128])
{
	json_int_t dummies = number(sa, "dummies"), pad = number(sa, "tfc_bytes");
	int n = 0;

	out[0] = '\0';
	if (yes(sa, "tfc_refused"))
		n = snprintf(out, 128, ", the peer takes no TFC padding");
	else if (pad > 0)
		n = snprintf(out, 128, ", padded to %" JSON_INTEGER_FORMAT, pad);
	if (dummies > 0)
		snprintf(out + n, 128 - (size_t)n, ", dummies %" JSON_INTEGER_FORMAT, dummies);
	return out;
}

static void show_proof(const json_t *s)
{
	const json_t *c = json_object_get(s, "peer_certificate");

	if (text(s, "peer_auth")[0])
		printf("  proven by   the peer: %s; we: %s\n", text(s, "peer_auth"),
		       text(s, "auth"));
	printf("  MOBIKE      %s\n", yes(s, "mobike") ? "yes" : "no");
	printf("  redirect    %s%s%s\n", yes(s, "redirect") ? "followed" : "not followed",
	       text(s, "redirected_from")[0] ? "; sent here by " : "", text(s, "redirected_from"));
	if (yes(s, "ppk"))
		printf("  PPK         %s\n", text(s, "ppk_id"));
	if (c)
		printf("  certificate %s, of %s, number %s, valid until %s\n", text(c, "subject"),
		       text(c, "issuer"), text(c, "serial"), text(c, "not_after"));
}

static void show_sas(const json_t *o)
{
	char age[32], rekey[32], bytes[32], tfc[128];
	json_t *s;
	size_t i;

	json_array_foreach(json_object_get(o, "ike_sas"), i, s) {
		printf("  IKEv%" JSON_INTEGER_FORMAT
		       "       %s with %s at %s: %s %s%s%s %s, %s old, rekey in %s%s%s\n",
		       number(s, "version"), text(s, "state"), text(s, "peer_id"),
		       text(s, "remote"), text(s, "encr"), text(s, "prf"),
		       text(s, "integ")[0] ? " " : "", text(s, "integ"), text(s, "ke"),
		       span(number(s, "age_s"), age), span(number(s, "rekey_in_s"), rekey),
		       yes(s, "nat_local") || yes(s, "nat_remote") ? ", NAT" : "",
		       yes(s, "legacy") ? ", LEGACY algorithms" : "");
		show_proof(s);
	}
	json_array_foreach(json_object_get(o, "esp_sas"), i, s)
		printf("  %-3s %-3s     %s %s%s%s%s%s%s%s%s%s, %" JSON_INTEGER_FORMAT
		       " packets (%s), lost %" JSON_INTEGER_FORMAT ", rekey in %s\n",
		       strcmp(text(s, "protocol"), "ah") == 0 ? "AH" : "ESP", text(s, "direction"),
		       text(s, "spi"), text(s, "encr"),
		       text(s, "integ")[0] && text(s, "encr")[0] ? " " : "", text(s, "integ"),
		       yes(s, "esn") ? " ESN" : "", yes(s, "udp") ? " in UDP" : "",
		       text(s, "library")[0] ? " by " : "", text(s, "library"),
		       yes(s, "legacy") ? ", LEGACY algorithms" : "", tfc_text(s, tfc),
		       number(s, "packets"), size(number(s, "bytes"), bytes),
		       number(s, "lost_packets"), span(number(s, "rekey_in_s"), rekey));
}

static void show_event(const json_t *o)
{
	printf("%s %-5s %s%s%s%s%s%s: %s%s%s\n", text(o, "time"), text(o, "severity"),
	       text(o, "id"), text(o, "tunnel")[0] ? " " : "", text(o, "tunnel"),
	       text(o, "peer")[0] ? " (" : "", text(o, "peer"), text(o, "peer")[0] ? ")" : "",
	       text(o, "sentence"), text(o, "text")[0] ? ": " : "", text(o, "text"));
}

static void show_peer(const json_t *o)
{
	const char *named = text(o, "peer"), *seen = text(o, "peer_address");

	if (named[0] && seen[0])
		printf("  peer        %s, last seen at %s\n", named, seen);
	else if (named[0] || seen[0])
		printf("  peer        %s%s\n", seen[0] ? "last seen at " : "",
		       named[0] ? named : seen);
}

static void show_tunnel(const json_t *o)
{
	const json_t *why = json_object_get(o, "why"), *lack = json_object_get(o, "lack");
	char age[32], on[LINE_MAX_BYTES];
	json_t *e;
	size_t i;

	if (list_mode) {
		show_line(o);
		return;
	}
	printf("%s has been %s for %s (start = \"%s\")\n", text(o, "name"), text(o, "state"),
	       span(number(o, "since_s"), age), text(o, "start"));
	show_peer(o);
	if (text(o, "redirect")[0])
		printf("  callers     are sent to %s\n", text(o, "redirect"));
	if (number(o, "retry_in_s") == 0 && way_on(o, text(o, "name"), on)[0])
		printf("  now         %s\n", on);
	if (lack)
		printf("  lacks       IPv4: %s%s%s\n", text(lack, "sentence"),
		       text(lack, "text")[0] ? ": " : "", text(lack, "text"));
	if (why)
		printf("  last failed %s ago: %s%s%s\n", span(number(why, "age_s"), age),
		       text(why, "sentence"), text(why, "text")[0] ? ": " : "", text(why, "text"));
	if (number(o, "retry_in_s") > 0)
		printf("  next try    in %s\n", span(number(o, "retry_in_s"), age));
	show_session(o);
	show_sas(o);
	show_words(o, "offloads", "  offloads    ");
	show_words(o, "offloads_missing", "  not in kernel ");
	show_words(o, "routes", "  routes      ");
	show_words(o, "dns", "  DNS there   ");
	if (json_array_size(json_object_get(o, "history")) > 0)
		printf("  history\n");
	json_array_foreach(json_object_get(o, "history"), i, e) {
		printf("    ");
		show_event(e);
	}
}

/* A caller was refused of whom the daemon cannot tell whether it meant this tunnel. */
static void show_stranger(const json_t *e)
{
	char age[32];

	if (!e)
		return;
	printf("  caller    %s was refused %s ago and may have meant this tunnel: %s%s%s\n",
	       text(e, "peer"), span(number(e, "age_s"), age), text(e, "sentence"),
	       text(e, "text")[0] ? ": " : "", text(e, "text"));
}

/* Where callers are sent, and those that named this tunnel's peer and did not prove to be it. */
static void show_callers(const json_t *o)
{
	const json_t *c = json_object_get(o, "callers");
	char age[32];

	if (text(o, "redirect")[0])
		printf("  callers   are sent to %s\n", text(o, "redirect"));
	if (!c)
		return;
	printf("  callers   %" JSON_INTEGER_FORMAT
	       " did not prove to be the peer, the last one %s ago from %s: %s%s%s\n",
	       number(c, "count"), span(number(c, "age_s"), age), text(c, "peer"),
	       text(c, "sentence"), text(c, "text")[0] ? ": " : "", text(c, "text"));
}

static void show_why(const json_t *o)
{
	const json_t *stranger = json_object_get(o, "stranger");
	char since[32], age[32], on[LINE_MAX_BYTES];

	if (number(o, "number") == 0) {
		printf("%s has been %s for %s; it has not failed since the daemon started.\n",
		       text(o, "tunnel"), text(o, "state"), span(number(o, "since_s"), since));
		if (way_on(o, text(o, "tunnel"), on)[0])
			printf("  %s\n", on);
		show_callers(o);
		show_stranger(stranger);
		return;
	}
	printf("%s has been %s for %s. %s %s%s: %s.\n", text(o, "tunnel"), text(o, "state"),
	       span(number(o, "since_s"), since),
	       yes(o, "lack") ? "It does without IPv4 for" : "It failed",
	       span(number(o, "age_s"), age), yes(o, "lack") ? "" : " ago", text(o, "sentence"));
	if (text(o, "text")[0])
		printf("  details   %s\n", text(o, "text"));
	if (text(o, "peer")[0])
		printf("  peer      %s\n", text(o, "peer"));
	if (text(o, "hint")[0])
		printf("  mend      %s\n", text(o, "hint"));
	show_callers(o);
	show_stranger(stranger);
	if (number(o, "line") > 0)
		printf("  config    %s, line %" JSON_INTEGER_FORMAT "\n", text(o, "file"),
		       number(o, "line"));
	printf("  id        L2S-%" JSON_INTEGER_FORMAT " %s", number(o, "number"), text(o, "name"));
	if (number(o, "windows") > 0)
		printf(" (Windows shows it as error %" JSON_INTEGER_FORMAT ")",
		       number(o, "windows"));
	printf("\n");
}

static void show_counter(const json_t *o)
{
	printf("%12" JSON_INTEGER_FORMAT "  %-8s L2S-%-4" JSON_INTEGER_FORMAT " %s\n",
	       number(o, "count"), text(o, "process"), number(o, "number"), text(o, "sentence"));
}

static const struct {
	const char *type;
	void (*show)(const json_t *);
} shows[] = {
	{"daemon", show_daemon}, {"tunnel", show_tunnel},   {"event", show_event},
	{"why", show_why},       {"counter", show_counter},
};

static void text_clean(json_t *string)
{
	char *copy = strdup(json_string_value(string));

	if (!copy) {
		json_string_set(string, "");
		return;
	}
	text_printable(copy, true);
	json_string_set(string, copy);
	free(copy);
}

void ctl_printable(json_t *value)
{
	const char *key;
	json_t *part;
	size_t i;

	if (json_is_string(value))
		text_clean(value);
	json_object_foreach(value, key, part)
		ctl_printable(part);
	json_array_foreach(value, i, part)
		ctl_printable(part);
}

/* The notation of RFC 7296 1.2, seen from here: what we send goes to the right. */
static void show_trace(const json_t *o, bool verbose)
{
	const char *time = text(o, "time"), *clock = strchr(time, 'T');
	bool sent = yes(o, "sent");
	const json_t *part;
	size_t i;

	printf("%.12s %s%s%s %s %" JSON_INTEGER_FORMAT ": %s%s%s\n", clock ? clock + 1 : time,
	       text(o, "tunnel"), text(o, "tunnel")[0] ? " " : "", text(o, "peer"),
	       text(o, "exchange"), number(o, "message_id"), sent ? "" : "<-- ", text(o, "text"),
	       sent ? " -->" : "");
	if (!verbose)
		return;
	json_array_foreach(json_object_get(o, "details"), i, part)
		printf("               %s\n", word(part));
}

void ctl_show(const struct ctl_options *o, json_t *object)
{
	const char *type;

	if (o->json) {
		json_dumpf(object, stdout, JSON_COMPACT);
		putchar('\n');
		fflush(stdout);
		return;
	}
	ctl_printable(object);
	type = text(object, "type");
	for (size_t i = 0; i < sizeof shows / sizeof shows[0]; i++)
		if (strcmp(shows[i].type, type) == 0)
			shows[i].show(object);
	if (strcmp(type, "progress") == 0)
		printf("  %-60s %6" JSON_INTEGER_FORMAT " ms\n", text(object, "text"),
		       number(object, "ms"));
	else if (strcmp(type, "setting") == 0)
		printf("%s = %s;  # %s\n", text(object, "key"), text(object, "value"),
		       text(object, "origin"));
	else if (strcmp(type, "trace") == 0)
		show_trace(object, o->verbose);
	else if (strcmp(type, "version") == 0)
		printf("l2tpsecd %s\n", text(object, "version"));
	else if (strcmp(type, "key") == 0)
		printf("%s %s\n", text(object, "kind"), text(object, "line"));
	else if (strcmp(type, "message") == 0)
		fprintf(stderr, "%s\n", text(object, "text"));
	fflush(stdout);
}
