/* The gateway process: its sockets, timers and messages, and the pump that carries out what the
 * engines ask for. */
#include "src/base/log.h"
#include "src/gateway/gw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PUMP_ROUNDS = 1000 };

/* The links of sessions that were touched; one that has ended meanwhile is not found any more. */
static bool ppp_pump(struct gw_gateway *gw)
{
	bool any = false;

	while (gw->dirty_count > 0) {
		struct gw_session *s = gw->session[gw->dirty[gw->dirty_first++]];

		gw->dirty_count--;
		if (!s || !s->dirty)
			continue;
		s->dirty = false;
		any |= gw_ppp_pump(s);
	}
	return any;
}

void gw_pump(struct gw_gateway *gw)
{
	bool again = true;
	ls_time now;

	if (gw->pumping || !gw_gate_closed(&gw->gate))
		return;
	gw->pumping = true;
	for (unsigned round = 0; again && round < PUMP_ROUNDS; round++) {
		again = gw_sa_pump(gw);
		again |= gw_l2tp_pump(gw);
		again |= ppp_pump(gw);
	}
	gw->pumping = false;
	now = clock_now();
	clock_timer_set(gw->l2tp_timer, l2tp_deadline(gw->l2tp), now);
	clock_timer_set(gw->esp_timer, esp_deadline(gw->sad, now), now);
}

static void l2tp_timer_fired(evutil_socket_t fd, short what, void *arg)
{
	struct gw_gateway *gw = arg;

	(void)fd;
	(void)what;
	gw_gate_close(&gw->gate);
	l2tp_tick(gw->l2tp, clock_now());
	gw_pump(gw);
	gw_gate_open(&gw->gate);
}

static void esp_timer_fired(evutil_socket_t fd, short what, void *arg)
{
	struct gw_gateway *gw = arg;

	(void)fd;
	(void)what;
	gw_gate_close(&gw->gate);
	esp_tick(gw->sad, clock_now());
	gw_pump(gw);
	gw_gate_open(&gw->gate);
}

/* Nothing came, so it is an error that makes the socket readable. ike knows whom it concerns. */
void gw_socket_errors(struct gw_socket *s)
{
	struct gw_gateway *gw = s->gw;
	struct icmp_error error[ICMP_READ_MOST];
	unsigned n = icmp_read(&s->icmp, &gw->icmp, error, &gw->counters, clock_now());

	for (unsigned i = 0; i < n; i++) {
		if (error[i].too_big) {
			gw_pmtu_error(s, &error[i]);
			continue;
		}
		struct msg_unreachable m = {.remote = error[i].remote,
		                            .by = error[i].by,
		                            .kind = (uint8_t)error[i].kind};

		GW_SEND(gw, IKE, unreachable, &m);
	}
	if (s->icmp.flooded)
		proc_tell(gw->proc, 0, CAUSE_ICMP_FLOOD, NULL, "on the socket for ESP %s",
		          s->udp.raw ? "without UDP" : "in UDP");
	s->icmp.flooded = false;
}

static void socket_readable(evutil_socket_t fd, short what, void *arg)
{
	struct gw_socket *s = arg;

	(void)fd;
	(void)what;
	if (!gw_worker_socket(&s->gw->worker, &s->udp, clock_now()))
		gw_socket_errors(s);
	gw_pump(s->gw);
}

static void socket_writable(evutil_socket_t fd, short what, void *arg)
{
	struct gw_socket *s = arg;

	(void)fd;
	(void)what;
	gw_gate_close(&s->gw->gate);
	if (gw_worker_resume(&s->gw->worker))
		gw_tunnels_pause(s->gw, false);
	gw_gate_open(&s->gw->gate);
}

static void socket_full(void *owner, const struct gw_udp *udp)
{
	struct gw_gateway *gw = owner;

	gw_tunnels_pause(gw, true);
	for (unsigned i = 0; i < gw->sockets; i++)
		if (&gw->socket[i].udp == udp)
			event_add(gw->socket[i].write, NULL);
}

static const struct gw_worker_calls calls = {
	.device = gw_device_of,
	.waiting = gw_tunnel_wait,
	.early = gw_tunnel_early,
	.heard = gw_sa_heard,
	.control = gw_l2tp_control,
	.session = gw_session_flow,
	.ppp = gw_ppp_input,
	.active = gw_session_active,
	.full = socket_full,
	.stray = gw_sa_stray,
};

