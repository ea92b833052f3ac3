/* The IP header in front of AH, with its options or extension headers: read, made, and brought into
 * the form that the ICV covers (RFC 4302 3.3.3.1, appendix A). */
#ifndef ESP_ESP_OUTER_H
#define ESP_ESP_OUTER_H

#include "lib/addr.h"
#include "lib/cause.h"
#include "lib/ip.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	ESP_OUTER_MAX = 512, /* bytes of headers; packets with more of them are refused */
};

/* What stands in front of AH. */
struct esp_outer {
	uint8_t family;       /* 4 or 6 */
	uint16_t len;         /* bytes of all headers: AH begins there */
	uint16_t next_at;     /* where the protocol or next header field that announces AH stands */
	uint16_t fragment_at; /* where an IPv6 fragment header stands that reassembly left; else 0
	                       */
	uint32_t total;       /* of the packet, as its own length field says; 0 when sending */
};

/*
 * Reads the headers of a packet that came, up to AH: CAUSE_NONE, AH_OUTER (malformed, cut short, a
 * header that is not known here, AH is not among them) or AH_FRAGMENT.
 */
enum ls_cause esp_outer_read(const uint8_t *pkt, size_t len, struct esp_outer *o);
/* The same for headers that are to be sent: they end where AH will begin, whatever they announce.
 */
enum ls_cause esp_outer_plan(const uint8_t *headers, size_t len, struct esp_outer *o);

/*
 * Writes the headers as the ICV sees them: mutable fields and options zeroed, predictable ones as
 * they will arrive, without a fragment header. pkt is what read or plan was given (when sending,
 * with its length and protocol fields filled in). Gives the bytes written.
 */
size_t esp_outer_mute(const uint8_t *pkt, const struct esp_outer *o, bool sending,
                      uint8_t out[ESP_OUTER_MAX]);

/* Bytes of a header without options: 20 or 40. */
static inline size_t esp_outer_size(uint8_t family)
{
	return family == 4 ? IP4_SIZE : IP6_SIZE;
}
/* What plan would say of such a header. */
struct esp_outer esp_outer_plain(uint8_t family);
/*
 * Makes a header without options between two addresses of one family, DF set, TTL or hop limit 64;
 * id is the identification (IPv4; never 0, which a raw socket would replace). Its length is left to
 * esp_outer_finish(). Gives its size.
 */
size_t esp_outer_make(uint8_t *dst, const struct ls_addr *local, const struct ls_addr *remote,
                      uint16_t id);
/* Fills in what depends on the whole packet of `total` bytes: length, protocol and checksum. */
void esp_outer_finish(uint8_t *pkt, const struct esp_outer *o, size_t total, uint8_t protocol);

#endif
