/* Processes of the daemons: a thread each, of which only one runs at a time. */
#include "tests/sim/sim.h"

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

enum { START_US_MAX = 20000, STACK_BYTES = 1024 * 1024 };

struct sim_thread {
	pthread_t thread;
	sem_t go;
};

struct sim_process *sim_current, *processes;
static sem_t simulator;
static bool simulator_made;
static int last_pid;

struct sim_process *process_new(unsigned gateway, enum msg_role role, struct sim_process *parent,
                                int channel_fd, int (*run)(struct sim_process *p))
{
	struct sim_process *p = calloc(1, sizeof *p), **at = &processes;

	if (!p)
		abort();
	if (!processes)
		last_pid = 0;
	p->gateway = gateway;
	p->role = role;
	p->parent = parent;
	p->channel_fd = channel_fd;
	p->run = run;
	p->pid = ++last_pid;
	p->start_at = world_now + dice_below(START_US_MAX);
	p->wake_at = LS_NEVER;
	while (*at)
		at = &(*at)->next;
	*at = p;
	return p;
}

static void *thread_main(void *arg)
{
	struct sim_process *p = arg;

	while (sem_wait(&p->thread->go) != 0)
		continue;
	p->wait_status = p->run(p) << 8;
	p->done = true;
	sem_post(&simulator);
	return NULL;
}

static void thread_start(struct sim_process *p)
{
	pthread_attr_t attr;

	if (!simulator_made && sem_init(&simulator, 0, 0) != 0)
		abort();
	simulator_made = true;
	p->thread = calloc(1, sizeof *p->thread);
	if (!p->thread || sem_init(&p->thread->go, 0, 0) != 0 || pthread_attr_init(&attr) != 0)
		abort();
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	if (pthread_create(&p->thread->thread, &attr, thread_main, p) != 0)
		abort();
	pthread_attr_destroy(&attr);
	p->started = true;
}

static void ended(struct sim_process *p)
{
	if (p->thread) {
		pthread_join(p->thread->thread, NULL);
		sem_destroy(&p->thread->go);
		free(p->thread);
		p->thread = NULL;
	}
	if (p->killed)
		p->wait_status = SIGKILL;
	trace("%u %s ends, status %d", p->gateway, msg_role_name(p->role), p->wait_status);
	if (p->role == MSG_ROLE_PARENT) {
		p->reaped = true;
		for (struct sim_process *c = processes; c; c = c->next)
			if (c->parent == p) {
				c->parent = NULL;
				c->reaped |= c->done;
			}
		daemon_ended(p->gateway, p->wait_status);
	} else if (p->parent) {
		process_signal(p->parent, SIGCHLD);
	} else {
		p->reaped = true;
	}
}

void process_resume(struct sim_process *p)
{
	struct sim_process *before = sim_current;

	if (!p->started)
		thread_start(p);
	sim_current = p;
	sem_post(&p->thread->go);
	while (sem_wait(&simulator) != 0)
		continue;
	sim_current = before;
	if (p->done)
		ended(p);
}

void process_wait(struct sim_process *p)
{
	sem_post(&simulator);
	while (sem_wait(&p->thread->go) != 0)
		continue;
}

void process_kill(struct sim_process *p)
{
	if (p->done)
		return;
	trace("%u %s is killed", p->gateway, msg_role_name(p->role));
	p->killed = true;
	if (!p->started) {
		close(p->channel_fd);
		p->done = true;
		ended(p);
		return;
	}
	while (!p->done)
		process_resume(p);
}

void process_signal(struct sim_process *p, int number)
{
	if (p->base && !p->done)
		loop_signal(p->base, number);
}

struct sim_process *process_find(unsigned gateway, enum msg_role role)
{
	for (struct sim_process *p = processes; p; p = p->next)
		if (p->gateway == gateway && p->role == role && !p->done)
			return p;
	return NULL;
}

void processes_sweep(void)
{
	for (struct sim_process **at = &processes, *p; (p = *at);) {
		if (p->done && p->reaped) {
			*at = p->next;
			free(p);
		} else {
			at = &p->next;
		}
	}
}
