/* What protects a tunnel, and proposals for AH as people write them: integrity algorithms, groups
 * and the kind of sequence numbers, joined by dashes. */
#include "src/config/config.h"

#include "ike/ike.h"

#include <stdio.h>
#include <string.h>

bool conf_ipsec_parse(const char *text, bool *ah)
{
	*ah = strcmp(text, "ah") == 0;
	return *ah || strcmp(text, "esp") == 0;
}

static bool begins(const char *text, const char *name, size_t *len)
{
	size_t n = strlen(name);

	if (n <= *len || strncmp(text, name, n) != 0 || (text[n] != '\0' && text[n] != '-'))
		return false;
	*len = n;
	return true;
}

/* The algorithm with the longest name that the text begins with, *len its length; NULL if there is
 * none that serves AH. */
static const struct algo *name_match(const char *text, size_t *len)
{
	size_t count;
	const struct algo *all = algo_all(&count), *found = NULL;

	*len = 0;
	for (size_t i = 0; i < count; i++) {
		const struct algo *a = &all[i];
		bool fits = a->kind == ALGO_KIND_KE ||
		            (a->kind == ALGO_KIND_INTEG && a->serves & ALGO_FOR_AH);

		if (fits && begins(text, a->name, len))
			found = a;
	}
	return found;
}

static bool refuse(char *error, size_t cap, const char *text, const char *why)
{
	snprintf(error, cap, "'%s': %s", text, why);
	return false;
}

bool conf_ah_parse(const char *text, struct ike_proposal *out, char *error, size_t cap)
{
	struct ike_proposal p = {.count = 0};
	unsigned integ = 0;

	for (const char *at = text; *at != '\0';) {
		size_t len = 0;
		const struct algo *a;

		if (begins(at, "noesn", &len)) {
			p.no_esn = true;
		} else if (begins(at, "esn", &len)) {
			p.esn = true;
		} else {
			a = name_match(at, &len);
			if (!a)
				return refuse(error, cap, at,
				              "begins with no algorithm that AH has");
			if (p.count == IKE_TRANSFORMS_MAX)
				return refuse(error, cap, text, "names too many algorithms");
			p.algo[p.count++] = (uint16_t)a->id;
			integ += a->kind == ALGO_KIND_INTEG;
		}
		at += len;
		if (*at == '-')
			at++;
	}
	if (integ == 0)
		return refuse(error, cap, text, "names no integrity algorithm");
	if (!p.esn && !p.no_esn)
		p.esn = p.no_esn = true;
	*out = p;
	return true;
}
