/* l2tpsecctl pki: words and options to what src/pki does. */
#include "src/ctl/ctl_pki.h"

#include "lib/cert.h"
#include "lib/crypto.h"
#include "lib/secret.h"
#include "src/config/config.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#ifndef L2TPSEC_PKI_DIR
#define L2TPSEC_PKI_DIR "/etc/l2tpsec/pki"
#endif

enum { OPTION_DIR = 256, PASSPHRASE_MAX = 1024, DECIMAL = 10 };

/* What an action takes: bits by the option's place in the table below. */
enum {
	DIR_ = 1 << 0,
	NAME = 1 << 1,
	DAYS = 1 << 2,
	KEY_TYPE = 1 << 3,
	SAN = 1 << 4,
	NEW_KEY = 1 << 5,
	REASON = 1 << 6,
	PASSPHRASE = 1 << 7,
	JSON = 1 << 8,
	HELP = 1 << 9,
	ALWAYS = DIR_ | JSON | HELP
};

static const struct option options[] = {
	{"dir", required_argument, NULL, OPTION_DIR},
	{"name", required_argument, NULL, OPTION_DIR + 1},
	{"days", required_argument, NULL, OPTION_DIR + 2},
	{"key-type", required_argument, NULL, OPTION_DIR + 3},
	{"san", required_argument, NULL, OPTION_DIR + 4},
	{"new-key", no_argument, NULL, OPTION_DIR + 5},
	{"reason", required_argument, NULL, OPTION_DIR + 6},
	{"passphrase-file", required_argument, NULL, OPTION_DIR + 7},
	{"json", no_argument, NULL, OPTION_DIR + 8},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

struct asked {
	struct ctl_options show;
	const char *dir, *name, *key_type, *reason, *passphrase_file, *word;
	const char *sans[PKI_NAMES + 1];
	struct ls_bytes passphrase, passphrase_line; /* the whole file, and what counts of it */
	unsigned set, days;
	int64_t now_s;
};

typedef bool (*action_run)(struct asked *a, struct pki_error *e);
static bool run_ca(struct asked *a, struct pki_error *e);
static bool run_issue(struct asked *a, struct pki_error *e);
static bool run_renew(struct asked *a, struct pki_error *e);
static bool run_revoke(struct asked *a, struct pki_error *e);
static bool run_crl(struct asked *a, struct pki_error *e);
static bool run_show(struct asked *a, struct pki_error *e);

enum takes { NOTHING, MAYBE, ONE };

static const struct action {
	const char *name;
	action_run run;
	enum takes takes;
	unsigned options, days;
	const char *word, *sentence;
} actions[] = {
	{"ca", run_ca, NOTHING, NAME | DAYS | KEY_TYPE | PASSPHRASE, PKI_CA_DAYS, "",
         "make the CA: its key, its certificate, an empty list of revoked ones"},
	{"issue", run_issue, ONE, DAYS | KEY_TYPE | SAN | PASSPHRASE, PKI_GATEWAY_DAYS, "NAME",
         "key and certificate for a gateway, and what to write there"},
	{"renew", run_renew, ONE, DAYS | KEY_TYPE | NEW_KEY | PASSPHRASE, PKI_GATEWAY_DAYS, "NAME",
         "another certificate for it, beside the old one"},
	{"revoke", run_revoke, ONE, REASON | PASSPHRASE, 0, "NAME|SERIAL",
         "put all certificates of a name, or one, on the list"},
	{"crl", run_crl, NOTHING, DAYS | PASSPHRASE, PKI_CRL_DAYS, "",
         "sign the list anew, before its own date for the next one"},
	{"show", run_show, MAYBE, 0, 0, "[NAME|FILE]", "what was issued, or one of them"},
};

static void usage(FILE *to)
{
	fputs("usage: l2tpsecctl pki ACTION [NAME] [OPTION]...\n\n", to);
	for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++)
		fprintf(to, "  %-7s %-12s %s\n", actions[i].name, actions[i].word,
		        actions[i].sentence);
	fprintf(to,
	        "\n"
	        "  --dir DIR       where the CA is (" L2TPSEC_PKI_DIR ")\n"
	        "  --name NAME     ca: what it calls itself, \"Bank CA\" or \"O=Bank, CN=CA\"\n"
	        "  --days N        how long it is good (ca %d, issue and renew %d, crl %d)\n"
	        "  --key-type TYPE p256, p384, p521, ed25519, ed448 or rsa (p256)\n"
	        "  --san NAME      issue: another name in it; may be given again\n"
	        "  --new-key       renew: not with the key that it has\n"
	        "  --reason WORD   revoke: %s\n"
	        "  --passphrase-file FILE   the passphrase of the CA's key\n"
	        "  --json          objects for programs, one a line\n"
	        "  -h, --help      show this\n",
	        PKI_CA_DAYS, PKI_GATEWAY_DAYS, PKI_CRL_DAYS, pki_reasons());
}

