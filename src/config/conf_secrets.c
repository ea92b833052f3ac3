/* The secrets file: opened with care, read into guarded memory. */
#include "src/config/conf_secrets_text.h"
#include "src/config/conf_table.h"
#include "src/config/config.h"

#include <errno.h>
#include <fcntl.h>
#include <libconfig.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SECRETS_MAX = 65536 };

struct reading {
	const char *path;
	struct conf_errors *errors;
	struct secrets_text text;
};

int conf_secrets_open(const char *what, const char *path, char *error, size_t cap)
{
	struct stat s;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0) {
		snprintf(error, cap, "cannot open the %s %s: %s", what, path, strerror(errno));
		return -1;
	}
	if (fstat(fd, &s) < 0 || !S_ISREG(s.st_mode)) {
		snprintf(error, cap, "%s is no regular file", path);
	} else if (s.st_mode & (S_IRWXG | S_IRWXO)) {
		snprintf(error, cap,
		         "%s may be read or written by others than its owner (mode %04o): chmod "
		         "600 %s",
		         path, (unsigned)(s.st_mode & 07777), path);
	} else if (s.st_uid != 0 && s.st_uid != geteuid()) {
		snprintf(error, cap, "%s belongs to user number %u: chown root %s", path,
		         (unsigned)s.st_uid, path);
	} else {
		return fd;
	}
	close(fd);
	return -1;
}

/* The value of a text key in an entry to out (max bytes), which is "" when it may be missing; false
 * after an error. */
static bool text_get(const struct reading *in, const config_setting_t *entry, const char *key,
                     char *out, size_t max, bool needed)
{
	const char *number;
	size_t len;

	out[0] = '\0';
	if (!config_setting_lookup_string(entry, key, &number)) {
		if (!needed && !config_setting_get_member(entry, key))
			return true;
		conf_error(in->errors, in->path, config_setting_source_line(entry),
		           "'%s' is missing, or is no text in double quotes", key);
		return false;
	}
	len = secrets_text_get(&in->text, number, out, max);
	if (len < max && (len > 0 || !needed))
		return true;
	out[0] = '\0';
	conf_error(in->errors, in->path, config_setting_source_line(entry),
	           "'%s' must have 1 to %zu characters, none of them zero", key, max - 1);
	return false;
}

/* No other keys than these (NULL-terminated). */
static void keys_check(const struct reading *in, const config_setting_t *entry,
                       const char *const known[])
{
	for (int i = 0; i < config_setting_length(entry); i++) {
		const config_setting_t *s = config_setting_get_elem(entry, (unsigned)i);
		size_t k = 0;

		while (known[k] && strcmp(known[k], config_setting_name(s)) != 0)
			k++;
		if (!known[k])
			conf_error(in->errors, in->path, config_setting_source_line(s),
			           "unknown key '%s'", config_setting_name(s));
	}
}

static void secret_take(const struct reading *in, const config_setting_t *entry, const char *key,
                        struct secret *to)
{
	char text[SECRET_MAX];

	if (text_get(in, entry, key, text, sizeof text, true) &&
	    !secret_from(to, text, strlen(text)))
		conf_error(in->errors, in->path, config_setting_source_line(entry), "no memory");
	secret_wipe(text, sizeof text);
}

static void psk_read(const struct reading *in, const config_setting_t *entry,
                     struct conf_secret_psk *out)
{
	static const char *const known[] = {"local", "remote", "secret", NULL};

	keys_check(in, entry, known);
	text_get(in, entry, "local", out->local, sizeof out->local, false);
	text_get(in, entry, "remote", out->remote, sizeof out->remote, false);
	secret_take(in, entry, "secret", &out->secret);
}

static void ppk_read(const struct reading *in, const config_setting_t *entry,
                     const struct conf_secrets *s, struct conf_secret_ppk *out)
{
	static const char *const known[] = {"id", "secret", NULL};

	keys_check(in, entry, known);
	text_get(in, entry, "id", out->id, sizeof out->id, true);
	secret_take(in, entry, "secret", &out->secret);
	for (const struct conf_secret_ppk *p = s->ppks; p < out; p++)
		if (strcmp(p->id, out->id) == 0)
			conf_error(in->errors, in->path, config_setting_source_line(entry),
			           "the PPK '%s' is there twice", out->id);
}

