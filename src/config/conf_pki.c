/* The files of certificates and keys that the configuration names, and who proves himself how. */
#include "src/config/conf_table.h"

#include "ike/ike.h"
#include "lib/crypto.h"
#include "lib/trust.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A file being looked at. */
struct look {
	const struct conf *conf;
	struct conf_errors *errors;
	const char *key; /* of the config */
	const char *path;
};

static unsigned line_of(const struct conf *conf, const char *key)
{
	for (size_t i = 0; i < conf_gateway_key_count; i++)
		if (strcmp(conf_gateway_keys[i].path, key) == 0)
			return conf->gateway.key_line[i];
	return 0;
}

static void wrong(const struct look *l, const char *why)
{
	conf_error(l->errors, l->conf->path, line_of(l->conf, l->key), "'%s': %s %s", l->key,
	           l->path, why);
}

int conf_pki_open(const char *path, char *error, size_t cap)
{
	struct stat s;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0) {
		snprintf(error, cap, "cannot open %s: %s", path, strerror(errno));
		return -1;
	}
	if (fstat(fd, &s) < 0 || !S_ISREG(s.st_mode))
		snprintf(error, cap, "%s is no regular file", path);
	else if (s.st_mode & (S_IWGRP | S_IWOTH))
		snprintf(error, cap,
		         "%s may be written by others than its owner (mode %04o): chmod 644 %s",
		         path, (unsigned)(s.st_mode & 07777), path);
	else if (s.st_uid != 0 && s.st_uid != geteuid())
		snprintf(error, cap, "%s belongs to user number %u: chown root %s", path,
		         (unsigned)s.st_uid, path);
	else
		return fd;
	close(fd);
	return -1;
}

static bool look_read(const struct look *l, int fd, struct ls_bytes *out)
{
	const char *why;
	bool ok = conf_read(fd, CONF_PKI_FILE_MAX, out, &why);

	close(fd);
	if (!ok)
		wrong(l, why);
	return ok;
}

static bool look_open(const struct look *l, struct ls_bytes *out)
{
	char error[CONF_ERROR_MAX];
	int fd = conf_pki_open(l->path, error, sizeof error);

	if (fd < 0) {
		conf_error(l->errors, l->conf->path, line_of(l->conf, l->key), "'%s': %s", l->key,
		           error);
		return false;
	}
	return look_read(l, fd, out);
}

bool conf_auth_parse(const char *text, enum ike_auth_method *method)
{
	*method = strcmp(text, "psk") == 0 ? IKE_AUTH_PSK : IKE_AUTH_CERT;
	return *method == IKE_AUTH_PSK || strcmp(text, "certificate") == 0;
}

bool conf_padding_parse(const char *text, bool *pkcs1)
{
	*pkcs1 = strcmp(text, "pkcs1") == 0;
	return *pkcs1 || strcmp(text, "pss") == 0;
}

unsigned conf_peer_auth(const struct conf_tunnel *t)
{
	enum ike_auth_method method;
	unsigned set = 0;

	for (uint32_t i = 0; i < t->peer_auth_count; i++)
		if (conf_auth_parse(t->peer_auth[i], &method))
			set |= IKE_AUTH_SET(method);
	if (t->peer_auth_count == 0 && conf_auth_parse(t->auth, &method))
		set = IKE_AUTH_SET(method);
	return set;
}

bool conf_uses_psk(const struct conf_tunnel *t)
{
	enum ike_auth_method ours;

	return (conf_auth_parse(t->auth, &ours) && ours == IKE_AUTH_PSK) ||
	       (conf_peer_auth(t) & IKE_AUTH_SET(IKE_AUTH_PSK));
}

static void word_wrong(const struct conf *conf, const struct conf_tunnel *t, const char *key,
                       const char *text, struct conf_errors *e)
{
	conf_error(e, conf->path, conf_key_line(t, key),
	           "'%s' of the tunnel '%s' must be \"psk\" or \"certificate\" (it is \"%.40s\")",
	           key, t->name, text);
}

void conf_auth_check(const struct conf *conf, const struct conf_tunnel *t, struct conf_errors *e)
{
	const struct conf_gateway *g = &conf->gateway;
	enum ike_auth_method ours = IKE_AUTH_PSK, method;
	bool pkcs1;

	if (!conf_auth_parse(t->auth, &ours))
		word_wrong(conf, t, "auth", t->auth, e);
	for (uint32_t i = 0; i < t->peer_auth_count; i++)
		if (!conf_auth_parse(t->peer_auth[i], &method))
			word_wrong(conf, t, "peer-auth", t->peer_auth[i], e);
	if (!conf_padding_parse(t->ike.rsa_padding, &pkcs1))
		conf_error(e, conf->path, conf_key_line(t, "ike.rsa-padding"),
		           "'ike.rsa-padding' of the tunnel '%s' must be \"pss\" or \"pkcs1\" (it "
		           "is \"%.40s\")",
		           t->name, t->ike.rsa_padding);
	if (ours == IKE_AUTH_CERT && (!g->certificate[0] || !g->private_key[0]))
		conf_error(e, conf->path, conf_key_line(t, "auth"),
		           "the tunnel '%s' has auth = \"certificate\", and 'gateway' has no '%s'",
		           t->name, g->certificate[0] ? "private-key" : "certificate");
	if ((conf_peer_auth(t) & IKE_AUTH_SET(IKE_AUTH_CERT)) && g->ca_count == 0)
		conf_error(e, conf->path, conf_key_line(t, "peer-auth"),
		           "the peer of the tunnel '%s' is to prove itself by a certificate, and "
		           "'gateway' has no 'ca' to believe",
		           t->name);
	/* Else who knows a preshared key could claim the name of one who has a certificate. */
	if (conf_peer_auth(t) == (IKE_AUTH_SET(IKE_AUTH_PSK) | IKE_AUTH_SET(IKE_AUTH_CERT)) &&
	    (!t->peer_identity[0] || strchr(t->peer_identity, '*')))
		conf_error(e, conf->path, conf_key_line(t, "peer-auth"),
		           "the tunnel '%s' takes preshared keys and certificates: its "
		           "'peer-identity' must name one peer",
		           t->name);
}

