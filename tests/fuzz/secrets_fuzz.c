/* Fuzzes the secrets file: it is read whole or refused with a reason, and a store that finds keys
 * in it finds whole ones. */
#include "src/keys/keys.h"
#include "tests/fuzz/libconfig_leaks.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { INPUT_MAX = 20000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct msg_identity id = {.type = 2, .len = 4, .data = "a.bc"};
	struct keys_store store = {.secrets = {.psks = NULL}};
	struct conf_tunnel tunnel = {.name = "hq"};
	const struct secret *found;
	char error[400] = "";
	int fd;

	if (size > INPUT_MAX || memmem(data, size, "@include", 8) || !secret_init())
		return 0;
	fd = memfd_create("secrets", MFD_CLOEXEC);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size || lseek(fd, 0, SEEK_SET) != 0)
		abort();
	if (!keys_store_read(&store, fd, "secrets.conf", error, sizeof error)) {
		if (error[0] == '\0' || store.secrets.psk_count + store.secrets.user_count > 0)
			abort();
		return 0;
	}
	found = keys_store_psk(&store, NULL, &id, &id);
	if (found && found->len == 0)
		abort();
	found = keys_store_l2tp(&store, &tunnel);
	if (found && found->len == 0)
		abort();
	keys_store_user(&store, "reno");
	keys_store_free(&store);
	return 0;
}
