/* l2tpsecctl: commands for the administrator. */
#include "src/ctl/ctl.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef L2TPSEC_VERSION
#define L2TPSEC_VERSION "0.1"
#endif
#ifndef L2TPSEC_RUN_DIR
#define L2TPSEC_RUN_DIR "/run/l2tpsec"
#endif

enum {
	MESSAGE_MAX = 600,
	PATH_MAX_BYTES = 256,
	OPTION_RUN_DIR = 256,
	OPTION_JSON,
	OPTION_VERSION,
	OPTION_NO_WAIT,
	OPTION_PCAP
};

enum takes { NOTHING, MAYBE_TUNNEL, TUNNEL, GATEWAY };

static const struct command {
	const char *name;
	enum control_command command;
	enum takes takes;
	const char *sentence;
} commands[] = {
	{"status", CONTROL_STATUS, MAYBE_TUNNEL, "one line a tunnel, or all about one"},
	{"up", CONTROL_UP, TUNNEL, "bring a tunnel up, showing each step"},
	{"down", CONTROL_DOWN, TUNNEL, "take a tunnel down and keep it down"},
	{"why", CONTROL_WHY, TUNNEL, "why a tunnel is not up, and what to do"},
	{"redirect", CONTROL_REDIRECT, GATEWAY,
         "send callers [of TUNNEL...] elsewhere; 'off': no more"},
	{"reload", CONTROL_RELOAD, NOTHING, "read the configuration anew"},
	{"counters", CONTROL_COUNTERS, NOTHING, "how often what was met, by reason"},
	{"events", CONTROL_EVENTS, MAYBE_TUNNEL, "what happened lately (-f: go on)"},
	{"config", CONTROL_CONFIG, NOTHING, "the effective values and where each came from"},
	{"trace", CONTROL_TRACE, MAYBE_TUNNEL, "IKE messages as they go and come, in words"},
	{"keys", CONTROL_KEYS, MAYBE_TUNNEL, "secrets of running SAs for Wireshark (root)"},
	{"version", CONTROL_VERSION_SHOW, NOTHING, "version of the running daemon"},
};

