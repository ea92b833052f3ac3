/* The parent process: start with everything or nothing, serve, end in good order. */
#include "src/parent/parent.h"

#include "src/base/sandbox.h"
#include "src/parent/control_server.h"
#include "src/parent/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LOG_TICK_S = 2, CONFIG_BYTES_MAX = 8192, ERROR_LINES_MAX = 20 };

void parent_waiter_release(struct parent *p, int status)
{
	uint8_t byte = (uint8_t)status;
	int null;

	if (p->waiter_fd < 0)
		return;
	/* From here on nobody reads our stderr. */
	if (status == EXIT_SUCCESS) {
		null = open("/dev/null", O_RDWR | O_CLOEXEC);
		for (int fd = 0; null >= 0 && fd <= STDERR_FILENO; fd++)
			dup2(null, fd);
		if (null > STDERR_FILENO)
			close(null);
		log_open(true, p->options.level);
	}
	/* A waiter that is gone waits for nothing. */
	(void)!write(p->waiter_fd, &byte, 1);
	close(p->waiter_fd);
	p->waiter_fd = -1;
}

/* -- end -- */

void parent_fail(struct parent *p, const char *why)
{
	if (why)
		log_line(LOG_LEVEL_ERROR, "%s", why);
	p->status = EXIT_FAILURE;
	p->failed = true;
	event_base_loopbreak(p->base);
}

enum { STEP_NONE, STEP_GATEWAY, STEP_IKE, STEP_KEYS, STEP_DONE };

static const struct {
	unsigned step;
	enum msg_role role;
} steps[] = {
	/* The gateway first, while there are SAs to say goodbye in; then ike, which takes the SAs
           down. */
	{STEP_GATEWAY, MSG_ROLE_GATEWAY},
	{STEP_IKE, MSG_ROLE_IKE},
	{STEP_KEYS, MSG_ROLE_KEYS},
};

static bool child_is_done(const struct child *c)
{
	return c->pid == 0 || c->said_bye || !c->ipc;
}

static void next_step(struct parent *p)
{
	struct msg_shutdown m = {.wait_ms = PARENT_SHUTDOWN_STEP_MS};

	while (++p->ending < STEP_DONE) {
		struct child *c = parent_child(p, steps[p->ending - 1].role);

		if (child_is_done(c))
			continue;
		ipc_send_shutdown(c->ipc, &m, -1);
		clock_timer_set(p->end_timer, clock_now() + LS_MS(PARENT_SHUTDOWN_STEP_MS),
		                clock_now());
		return;
	}
	event_base_loopbreak(p->base);
}

void parent_shutdown_step(struct parent *p)
{
	if (p->ending > STEP_NONE && p->ending < STEP_DONE &&
	    child_is_done(parent_child(p, steps[p->ending - 1].role)))
		next_step(p);
}

/* Ends everything in good order. */
static void end_in_order(struct parent *p)
{
	if (p->ending)
		return;
	log_line(LOG_LEVEL_INFO, "ending");
	notify_service("STOPPING=1");
	next_step(p);
}

static void end_timer_fired(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	next_step(arg);
}

/* -- signals and timers -- */

static void on_end_signal(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	end_in_order(arg);
}

static void say_to_log(void *context, const char *line)
{
	(void)context;
	log_line(LOG_LEVEL_ERROR, "%s", line);
}

static void on_hangup(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	parent_reload(arg, say_to_log, NULL);
}

static void on_child_signal(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	parent_children_reap(arg);
}

static void log_timer_fired(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	log_tick(clock_now());
}

static void ready_timer_fired(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	parent_fail(arg, "the processes did not get ready in time");
}

