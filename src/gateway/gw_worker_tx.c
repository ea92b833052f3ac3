/* TUN to socket: cuts what was read, puts L2TP and PPP before each packet, seals a batch and sends
 * it in runs. */
#include "lib/sum.h"
#include "lib/ip.h"
#include "src/gateway/gw_worker.h"

#include "lib/wire.h"
#include "src/base/datagram.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	SLOT_SIZE = GW_HEADROOM + GW_HEAD_MAX,
	PROBE_LEAST = 1000, /* no other control frame is so long */
	PACKET_MOST = GW_PLAIN_MAX + GW_HEADROOM + ESP_OVERHEAD_MAX + AH_OVERHEAD_MAX,
	READ_ROOM = GW_HEADROOM + GW_TUN_PACKET_MAX + 1,
	ALIGN = 64,
	CONTROL_MAX = GW_PLAIN_MAX,
};

bool gw_worker_init(struct gw_worker *w, struct esp_sad *sad, const struct gw_worker_calls *calls,
                    void *owner, struct ls_counters *counters)
{
	memset(w, 0, sizeof *w);
	w->sad = sad;
	w->esp = sad ? esp_worker(sad, 0) : NULL;
	w->calls = calls;
	w->owner = owner;
	w->counters = counters;
	w->in = malloc(GW_TUN_ARENA);
	w->out = malloc(GW_OUT_ARENA);
	w->slots = malloc((size_t)ESP_BATCH_MAX * SLOT_SIZE);
	if (w->in && w->out && w->slots && gw_rx_init(&w->rx))
		return true;
	gw_worker_free(w);
	return false;
}

void gw_worker_free(struct gw_worker *w)
{
	free(w->in);
	free(w->out);
	free(w->slots);
	gw_rx_free(&w->rx);
	w->in = w->out = w->slots = NULL;
}

void gw_flow_session_prepare(struct gw_flow_session *s)
{
	uint8_t header[L2TP_DATA_HEADER_MAX];

	s->header_len = (uint8_t)l2tp_data_header(&s->data, 0, 0, header);
	s->prefix_len[0] = (uint8_t)ppp_data_prefix(&s->link, 4, s->prefix[0]);
	s->prefix_len[1] = (uint8_t)ppp_data_prefix(&s->link, 6, s->prefix[1]);
}

static uint64_t sum_addresses(const struct ls_addr *local, const struct ls_addr *remote,
                              size_t udp_len)
{
	size_t size = ls_addr_size(local);

	return ls_sum_bytes(local->ip, size) + ls_sum_bytes(remote->ip, size) + IP_UDP + udp_len;
}

static void udp_sum_set(uint8_t *header, uint64_t sum)
{
	uint16_t value = (uint16_t)~ls_sum_fold(sum);

	ls_put16(header + UDP_SUM, value == 0 ? 0xffff : value);
}

static void udp_header_start(uint8_t *header, size_t payload_len)
{
	ls_put16(header, GW_L2TP_PORT);
	ls_put16(header + 2, GW_L2TP_PORT);
	ls_put16(header + UDP_LEN, (uint16_t)(UDP_SIZE + payload_len));
	ls_put16(header + UDP_SUM, 0);
}

void gw_udp_header(uint8_t *header, size_t payload_len, const struct ls_addr *local,
                   const struct ls_addr *remote)
{
	udp_header_start(header, payload_len);
	udp_sum_set(header, ls_sum_bytes(header, UDP_SIZE + payload_len) +
	                            sum_addresses(local, remote, UDP_SIZE + payload_len));
}

/* Over IPv4 data goes without a UDP checksum (RFC 2661 8.1: only control should have one; the ICV
 * protects it); IPv6 wants one (RFC 8200 8.1). */
static void data_sum(uint8_t *header, size_t len, const struct gw_piece *piece,
                     const struct esp_sa *sa)
{
	uint64_t payload;

	if (esp_sa_remote(sa)->family == 4)
		return;
	payload = ls_sum_bytes(piece->payload, piece->payload_len);
	if (len & 1)
		payload = (payload & 0xff) << 8 | payload >> 8;
	udp_sum_set(header, ls_sum_bytes(header, len) + payload +
	                            sum_addresses(esp_sa_local(sa), esp_sa_remote(sa),
	                                          len + piece->payload_len));
}

