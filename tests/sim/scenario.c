/* The scenarios: a climate drawn from the seed, a time of faults, a time of calm. */
#include "tests/sim/sim.h"

#include "lib/crypto.h"
#include "lib/secret.h"

#include <dirent.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * After the faults have ended every tunnel must be up within CALM_LIMIT_S: from then on it carries
 * every packet, both ways. With the settings that climate_common() draws the longest way there is:
 * a back-off that was at its end just before (60 s and a fifth), or a call back that is tried again
 * after 60 s where ike was restarted, then a peer that is noticed to be dead (DPD, HELLO or echo
 * after 10 s, and up to 32 s of tries), then IKE, L2TP and PPP (some seconds).
 */
enum {
	CALM_LIMIT_S = 120,
	STEADY_S = 110, /* so long without any loss is up: longer than the shortest SA lives */
	END_S = 10,
	PAUSE_MS_MIN = 100, /* between packets of a tunnel and direction */
	PAUSE_MS_MAX = 1500,
	BURST_EVERY = 30,
	BURST_MAX = 30,
	BURST_CALM_MAX = 6,
	RAIN_S_MIN = 30,
	RAIN_S_MAX = 150,
	COUNT_EVERY_S = 20,
	PATH_QUIET_S = 700, /* longer than the raise timer (RFC 8899 5.1.1) and a search */
	PATH_MTU_LEAST4 = 640,
	PATH_MTU_LEAST6 = 1280,
	PATH_MTU_MOST = 1600,
};

/* What may happen while it rains; each fault has its weight. */
enum fault {
	FAULT_KILL_KEYS,
	FAULT_KILL_IKE,
	FAULT_KILL_GATEWAY,
	FAULT_KILL_DAEMON,
	FAULT_STOP_DAEMON,
	FAULT_REBIND,
	FAULT_REBIND_ADDRESS,
	FAULT_CUT,
	FAULT_STALL,
	FAULT_PATH,     /* the path carries packets of another size */
	FAULT_REDIRECT, /* callers are sent where nobody is, or not any more */
	FAULTS
};

static struct {
	ls_time rain, pause_least, pause_most; /* between faults */
	unsigned weight[FAULTS];
	unsigned victims; /* a set of gateways */
	bool path;        /* in the end the path is known, and no line was ever down */
} climate;
static bool raining, sending;
static double recovery_s;

/* -- climates -- */

static void all_links(struct net_link link)
{
	for (unsigned g = 0; g < SIM_GATEWAYS; g++)
		net.link[g] = link;
}

/* A row of that kind which serves ESP. */
static const struct algo *any_row(enum algo_kind kind)
{
	size_t count;
	const struct algo *rows = algo_all(&count), *row;

	do
		row = &rows[dice_below((uint32_t)count)];
	while (row->kind != kind || !(row->serves & ALGO_FOR_ESP));
	return row;
}

/* What both gateways are told to propose for ESP: the built-in proposals, or any transform. */
static const char *any_proposal(void)
{
	static char text[64];
	const struct algo *encr = any_row(ALGO_KIND_ENCR), *integ = any_row(ALGO_KIND_INTEG);

	snprintf(text, sizeof text, "%s%s%s%s", encr->name, encr->aead ? "" : "-",
	         encr->aead ? "" : integ->name, dice_below(3) == 0 ? "-x25519" : "");
	return dice_below(3) == 0 ? NULL : text;
}

