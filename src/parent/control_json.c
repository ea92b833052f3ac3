/* The JSON objects that the admin socket speaks in (src/base/control.h). */
#include "src/parent/control_client.h"

#include "lib/algo.h"
#include "lib/cert.h"
#include "src/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#ifndef L2TPSEC_VERSION
#define L2TPSEC_VERSION "0.1"
#endif

enum { DAY_S = 86400, TIME_TEXT_MAX = 32, ID_TEXT_MAX = 600 };

/* What a peer says (names, reasons) must neither steer the terminal of who reads it nor vanish:
 * control characters are replaced, and all that is not ASCII where the whole is no UTF-8. */
char *control_json_printable(char *text)
{
	json_t *whole = json_string(text);
	bool utf8 = whole != NULL;

	json_decref(whole);
	return text_printable(text, utf8);
}

static void set_text(json_t *o, const char *key, const char *text)
{
	char *copy = text && text[0] ? strdup(text) : NULL;

	if (copy)
		json_object_set_new(o, key, json_string(control_json_printable(copy)));
	free(copy);
}

static void set_number(json_t *o, const char *key, uint64_t value)
{
	json_object_set_new(o, key, json_integer((json_int_t)value));
}

static void set_bool(json_t *o, const char *key, bool value)
{
	json_object_set_new(o, key, json_boolean(value));
}

static void set_addr(json_t *o, const char *key, const struct ls_addr *a)
{
	char text[LS_ADDR_TEXT_MAX];

	if (a->family != 0)
		set_text(o, key, ls_addr_text(a, text));
}

/* UTC; part: what follows the seconds. */
static void set_time(json_t *o, time_t wall, const char *part)
{
	char text[2 * TIME_TEXT_MAX];
	struct tm tm;
	size_t n;

	gmtime_r(&wall, &tm);
	n = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text + n, sizeof text - n, "%s", part);
	set_text(o, "time", text);
}

static void set_algo(json_t *o, const char *key, unsigned id)
{
	const struct algo *a = algo_get(id);

	if (a)
		set_text(o, key, a->name);
}

/* Whether it is for old peers only. */
static bool is_legacy(unsigned id)
{
	const struct algo *a = algo_get(id);

	return a && a->gate == ALGO_LEGACY;
}

static void set_hex(json_t *o, const char *key, uint64_t value, int digits)
{
	char text[24];

	snprintf(text, sizeof text, "%0*llx", digits, (unsigned long long)value);
	set_text(o, key, text);
}

static uint64_t seconds_since(ls_time then, ls_time now)
{
	return now > then ? (uint64_t)((now - then) / LS_S(1)) : 0;
}

static const char *severity_name(enum ls_severity s)
{
	static const char *const names[] = {"count", "info", "warn", "error"};

	return names[s];
}

static void set_cause(json_t *o, unsigned cause)
{
	const struct ls_cause_info *info = ls_cause_info(cause);

	set_number(o, "number", info->number);
	set_text(o, "name", info->name);
	set_text(o, "sentence", info->sentence);
}

json_t *control_json_event(const struct history_entry *e, ls_time now)
{
	json_t *o = json_pack("{s:s}", "type", "event");
	char text[TIME_TEXT_MAX];

	if (!o)
		return NULL;
	set_time(o, e->wall.tv_sec, "Z");
	set_number(o, "age_s", seconds_since(e->at, now));
	set_text(o, "tunnel", e->tunnel);
	set_text(o, "process", msg_role_name(e->role));
	set_cause(o, e->event.cause);
	snprintf(text, sizeof text, "L2S-%u", ls_cause_info(e->event.cause)->number);
	set_text(o, "id", text);
	set_text(o, "severity", severity_name(ls_cause_info(e->event.cause)->severity));
	set_addr(o, "peer", &e->event.peer);
	set_text(o, "text", e->event.text);
	return o;
}

static const char *exchange_name(uint8_t exchange)
{
	static const struct {
		uint8_t number;
		const char *name;
	} names[] = {{34, "IKE_SA_INIT"},
	             {35, "IKE_AUTH"},
	             {36, "CREATE_CHILD_SA"},
	             {37, "INFORMATIONAL"}};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (names[i].number == exchange)
			return names[i].name;
	return "?";
}