static uint16_t number_take(const struct gw_worker *w, struct gw_flow_session *s)
{
	return w->shared ? __atomic_fetch_add(&s->ns, 1, __ATOMIC_RELAXED) : s->ns++;
}

/* Puts UDP, L2TP and PPP before the packet; gives where it begins now. */
static uint8_t *encapsulate(const struct gw_worker *w, struct gw_flow_session *s,
                            const struct gw_piece *piece, const struct esp_sa *sa)
{
	unsigned which = piece->version == 6;
	size_t ppp_len = (size_t)s->prefix_len[which] + piece->head_len + piece->payload_len;
	uint8_t *at = piece->head - s->prefix_len[which];

	memcpy(at, s->prefix[which], s->prefix_len[which]);
	at -= s->header_len;
	l2tp_data_header(&s->data, number_take(w, s), ppp_len, at);
	at -= UDP_SIZE;
	udp_header_start(at, s->header_len + ppp_len);
	data_sum(at, (size_t)(piece->head + piece->head_len - at), piece, sa);
	return at;
}

/* A sealed packet, to be sent from this socket. */
static bool sealed_add(struct gw_runs *runs, const struct gw_udp *socket,
                       const struct esp_seal_job *job, uint8_t class, bool df)
{
	uint8_t *bytes = job->dst;
	size_t len = job->dst_len;

	/* With AH the packet has its IP header, where class and flags may change behind the ICV;
	 * over IPv6 the kernel makes the same one. */
	if (socket->ah && socket->family == 6) {
		bytes += IP6_SIZE;
		len -= IP6_SIZE;
	} else if (socket->ah) {
		bytes[IP4_TOS] = class;
		ls_put16(bytes + IP4_FRAGMENT, df ? IP4_DONT_FRAGMENT : 0);
	}
	return gw_runs_add(runs, socket, esp_sa_local(job->sa), esp_sa_remote(job->sa), class, df,
	                   bytes, len);
}

static const struct gw_udp *socket_of(const struct gw_worker *w, const struct gw_path *path)
{
	const struct gw_udp *own = w->own[path->socket->kind];

	return own ? own : path->socket;
}

static void add(const struct gw_worker *w, uint64_t *to, uint64_t n)
{
	if (w->shared)
		__atomic_fetch_add(to, n, __ATOMIC_RELAXED);
	else
		*to += n;
}

void gw_tally_flush(const struct gw_worker *w, struct gw_tally *t, uint64_t *packets,
                    uint64_t *bytes)
{
	add(w, packets, t->packets);
	add(w, bytes, t->bytes);
	*t = (struct gw_tally){.session = NULL};
}

static void sent_flush(struct gw_worker *w)
{
	struct gw_flow_session *s = w->sent.session;

	if (s)
		gw_tally_flush(w, &w->sent, &s->out_packets, &s->out_bytes);
}

static void sent_count(struct gw_worker *w, struct gw_flow_session *s, size_t plain, size_t bytes)
{
	uint64_t before = __atomic_load_n(&s->out_packets, __ATOMIC_RELAXED);

	if (w->sent.session != s)
		sent_flush(w);
	w->sent.session = s;
	__atomic_store_n(&s->sizes[(before + w->sent.packets++) % GW_SIZES], (uint16_t)plain,
	                 __ATOMIC_RELAXED);
	w->sent.bytes += bytes;
}

/* Seals what is gathered and groups it into runs; gives false when a socket is full. */
static bool seal_and_send(struct gw_worker *w)
{
	const struct gw_udp *full;

	if (w->seals > 0)
		esp_worker_seal(w->esp, w->seal, w->seals, w->now);
	for (unsigned i = 0; i < w->seals; i++) {
		const struct esp_seal_job *job = &w->seal[i];

		if (job->verdict == CAUSE_NONE &&
		    !sealed_add(&w->runs, w->seal_socket[i], job, w->seal_class[i], w->seal_df[i]))
			ls_count(w->counters, CAUSE_GW_SOCKET_FULL);
	}
	w->seals = 0;
	if (!gw_runs_send(&w->runs, w->counters, &full)) {
		w->stalled = true;
		w->calls->full(w->owner, full);
		return false;
	}
	w->out_used = 0;
	return true;
}

