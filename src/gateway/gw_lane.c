/* The threads of the packet path. */
#include "src/gateway/gw_lane.h"

#include "src/gateway/gw.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
	EVENTS = 8,          /* looked at before the main thread may come in between */
	TUNS = GW_UDP_KINDS, /* in the place of a socket's kind: the devices; */
	WAKE,                /* and the end */
	STRAYS_PER_S = GW_STRAYS_PER_S,
};
#define ACTIVE_EVERY LS_S(1)
#define MOVED_EVERY LS_MS(10)

struct gw_lane {
	struct gw_gateway *gw;
	unsigned index;
	pthread_t thread;
	bool ended;
	struct gw_worker worker;
	struct ls_counters counters;
	struct gw_notes notes;
	bool told; /* the main thread was, and has not come yet */
	int epoll, tuns, wake;
	struct gw_socket *socket[GW_UDP_KINDS];
	unsigned errors; /* set of kinds whose errors are noted */
	uint32_t heard_spi, moved_spi;
	ls_time heard_until, moved_until;
	struct ls_second strays;
} __attribute__((aligned(64)));

/* -- what it leaves to the main thread -- */

static bool leave(struct gw_lane *l, const struct gw_note *note)
{
	if (gw_notes_add(&l->notes, note))
		return true;
	ls_count(&l->counters, CAUSE_GW_QUEUE_FULL);
	return false;
}

static void waiting(void *owner, struct gw_tunnel *t, const uint8_t *bytes, size_t len)
{
	leave(owner, &(struct gw_note){.kind = GW_NOTE_WAITING,
	                               .tunnel = t->id,
	                               .bytes = (uint8_t *)(uintptr_t)bytes,
	                               .len = len});
}

static void early(void *owner, struct gw_tunnel *t, const uint8_t *packet, size_t len)
{
	leave(owner, &(struct gw_note){.kind = GW_NOTE_EARLY,
	                               .tunnel = t->id,
	                               .bytes = (uint8_t *)(uintptr_t)packet,
	                               .len = len});
}

/* Of each packet: only what is news is noted. */
static void heard(void *owner, struct esp_sa *sa, uint32_t spi, const struct ls_addr *local,
                  const struct ls_addr *from)
{
	struct gw_lane *l = owner;
	ls_time now = l->worker.now;

	if (esp_sa_udp(sa) && !ls_addr_equal(from, esp_sa_remote(sa))) {
		if (l->moved_spi == spi && now < l->moved_until)
			return;
		l->moved_spi = spi;
		l->moved_until = now + MOVED_EVERY;
	} else {
		if (l->heard_spi == spi && now < l->heard_until)
			return;
		l->heard_spi = spi;
		l->heard_until = now + ACTIVE_EVERY;
		if (!gw_sa_hear(l->gw, sa, now))
			return;
	}
	leave(l,
	      &(struct gw_note){.kind = GW_NOTE_HEARD, .spi = spi, .local = *local, .from = *from});
}

static bool packet(void *owner, struct esp_sa *sa, uint8_t *bytes, size_t len, uint8_t class)
{
	return leave(owner, &(struct gw_note){.kind = GW_NOTE_PACKET,
	                                      .spi = esp_sa_spi(sa),
	                                      .class = class,
	                                      .bytes = bytes,
	                                      .len = len});
}

static void control(void *owner, struct esp_sa *sa, uint8_t *bytes, size_t len)
{
	packet(owner, sa, bytes, len, 0);
}

static struct gw_flow_session *session(void *owner, uint16_t number)
{
	const struct gw_lane *l = owner;

	return gw_session_flow(l->gw, number);
}

static void ppp(void *owner, struct gw_flow_session *s, uint8_t *frame, size_t len)
{
	leave(owner, &(struct gw_note){.kind = GW_NOTE_PPP,
	                               .session = s->data.session,
	                               .connection = s->data.connection,
	                               .bytes = frame,
	                               .len = len});
}

