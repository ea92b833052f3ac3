/* From a tunnel's configuration to what the IKE engine wants of a peer. */
#include "src/ike/iked.h"

#include <stdio.h>
#include <string.h>

enum { NAME_MAX_SIZE = 40 };

static const enum algo_kind ike_kinds[] = {ALGO_KIND_ENCR, ALGO_KIND_PRF, ALGO_KIND_INTEG, ALGO_KIND_KE};
static const enum algo_kind child_kinds[] = {ALGO_KIND_ENCR, ALGO_KIND_INTEG, ALGO_KIND_KE};

/* The algorithm with the longest name that the text begins with (names hold dashes themselves), *len its length. */
static const struct algo *name_match(const char *text, bool child, size_t *len)
{
	const enum algo_kind *kinds = child ? child_kinds : ike_kinds;
	size_t n = child ? sizeof child_kinds / sizeof child_kinds[0] : sizeof ike_kinds / sizeof ike_kinds[0];
	char name[NAME_MAX_SIZE];
	size_t end = strlen(text);

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
