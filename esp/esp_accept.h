/* What each inbound packet of an SA goes through, in whichever protocol it came (RFC 4302 3.4, RFC
 * 4303 3.4). */
#ifndef ESP_ESP_ACCEPT_H
#define ESP_ESP_ACCEPT_H

#include "esp/esp_sad.h"

/* Before the ICV: whether the SA is alive and this number may still come; *sequence is all of it.
 */
static inline enum ls_cause esp_accept_check(struct esp_worker *w, struct esp_sa *sa, uint32_t low,
                                             uint64_t *sequence, ls_time now)
{
	esp_sa_watch(w, sa, now);
	if (ESP_READ(sa->ended))
		return CAUSE_ESP_LIFE_END;
	if (!esp_replay_guess(&sa->replay, sa->esn, low, sequence))
		return CAUSE_ESP_TOO_OLD;
	return esp_replay_check(&sa->replay, *sequence);
}

/* After the ICV, once the number was committed: counts, and tells the owner. */
static inline void esp_accept_count(struct esp_worker *w, struct esp_sa *sa, uint64_t bytes,
                                    ls_time now)
{
	esp_tally(w, sa, bytes, now);
	if (!w->shared)
		sa->replay.seen++;
	if (!(ESP_READ(sa->told) & ESP_TOLD(ESP_EVENT_FIRST_USED)))
		esp_sa_tell(w->sad, sa, ESP_EVENT_FIRST_USED);
	esp_sa_watch(w, sa, now);
}

#endif