/* The parts of a text with "; " between. */
static json_t *parts(const char *text)
{
	json_t *list = json_array();
	const char *end;

	for (; *text; text = *end ? end + 2 : end) {
		char *part;

		end = strstr(text, "; ");
		if (!end)
			end = text + strlen(text);
		part = strndup(text, (size_t)(end - text));
		if (part)
			json_array_append_new(list, json_string(control_json_printable(part)));
		free(part);
	}
	return list;
}

json_t *control_json_trace(const char *tunnel, const struct msg_trace *m)
{
	json_t *o = json_pack("{s:s}", "type", "trace");
	char part[TIME_TEXT_MAX];
	struct timespec now;

	if (!o)
		return NULL;
	clock_gettime(CLOCK_REALTIME, &now);
	snprintf(part, sizeof part, ".%03dZ", (int)(now.tv_nsec / 1000000));
	set_time(o, now.tv_sec, part);
	set_text(o, "tunnel", tunnel);
	set_text(o, "exchange", exchange_name(m->exchange));
	set_number(o, "message_id", m->id);
	set_bool(o, "response", m->response);
	set_bool(o, "sent", m->sent);
	set_addr(o, "local", &m->local);
	set_addr(o, "peer", &m->remote);
	set_text(o, "text", m->text);
	json_object_set_new(o, "details", parts(m->details));
	return o;
}

json_t *control_json_counter(unsigned role, unsigned cause, uint64_t count)
{
	json_t *o = json_pack("{s:s, s:s}", "type", "counter", "process", msg_role_name(role));

	if (!o)
		return NULL;
	set_cause(o, cause);
	set_text(o, "severity", severity_name(ls_cause_info(cause)->severity));
	set_number(o, "count", count);
	return o;
}

static json_t *own_certificate(const struct cert_info *c)
{
	int64_t left = c->not_after - (int64_t)time(NULL);
	json_t *o = json_object();
	char date[16];

	if (!o)
		return NULL;
	set_text(o, "subject", c->subject);
	set_text(o, "issuer", c->issuer);
	set_text(o, "serial", c->serial);
	set_text(o, "not_after", cert_date(c->not_after, date));
	set_number(o, "days_left", left > 0 ? (uint64_t)left / DAY_S : 0);
	return o;
}

json_t *control_json_daemon(struct parent *p, unsigned missing)
{
	json_t *o = json_pack("{s:s, s:s, s:i}", "type", "daemon", "version", L2TPSEC_VERSION,
	                      "pid", (int)getpid());
	json_t *processes = json_array(), *silent = json_array();

	if (!o)
		return NULL;
	set_number(o, "uptime_s", seconds_since(p->started, clock_now()));
	set_text(o, "config", p->options.config);
	set_text(o, "redirect", p->redirect);
	for (unsigned i = 0; i < PARENT_CHILDREN; i++) {
		const struct child *c = &p->child[i];

		json_array_append_new(processes,
		                      json_pack("{s:s, s:i, s:b, s:i}", "role",
		                                msg_role_name(c->role), "pid", (int)c->pid, "ready",
		                                (int)c->ready, "restarts", (int)c->restarts));
		if (missing & c->role)
			json_array_append_new(silent, json_string(msg_role_name(c->role)));
	}
	json_object_set_new(o, "processes", processes);
	json_object_set_new(o, "missing", silent);
	if (p->certificate.pki.there)
		json_object_set_new(o, "certificate", own_certificate(&p->certificate.pki.info));
	return o;
}

static json_t *failure(const struct failure *f)
{
	json_t *o = json_object();

	if (!o)
		return NULL;
	set_cause(o, f->event.cause);
	set_text(o, "text", f->event.text);
	set_number(o, "age_s", seconds_since(f->at, clock_now()));
	return o;
}

static json_t *history(const struct parent *p, uint32_t tunnel)
{
	json_t *list = json_array();
	const struct history_entry *e;
	ls_time now = clock_now();
	uint64_t at = 0;

	while ((e = history_next(&p->history, tunnel, &at)))
		json_array_append_new(list, control_json_event(e, now));
	return list;
}

