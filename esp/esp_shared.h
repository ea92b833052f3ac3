/*
 * Numbers that several threads change at once: each is read and written whole. One thread alone
 * adds without the bus lock that an atomic addition costs.
 */
#ifndef ESP_ESP_SHARED_H
#define ESP_ESP_SHARED_H

#include <stdbool.h>
#include <stdint.h>

#define ESP_READ(field) __atomic_load_n(&(field), __ATOMIC_RELAXED)
#define ESP_WRITE(field, value) __atomic_store_n(&(field), (value), __ATOMIC_RELAXED)

static inline void esp_add(uint64_t *field, uint64_t n, bool shared)
{
	if (shared)
		__atomic_fetch_add(field, n, __ATOMIC_RELAXED);
	else
		ESP_WRITE(*field, ESP_READ(*field) + n);
}

/* Makes it at least n. */
static inline void esp_raise(uint64_t *field, uint64_t n, bool shared)
{
	uint64_t is = ESP_READ(*field);

	if (!shared) {
		if (n > is)
			ESP_WRITE(*field, n);
		return;
	}
	while (n > is && !__atomic_compare_exchange_n(field, &is, n, true, __ATOMIC_RELAXED,
	                                              __ATOMIC_RELAXED))
		;
}

#endif