static bool loop_make(struct parent *p)
{
	struct timeval tick = {.tv_sec = LOG_TICK_S}, ready = {.tv_sec = PARENT_READY_S};

	p->base = event_base_new();
	if (!p->base)
		return false;
	p->on_term = evsignal_new(p->base, SIGTERM, on_end_signal, p);
	p->on_int = evsignal_new(p->base, SIGINT, on_end_signal, p);
	p->on_hup = evsignal_new(p->base, SIGHUP, on_hangup, p);
	p->on_child = evsignal_new(p->base, SIGCHLD, on_child_signal, p);
	p->log_timer = event_new(p->base, -1, EV_PERSIST, log_timer_fired, p);
	p->end_timer = evtimer_new(p->base, end_timer_fired, p);
	p->ready_timer = evtimer_new(p->base, ready_timer_fired, p);
	return p->on_term && p->on_int && p->on_hup && p->on_child && p->log_timer &&
	       p->end_timer && p->ready_timer && evsignal_add(p->on_term, NULL) == 0 &&
	       evsignal_add(p->on_int, NULL) == 0 && evsignal_add(p->on_hup, NULL) == 0 &&
	       evsignal_add(p->on_child, NULL) == 0 && event_add(p->log_timer, &tick) == 0 &&
	       evtimer_add(p->ready_timer, &ready) == 0;
}

static void loop_free(struct parent *p)
{
	struct event *all[] = {p->on_term,   p->on_int,    p->on_hup,     p->on_child,
	                       p->log_timer, p->end_timer, p->ready_timer};

	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		if (all[i])
			event_free(all[i]);
	for (unsigned i = 0; i < PARENT_CHILDREN; i++)
		if (p->child[i].again)
			event_free(p->child[i].again);
	if (p->base)
		event_base_free(p->base);
}

/* -- start -- */

/* As an absolute path: a daemon changes its directory, and yet finds its config again at a reload.
 */
static bool config_locate(struct parent *p)
{
	size_t len = 0, cap = sizeof p->config_path;

	if (p->options.config[0] != '/') {
		if (!getcwd(p->config_path, cap))
			return false;
		len = strlen(p->config_path);
	}
	if ((size_t)snprintf(p->config_path + len, cap - len, "%s%s", len > 0 ? "/" : "",
	                     p->options.config) >= cap - len) {
		log_line(LOG_LEVEL_ERROR, "the path of the configuration is too long: %s",
		         p->options.config);
		return false;
	}
	p->options.config = p->config_path;
	return true;
}

/* Only whether it can be opened: what is in it is for the keys process alone. */
static bool secrets_try(const struct parent *p)
{
	char error[PARENT_ERROR_MAX];
	int fd = conf_secrets_open("secrets file", p->conf.gateway.secrets, error, sizeof error);

	if (fd < 0)
		log_line(LOG_LEVEL_ERROR, "%s", error);
	else
		close(fd);
	return fd >= 0;
}

static void warn(void *context, const char *line)
{
	(void)context;
	log_line(LOG_LEVEL_WARN, "%s", line);
}

static bool config_read(struct parent *p)
{
	struct conf_errors errors = {0};
	bool ok = conf_load(p->options.config, &p->conf, &errors) &&
	          parent_pki_check(p, &p->conf, &errors);

	for (size_t i = 0; i < errors.count; i++)
		log_line(LOG_LEVEL_ERROR, "%s", errors.line[i]);
	if (ok)
		conf_legacy(&p->conf, warn, NULL);
	return ok && secrets_try(p);
}

unsigned parent_workers(struct parent *p)
{
	if (p->workers == 0)
		p->workers = p->conf.gateway.workers;
	return p->workers;
}

bool parent_gateway_encode(struct parent *p)
{
	uint8_t *bytes = malloc(CONFIG_BYTES_MAX);
	struct conf_gateway conf = p->conf.gateway;
	struct wr w;

	if (!bytes)
		return false;
	w = wr_make(bytes, CONFIG_BYTES_MAX);
	conf.workers = parent_workers(p);
	if (!conf_gateway_encode(&w, &conf)) {
		free(bytes);
		return false;
	}
	free(p->gateway_encoded);
	p->gateway_encoded = bytes;
	p->gateway_encoded_len = w.len;
	return true;
}

static void net_changed(void *ctx)
{
	struct parent *p = ctx;
	struct msg_net_changed m = {.times = ++p->net_changes};

	ipc_send_net_changed(parent_child(p, MSG_ROLE_IKE)->ipc, &m, -1);
}

