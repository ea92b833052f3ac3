/* Fuzzes what a TUN device may give: every packet that is cut out lies inside, is no larger than
 * was asked for, and together they hold each byte of the payload once. */
#include "src/gateway/gw_tun.h"

#include "lib/wire.h"

#include <stdlib.h>
#include <string.h>

enum { FRONT = GW_HEADROOM - GW_VNET_SIZE };

static void piece_check(const struct gw_piece *piece, const uint8_t *slot, bool segments)
{
	uint8_t whole[GW_TUN_PACKET_MAX];
	size_t len = (size_t)piece->head_len + piece->payload_len;

	if (piece->version != 4 && piece->version != 6)
		abort();
	if (segments && (piece->head != slot + GW_HEADROOM || piece->head_len > GW_HEAD_MAX))
		abort();
	if (len > sizeof whole)
		abort();
	memcpy(whole, piece->head, piece->head_len);
	if (piece->payload_len > 0)
		memcpy(whole + piece->head_len, piece->payload, piece->payload_len);
	if (gw_ip_len(whole, len) != len)
		abort();
	memset(piece->head - GW_HEADROOM, 0, GW_HEADROOM);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd r = rd_make(data, size);
	uint16_t mtu = rd_u16(&r);
	size_t len = rd_left(&r), payload = 0, want;
	uint8_t *room = malloc(FRONT + len), *slot;
	struct gw_piece piece;
	struct gw_cut cut;
	unsigned n = 0;

	/* room: just as long as the input, so that a sanitizer sees a step too far. */
	rd_copy(&r, room + FRONT, len);
	slot = malloc(GW_HEADROOM + GW_HEAD_MAX);
	if (len > GW_VNET_SIZE + GW_TUN_PACKET_MAX ||
	    gw_cut_start(&cut, room + FRONT, len, mtu) != CAUSE_NONE)
		goto out;
	want = cut.segments ? cut.len - cut.head_len : 0;
	while (gw_cut_next(&cut, slot, &piece)) {
		if (++n > GW_PIECES_MAX)
			abort();
		if (cut.segments && piece.payload_len > cut.segment_len)
			abort();
		if (cut.segments && piece.payload != cut.packet + cut.head_len + payload)
			abort();
		payload += piece.payload_len;
		piece_check(&piece, slot, cut.segments);
	}
	if (n == 0 || payload != want)
		abort();
out:
	free(room);
	free(slot);
	return 0;
}
