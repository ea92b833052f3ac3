/* The secrets as read from their file, and which of them is meant. */
#include "src/keys/keys.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "ike/ike.h"

bool keys_store_read(struct keys_store *s, int fd, const char *path, char *error, size_t cap)
{
	struct conf_errors errors = {0};
	struct conf_secrets read;
	bool ok = conf_secrets_read(fd, path, &read, &errors);

	close(fd);
	if (!ok) {
		snprintf(error, cap, "%s", errors.count > 0 ? errors.line[0] : path);
		return false;
	}
	conf_secrets_free(&s->secrets);
	s->secrets = read;
	return true;
}

void keys_store_free(struct keys_store *s)
{
	conf_secrets_free(&s->secrets);
}

/* 0: does not fit; 1: fits because anything does; 2: by a pattern; 3: exactly. */
static unsigned fit(const char *text, const struct msg_identity *id)
{
	struct ike_identity expected, seen = {.type = (enum ike_id_type)id->type, .len = id->len};

	if (text[0] == '\0')
		return 1;
	memcpy(seen.data, id->data, sizeof seen.data);
	if (!ike_identity_parse(text, &expected) || !ike_identity_matches(&expected, &seen))
		return 0;
	return text[0] == '*' ? 2 : 3;
}

const struct secret *keys_store_psk(const struct keys_store *s, const struct conf_tunnel *conf,
                                    const struct msg_identity *local,
                                    const struct msg_identity *remote)
{
	const struct secret *best = NULL;
	unsigned most = 0;

	(void)conf;
	for (size_t i = 0; i < s->secrets.psk_count; i++) {
		const struct conf_secret_psk *psk = &s->secrets.psks[i];
		unsigned here = fit(psk->local, local), there = fit(psk->remote, remote),
			 all = there * 4 + here;

		/* The peer's identity says more about which key is meant than our own. */
		if (here > 0 && there > 0 && all > most) {
			most = all;
			best = &psk->secret;
		}
	}
	return best;
}

const struct secret *keys_store_ppk(const struct keys_store *s, const struct conf_tunnel *conf,
                                    struct ls_bytes id)
{
	for (uint32_t i = 0; conf && i < conf->ppk_count; i++)
		if (id.len > 0 && strlen(conf->ppks[i]) == id.len &&
		    memcmp(conf->ppks[i], id.p, id.len) == 0)
			return conf_secrets_ppk(&s->secrets, conf->ppks[i], id.len);
	return NULL;
}

const struct conf_secret_user *keys_store_user(const struct keys_store *s, const char *name)
{
	for (size_t i = 0; i < s->secrets.user_count; i++)
		if (strcmp(s->secrets.users[i].name, name) == 0)
			return &s->secrets.users[i];
	return NULL;
}

const struct secret *keys_store_l2tp(const struct keys_store *s, const struct conf_tunnel *conf)
{
	const struct secret *any = NULL;

	for (size_t i = 0; i < s->secrets.l2tp_count; i++) {
		if (strcmp(s->secrets.l2tps[i].tunnel, conf->name) == 0)
			return &s->secrets.l2tps[i].secret;
		if (s->secrets.l2tps[i].tunnel[0] == '\0')
			any = &s->secrets.l2tps[i].secret;
	}
	return any;
}