/* What the peer named when we asked; the host's resolver is not changed. */
static json_t *dns_servers(const struct tunnel *t)
{
	json_t *list = json_array();
	char text[LS_ADDR_TEXT_MAX];

	for (unsigned i = 0; i < 2; i++)
		if (t->iface.dns[i].family != 0)
			json_array_append_new(list,
			                      json_string(ls_addr_text(&t->iface.dns[i], text)));
	return list;
}

/* Where the tunnel's callers are sent; "": nowhere. */
static const char *callers_to(const struct parent *p, const struct tunnel *t)
{
	return t->redirect[0] ? t->redirect : p->redirect;
}

json_t *control_json_tunnel(struct parent *p, const struct tunnel *t, bool full, json_t *collected)
{
	json_t *o =
		json_pack("{s:s, s:s, s:s, s:s}", "type", "tunnel", "name", t->name, "state",
	                  msg_line_name(t->line.state), "start", conf_start_name(t->conf.start));
	json_t *routes = json_array();
	ls_time now = clock_now();
	char text[LS_ADDR_TEXT_MAX];

	if (!o)
		return NULL;
	set_text(o, "peer", t->conf.peer_count > 0 ? t->conf.peers[0] : "");
	set_addr(o, "peer_address", &t->iface.peer);
	set_text(o, "redirect", callers_to(p, t));
	set_number(o, "since_s", seconds_since(t->line.since, now));
	if (t->line.retry_at != LS_NEVER && t->line.retry_at > now)
		set_number(o, "retry_in_s", (uint64_t)((t->line.retry_at - now) / LS_S(1)));
	if (t->line.state != MSG_LINE_UP && t->failure.event.cause != CAUSE_NONE)
		json_object_set_new(o, "why", failure(&t->failure));
	if (t->line.lack.event.cause != CAUSE_NONE)
		json_object_set_new(o, "lack", failure(&t->line.lack));
	for (size_t i = 0; i < t->conf.route_count; i++)
		json_array_append_new(routes,
		                      json_string(ls_prefix_text(&t->conf.routes[i], text)));
	json_object_set_new(o, "routes", routes);
	if (t->conf.ppp.want_dns && t->iface.up)
		json_object_set_new(o, "dns", dns_servers(t));
	if (collected)
		json_object_update(o, collected);
	if (full) {
		json_object_set_new(o, "history", history(p, t->id));
	} else {
		json_object_del(o, "ike_sas");
		json_object_del(o, "esp_sas");
	}
	return o;
}

/* Why a tunnel that waits is not up may be a caller that did not get so far as to show whom it
 * called. */
static void stranger_add(json_t *o, const struct parent *p, const struct tunnel *t)
{
	ls_time now = clock_now(), since = t->failure.at;
	const struct history_entry *e;

	if (t->conf.start != CONF_START_WAIT || t->line.state == MSG_LINE_UP)
		return;
	if (t->line.since > since)
		since = t->line.since;
	e = history_stranger(&p->history, since);
	if (e)
		json_object_set_new(o, "stranger", control_json_event(e, now));
}

/* Callers that did not prove themselves, whatever the line itself is at. */
static void callers_add(json_t *o, const struct callers *c)
{
	json_t *callers = c->refused > 0 ? json_object() : NULL;

	if (!callers)
		return;
	set_number(callers, "count", c->refused);
	set_number(callers, "age_s", seconds_since(c->at, clock_now()));
	set_cause(callers, c->event.cause);
	set_text(callers, "text", c->event.text);
	set_addr(callers, "peer", &c->event.peer);
	json_object_set_new(o, "callers", callers);
}

json_t *control_json_why(struct parent *p, const struct tunnel *t)
{
	json_t *o =
		json_pack("{s:s, s:s, s:s, s:s}", "type", "why", "tunnel", t->name, "state",
	                  msg_line_name(t->line.state), "start", conf_start_name(t->conf.start));
	bool lacks = t->line.lack.event.cause != CAUSE_NONE;
	const struct failure *f = lacks ? &t->line.lack : &t->failure;
	const struct ls_cause_info *info = ls_cause_info(f->event.cause);

	if (!o)
		return NULL;
	set_number(o, "since_s", seconds_since(t->line.since, clock_now()));
	set_cause(o, f->event.cause);
	if (f->event.cause != CAUSE_NONE) {
		set_number(o, "age_s", seconds_since(f->at, clock_now()));
		set_text(o, "hint", info->hint);
		set_text(o, "text", f->event.text);
		set_addr(o, "peer", &f->event.peer);
		if (info->windows)
			set_number(o, "windows", info->windows);
	}
	callers_add(o, &t->callers);
	set_text(o, "redirect", callers_to(p, t));
	if (lacks)
		json_object_set_new(o, "lack", json_true());
	stranger_add(o, p, t);
	set_text(o, "file", p->options.config);
	if (t->conf.line > 0)
		set_number(o, "line", (uint64_t)t->conf.line);
	return o;
}

