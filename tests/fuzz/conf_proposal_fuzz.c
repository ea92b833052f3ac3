/* Fuzzes proposals as people write them: taken, or refused with a sentence. */
#include "ike/ike.h"
#include "src/config/config.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* The seeds' first byte. */
	static const unsigned uses[] = {ALGO_FOR_IKE, ALGO_FOR_ESP, ALGO_FOR_AH};
	struct ike_proposal p;
	unsigned use;
	char text[CONF_TEXT_MAX], error[80];

	if (size < 1 || size > sizeof text)
		return 0;
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	error[0] = '\0';
	memset(&p, 0xee, sizeof p);
	use = uses[data[0] % 3];
	if (!conf_proposal_parse(text, use, &p, error, sizeof error)) {
		if (error[0] == '\0' || !memchr(error, '\0', sizeof error))
			abort();
	} else if (p.count == 0 || p.count > sizeof p.algo / sizeof p.algo[0] ||
	           (!p.esn && !p.no_esn && use != ALGO_FOR_IKE)) {
		abort();
	}
	return 0;
}