/*
 * What is larger than the path carries goes in fragments whatever was asked for, where it can: it
 * came before the MTU fell, or it is IPv6 on a path that is too small for it (RFC 8200 5), and else
 * would be lost.
 */
static bool outer_df(const struct gw_flow_session *s, const struct gw_piece *piece, size_t sealed)
{
	const struct gw_udp *socket = s->path->socket;
	size_t size = sealed + (socket->raw ? 0 : UDP_SIZE);

	if (!socket->ah)
		size += socket->family == 4 ? (size_t)IP4_SIZE : IP6_SIZE;
	return (s->path_mtu == 0 || size <= s->path_mtu) &&
	       gw_mark_df(&s->mark, piece->head, piece->version, socket->family);
}

static bool version_open(const struct gw_flow_session *s, unsigned version)
{
	return version == 4 ? s->link.ipv4 : s->link.ipv6;
}

/* Adds a job for one packet, for which there is room; false when the socket is full. */
static bool piece_add(struct gw_worker *w, struct gw_flow_session *s, const struct gw_piece *piece)
{
	size_t plain = (size_t)piece->head_len + piece->payload_len + UDP_SIZE + s->header_len +
	               s->prefix_len[piece->version == 6];
	struct esp_sa *sa = s->path->out;
	size_t sealed = esp_sealed_size(sa, plain);

	struct esp_seal_job *job = &w->seal[w->seals];
	uint8_t *start = encapsulate(w, s, piece, sa);

	job->sa = sa;
	job->part[0] = LS_BYTES(start, (size_t)(piece->head + piece->head_len - start));
	job->part[1] = LS_BYTES(piece->payload, piece->payload_len);
	job->parts = piece->payload_len > 0 ? 2 : 1;
	job->next_header = IP_UDP;
	job->dst = w->out + w->out_used;
	job->dst_room = (uint32_t)sealed;
	w->seal_socket[w->seals] = socket_of(w, s->path);
	w->seal_df[w->seals] = outer_df(s, piece, sealed);
	w->seal_class[w->seals++] =
		gw_mark_outer(&s->mark, gw_mark_read(piece->head, piece->version));
	w->out_used += sealed;
	sent_count(w, s, plain, piece->head_len + piece->payload_len);
	return w->seals < ESP_BATCH_MAX || seal_and_send(w);
}

/* Cuts one read and adds its packets; gives how many. */
static unsigned packet_add(struct gw_worker *w, struct gw_device *d, uint8_t *bytes, size_t len)
{
	struct gw_flow_session *s = d->session;
	struct gw_cut cut;
	struct gw_piece piece;
	unsigned n = 0;
	enum ls_cause cause = gw_cut_start(&cut, bytes, len, d->mtu);

	if (cause != CAUSE_NONE) {
		ls_count(w->counters, cause);
		return 1;
	}
	if (!s->path->out || !version_open(s, cut.version)) {
		ls_count(w->counters, s->path->out ? CAUSE_GW_INNER_PACKET : CAUSE_GW_NO_SA);
		return 1;
	}
	for (;;) {
		/* Sent before the next head is written to its slot, whose number the sending
		 * changes. */
		if (w->out_used + PACKET_MOST > GW_OUT_ARENA && !seal_and_send(w)) {
			ls_count(w->counters, CAUSE_GW_SOCKET_FULL);
			break;
		}
		if (!gw_cut_next(&cut, w->slots + (size_t)w->seals * SLOT_SIZE, &piece))
			break;
		if (piece.head_len + piece.payload_len > GW_PLAIN_MAX) {
			ls_count(w->counters, CAUSE_GW_TOO_BIG);
			return n + 1;
		}
		n++;
		if (!piece_add(w, s, &piece))
			break;
	}
	return n;
}

static void send_gathered(struct gw_worker *w)
{
	sent_flush(w);
	if (!w->stalled)
		seal_and_send(w);
	if (!w->stalled)
		w->in_used = 0;
}

