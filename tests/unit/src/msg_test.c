/* Tests of the messages between the processes: every row of the table round trips, and nothing but
 * its own length is taken. */
#include "src/base/msg.h"
#include "tests/unit/run.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static uint8_t payload[MSG_SIZE_MAX];
static uint8_t wire[MSG_SIZE_MAX], again[MSG_SIZE_MAX];
static struct msg decoded;

/* -- a value of each kind, that differs from zero -- */
#define SAMPLE_U8 0xa5
#define SAMPLE_U16 0xa55a
#define SAMPLE_U32 0xa55a0ff0u
#define SAMPLE_U64 0xa55a0ff012345678ull
#define SAMPLE_TIME 123456789
#define SAMPLE_BOOL true
#define SAMPLE_ADDR ls_addr_from_bytes(6, (const uint8_t *)"0123456789abcdef", 4500)
#define SAMPLE_PREFIX ((struct ls_prefix){.addr = ls_addr_v4(0x0a010000, 0), .bits = 16})

#define F(kind, n) m.n = SAMPLE_##kind;
#define F_TEXT(n, cap) memset(m.n, 'x', (cap)-1);
#define F_BYTES(n, max) m.n = LS_BYTES(payload, max);
#define F_IDENTITY(n)               \
	m.n.type = 2;               \
	m.n.len = MSG_IDENTITY_MAX; \
	memset(m.n.data, 'i', MSG_IDENTITY_MAX);
#define F_LIMITS(n) m.n = (struct life_limits){.seconds = 1, .bytes = 2, .packets = 3};
#define F_EVENT(n)              \
	m.n.cause = 10;         \
	m.n.tunnel = 7;         \
	m.n.peer = SAMPLE_ADDR; \
	memset(m.n.text, 'e', sizeof m.n.text - 1);
