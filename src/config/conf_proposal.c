/* Proposals as people write them in the config: names of algorithms joined by dashes. */
#include "src/config/conf_table.h"

#include "ike/ike.h"

#include <stdio.h>
#include <string.h>

enum { NAME_SIZE = 40, KINDS = 5, NEAR = 3 };

/* use: one of ALGO_FOR_... */
static const char *use_name(unsigned use)
{
	return use == ALGO_FOR_IKE ? "IKE" : use == ALGO_FOR_ESP ? "ESP" : "AH";
}

/* The algorithms that may stand in a proposal; IKE has a PRF besides. */
static bool is_kind(const struct algo *a, unsigned use)
{
	return a->kind == ALGO_KIND_ENCR || a->kind == ALGO_KIND_INTEG || a->kind == ALGO_KIND_KE ||
	       (a->kind == ALGO_KIND_PRF && use == ALGO_FOR_IKE);
}

static bool serves(const struct algo *a, unsigned use)
{
	return (a->kind != ALGO_KIND_ENCR && a->kind != ALGO_KIND_INTEG) || a->serves & use;
}

/* Whether a name means the row: as we write it, or without dashes and with the ICV's bytes behind
 * GCM as strongSwan does ("aes256gcm16"). */
static bool is_name(const struct algo *a, const char *name)
{
	const char *ours = a->name;

	if (strcmp(ours, name) == 0)
		return true;
	for (; *ours; ours++) {
		if (*ours == '-')
			continue;
		if (*ours != *name++)
			return false;
	}
	return *name == '\0' || (a->mode == ALGO_MODE_GCM && a->icv_bytes == 16 &&
	                         a->iv_bytes > 0 && strcmp(name, "16") == 0);
}

/* The row of that name; of several kinds with one name, that which serves. */
static const struct algo *row_of(const char *name, unsigned use)
{
	size_t count;
	const struct algo *rows = algo_all(&count), *found = NULL;

	for (size_t i = 0; i < count; i++) {
		if (!is_kind(&rows[i], use) || !is_name(&rows[i], name))
			continue;
		if (serves(&rows[i], use))
			return &rows[i];
		found = &rows[i];
	}
	return found;
}

/* The algorithm with the longest name that the text begins with (names hold dashes themselves),
 * *len its length; NULL if there is none. */
static const struct algo *name_match(const char *text, unsigned use, size_t *len)
{
	size_t end = strlen(text);
	char name[NAME_SIZE];

	for (*len = end < sizeof name ? end : sizeof name - 1; *len > 0; (*len)--) {
		const struct algo *a;

		if (text[*len] != '\0' && text[*len] != '-')
			continue;
		memcpy(name, text, *len);
		name[*len] = '\0';
		a = row_of(name, use);
		if (a)
			return a;
	}
	return NULL;
}

/* The name that is most like what the text begins with, be it one, two or three words; NULL if none
 * is like it. */
static const char *nearest(const char *text, unsigned use)
{
	size_t count, len = 0;
	const struct algo *rows = algo_all(&count);
	const char *best = NULL;
	unsigned least = NEAR;
	char name[NAME_SIZE];

	for (unsigned words = 1; words <= 3 && len < sizeof name - 1; words++) {
		len += words > 1;
		len += strcspn(text + len, "-");
		if (len >= sizeof name)
			break;
		memcpy(name, text, len);
		name[len] = '\0';
		for (size_t i = 0; i < count; i++) {
			unsigned d = conf_distance(name, rows[i].name);

			if (d > least || (best && d == least && words == 1) ||
			    !is_kind(&rows[i], use) || !serves(&rows[i], use))
				continue;
			least = d;
			best = rows[i].name;
		}
		if (text[len] == '\0')
			break;
	}
	return best;
}

static bool add(struct ike_proposal *p, enum algo_id id)
{
	for (uint8_t i = 0; i < p->count; i++)
		if (p->algo[i] == id)
			return true;
	if (p->count == IKE_TRANSFORMS_MAX)
		return false;
	p->algo[p->count++] = (uint16_t)id;
	return true;
}

/* The PRF that goes with an integrity algorithm when none is named. */
static enum algo_id prf_of(enum algo_id integ)
{
	switch (integ) {
	case ALGO_SHA384:
		return ALGO_PRF_SHA384;
	case ALGO_SHA512:
		return ALGO_PRF_SHA512;
	case ALGO_SHA1:
		return ALGO_PRF_SHA1;
	default:
		return ALGO_PRF_SHA256;
	}
}

