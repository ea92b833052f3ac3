/* Test helper: a directory for a CA that is gone afterwards, and a CA in it. */
#ifndef TESTS_UNIT_SRC_PKI_PLACE_H
#define TESTS_UNIT_SRC_PKI_PLACE_H

#include "src/pki/pki.h"

#include "lib/cert.h"
#include "lib/crypto.h"
#include "lib/secret.h"
#include "lib/sign.h"
#include "lib/trust.h"
#include "src/config/config.h"
#include "tests/unit/run.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const int64_t NOW = 1800000000, DAY = 86400; /* 2027-01-15 */

static char place_above[64], place[96];
static struct pki_error error;

static inline void place_make(void)
{
	ck_assert(secret_init() && crypto_init());
	snprintf(place_above, sizeof place_above, "/tmp/pki_test.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(place_above));
	snprintf(place, sizeof place, "%s/ca", place_above);
	error.text[0] = '\0';
}

static inline const char *place_file(const char *file)
{
	static char path[4][256];
	static unsigned which;
	char *p = path[which++ % 4];

	snprintf(p, sizeof path[0], "%s/%.150s", place, file);
	return p;
}

static inline void place_clean(void)
{
	DIR *d = opendir(place);
	struct dirent *f;

	while (d && (f = readdir(d)))
		unlink(place_file(f->d_name));
	if (d)
		closedir(d);
	rmdir(place);
	ck_assert_msg(rmdir(place_above) == 0, "something is left in %s", place_above);
}

static inline unsigned place_mode(const char *file)
{
	struct stat s;

	ck_assert_int_eq(stat(place_file(file), &s), 0);
	return s.st_mode & 07777;
}

static inline bool place_has(const char *file)
{
	return access(place_file(file), F_OK) == 0;
}

/* What a file has in it, in a buffer of the next call's. */
static inline const char *place_text(const char *file)
{
	static char text[1 << 16];
	FILE *f = fopen(place_file(file), "re");
	size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;

	ck_assert_msg(f != NULL, "%s is not there", file);
	fclose(f);
	text[n] = '\0';
	return text;
}

static inline void place_write(const char *file, const char *text)
{
	FILE *f = fopen(place_file(file), "we");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(text, f), 0);
	fclose(f);
}

/* A full disk, for files larger than that. Check's own file grows at each assertion: none until it
 * has room again. */
static inline void place_full(rlim_t bytes)
{
	struct rlimit l = {.rlim_cur = bytes, .rlim_max = RLIM_INFINITY};

	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &l);
}

/* What the call gives while the disk is full. */
#define WHILE_FULL(bytes, call)            \
	({                                 \
		bool given_;               \
		place_full((rlim_t)bytes); \
		given_ = (call);           \
		place_full(RLIM_INFINITY); \
		given_;                    \
	})

#define ERROR_HAS(what) ck_assert_msg(strstr(error.text, (what)) != NULL, "%s", error.text)
#define GOOD(call) ck_assert_msg((call), "%s", error.text)

static inline void place_ca(void)
{
	GOOD(pki_ca_make(&(struct pki_ca_ask){.dir = place,
	                                      .name = "O=Bank, CN=Bank CA",
	                                      .key_type = "p256",
	                                      .days = PKI_CA_DAYS},
	                 NOW, &error));
}

static inline void place_open(struct pki_ca *ca)
{
	GOOD(pki_ca_open(ca, place, LS_BYTES(NULL, 0), &error));
}

/* Issues one, in a CA that is opened for that. */
static inline bool place_issue(const char *name)
{
	struct pki_row *row;
	struct pki_ca ca;
	bool ok;

	if (!pki_ca_open(&ca, place, LS_BYTES(NULL, 0), &error))
		return false;
	ok = pki_issue(
		&ca,
		&(struct pki_issue_ask){.name = name, .key_type = "p256", .days = PKI_GATEWAY_DAYS},
		NOW, &row, &error);
	pki_ca_close(&ca);
	return ok;
}

static inline struct ls_bytes place_load(const char *file)
{
	struct ls_bytes b;
	const char *why;
	int fd = open(place_file(file), O_RDONLY | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_msg(conf_read(fd, 1 << 20, &b, &why), "%s", why);
	close(fd);
	return b;
}

/* How our own daemon judges a certificate of this CA, by its certificate and its list. */
static inline enum ls_cause place_judge(const char *file, int64_t now_s, bool crl_required)
{
	struct trust *t = trust_new();
	struct ls_bytes ca = place_load(PKI_CA_CERT), crl = place_load(PKI_CA_CRL),
			cert = place_load(file), der;
	struct x509_st *c[1], *peer;
	char text[TRUST_TEXT_MAX];
	const char *why;
	enum ls_cause cause;

	ck_assert_uint_eq(trust_ca_add(t, ca, &why), 1);
	ck_assert_uint_eq(trust_crl_add(t, crl, &why), 1);
	trust_crl_required(t, crl_required);
	ck_assert_uint_eq(cert_file_read(cert, c, 1, &why), 1);
	der.p = cert_der(c[0], &der.len);
	cause = trust_check(t, &der, 1, now_s, &peer, text);
	free((void *)(uintptr_t)der.p);
	cert_free(peer);
	cert_free(c[0]);
	conf_read_free(&ca);
	conf_read_free(&crl);
	conf_read_free(&cert);
	trust_free(t);
	return cause;
}

#endif