static void user_read(const struct reading *in, const config_setting_t *entry,
                      struct conf_secret_user *out)
{
	static const char *const known[] = {"name", "password", "address", NULL};
	char address[LS_ADDR_TEXT_MAX];

	keys_check(in, entry, known);
	text_get(in, entry, "name", out->name, sizeof out->name, true);
	if (text_get(in, entry, "address", address, sizeof address, false) && address[0] &&
	    (!ls_addr_parse(address, &out->address) || out->address.family != 4))
		conf_error(in->errors, in->path, config_setting_source_line(entry),
		           "'address' must be an IPv4 address");
	secret_take(in, entry, "password", &out->password);
}

static void l2tp_read(const struct reading *in, const config_setting_t *entry,
                      struct conf_secret_l2tp *out)
{
	static const char *const known[] = {"tunnel", "secret", NULL};

	keys_check(in, entry, known);
	text_get(in, entry, "tunnel", out->tunnel, sizeof out->tunnel, false);
	secret_take(in, entry, "secret", &out->secret);
}

static void key_read(const struct reading *in, const config_setting_t *entry,
                     struct conf_secret_key *out)
{
	static const char *const known[] = {"file", "passphrase", NULL};

	keys_check(in, entry, known);
	text_get(in, entry, "file", out->file, sizeof out->file, true);
	secret_take(in, entry, "passphrase", &out->passphrase);
}

/* Room for the entries of a list; NULL when there is none or it is malformed (then an error is
 * noted). */
static void *list_room(const struct reading *in, const config_setting_t *list, size_t size,
                       size_t *count)
{
	int n = config_setting_length(list);

	if (!config_setting_is_list(list) || n > SECRETS_MAX) {
		conf_error(in->errors, in->path, config_setting_source_line(list),
		           "'%s' must be a list of at most %d entries: ( { ... }, { ... } );",
		           config_setting_name(list), SECRETS_MAX);
		return NULL;
	}
	for (int i = 0; i < n; i++)
		if (!config_setting_is_group(config_setting_get_elem(list, (unsigned)i))) {
			conf_error(in->errors, in->path,
			           config_setting_source_line(
					   config_setting_get_elem(list, (unsigned)i)),
			           "an entry must be { ... }");
			return NULL;
		}
	*count = (size_t)n;
	return calloc(n > 0 ? (size_t)n : 1, size);
}

static void root_read(const struct reading *in, const config_setting_t *root,
                      struct conf_secrets *s)
{
	for (int i = 0; i < config_setting_length(root); i++) {
		const config_setting_t *list = config_setting_get_elem(root, (unsigned)i);
		const char *name = config_setting_name(list);

		if (strcmp(name, "psks") == 0 && !s->psks) {
			s->psks = list_room(in, list, sizeof *s->psks, &s->psk_count);
			for (unsigned k = 0; s->psks && k < s->psk_count; k++)
				psk_read(in, config_setting_get_elem(list, k), &s->psks[k]);
		} else if (strcmp(name, "ppks") == 0 && !s->ppks) {
			s->ppks = list_room(in, list, sizeof *s->ppks, &s->ppk_count);
			for (unsigned k = 0; s->ppks && k < s->ppk_count; k++)
				ppk_read(in, config_setting_get_elem(list, k), s, &s->ppks[k]);
		} else if (strcmp(name, "users") == 0 && !s->users) {
			s->users = list_room(in, list, sizeof *s->users, &s->user_count);
			for (unsigned k = 0; s->users && k < s->user_count; k++)
				user_read(in, config_setting_get_elem(list, k), &s->users[k]);
		} else if (strcmp(name, "l2tp") == 0 && !s->l2tps) {
			s->l2tps = list_room(in, list, sizeof *s->l2tps, &s->l2tp_count);
			for (unsigned k = 0; s->l2tps && k < s->l2tp_count; k++)
				l2tp_read(in, config_setting_get_elem(list, k), &s->l2tps[k]);
		} else if (strcmp(name, "keys") == 0 && !s->keys) {
			s->keys = list_room(in, list, sizeof *s->keys, &s->key_count);
			for (unsigned k = 0; s->keys && k < s->key_count; k++)
				key_read(in, config_setting_get_elem(list, k), &s->keys[k]);
		} else {
			conf_error(
				in->errors, in->path, config_setting_source_line(list),
				"unknown key '%s'; there are 'psks', 'ppks', 'users', 'l2tp' and "
				"'keys'",
				name);
		}
	}
}