/* All that the system must give, or nothing. */
static bool system_open(struct parent *p, char *error, size_t cap)
{
	struct listen_wish wish = {.ike_port = 500, .nat_port = 4500};

	p->netlink = netlink_open();
	p->netwatch = netwatch_new(p->base, net_changed, p);
	if (!p->netlink || !p->netwatch) {
		snprintf(error, cap, "cannot open a netlink socket: %s", strerror(errno));
		return false;
	}
	wish.workers = parent_workers(p);
	wish.local4 = p->conf.gateway.local4;
	wish.local6 = p->conf.gateway.local6;
	if (!listen_open(&p->listen, &wish, error, cap))
		return false;
	for (size_t i = 0; i < p->conf.tunnel_count; i++)
		if (!parent_tunnel_new(p, &p->conf.tunnels[i], error, cap))
			return false;
	return true;
}

static void system_close(struct parent *p)
{
	while (p->tunnels)
		parent_tunnel_free(p, p->tunnels);
	listen_close(&p->listen);
	netwatch_free(p->netwatch);
	netlink_close(p->netlink);
}

/* The process that was called stays until we are ready, and gives our status. */
static bool background(struct parent *p)
{
	uint8_t status = EXIT_FAILURE;
	int pair[2];
	pid_t pid;

	if (p->options.foreground)
		return true;
	if (pipe2(pair, O_CLOEXEC) < 0 || (pid = fork()) < 0) {
		log_line(LOG_LEVEL_ERROR, "cannot go to the background: %s", strerror(errno));
		return false;
	}
	if (pid == 0) {
		close(pair[0]);
		p->waiter_fd = pair[1];
		setsid();
		/* A daemon holds no directory: its file system could not be unmounted. */
		return chdir("/") == 0;
	}
	close(pair[1]);
	if (read(pair[0], &status, 1) != 1)
		status = EXIT_FAILURE;
	_exit(status);
}

static void children_end(struct parent *p)
{
	enum { WAITS = 50, WAIT_US = 10000 };

	for (unsigned i = 0; i < PARENT_CHILDREN; i++) {
		ipc_free(p->child[i].ipc);
		p->child[i].ipc = NULL;
	}
	p->ending = STEP_DONE;
	for (int wait = 0; wait < WAITS; wait++) {
		bool left = false;

		parent_children_reap(p);
		for (unsigned i = 0; i < PARENT_CHILDREN; i++)
			left |= p->child[i].pid > 0;
		if (!left)
			return;
		usleep(WAIT_US);
	}
	for (unsigned i = 0; i < PARENT_CHILDREN; i++)
		child_kill(&p->child[i]);
}

static void serve(struct parent *p)
{
	char error[PARENT_ERROR_MAX];

	if (!loop_make(p) || !parent_gateway_encode(p) ||
	    (p->waiter_fd >= 0 && !child_log_open(&p->child_log, p->base))) {
		log_line(LOG_LEVEL_ERROR,
		         "cannot start: no memory, or the general settings are too long");
	} else if (!system_open(p, error, sizeof error) ||
	           !control_open(p, p->run_dir.socket, error, sizeof error)) {
		log_line(LOG_LEVEL_ERROR, "%s", error);
	} else if (parent_children_start(p) && !p->failed) {
		parent_pki_watch(p);
		p->status = EXIT_SUCCESS;
		event_base_dispatch(p->base);
	}
	children_end(p);
	child_log_close(&p->child_log);
	control_close(p);
	system_close(p);
	parent_pki_free(p);
	loop_free(p);
}

int parent_run(const struct parent_options *options)
{
	struct parent *p = calloc(1, sizeof *p);
	char error[PARENT_ERROR_MAX];
	int status;

	if (!p)
		return EXIT_FAILURE;
	p->options = *options;
	p->waiter_fd = -1;
	child_log_init(&p->child_log);
	p->status = EXIT_FAILURE;
	p->started = clock_now();
	signal(SIGPIPE, SIG_IGN);
	umask(022);
	sandbox_limits();
	if (!config_locate(p) || !config_read(p) || !background(p)) {
		status = EXIT_FAILURE;
	} else if (!run_dir_take(&p->run_dir, options->run_dir, error, sizeof error)) {
		log_line(LOG_LEVEL_ERROR, "%s", error);
		status = EXIT_FAILURE;
	} else {
		run_dir_write_pid(&p->run_dir);
		serve(p);
		run_dir_give(&p->run_dir);
		status = p->status;
	}
	parent_waiter_release(p, status);
	conf_free(&p->conf);
	free(p->gateway_encoded);
	log_tick(LS_NEVER);
	free(p);
	return status;
}
