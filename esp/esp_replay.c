/*
 * The replay window of one inbound SA.
 *
 * Several threads at once: whoever commits a number raises the top first and then puts its bit into
 * the word by compare and exchange, which publishes the top too. So who finds a word of a later
 * round finds a top that makes its own number too old; and where the number is still in the window,
 * a word of another round is of an earlier one, and may be replaced.
 */
#include "esp/esp_replay.h"

#include "esp/esp_shared.h"

#include <stdlib.h>
#include <string.h>

enum { WORD_BITS = 5, ROUND_AT = 32 };

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
	uint64_t top = ESP_READ(r->top);
	uint32_t top_low = (uint32_t)top, top_high = (uint32_t)(top >> 32);
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

static uint32_t bit_of(uint64_t number)
{
	return 1u << (number % ESP_REPLAY_WORD);
}

/* The round of the ring that a number is in, where a word has it. */
static uint64_t round_of(const struct esp_replay *r, uint64_t number)
{
	return number >> (WORD_BITS + __builtin_ctz(~r->mask)) << ROUND_AT;
}

/* What of a word is of that round. */
static uint32_t bits_in(uint64_t word, uint64_t round)
{
	return word >> ROUND_AT == round >> ROUND_AT ? (uint32_t)word : 0;
}

/* The first packet carries 1 (RFC 4303 3.3.3). */
static bool too_old(const struct esp_replay *r, uint64_t top, uint64_t number)
{
	return number == 0 || (number <= top && top - number >= r->window);
}

enum ls_cause esp_replay_check(const struct esp_replay *r, uint64_t number)
{
	uint64_t top = ESP_READ(r->top);

	if (number > top)
		return CAUSE_NONE;
	if (too_old(r, top, number))
		return CAUSE_ESP_TOO_OLD;
	return bits_in(ESP_READ(*word_of(r, number)), round_of(r, number)) & bit_of(number)
	               ? CAUSE_ESP_REPLAY
	               : CAUSE_NONE;
}

enum ls_cause esp_replay_commit(struct esp_replay *r, uint64_t number, bool shared)
{
	uint64_t *word = word_of(r, number), round = round_of(r, number), is, becomes;
	uint32_t seen;

	if (too_old(r, ESP_READ(r->top), number))
		return CAUSE_ESP_TOO_OLD;
	esp_raise(&r->top, number, shared);
	is = __atomic_load_n(word, __ATOMIC_ACQUIRE);
	do {
		seen = bits_in(is, round);
		if (seen & bit_of(number))
			return CAUSE_ESP_REPLAY;
		if (seen == 0 && too_old(r, ESP_READ(r->top), number))
			return CAUSE_ESP_TOO_OLD;
		becomes = round | seen | bit_of(number);
		if (!shared) {
			ESP_WRITE(*word, becomes);
			return CAUSE_NONE;
		}
	} while (!__atomic_compare_exchange_n(word, &is, becomes, false, __ATOMIC_ACQ_REL,
	                                      __ATOMIC_ACQUIRE));
	return CAUSE_NONE;
}

/* The last number that has left the window. */
static uint64_t left(const struct esp_replay *r, uint64_t top)
{
	return top > r->window ? top - r->window : 0;
}

/* How many of the numbers in the window were seen. */
static uint64_t seen_inside(const struct esp_replay *r, uint64_t top)
{
	uint64_t first = left(r, top) + 1, seen = 0;

	for (uint64_t n = first; n <= top && n >= first;
	     n += ESP_REPLAY_WORD - n % ESP_REPLAY_WORD) {
		uint32_t bits = bits_in(ESP_READ(*word_of(r, n)), round_of(r, n));

		bits &= ~(bit_of(n) - 1);
		if (top - n < ESP_REPLAY_WORD - n % ESP_REPLAY_WORD)
			bits &= bit_of(top) | (bit_of(top) - 1);
		seen += (unsigned)__builtin_popcount(bits);
	}
	return seen;
}

uint64_t esp_replay_lost(const struct esp_replay *r)
{
	uint64_t top = ESP_READ(r->top);
	uint64_t lost = left(r, top) + seen_inside(r, top) - ESP_READ(r->seen);

	return lost > INT64_MAX ? 0 : lost;
}

void esp_replay_set_lost(struct esp_replay *r, uint64_t lost)
{
	r->seen = left(r, r->top) + seen_inside(r, r->top) - lost;
}

void esp_replay_set(struct esp_replay *r, uint64_t top)
{
	uint64_t lost = esp_replay_lost(r);

	memset(r->words, 0, (r->mask + 1) * sizeof(*r->words));
	r->top = top;
	if (top)
		*word_of(r, top) = round_of(r, top) | bit_of(top);
	esp_replay_set_lost(r, lost);
}