void gw_worker_tun(struct gw_worker *w, struct gw_tunnel *tunnel, ls_time now)
{
	struct gw_device *d = w->calls->device(tunnel);
	unsigned pieces = 0;

	w->now = now;
	for (unsigned reads = 0; reads < GW_TUN_READS && pieces < GW_TUN_PIECES && !w->stalled;
	     reads++) {
		if (w->in_used + READ_ROOM > GW_TUN_ARENA || w->seals >= GW_FLUSH_PIECES)
			send_gathered(w);
		if (w->stalled)
			break;
		uint8_t *bytes = w->in + w->in_used + GW_HEADROOM - GW_VNET_SIZE;
		ssize_t n = read(d->queue[w->queue], bytes, GW_VNET_SIZE + GW_TUN_PACKET_MAX);

		if (n <= 0)
			break;
		if (!d->session) {
			w->calls->waiting(w->owner, tunnel, bytes, (size_t)n);
			continue;
		}
		w->in_used += (GW_HEADROOM + (size_t)n + ALIGN - 1) / ALIGN * ALIGN;
		pieces += packet_add(w, d, bytes, (size_t)n);
	}
	send_gathered(w);
	if (pieces > 0 && d->session)
		w->calls->active(w->owner, d->session);
}

void gw_worker_waited(struct gw_worker *w, struct gw_tunnel *tunnel, uint8_t *bytes, size_t len,
                      ls_time now)
{
	struct gw_device *d = w->calls->device(tunnel);

	w->now = now;
	if (!d->session || w->stalled) {
		ls_count(w->counters, CAUSE_GW_SOCKET_FULL);
		return;
	}
	packet_add(w, d, bytes, len);
	send_gathered(w);
}

bool gw_worker_resume(struct gw_worker *w)
{
	const struct gw_udp *full;

	if (!w->stalled)
		return true;
	if (!gw_runs_send(&w->runs, w->counters, &full)) {
		w->calls->full(w->owner, full);
		return false;
	}
	w->stalled = false;
	w->out_used = 0;
	w->in_used = 0;
	return true;
}

static enum ls_cause single_send(struct gw_worker *w, const struct gw_path *path,
                                 const uint8_t *bytes, size_t len, bool probe, ls_time now)
{
	uint8_t out[GW_PLAIN_MAX + ESP_OVERHEAD_MAX + AH_OVERHEAD_MAX]; /* with TFC padding */
	struct gw_runs runs = {.n = 0};
	const struct gw_udp *full;
	struct esp_seal_job job = {
		.sa = path->out,
		.part[0] = LS_BYTES(bytes, len),
		.parts = 1,
		.next_header = IP_UDP,
		/* The size of a probe, and of the answer to the peer's, is what it is about. */
		.bare = probe || len >= PROBE_LEAST,
		.dst = out,
		.dst_room = sizeof out,
	};

	if (!path->out)
		return CAUSE_GW_NO_SA;
	if (len > CONTROL_MAX)
		return CAUSE_GW_TOO_BIG;
	if (esp_worker_seal(w->esp, &job, 1, now) != 1)
		return (enum ls_cause)job.verdict;
	sealed_add(&runs, socket_of(w, path), &job, DATAGRAM_CLASS_CONTROL,
	           probe || path->socket->family == 6);
	if (!gw_runs_send(&runs, w->counters, &full))
		return CAUSE_GW_SOCKET_FULL;
	return runs.refused > 0 ? CAUSE_GW_TOO_BIG : CAUSE_NONE;
}

enum ls_cause gw_worker_control(struct gw_worker *w, const struct gw_path *path,
                                const uint8_t *bytes, size_t len, ls_time now)
{
	return single_send(w, path, bytes, len, false, now);
}

enum ls_cause gw_worker_probe(struct gw_worker *w, const struct gw_path *path, const uint8_t *bytes,
                              size_t len, ls_time now)
{
	return single_send(w, path, bytes, len, true, now);
}

void gw_worker_dummy(struct gw_worker *w, const struct gw_path *path, size_t len, uint8_t class,
                     bool df, ls_time now)
{
	static const uint8_t zeros[GW_PLAIN_MAX];

	if (!path->out || w->stalled || len > sizeof zeros)
		return;
	w->now = now;
	w->seal[0] = (struct esp_seal_job){
		.sa = path->out,
		.part[0] = LS_BYTES(zeros, len),
		.parts = 1,
		.next_header = IP_NONE,
		.dst = w->out,
		.dst_room = GW_OUT_ARENA,
	};
	w->seal_socket[0] = socket_of(w, path);
	w->seal_class[0] = class;
	w->seal_df[0] = df;
	w->seals = 1;
	seal_and_send(w);
}
