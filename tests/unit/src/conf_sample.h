/* Test helper: for each key of the tables a good value that is not the default. */
#ifndef TESTS_UNIT_SRC_CONF_SAMPLE_H
#define TESTS_UNIT_SRC_CONF_SAMPLE_H

#include "src/config/conf_table.h"

#include <stdio.h>
#include <string.h>

enum { CONF_SAMPLE_MAX = 64, CONF_SAMPLE_MTU = 600 };

/* As it stands in the file, without quotes; of a list one entry, another for each i. */
static inline const char *conf_sample(const struct conf_key *k, unsigned i,
                                      char out[CONF_SAMPLE_MAX])
{
	static const char *const ike[] = {"aes256-gcm-prf-sha384-x25519",
	                                  "aes128-gcm-prf-sha256-ecp256"};
	static const char *const esp[] = {"aes256-gcm", "aes256-sha256"};
	static const char *const ah[] = {"sha256-x25519", "aescmac"};

	switch (k->kind) {
	case CONF_TEXT:
		if (strstr(k->path, "dscp"))
			return i % 2 ? "ef" : "cs1";
		if (strcmp(k->path, "auth") == 0)
			return "psk";
		if (strcmp(k->path, "ike.rsa-padding") == 0)
			return i % 2 ? "pkcs1" : "pss";
		snprintf(out, CONF_SAMPLE_MAX, "x%u.example", i);
		break;
	case CONF_U32:
		snprintf(out, CONF_SAMPLE_MAX, "%u",
		         strcmp(k->path, "mtu") == 0 ? CONF_SAMPLE_MTU : k->min + 1);
		break;
	case CONF_BOOL:
		snprintf(out, CONF_SAMPLE_MAX, "%s", k->fallback[0] == 't' ? "false" : "true");
		break;
	case CONF_CHOICE: /* the default is the first */
		snprintf(out, CONF_SAMPLE_MAX, "%s", k->word[i && k->word[2] ? 2 : 1]);
		break;
	case CONF_ADDR:
	case CONF_ADDRS:
		snprintf(out, CONF_SAMPLE_MAX, k->min == 6 ? "2001:db8::%u" : "192.0.2.%u", i + 1);
		break;
	case CONF_PREFIXES:
		snprintf(out, CONF_SAMPLE_MAX, i % 2 ? "fd00:%u::/32" : "10.%u.0.0/16", i);
		break;
	case CONF_RANGE:
		snprintf(out, CONF_SAMPLE_MAX, "10.9.0.2-10.9.0.9");
		break;
	case CONF_TEXTS:
		if (strcmp(k->path, "ike.proposals") == 0)
			return ike[i % 2];
		if (strcmp(k->path, "esp.proposals") == 0)
			return esp[i % 2];
		if (strcmp(k->path, "peer-auth") == 0)
			return "psk";
		if (strcmp(k->path, "ah.proposals") == 0)
			return ah[i % 2];
		if (strcmp(k->path, "offload") == 0)
			return i % 2 ? "join" : "udp-gro";
		snprintf(out, CONF_SAMPLE_MAX, "x%u.example", i);
		break;
	}
	return out;
}

/* How many entries the list may have. */
static inline uint32_t conf_sample_most(const struct conf_key *k)
{
	return k->kind == CONF_ADDRS ? (uint32_t)(k->size / sizeof(struct ls_addr)) : k->max;
}

#endif