/* What we call ourselves must be in what we show. */
static void identities_look(const struct look *l, const struct x509_st *c)
{
	const struct conf *conf = l->conf;
	char has[CERT_TEXT_MAX];
	enum ike_auth_method method;
	struct ike_identity id;

	for (size_t i = 0; i < conf->tunnel_count; i++) {
		const struct conf_tunnel *t = &conf->tunnels[i];
		const char *text = t->identity[0] ? t->identity : conf->gateway.identity;

		if (!conf_auth_parse(t->auth, &method) || method != IKE_AUTH_CERT ||
		    !ike_identity_parse(text, &id) ||
		    cert_has_identity(c, (unsigned)id.type, LS_BYTES(id.data, id.len)))
			continue;
		cert_identities(c, has, sizeof has);
		conf_error(l->errors, conf->path, conf_key_line(t, "identity"),
		           "the identity '%.60s' of the tunnel '%s' is not in our certificate, "
		           "which has: %.120s",
		           text, t->name, has[0] ? has : "none");
	}
}

static bool certificate_look(const struct look *l, struct conf_pki *out)
{
	struct x509_st *c[CERT_CHAIN_MAX];
	struct ls_bytes file;
	const char *why;
	unsigned n;

	if (!look_open(l, &file))
		return false;
	n = cert_file_read(file, c, CERT_CHAIN_MAX, &why);
	conf_read_free(&file);
	if (n == 0) {
		wrong(l, why);
		return false;
	}
	cert_info_get(c[0], &out->info);
	out->there = true;
	if (!cert_key(c[0]) || sign_key_kind(cert_key(c[0])) == SIGN_KEY_NONE ||
	    !sign_key_id(cert_key(c[0]), out->key_id))
		wrong(l, "has a key that cannot be used: it must be RSA of 2048 to 8192 bits, "
		         "ECDSA P-256, P-384 or P-521, Ed25519 or Ed448");
	identities_look(l, c[0]);
	for (unsigned i = 0; i < n; i++)
		cert_free(c[i]);
	return true;
}

static void trust_look(const struct look *l, struct trust *t,
                       unsigned (*add)(struct trust *, struct ls_bytes, const char **))
{
	struct ls_bytes file;
	const char *why;

	if (!look_open(l, &file))
		return;
	if (add(t, file, &why) == 0)
		wrong(l, why);
	conf_read_free(&file);
}

bool conf_pki_check(const struct conf *conf, bool crls, struct conf_pki *out,
                    struct conf_errors *errors)
{
	const struct conf_gateway *g = &conf->gateway;
	struct look l = {conf, errors, "certificate", g->certificate};
	size_t before = errors->count;
	struct trust *t = secret_init() && crypto_init() ? trust_new() : NULL;

	if (!t) {
		conf_error(errors, conf->path, 0, "no memory, or no OpenSSL");
		return false;
	}
	memset(out, 0, sizeof *out);
	if (g->certificate[0])
		certificate_look(&l, out);
	l.key = "ca";
	for (uint32_t i = 0; i < g->ca_count; i++) {
		l.path = g->cas[i];
		trust_look(&l, t, trust_ca_add);
	}
	l.key = "crl";
	for (uint32_t i = 0; crls && i < g->crl_count; i++) {
		l.path = g->crls[i];
		trust_look(&l, t, trust_crl_add);
	}
	trust_free(t);
	return errors->count == before;
}

bool conf_pki_key_check(const struct conf *conf, const struct conf_pki *pki,
                        const struct conf_secrets *secrets, struct conf_errors *errors)
{
	const char *path = conf->gateway.private_key;
	struct look l = {conf, errors, "private-key", path};
	char error[CONF_ERROR_MAX];
	uint8_t id[SIGN_KEY_ID_SIZE];
	struct evp_pkey_st *key;
	struct ls_bytes file;
	const char *why;
	int fd;

	if (!path[0])
		return true;
	fd = conf_secrets_open("private key", path, error, sizeof error);
	if (fd < 0) {
		conf_error(errors, conf->path, line_of(conf, l.key), "'%s': %s", l.key, error);
		return false;
	}
	if (!look_read(&l, fd, &file))
		return false;
	key = sign_key_read(file, conf_secrets_passphrase(secrets, path), &why);
	conf_read_free(&file);
	if (!key)
		wrong(&l, why);
	else if (pki->there && (!sign_key_id(key, id) || !crypto_equal(id, pki->key_id, sizeof id)))
		wrong(&l, "is not the key that our certificate was issued for");
	sign_key_free(key);
	return errors->count == 0;
}

struct ls_bytes conf_secrets_passphrase(const struct conf_secrets *s, const char *path)
{
	size_t len = strlen(path);

	for (size_t i = 0; i < s->key_count; i++) {
		const char *file = s->keys[i].file;
		size_t n = strlen(file);

		if (n <= len && strcmp(path + len - n, file) == 0 &&
		    (n == len || file[0] == '/' || path[len - n - 1] == '/'))
			return LS_BYTES(s->keys[i].passphrase.bytes, s->keys[i].passphrase.len);
	}
	return LS_BYTES(NULL, 0);
}
