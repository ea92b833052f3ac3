/* A gateway's daemon: its configuration, its start and end as a service manager sees them, and what
 * it says of itself over its admin socket. */
#include "tests/sim/sim.h"
#include "tests/sim/wrap.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES = 256 };

struct daemon_wish daemon_wish;
struct daemon_counts daemon_counts[SIM_GATEWAYS];
static struct parent *parents[SIM_GATEWAYS];
static char config_path[SIM_GATEWAYS][PATH_BYTES], state_path[SIM_GATEWAYS][PATH_BYTES];
static char empty_path[PATH_BYTES];
static bool kept;
static ls_time kept_after;
static uint64_t ask_id;

static const char psk[] = "a shared key of both", password[] = "pass word of all",
		  l2tp_secret[] = "secret of the tunnel",
		  ppk[] = "a secret that no quantum computer guesses";

static FILE *file_open(const char *path)
{
	FILE *f = fopen(path, "w");

	if (!f)
		abort();
	return f;
}

static void secrets_write(const char *path)
{
	FILE *f = file_open(path);

	fprintf(f, "psks: ( { secret = \"%s\" } );\n", psk);
	fprintf(f, "ppks: ( { id = \"sim\"; secret = \"%s\" } );\n", ppk);
	fprintf(f, "users: (");
	for (unsigned t = 0; t < SIM_TUNNELS_MAX; t++)
		fprintf(f, "%s { name = \"user%u\"; password = \"%s\" }", t ? "," : "", t,
		        password);
	fprintf(f, " );\n");
	if (daemon_wish.hide_avps)
		fprintf(f, "l2tp: ( { secret = \"%s\" } );\n", l2tp_secret);
	fclose(f);
	chmod(path, S_IRUSR | S_IWUSR);
}

static void group_write(FILE *f)
{
	const struct daemon_wish *w = &daemon_wish;

	fprintf(f, "mobike = %s; ", w->no_mobike ? "false" : "true");
	fprintf(f, "ike: { lifetime = %u; dpd = %u; retries = %u; ", w->ike_life_s, w->dpd_s,
	        w->retries);
	if (w->auth_life_s > 0)
		fprintf(f, "auth-lifetime = %u; ", w->auth_life_s);
	if (w->ike_proposal)
		fprintf(f, "proposals = [ \"%s\" ]; ", w->ike_proposal);
	fprintf(f, "};\n esp: { lifetime = %u; lifetime-packets = %u; replay-window = %u; ",
	        w->esp_life_s, w->esp_life_packets, w->window_packets);
	fprintf(f, "force-udp = %s; ", w->force_udp ? "true" : "false");
	fprintf(f, "tfc = %u; dummy-interval = %u; ", w->tfc, w->dummy_ms);
	if (w->esp_proposal)
		fprintf(f, "proposals = [ \"%s\" ]; ", w->esp_proposal);
	fprintf(f, "};\n l2tp: { hello = %u; sequencing = %s; hide-avps = %s; };\n", w->hello_s,
	        w->sequencing ? "true" : "false", w->hide_avps ? "true" : "false");
}

