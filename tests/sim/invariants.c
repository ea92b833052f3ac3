/* What must hold in every run, checked on every packet that a gateway sends, and ways to break it
 * that prove the checks. */
#include "tests/sim/sim.h"
#include "tests/sim/wrap.h"

#include <stdlib.h>
#include <string.h>

enum {
	SECRETS_MAX = 8,
	LINK_MTU = 1500,
	SEEN_FIRST = 1 << 14,
	IKE_HEADER = 28,
	IKE_VERSION_AT = 17,
	IKE_EXCHANGE_AT = 18,
	IKE_FIRST_AT = 16,
	IKE_LENGTH_AT = 24,
	IKE_SA_INIT = 34,
	INFORMATIONAL = 37,
	PAYLOAD_NOTIFY = 41,
	NOTIFY_TYPE_AT = 6,
	INVALID_IKE_SPI = 4,
	INVALID_SPI = 11,
	QCD_TOKEN = 16419,
	TOKEN_SIZE = 32,
	INVALID_MAJOR_VERSION = 5,
	PAYLOAD_SK = 46,
	PAYLOAD_SKF = 53,
	SPI_MIN = 256,
	DATA_MIN = 200, /* no payload of a control message is so long */
	/* Per tunnel. In a storm: a half-open IKE SA lives until its retries end, so restarts leave
	 * some behind. */
	IKE_SAS_STORM = 40,
	ESP_SAS_STORM = 80,
	IKE_SAS_CALM = 2,
	ESP_SAS_CALM = 8,
	BLOCK_MAX = 16,
	QUEUED_MAX = 32, /* packets of a tunnel that wait (src/gateway/gw.h) */
};

/* An outbound SA as the gateway installed it. */
struct key {
	uint64_t hash;
	uint32_t spi;
	unsigned gateway;
};

enum sim_break sim_break;
static struct {
	const char *what;
	const void *bytes;
	size_t len;
} secrets[SECRETS_MAX];
static unsigned secrets_used;
static struct key *keys;
static size_t keys_used, keys_room;
static uint64_t *seen; /* key and number, hashed; 0: free */
static size_t seen_used, seen_room;

void invariants_begin(void)
{
	secrets_used = 0;
	keys_used = 0;
}

void invariants_end(void)
{
	free(keys);
	free(seen);
	keys = NULL;
	seen = NULL;
	keys_used = keys_room = seen_used = seen_room = 0;
}

void invariants_secret(const char *what, const void *bytes, size_t len)
{
	if (secrets_used == SECRETS_MAX)
		abort();
	secrets[secrets_used].what = what;
	secrets[secrets_used].bytes = bytes;
	secrets[secrets_used++].len = len;
}

static uint64_t mix(uint64_t h, const void *bytes, size_t len)
{
	const uint8_t *b = bytes;

	for (size_t i = 0; i < len; i++)
		h = (h ^ b[i]) * 0x100000001b3u;
	return h;
}

/* Adds to the set; false when it was there. */
static bool seen_put(uint64_t *set, size_t room, uint64_t value)
{
	size_t at = (size_t)(value * 0x9e3779b97f4a7c15u >> 20) & (room - 1);

	while (set[at] != 0) {
		if (set[at] == value)
			return false;
		at = (at + 1) & (room - 1);
	}
	set[at] = value;
	return true;
}

static bool seen_add(uint64_t value)
{
	if (seen_used * 2 >= seen_room) {
		size_t room = seen_room ? seen_room * 2 : SEEN_FIRST;
		uint64_t *set = calloc(room, sizeof *set);

		if (!set)
			abort();
		for (size_t i = 0; i < seen_room; i++)
			if (seen[i])
				seen_put(set, room, seen[i]);
		free(seen);
		seen = set;
		seen_room = room;
	}
	seen_used++;
	return seen_put(seen, seen_room, value);
}

static const struct key *key_find(unsigned gateway, uint32_t spi)
{
	for (size_t i = keys_used; i > 0; i--)
		if (keys[i - 1].gateway == gateway && keys[i - 1].spi == spi)
			return &keys[i - 1];
	return NULL;
}

/* around: bytes of IP and UDP before it. */
static void check_esp(unsigned gateway, const uint8_t *bytes, size_t len, size_t around)
{
	uint32_t spi = len >= 8 ? ls_get32(bytes) : 0, number = len >= 8 ? ls_get32(bytes + 4) : 0;
	const struct key *key = key_find(gateway, spi);
	uint64_t both;

	if (spi < SPI_MIN || !key) {
		fail("gateway %u sends %zu bytes that are neither IKE nor ESP of an SA of its own",
		     gateway, len);
		return;
	}
	if (len + around > LINK_MTU)
		fail("gateway %u sends %zu bytes of ESP, which do not go through in one piece",
		     gateway, len);
	trace("%u sends ESP %08x number %u, %zu bytes", gateway, spi, number, len);
	both = mix(mix(key->hash, &spi, sizeof spi), &number, sizeof number) | 1;
	if (!seen_add(both))
		fail("gateway %u sends number %u of SA %08x twice under one key", gateway, number,
		     spi);
}