#define MSG(number, NAME, name, from, to, fields)                \
	static size_t sample_##name(void)                        \
	{                                                        \
		struct msg_##name m;                             \
		struct wr w = wr_make(wire, sizeof wire);        \
		memset(&m, 0, sizeof m);                         \
		fields ck_assert(msg_encode_##name(&w, &m));     \
		return w.len;                                    \
	}                                                        \
	static size_t reencode_##name(void)                      \
	{                                                        \
		struct wr w = wr_make(again, sizeof again);      \
		ck_assert(msg_encode_##name(&w, &decoded.name)); \
		return w.len;                                    \
	}                                                        \
	static size_t smallest_##name(void)                      \
	{                                                        \
		struct msg_##name m;                             \
		struct wr w = wr_make(wire, sizeof wire);        \
		memset(&m, 0, sizeof m);                         \
		ck_assert(msg_encode_##name(&w, &m));            \
		return w.len;                                    \
	}
#include "src/base/msg.def"
#undef MSG
#undef F
#undef F_TEXT
#undef F_BYTES
#undef F_IDENTITY
#undef F_LIMITS
#undef F_EVENT

static const struct {
	unsigned type;
	size_t (*sample)(void), (*reencode)(void), (*smallest)(void);
} rows[] = {
#define MSG(number, NAME, name, from, to, fields) \
	{number, sample_##name, reencode_##name, smallest_##name},
#include "src/base/msg.def"
#undef MSG
};

static void payload_fill(void)
{
	for (size_t i = 0; i < sizeof payload; i++)
		payload[i] = (uint8_t)(i * 7 + 1);
}

static void round_trip(size_t row, size_t len)
{
	memset(&decoded, 0xee, sizeof decoded);
	ck_assert_msg(msg_decode(wire, len, &decoded), "type %u", rows[row].type);
	ck_assert_uint_eq(decoded.type, rows[row].type);
	ck_assert_uint_eq(rows[row].reencode(), len);
	ck_assert_mem_eq(wire, again, len);
}

START_TEST(every_row_round_trips)
{
	payload_fill();
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		size_t len = rows[i].sample();

		ck_assert_msg(len <= msg_info(rows[i].type)->max_bytes, "type %u: %zu",
		              rows[i].type, len);
		round_trip(i, len);
		round_trip(i, rows[i].smallest());
	}
}
END_TEST

/* A copy of the exact size, so that the sanitizers see a read beyond it. */
static bool decodes(size_t len)
{
	uint8_t *exact = malloc(len ? len : 1);
	bool ok;

	memcpy(exact, wire, len);
	ok = msg_decode(exact, len, &decoded);
	free(exact);
	return ok;
}

START_TEST(every_truncation_and_extension_is_refused)
{
	payload_fill();
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		size_t len = rows[i].sample(), step = len > 2000 ? 131 : 1;

		for (size_t cut = 0; cut < len; cut += step)
			ck_assert_msg(!decodes(cut), "type %u cut to %zu of %zu", rows[i].type, cut,
			              len);
		ck_assert(!decodes(len - 1));
		wire[len] = 0;
		ck_assert_msg(!decodes(len + 1), "type %u with a byte more", rows[i].type);
	}
}
END_TEST

START_TEST(unknown_types_are_refused)
{
	memset(wire, 0, sizeof wire);
	for (unsigned type = 0; type < 1000; type++) {
		ls_put16(wire, (uint16_t)type);
		if (!msg_info(type))
			ck_assert(!decodes(2));
	}
}
END_TEST

START_TEST(bounds_of_fields_are_kept)
{
	struct msg_tun tun = {.tunnel = 1};
	struct msg_sa_installed installed = {.id = 1, .ok = true};
	struct msg_ppp_auth_answer answer = {.value = LS_BYTES(payload, 65)};
	struct wr w = wr_make(wire, sizeof wire);

	memset(tun.ifname, 'x', sizeof tun.ifname);
	ck_assert_msg(!msg_encode_tun(&w, &tun), "a text without an end");
	w = wr_make(wire, sizeof wire);
	ck_assert_msg(!msg_encode_ppp_auth_answer(&w, &answer), "bytes beyond their bound");
	w = wr_make(wire, sizeof wire);
	ck_assert(msg_encode_sa_installed(&w, &installed));
	wire[10] = 2;
	ck_assert_msg(!decodes(w.len), "a boolean of 2");
}
END_TEST

START_TEST(a_text_with_a_nul_inside_is_refused)
{
	struct msg_progress m = {.tunnel = 1, .text = "abc"};
	struct wr w = wr_make(wire, sizeof wire);

	ck_assert(msg_encode_progress(&w, &m));
	ck_assert(decodes(w.len));
	wire[w.len - 2] = '\0';
	ck_assert(!decodes(w.len));
}
END_TEST

START_TEST(addresses_have_known_families)
{
	struct msg_sa_note m = {
		.kind = MSG_SA_NOTE_MOVED, .spi_in = 300, .remote = ls_addr_v4(1, 2)};
	struct wr w = wr_make(wire, sizeof wire);

	ck_assert(msg_encode_sa_note(&w, &m));
	wire[7] = 5;
	ck_assert(!decodes(w.len));
	m.remote.family = 9;
	w = wr_make(wire, sizeof wire);
	ck_assert(!msg_encode_sa_note(&w, &m));
}
END_TEST

START_TEST(every_row_has_sender_receiver_and_a_number_of_its_own)
{
	size_t n;
	const struct msg_info *all = msg_all(&n);

	ck_assert_uint_eq(n, sizeof rows / sizeof rows[0]);
	for (size_t i = 0; i < n; i++) {
		ck_assert(all[i].from != 0 && all[i].to != 0 && !(all[i].from & all[i].to));
		ck_assert_ptr_eq(msg_info(all[i].number), &all[i]);
		ck_assert(all[i].max_bytes <= MSG_SIZE_MAX);
	}
	ck_assert(msg_info(MSG_TYPE_TUN)->fd && !msg_info(MSG_TYPE_READY)->fd);
}
END_TEST

START_TEST(roles_have_names)
{
	ck_assert_str_eq(msg_role_name(MSG_ROLE_GATEWAY), "gateway");
	ck_assert_str_eq(msg_role_name(3), "?");
	ck_assert_uint_eq(msg_role_by_name("keys"), MSG_ROLE_KEYS);
	ck_assert_uint_eq(msg_role_by_name("nobody"), 0);
	ck_assert_str_eq(msg_line_name(MSG_LINE_UP), "up");
	ck_assert_str_eq(msg_line_name(99), "?");
	ck_assert_str_eq(msg_path_name(MSG_PATH_HINTED), "hint");
	ck_assert_str_eq(msg_path_name(99), "link");
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("msg");

	tcase_add_test(t, every_row_round_trips);
	tcase_add_test(t, every_truncation_and_extension_is_refused);
	tcase_add_test(t, unknown_types_are_refused);
	tcase_add_test(t, bounds_of_fields_are_kept);
	tcase_add_test(t, a_text_with_a_nul_inside_is_refused);
	tcase_add_test(t, addresses_have_known_families);
	tcase_add_test(t, every_row_has_sender_receiver_and_a_number_of_its_own);
	tcase_add_test(t, roles_have_names);
	return run_cases("src/msg", t);
}
