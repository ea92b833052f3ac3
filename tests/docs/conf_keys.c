/* Prints each key of src/config/conf.def as the man page is to have it: "GROUP<tab>.It Ic KEY No
 * \(em TYPE; DEFAULT". Standalone: tests/docs/keys.sh compiles it. */
#include "src/config/config.h"

#include <stdio.h>
#include <string.h>

enum kind { TEXT, U32, BOOL, ADDR, CHOICE, TEXTS, PREFIXES, ADDRS, RANGE };

static const char *family(uint32_t min)
{
	return min == 4 ? "IPv4 " : min == 6 ? "IPv6 " : "IP ";
}

static void type_print(enum kind kind, uint32_t min, uint32_t max, const char *const *words)
{
	switch (kind) {
	case TEXT:
		printf("text, at most %u characters", max);
		break;
	case U32:
		printf("number, %u to %u", min, max);
		if (words[0])
			printf(", or %s", words[0]);
		break;
	case BOOL:
		printf("true or false");
		break;
	case ADDR:
		printf("%saddress", family(min));
		break;
	case CHOICE:
		printf("one of");
		for (unsigned i = 0; words[i]; i++)
			printf("%s%s", i ? ", " : " ", words[i]);
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
                const char *fallback, const char *const *words)
{
	printf("%s\t.It Ic %s No \\(em ", group, path);
	type_print(kind, min, max, words);
	if (fallback[0])
		printf("; default %s\n", fallback);
	else
		printf("; no default\n");
}

int main(void)
{
#define GATEWAY(path, kind, field, count, min, max, fallback, sentence, ...)   \
	row("gateway", path, kind, (uint32_t)(min), (uint32_t)(max), fallback, \
	    (const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL});
#define TUNNEL(path, kind, field, count, min, max, fallback, sentence, ...)    \
	row("tunnels", path, kind, (uint32_t)(min), (uint32_t)(max), fallback, \
	    (const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL});
#include "src/config/conf.def"
	return 0;
}