/* What is said of SAs that are not known, without keys to protect it with (RFC 7296 1.5, 2.21.4),
 * with a token where the gateway has them (RFC 6290 4.5). */
static bool is_stranger_answer(unsigned gateway, const uint8_t *bytes, size_t len)
{
	bool token = len == IKE_HEADER + 8 + 8 + TOKEN_SIZE;
	uint16_t type;

	if (len < IKE_HEADER + 8 || bytes[IKE_FIRST_AT] != PAYLOAD_NOTIFY ||
	    (!token && len > IKE_HEADER + 16))
		return false;
	type = ls_get16(bytes + IKE_HEADER + NOTIFY_TYPE_AT);
	if (token)
		return !daemon_wish.no_tokens[gateway] && type == INVALID_IKE_SPI &&
		       bytes[IKE_HEADER] == PAYLOAD_NOTIFY &&
		       ls_get16(bytes + IKE_HEADER + 8 + NOTIFY_TYPE_AT) == QCD_TOKEN;
	return bytes[IKE_HEADER] == 0 &&
	       (type == INVALID_IKE_SPI || type == INVALID_SPI || type == INVALID_MAJOR_VERSION);
}

static void check_ike(unsigned gateway, const uint8_t *bytes, size_t len)
{
	uint8_t exchange = len >= IKE_HEADER ? bytes[IKE_EXCHANGE_AT] : 0,
		first = len >= IKE_HEADER ? bytes[IKE_FIRST_AT] : 0;

	/* An answer to a stranger has the exchange type that came, whatever it was. */
	if (len < IKE_HEADER || bytes[IKE_VERSION_AT] != 0x20 ||
	    ls_get32(bytes + IKE_LENGTH_AT) != len ||
	    ((exchange < IKE_SA_INIT || exchange > INFORMATIONAL) &&
	     !is_stranger_answer(gateway, bytes, len))) {
		fail("gateway %u sends %zu bytes that are no IKE message", gateway, len);
		return;
	}
	trace("%u sends IKE exchange %u number %u flags %02x, %zu bytes", gateway, exchange,
	      ls_get32(bytes + 20), bytes[19], len);
	if (exchange != IKE_SA_INIT && first != PAYLOAD_SK && first != PAYLOAD_SKF &&
	    !is_stranger_answer(gateway, bytes, len))
		fail("gateway %u sends an unprotected IKE message, exchange %u", gateway, exchange);
}

void invariants_wire(unsigned gateway, bool raw, uint16_t from, uint16_t to, const uint8_t *bytes,
                     size_t len)
{
	static const uint8_t no_esp[4];

	(void)to;
	for (unsigned i = 0; i < secrets_used; i++)
		if (memmem(bytes, len, secrets[i].bytes, secrets[i].len))
			fail("gateway %u sends %s in the clear", gateway, secrets[i].what);
	if (!raw && from == 4500 && len == 1 && bytes[0] == 0xff)
		trace("%u keeps the NAT's mapping alive", gateway);
	else if (!raw && from == 500)
		check_ike(gateway, bytes, len);
	else if (!raw && len >= sizeof no_esp && memcmp(bytes, no_esp, sizeof no_esp) == 0)
		check_ike(gateway, bytes + sizeof no_esp, len - sizeof no_esp);
	else
		check_esp(gateway, bytes, len, (net.ipv6 ? 40u : 20u) + (raw ? 0u : 8u));
}

void invariants_counts(unsigned gateway, const struct daemon_counts *c, bool calm)
{
	/* What a new proof replaces may just have been rekeyed. */
	unsigned more = daemon_wish.auth_life_s > 0 ? 2 : 0;
	unsigned ike = (calm ? IKE_SAS_CALM + more : IKE_SAS_STORM) * daemon_wish.tunnels,
		 esp = (calm ? ESP_SAS_CALM : ESP_SAS_STORM) * daemon_wish.tunnels;

	bool ppk = daemon_wish.ppk[0] != SIM_PPK_NONE && daemon_wish.ppk[1] != SIM_PPK_NONE;

	trace("%u has %u IKE SAs and %u ESP SAs", gateway, c->ike_sas, c->esp_sas);
	if (c->ike_sas > ike || c->esp_sas > esp)
		fail("gateway %u has %u IKE SAs (at most %u) and %u ESP SAs (at most %u)", gateway,
		     c->ike_sas, ike, c->esp_sas, esp);
	if (ppk ? c->without_ppk > 0 : c->with_ppk > 0)
		fail("gateway %u has %u IKE SAs with a PPK and %u without: %s", gateway,
		     c->with_ppk, c->without_ppk,
		     ppk ? "both ends have one" : "not both ends have one");
	if (c->queued > QUEUED_MAX || c->lines > daemon_wish.tunnels)
		fail("gateway %u has %u packets waiting for a line, and %u lines", gateway,
		     c->queued, c->lines);
}

