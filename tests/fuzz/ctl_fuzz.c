/* Fuzzes what l2tpsecctl makes of the daemon's answers: whatever they are, it ends, and for
 * programs each line that it gives is an object. */
#include "src/ctl/ctl.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { MESSAGE_MAX = 64 };

static char path[64];
static int server;
static const uint8_t *answers;
static size_t answers_len;

static void gone(void)
{
	unlink(path);
}

static void setup(void)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};

	snprintf(path, sizeof path, "/tmp/ctl_fuzz.%d", (int)getpid());
	snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
	server = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	unlink(path);
	if (server < 0 || bind(server, (struct sockaddr *)&at, sizeof at) != 0 ||
	    listen(server, 4) != 0)
		abort();
	atexit(gone);
}

/* The daemon: a record is a line. */
static void *serve(void *unused)
{
	uint8_t request[CONTROL_REQUEST_MAX];
	int fd = accept(server, NULL, NULL);

	(void)unused;
	if (fd < 0 || recv(fd, request, sizeof request, 0) <= 0)
		abort();
	for (size_t at = 0; at < answers_len;) {
		const uint8_t *end = memchr(answers + at, '\n', answers_len - at);
		size_t len = end ? (size_t)(end - answers) - at : answers_len - at;

		if (len > 0 && len < CONTROL_ANSWER_MAX &&
		    send(fd, answers + at, len, MSG_NOSIGNAL) < 0)
			break;
		at += len + 1;
	}
	close(fd);
	return NULL;
}

/* Each line for programs is an object. */
static void shown(const char *text, size_t len)
{
	while (len > 0) {
		const char *end = memchr(text, '\n', len);
		json_t *object;

		if (!end)
			abort();
		object = json_loadb(text, (size_t)(end - text), JSON_DECODE_ANY | JSON_ALLOW_NUL,
		                    NULL);
		if (!object)
			abort();
		json_decref(object);
		len -= (size_t)(end - text) + 1;
		text = end + 1;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* data: form (bit 0 a list, bit 1 for programs), answers. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ctl_options o = {.socket = path};
	struct control_request r = {.command = CONTROL_STATUS};
	FILE *out = stdout, *err = stderr;
	char *text = NULL, message[MESSAGE_MAX];
	size_t len = 0;
	pthread_t daemon;

	if (path[0] == '\0')
		setup();
	if (size == 0)
		return 0;
	answers = data + 1;
	answers_len = size - 1;
	o.json = data[0] & 2;
	stdout = stderr = open_memstream(&text, &len);
	if (!stdout || pthread_create(&daemon, NULL, serve, NULL) != 0)
		abort();
	ctl_show_list(data[0] & 1);
	ctl_ask(&o, &r, ctl_show, message, sizeof message);
	pthread_join(daemon, NULL);
	fclose(stdout);
	stdout = out;
	stderr = err;
	if (strnlen(message, sizeof message) == sizeof message)
		abort();
	if (o.json)
		shown(text, len);
	free(text);
	return 0;
}
