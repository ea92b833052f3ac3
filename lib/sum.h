/* The Internet checksum (RFC 1071) over packet bytes, as fast as the CPU allows. */
#ifndef LIB_SUM_H
#define LIB_SUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Sums are one's complement sums of 16-bit words in network order, kept unfolded in 64 bits so that
 * they can be added; ls_sum_fold gives the 16 bits (not complemented). A stretch summed at an odd
 * offset of its packet must be swapped by the caller.
 */
uint64_t ls_sum_bytes(const uint8_t *bytes, size_t len);

static inline uint16_t ls_sum_fold(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* The pseudo header of TCP or UDP (RFC 9293 3.1, RFC 8200 8.1): ip points at the IP header, len is
 * that of the transport packet. */
uint64_t ls_sum_pseudo(const uint8_t *ip, unsigned version, uint8_t protocol, size_t len);

/* Writes the IPv4 header checksum of a header of len bytes. */
void ls_sum_ip4_set(uint8_t *ip, size_t len);
bool ls_sum_ip4_right(const uint8_t *ip, size_t len);

/* Changes a checksum at `at` for a 16-bit word that changed (RFC 1624 3). */
void ls_sum_patch16(uint8_t *at, uint16_t before, uint16_t after);

#endif