/* Sizes go by the cipher's blocks. */
void invariants_path(unsigned gateway, const struct daemon_counts *c)
{
	unsigned carries = net.path_mtu > 0 && net.path_mtu < LINK_MTU ? net.path_mtu : LINK_MTU;

	trace("%u takes the path for one of %u to %u bytes", gateway, c->path_least, c->path_most);
	if (c->path_least + BLOCK_MAX <= carries || c->path_most > carries)
		fail("gateway %u takes the path for one of %u to %u bytes, but it carries %u",
		     gateway, c->path_least, c->path_most, carries);
	for (unsigned t = 0; t < daemon_wish.tunnels; t++)
		if (host_tunnel[gateway][t].downs > 0)
			fail("tunnel %u of gateway %u went down", t, gateway);
}

/* -- eyes and hands inside ESP -- */

enum ls_cause __wrap_esp_sa_add(struct esp_sad *sad, const struct esp_sa_params *params,
                                ls_time now, struct esp_sa **sa)
{
	enum ls_cause cause = __real_esp_sa_add(sad, params, now, sa);

	if (cause != CAUSE_NONE || params->direction != ESP_OUT)
		return cause;
	if (keys_used == keys_room) {
		keys_room = keys_room ? keys_room * 2 : 64;
		keys = realloc(keys, keys_room * sizeof *keys);
		if (!keys)
			abort();
	}
	keys[keys_used++] =
		(struct key){.hash = mix(0xcbf29ce484222325u, params->keymat.p, params->keymat.len),
	                     .spi = params->spi,
	                     .gateway = sim_current->gateway};
	return cause;
}

void __wrap_esp_sa_end(struct esp_sad *sad, struct esp_sa *sa)
{
	if (sim_break == BREAK_MEMORY && !sim_current->killed)
		return;
	__real_esp_sa_end(sad, sa);
}

size_t __wrap_esp_worker_seal(struct esp_worker *w, struct esp_seal_job *jobs, size_t n,
                              ls_time now)
{
	size_t done = __real_esp_worker_seal(w, jobs, n, now);

	for (size_t i = 0; i < n && sim_break != BREAK_NOTHING; i++) {
		struct esp_seal_job *job = &jobs[i];
		size_t at = 8, plain = 0;

		if (job->verdict != CAUSE_NONE)
			continue;
		if (sim_break == BREAK_SEQUENCE && dice_permille(20)) {
			struct esp_sa_view view;

			esp_sa_view(job->sa, &view);
			esp_sa_set_sequence(job->sa, view.sequence - 1);
		}
		if (sim_break == BREAK_STRANGER && dice_permille(20))
			ls_put32(job->dst, 0x01020304);
		for (unsigned p = 0; p < job->parts; p++)
			plain += job->part[p].len;
		if (sim_break != BREAK_PLAINTEXT || plain < DATA_MIN)
			continue;
		for (unsigned p = 0; p < job->parts; p++) {
			memcpy(job->dst + at, job->part[p].p, job->part[p].len);
			at += job->part[p].len;
		}
	}
	return done;
}

size_t __wrap_esp_worker_open(struct esp_worker *w, struct esp_open_job *jobs, size_t n,
                              ls_time now)
{
	size_t opened = __real_esp_worker_open(w, jobs, n, now);

	for (size_t i = 0; i < n; i++)
		if (jobs[i].verdict != CAUSE_NONE)
			trace("%u refuses ESP, %u bytes: %s", sim_current->gateway, jobs[i].len,
			      ls_cause_info((enum ls_cause)jobs[i].verdict)->name);
		else
			trace("%u opens ESP number %llu, %u bytes", sim_current->gateway,
			      (unsigned long long)jobs[i].sequence, jobs[i].len);
	return opened;
}

enum ls_cause __wrap_esp_replay_check(const struct esp_replay *r, uint64_t number)
{
	return sim_break == BREAK_REPLAY ? CAUSE_NONE : __real_esp_replay_check(r, number);
}

enum ls_cause __wrap_esp_replay_commit(struct esp_replay *r, uint64_t number, bool shared)
{
	enum ls_cause cause = __real_esp_replay_commit(r, number, shared);

	return sim_break == BREAK_REPLAY ? CAUSE_NONE : cause;
}
