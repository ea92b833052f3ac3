/* ESP (RFC 4303) and AH (RFC 4302): security associations, their database, and batches of packets
 * sealed and opened. No I/O. */
#ifndef ESP_ESP_H
#define ESP_ESP_H

#include "lib/addr.h"
#include "lib/algo.h"
#include "lib/bytes.h"
#include "lib/cause.h"
#include "lib/life.h"
#include "lib/random.h"
#include "lib/wire.h"

/*
 * An SA is one direction. Inbound SPIs are ours: index | randomness, so that a look-up is one array
 * access and a compare. A `chain` is a line of SA pairs that succeed each other by rekeying: what
 * belongs to an SA (an L2TP tunnel) belongs to its chain.
 */
struct esp_sad;
struct esp_sa;
struct esp_worker;

enum {
	ESP_BATCH_MAX = 128,
	ESP_WORKERS_MAX = 16,
	ESP_PARTS_MAX = 3,
	ESP_KEYMAT_MAX = 160,
	ESP_WINDOW_MAX = 65536,
	ESP_WINDOW_DEFAULT = 1024
};
enum {
	ESP_OVERHEAD_MAX = 8 + 16 + 255 + 2 + 32, /* most bytes that ESP adds to the plaintext */
	AH_OVERHEAD_MAX = 40 + 12 + 36, /* and AH besides, with an IP header without options */
};

enum esp_direction { ESP_IN, ESP_OUT };
enum esp_protocol { ESP_PROTOCOL_ESP, ESP_PROTOCOL_AH };
enum esp_mode { ESP_TRANSPORT, ESP_TUNNEL };

/* A selector pair of an SA (RFC 4301 4.4.2): what may travel in it. Family 0 in net = any address;
 * protocol 0 = any; ports low..high. */
struct esp_selector {
	struct ls_prefix local, remote;
	uint16_t local_port_low, local_port_high;
	uint16_t remote_port_low, remote_port_high;
	uint8_t protocol;
};

struct esp_sa_params {
	enum esp_direction direction;
	enum esp_protocol protocol;
	uint32_t spi; /* ESP_IN: one got from esp_spi_reserve; ESP_OUT: the peer's */
	enum esp_mode mode;
	enum algo_id encr;      /* ENCR row; ALGO_NONE with AH */
	enum algo_id integ;     /* INTEG row; ALGO_NONE with an AEAD */
	struct ls_bytes keymat; /* encryption key | salt | integrity key (RFC 7296 2.17), exactly as
	                           long as the rows say; copied */
	bool esn;
	uint32_t window_packets; /* ESP_IN: replay window, 0 = ESP_WINDOW_DEFAULT, at most
	                            ESP_WINDOW_MAX */
	struct life_limits hard;
	bool early;         /* see life_start */
	uint16_t tfc_bytes; /* ESP_OUT: payloads that know their own length, and dummies, are
	                       padded to this many bytes at least (RFC 4303 2.7); 0 = not */
	bool tfc_refused;   /* ESP_OUT: the peer takes no TFC padding (RFC 7296 1.3.1), so that
	                       tfc_bytes is 0, whatever is asked; dummies it takes */
	uint32_t tunnel;    /* the owner's ids */
	uint32_t chain;
	bool udp;           /* encapsulated in UDP (RFC 3948) */
	bool address_fixed; /* do not follow the peer's address (we are behind the NAT ourselves,
	                       RFC 7296 2.23) */
	struct ls_addr local, remote; /* outer addresses with ports (ports matter with udp only) */
	struct esp_selector selector;
};

/* max_sas: bound on SAs of both directions together (and on reserved SPIs). NULL without memory. */
struct esp_sad *esp_sad_new(uint32_t max_sas, const struct ls_random *random);
/* Ends all SAs, wipes all keys. */
void esp_sad_free(struct esp_sad *sad);

/*
 * A SAD has one worker, and belongs to one thread, until it is given more of them: then as many
 * threads may seal and open at once, in one SA too, each with a worker of its own, by
 * esp_worker_seal() and esp_worker_open(). Meanwhile one thread may call esp_next(), esp_tick(),
 * esp_deadline(), esp_sa_view(), esp_counters(), and seal and open with the first worker; all else
 * only while no other thread is in a batch. n <= ESP_WORKERS_MAX, only while the SAD is empty;
 * false when it is not, or without memory.
 *
 * A hard limit of bytes or packets may be passed by what other workers have in hand when one
 * reaches it, a batch each; numbers never are.
 */
