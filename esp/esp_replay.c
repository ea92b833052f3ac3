/* The replay window of one inbound SA: checked before the ICV, committed after it (RFC 4303 3.4.3,
 * 6479). */
#include "esp/esp_replay.h"

#include <stdlib.h>
#include <string.h>

uint32_t esp_replay_words(uint32_t window)
{
	uint32_t words = 2;

	/* One word more than the window fills: the one that the top is in may be nearly empty (RFC
	 * 6479 2). */
	while ((words - 1) * ESP_REPLAY_WORD < window)
		words *= 2;
	return words;
}

bool esp_replay_make(struct esp_replay *r, uint32_t window)
{
	uint32_t words;

	if (window < ESP_WINDOW_MIN)
		window = ESP_WINDOW_MIN;
	words = esp_replay_words(window);
	*r = (struct esp_replay){.mask = words - 1, .window = window};
	r->words = calloc(words, sizeof(*r->words));
	return r->words != NULL;
}

void esp_replay_free(struct esp_replay *r)
{
	free(r->words);
	*r = (struct esp_replay){0};
}

bool esp_replay_guess(const struct esp_replay *r, bool esn, uint32_t low, uint64_t *number)
{
	uint32_t top_low = (uint32_t)r->top, top_high = (uint32_t)(r->top >> 32);
	uint32_t bottom = top_low - r->window + 1;
	uint32_t high = 0;

	if (esn && top_low >= r->window - 1) {
		high = low >= bottom ? top_high : top_high + 1;
	} else if (esn) {
		/* The window reaches back below a multiple of 2^32; below the very first there is
		 * nothing. */
		if (low >= bottom && top_high == 0)
			return false;
		high = low >= bottom ? top_high - 1 : top_high;
	}
	*number = (uint64_t)high << 32 | low;
	return true;
}

static uint64_t *word_of(const struct esp_replay *r, uint64_t number)
{
	return &r->words[(number / ESP_REPLAY_WORD) & r->mask];
}

static uint64_t bit_of(uint64_t number)
{
	return 1ull << (number % ESP_REPLAY_WORD);
}

enum ls_cause esp_replay_check(const struct esp_replay *r, uint64_t number)
{
	if (number > r->top)
		return CAUSE_NONE;
	/* The first packet carries 1 (RFC 4303 3.3.3). */
	if (number == 0 || r->top - number >= r->window)
		return CAUSE_ESP_TOO_OLD;
	return *word_of(r, number) & bit_of(number) ? CAUSE_ESP_REPLAY : CAUSE_NONE;
}

/* How many of the numbers from..to were seen; all must still be in the ring. */
static uint64_t seen_between(const struct esp_replay *r, uint64_t from, uint64_t to)
{
	uint64_t seen = 0;

	for (uint64_t next; from <= to; from = next) {
		uint64_t word = *word_of(r, from) & ~(bit_of(from) - 1);

		next = (from / ESP_REPLAY_WORD + 1) * ESP_REPLAY_WORD;
		if (next > to && to % ESP_REPLAY_WORD != ESP_REPLAY_WORD - 1)
			word &= bit_of(to + 1) - 1;
		seen += (unsigned)__builtin_popcountll(word);
	}
	return seen;
}

/* Counts what the window leaves behind when its top goes to number. */
static void count_lost(struct esp_replay *r, uint64_t number)
{
	uint64_t first = r->top >= r->window ? r->top - r->window + 1 : 1;
	uint64_t last, known;

	if (number <= r->window)
		return;
	last = number - r->window;
	known = last < r->top ? last : r->top;
	r->lost += last - first + 1;
	if (known >= first)
		r->lost -= seen_between(r, first, known);
}

static void advance(struct esp_replay *r, uint64_t number)
{
	uint64_t word = r->top / ESP_REPLAY_WORD, to = number / ESP_REPLAY_WORD;

	count_lost(r, number);
	if (to - word > r->mask)
		memset(r->words, 0, (r->mask + 1) * sizeof(*r->words));
	else
		while (word < to)
			r->words[++word & r->mask] = 0;
	r->top = number;
}

enum ls_cause esp_replay_commit(struct esp_replay *r, uint64_t number)
{
	enum ls_cause cause = esp_replay_check(r, number);

	if (cause != CAUSE_NONE)
		return cause;
	if (number > r->top)
		advance(r, number);
	*word_of(r, number) |= bit_of(number);
	return CAUSE_NONE;
}

void esp_replay_set(struct esp_replay *r, uint64_t top)
{
	memset(r->words, 0, (r->mask + 1) * sizeof(*r->words));
	r->top = top;
	if (top)
		*word_of(r, top) |= bit_of(top);
}
