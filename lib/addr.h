/* IP addresses with port, prefixes and ranges as values, with their text forms. */
#ifndef LIB_ADDR_H
#define LIB_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LS_ADDR_TEXT_MAX = 64 };

/* family 0 = none/any, 4 or 6. IPv4 uses ip[0..3], the rest is zero. port in host order, 0 = none.
 */
struct ls_addr {
	uint8_t ip[16];
	uint16_t port;
	uint8_t family;
};

struct ls_prefix {
	struct ls_addr addr; /* host bits zero, port 0 */
	uint8_t bits;
};

/* 4 or 16; 0 for family 0. */
size_t ls_addr_size(const struct ls_addr *a);
struct ls_addr ls_addr_v4(uint32_t ip_host_order, uint16_t port);
struct ls_addr ls_addr_from_bytes(uint8_t family, const uint8_t *ip, uint16_t port);
/* IPv4 as a number in host order; 0 unless family is 4. */
uint32_t ls_addr_v4_value(const struct ls_addr *a);
struct ls_addr ls_addr_with_port(struct ls_addr a, uint16_t port);
/* Same family, address and port. */
bool ls_addr_equal(const struct ls_addr *a, const struct ls_addr *b);
/* Same family and address; ports may differ. */
bool ls_addr_same_ip(const struct ls_addr *a, const struct ls_addr *b);
/* "192.0.2.1", "2001:db8::1" (no port, no name lookup, no zone); false when it is not one. */
bool ls_addr_parse(const char *text, struct ls_addr *out);
/* "192.0.2.1:4500", "[2001:db8::1]:4500"; without port when it is 0; "none" for family 0. Gives
 * out. */
const char *ls_addr_text(const struct ls_addr *a, char out[LS_ADDR_TEXT_MAX]);
/* "10.1.0.0/16" or a single address (= /32, /128); false for host bits set or bad text. */
bool ls_prefix_parse(const char *text, struct ls_prefix *out);
const char *ls_prefix_text(const struct ls_prefix *p, char out[LS_ADDR_TEXT_MAX]);
bool ls_prefix_contains(const struct ls_prefix *p, const struct ls_addr *a);

#endif
