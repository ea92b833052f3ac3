/* The one table of typed causes: every drop, refusal, timeout and end carries one of them. */
#include "lib/cause.h"

static const struct ls_cause_info rows[] = {
#define CAUSE(number, name, severity, windows, sentence, hint) \
	{number, #name, severity, windows, sentence, hint},
#include "lib/cause.def"
#undef CAUSE
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

const struct ls_cause_info *ls_cause_info(unsigned cause)
{
	size_t low = 0, high = ROWS;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (rows[mid].number == cause)
			return &rows[mid];
		if (rows[mid].number < cause)
			low = mid + 1;
		else
			high = mid;
	}
	return &rows[1];
}

const struct ls_cause_info *ls_cause_all(size_t *count)
{
	*count = ROWS;
	return rows;
}