/* What each seed draws, whatever the scenario. */
static void climate_common(void)
{
	memset(&climate, 0, sizeof climate);
	climate.rain = LS_S(dice_between(RAIN_S_MIN, RAIN_S_MAX));
	climate.pause_least = LS_S(2);
	climate.pause_most = LS_S(40);
	climate.victims = 3;
	daemon_wish = (struct daemon_wish){
		.tunnels = dice_below(4) == 0 ? 2 : 1,
		.on_demand = dice_below(3) == 0,
		.force_udp = dice_below(2) == 0,
		.sequencing = dice_below(4) == 0,
		.hide_avps = dice_below(4) == 0,
		.ike_life_s = 28800,
		.esp_life_s = 3600,
		.window_packets = dice_below(2) ? 64 : 1024,
		.dpd_s = dice_between(5, 10),
		.retries = dice_between(5, 6),
		.hello_s = dice_between(5, 10),
		.echo_s = dice_between(5, 10),
		.esp_proposal = any_proposal(),
	};
	daemon_wish.tfc = dice_below(2) ? 0 : dice_below(2) ? UINT16_MAX : dice_between(100, 1600);
	daemon_wish.dummy_ms = dice_below(2) ? 0 : dice_between(50, 3000);
	net.nat = dice_below(2) == 0;
	net.ipv6 = !net.nat && dice_below(3) == 0;
	all_links((struct net_link){.delay_us = dice_between(1000, 40000),
	                            .jitter_us = dice_between(0, 3000)});
	for (unsigned g = 0; g < SIM_GATEWAYS; g++) {
		daemon_wish.cert[g] = dice_below(2) == 0;
		daemon_wish.no_tokens[g] = dice_below(4) == 0;
	}
	if (dice_below(2) || sim_break == BREAK_PPK)
		for (unsigned g = 0; g < SIM_GATEWAYS; g++)
			daemon_wish.ppk[g] = dice_below(2) && sim_break != BREAK_PPK
			                             ? SIM_PPK_REQUIRED
			                             : SIM_PPK_OPTIONAL;
	else if (dice_below(2))
		daemon_wish.ppk[dice_below(SIM_GATEWAYS)] = SIM_PPK_OPTIONAL;
	daemon_wish.no_mobike = dice_below(4) == 0;
}

static void climate_calm(void)
{
}

static void climate_loss10(void)
{
	for (unsigned g = 0; g < SIM_GATEWAYS; g++)
		net.link[g].loss = dice_between(50, 100);
}

static void climate_loss30(void)
{
	for (unsigned g = 0; g < SIM_GATEWAYS; g++)
		net.link[g].loss = dice_between(200, 300);
}

static void climate_reorder(void)
{
	for (unsigned g = 0; g < SIM_GATEWAYS; g++) {
		net.link[g].late = dice_between(50, 500);
		net.link[g].late_us = dice_between(10000, 2000000);
		net.link[g].jitter_us = dice_between(1000, 100000);
	}
}

static void climate_twice(void)
{
	for (unsigned g = 0; g < SIM_GATEWAYS; g++) {
		net.link[g].twice = dice_between(50, 500);
		net.link[g].jitter_us = dice_between(1000, 200000);
	}
}

static void climate_corrupt(void)
{
	for (unsigned g = 0; g < SIM_GATEWAYS; g++)
		net.link[g].corrupt = dice_between(20, 300);
}

static void climate_stranger(void)
{
	net.stranger = dice_between(50, 300);
	net.noise = dice_between(0, 200);
}

static void climate_icmp(void)
{
	net.icmp = dice_between(100, 1000);
}

static void climate_processes(void)
{
	climate.weight[FAULT_KILL_KEYS] = 1;
	climate.weight[FAULT_KILL_IKE] = 2;
	climate.weight[FAULT_KILL_GATEWAY] = 2;
	climate.weight[FAULT_STALL] = 1;
	climate.victims = dice_between(1, 3);
}

static void climate_restarts(void)
{
	climate.weight[FAULT_KILL_DAEMON] = 2;
	climate.weight[FAULT_STOP_DAEMON] = 2;
	climate.victims = dice_between(1, 3);
}

static void climate_rebind(void)
{
	net.nat = true;
	net.ipv6 = false;
	climate.weight[FAULT_REBIND] = 3;
	climate.weight[FAULT_REBIND_ADDRESS] = 1;
	climate.pause_most = LS_S(20);
}

static void climate_cuts(void)
{
	climate.weight[FAULT_CUT] = 1;
	climate.weight[FAULT_STALL] = 1;
}

static void climate_rekey(void)
{
	daemon_wish.ike_life_s = dice_between(60, 90);
	daemon_wish.esp_life_s = dice_between(60, 90);
	daemon_wish.esp_life_packets = dice_below(2) ? dice_between(64, 400) : 0;
	climate.rain = LS_S(dice_between(120, 300));
	for (unsigned g = 0; g < SIM_GATEWAYS; g++)
		net.link[g].loss = dice_below(2) ? dice_below(150) : 0;
}

/* What proves itself anew in time loses nothing. */
static void climate_reauth(void)
{
	climate_rekey();
	daemon_wish.auth_life_s = dice_between(40, 90);
	all_links((struct net_link){.delay_us = dice_between(1000, 40000),
	                            .jitter_us = dice_between(0, 3000)});
}

