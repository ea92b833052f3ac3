/* How often logins failed lately, so that passwords cannot be guessed fast. */
#include "src/keys/keys_guess.h"

#include "lib/bytes.h"
#include "lib/crypto.h"
#include "lib/pace.h"
#include "lib/wire.h"

#include <string.h>

/* Of an IPv6 address the network: one host may use all addresses in it. */
enum { IP6_NETWORK = 8 };

struct limit {
	uint64_t key;
	struct ls_pace pace;
};

static uint64_t key_of(uint32_t tunnel, struct ls_bytes what, uint8_t kind)
{
	uint8_t head[5], digest[CRYPTO_HASH_MAX];
	struct ls_bytes parts[2] = {LS_BYTES(head, sizeof head), what};

	head[0] = kind;
	ls_put32(head + 1, tunnel);
	crypto_digest(CRYPTO_SHA256, parts, 2, digest);
	return ls_get64(digest) | 1; /* 0 is a free entry */
}

static void limits_of(const struct keys_guess_login *l, struct limit out[2])
{
	size_t ip = l->peer->family == 6 ? IP6_NETWORK : l->peer->family == 4 ? 4 : 0;

	out[0] = (struct limit){key_of(l->tunnel, LS_BYTES(l->peer->ip, ip), 0),
	                        {LS_S(KEYS_GUESS_PEER_S), KEYS_GUESS_PEER_BURST}};
	out[1] = (struct limit){key_of(l->tunnel, LS_BYTES(l->user, strlen(l->user)), 1),
	                        {LS_S(KEYS_GUESS_USER_S), KEYS_GUESS_USER_BURST}};
}

bool keys_guess_allowed(const struct keys_guess *g, const struct keys_guess_login *l, ls_time now)
{
	struct limit limit[2];

	limits_of(l, limit);
	for (unsigned i = 0; i < 2; i++) {
		const struct keys_guess_entry *set = g->entry[limit[i].key % KEYS_GUESS_SETS];

		for (unsigned w = 0; w < KEYS_GUESS_WAYS; w++)
			if (set[w].key == limit[i].key &&
			    ls_pace_full(&limit[i].pace, set[w].until, now))
				return false;
	}
	return true;
}

static void add(struct keys_guess *g, const struct limit *l, ls_time now)
{
	struct keys_guess_entry *set = g->entry[l->key % KEYS_GUESS_SETS], *e = set;

	for (unsigned w = 0; w < KEYS_GUESS_WAYS; w++) {
		if (set[w].key == l->key) {
			e = &set[w];
			break;
		}
		if (set[w].until < e->until)
			e = &set[w];
	}
	if (e->key != l->key)
		*e = (struct keys_guess_entry){.key = l->key};
	e->until = ls_pace_add(&l->pace, e->until, now);
}

void keys_guess_failed(struct keys_guess *g, const struct keys_guess_login *l, ls_time now)
{
	struct limit limit[2];

	limits_of(l, limit);
	add(g, &limit[0], now);
	add(g, &limit[1], now);
}
