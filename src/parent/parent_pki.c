/* Certificates and keys: their files are opened here and read by the processes that use them; and
 * the end of our own certificate is watched. */
#include "src/parent/parent.h"

#include "lib/crypto.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { DAY_S = 86400, WARN_DAYS = 30 };

bool parent_pki_check(struct parent *p, const struct conf *conf, struct conf_errors *errors)
{
	struct conf_pki pki;
	bool ok = conf_pki_check(conf, false, &pki, errors);

	if (ok)
		p->certificate.pki = pki;
	return ok;
}

static void refused(struct parent *p, const char *error)
{
	parent_tell(p, 0, CAUSE_PKI_REFUSED, NULL, "%.200s", error);
}

static void file_send(struct parent *p, struct child *c, enum msg_pki kind, const char *path)
{
	struct msg_pki_file m = {.kind = (uint8_t)kind};
	char error[PARENT_ERROR_MAX];
	int fd = conf_pki_open(path, error, sizeof error);

	if (fd < 0) {
		refused(p, error);
		/* ike must hear that the set is not whole: this is no file that it takes. */
		fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return;
	}
	snprintf(m.path, sizeof m.path, "%s", path);
	ipc_send_pki_file(c->ipc, &m, fd);
	close(fd);
}

static void key_send(struct parent *p, struct child *c)
{
	struct msg_key_file m = {.path = ""};
	char error[PARENT_ERROR_MAX];
	int fd = conf_secrets_open("private key", p->conf.gateway.private_key, error, sizeof error);

	if (fd < 0) {
		refused(p, error);
		return;
	}
	snprintf(m.path, sizeof m.path, "%s", p->conf.gateway.private_key);
	ipc_send_key_file(c->ipc, &m, fd);
	close(fd);
}

void parent_pki_send(struct parent *p, struct child *c)
{
	const struct conf_gateway *g = &p->conf.gateway;

	if (c->role == MSG_ROLE_KEYS && g->private_key[0])
		key_send(p, c);
	if (c->role != MSG_ROLE_IKE)
		return;
	if (g->certificate[0])
		file_send(p, c, MSG_PKI_CERTIFICATE, g->certificate);
	for (uint32_t i = 0; i < g->ca_count; i++)
		file_send(p, c, MSG_PKI_CA, g->cas[i]);
	for (uint32_t i = 0; i < g->crl_count; i++)
		file_send(p, c, MSG_PKI_CRL, g->crls[i]);
}

void parent_key_read(struct parent *p, const struct msg_key_file_read *m)
{
	const struct conf_pki *pki = &p->certificate.pki;
	char error[PARENT_ERROR_MAX];

	if (!m->ok) {
		refused(p, m->error);
		return;
	}
	if (!pki->there || (m->key_id.len == sizeof pki->key_id &&
	                    crypto_equal(m->key_id.p, pki->key_id, sizeof pki->key_id)))
		return;
	snprintf(error, sizeof error,
	         "%.200s is not the key that our certificate %.200s was issued for",
	         p->conf.gateway.private_key, p->conf.gateway.certificate);
	refused(p, error);
}

static void look(struct parent *p)
{
	const struct conf_pki *pki = &p->certificate.pki;
	int64_t left = pki->info.not_after - (int64_t)time(NULL);
	char date[16];

	if (!pki->there || left > (int64_t)WARN_DAYS * DAY_S)
		return;
	parent_tell(p, 0, CAUSE_CERT_EXPIRES, NULL, "%.120s in %.80s: valid until %s",
	            pki->info.subject, p->conf.gateway.certificate,
	            cert_date(pki->info.not_after, date));
}

static void timer_fired(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	look(arg);
}

void parent_pki_watch(struct parent *p)
{
	struct timeval day = {.tv_sec = DAY_S};

	if (!p->certificate.timer)
		p->certificate.timer = event_new(p->base, -1, EV_PERSIST, timer_fired, p);
	if (p->certificate.timer)
		event_add(p->certificate.timer, &day);
	look(p);
}

void parent_pki_free(struct parent *p)
{
	if (p->certificate.timer)
		event_free(p->certificate.timer);
	p->certificate.timer = NULL;
}
