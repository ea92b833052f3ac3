/* The event loops of the processes (what libevent is to the daemon), and the simulator's own loop
 * that drives them all. */
#include "tests/sim/sim.h"
#include "tests/sim/wrap.h"

#include <event2/dns.h>
#include <event2/event.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

enum { POLL_MAX = 256, BUSY_US_MAX = 60, SIGNALS_MAX = 32 };

struct sim_event {
	struct sim_base *base;
	int fd;
	short what;
	event_callback_fn call;
	void *arg;
	bool waits; /* for its descriptor or signal */
	bool signalled;
	ls_time deadline; /* LS_NEVER: no timer runs */
	ls_time period;   /* of a persistent timer */
	int priority;
	struct sim_event *next;
};

struct sim_base {
	struct sim_process *process;
	struct sim_event *events, **last;
	bool broken, runs;
	int priorities;
};

static unsigned events_count;

static struct sim_base *base_of(struct event_base *b)
{
	return (struct sim_base *)(void *)b;
}

static struct sim_event *event_of(const struct event *e)
{
	return (struct sim_event *)(uintptr_t)e;
}

/* -- what the daemon calls -- */

struct event_base *__wrap_event_base_new(void)
{
	struct sim_base *b = calloc(1, sizeof *b);

	if (!b)
		abort();
	b->last = &b->events;
	b->process = sim_current;
	b->priorities = 1;
	sim_current->base = b;
	return (struct event_base *)(void *)b;
}

struct event_base *__wrap_event_base_new_with_config(const struct event_config *config)
{
	(void)config;
	return __wrap_event_base_new();
}

int __wrap_event_base_priority_init(struct event_base *base, int n)
{
	base_of(base)->priorities = n;
	return 0;
}

void __wrap_event_base_free(struct event_base *base)
{
	struct sim_base *b = base_of(base);

	for (struct sim_event *e = b->events; e; e = e->next)
		e->base = NULL;
	if (b->process->base == b)
		b->process->base = NULL;
	free(b);
}

int __wrap_event_base_dispatch(struct event_base *base)
{
	struct sim_base *b = base_of(base);

	b->runs = true;
	while (!b->broken && !b->process->killed)
		process_wait(b->process);
	b->runs = false;
	b->broken = false;
	return 0;
}

int __wrap_event_base_loopbreak(struct event_base *base)
{
	base_of(base)->broken = true;
	return 0;
}

struct event *__wrap_event_new(struct event_base *base, evutil_socket_t fd, short what,
                               event_callback_fn call, void *arg)
{
	struct sim_event *e = calloc(1, sizeof *e);
	struct sim_base *b = base_of(base);

	if (!e)
		abort();
	*e = (struct sim_event){.base = b,
	                        .fd = fd,
	                        .what = what,
	                        .call = call,
	                        .arg = arg,
	                        .deadline = LS_NEVER,
	                        .priority = b->priorities / 2};
	*b->last = e;
	b->last = &e->next;
	events_count++;
	return (struct event *)(void *)e;
}

void __wrap_event_free(struct event *event)
{
	struct sim_event *e = event_of(event);
	struct sim_base *b = e->base;

	if (b) {
		struct sim_event **at = &b->events;

		while (*at != e)
			at = &(*at)->next;
		*at = e->next;
		if (!*at)
			b->last = at;
	}
	events_count--;
	free(e);
}

int __wrap_event_add(struct event *event, const struct timeval *after)
{
	struct sim_event *e = event_of(event);

	if (e->what & (EV_READ | EV_WRITE | EV_SIGNAL))
		e->waits = true;
	if (!after)
		return 0;
	e->period = LS_S(after->tv_sec) + (ls_time)after->tv_usec;
	e->deadline = world_now + e->period;
	return 0;
}

int __wrap_event_del(struct event *event)
{
	struct sim_event *e = event_of(event);

	e->waits = e->signalled = false;
	e->deadline = LS_NEVER;
	return 0;
}

int __wrap_event_pending(const struct event *event, short what, struct timeval *tv)
{
	const struct sim_event *e = event_of(event);

	(void)tv;
	return (what & EV_TIMEOUT && e->deadline != LS_NEVER ? EV_TIMEOUT : 0) |
	       (e->waits ? what & e->what : 0);
}

int __wrap_event_priority_set(struct event *event, int priority)
{
	event_of(event)->priority = priority;
	return 0;
}

/* Peers have addresses here, no names. */
struct evdns_base *__wrap_evdns_base_new(struct event_base *base, int flags)
{
	(void)flags;
	return (struct evdns_base *)(void *)base;
}

void __wrap_evdns_base_free(struct evdns_base *dns, int fail_requests)
{
	(void)dns;
	(void)fail_requests;
}

struct evdns_getaddrinfo_request *__wrap_evdns_getaddrinfo(struct evdns_base *dns, const char *name,
                                                           const char *service,
                                                           const struct evutil_addrinfo *hints,
                                                           evdns_getaddrinfo_cb call, void *arg)
{
	(void)dns;
	(void)service;
	(void)hints;
	fail("the name %s was asked for", name);
	call(EVUTIL_EAI_FAIL, NULL, arg);
	return NULL;
}

void __wrap_evdns_getaddrinfo_cancel(struct evdns_getaddrinfo_request *request)
{
	(void)request;
}

/* -- the simulator's side -- */

void loop_signal(struct sim_base *base, int number)
{
	for (struct sim_event *e = base->events; e; e = e->next)
		if (e->what & EV_SIGNAL && e->fd == number && e->waits)
			e->signalled = true;
}

