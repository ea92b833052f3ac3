/* Datagrams as anybody can send them, to an engine that responds and one that waits for an answer.
 */
#include "tests/fuzz/ike_owner.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input is a row of datagrams: a length of two bytes, then so many bytes. The engine's SPI is
 * put in where an answer needs it. */
static void feed(struct owner *o, const uint8_t *data, size_t size, const uint8_t *spi)
{
	while (size >= 2) {
		size_t len = (size_t)data[0] << 8 | data[1];
		uint8_t *copy;

		data += 2;
		size -= 2;
		if (len > size)
			len = size;
		copy = malloc(len ? len : 1);
		memcpy(copy, data, len);
		if (spi && len >= 8)
			memcpy(copy, spi, 8);
		owner_give(o, copy, len);
		free(copy);
		data += len;
		size -= len;
		o->now += LS_MS(700);
		ike_tick(o->ike, o->now);
		owner_pump(o);
		owner_forget(o);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct owner o;
	uint8_t spi[8];

	if (size < 1)
		return 0;
	owner_make(&o, data[0] & 1);
	if (data[0] & 1) {
		feed(&o, data + 1, size - 1, NULL);
	} else {
		ike_start(o.ike, 1, o.now);
		owner_pump(&o);
		memcpy(spi, o.sent[0].bytes, 8);
		owner_forget(&o);
		feed(&o, data + 1, size - 1, spi);
	}
	owner_free(&o);
	return 0;
}
