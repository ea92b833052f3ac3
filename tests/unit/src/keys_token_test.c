/* Tokens of crash detection: a secret that its file keeps, and what is made of it. */
#include "src/keys/keys_token.h"

#include "lib/crypto.h"
#include "tests/unit/run.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static char error[240];

/* A file with these bytes; *copy stays open. */
static int file(const void *bytes, size_t len, int *copy)
{
	int fd = memfd_create("token", MFD_CLOEXEC);

	ck_assert(secret_init() && crypto_init());
	ck_assert_int_eq(write(fd, bytes, len), (ssize_t)len);
	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	*copy = dup(fd);
	return fd;
}

static const struct msg_ike_token_ask *question(void)
{
	static struct msg_ike_token_ask ask;

	ask = (struct msg_ike_token_ask){
		.id = 1, .spi_i = 2, .spi_r = 3, .peer = ls_addr_v4(0xc0000201, 0)};
	return &ask;
}

/* An empty file gets a secret, and who reads it next makes the same tokens. */
START_TEST(made_once_and_kept)
{
	struct keys_token one = {0}, two = {0}, other = {0};
	uint8_t a[KEYS_TOKEN_SIZE], b[KEYS_TOKEN_SIZE], kept[64];
	int copy, copy2;

	ck_assert(!keys_token_make(&one, question(), a));
	ck_assert(keys_token_read(&one, file("", 0, &copy), "/var/t", error, sizeof error));
	ck_assert_int_eq(pread(copy, kept, sizeof kept, 0), KEYS_TOKEN_SECRET_SIZE);
	ck_assert(keys_token_read(&two, file(kept, KEYS_TOKEN_SECRET_SIZE, &copy2), "/var/t", error,
	                          sizeof error));
	ck_assert(keys_token_make(&one, question(), a) && keys_token_make(&two, question(), b));
	ck_assert_mem_eq(a, b, sizeof a);
	close(copy2);
	ck_assert(keys_token_read(&other, file("", 0, &copy2), "/var/t", error, sizeof error));
	ck_assert(keys_token_make(&other, question(), b));
	ck_assert_mem_ne(a, b, sizeof a);
	close(copy);
	close(copy2);
	keys_token_free(&one);
	keys_token_free(&two);
	keys_token_free(&other);
}
END_TEST

/* Not what is too short or too long, nor zeros, which a crashed disk may leave; what there was
 * stays. */
START_TEST(other_files_are_refused)
{
	static const size_t sizes[] = {1, 31, 33, 64, 32};
	static const uint8_t zeros[32];
	struct keys_token k = {0};
	uint8_t a[KEYS_TOKEN_SIZE], b[KEYS_TOKEN_SIZE], bytes[64];
	int copy;

	memset(bytes, 5, sizeof bytes);
	ck_assert(keys_token_read(&k, file(bytes, 32, &copy), "/var/t", error, sizeof error));
	close(copy);
	ck_assert(keys_token_make(&k, question(), a));
	for (unsigned i = 0; i < 5; i++) {
		int fd = file(sizes[i] == 32 ? zeros : bytes, sizes[i], &copy);

		ck_assert(!keys_token_read(&k, fd, "/var/t", error, sizeof error));
		ck_assert_ptr_nonnull(strstr(error, "/var/t has no secret"));
		close(copy);
	}
	ck_assert(!keys_token_read(&k, -1, "/var/t", error, sizeof error));
	ck_assert_str_eq(error, "/var/t: Bad file descriptor");
	ck_assert(keys_token_make(&k, question(), b));
	ck_assert_mem_eq(a, b, sizeof a);
	keys_token_free(&k);
}
END_TEST

/* Each part of the question makes another token. */
START_TEST(every_part_counts)
{
	struct msg_ike_token_ask ask[7];
	uint8_t token[7][KEYS_TOKEN_SIZE], bytes[32];
	struct keys_token k = {0};
	int copy;

	memset(bytes, 9, sizeof bytes);
	ck_assert(keys_token_read(&k, file(bytes, 32, &copy), "/var/t", error, sizeof error));
	close(copy);
	for (unsigned i = 0; i < 7; i++)
		ask[i] = *question();
	ask[1].spi_i++;
	ask[2].spi_r++;
	ask[3].initiator = true;
	ask[4].peer.ip[3]++;
	ask[5].peer = (struct ls_addr){.family = 6, .ip = {192, 0, 2, 1}};
	ask[6].spi_i = 3;
	ask[6].spi_r = 2;
	for (unsigned i = 0; i < 7; i++)
		ck_assert(keys_token_make(&k, &ask[i], token[i]));
	for (unsigned i = 0; i < 7; i++)
		for (unsigned j = 0; j < i; j++)
			ck_assert_mem_ne(token[i], token[j], KEYS_TOKEN_SIZE);
	keys_token_free(&k);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("token");

	tcase_add_test(tc, made_once_and_kept);
	tcase_add_test(tc, other_files_are_refused);
	tcase_add_test(tc, every_part_counts);
	return run_cases("keys_token", tc);
}