bool esp_workers(struct esp_sad *sad, unsigned n);
/* The worker of that index, 0 first; NULL if there is none. Owned by the SAD. */
struct esp_worker *esp_worker(struct esp_sad *sad, unsigned index);

/* A new inbound SPI, never below 256, not reused soon after its SA ended; 0 when max_sas is
 * reached. */
uint32_t esp_spi_reserve(struct esp_sad *sad);
/* Gives back a reserved SPI that no SA was made of. */
void esp_spi_release(struct esp_sad *sad, uint32_t spi);
/* Gives back all of them: whoever reserved them is no more. */
void esp_spis_release(struct esp_sad *sad);

/* Adds an SA. CAUSE_NONE and *sa, or why not (ESP_BAD_KEY, ESP_NO_ALGORITHM, ESP_SPI_TAKEN,
 * ESP_BAD_WINDOW, LIMIT_REACHED, NO_MEMORY). */
enum ls_cause esp_sa_add(struct esp_sad *sad, const struct esp_sa_params *params, ls_time now,
                         struct esp_sa **sa);
/* An inbound SA that has a successor opens what is still on its way for some seconds more, and then
 * tells ESP_EVENT_HARD; false when its life is over already (RFC 7296 2.8: both sides may lose
 * packets that were sent before the switch). */
bool esp_sa_retire(struct esp_sad *sad, struct esp_sa *sa, uint32_t seconds, ls_time now);
/* Ends an SA and wipes its keys; the pointer is dead afterwards. Outbound SAs are named by (spi,
 * ESP_OUT, chain) in messages, so: */
void esp_sa_end(struct esp_sad *sad, struct esp_sa *sa);
struct esp_sa *esp_sa_inbound(struct esp_sad *sad, uint32_t spi);
struct esp_sa *esp_sa_outbound(struct esp_sad *sad, enum esp_protocol protocol, uint32_t spi,
                               uint32_t chain);
/*
 * Makes an AH and an ESP SA of one direction a bundle (RFC 4301 4.1, AH outside): what is sealed
 * with `ah` is sealed with `esp` first, and a packet that comes in one of them alone is refused,
 * for as long as the two live and after one of them has ended. false when they do not fit or are
 * bundled already.
 */
bool esp_sa_bundle(struct esp_sa *ah, struct esp_sa *esp);

/* What people and the control plane may know of an SA. */
struct esp_sa_view {
	enum esp_direction direction;
	enum esp_protocol protocol;
	enum esp_mode mode;
	uint32_t spi, tunnel, chain;
	enum algo_id encr, integ;
	const char *library, *instructions; /* as in struct esp_implementation */
	bool esn, udp, address_fixed, bundled;
	struct ls_addr local, remote;
	struct esp_selector selector;
	struct life life;
	uint64_t packets, bytes; /* verified or sealed; bytes of plaintext */
	uint64_t sequence;       /* last sent, or highest verified */
	uint64_t lost_packets;   /* inbound: numbers that left the window unseen */
	uint64_t dummies;        /* of the packets, since this process began */
	uint16_t tfc_bytes;
	bool tfc_refused;
	ls_time last_used; /* last packet verified or sealed; 0 = none */
};
void esp_sa_view(const struct esp_sa *sa, struct esp_sa_view *view);
/* Changes outer addresses (the owner has verified the change); counters and keys stay. */
void esp_sa_move(struct esp_sa *sa, const struct ls_addr *local, const struct ls_addr *remote);
/* Another tfc_bytes from now on, of an outbound SA for ESP. */
void esp_sa_pad(struct esp_sa *sa, uint16_t tfc_bytes);
uint32_t esp_sa_tunnel(const struct esp_sa *sa);
uint32_t esp_sa_chain(const struct esp_sa *sa);
const struct ls_addr *esp_sa_remote(const struct esp_sa *sa);
const struct ls_addr *esp_sa_local(const struct esp_sa *sa);
bool esp_sa_udp(const struct esp_sa *sa);
/* The keying material as it was given, owned by the SA: for root's eyes only (a witness that
 * deciphers captures). */