static void path_change(void)
{
	net.path_mtu = dice_between(net.ipv6 ? PATH_MTU_LEAST6 : PATH_MTU_LEAST4, PATH_MTU_MOST);
	net.path_silent = dice_below(2);
	trace("the path carries %u bytes, %s", net.path_mtu, net.path_silent ? "in silence" : "");
}

/* Who lies is a stranger, or one who sees the packets. */
static void climate_path(void)
{
	static const char *const df[] = {NULL, "clear", "set", "copy"};

	climate.path = true;
	climate.weight[FAULT_PATH] = 1;
	climate.pause_most = LS_S(dice_between(20, 90));
	climate.rain = LS_S(dice_between(60, 300));
	daemon_wish.df = df[dice_below(4)];
	net.lies = dice_below(2) ? dice_between(1, 300) : 0;
	if (dice_below(2))
		path_change();
}

/* It comes back, and is taken. */
static void climate_redirect(void)
{
	climate.weight[FAULT_REDIRECT] = 1;
	climate.pause_most = LS_S(20);
	for (unsigned g = 0; g < SIM_GATEWAYS; g++)
		net.link[g].loss = dice_below(2) ? dice_below(100) : 0;
}

static void climate_both(void)
{
	daemon_wish.both_dial = true;
	net.nat = false;
	net.ipv6 = dice_below(3) == 0;
	if (dice_below(2))
		climate_loss10();
	if (dice_below(2))
		climate_processes();
}

static void climate_everything(void)
{
	void (*const all[])(void) = {climate_loss30,   climate_reorder,   climate_twice,
	                             climate_stranger, climate_corrupt,   climate_rekey,
	                             climate_cuts,     climate_processes, climate_restarts,
	                             climate_redirect};

	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		if (dice_below(2))
			all[i]();
	if (dice_below(4) == 0)
		climate_both();
	if (net.nat) {
		climate.weight[FAULT_REBIND] = 1;
		climate.weight[FAULT_REBIND_ADDRESS] = 1;
	}
	if (dice_below(4) == 0)
		climate_path();
	climate.path = false;
	net.full = dice_below(2) ? 20 : 0;
	net.icmp = dice_below(4) == 0 ? 300 : 0;
	climate.victims = 3;
}

static const struct scenario scenarios[] = {
	{"calm", "a clean line", climate_calm},
	{"loss10", "5 to 10 % of all packets lost", climate_loss10},
	{"loss30", "20 to 30 % of all packets lost", climate_loss30},
	{"reorder", "packets up to 2 s late, out of order", climate_reorder},
	{"twice", "up to half of all packets twice", climate_twice},
	{"corrupt", "bits flipped in up to 30 % of all packets", climate_corrupt},
	{"stranger", "a stranger sends old packets again, and noise", climate_stranger},
	{"icmp", "ICMP says of up to all packets that nobody is there", climate_icmp},
	{"processes", "keys, ike and gateway processes killed or stalled", climate_processes},
	{"restarts", "whole daemons killed or stopped", climate_restarts},
	{"rebind", "the NAT forgets its mappings or gets another address", climate_rebind},
	{"cuts", "the line is cut for a while", climate_cuts},
	{"rekey", "lives of a minute or some hundred packets, some loss", climate_rekey},
	{"reauth", "proofs of identity that run out", climate_reauth},
	{"path", "the path carries packets of another size each minute, and somebody lies about it",
         climate_path},
	{"redirect", "callers are sent where nobody is", climate_redirect},
	{"both", "both sides dial", climate_both},
	{"everything", "all of it together", climate_everything},
};

const struct scenario *scenario_at(size_t index)
{
	return index < sizeof scenarios / sizeof scenarios[0] ? &scenarios[index] : NULL;
}

const struct scenario *scenario_find(const char *name)
{
	for (size_t i = 0; i < sizeof scenarios / sizeof scenarios[0]; i++)
		if (strcmp(scenarios[i].name, name) == 0)
			return &scenarios[i];
	return NULL;
}

double scenario_recovery_s(void)
{
	return recovery_s;
}

/* -- faults -- */

static void cut_ends(void *ctx)
{
	(void)ctx;
	if (sim_break == BREAK_CALM)
		return;
	trace("the line is whole again");
	net.cut = false;
}

static void redirect(unsigned g, bool on)
{
	trace("%u sends its callers %s", g, on ? "where nobody is" : "nowhere");
	daemon_redirect(g, !on ? "" : net.ipv6 ? "2001:db8:d::7" : "192.0.2.77");
}

