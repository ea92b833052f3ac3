/* What the daemon asks of the system besides the network: the clock, processes, the sandbox,
 * interfaces, the log. */
#include "tests/sim/sim.h"
#include "tests/sim/wrap.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SIM_OUTER_IFINDEX = 1, SIM_OUTER_MTU = 1500, SIM_REAL_NS = 100000 };

int __wrap_clock_gettime(clockid_t id, struct timespec *t)
{
	struct timespec real = {0};

	if (sim_break == BREAK_TIME)
		__real_clock_gettime(id, &real);
	t->tv_sec = (time_t)(world_now / LS_S(1));
	t->tv_nsec = (long)(world_now % LS_S(1)) * 1000 + real.tv_nsec % SIM_REAL_NS;
	return 0;
}

/* -- processes -- */

/* Ctrl-C is the simulator's. */
sighandler_t __wrap_signal(int number, sighandler_t handler)
{
	(void)number;
	(void)handler;
	return SIG_DFL;
}

pid_t __wrap_waitpid(pid_t pid, int *status, int options)
{
	(void)options;
	/* The kernel has taken the children of a parent that was killed. */
	if (sim_current && sim_current->killed) {
		*status = SIGKILL;
		return pid;
	}
	for (struct sim_process *p = processes; p; p = p->next)
		if (p->pid == pid && p->done && !p->reaped && p->parent == sim_current) {
			p->reaped = true;
			*status = p->wait_status;
			return pid;
		}
	return 0;
}

int __wrap_usleep(useconds_t us)
{
	struct sim_process *p = sim_current;

	if (p->killed)
		return 0;
	p->wake_at = world_now + us;
	process_wait(p);
	return 0;
}

static int run_role(struct sim_process *p)
{
	switch (p->role) {
	case MSG_ROLE_KEYS:
		return keys_main();
	case MSG_ROLE_IKE:
		return ike_main();
	default:
		return gateway_main();
	}
}

bool __wrap_child_start(struct child *c, struct event_base *base, const char *empty_dir,
                        int stderr_fd, const struct ipc_calls *calls, void *owner)
{
	int pair[2];

	(void)empty_dir;
	(void)stderr_fd;
	if (!ipc_pair(pair))
		return false;
	c->pid = process_new(sim_current->gateway, c->role, sim_current, pair[1], run_role)->pid;
	c->ready = false;
	c->said_bye = false;
	c->started = clock_now();
	c->ipc = ipc_new(base, pair[0], MSG_ROLE_PARENT, c->role, calls, owner);
	return c->ipc != NULL;
}

static void kill_now(void *ctx)
{
	for (struct sim_process *p = processes; p; p = p->next)
		if (p->pid == (int)(intptr_t)ctx) {
			process_kill(p);
			return;
		}
}

void __wrap_child_kill(struct child *c)
{
	if (c->pid > 0 && !sim_current->killed)
		world_at(world_now, kill_now, (void *)(intptr_t)c->pid, false);
}

/* Descriptor 3 of a process is the one that its parent made for it. */
struct ipc *__wrap_ipc_new(struct event_base *base, int fd, enum msg_role self, enum msg_role peer,
                           const struct ipc_calls *calls, void *owner)
{
	if (self != MSG_ROLE_PARENT && peer == MSG_ROLE_PARENT)
		fd = sim_current->channel_fd;
	return __real_ipc_new(base, fd, self, peer, calls, owner);
}

struct sandbox_user __wrap_sandbox_user_of(enum msg_role role)
{
	(void)role;
	return (struct sandbox_user){.named = true, .name = "simulated"};
}

void __wrap_sandbox_limits(void)
{
}

bool __wrap_sandbox_enter(enum msg_role role, const char *empty_dir, const char **why)
{
	(void)role;
	(void)empty_dir;
	(void)why;
	return true;
}

bool __wrap_run_dir_take(struct run_dir *d, const char *dir, char *error, size_t cap)
{
	(void)error;
	(void)cap;
	d->lock_fd = -1;
	snprintf(d->empty, sizeof d->empty, "%s", dir);
	return true;
}

void __wrap_run_dir_write_pid(const struct run_dir *d)
{
	(void)d;
}

void __wrap_run_dir_give(struct run_dir *d)
{
	(void)d;
}

/* -- interfaces: all is granted -- */

struct netlink *__wrap_netlink_open(void)
{
	static int one;

	return (struct netlink *)(void *)&one;
}

void __wrap_netlink_close(struct netlink *nl)
{
	(void)nl;
}

const char *__wrap_netlink_reason(const struct netlink *nl)
{
	(void)nl;
	return "";
}

int __wrap_netlink_link_set(struct netlink *nl, uint32_t ifindex, bool up, uint32_t mtu)
{
	(void)nl;
	(void)ifindex;
	(void)up;
	(void)mtu;
	return 0;
}

int __wrap_netlink_link_mtu(struct netlink *nl, uint32_t ifindex, uint32_t *mtu)
{
	(void)nl;
	(void)ifindex;
	*mtu = SIM_OUTER_MTU;
	return 0;
}

int __wrap_netlink_link_no_autoaddress(struct netlink *nl, uint32_t ifindex)
{
	(void)nl;
	(void)ifindex;
	return 0;
}

int __wrap_netlink_address_add(struct netlink *nl, uint32_t ifindex, const struct ls_addr *local,
                               const struct ls_addr *peer, uint8_t bits)
{
	(void)nl;
	(void)ifindex;
	(void)local;
	(void)peer;
	(void)bits;
	return 0;
}

int __wrap_netlink_address_remove(struct netlink *nl, uint32_t ifindex, const struct ls_addr *local,
                                  const struct ls_addr *peer, uint8_t bits)
{
	return __wrap_netlink_address_add(nl, ifindex, local, peer, bits);
}

/* The simulated hosts have no addresses but those of their tunnels. */
enum iface_holder __wrap_iface_holder_of(const struct ls_addr *a, const char *except)
{
	(void)a;
	(void)except;
	return IFACE_NOBODYS;
}

int __wrap_netlink_route_set(struct netlink *nl, uint32_t ifindex, const struct ls_prefix *to,
                             const struct ls_addr *source, uint32_t metric)
{
	(void)nl;
	(void)ifindex;
	(void)to;
	(void)source;
	(void)metric;
	return 0;
}

int __wrap_netlink_route_remove(struct netlink *nl, uint32_t ifindex, const struct ls_prefix *to,
                                uint32_t metric)
{
	return __wrap_netlink_route_set(nl, ifindex, to, NULL, metric);
}

int __wrap_netlink_route_get(struct netlink *nl, const struct ls_addr *to, uint32_t *ifindex,
                             uint32_t *mtu)
{
	(void)nl;
	(void)to;
	*ifindex = SIM_OUTER_IFINDEX;
	*mtu = SIM_OUTER_MTU;
	return 0;
}

/* -- the log goes into the trace -- */

static bool speaks(void)
{
	return sim_current && !sim_current->killed;
}

void __wrap_log_event(const struct ls_event *event, const char *tunnel, ls_time now)
{
	char text[LOG_LINE_MAX];

	(void)now;
	if (speaks())
		trace("%u log: %s", sim_current->gateway,
		      log_event_text(event, tunnel, text, sizeof text));
}

void __wrap_log_tick(ls_time now)
{
	(void)now;
}

void __wrap_log_line(enum log_level level, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void __wrap_log_line(enum log_level level, const char *format, ...)
{
	char text[LOG_LINE_MAX];
	va_list args;

	(void)level;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	if (speaks())
		trace("%u log: %s", sim_current->gateway, text);
}