/* -- what the processes answer -- */

/* The object of a tunnel, made when it is the first answer about it. */
static json_t *object_of(json_t *tunnels, uint32_t tunnel)
{
	char key[16];
	json_t *o;

	snprintf(key, sizeof key, "%u", tunnel);
	o = json_object_get(tunnels, key);
	if (o)
		return o;
	o = json_pack("{s:[], s:[]}", "ike_sas", "esp_sas");
	return o && json_object_set_new(tunnels, key, o) == 0 ? json_object_get(tunnels, key)
	                                                      : NULL;
}

/* Printable text of an identity: names as they are, addresses as addresses, all else in
 * hexadecimal. */
static const char *identity_text(const struct msg_identity *id, char *out, size_t cap)
{
	enum { TYPE_IPV4 = 1, TYPE_FQDN = 2, TYPE_EMAIL = 3, TYPE_IPV6 = 5 };
	char address[LS_ADDR_TEXT_MAX];
	struct ls_addr a;
	size_t n = 0;

	out[0] = '\0';
	if ((id->type == TYPE_IPV4 && id->len == 4) || (id->type == TYPE_IPV6 && id->len == 16)) {
		a = ls_addr_from_bytes(id->len == 4 ? 4 : 6, id->data, 0);
		snprintf(out, cap, "%s", ls_addr_text(&a, address));
		return out;
	}
	for (uint16_t i = 0; i < id->len && n + 4 < cap; i++)
		if ((id->type == TYPE_FQDN || id->type == TYPE_EMAIL) && id->data[i] > 0x20 &&
		    id->data[i] < 0x7f)
			n += (size_t)snprintf(out + n, cap - n, "%c", id->data[i]);
		else
			n += (size_t)snprintf(out + n, cap - n, "%02x", id->data[i]);
	return out;
}

static json_t *peer_certificate(const struct msg_status_ike_sa *m)
{
	json_t *o = json_object();
	char date[16];

	if (!o)
		return NULL;
	set_text(o, "subject", m->peer_subject);
	set_text(o, "issuer", m->peer_issuer);
	set_text(o, "serial", m->peer_serial);
	set_text(o, "not_after", cert_date((int64_t)m->peer_not_after, date));
	return o;
}

static json_t *ike_sa(const struct msg_status_ike_sa *m)
{
	json_t *o = json_object();
	char text[ID_TEXT_MAX];

	if (!o)
		return NULL;
	set_number(o, "version", m->version);
	set_text(o, "state", m->state);
	set_hex(o, "spi_i", m->spi_i, 16);
	set_hex(o, "spi_r", m->spi_r, 16);
	set_bool(o, "initiator", m->initiator);
	set_bool(o, "nat_local", m->nat_local);
	set_bool(o, "nat_remote", m->nat_remote);
	set_bool(o, "fragmentation", m->fragmentation);
	set_algo(o, "encr", m->encr);
	set_algo(o, "prf", m->prf);
	set_algo(o, "integ", m->integ);
	set_algo(o, "ke", m->ke);
	set_bool(o, "legacy",
	         is_legacy(m->encr) || is_legacy(m->prf) || is_legacy(m->integ) ||
	                 is_legacy(m->ke));
	set_addr(o, "local", &m->local);
	set_addr(o, "remote", &m->remote);
	set_text(o, "peer_id", identity_text(&m->peer_id, text, sizeof text));
	set_text(o, "auth", m->auth);
	set_text(o, "peer_auth", m->peer_auth);
	set_bool(o, "mobike", m->mobike);
	set_bool(o, "redirect", m->redirect);
	set_addr(o, "redirected_from", &m->redirected_from);
	set_bool(o, "ppk", m->ppk);
	set_text(o, "ppk_id", m->ppk_id);
	if (m->peer_subject[0])
		json_object_set_new(o, "peer_certificate", peer_certificate(m));
	set_number(o, "age_s", m->age_s);
	set_number(o, "rekey_in_s", m->rekey_in_s);
	set_number(o, "silent_s", m->silent_s);
	set_number(o, "children", m->children);
	return o;
}