unsigned loop_events(void)
{
	return events_count;
}

/* What poll says of each event that waits for a descriptor. */
struct polled {
	struct pollfd fd[POLL_MAX];
	struct sim_event *event[POLL_MAX];
	unsigned n;
};

static void poll_all(struct polled *p)
{
	p->n = 0;
	for (const struct sim_process *proc = processes; proc; proc = proc->next) {
		if (!proc->base || proc->done)
			continue;
		for (struct sim_event *e = proc->base->events; e; e = e->next) {
			if (!e->waits || e->what & EV_SIGNAL)
				continue;
			if (p->n == POLL_MAX)
				abort();
			p->event[p->n] = e;
			p->fd[p->n++] = (struct pollfd){
				.fd = e->fd,
				.events = (short)((e->what & EV_READ ? POLLIN : 0) |
			                          (e->what & EV_WRITE ? POLLOUT : 0))};
		}
	}
	if (poll(p->fd, p->n, 0) < 0)
		abort();
}

/* What of a process could be done now. */
struct ready {
	struct sim_process *process;
	struct sim_event *event;
};

static bool is_timer_due(const struct sim_event *e)
{
	return e->deadline <= world_now;
}

/* The events of the most urgent priority that are ready; one of them is drawn, of timers the
 * earliest. */
static struct sim_event *event_choose(struct sim_process *proc, const struct polled *p)
{
	struct sim_event *io = NULL, *timer = NULL;
	int best = 1 << 20;
	uint32_t n = 0;

	for (struct sim_event *e = proc->base->events; e; e = e->next) {
		bool ready = e->signalled;

		if (is_timer_due(e)) {
			if (e->priority < best) {
				best = e->priority;
				n = 0;
				io = timer = NULL;
			}
			if (e->priority == best && (!timer || e->deadline < timer->deadline))
				timer = e;
		}
		for (unsigned i = 0; i < p->n && !ready; i++)
			ready = p->event[i] == e && p->fd[i].revents != 0;
		if (!ready || e->priority > best)
			continue;
		if (e->priority < best) {
			best = e->priority;
			n = 0;
			io = timer = NULL;
		}
		if (dice_below(++n) == 0)
			io = e;
	}
	if (io && timer)
		return dice_below(2) ? io : timer;
	return io ? io : timer;
}

static void event_call(struct sim_process *proc, struct sim_event *e)
{
	short what = is_timer_due(e) ? EV_TIMEOUT : (short)(e->what & ~EV_PERSIST);

	e->signalled = false;
	if (!(e->what & EV_PERSIST)) {
		e->waits = false;
		e->deadline = LS_NEVER;
	} else if (what == EV_TIMEOUT) {
		e->deadline += e->period;
	}
	sim_current = proc;
	e->call(e->fd, what, e->arg);
	sim_current = NULL;
	proc->busy_until = world_now + dice_below(BUSY_US_MAX);
	if (proc->base && proc->base->broken)
		process_resume(proc);
}

/* A process that starts or wakes up; NULL: none. */
static struct sim_process *thread_due(void)
{
	for (struct sim_process *p = processes; p; p = p->next)
		if (!p->done && ((!p->started && p->start_at <= world_now) ||
		                 (p->started && p->wake_at <= world_now)))
			return p;
	return NULL;
}

/* One step of one process, drawn from those that have something to do; false: none has. */
static bool process_step(struct polled *p)
{
	struct sim_process *proc = thread_due(), *chosen = NULL;
	struct sim_event *event = NULL;
	uint32_t n = 0;

	if (proc) {
		proc->wake_at = LS_NEVER;
		process_resume(proc);
		return true;
	}
	poll_all(p);
	for (proc = processes; proc; proc = proc->next) {
		if (!proc->base || !proc->base->runs || proc->done || proc->busy_until > world_now)
			continue;
		struct sim_event *e = event_choose(proc, p);

		if (e && dice_below(++n) == 0) {
			chosen = proc;
			event = e;
		}
	}
	if (!chosen)
		return false;
	event_call(chosen, event);
	processes_sweep();
	return true;
}

static ls_time earlier(ls_time a, ls_time b)
{
	return a < b ? a : b;
}

/* When the next thing happens, after nothing is to be done now. */
static ls_time next_time(const struct polled *p)
{
	ls_time next = world_next();

	for (const struct sim_process *proc = processes; proc; proc = proc->next) {
		if (proc->done)
			continue;
		if (!proc->started)
			next = earlier(next, proc->start_at);
		next = earlier(next, proc->wake_at);
		if (!proc->base || !proc->base->runs)
			continue;
		ls_time own = LS_NEVER;

		for (const struct sim_event *e = proc->base->events; e; e = e->next)
			own = e->signalled ? world_now : earlier(own, e->deadline);
		for (unsigned i = 0; i < p->n; i++)
			if (p->fd[i].revents != 0 && p->event[i]->base == proc->base)
				own = world_now;
		if (own != LS_NEVER && own < proc->busy_until)
			own = proc->busy_until;
		next = earlier(next, own);
	}
	return next;
}

void loop_run(ls_time until)
{
	struct polled p;
	bool ran = true;

	for (;;) {
		if (failure())
			return;
		if (world_step())
			continue;
		if (process_step(&p)) {
			ran = true;
			continue;
		}
		/* Something can only have come out of a TUN device after a process ran. */
		if (ran && host_receive())
			continue;
		ran = false;
		ls_time next = next_time(&p);

		if (next > until)
			break;
		world_now = next > world_now ? next : world_now + 1;
	}
	if (world_now < until)
		world_now = until;
}
