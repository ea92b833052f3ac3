/* The keys of the configuration as tables that the reader, the encoder and the printer walk. */
#ifndef SRC_CONFIG_CONF_TABLE_H
#define SRC_CONFIG_CONF_TABLE_H

#include "src/config/config.h"

enum conf_kind {
	CONF_TEXT,
	CONF_U32,
	CONF_BOOL,
	CONF_ADDR,
	CONF_CHOICE,
	CONF_TEXTS,
	CONF_PREFIXES,
	CONF_ADDRS,
	CONF_RANGE
};

enum { CONF_WORDS_MAX = 4 };

struct conf_key {
	const char *path; /* "ike.lifetime": key lifetime of the group ike */
	enum conf_kind kind;
	size_t at;       /* of the field in its struct */
	size_t size;     /* of the field; of a list: of all of it */
	size_t count_at; /* of a list's counter; of a range's end */
	uint32_t min, max;
	const char *fallback; /* the default, as text */
	const char *sentence;
	/* Of a choice, by value; of a number: what max is called. NULL ends them. */
	const char *word[CONF_WORDS_MAX + 1];
};

extern const struct conf_key conf_gateway_keys[];
extern const size_t conf_gateway_key_count;
extern const struct conf_key conf_tunnel_keys[];
extern const size_t conf_tunnel_key_count;

/* The field of a key in its struct. */
static inline void *conf_field(const struct conf_key *k, void *of)
{
	return (char *)of + k->at;
}

static inline void *conf_count(const struct conf_key *k, void *of)
{
	return (char *)of + k->count_at;
}

/*
 * Sets one value (of a list: adds one) from its text. false: error (cap bytes) says what would be
 * right. An empty text leaves an optional field empty.
 */
bool conf_set(const struct conf_key *k, void *of, const char *text, char *error, size_t cap);
/* Its text as it would stand in the file; of a list entry i. */
const char *conf_get(const struct conf_key *k, const void *of, uint32_t i, char *out, size_t cap);
bool conf_is_list(const struct conf_key *k);
/* The word of a choice for a value; NULL: there is none. */
const char *conf_word(const struct conf_key *k, unsigned value);
/* Sets all keys of a table to their defaults. */
void conf_defaults(const struct conf_key *keys, size_t n, void *of);

/* How many letters must be added, left out or changed (Levenshtein), case not counted; a lot where
 * a word is long. */
unsigned conf_distance(const char *a, const char *b);

struct esp_sad;
/* Notes each algorithm that a tunnel's proposals for ESP name and that no library which the SAD
 * knows has, or has rightly. */
void conf_algorithms_check(const struct conf *conf, struct esp_sad *sad,
                           struct conf_errors *errors);
/* The line of the file where the key is, or else the tunnel. */
unsigned conf_key_line(const struct conf_tunnel *t, const char *path);

/* How a tunnel's sides prove themselves, and that there are files for it. */
void conf_auth_check(const struct conf *conf, const struct conf_tunnel *t,
                     struct conf_errors *errors);

/* Notes each number of the file that libconfig would wrap round; leaves the file at its begin. */
void conf_numbers_check(FILE *file, const char *path, struct conf_errors *errors);

#endif
