/* The one table of algorithms: numbers for IKEv1 and IKEv2, sizes, gates. */
#include "lib/algo.h"

#include <string.h>

static const struct algo rows[] = {
#define ALGO(number, NAME, config, kind, gate, v2, v1_one, v1_two, attribute, key, salt, iv, \
             block, icv, aead, evp, mode, strength, serves)                                  \
	{number, config, kind,  gate, v2,   v1_one, v1_two, attribute, key,                  \
	 salt,   iv,     block, icv,  aead, evp,    mode,   strength,  serves},
#include "lib/algo.def"
#undef ALGO
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

const struct algo *algo_get(unsigned id)
{
	for (size_t i = 0; i < ROWS; i++)
		if ((unsigned)rows[i].id == id)
			return &rows[i];
	return NULL;
}

const struct algo *algo_by_name(enum algo_kind kind, const char *name)
{
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].kind == kind && strcmp(rows[i].name, name) == 0)
			return &rows[i];
	return NULL;
}

const struct algo *algo_by_ikev2(enum algo_kind kind, uint16_t transform, uint16_t key_attribute)
{
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].kind == kind && rows[i].ikev2 == transform &&
		    rows[i].key_attribute == key_attribute)
			return &rows[i];
	return NULL;
}

const struct algo *algo_all(size_t *count)
{
	*count = ROWS;
	return rows;
}
