/* How much plaintext fits into a packet: the arithmetic of padding, IV and ICV. */
#include "esp/esp_sad.h"

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