static int misused(const char *what, const char *word)
{
	fprintf(stderr, "l2tpsecctl: pki: %s%s%s%s\nTry 'l2tpsecctl pki --help'.\n", what,
	        word[0] ? " '" : "", word, word[0] ? "'" : "");
	return CTL_MISUSED;
}

/* -- what the actions do -- */

static void default_name(char out[PKI_NAME_MAX])
{
	char host[PKI_NAME_MAX] = "";

	if (gethostname(host, sizeof host - 1) < 0 || host[0] == '\0' || strchr(host, '='))
		snprintf(host, sizeof host, "gateways");
	snprintf(out, PKI_NAME_MAX, "l2tpsec CA of %.40s", host);
}

static bool run_ca(struct asked *a, struct pki_error *e)
{
	char name[PKI_NAME_MAX];
	struct pki_ca_ask ask = {.dir = a->dir,
	                         .name = a->name ? a->name : name,
	                         .key_type = a->key_type,
	                         .passphrase = a->passphrase_line,
	                         .days = a->days};
	struct pki_ca ca;

	default_name(name);
	if (!pki_ca_make(&ask, a->now_s, e) || !pki_ca_look(&ca, a->dir, e))
		return false;
	ctl_pki_made(&a->show, &ca, a->now_s);
	pki_ca_close(&ca);
	return true;
}

static bool issue(struct asked *a, struct pki_error *e,
                  bool (*how)(struct pki_ca *, const struct pki_issue_ask *, int64_t,
                              struct pki_row **, struct pki_error *))
{
	struct pki_issue_ask ask = {.name = a->word,
	                            .aliases = a->sans,
	                            .key_type = a->key_type,
	                            .days = a->days,
	                            .new_key = (a->set & NEW_KEY) != 0};
	struct pki_row *row;
	struct pki_ca ca;
	bool ok;

	if (!pki_ca_open(&ca, a->dir, a->passphrase_line, e))
		return false;
	ok = how(&ca, &ask, a->now_s, &row, e);
	if (ok)
		ctl_pki_issued(&a->show, &ca, row, a->now_s);
	pki_ca_close(&ca);
	return ok;
}

static bool run_issue(struct asked *a, struct pki_error *e)
{
	return issue(a, e, pki_issue);
}

static bool run_renew(struct asked *a, struct pki_error *e)
{
	if ((a->set & KEY_TYPE) && !(a->set & NEW_KEY))
		return pki_fail(e, "--key-type is for a new key: give --new-key too");
	return issue(a, e, pki_renew);
}

static bool run_revoke(struct asked *a, struct pki_error *e)
{
	struct pki_ca ca;
	size_t count;
	bool ok;

	if (!pki_ca_open(&ca, a->dir, a->passphrase_line, e))
		return false;
	ok = pki_revoke(&ca, a->word, a->reason, a->now_s, &count, e);
	if (ok)
		ctl_pki_listed(&a->show, &ca, count, a->now_s);
	pki_ca_close(&ca);
	return ok;
}

