/* The self-test of a crypto backend, with known answers: row by row of the table of algorithms. */
#ifndef ESP_ESP_KAT_H
#define ESP_ESP_KAT_H

#include "esp/esp_crypto.h"

enum esp_kat_result {
	ESP_KAT_LACKS, /* the backend does not have it */
	ESP_KAT_WRONG, /* it has, and gives another answer or takes a forged one */
	ESP_KAT_RIGHT
};

/*
 * Seals and opens a known packet, more than once at a time where the backend works so. A cipher
 * that wants integrity beside it is tried with HMAC-SHA2-256, an INTEG row with NULL encryption.
 * ESP_KAT_LACKS for rows that do not serve ESP.
 */
enum esp_kat_result esp_kat(const struct esp_crypto_ops *ops, void *engine, const struct algo *row);

#endif
