/* DSCP as people write it. */
#include "src/config/config.h"

#include <stdlib.h>
#include <string.h>

enum { DSCP_MAX = 63, DSCP_EF = 46 };

static bool digit(char c, char low, char high)
{
	return c >= low && c <= high;
}

bool conf_dscp_parse(const char *text, uint8_t *dscp)
{
	size_t len = strlen(text);
	unsigned v = DSCP_MAX + 1;

	if (strcmp(text, "copy") == 0) {
		*dscp = CONF_DSCP_COPY;
		return true;
	}
	if (strcmp(text, "ef") == 0)
		v = DSCP_EF;
	else if (len == 3 && strncmp(text, "cs", 2) == 0 && digit(text[2], '0', '7'))
		v = (unsigned)(text[2] - '0') << 3;
	else if (len == 4 && strncmp(text, "af", 2) == 0 && digit(text[2], '1', '4') &&
	         digit(text[3], '1', '3'))
		v = (unsigned)(text[2] - '0') << 3 | (unsigned)(text[3] - '0') << 1;
	else if (len >= 1 && len <= 2 && strspn(text, "0123456789") == len)
		v = (unsigned)strtoul(text, NULL, 10);
	if (v > DSCP_MAX)
		return false;
	*dscp = (uint8_t)v;
	return true;
}