static void tunnel_write(FILE *f, unsigned g, unsigned t)
{
	const struct daemon_wish *w = &daemon_wish;
	bool dials = g == 0 || w->both_dial;
	struct ls_addr peer = net_seen(!g);
	char text[LS_ADDR_TEXT_MAX];

	fprintf(f, "{ name = \"tun%u\"; identity = \"t%u.%c.example\"; ", t, t, "ab"[g]);
	fprintf(f, "peer-identity = \"t%u.%c.example\"; user = \"user%u\"; ", t, "ba"[g], t);
	fprintf(f, "routes = [ \"10.7%u.%u.0/24\", \"fd7%u:0:0:%u::/64\" ];\n ", 2 - g, t, 2 - g,
	        t);
	fprintf(f, "auth = \"%s\"; peer-auth = \"%s\"; ", w->cert[g] ? "certificate" : "psk",
	        w->cert[!g] ? "certificate" : "psk");
	if (w->ppk[g] != SIM_PPK_NONE && !(sim_break == BREAK_PPK && g == 0))
		fprintf(f, "ppk = \"sim\"; ppk-required = %s; ",
		        w->ppk[g] == SIM_PPK_REQUIRED ? "true" : "false");
	if (dials)
		fprintf(f, "peer = [ \"%s\" ]; ", ls_addr_text(&peer, text));
	fprintf(f, "start = \"%s\"; ", !dials ? "wait" : w->on_demand ? "on-demand" : "always");
	if (g == 1 || w->both_dial)
		fprintf(f,
		        "ppp: { echo = %u; local = \"10.9.%u.%u\"; remote = \"10.9.%u.%u\"; };\n ",
		        w->echo_s, t, g + 1, t, 2 - g);
	else
		fprintf(f, "ppp: { echo = %u; };\n ", w->echo_s);
	if (w->df)
		fprintf(f, "df = \"%s\"; ", w->df);
	group_write(f);
	fprintf(f, "}%s\n", t + 1 < w->tunnels ? "," : "");
}

bool daemon_files(const char *dir)
{
	char secrets[PATH_BYTES];

	snprintf(empty_path, sizeof empty_path, "%s", dir);
	snprintf(secrets, sizeof secrets, "%s/secrets", dir);
	setenv("L2TPSECD_EMPTY_DIR", dir, 1);
	secrets_write(secrets);
	certs_write(dir);
	invariants_secret("the preshared key", psk, strlen(psk));
	invariants_secret("a password", password, strlen(password));
	invariants_secret("the PPK", ppk, strlen(ppk));
	invariants_secret("the tunnel secret", l2tp_secret, strlen(l2tp_secret));
	for (unsigned g = 0; g < SIM_GATEWAYS; g++) {
		FILE *f;

		snprintf(config_path[g], sizeof config_path[g], "%s/%u.conf", dir, g);
		snprintf(state_path[g], sizeof state_path[g], "%s/%u", dir, g);
		f = file_open(config_path[g]);
		fprintf(f,
		        "gateway: { identity = \"%c.example\"; host-name = \"host-%c\"; "
		        "secrets = \"%s\"; certificate = \"%c.crt\"; private-key = \"%c.key\"; "
		        "ca = \"ca.crt\"; crash-detection = %s; };\ntunnels: (\n",
		        "ab"[g], "ab"[g], secrets, "ab"[g], "ab"[g],
		        daemon_wish.no_tokens[g] ? "false" : "true");
		for (unsigned t = 0; t < daemon_wish.tunnels; t++)
			tunnel_write(f, g, t);
		fprintf(f, ");\n");
		fclose(f);
	}
	memset(daemon_counts, 0, sizeof daemon_counts);
	memset(parents, 0, sizeof parents);
	kept = false;
	return true;
}

void daemon_files_remove(const char *dir)
{
	char secrets[PATH_BYTES], token[2 * PATH_BYTES];

	snprintf(secrets, sizeof secrets, "%s/secrets", dir);
	unlink(secrets);
	certs_remove(dir);
	for (unsigned g = 0; g < SIM_GATEWAYS; g++) {
		unlink(config_path[g]);
		snprintf(token, sizeof token, "%.200s/token.secret", state_path[g]);
		unlink(token);
		rmdir(state_path[g]);
	}
	if (rmdir(dir) < 0)
		fail("%s is not empty", dir);
}

/* -- the service manager -- */

static int run_parent(struct sim_process *p)
{
	struct parent_options o = {.config = config_path[p->gateway],
	                           .run_dir = empty_path,
	                           .state_dir = state_path[p->gateway],
	                           .foreground = true,
	                           .level = LOG_LEVEL_DEBUG};

	return parent_run(&o);
}

void daemon_start(unsigned gateway)
{
	if (!process_find(gateway, MSG_ROLE_PARENT))
		process_new(gateway, MSG_ROLE_PARENT, NULL, -1, run_parent);
}

