/* Name resolution by evdns, and the source address by a connected socket that sends nothing. */
#include "src/ike/ike_resolve.h"

#include "src/base/datagram.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A question to DNS. Its answer may come after the name is gone (name is NULL then), so it is a
 * thing of its own. */
struct resolve_ask {
	struct resolve_name *name;
	struct evdns_getaddrinfo_request *request;
};

static void asks_cancel(struct resolve *r)
{
	for (unsigned i = 0; i < r->names; i++) {
		struct resolve_ask *ask = r->name[i].ask;

		r->name[i].ask = NULL;
		if (!ask)
			continue;
		ask->name = NULL;
		evdns_getaddrinfo_cancel(ask->request);
	}
	r->waiting = 0;
}

static void limit_reached(evutil_socket_t fd, short what, void *arg)
{
	struct resolve *r = arg;

	(void)fd;
	(void)what;
	if (r->waiting == 0)
		return;
	asks_cancel(r);
	r->done(r->ctx);
}

void resolve_init(struct resolve *r, struct event_base *base, struct evdns_base *dns,
                  const char *const *names, unsigned n, void (*done)(void *), void *ctx)
{
	memset(r, 0, sizeof *r);
	r->dns = dns;
	r->done = done;
	r->ctx = ctx;
	r->literal = true;
	r->limit_s = RESOLVE_LIMIT_S;
	for (unsigned i = 0; i < n && r->names < RESOLVE_NAMES_MAX; i++) {
		struct resolve_name *name = &r->name[r->names++];

		name->owner = r;
		snprintf(name->text, sizeof name->text, "%s", names[i]);
		if (ls_addr_parse(name->text, &name->addr[0]))
			name->addrs = 1;
		else
			r->literal = false;
	}
	if (!r->literal && base)
		r->limit = evtimer_new(base, limit_reached, r);
}

static void answered(int error, struct evutil_addrinfo *list, void *arg)
{
	struct resolve_ask *ask = arg;
	struct resolve_name *name = ask->name;
	struct resolve *r = name ? name->owner : NULL;

	free(ask);
	if (name) {
		name->ask = NULL;
		if (error == 0)
			name->addrs = 0;
		for (const struct evutil_addrinfo *a = error == 0 ? list : NULL;
		     a && name->addrs < RESOLVE_ADDRESSES_MAX; a = a->ai_next) {
			struct ls_addr at = datagram_name_read(a->ai_addr);

			if (at.family)
				name->addr[name->addrs++] = ls_addr_with_port(at, 0);
		}
	}
	if (list)
		evutil_freeaddrinfo(list);
	if (r && r->waiting > 0 && --r->waiting == 0 && !r->starting)
		r->done(r->ctx);
}

void resolve_free(struct resolve *r)
{
	asks_cancel(r);
	if (r->limit)
		event_free(r->limit);
	r->limit = NULL;
	r->names = 0;
}

static void name_ask(struct resolve *r, struct resolve_name *name)
{
	struct evutil_addrinfo hints = {
		.ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM, .ai_protocol = IPPROTO_UDP};
	struct resolve_ask *ask = calloc(1, sizeof *ask);
	struct evdns_getaddrinfo_request *request;

	if (!ask)
		return;
	ask->name = name;
	name->ask = ask;
	r->waiting++;
	/* Answers from the hosts file come before the call returns, and then ask is gone. */
	request = evdns_getaddrinfo(r->dns, name->text, NULL, &hints, answered, ask);
	if (name->ask)
		name->ask->request = request;
}

void resolve_start(struct resolve *r, ls_time now)
{
	struct timeval limit = {.tv_sec = r->limit_s};
	struct ls_addr literal;

	if (r->literal || r->waiting > 0 || !r->dns || !r->limit)
		return;
	r->asked = now;
	r->starting = true;
	for (unsigned i = 0; i < r->names; i++)
		if (!ls_addr_parse(r->name[i].text, &literal))
			name_ask(r, &r->name[i]);
	r->starting = false;
	if (r->waiting == 0)
		r->done(r->ctx);
	else
		evtimer_add(r->limit, &limit);
}

unsigned resolve_addresses(const struct resolve *r, struct ls_addr *out, unsigned max)
{
	unsigned n = 0;

	for (unsigned i = 0; i < r->names; i++)
		for (unsigned k = 0; k < r->name[i].addrs && n < max; k++)
			out[n++] = r->name[i].addr[k];
	return n;
}

static bool is_ours(const struct ls_addr *local)
{
	struct ls_addr any_port = ls_addr_with_port(*local, 0);
	struct sockaddr_in6 at;
	socklen_t len = datagram_name_make(&any_port, &at);
	int fd = socket(at.sin6_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool ok = fd < 0 || bind(fd, (struct sockaddr *)&at, len) == 0;

	if (fd >= 0)
		close(fd);
	return ok;
}

bool resolve_source_changed(const struct ls_addr *remote, const struct ls_addr *local,
                            struct ls_addr *fresh)
{
	if (local->family != remote->family || !resolve_source(remote, fresh) ||
	    ls_addr_same_ip(fresh, local))
		return false;
	return local->family == 4 || !is_ours(local);
}

bool resolve_source(const struct ls_addr *remote, struct ls_addr *local)
{
	struct ls_addr there = ls_addr_with_port(*remote, remote->port ? remote->port : 500);
	struct sockaddr_in6 to, from = {0};
	socklen_t to_len = datagram_name_make(&there, &to), len = sizeof from;
	bool ok;
	int fd = socket(to.sin6_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return false;
	ok = connect(fd, (struct sockaddr *)&to, to_len) == 0 &&
	     getsockname(fd, (struct sockaddr *)&from, &len) == 0;
	if (ok)
		*local = ls_addr_with_port(datagram_name_read((struct sockaddr *)&from), 0);
	close(fd);
	return ok;
}
