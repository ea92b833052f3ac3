/* Fuzzes addresses and prefixes as text: what is taken has one text, which is taken again. */
#include "lib/addr.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), out[LS_ADDR_TEXT_MAX];
	struct ls_addr a, a2;
	struct ls_prefix p, p2;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (ls_addr_parse(text, &a)) {
		if (!ls_addr_parse(ls_addr_text(&a, out), &a2) || !ls_addr_equal(&a, &a2))
			abort();
	}
	if (ls_prefix_parse(text, &p)) {
		if (p.bits > (p.addr.family == 4 ? 32 : 128) || !ls_prefix_contains(&p, &p.addr))
			abort();
		if (!ls_prefix_parse(ls_prefix_text(&p, out), &p2) || p.bits != p2.bits ||
		    !ls_addr_same_ip(&p.addr, &p2.addr))
			abort();
	}
	free(text);
	return 0;
}