void daemon_keep(bool again, ls_time after)
{
	kept = again;
	kept_after = after;
}

static void start_again(void *ctx)
{
	if (kept)
		daemon_start((unsigned)(uintptr_t)ctx);
}

void daemon_ended(unsigned gateway, int status)
{
	parents[gateway] = NULL;
	if (kept)
		world_at(world_now + kept_after, start_again, (void *)(uintptr_t)gateway, false);
	else if (status != 0)
		fail("the daemon of gateway %u ended with status %d", gateway, status);
}

/* -- the admin socket's place -- */

bool __wrap_control_open(struct parent *p, const char *path, char *error, size_t cap)
{
	(void)path;
	(void)error;
	(void)cap;
	parents[sim_current->gateway] = p;
	return true;
}

static unsigned gateway_of(const struct parent *p)
{
	return parents[1] == p ? 1 : 0;
}

void __wrap_control_close(struct parent *p)
{
	if (parents[gateway_of(p)] == p)
		parents[gateway_of(p)] = NULL;
	for (unsigned t = 0; t < SIM_TUNNELS_MAX; t++)
		host_tunnel[sim_current->gateway][t].up = false;
}

void __wrap_control_event(struct parent *p, const struct history_entry *e)
{
	(void)p;
	(void)e;
}

void __wrap_control_line_state(struct parent *p, const struct tunnel *t,
                               const struct msg_line_state *m)
{
	unsigned g = gateway_of(p);
	struct host_tunnel *h = &host_tunnel[g][t->name[3] - '0'];

	if (sim_current && sim_current->killed)
		return;
	h->downs += h->up && m->state != MSG_LINE_UP;
	h->up = m->state == MSG_LINE_UP;
	h->up_since = world_now;
	trace("%u %s is %s (%s)", g, t->name, msg_line_name(m->state),
	      m->cause ? ls_cause_info(m->cause)->name : "");
}

void __wrap_control_answer(struct parent *p, enum msg_role from, const struct msg *m)
{
	struct daemon_counts *c = &daemon_counts[gateway_of(p)];

	(void)from;
	switch (m->type) {
	case MSG_TYPE_STATUS_IKE_SA:
		c->ike_sas++;
		if (strcmp(m->status_ike_sa.state, "established") == 0)
			(*(m->status_ike_sa.ppk ? &c->with_ppk : &c->without_ppk))++;
		break;
	case MSG_TYPE_STATUS_ESP_SA:
		c->esp_sas++;
		break;
	case MSG_TYPE_STATUS_LINE:
		c->lines++;
		if (m->status_line.queued > c->queued)
			c->queued = m->status_line.queued;
		if (c->path_least == 0 || m->status_line.path_mtu < c->path_least)
			c->path_least = m->status_line.path_mtu;
		if (m->status_line.path_mtu > c->path_most)
			c->path_most = m->status_line.path_mtu;
		break;
	case MSG_TYPE_STATUS_END:
		c->answers++;
		break;
	default:
		break;
	}
}

void __wrap_control_child_lost(struct parent *p, enum msg_role role)
{
	(void)p;
	(void)role;
}

void daemon_redirect(unsigned gateway, const char *to)
{
	struct parent *p = parents[gateway];

	sim_current = process_find(gateway, MSG_ROLE_PARENT);
	if (p && sim_current) {
		snprintf(p->redirect, sizeof p->redirect, "%s", to);
		parent_redirect_send(p, NULL);
	}
	sim_current = NULL;
}

void daemon_count_ask(unsigned gateway)
{
	struct parent *p = parents[gateway];
	struct msg_status_ask ask = {.id = ++ask_id};

	daemon_counts[gateway] = (struct daemon_counts){0};
	if (!p)
		return;
	sim_current = process_find(gateway, MSG_ROLE_PARENT);
	for (unsigned i = 0; sim_current && i < PARENT_CHILDREN; i++)
		if (p->child[i].ready)
			ipc_send_status_ask(p->child[i].ipc, &ask, -1);
	sim_current = NULL;
}