static void active(void *owner, struct gw_flow_session *s)
{
	struct gw_lane *l = owner;
	ls_time now = l->worker.now;
	bool heard_now = __atomic_load_n(&s->heard, __ATOMIC_RELAXED) == now;

	if (!heard_now && __atomic_load_n(&s->stirred, __ATOMIC_RELAXED) + ACTIVE_EVERY > now)
		return;
	__atomic_store_n(&s->stirred, now, __ATOMIC_RELAXED);
	leave(l, &(struct gw_note){.kind = GW_NOTE_ACTIVE,
	                           .session = s->data.session,
	                           .connection = s->data.connection,
	                           .heard = heard_now});
}

static void stray(void *owner, uint32_t spi, const struct gw_received *in)
{
	struct gw_lane *l = owner;

	if (ls_second_add(&l->strays, 1, l->worker.now) <= STRAYS_PER_S)
		leave(l, &(struct gw_note){.kind = GW_NOTE_STRAY,
		                           .spi = spi,
		                           .ah = in->ah,
		                           .local = in->local,
		                           .from = in->remote});
}

/* -- its loop -- */

static bool watch(int epoll, int what, int fd, uint32_t events, uint32_t data)
{
	struct epoll_event e = {.events = events, .data.u32 = data};

	return epoll_ctl(epoll, what, fd, &e) == 0;
}

/* Until it can be written nothing is read from devices. */
static void full(void *owner, const struct gw_udp *udp)
{
	struct gw_lane *l = owner;

	watch(l->epoll, EPOLL_CTL_MOD, udp->fd, EPOLLIN | EPOLLOUT, udp->kind);
	watch(l->epoll, EPOLL_CTL_DEL, l->tuns, 0, 0);
}

static void writable(struct gw_lane *l, const struct gw_udp *udp)
{
	watch(l->epoll, EPOLL_CTL_MOD, udp->fd, EPOLLIN, udp->kind);
	if (gw_worker_resume(&l->worker))
		watch(l->epoll, EPOLL_CTL_ADD, l->tuns, EPOLLIN, TUNS);
}

static const struct gw_worker_calls calls = {
	.device = gw_device_of,
	.waiting = waiting,
	.early = early,
	.heard = heard,
	.control = control,
	.session = session,
	.later = packet,
	.ppp = ppp,
	.active = active,
	.full = full,
	.stray = stray,
};

static void devices_read(struct gw_lane *l)
{
	struct epoll_event e[EVENTS];
	int n = epoll_wait(l->tuns, e, EVENTS, 0);

	for (int i = 0; i < n && !l->worker.stalled; i++) {
		struct gw_tunnel *t = gw_tunnel_find(l->gw, e[i].data.u32);

		if (!t)
			continue;
		gw_worker_tun(&l->worker, t, clock_now());
		if (gw_sa_doubts(t, l->worker.now))
			leave(l, &(struct gw_note){.kind = GW_NOTE_SENT, .tunnel = t->id});
	}
}

static void socket_ready(struct gw_lane *l, uint8_t kind, uint32_t events)
{
	const struct gw_udp *udp = &l->socket[kind]->udp;

	if (events & EPOLLOUT)
		writable(l, udp);
	if (!(events & ~(uint32_t)EPOLLOUT) || gw_worker_socket(&l->worker, udp, clock_now()) ||
	    l->errors & 1u << kind)
		return;
	/* Nothing came: it is an error. */
	if (leave(l, &(struct gw_note){.kind = GW_NOTE_ERRORS, .kind_of_socket = kind}))
		l->errors |= 1u << kind;
}

static void tell(struct gw_lane *l)
{
	if (l->told || (l->notes.used == 0 && !esp_pending(l->gw->sad)))
		return;
	l->told = eventfd_write(l->gw->lanes_told, 1) == 0;
}