static void fault_do(enum fault fault, unsigned g)
{
	static const enum msg_role roles[] = {MSG_ROLE_KEYS, MSG_ROLE_IKE, MSG_ROLE_GATEWAY};
	struct sim_process *p = NULL;

	switch (fault) {
	case FAULT_KILL_KEYS:
	case FAULT_KILL_IKE:
	case FAULT_KILL_GATEWAY:
		p = process_find(g, roles[fault - FAULT_KILL_KEYS]);
		break;
	case FAULT_KILL_DAEMON:
		p = process_find(g, MSG_ROLE_PARENT);
		break;
	case FAULT_STOP_DAEMON:
		p = process_find(g, MSG_ROLE_PARENT);
		if (p) {
			trace("%u is told to end", g);
			process_signal(p, SIGTERM);
		}
		return;
	case FAULT_REBIND:
	case FAULT_REBIND_ADDRESS:
		net_rebind(fault == FAULT_REBIND_ADDRESS);
		return;
	case FAULT_CUT:
		trace("the line is cut");
		net.cut = true;
		world_at(world_now + LS_MS(dice_between(500, 40000)), cut_ends, NULL, false);
		return;
	case FAULT_STALL:
		p = process_find(g, roles[dice_below(3)]);
		if (p) {
			trace("%u %s stalls", g, msg_role_name(p->role));
			p->busy_until = world_now + LS_MS(dice_between(100, 5000));
		}
		return;
	case FAULT_PATH:
		path_change();
		return;
	case FAULT_REDIRECT:
		redirect(g, dice_below(3) > 0);
		return;
	case FAULTS:
		break;
	}
	if (p)
		process_kill(p);
}

static unsigned victim(void)
{
	unsigned g = dice_below(SIM_GATEWAYS);

	return climate.victims >> g & 1 ? g : !g;
}

static void fault_next(void *ctx)
{
	unsigned all = 0, draw;

	for (unsigned f = 0; f < FAULTS; f++)
		all += climate.weight[f];
	if (!raining || all == 0)
		return;
	if (ctx) {
		draw = dice_below(all);
		for (unsigned f = 0; f < FAULTS; f++) {
			if (draw < climate.weight[f]) {
				fault_do((enum fault)f, victim());
				break;
			}
			draw -= climate.weight[f];
		}
	}
	world_at(world_now + climate.pause_least +
	                 dice_below((uint32_t)(climate.pause_most - climate.pause_least)),
	         fault_next, &climate, false);
}

/* -- traffic and counting -- */

static void traffic(void *ctx)
{
	unsigned which = (unsigned)(uintptr_t)ctx;

	if (!sending)
		return;
	/* In calm no burst is larger than what is left of an SA when its successor is asked for. */
	uint32_t most = raining ? BURST_MAX : BURST_CALM_MAX;

	for (uint32_t n = dice_below(BURST_EVERY) ? 1 : dice_between(2, most); n > 0; n--)
		host_send(which / SIM_TUNNELS_MAX, which % SIM_TUNNELS_MAX);
	world_at(world_now + LS_MS(dice_between(PAUSE_MS_MIN, PAUSE_MS_MAX)), traffic, ctx, false);
}

static void count_look(void *ctx)
{
	unsigned g = (unsigned)(uintptr_t)ctx;

	invariants_counts(g, &daemon_counts[g], false);
}

static void count(void *ctx)
{
	if (!raining)
		return;
	for (unsigned g = 0; g < SIM_GATEWAYS; g++) {
		daemon_count_ask(g);
		world_at(world_now + LS_S(1), count_look, (void *)(uintptr_t)g, false);
	}
	world_at(world_now + LS_S(COUNT_EVERY_S), count, ctx, false);
}

/* -- a run -- */

static void source_fill(void *const buffer, const size_t len)
{
	uint8_t *b = buffer;

	for (size_t i = 0; i < len; i += 8) {
		uint64_t v = dice();

		memcpy(b + i, &v, len - i < 8 ? len - i : 8);
	}
}

static const char *source_name(void)
{
	return "dice";
}

static uint32_t source_one(void)
{
	return (uint32_t)(dice() >> 32);
}

static struct randombytes_implementation source = {
	.implementation_name = source_name, .random = source_one, .buf = source_fill};

static unsigned descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned n = 0;

	while (d && readdir(d))
		n++;
	closedir(d);
	return n;
}