static json_t *esp_sa(const struct msg_status_esp_sa *m)
{
	json_t *o = json_object();

	if (!o)
		return NULL;
	set_text(o, "direction", m->direction == MSG_DIRECTION_IN ? "in" : "out");
	set_hex(o, "spi", m->spi, 8);
	set_number(o, "chain", m->chain);
	set_text(o, "protocol", m->encr ? "esp" : "ah");
	set_algo(o, "encr", m->encr);
	set_algo(o, "integ", m->integ);
	set_bool(o, "legacy", is_legacy(m->encr) || is_legacy(m->integ));
	set_text(o, "library", m->library);
	set_bool(o, "esn", m->esn);
	set_bool(o, "udp", m->udp);
	set_addr(o, "local", &m->local);
	set_addr(o, "remote", &m->remote);
	set_number(o, "packets", m->packets);
	set_number(o, "bytes", m->bytes);
	set_number(o, "sequence", m->sequence);
	set_number(o, "lost_packets", m->lost_packets);
	set_number(o, "dummies", m->dummies);
	set_number(o, "tfc_bytes", m->tfc);
	set_bool(o, "tfc_refused", m->tfc_refused);
	set_number(o, "age_s", m->age_s);
	set_number(o, "rekey_in_s", m->rekey_in_s);
	set_number(o, "idle_s", m->idle_s);
	return o;
}

static void set_offloads(json_t *o, const char *key, unsigned offloads)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < CONF_OFFLOADS_MAX; i++)
		if (offloads & 1u << i)
			json_array_append_new(list, json_string(conf_offload_name(1u << i)));
	json_object_set_new(o, key, list);
}

static void line(json_t *o, const struct msg_status_line *m)
{
	set_number(o, "tries", m->tries);
	set_text(o, "text", m->text);
	set_number(o, "queued", m->queued);
	if (m->session == 0)
		return;
	set_number(o, "connection", m->connection);
	set_number(o, "peer_connection", m->peer_connection);
	set_number(o, "session", m->session);
	set_number(o, "peer_session", m->peer_session);
	set_bool(o, "lac", m->lac);
	set_text(o, "host", m->peer_host);
	set_text(o, "user", m->user);
	set_addr(o, "local4", &m->local4);
	set_addr(o, "remote4", &m->remote4);
	set_bool(o, "ipv6", m->ipv6);
	set_number(o, "mtu", m->mtu);
	set_number(o, "path_mtu", m->path_mtu);
	set_text(o, "path_known", msg_path_name(m->path_how));
	set_number(o, "path_since_s", m->path_since_s);
	set_number(o, "in_packets", m->in_packets);
	set_number(o, "in_bytes", m->in_bytes);
	set_number(o, "out_packets", m->out_packets);
	set_number(o, "out_bytes", m->out_bytes);
	set_number(o, "idle_s", m->idle_s);
	set_offloads(o, "offloads", m->offloads);
	set_offloads(o, "offloads_missing", m->offloads_missing);
}

void control_json_collect(json_t *tunnels, const struct msg *m)
{
	json_t *o;

	switch (m->type) {
	case MSG_TYPE_STATUS_LINE:
		o = object_of(tunnels, m->status_line.tunnel);
		if (o)
			line(o, &m->status_line);
		return;
	case MSG_TYPE_STATUS_IKE_SA:
		o = object_of(tunnels, m->status_ike_sa.tunnel);
		json_array_append_new(json_object_get(o, "ike_sas"), ike_sa(&m->status_ike_sa));
		return;
	case MSG_TYPE_STATUS_ESP_SA:
		o = object_of(tunnels, m->status_esp_sa.tunnel);
		json_array_append_new(json_object_get(o, "esp_sas"), esp_sa(&m->status_esp_sa));
		return;
	default:
		return;
	}
}
