/* Reading the configuration anew: what changed is told to the processes, all else stays as it is.
 */
#include "src/parent/control_server.h"
#include "src/parent/parent.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct conf_tunnel *conf_by_name(const struct conf *conf, const char *name)
{
	for (size_t i = 0; i < conf->tunnel_count; i++)
		if (strcmp(conf->tunnels[i].name, name) == 0)
			return &conf->tunnels[i];
	return NULL;
}

static void tunnel_remove(struct parent *p, struct tunnel *t)
{
	struct msg_tunnel_remove m = {.tunnel = t->id, .cause = CAUSE_CONFIG_CHANGED};

	PARENT_SEND_ALL(p, tunnel_remove, &m);
	parent_tell(p, t->id, CAUSE_CONFIG_CHANGED, NULL,
	            "the tunnel is not in the configuration any more");
	parent_tunnel_free(p, t);
}

/* Those that are gone, before the new ones come: they may want the same names or routes. */
static unsigned remove_gone(struct parent *p, const struct conf *conf)
{
	struct tunnel *next;
	unsigned n = 0;

	for (struct tunnel *t = p->tunnels; t; t = next) {
		next = t->next;
		if (!conf_by_name(conf, t->name)) {
			tunnel_remove(p, t);
			n++;
		}
	}
	return n;
}

static bool is_changed(const struct tunnel *t, const struct conf_tunnel *conf)
{
	enum { ENCODED_MAX = 16384 };
	uint8_t *bytes = malloc(ENCODED_MAX);
	struct wr w;
	bool same;

	if (!bytes)
		return true;
	w = wr_make(bytes, ENCODED_MAX);
	same = conf_tunnel_encode(&w, conf) && w.len == t->encoded_len &&
	       memcmp(bytes, t->encoded, w.len) == 0;
	free(bytes);
	return !same;
}

struct counts {
	unsigned added, changed, removed, failed;
};

/* What only a start can change is told, so that nobody waits for it. */
static void start_needed(const struct conf_gateway *old, const struct conf_gateway *now,
                         void (*say)(void *, const char *), void *context)
{
	if (!ls_addr_same_ip(&old->local4, &now->local4) ||
	    !ls_addr_same_ip(&old->local6, &now->local6))
		say(context, "a change of gateway.local or local6 counts from the next start of "
		             "the daemon on");
	if (old->workers != now->workers)
		say(context, "a change of gateway.workers counts from the next start of the daemon "
		             "on");
}

/* A tunnel that goes by the gateway's identity changes with it. */
static bool identity_is_changed(const struct conf_tunnel *t, const struct conf_gateway *old,
                                const struct conf_gateway *now)
{
	return t->identity[0] == '\0' && strcmp(old->identity, now->identity) != 0;
}

static void tunnel_apply(struct parent *p, const struct conf_tunnel *conf,
                         const struct conf_gateway *old, struct counts *n,
                         void (*say)(void *, const char *), void *context)
{
	struct tunnel *t = parent_tunnel_by_name(p, conf->name);
	char error[PARENT_ERROR_MAX];

	if (!t) {
		t = parent_tunnel_new(p, conf, error, sizeof error);
		if (!t) {
			say(context, error);
			n->failed++;
			return;
		}
		parent_tunnel_send_all(p, t, true);
		n->added++;
	} else if (is_changed(t, conf) || identity_is_changed(conf, old, &p->conf.gateway)) {
		if (parent_tunnel_change(p, t, conf))
			parent_tunnel_send_all(p, t, false);
		n->changed++;
	} else {
		/* Its place in the file may be another one. */
		t->conf = *conf;
	}
}

static void gateway_apply(struct parent *p)
{
	struct msg_gateway_set m;

	if (!parent_gateway_encode(p))
		return;
	m.conf = LS_BYTES(p->gateway_encoded, p->gateway_encoded_len);
	PARENT_SEND_ALL(p, gateway_set, &m);
	for (const struct tunnel *t = p->tunnels; t; t = t->next)
		tun_offload(&t->tun, conf_offload(&p->conf.gateway));
}

enum parent_reload parent_reload(struct parent *p, void (*say)(void *context, const char *line),
                                 void *context)
{
	struct msg_config_end end = {.first = false};
	struct conf_errors errors = {0};
	struct counts n = {0};
	struct conf conf;
	struct conf_gateway old;
	char error[PARENT_ERROR_MAX];
	bool secrets;

	if (!conf_load(p->options.config, &conf, &errors)) {
		for (size_t i = 0; i < errors.count; i++)
			say(context, errors.line[i]);
		parent_tell(p, 0, CAUSE_CONFIG_REFUSED, NULL, "%s",
		            errors.count > 0 ? errors.line[0] : "");
		return PARENT_RELOAD_REFUSED;
	}
	if (!parent_pki_check(p, &conf, &errors)) {
		for (size_t i = 0; i < errors.count; i++)
			say(context, errors.line[i]);
		parent_tell(p, 0, CAUSE_PKI_REFUSED, NULL, "%.200s", errors.line[0]);
		conf_free(&conf);
		return PARENT_RELOAD_REFUSED;
	}
	conf_legacy(&conf, say, context);
	n.removed = remove_gone(p, &conf);
	old = p->conf.gateway;
	start_needed(&old, &conf.gateway, say, context);
	conf_free(&p->conf);
	p->conf = conf;
	control_group_find(p);
	gateway_apply(p);
	/* The secrets may have changed although the config did not. */
	secrets = parent_secrets_send(p, error, sizeof error);
	if (!secrets)
		say(context, error);
	/* So may the certificates, in their files. */
	parent_pki_send(p, parent_child(p, MSG_ROLE_IKE));
	parent_pki_send(p, parent_child(p, MSG_ROLE_KEYS));
	parent_token_send(p);
	parent_pki_watch(p);
	for (size_t i = 0; i < p->conf.tunnel_count; i++)
		tunnel_apply(p, &p->conf.tunnels[i], &old, &n, say, context);
	PARENT_SEND_ALL(p, config_end, &end);
	parent_tell(p, 0, CAUSE_CONFIG_RELOADED, NULL, "%u new, %u changed, %u removed%s", n.added,
	            n.changed, n.removed, n.failed ? "; some could not be set up" : "");
	return secrets && n.failed == 0 ? PARENT_RELOAD_DONE : PARENT_RELOAD_PARTLY;
}