static void *run(void *arg)
{
	struct gw_lane *l = arg;
	struct epoll_event e[EVENTS];

	while (!__atomic_load_n(&l->ended, __ATOMIC_RELAXED)) {
		int n = epoll_wait(l->epoll, e, EVENTS, -1);

		for (int i = 0; i < n; i++) {
			uint32_t what = e[i].data.u32;

			gw_gate_enter(&l->gw->gate, l->index);
			if (what < GW_UDP_KINDS)
				socket_ready(l, (uint8_t)what, e[i].events);
			else if (what == TUNS)
				devices_read(l);
			tell(l);
			gw_gate_leave(&l->gw->gate, l->index);
		}
	}
	return NULL;
}

/* -- what they left, in the main thread -- */

static void waiting_take(struct gw_gateway *gw, struct gw_tunnel *t, struct gw_note *n, ls_time now)
{
	if (t->device.session)
		gw_worker_waited(&gw->worker, t, n->bytes, n->len, now);
	else
		gw_tunnel_wait(gw, t, n->bytes, n->len);
}

static void note_take(struct gw_gateway *gw, struct gw_lane *l, struct gw_note *n)
{
	ls_time now = clock_now();
	struct gw_tunnel *t = n->tunnel ? gw_tunnel_find(gw, n->tunnel) : NULL;
	struct esp_sa *sa = n->spi ? esp_sa_inbound(gw->sad, n->spi) : NULL;
	struct gw_session *s = gw->session[n->session];

	if (s && s->flow.data.connection != n->connection)
		s = NULL;
	gw->worker.now = now;
	switch (n->kind) {
	case GW_NOTE_PACKET:
		if (sa)
			gw_worker_again(&gw->worker, sa, n->bytes, n->len, n->class, now);
		break;
	case GW_NOTE_PPP:
		if (s)
			gw_ppp_input(gw, &s->flow, n->bytes, n->len);
		break;
	case GW_NOTE_WAITING:
		if (t)
			waiting_take(gw, t, n, now);
		break;
	case GW_NOTE_EARLY:
		if (t)
			gw_tunnel_early(gw, t, n->bytes, n->len);
		break;
	case GW_NOTE_HEARD:
		if (sa)
			gw_sa_heard(gw, sa, n->spi, &n->local, &n->from);
		break;
	case GW_NOTE_STRAY:
		gw_sa_stray(
			gw, n->spi,
			&(struct gw_received){.ah = n->ah, .local = n->local, .remote = n->from});
		break;
	case GW_NOTE_ACTIVE:
		if (s)
			gw_session_stirred(gw, s, n->heard, now);
		break;
	case GW_NOTE_SENT:
		if (t)
			gw_sa_sent(t, now);
		break;
	case GW_NOTE_ERRORS:
		gw_socket_errors(l->socket[n->kind_of_socket]);
		l->errors &= ~(1u << n->kind_of_socket);
		break;
	}
}

static void told(evutil_socket_t fd, short what, void *arg)
{
	struct gw_gateway *gw = arg;
	eventfd_t n;

	(void)what;
	eventfd_read(fd, &n);
	gw_gate_close(&gw->gate);
	for (unsigned i = 0; i < gw->lanes; i++) {
		struct gw_lane *l = gw->lane[i];
		struct gw_note *note;

		l->told = false;
		while ((note = gw_notes_next(&l->notes)))
			note_take(gw, l, note);
	}
	gw_pump(gw);
	gw_gate_open(&gw->gate);
}

/* -- their beginning and end -- */

static void lane_free(struct gw_lane *l)
{
	if (!l)
		return;
	gw_worker_free(&l->worker);
	gw_notes_free(&l->notes);
	for (unsigned i = 0; i < 3; i++) {
		int fd = i == 0 ? l->epoll : i == 1 ? l->tuns : l->wake;

		if (fd >= 0)
			close(fd);
	}
	free(l);
}