bool conf_secrets_read(int fd, const char *path, struct conf_secrets *s, struct conf_errors *errors)
{
	struct reading in = {.path = path, .errors = errors};
	const char *why;
	config_t parsed;

	memset(s, 0, sizeof *s);
	if (!secrets_text_read(&in.text, fd, &why)) {
		conf_error(errors, path, 0, "%s", why);
		return false;
	}
	config_init(&parsed);
	if (config_read_string(&parsed, in.text.plain))
		root_read(&in, config_root_setting(&parsed), s);
	else
		conf_error(errors, path, (unsigned)config_error_line(&parsed), "%s",
		           config_error_text(&parsed));
	config_destroy(&parsed);
	secrets_text_free(&in.text);
	if (errors->count > 0)
		conf_secrets_free(s);
	return errors->count == 0;
}

void conf_secrets_free(struct conf_secrets *s)
{
	for (size_t i = 0; s->psks && i < s->psk_count; i++)
		secret_free(&s->psks[i].secret);
	for (size_t i = 0; s->ppks && i < s->ppk_count; i++)
		secret_free(&s->ppks[i].secret);
	for (size_t i = 0; s->users && i < s->user_count; i++)
		secret_free(&s->users[i].password);
	for (size_t i = 0; s->l2tps && i < s->l2tp_count; i++)
		secret_free(&s->l2tps[i].secret);
	for (size_t i = 0; s->keys && i < s->key_count; i++)
		secret_free(&s->keys[i].passphrase);
	free(s->keys);
	free(s->psks);
	free(s->ppks);
	free(s->users);
	free(s->l2tps);
	memset(s, 0, sizeof *s);
}

const struct secret *conf_secrets_ppk(const struct conf_secrets *s, const char *id, size_t len)
{
	for (size_t i = 0; i < s->ppk_count; i++)
		if (strlen(s->ppks[i].id) == len && memcmp(s->ppks[i].id, id, len) == 0)
			return &s->ppks[i].secret;
	return NULL;
}

static void ppks_check(const struct conf *conf, const struct conf_tunnel *t,
                       const struct conf_secrets *s, struct conf_errors *errors)
{
	for (uint32_t i = 0; i < t->ppk_count; i++)
		if (!conf_secrets_ppk(s, t->ppks[i], strlen(t->ppks[i])))
			conf_error(errors, conf->path, conf_key_line(t, "ppk"),
			           "the PPK '%s' of the tunnel '%s' is not in %s ('ppks')",
			           t->ppks[i], t->name, conf->gateway.secrets);
}

static bool user_is_there(const struct conf_secrets *s, const char *name)
{
	for (size_t i = 0; i < s->user_count; i++)
		if (strcmp(s->users[i].name, name) == 0)
			return true;
	return false;
}

bool conf_secrets_check(const struct conf *conf, struct conf_errors *errors)
{
	const char *path = conf->gateway.secrets;
	char error[CONF_ERROR_MAX];
	int fd = conf_secrets_open("secrets file", path, error, sizeof error);
	struct conf_secrets s;
	struct conf_pki pki;
	bool ok, psk_needed = false;

	if (fd < 0) {
		conf_error(errors, conf->path, 0, "%s", error);
		return false;
	}
	ok = secret_init() && conf_secrets_read(fd, path, &s, errors);
	close(fd);
	if (!ok)
		return false;
	for (size_t i = 0; i < conf->tunnel_count; i++)
		if (conf->tunnels[i].user[0] && !user_is_there(&s, conf->tunnels[i].user))
			conf_error(errors, conf->path, conf->tunnels[i].line,
			           "the user '%s' of the tunnel '%s' has no password in %s",
			           conf->tunnels[i].user, conf->tunnels[i].name, path);
	for (size_t i = 0; i < conf->tunnel_count; i++)
		psk_needed |= conf_uses_psk(&conf->tunnels[i]);
	for (size_t i = 0; i < conf->tunnel_count; i++)
		ppks_check(conf, &conf->tunnels[i], &s, errors);
	if (s.psk_count == 0 && psk_needed)
		conf_error(errors, path, 0, "there is no preshared key in it ('psks')");
	if (conf_pki_check(conf, true, &pki, errors))
		conf_pki_key_check(conf, &pki, &s, errors);
	conf_secrets_free(&s);
	return errors->count == 0;
}