static bool prf_add(struct ike_proposal *p, bool aead)
{
	if (aead)
		return add(p, ALGO_PRF_SHA384) && add(p, ALGO_PRF_SHA256) &&
		       add(p, ALGO_PRF_SHA512);
	for (uint8_t i = 0, n = p->count; i < n; i++)
		if (algo_get(p->algo[i])->kind == ALGO_KIND_INTEG &&
		    !add(p, prf_of((enum algo_id)p->algo[i])))
			return false;
	return true;
}

static bool refuse(char *error, size_t cap, const char *text, const char *why)
{
	snprintf(error, cap, "'%s': %s", text, why);
	return false;
}

static bool refuse_name(char *error, size_t cap, const char *text, unsigned use)
{
	const char *near = nearest(text, use);

	if (!near)
		return refuse(error, cap, text, "begins with no algorithm that fits here");
	snprintf(error, cap, "'%s': begins with no algorithm that fits here; did you mean '%s'?",
	         text, near);
	return false;
}

/* What is there must fit together, and what may be left out is filled in. */
static bool complete(struct ike_proposal *p, const char *text, unsigned use, char *error,
                     size_t cap)
{
	unsigned have[KINDS] = {0}, aead = 0;

	for (uint8_t i = 0; i < p->count; i++) {
		const struct algo *a = algo_get(p->algo[i]);

		have[a->kind]++;
		aead += a->aead;
	}
	if (have[ALGO_KIND_ENCR] == 0 && use != ALGO_FOR_AH)
		return refuse(error, cap, text, "names no cipher");
	if (aead > 0 && aead < have[ALGO_KIND_ENCR])
		return refuse(error, cap, text,
		              "mixes a cipher that authenticates by itself with one that does not: "
		              "make two proposals");
	if (aead > 0 && have[ALGO_KIND_INTEG] > 0)
		return refuse(error, cap, text,
		              "names an integrity algorithm beside a cipher that authenticates by "
		              "itself");
	if (aead == 0 && have[ALGO_KIND_INTEG] == 0)
		return refuse(error, cap, text, "names no integrity algorithm");
	if (use != ALGO_FOR_IKE)
		return true;
	if (have[ALGO_KIND_KE] == 0)
		return refuse(error, cap, text, "names no key exchange group");
	if (have[ALGO_KIND_PRF] == 0 && !prf_add(p, aead > 0))
		return refuse(error, cap, text, "names too many algorithms");
	return true;
}

/* A word for the sequence numbers of a CHILD SA: its length, or 0. Without one both are offered. */
static size_t numbers_match(const char *text, bool *esn, bool *no_esn)
{
	static const char *const word[] = {"noesn", "esn"};

	for (size_t i = 0; i < 2; i++) {
		size_t len = strlen(word[i]);

		if (strncmp(text, word[i], len) != 0 || (text[len] != '\0' && text[len] != '-'))
			continue;
		*(i == 0 ? no_esn : esn) = true;
		return len;
	}
	return 0;
}

bool conf_proposal_parse(const char *text, unsigned use, struct ike_proposal *out, char *error,
                         size_t cap)
{
	struct ike_proposal p = {.count = 0};

	for (const char *at = text; *at != '\0';) {
		size_t len = use != ALGO_FOR_IKE ? numbers_match(at, &p.esn, &p.no_esn) : 0;
		const struct algo *a = len ? NULL : name_match(at, use, &len);

		if (len == 0)
			return refuse_name(error, cap, at, use);
		if (a && !serves(a, use)) {
			snprintf(error, cap, "'%s' names '%s', which is not for %s", text, a->name,
			         use_name(use));
			return false;
		}
		if (a && !add(&p, a->id))
			return refuse(error, cap, text, "names too many algorithms");
		at += len;
		if (*at == '-')
			at++;
	}
	if (!complete(&p, text, use, error, cap))
		return false;
	if (use != ALGO_FOR_IKE && !p.esn && !p.no_esn)
		p.esn = p.no_esn = true;
	*out = p;
	return true;
}

struct conf_proposals conf_proposals_of(const struct conf_tunnel *t, unsigned use)
{
	if (use == ALGO_FOR_IKE)
		return (struct conf_proposals){"ike.proposals", t->ike.proposals,
		                               t->ike.proposal_count};
	if (use == ALGO_FOR_ESP)
		return (struct conf_proposals){"esp.proposals", t->esp.proposals,
		                               t->esp.proposal_count};
	return (struct conf_proposals){"ah.proposals", t->ah.proposals, t->ah.proposal_count};
}
