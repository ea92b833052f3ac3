/* How much plaintext fits into a packet: the arithmetic of padding, IV and ICV. */
#include "esp/esp_sad.h"

#include "lib/ip.h"

static size_t headers(uint8_t family, bool udp)
{
	return (family == 6 ? (size_t)IP6_SIZE : IP4_SIZE) + (udp ? (size_t)UDP_SIZE : 0);
}

size_t esp_plain_room(enum algo_id encr, enum algo_id integ, size_t room)
{
	struct esp_suite suite;
	size_t around, text;

	if (!esp_suite_make(encr, integ, &suite))
		return 0;
	around = (size_t)ESP_HEADER + suite.encr->iv_bytes + esp_suite_icv(&suite);
	if (room < around + esp_suite_align(&suite))
		return 0;
	text = (room - around) / esp_suite_align(&suite) * esp_suite_align(&suite);
	return text - ESP_TRAILER;
}

size_t esp_packet_room(enum algo_id encr, enum algo_id integ, uint8_t family, bool udp,
                       size_t packet)
{
	size_t front = headers(family, udp), ah;

	if (packet <= front)
		return 0;
	if (encr != ALGO_NONE)
		return esp_plain_room(encr, integ, packet - front);
	ah = esp_ah_size(integ, family);
	return ah > 0 && packet > front + ah ? packet - front - ah : 0;
}

size_t esp_packet_size(enum algo_id encr, enum algo_id integ, uint8_t family, bool udp,
                       size_t plain)
{
	struct esp_suite suite;
	size_t front = headers(family, udp), ah, align;

	if (encr == ALGO_NONE) {
		ah = esp_ah_size(integ, family);
		return ah > 0 ? front + ah + plain : 0;
	}
	if (!esp_suite_make(encr, integ, &suite))
		return 0;
	align = esp_suite_align(&suite);
	return front + ESP_HEADER + suite.encr->iv_bytes + esp_suite_icv(&suite) +
	       (plain + ESP_TRAILER + align - 1) / align * align;
}