static void on_gateway_set(void *owner, enum msg_role from, const struct msg *m, int *fd)
{
	struct gw_gateway *gw = owner;

	(void)from;
	(void)fd;
	if (!conf_gateway_decode(m->gateway_set.conf.p, m->gateway_set.conf.len, &gw->conf))
		proc_tell(gw->proc, 0, CAUSE_MALFORMED, NULL, "general settings");
	/* Later it is for the next start. */
	if (!gw->begun && gw->sockets == 0 && gw->conf.workers > 1 &&
	    !gw_lanes_start(gw, gw->conf.workers))
		proc_tell(gw->proc, 0, CAUSE_NO_MEMORY, NULL, "the workers were not begun");
	gw_offload(gw);
}

static void on_tunnel_set(void *owner, enum msg_role from, const struct msg *m, int *fd)
{
	struct gw_gateway *gw = owner;
	struct gw_tunnel *t = gw_tunnel_make(gw, m->tunnel_set.tunnel);

	(void)from;
	(void)fd;
	if (!t)
		proc_tell(gw->proc, m->tunnel_set.tunnel, CAUSE_NO_MEMORY, NULL,
		          "the tunnel was not set up");
	else if (!conf_tunnel_decode(m->tunnel_set.conf.p, m->tunnel_set.conf.len, &gw->scratch))
		proc_tell(gw->proc, t->id, CAUSE_MALFORMED, NULL, "settings of a tunnel");
	else
		gw_tunnel_configure(t, &gw->scratch);
	gw_pump(gw);
}

static void on_tunnel_remove(void *owner, enum msg_role from, const struct msg *m, int *fd)
{
	struct gw_gateway *gw = owner;
	struct gw_tunnel *t = gw_tunnel_find(gw, m->tunnel_remove.tunnel);

	(void)from;
	(void)fd;
	if (t)
		gw_tunnel_remove(t, (enum ls_cause)m->tunnel_remove.cause);
	gw_pump(gw);
}

static void on_config_end(void *owner, enum msg_role from, const struct msg *m, int *fd)
{
	struct gw_gateway *gw = owner;

	(void)from;
	(void)fd;
	(void)m;
	gw->begun = true;
	for (struct gw_tunnel *t = gw->tunnels; t; t = t->next)
		gw_tunnel_step(t, GW_EV_BEGIN, CAUSE_NONE, NULL);
	gw_pump(gw);
}

static void on_shutdown(void *owner, enum msg_role from, const struct msg *m, int *fd)
{
	struct gw_gateway *gw = owner;

	(void)from;
	(void)fd;
	(void)m;
	gw->ending = true;
	for (struct gw_tunnel *t = gw->tunnels; t; t = t->next)
		gw_tunnel_step(t, GW_EV_ADMIN_DOWN, CAUSE_SHUTDOWN, NULL);
	gw_pump(gw);
	proc_stop(gw->proc);
}

static bool socket_add(struct gw_gateway *gw, int fd, const struct msg_socket *m)
{
	struct gw_socket *s = gw->sockets < GW_SOCKETS_MAX ? &gw->socket[gw->sockets] : NULL;

	if (!s || (m->kind == MSG_SOCKET_AH_RAW
	                   ? !gw_udp_open_ah(&s->udp, fd, m->family)
	                   : !gw_udp_open(&s->udp, fd, m->family, m->kind == MSG_SOCKET_ESP_RAW)))
		return false;
	s->gw = gw;
	s->lane = m->worker;
	s->read = event_new(gw->base, fd, EV_READ | EV_PERSIST, socket_readable, s);
	s->write = event_new(gw->base, fd, EV_WRITE, socket_writable, s);
	if (!s->read || !s->write ||
	    (gw->lanes > 0 ? !gw_lane_socket(gw, m->worker, s) : event_add(s->read, NULL) < 0))
		return false;
	icmp_open(&s->icmp, gw->base, fd, m->family);
	s->icmp.sizes = true;
	gw->sockets++;
	gw_offload(gw);
	return true;
}

static void on_socket(void *owner, enum msg_role from, const struct msg *m, int *fd)
{
	struct gw_gateway *gw = owner;

	(void)from;
	if (m->socket.kind != MSG_SOCKET_ESP_RAW && m->socket.kind != MSG_SOCKET_AH_RAW &&
	    m->socket.kind != MSG_SOCKET_ESP4500)
		return;
	if (socket_add(gw, *fd, &m->socket))
		*fd = -1;
	else
		proc_tell(gw->proc, 0, CAUSE_GW_SOCKET_ERROR, NULL,
		          "a socket for ESP or AH could not be used");
}

static void on_tun(void *owner, enum msg_role from, const struct msg *m, int *fd)
{
	struct gw_gateway *gw = owner;
	struct gw_tunnel *t = gw_tunnel_make(gw, m->tun.tunnel);

	(void)from;
	if (!t)
		return;
	gw_tunnel_device(t, *fd, &m->tun);
	*fd = -1;
}