static void rain(void)
{
	raining = sending = true;
	daemon_keep(true, LS_MS(dice_between(100, 5000)));
	for (unsigned g = 0; g < SIM_GATEWAYS; g++) {
		daemon_start(g);
		for (unsigned t = 0; t < daemon_wish.tunnels; t++)
			world_at(world_now + dice_below(1000000), traffic,
			         (void *)(uintptr_t)(g * SIM_TUNNELS_MAX + t), false);
	}
	fault_next(NULL);
	count(NULL);
	loop_run(world_now + climate.rain);
	for (unsigned g = 0; g < SIM_GATEWAYS; g++)
		daemon_redirect(g, "");
	raining = false;
}

/* Every tunnel has carried every packet of that time, both ways. */
static bool all_carried(ls_time from, ls_time to)
{
	for (unsigned g = 0; g < SIM_GATEWAYS; g++)
		for (unsigned t = 0; t < daemon_wish.tunnels; t++)
			if (host_sent(g, t, from, to) == 0 || host_lost(g, t, from, to) > 0)
				return false;
	return true;
}

/* What was sent in the last moment may be under way. */
static ls_time arrived_until(void)
{
	return world_now - LS_S(1);
}

/* Up within the limit, then steady: see CALM_LIMIT_S. */
static void calm(void)
{
	ls_time since = world_now, steady = since;

	trace("calm from here on");
	all_links((struct net_link){.delay_us = 5000});
	net.cut = sim_break == BREAK_CALM;
	net.full = net.stranger = net.noise = net.icmp = net.lies = 0;
	while (!failure()) {
		loop_run(world_now + LS_S(1));
		if (world_now - since > LS_S(CALM_LIMIT_S + STEADY_S)) {
			fail("not every tunnel is up %d s after the faults have ended",
			     CALM_LIMIT_S);
			return;
		}
		if (arrived_until() < steady + LS_S(STEADY_S))
			continue;
		if (all_carried(steady, arrived_until()))
			break;
		steady += LS_S(1);
	}
	recovery_s = (double)(steady - since) / 1e6;
	if (climate.path && !failure())
		loop_run(since + LS_S(PATH_QUIET_S));
	for (unsigned g = 0; g < SIM_GATEWAYS && !failure(); g++) {
		daemon_count_ask(g);
		loop_run(world_now + LS_S(2));
		if (daemon_counts[g].answers != 3)
			fail("gateway %u does not answer all questions about its status", g);
		invariants_counts(g, &daemon_counts[g], true);
		if (climate.path)
			invariants_path(g, &daemon_counts[g]);
	}
}

/* Both end in good order, and give everything back. */
static void finish(void)
{
	bool broken = failure() != NULL;

	sending = false;
	daemon_keep(false, 0);
	for (unsigned g = 0; g < SIM_GATEWAYS && !broken; g++) {
		struct sim_process *p = process_find(g, MSG_ROLE_PARENT);

		if (p)
			process_signal(p, SIGTERM);
	}
	loop_run(world_now + LS_S(END_S));
	for (struct sim_process *p = processes; p; p = p->next) {
		if (p->done)
			continue;
		if (!broken)
			fail("%s of gateway %u has not ended", msg_role_name(p->role), p->gateway);
		daemon_keep(true, LS_S(1000));
		process_kill(p);
	}
	for (struct sim_process *p = processes; p; p = p->next)
		p->reaped = true;
	processes_sweep();
}

bool scenario_run(const struct scenario *s, uint64_t seed, bool verbose)
{
	static bool seeded;
	char dir[] = "/tmp/l2tpsec-sim.XXXXXX";
	unsigned events = loop_events(), fds;

	/* What libraries draw at their first use must not be of the first run. */
	if (!seeded) {
		randombytes_set_implementation(&source);
		seeded = secret_init() && crypto_init();
	}
	if (!mkdtemp(dir))
		abort();
	fds = descriptors();
	world_begin(seed, verbose);
	net_begin();
	invariants_begin();
	recovery_s = 0;
	climate_common();
	s->climate();
	host_begin();
	daemon_files(dir);
	rain();
	if (!failure())
		calm();
	finish();
	host_end();
	net_end();
	if (!failure() && loop_events() != events)
		fail("%u events are never freed", loop_events() - events);
	if (!failure() && descriptors() != fds)
		fail("%u descriptors before the run, %u after it", fds, descriptors());
	daemon_files_remove(dir);
	invariants_end();
	world_end();
	return !failure();
}
