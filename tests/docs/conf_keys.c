/* Prints each key of src/config/conf.def as the man page is to have it: "GROUP<tab>.It Ic KEY No
 * \(em TYPE; DEFAULT". Standalone: tests/docs/keys.sh compiles it. */
#include "src/config/config.h"

#include <stdio.h>
#include <string.h>

enum kind { TEXT, U32, BOOL, ADDR, START, TEXTS, PREFIXES, ADDRS, RANGE };

static const char *family(uint32_t min)
{
	return min == 4 ? "IPv4 " : min == 6 ? "IPv6 " : "IP ";
}

static void type_print(enum kind kind, uint32_t min, uint32_t max)
{
	switch (kind) {
	case TEXT:
		printf("text, at most %u characters", max);
		break;
	case U32:
		printf("number, %u to %u", min, max);
		break;
	case BOOL:
		printf("true or false");
		break;
	case ADDR:
		printf("%saddress", family(min));
		break;
	case START:
		printf("one of wait, on-demand, always");
		break;
	case TEXTS:
		printf("list of texts, at most %u", max);
		break;
	case PREFIXES:
		printf("list of networks, at most %u", max);
		break;
	case ADDRS:
		printf("list of %saddresses, at most %u", family(min), max);
		break;
	case RANGE:
		printf("range of IPv4 addresses");
		break;
	}
}

static void row(const char *group, const char *path, enum kind kind, uint32_t min, uint32_t max,
                const char *fallback)
{
	printf("%s\t.It Ic %s No \\(em ", group, path);
	type_print(kind, min, max);
	if (fallback[0])
		printf("; default %s\n", fallback);
	else
		printf("; no default\n");
}

int main(void)
{
#define GATEWAY(path, kind, field, count, min, max, fallback, sentence) \
	row("gateway", path, kind, (uint32_t)(min), (uint32_t)(max), fallback);
#define TUNNEL(path, kind, field, count, min, max, fallback, sentence) \
	row("tunnels", path, kind, (uint32_t)(min), (uint32_t)(max), fallback);
#include "src/config/conf.def"
	return 0;
}
