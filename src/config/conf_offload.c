/* The offloads that people may switch off, by name. */
#include "src/config/config.h"

#include <string.h>

/* By bit. */
static const char *const names[CONF_OFFLOADS_MAX] = {"tun-tso", "tun-uso", "join", "udp-gso",
                                                     "udp-gro"};

bool conf_offload_parse(const char *word, unsigned *bit)
{
	*bit = 0;
	if (strcmp(word, "none") == 0)
		return true;
	for (unsigned i = 0; i < CONF_OFFLOADS_MAX; i++)
		if (strcmp(word, names[i]) == 0)
			*bit = 1u << i;
	return *bit != 0;
}

const char *conf_offload_name(unsigned bit)
{
	for (unsigned i = 0; i < CONF_OFFLOADS_MAX; i++)
		if (bit == 1u << i)
			return names[i];
	return "?";
}

unsigned conf_offload(const struct conf_gateway *g)
{
	unsigned all = 0, bit;

	for (uint32_t i = 0; i < g->offload_count; i++)
		if (conf_offload_parse(g->offload[i], &bit))
			all |= bit;
	return g->offload_count > 0 ? all : CONF_OFFLOAD_ALL;
}