static bool run_crl(struct asked *a, struct pki_error *e)
{
	struct pki_ca ca;
	bool ok;

	if (!pki_ca_open(&ca, a->dir, a->passphrase_line, e))
		return false;
	ok = pki_crl_renew(&ca, a->now_s, a->days, e);
	if (ok)
		ctl_pki_listed(&a->show, &ca, 0, a->now_s);
	pki_ca_close(&ca);
	return ok;
}

static bool show_file(struct asked *a, struct pki_error *e)
{
	struct x509_st *c[CERT_CHAIN_MAX];
	char error[PKI_ERROR_MAX / 2];
	struct ls_bytes text;
	const char *why;
	unsigned n = 0;
	int fd = conf_pki_open(a->word, error, sizeof error);

	if (fd < 0)
		return pki_fail(e, "%s", error);
	if (conf_read(fd, CONF_PKI_FILE_MAX, &text, &why)) {
		n = cert_file_read(text, c, CERT_CHAIN_MAX, &why);
		conf_read_free(&text);
	}
	close(fd);
	if (n == 0)
		return pki_fail(e, "%.200s %s", a->word, why);
	for (unsigned i = 0; i < n; i++) {
		ctl_pki_details(&a->show, c[i], a->word, NULL, NULL, a->now_s);
		cert_free(c[i]);
	}
	return true;
}

static bool show_rows(struct asked *a, const struct pki_ca *ca, const char *name)
{
	bool found = false;

	for (size_t i = 0; i < ca->db.count; i++) {
		const struct pki_row *r = &ca->db.rows[i];
		struct x509_st *c = NULL;
		char file[PKI_FILE_MAX];
		struct pki_error lost;

		if (strcasecmp(r->name, name) != 0 && strcasecmp(r->serial, name) != 0)
			continue;
		found = true;
		pki_row_certificate(r, file);
		if (!pki_cert_read(&ca->dir, file, &c, &lost))
			fprintf(stderr, "l2tpsecctl: %s\n", lost.text);
		ctl_pki_details(&a->show, c, file, ca, r, a->now_s);
		cert_free(c);
	}
	return found;
}

static bool run_show(struct asked *a, struct pki_error *e)
{
	struct pki_ca ca;
	bool ok = true;

	if (a->word && strchr(a->word, '/'))
		return show_file(a, e);
	if (!pki_ca_look(&ca, a->dir, e))
		return false;
	if (!a->word)
		ctl_pki_table(&a->show, &ca, a->now_s);
	else if (!show_rows(a, &ca, a->word))
		ok = access(a->word, F_OK) == 0
		             ? show_file(a, e)
		             : pki_fail(e,
		                        "the CA in %s has issued nothing with the name or serial "
		                        "'%.80s', and there is no such file",
		                        ca.dir.path, a->word);
	pki_ca_close(&ca);
	return ok;
}

/* -- words and options -- */

static bool passphrase_read(struct asked *a, struct pki_error *e)
{
	char error[PKI_ERROR_MAX / 2];
	const char *why;
	bool ok;
	int fd;

	if (!a->passphrase_file)
		return true;
	fd = conf_secrets_open("passphrase file", a->passphrase_file, error, sizeof error);
	if (fd < 0)
		return pki_fail(e, "%s", error);
	ok = conf_read(fd, PASSPHRASE_MAX, &a->passphrase, &why);
	close(fd);
	if (!ok)
		return pki_fail(e, "the passphrase file %.200s %s", a->passphrase_file, why);
	a->passphrase_line = a->passphrase;
	for (size_t i = 0; i < a->passphrase.len; i++)
		if (a->passphrase.p[i] == '\n' || a->passphrase.p[i] == '\r') {
			a->passphrase_line.len = i;
			break;
		}
	return a->passphrase_line.len > 0 ||
	       pki_fail(e, "the first line of the passphrase file %.200s is empty",
	                a->passphrase_file);
}