struct ls_bytes esp_sa_keymat(const struct esp_sa *sa);
/* Each inbound and outbound SA in turn: start with NULL, ends with NULL. */
struct esp_sa *esp_sa_next(struct esp_sad *sad, struct esp_sa *previous);
/* A door for tests: the last number sent, or the highest verified one. */
void esp_sa_set_sequence(struct esp_sa *sa, uint64_t sequence);

enum esp_protocol esp_sa_protocol(const struct esp_sa *sa);
uint32_t esp_sa_spi(const struct esp_sa *sa);

/*
 * Bytes that a plaintext of len bytes becomes: the ESP packet (SPI .. ICV); with AH the IP packet
 * with the header that esp_seal() makes itself, and ESP in it where the two are a bundle. TFC
 * padding may be taken into account where a packet will go without it.
 */
size_t esp_sealed_size(const struct esp_sa *sa, size_t len);
/* The most plaintext whose ESP packet is at most room bytes (SPI .. ICV); 0 if none
 * (standards 2.12: the MTU arithmetic). */
size_t esp_plain_room(enum algo_id encr, enum algo_id integ, size_t room);
/*
 * The same for whole IP packets to an address of that family, in UDP or not; without a cipher it is
 * AH. The most plaintext that a packet of `packet` bytes holds, 0 if none; and how large the packet
 * of so much plaintext is, 0 for algorithms that are no pair.
 */
size_t esp_packet_room(enum algo_id encr, enum algo_id integ, uint8_t family, bool udp,
                       size_t packet);
size_t esp_packet_size(enum algo_id encr, enum algo_id integ, uint8_t family, bool udp,
                       size_t plain);
/* Bytes of the AH header over IPv4 (family 4) or IPv6; 0 if integ cannot be used with AH. */
size_t esp_ah_size(enum algo_id integ, uint8_t family);

/*
 * Sealing. The plaintext is given in parts, in order (headers apart from the payload), and is not
 * changed; the ESP packet (from the SPI on) is written to dst, which must not overlap the parts:
 * ciphering is the copy. Each job gets its verdict: CAUSE_NONE and dst_len, or why it was not
 * sealed (ESP_SEQUENCE_END, ESP_LIFE_END, ESP_NO_ROOM, ESP_BUNDLE, AH_OUTER).
 *
 * With AH, whose ICV covers the IP header, dst receives the whole IP packet. Its header is made of
 * the SA's addresses (don't fragment; never fragment it afterwards, RFC 4302 3.3.4), or it is
 * `outer`, with options or extension headers, whose length, protocol and checksum are filled in. On
 * its way down only mutable fields (RFC 4302 3.3.3.1) may still be changed: over IPv6 the kernel
 * may make the same header anew.
 */
struct esp_seal_job {
	struct esp_sa *sa;
	struct ls_bytes part[ESP_PARTS_MAX];
	uint8_t parts;
	uint8_t next_header;   /* 17 for L2TP in transport mode, 4 or 41 in tunnel mode, 59 for a
	                          dummy */
	bool bare;             /* without TFC padding */
	uint16_t verdict;      /* out: enum ls_cause */
	struct ls_bytes outer; /* AH: headers to go before it; len 0: a plain one is made */
	uint8_t *dst;
	uint32_t dst_room;
	uint32_t dst_len; /* out */
};
/* n <= ESP_BATCH_MAX; jobs of several SAs may be mixed. Gives how many were sealed. With several
 * workers a run of jobs of one SA takes its numbers at once; those of jobs that are refused after
 * all are left out. */
size_t esp_worker_seal(struct esp_worker *worker, struct esp_seal_job *jobs, size_t n, ls_time now);
/* By the first worker. */
size_t esp_seal(struct esp_sad *sad, struct esp_seal_job *jobs, size_t n, ls_time now);