static void on_line(void *owner, enum msg_role from, const struct msg *m, int *fd)
{
	struct gw_gateway *gw = owner;
	bool up = m->type == MSG_TYPE_LINE_UP;
	struct gw_tunnel *t = gw_tunnel_find(gw, up ? m->line_up.tunnel : m->line_down.tunnel);

	(void)from;
	(void)fd;
	if (t)
		gw_tunnel_step(t, up ? GW_EV_ADMIN_UP : GW_EV_ADMIN_DOWN,
		               up ? CAUSE_NONE : (enum ls_cause)m->line_down.cause, "");
	gw_pump(gw);
}

static void on_iface_done(void *owner, enum msg_role from, const struct msg *m, int *fd)
{
	struct gw_gateway *gw = owner;
	struct gw_tunnel *t = gw_tunnel_find(gw, m->iface_done.tunnel);

	(void)from;
	(void)fd;
	if (t)
		gw_tunnel_iface_done(t, &m->iface_done);
	gw_pump(gw);
}

static void on_spi(void *owner, enum msg_role from, const struct msg *m, int *fd)
{
	struct gw_gateway *gw = owner;
	struct msg_spi_answer answer = {.id = m->spi_ask.id};

	(void)from;
	(void)fd;
	if (m->type == MSG_TYPE_SPI_RELEASE) {
		esp_spi_release(gw->sad, m->spi_release.spi);
		return;
	}
	answer.spi = esp_spi_reserve(gw->sad);
	GW_SEND(gw, IKE, spi_answer, &answer);
}

static void on_sa(void *owner, enum msg_role from, const struct msg *m, int *fd)
{
	struct gw_gateway *gw = owner;

	(void)from;
	(void)fd;
	switch (m->type) {
	case MSG_TYPE_SA_INSTALL:
		gw_sa_install(gw, &m->sa_install);
		break;
	case MSG_TYPE_SA_SWITCH:
		gw_sa_switch(gw, &m->sa_switch);
		break;
	case MSG_TYPE_SA_REMOVE:
		gw_sa_remove(gw, &m->sa_remove);
		break;
	case MSG_TYPE_SA_MOVED:
		gw_sa_moved(gw, &m->sa_moved);
		break;
	case MSG_TYPE_IKE_UP:
		gw_ike_up(gw, &m->ike_up);
		break;
	default:
		gw_ike_down(gw, &m->ike_down);
		break;
	}
	gw_pump(gw);
}

static void on_too_big(void *owner, enum msg_role from, const struct msg *m, int *fd)
{
	struct gw_gateway *gw = owner;

	(void)from;
	(void)fd;
	gw_pmtu_too_big(gw, &m->too_big);
	gw_pump(gw);
}

static void on_keys(void *owner, enum msg_role from, const struct msg *m, int *fd)
{
	struct gw_gateway *gw = owner;
	struct gw_tunnel *t;

	(void)from;
	(void)fd;
	if (m->type == MSG_TYPE_PPP_AUTH_ANSWER) {
		gw_ppp_auth_answer(gw, &m->ppp_auth_answer);
		return;
	}
	t = gw_tunnel_find(gw, m->l2tp_secret.tunnel);
	if (t && t->configured)
		gw_l2tp_configure(t, m->l2tp_secret.secret);
	gw_pump(gw);
}

static void on_status(void *owner, enum msg_role from, const struct msg *m, int *fd)
{
	(void)from;
	(void)fd;
	if (m->type == MSG_TYPE_STATUS_ASK)
		gw_status_ask(owner, &m->status_ask);
	else
		gw_debug_keys_ask(owner, &m->debug_keys_ask);
}

static void peer_there(void *owner, enum msg_role peer)
{
	struct gw_gateway *gw = owner;

	if (peer == MSG_ROLE_IKE)
		gw_ike_back(gw);
	if (peer != MSG_ROLE_KEYS)
		return;
	for (struct gw_tunnel *t = gw->tunnels; t; t = t->next) {
		struct msg_l2tp_secret_ask ask = {.tunnel = t->id};

		if (t->configured)
			GW_SEND(gw, KEYS, l2tp_secret_ask, &ask);
	}
	gw_ppp_ask_again(gw);
}

static void peer_lost(void *owner, enum msg_role peer)
{
	if (peer == MSG_ROLE_IKE)
		gw_ike_lost(owner);
}

/* What a message or a peer changes, the lanes use. */
static void close_gate(void *owner)
{
	struct gw_gateway *gw = owner;

	gw_gate_close(&gw->gate);
}

static void open_gate(void *owner)
{
	struct gw_gateway *gw = owner;

	gw_gate_open(&gw->gate);
}