static struct gw_lane *lane_new(struct gw_gateway *gw, unsigned index, unsigned lanes)
{
	struct gw_lane *l = aligned_alloc(_Alignof(struct gw_lane), sizeof *l);

	if (!l)
		return NULL;
	memset(l, 0, sizeof *l);
	l->gw = gw;
	l->index = index;
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	l->tuns = epoll_create1(EPOLL_CLOEXEC);
	l->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (!gw_worker_init(&l->worker, gw->sad, &calls, l, &l->counters) ||
	    !gw_notes_init(&l->notes) || l->epoll < 0 || l->tuns < 0 || l->wake < 0 ||
	    !watch(l->epoll, EPOLL_CTL_ADD, l->tuns, EPOLLIN, TUNS) ||
	    !watch(l->epoll, EPOLL_CTL_ADD, l->wake, EPOLLIN, WAKE)) {
		lane_free(l);
		return NULL;
	}
	l->worker.esp = esp_worker(gw->sad, index + 1);
	l->worker.shared = true;
	l->worker.queue = index;
	l->worker.lanes = lanes;
	return l;
}

bool gw_lanes_start(struct gw_gateway *gw, unsigned n)
{
	if (!esp_workers(gw->sad, n + 1))
		return false;
	gw->worker.esp = esp_worker(gw->sad, 0);
	gw->worker.shared = true;
	gw->worker.lanes = n;
	gw_gate_begin(&gw->gate, n);
	gw->lanes_told = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	gw->lanes_event = event_new(gw->base, gw->lanes_told, EV_READ | EV_PERSIST, told, gw);
	if (gw->lanes_told < 0 || !gw->lanes_event || event_add(gw->lanes_event, NULL) < 0)
		return false;
	for (; gw->lanes < n; gw->lanes++) {
		struct gw_lane *l = lane_new(gw, gw->lanes, n);

		if (!l || pthread_create(&l->thread, NULL, run, l) != 0) {
			lane_free(l);
			return false;
		}
		gw->lane[gw->lanes] = l;
	}
	return true;
}

void gw_lanes_end(struct gw_gateway *gw)
{
	for (unsigned i = 0; i < gw->lanes; i++) {
		__atomic_store_n(&gw->lane[i]->ended, true, __ATOMIC_RELAXED);
		eventfd_write(gw->lane[i]->wake, 1);
	}
	for (unsigned i = 0; i < gw->lanes; i++) {
		pthread_join(gw->lane[i]->thread, NULL);
		lane_free(gw->lane[i]);
	}
	gw->lanes = 0;
	gw->gate.lanes = 0;
	if (gw->lanes_event)
		event_free(gw->lanes_event);
	gw->lanes_event = NULL;
}

bool gw_lane_socket(struct gw_gateway *gw, unsigned lane, struct gw_socket *socket)
{
	struct gw_lane *l = lane < gw->lanes ? gw->lane[lane] : NULL;

	if (!l || l->socket[socket->udp.kind])
		return false;
	l->socket[socket->udp.kind] = socket;
	l->worker.own[socket->udp.kind] = &socket->udp;
	return watch(l->epoll, EPOLL_CTL_ADD, socket->udp.fd, EPOLLIN, socket->udp.kind);
}

bool gw_lane_queue(struct gw_gateway *gw, unsigned lane, uint32_t tunnel, int fd)
{
	return lane < gw->lanes && watch(gw->lane[lane]->tuns, EPOLL_CTL_ADD, fd, EPOLLIN, tunnel);
}

void gw_lane_queue_end(struct gw_gateway *gw, unsigned lane, int fd)
{
	if (lane < gw->lanes)
		watch(gw->lane[lane]->tuns, EPOLL_CTL_DEL, fd, 0, 0);
}

const struct ls_counters *gw_lane_counters(const struct gw_gateway *gw, unsigned lane)
{
	return &gw->lane[lane]->counters;
}