/*
 * Opening, in place; a refused packet's bytes are spoilt. pkt starts at the SPI, with AH at the IP
 * header (where the kernel keeps it: esp_outer_rebuild). On CAUSE_NONE: sa, payload, payload_len,
 * next_header and sequence are set and the packet was new, authentic and within the window.
 * Verdicts else: ESP_TRUNCATED, ESP_UNKNOWN_SPI, ESP_REPLAY, ESP_TOO_OLD, ESP_ICV, ESP_PADDING,
 * ESP_LIFE_END, ESP_DUMMY (authentic, to be ignored), ESP_BUNDLE, AH_OUTER, AH_FRAGMENT, ... Two
 * copies of a packet in one batch: the second is a replay. TFC padding is taken off. Of a bundle
 * the ESP SA is told. The selector check (RFC 4301 5.2) is the caller's, with esp_selector_check().
 */
struct esp_open_job {
	uint8_t *pkt;
	uint32_t len;
	enum esp_protocol protocol; /* that the packet came as */
	uint16_t verdict;           /* out */
	uint8_t next_header;        /* out */
	struct esp_sa *sa; /* out; set as soon as the SPI is known, even if the packet is refused */
	uint8_t *payload;  /* out, inside pkt */
	uint32_t payload_len; /* out */
	uint64_t sequence;    /* out */
};
size_t esp_worker_open(struct esp_worker *worker, struct esp_open_job *jobs, size_t n, ls_time now);
/* By the first worker. */
size_t esp_open(struct esp_sad *sad, struct esp_open_job *jobs, size_t n, ls_time now);

/*
 * The IPv6 header (40 bytes, to dst) that a raw socket has taken off a packet without extension
 * headers: `len` bytes came behind it, of this protocol. Fields that AH does not cover are 0.
 */
void esp_outer_rebuild(uint8_t *dst, const struct ls_addr *source,
                       const struct ls_addr *destination, uint8_t protocol, size_t len);

/* What comes out of an inbound transport-mode SA must match its selector: protocol and, for UDP,
 * both ports of the payload. */
bool esp_selector_check(const struct esp_sa *sa, uint8_t next_header, const uint8_t *payload,
                        size_t len);

/* Which crypto library runs an ENCR or INTEG row: the first that has it and gave the known answer
 * in its self-test, which is made when somebody asks for the first time. Names are of static
 * storage.
 */
struct esp_implementation {
	const char *library;      /* NULL: none */
	const char *instructions; /* those of the CPU that the library says to use, or "" */
	const char *wrong; /* a library that gave another answer and is not used; NULL: none */
};
/* false where the row does not serve ESP. */
bool esp_implementation(struct esp_sad *sad, enum algo_id id, struct esp_implementation *out);

/* What the owner should know, pulled one by one after a batch or a tick. */
enum esp_event_kind {
	ESP_EVENT_SOFT,       /* make a successor (once an SA) */
	ESP_EVENT_HARD,       /* the SA refuses packets from now on: end it (once) */
	ESP_EVENT_FIRST_USED, /* the first verified packet came on this inbound SA: send on its pair
	                         now (RFC 7296 2.8) */
};
struct esp_event {
	enum esp_event_kind kind;
	enum esp_direction direction;
	enum esp_protocol protocol;
	uint32_t spi, tunnel, chain;
};
bool esp_next(struct esp_sad *sad, struct esp_event *event);
/* Whether there is one; any thread may ask. */
bool esp_pending(struct esp_sad *sad);
/* Checks the lives by time; call at esp_deadline(). */
void esp_tick(struct esp_sad *sad, ls_time now);
ls_time esp_deadline(const struct esp_sad *sad, ls_time now);

/* Drops by cause, all SAs and workers together; valid until the next call. */
const struct ls_counters *esp_counters(struct esp_sad *sad);

/*
 * State (RFC 6311's need, restarts, standby): all SAs with keys, windows and numbers. Outbound
 * numbers are written `skip` ahead, so that a copy taken before a crash never repeats one. The
 * bytes hold keys: seal them (lib/snap.h) before they leave the process.
 */
bool esp_save(const struct esp_sad *sad, struct wr *out, uint32_t skip, ls_time now);
/* Bytes that esp_save writes now. */
size_t esp_save_size(const struct esp_sad *sad);
/* Into an empty SAD; CAUSE_STATE_VERSION, with nothing added, when it does not fit. */
enum ls_cause esp_load(struct esp_sad *sad, const void *bytes, size_t len, ls_time now);

#endif