static const struct option options[] = {
	{"json", no_argument, NULL, OPTION_JSON},
	{"follow", no_argument, NULL, 'f'},
	{"all", no_argument, NULL, 'a'},
	{"verbose", no_argument, NULL, 'v'},
	{"no-wait", no_argument, NULL, OPTION_NO_WAIT},
	{"pcap", required_argument, NULL, OPTION_PCAP},
	{"run-dir", required_argument, NULL, OPTION_RUN_DIR},
	{"version", no_argument, NULL, OPTION_VERSION},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

static void usage(FILE *to)
{
	fputs("usage: l2tpsecctl [--json] [--run-dir DIR] COMMAND [TUNNEL]\n\n", to);
	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
		fprintf(to, "  %-9s %-9s %s\n", commands[i].name,
		        commands[i].takes == TUNNEL         ? "TUNNEL"
		        : commands[i].takes == GATEWAY      ? "GATEWAY"
		        : commands[i].takes == MAYBE_TUNNEL ? "[TUNNEL]"
		                                            : "",
		        commands[i].sentence);
	fputs("  doctor              what this host lacks, and the command that gives it\n"
	      "  pki       ACTION    certificates for gateways, by a CA of your own: 'pki --help'\n"
	      "\n"
	      "  --json         objects for programs, one a line\n"
	      "  -f, --follow   events: go on\n"
	      "  -a, --all      status: all about all tunnels\n"
	      "  -v, --verbose  trace: what the payloads say\n"
	      "  --pcap FILE    trace: also the packets, and the keys to open them (root)\n"
	      "  --no-wait      up, down: do not wait for the end\n"
	      "  --run-dir DIR  the directory that the daemon was given (" L2TPSEC_RUN_DIR ")\n"
	      "  --version      the version of this program\n"
	      "  -h, --help     show this\n"
	      "\n"
	      "exit status: 0 done, 1 no or failed, 2 refused or misused\n",
	      to);
}

static int misused(const char *what, const char *word)
{
	fprintf(stderr, "l2tpsecctl: %s%s%s%s\n", what, word[0] ? " '" : "", word,
	        word[0] ? "'" : "");
	fputs("Try 'l2tpsecctl --help'.\n", stderr);
	return CTL_MISUSED;
}

static int run(const struct ctl_options *o, const struct command *c, const char *tunnel,
               const char *gateway)
{
	struct control_request r = {.command = (uint8_t)c->command};
	char message[MESSAGE_MAX] = "";
	int status;

	if (strlen(gateway) >= sizeof r.gateway)
		return misused("it is too long for a gateway's name", gateway);
	snprintf(r.tunnel, sizeof r.tunnel, "%s", tunnel);
	snprintf(r.gateway, sizeof r.gateway, "%s", gateway);
	r.flags =
		(uint8_t)((o->follow ? CONTROL_FLAG_FOLLOW : 0) | (o->all ? CONTROL_FLAG_FULL : 0) |
	                  (o->no_wait ? CONTROL_FLAG_NO_WAIT : 0));
	ctl_show_list(c->command == CONTROL_STATUS && tunnel[0] == '\0' && !o->all);
	status = ctl_ask(o, &r, ctl_show, message, sizeof message);
	if (message[0] && (status != CTL_DONE || !o->json))
		fprintf(status == CTL_DONE ? stdout : stderr, "%s%s\n",
		        status == CTL_DONE ? "" : "l2tpsecctl: ", message);
	return status;
}

/* One request a tunnel that is named, or one for all. */
static int run_redirect(const struct ctl_options *o, const struct command *c, int words,
                        char **word)
{
	const char *gateway = words > 1 ? word[1] : "";
	int status = CTL_DONE;

	if (!gateway[0])
		return misused("where to? Name a gateway, or 'off', after", word[0]);
	if (strcmp(gateway, "off") == 0)
		gateway = "";
	if (words == 2)
		return run(o, c, "", gateway);
	for (int i = 2; i < words && status == CTL_DONE; i++)
		status = strlen(word[i]) < CONTROL_TUNNEL_MAX
		                 ? run(o, c, word[i], gateway)
		                 : misused("there is no tunnel", word[i]);
	return status;
}

static int command_find(const struct ctl_options *o, int words, char **word)
{
	const char *tunnel = words > 1 ? word[1] : "";

	if (words < 1) {
		usage(stderr);
		return CTL_MISUSED;
	}
	if (o->pcap && strcmp(word[0], "trace") != 0)
		return misused("--pcap goes with trace, not with", word[0]);
	if (strcmp(word[0], "pki") == 0)
		return ctl_pki(o, words, word);
	if (strcmp(word[0], "doctor") == 0)
		return words > 1 ? misused("too many words", tunnel) : ctl_doctor(o);
	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
		if (strcmp(commands[i].name, word[0]) != 0)
			continue;
		if (commands[i].takes == GATEWAY)
			return run_redirect(o, &commands[i], words, word);
		if (words > 2)
			return misused("too many words", word[2]);
		if (commands[i].takes == TUNNEL && words < 2)
			return misused("which tunnel? Name one after", word[0]);
		if (commands[i].takes == NOTHING && words > 1)
			return misused("too many words", tunnel);
		if (strlen(tunnel) >= CONTROL_TUNNEL_MAX)
			return misused("there is no tunnel", tunnel);
		return o->pcap ? ctl_pcap(o, tunnel) : run(o, &commands[i], tunnel, "");
	}
	return misused("there is no command", word[0]);
}

/* How many words getopt_long is to see here: what comes after "pki" has options of its own. */
static int own_words(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strcmp(argv[i], "--run-dir") == 0 || strcmp(argv[i], "--pcap") == 0)
			i++;
		else if (argv[i][0] != '-')
			return strcmp(argv[i], "pki") == 0 ? i + 1 : argc;
	}
	return argc;
}

int main(int argc, char **argv)
{
	char path[PATH_MAX_BYTES] = L2TPSEC_RUN_DIR "/control";
	struct ctl_options o = {.socket = path};
	const int all = argc;
	int c;

	argc = own_words(argc, argv);
	while ((c = getopt_long(argc, argv, "fahv", options, NULL)) != -1) {
		switch (c) {
		case OPTION_JSON:
			o.json = true;
			break;
		case 'f':
			o.follow = true;
			break;
		case 'a':
			o.all = true;
			break;
		case OPTION_NO_WAIT:
			o.no_wait = true;
			break;
		case 'v':
			o.verbose = true;
			break;
		case OPTION_PCAP:
			o.pcap = optarg;
			break;
		case OPTION_RUN_DIR:
			snprintf(path, sizeof path, "%s/control", optarg);
			break;
		case OPTION_VERSION:
			puts("l2tpsecctl " L2TPSEC_VERSION);
			return CTL_DONE;
		case 'h':
			usage(stdout);
			return CTL_DONE;
		default:
			return misused("the option is unknown", "");
		}
	}
	return command_find(&o, all - optind, argv + optind);
}
