/* What an ICMP message says about a packet that did not arrive. */
#ifndef LIB_UNREACH_H
#define LIB_UNREACH_H

#include <stdbool.h>
#include <stdint.h>

/* Over IPC by these numbers. */
enum ls_unreach {
	LS_UNREACH_NONE, /* it says nothing of the kind */
	LS_UNREACH_NET,
	LS_UNREACH_HOST,
	LS_UNREACH_PROTOCOL,
	LS_UNREACH_PORT,
	LS_UNREACH_ADMIN, /* forbidden by somebody on the way */
	LS_UNREACH_KINDS
};

/* family 4: RFC 792, RFC 1812 5.2.7.1; family 6: RFC 4443 3.1, 3.4. What is too big or lived too
 * long is no matter of reachability. */
enum ls_unreach ls_unreach_read(uint8_t family, uint8_t type, uint8_t code);
/* Whether it says that the packet was larger than the path carries: fragmentation needed (RFC 792,
 * RFC 1191 4), packet too big (RFC 4443 3.2). */
bool ls_too_big_read(uint8_t family, uint8_t type, uint8_t code);
/* "host unreachable"; for a number out of range as for NONE. */
const char *ls_unreach_text(unsigned kind);

#endif
