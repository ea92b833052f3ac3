/* Requests on the admin socket: to and from bytes. */
#include "src/base/control.h"

#include "lib/wire.h"

#include <string.h>

enum { FLAGS_KNOWN = CONTROL_FLAG_FULL | CONTROL_FLAG_FOLLOW | CONTROL_FLAG_NO_WAIT };

static const struct {
	enum control_command command;
	const char *name;
	bool reads;
} commands[] = {
	{CONTROL_STATUS, "status", true},  {CONTROL_UP, "up", false},
	{CONTROL_DOWN, "down", false},     {CONTROL_WHY, "why", true},
	{CONTROL_RELOAD, "reload", false}, {CONTROL_COUNTERS, "counters", true},
	{CONTROL_EVENTS, "events", true},  {CONTROL_VERSION_SHOW, "version", true},
	{CONTROL_CONFIG, "config", false}, {CONTROL_KEYS, "keys", false},
	{CONTROL_TRACE, "trace", true},    {CONTROL_REDIRECT, "redirect", false},
};

size_t control_request_encode(const struct control_request *r, uint8_t out[CONTROL_REQUEST_MAX])
{
	struct wr w = wr_make(out, CONTROL_REQUEST_MAX);
	size_t len = strnlen(r->tunnel, sizeof r->tunnel),
	       gateway = strnlen(r->gateway, sizeof r->gateway);

	if (len == sizeof r->tunnel || gateway == sizeof r->gateway)
		return 0;
	wr_u8(&w, CONTROL_VERSION);
	wr_u8(&w, r->command);
	wr_u8(&w, r->flags);
	wr_u8(&w, (uint8_t)len);
	wr_bytes(&w, r->tunnel, len);
	wr_u8(&w, (uint8_t)gateway);
	wr_bytes(&w, r->gateway, gateway);
	return wr_ok(&w) ? w.len : 0;
}

static bool text_read(struct rd *in, char *out, size_t cap)
{
	size_t len = rd_u8(in);

	if (len >= cap)
		return false;
	rd_copy(in, out, len);
	return strlen(out) == len;
}

bool control_request_decode(const void *bytes, size_t len, struct control_request *r,
                            uint8_t *version)
{
	struct rd in = rd_make(bytes, len);

	memset(r, 0, sizeof *r);
	*version = rd_u8(&in);
	if (!rd_ok(&in) || *version != CONTROL_VERSION)
		return false;
	r->command = rd_u8(&in);
	r->flags = rd_u8(&in);
	return text_read(&in, r->tunnel, sizeof r->tunnel) &&
	       text_read(&in, r->gateway, sizeof r->gateway) && rd_end(&in) &&
	       (r->flags & ~FLAGS_KNOWN) == 0 && control_command_name(r->command)[0] != '?';
}

const char *control_command_name(unsigned command)
{
	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
		if (commands[i].command == command)
			return commands[i].name;
	return "?";
}

bool control_command_reads(unsigned command)
{
	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
		if (commands[i].command == command)
			return commands[i].reads;
	return false;
}
