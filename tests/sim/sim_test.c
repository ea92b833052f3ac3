/* Runs scenarios by seed: all of them, or one again with its trace. */
#include "tests/sim/sim.h"

#include <getopt.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEAP_GROWTH_MAX = 1024 * 1024 };

static const char usage[] =
	"usage: sim_test [--scenario NAME] [--seed N] [-v] [--break NAME]   one run\n"
	"       sim_test [--scenario NAME] --seeds N [--first N]             N runs of each\n"
	"       sim_test --again N      N runs of each twice: the traces must be the same\n"
	"       sim_test --list\n";

static const char *const breaks[] = {
	[BREAK_REPLAY] = "replay",
	[BREAK_SEQUENCE] = "sequence",
	[BREAK_PLAINTEXT] = "plaintext",
	[BREAK_STRANGER] = "stranger",
	[BREAK_CORRUPT] = "corrupt",
	[BREAK_MEMORY] = "memory",
	[BREAK_CALM] = "calm",
	[BREAK_PATH] = "path",
	[BREAK_PPK] = "ppk",
	[BREAK_TIME] = "time",
};

static bool break_set(const char *name)
{
	for (size_t i = 1; i < sizeof breaks / sizeof breaks[0]; i++)
		if (strcmp(breaks[i], name) == 0) {
			sim_break = (enum sim_break)i;
			return true;
		}
	return false;
}

static bool run(const char *self, const struct scenario *s, uint64_t seed, bool verbose)
{
	if (scenario_run(s, seed, verbose))
		return true;
	printf("# %s, seed %" PRIu64 ": %s\n", s->name, seed, failure());
	printf("# to repeat it: %s --scenario %s --seed %" PRIu64 " -v", self, s->name, seed);
	printf(sim_break ? " --break %s\n" : "\n", breaks[sim_break]);
	fflush(stdout);
	return false;
}

/* Bytes of the heap in use; with sanitizers 0, and they look for leaks themselves. */
static size_t heap_used(void)
{
	return mallinfo2().uordblks;
}

static bool run_many(const char *self, const struct scenario *s, uint64_t first, uint64_t n)
{
	double worst = 0;
	uint64_t failed = 0;
	size_t heap = 0;

	for (uint64_t i = 0; i < n; i++) {
		if (!run(self, s, first + i, false))
			failed++;
		else if (scenario_recovery_s() > worst)
			worst = scenario_recovery_s();
		/* Libraries keep what they make at their first use. */
		if (i == 0)
			heap = heap_used();
	}
	if (heap_used() > heap + HEAP_GROWTH_MAX) {
		printf("# %s: %zu bytes of the heap were not given back\n", s->name,
		       heap_used() - heap);
		failed++;
	}
	printf("%s - %s: %s, %" PRIu64 " seeds; at most %.0f s from calm to up\n",
	       failed ? "not ok" : "ok", s->name, s->what, n, worst);
	fflush(stdout);
	return failed == 0;
}

static bool run_again(const char *self, const struct scenario *s, uint64_t n)
{
	bool same = true;

	for (uint64_t seed = 1; seed <= n; seed++) {
		uint64_t hash;

		run(self, s, seed, false);
		hash = trace_hash();
		run(self, s, seed, false);
		if (trace_hash() != hash) {
			printf("# %s, seed %" PRIu64 ": two runs, two traces\n", s->name, seed);
			same = false;
		}
	}
	return same;
}

struct options {
	const char *scenario;
	uint64_t seed, seeds, first, again;
	bool verbose;
};

enum {
	OPTION_SCENARIO = 256,
	OPTION_SEED,
	OPTION_SEEDS,
	OPTION_FIRST,
	OPTION_AGAIN,
	OPTION_BREAK,
	OPTION_LIST
};

static const struct option longs[] = {
	{"scenario", required_argument, NULL, OPTION_SCENARIO},
	{"seed", required_argument, NULL, OPTION_SEED},
	{"seeds", required_argument, NULL, OPTION_SEEDS},
	{"first", required_argument, NULL, OPTION_FIRST},
	{"again", required_argument, NULL, OPTION_AGAIN},
	{"break", required_argument, NULL, OPTION_BREAK},
	{"list", no_argument, NULL, OPTION_LIST},
	{NULL, 0, NULL, 0},
};

static int misused(void)
{
	fputs(usage, stderr);
	return 2;
}

static int list(void)
{
	for (size_t i = 0; scenario_at(i); i++)
		printf("%s\t%s\n", scenario_at(i)->name, scenario_at(i)->what);
	return 0;
}

static bool each(const char *self, const struct options *o)
{
	bool good = true;

	for (size_t i = 0; scenario_at(i); i++) {
		const struct scenario *s = scenario_at(i);

		if (o->scenario && strcmp(o->scenario, s->name) != 0)
			continue;
		good &= o->again ? run_again(self, s, o->again)
		                 : run_many(self, s, o->first, o->seeds);
	}
	if (o->again)
		printf("%s - the same seed gives the same trace, %" PRIu64 " seeds of each\n",
		       good ? "ok" : "not ok", o->again);
	return good;
}

int main(int argc, char **argv)
{
	struct options o = {.seed = 1, .first = 1};
	int c;

	while ((c = getopt_long(argc, argv, "v", longs, NULL)) != -1) {
		switch (c) {
		case OPTION_SCENARIO:
			o.scenario = optarg;
			break;
		case OPTION_SEED:
			o.seed = strtoull(optarg, NULL, 10);
			break;
		case OPTION_SEEDS:
			o.seeds = strtoull(optarg, NULL, 10);
			break;
		case OPTION_FIRST:
			o.first = strtoull(optarg, NULL, 10);
			break;
		case OPTION_AGAIN:
			o.again = strtoull(optarg, NULL, 10);
			break;
		case OPTION_BREAK:
			if (!break_set(optarg))
				return misused();
			break;
		case OPTION_LIST:
			return list();
		case 'v':
			o.verbose = true;
			break;
		default:
			return misused();
		}
	}
	if (optind < argc || (o.scenario && !scenario_find(o.scenario)))
		return misused();
	if (o.seeds || o.again)
		return each(argv[0], &o) ? 0 : 1;
	if (!run(argv[0], scenario_find(o.scenario ? o.scenario : "everything"), o.seed, o.verbose))
		return 1;
	printf("trace %016" PRIx64 "; up %.1f s after the faults\n", trace_hash(),
	       scenario_recovery_s());
	return 0;
}
