/* Prints the control messages of two L2TP engines, for a witness: a call, a HELLO, a hang-up; in
 * text2pcap's form. */
#include "l2tp/l2tp.h"
#include "lib/crypto.h"
#include "lib/secret.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TUNNEL = 1, CHAIN = 2, ROUNDS = 12 };

static struct ls_random_seeded seed[2];
static uint16_t session;

static struct l2tp *engine_new(unsigned side, bool with_secret)
{
	const struct l2tp_limits limits = {0};
	struct l2tp_peer peer = {.tunnel = TUNNEL, .host_name = "host", .secret = "key"};
	struct ls_random random = ls_random_from_seed(&seed[side], side);
	struct l2tp *l2tp = l2tp_new(&limits, &random);

	peer.secret_len = with_secret ? 3 : 0;
	if (!l2tp || l2tp_peer_set(l2tp, &peer) != CAUSE_NONE)
		exit(EXIT_FAILURE);
	return l2tp;
}

static void carry(struct l2tp *from, struct l2tp *to, ls_time now)
{
	struct l2tp_request r;

	while (l2tp_next(from, &r)) {
		if (r.kind == L2TP_REQ_SESSION_UP)
			session = r.data.session;
		if (r.kind != L2TP_REQ_SEND)
			continue;
		printf("0000");
		for (size_t i = 0; i < r.bytes.len; i++)
			printf(" %02x", r.bytes.p[i]);
		printf("\n");
		l2tp_input(to, TUNNEL, CHAIN, r.bytes.p, r.bytes.len, now);
	}
}

static void rounds(struct l2tp *a, struct l2tp *b, ls_time now)
{
	for (unsigned i = 0; i < ROUNDS; i++) {
		carry(a, b, now);
		carry(b, a, now);
	}
}

int main(int argc, char **argv)
{
	bool with_secret = argc > 1 && strcmp(argv[1], "secret") == 0;
	ls_time now = LS_S(100);
	struct l2tp *a, *b;

	if (!crypto_init() || !secret_init())
		return EXIT_FAILURE;
	a = engine_new(0, with_secret);
	b = engine_new(1, with_secret);
	if (l2tp_call(a, TUNNEL, CHAIN, now) != CAUSE_NONE)
		return EXIT_FAILURE;
	rounds(a, b, now);
	l2tp_chain_moved(a, CHAIN, CHAIN, now);
	rounds(a, b, now);
	l2tp_hang_up(b, session, CAUSE_PEER_ASKED, now);
	rounds(a, b, now);
	l2tp_free(a);
	l2tp_free(b);
	return EXIT_SUCCESS;
}
