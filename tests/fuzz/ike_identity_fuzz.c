/* Fuzzes identities: config text, and what a peer sends as its identity. What is printed is
 * printable and fits its room, and an identity is itself. */
#include "ike/ike.h"

#include <stdlib.h>
#include <string.h>

static void printed(const struct ike_identity *id, size_t cap)
{
	char *out = malloc(cap);
	size_t len;

	if (!out)
		return;
	ike_identity_text(id, out, cap);
	len = strnlen(out, cap);
	if (len == cap)
		abort();
	for (size_t i = 0; i < len; i++)
		if (out[i] < 0x20 || out[i] > 0x7e)
			abort();
	free(out);
}

static void whole(const struct ike_identity *id, uint8_t cap)
{
	printed(id, 1u + cap);
	printed(id, 4 * IKE_IDENTITY_MAX + 32);
}

static void text(const char *given, uint8_t cap)
{
	struct ike_identity id, again;
	char out[4 * IKE_IDENTITY_MAX + 32];

	if (!ike_identity_parse(given, &id))
		return;
	if (id.len == 0 || id.len > IKE_IDENTITY_MAX)
		abort();
	whole(&id, cap);
	/* A pattern does not match itself as a name. */
	if (!(id.type == IKE_ID_FQDN && id.data[0] == '*') && !ike_identity_matches(&id, &id))
		abort();
	if ((id.type == IKE_ID_IPV4 || id.type == IKE_ID_IPV6) &&
	    (!ike_identity_parse(ike_identity_text(&id, out, sizeof out), &again) ||
	     !ike_identity_matches(&id, &again)))
		abort();
}

/* As it comes from the network, beside what is expected. */
static void seen(const char *expected, uint8_t type, const uint8_t *data, size_t size, uint8_t cap)
{
	struct ike_identity id = {.type = (enum ike_id_type)type}, wanted;

	id.len = (uint16_t)(size < IKE_IDENTITY_MAX ? size : IKE_IDENTITY_MAX);
	memcpy(id.data, data, id.len);
	whole(&id, cap);
	if (!ike_identity_parse(expected, &wanted) || !ike_identity_matches(&wanted, &id))
		return;
	/* A DN has more than one form. */
	if (id.type != wanted.type ||
	    (wanted.data[0] != '*' && wanted.type != IKE_ID_DN && id.len != wanted.len))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* data: room for the text, type of the identity seen, text, 0, bytes of the identity seen. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *given;
	size_t len;

	if (size < 2)
		return 0;
	len = strnlen((const char *)data + 2, size - 2);
	given = strndup((const char *)data + 2, len);
	if (!given)
		return 0;
	text(given, data[0]);
	len += len < size - 2;
	seen(given, data[1], data + 2 + len, size - 2 - len, data[0]);
	free(given);
	return 0;
}
