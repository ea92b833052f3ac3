/* l2tpsecd: options, and which of its processes this one is to be. */
#include "src/base/log.h"
#include "src/base/proc.h"
#include "src/config/config.h"
#include "src/parent/parent.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef L2TPSEC_VERSION
#define L2TPSEC_VERSION "0.1"
#endif
#ifndef L2TPSEC_CONFIG
#define L2TPSEC_CONFIG "/etc/l2tpsec/l2tpsecd.conf"
#endif
#ifndef L2TPSEC_RUN_DIR
#define L2TPSEC_RUN_DIR "/run/l2tpsec"
#endif
#ifndef L2TPSEC_STATE_DIR
#define L2TPSEC_STATE_DIR "/var/lib/l2tpsec"
#endif

enum {
	OPTION_CHECK = 256,
	OPTION_RUN_DIR,
	OPTION_STATE_DIR,
	OPTION_ROLE,
	OPTION_VERSION,
	OPTION_HELP
};

enum { EXIT_MISUSED = 2 };

static const char usage[] =
	"usage: l2tpsecd [-F] [-f FILE] [--run-dir DIR] [-d]\n"
	"       l2tpsecd --check [-f FILE]\n"
	"       l2tpsecd --version\n"
	"\n"
	"  -F, --foreground   stay in the foreground, log to stderr\n"
	"  -f, --config FILE  configuration (" L2TPSEC_CONFIG ")\n"
	"      --check        check the configuration and its secrets, then end: 0 good, 1 not\n"
	"      --run-dir DIR  control socket and lock (" L2TPSEC_RUN_DIR ")\n"
	"      --state-dir DIR  what outlives the daemon (" L2TPSEC_STATE_DIR
	"; with --run-dir, there)\n"
	"  -d, --debug        log more; also -v, --verbose\n"
	"  -q, --quiet        log errors and warnings only\n"
	"      --version      show the version\n"
	"  -h, --help         show this\n";

static const struct option options[] = {
	{"foreground", no_argument, NULL, 'F'},
	{"config", required_argument, NULL, 'f'},
	{"check", no_argument, NULL, OPTION_CHECK},
	{"run-dir", required_argument, NULL, OPTION_RUN_DIR},
	{"state-dir", required_argument, NULL, OPTION_STATE_DIR},
	{"debug", no_argument, NULL, 'd'},
	{"verbose", no_argument, NULL, 'v'},
	{"quiet", no_argument, NULL, 'q'},
	{"role", required_argument, NULL, OPTION_ROLE},
	{"version", no_argument, NULL, OPTION_VERSION},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

/* The parent's own doing: a role started by hand has no parent at descriptor 3 and ends at once. */
static int run_role(const char *name)
{
	log_open(false, LOG_LEVEL_INFO);
	switch (msg_role_by_name(name)) {
	case MSG_ROLE_KEYS:
		return keys_main();
	case MSG_ROLE_IKE:
		return ike_main();
	case MSG_ROLE_GATEWAY:
		return gateway_main();
	default:
		fprintf(stderr, "l2tpsecd: there is no role '%s'\n", name);
		return EXIT_MISUSED;
	}
}

/* What is allowed, but most often not what was meant. */
static void check_notes(const struct conf *conf)
{
	for (size_t i = 0; i < conf->tunnel_count; i++) {
		const struct conf_tunnel *t = &conf->tunnels[i];

		if (t->start == CONF_START_WAIT && t->user[0] == '\0' && t->peer_identity[0] &&
		    !strchr(t->peer_identity, '*'))
			printf("%s:%u: note: tunnel %s is for one peer, but any user of the "
			       "secrets file may call there: name its 'user'\n",
			       conf->path, t->line, t->name);
	}
}

static void warn(void *context, const char *line)
{
	(void)context;
	fprintf(stderr, "%s\n", line);
}

static int check(const char *path)
{
	struct conf_errors errors = {0};
	struct conf conf;
	bool ok = conf_load(path, &conf, &errors);

	if (ok) {
		conf_legacy(&conf, warn, NULL);
		ok = conf_secrets_check(&conf, &errors);
		if (ok)
			check_notes(&conf);
		conf_free(&conf);
	}
	for (size_t i = 0; i < errors.count; i++)
		fprintf(stderr, "%s\n", errors.line[i]);
	if (ok)
		printf("%s is good\n", path);
	return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int misused(void)
{
	fputs(usage, stderr);
	return EXIT_MISUSED;
}

int main(int argc, char **argv)
{
	struct parent_options o = {
		.config = L2TPSEC_CONFIG, .run_dir = L2TPSEC_RUN_DIR, .level = LOG_LEVEL_INFO};
	bool only_check = false, run_dir_given = false;
	int c;

	while ((c = getopt_long(argc, argv, "Ff:dvqh", options, NULL)) != -1) {
		switch (c) {
		case 'F':
			o.foreground = true;
			break;
		case 'f':
			o.config = optarg;
			break;
		case 'd':
		case 'v':
			o.level = LOG_LEVEL_DEBUG;
			break;
		case 'q':
			o.level = LOG_LEVEL_WARN;
			break;
		case OPTION_CHECK:
			only_check = true;
			break;
		case OPTION_RUN_DIR:
			o.run_dir = optarg;
			run_dir_given = true;
			break;
		case OPTION_STATE_DIR:
			o.state_dir = optarg;
			break;
		case OPTION_ROLE:
			return run_role(optarg);
		case OPTION_VERSION:
			puts("l2tpsecd " L2TPSEC_VERSION);
			return EXIT_SUCCESS;
		case 'h':
			fputs(usage, stdout);
			return EXIT_SUCCESS;
		default:
			return misused();
		}
	}
	if (optind < argc)
		return misused();
	if (only_check)
		return check(o.config);
	/* A second daemon is another peer to its peers. */
	if (!o.state_dir)
		o.state_dir = run_dir_given ? o.run_dir : L2TPSEC_STATE_DIR;
	log_open(false, o.level);
	if (geteuid() != 0) {
		log_line(LOG_LEVEL_ERROR, "l2tpsecd must be started by root (its processes give "
		                          "their rights up); '--check' needs none");
		return EXIT_FAILURE;
	}
	return parent_run(&o);
}
