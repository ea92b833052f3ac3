/* Proposals as people write them in the config: names of algorithms joined by dashes. */
#include "src/config/config.h"

#include "ike/ike.h"

#include <stdio.h>
#include <string.h>

enum { NAME_SIZE = 40, KINDS = 5 };

/* The algorithm with the longest name that the text begins with (names hold dashes themselves),
 * *len its length; NULL if there is none. */
static const struct algo *name_match(const char *text, bool child, size_t *len)
{
	static const enum algo_kind kinds[] = {ALGO_KIND_ENCR, ALGO_KIND_INTEG, ALGO_KIND_KE,
	                                       ALGO_KIND_PRF};
	size_t n = child ? 3 : 4, end = strlen(text);
	char name[NAME_SIZE];

	for (*len = end < sizeof name ? end : sizeof name - 1; *len > 0; (*len)--) {
		if (text[*len] != '\0' && text[*len] != '-')
			continue;
		memcpy(name, text, *len);
		name[*len] = '\0';
		for (size_t i = 0; i < n; i++) {
			const struct algo *a = algo_by_name(kinds[i], name);

			if (a)
				return a;
		}
	}
	return NULL;
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

/* What is there must fit together, and what may be left out is filled in. */
static bool complete(struct ike_proposal *p, const char *text, bool child, char *error, size_t cap)
{
	unsigned have[KINDS] = {0}, aead = 0, open = 0;

	for (uint8_t i = 0; i < p->count; i++) {
		const struct algo *a = algo_get(p->algo[i]);

		have[a->kind]++;
		aead += a->aead;
		open += a->id == ALGO_NULL;
	}
	if (have[ALGO_KIND_ENCR] == 0)
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
	if (child)
		return true;
	if (open > 0)
		return refuse(error, cap, text,
		              "leaves IKE without a cipher: null is for ESP only");
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

bool conf_proposal_parse(const char *text, bool child, struct ike_proposal *out, char *error,
                         size_t cap)
{
	struct ike_proposal p = {.count = 0};

	for (const char *at = text; *at != '\0';) {
		size_t len = child ? numbers_match(at, &p.esn, &p.no_esn) : 0;
		const struct algo *a = len ? NULL : name_match(at, child, &len);

		if (len == 0)
			return refuse(error, cap, at, "begins with no algorithm that fits here");
		if (a && !add(&p, a->id))
			return refuse(error, cap, text, "names too many algorithms");
		at += len;
		if (*at == '-')
			at++;
	}
	if (!complete(&p, text, child, error, cap))
		return false;
	if (child && !p.esn && !p.no_esn)
		p.esn = p.no_esn = true;
	*out = p;
	return true;
}
