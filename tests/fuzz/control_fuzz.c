/* Fuzzes the admin socket: requests as they come, and the JSON that is made of what the processes
 * answer. */
#include "src/base/control.h"
#include "src/parent/control_client.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static void request(const uint8_t *data, size_t size)
{
	uint8_t again[CONTROL_REQUEST_MAX], version;
	struct control_request r;

	if (!control_request_decode(data, size, &r, &version))
		return;
	if (version != CONTROL_VERSION || control_command_name(r.command)[0] == '?' ||
	    control_request_encode(&r, again) != size || memcmp(again, data, size) != 0)
		abort();
}

/* Messages, a length of 2 bytes before each. */
static void answers(struct rd r)
{
	json_t *tunnels = json_object();
	static struct msg m;
	char *text;

	while (rd_left(&r) > 2) {
		uint16_t len = rd_u16(&r);
		const uint8_t *bytes = rd_bytes(&r, len);

		if (bytes && msg_decode(bytes, len, &m))
			control_json_collect(tunnels, &m);
	}
	/* Jansson refuses text that is no UTF-8: then a key is missing, but the object is whole. */
	text = json_dumps(tunnels, JSON_COMPACT);
	if (!text)
		abort();
	free(text);
	json_decref(tunnels);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 0 && data[0] & 0x80)
		answers(rd_make(data + 1, size - 1));
	else
		request(data, size);
	return 0;
}