static const struct ipc_handler handlers[] = {
	{MSG_TYPE_GATEWAY_SET, on_gateway_set},
	{MSG_TYPE_TUNNEL_SET, on_tunnel_set},
	{MSG_TYPE_TUNNEL_REMOVE, on_tunnel_remove},
	{MSG_TYPE_CONFIG_END, on_config_end},
	{MSG_TYPE_SHUTDOWN, on_shutdown},
	{MSG_TYPE_SOCKET, on_socket},
	{MSG_TYPE_TUN, on_tun},
	{MSG_TYPE_LINE_UP, on_line},
	{MSG_TYPE_LINE_DOWN, on_line},
	{MSG_TYPE_IFACE_DONE, on_iface_done},
	{MSG_TYPE_SPI_ASK, on_spi},
	{MSG_TYPE_SPI_RELEASE, on_spi},
	{MSG_TYPE_SA_INSTALL, on_sa},
	{MSG_TYPE_SA_SWITCH, on_sa},
	{MSG_TYPE_SA_REMOVE, on_sa},
	{MSG_TYPE_SA_MOVED, on_sa},
	{MSG_TYPE_TOO_BIG, on_too_big},
	{MSG_TYPE_IKE_UP, on_sa},
	{MSG_TYPE_IKE_DOWN, on_sa},
	{MSG_TYPE_PPP_AUTH_ANSWER, on_keys},
	{MSG_TYPE_L2TP_SECRET, on_keys},
	{MSG_TYPE_STATUS_ASK, on_status},
	{MSG_TYPE_DEBUG_KEYS_ASK, on_status},
};

static const struct proc_role role = {
	.role = MSG_ROLE_GATEWAY,
	.handlers = handlers,
	.handler_count = sizeof handlers / sizeof handlers[0],
	.peer_there = peer_there,
	.peer_lost = peer_lost,
	.enter = close_gate,
	.leave = open_gate,
};

/* Tries every algorithm with each library before a packet does. */
static void self_test(struct gw_gateway *gw)
{
	size_t count;
	const struct algo *rows = algo_all(&count);

	for (size_t i = 0; i < count; i++) {
		struct esp_implementation of;

		if (!esp_implementation(gw->sad, rows[i].id, &of) || !of.wrong)
			continue;
		ls_count(&gw->counters, CAUSE_ESP_SELF_TEST);
		log_line(LOG_LEVEL_ERROR, "L2S-%u: %s by %s: %s; %s does it",
		         ls_cause_info(CAUSE_ESP_SELF_TEST)->number, rows[i].name, of.wrong,
		         ls_cause_info(CAUSE_ESP_SELF_TEST)->sentence,
		         of.library ? of.library : "no other");
	}
}

static bool gateway_init(struct gw_gateway *gw)
{
	struct l2tp_limits limits = {0};

	gw->random = ls_random_system();
	gw->ike_generation = 1;
	gw->proc = secret_init() ? proc_new(&role, gw) : NULL;
	if (!gw->proc)
		return false;
	gw->base = proc_base(gw->proc);
	gw->sad = esp_sad_new(GW_SAS_MAX, &gw->random);
	if (gw->sad)
		self_test(gw);
	gw->l2tp = l2tp_new(&limits, &gw->random);
	gw->l2tp_timer = evtimer_new(gw->base, l2tp_timer_fired, gw);
	gw->esp_timer = evtimer_new(gw->base, esp_timer_fired, gw);
	return gw->sad && gw->l2tp && gw->l2tp_timer && gw->esp_timer &&
	       gw_worker_init(&gw->worker, gw->sad, &calls, gw, &gw->counters);
}

static void gateway_free(struct gw_gateway *gw)
{
	gw->ending = true;
	gw_lanes_end(gw);
	while (gw->tunnels)
		gw_tunnel_remove(gw->tunnels, CAUSE_SHUTDOWN);
	for (unsigned i = 0; i < gw->sockets; i++) {
		event_free(gw->socket[i].read);
		event_free(gw->socket[i].write);
		icmp_close(&gw->socket[i].icmp);
		gw_udp_close(&gw->socket[i].udp);
	}
	gw_worker_free(&gw->worker);
	if (gw->l2tp_timer)
		event_free(gw->l2tp_timer);
	if (gw->esp_timer)
		event_free(gw->esp_timer);
	if (gw->l2tp)
		l2tp_free(gw->l2tp);
	if (gw->sad)
		esp_sad_free(gw->sad);
	proc_free(gw->proc);
	free(gw);
}

int gateway_main(void)
{
	struct gw_gateway *gw = calloc(1, sizeof *gw);
	int status = 1;

	if (!gw)
		return 1;
	if (gateway_init(gw) && proc_sandbox(gw->proc))
		status = proc_loop(gw->proc);
	if (gw->proc)
		gateway_free(gw);
	else
		free(gw);
	return status;
}