static bool days_take(const char *text, unsigned *days)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(text, &end, DECIMAL);
	*days = (unsigned)n;
	return text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0 && n > 0 &&
	       n <= PKI_DAYS_MAX;
}

/* CTL_DONE or what was wrong. */
static int option_take(struct asked *a, unsigned bit, const char *value)
{
	size_t n = 0;

	a->set |= bit;
	switch (bit) {
	case DIR_:
		a->dir = value;
		break;
	case NAME:
		a->name = value;
		break;
	case DAYS:
		if (!days_take(value, &a->days))
			return misused("--days takes a number from 1 to 36500, not", value);
		break;
	case KEY_TYPE:
		a->key_type = value;
		break;
	case SAN:
		while (a->sans[n])
			n++;
		if (n == PKI_NAMES)
			return misused("there are too many --san, at", value);
		a->sans[n] = value;
		break;
	case REASON:
		a->reason = value;
		break;
	case PASSPHRASE:
		a->passphrase_file = value;
		break;
	case JSON:
		a->show.json = true;
		break;
	default:
		break;
	}
	return CTL_DONE;
}

static int options_take(struct asked *a, int words, char **word)
{
	int c, wrong;

	/* Begins anew: main() has used it for its own. */
	optind = 0;
	while ((c = getopt_long(words, word, "h", options, NULL)) != -1) {
		unsigned bit = c == 'h' ? HELP : c >= OPTION_DIR ? 1u << (c - OPTION_DIR) : 0;

		if (bit == 0)
			return misused("the option is unknown, or lacks its value", "");
		wrong = option_take(a, bit, optarg);
		if (wrong)
			return wrong;
	}
	return CTL_DONE;
}

static int act(const struct action *action, struct asked *a)
{
	struct pki_error e = {""};
	bool ok;

	for (unsigned i = 0; options[i].name; i++)
		if (a->set & ~(action->options | ALWAYS) & (1u << i)) {
			fprintf(stderr, "l2tpsecctl: pki %s: --%s is not for this\n", action->name,
			        options[i].name);
			return CTL_MISUSED;
		}
	if (!(a->set & DAYS))
		a->days = action->days;
	/* Keys are in this process: no core file, and nobody else reads it. */
	prctl(PR_SET_DUMPABLE, 0);
	umask(077);
	ok = (secret_init() && crypto_init()) || pki_fail(&e, "no memory, or no OpenSSL");
	ok = ok && passphrase_read(a, &e) && action->run(a, &e);
	if (a->passphrase.p)
		conf_read_free(&a->passphrase);
	if (!ok)
		fprintf(stderr, "l2tpsecctl: pki %s: %s\n", action->name, e.text);
	return ok ? CTL_DONE : CTL_FAILED;
}

int ctl_pki(const struct ctl_options *o, int words, char **word)
{
	struct asked a = {.show = *o,
	                  .dir = L2TPSEC_PKI_DIR,
	                  .key_type = "p256",
	                  .reason = "unspecified",
	                  .now_s = (int64_t)time(NULL)};
	int wrong = options_take(&a, words, word), n = words - optind;

	if (wrong)
		return wrong;
	word += optind;
	if (a.set & HELP) {
		usage(stdout);
		return CTL_DONE;
	}
	if (n < 1) {
		usage(stderr);
		return CTL_MISUSED;
	}
	for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++) {
		const struct action *action = &actions[i];

		if (strcmp(action->name, word[0]) != 0)
			continue;
		if (action->takes == ONE && n < 2)
			return misused("whose? Name one after", word[0]);
		if (n > (action->takes == NOTHING ? 1 : 2))
			return misused("too many words", word[action->takes == NOTHING ? 1 : 2]);
		a.word = n > 1 ? word[1] : NULL;
		return act(action, &a);
	}
	return misused("there is no action", word[0]);
}
