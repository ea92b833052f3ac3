/* Tests of the database: there and back, and no damage passes. */
#include "tests/unit/src/pki_place.h"

static const struct pki_row rows[] = {
	{.serial = "40000000000000000000000000000001",
         .name = "hq.example",
         .names = "hq.example,192.0.2.1",
         .from_s = 1800000000,
         .until_s = 1860000000,
         .number = 1,
         .key = 1},
	{.serial = "4000000000000000000000000000000A",
         .name = "hq.example",
         .names = "hq.example,192.0.2.1",
         .reason = "keyCompromise",
         .from_s = 1800000001,
         .until_s = 1860000001,
         .revoked_s = 1800000002,
         .number = 3,
         .key = 1},
	{.serial = "4000000000000000000000000000000B",
         .name = "anna@x.example",
         .names = "anna@x.example",
         .from_s = 1,
         .until_s = 2,
         .number = 2,
         .key = 2},
};
enum { ROWS = sizeof rows / sizeof rows[0] };

static struct pki_db db, back;
static char *text;
static size_t len;

static void set_up(void)
{
	ck_assert(secret_init() && crypto_init());
	db = (struct pki_db){.crl = 7};
	for (unsigned i = 0; i < ROWS; i++)
		ck_assert(pki_db_add(&db, &rows[i]));
	text = pki_db_text(&db, &len);
	ck_assert_ptr_nonnull(text);
}

static void take_down(void)
{
	pki_db_free(&db);
	pki_db_free(&back);
	free(text);
}

static bool parse(const char *t, size_t n)
{
	return pki_db_parse(&back, LS_BYTES(t, n), "/ca/issued", &error);
}

START_TEST(there_and_back)
{
	GOOD(parse(text, len));
	ck_assert_uint_eq(back.count, ROWS);
	ck_assert_uint_eq(back.crl, 7);
	for (unsigned i = 0; i < ROWS; i++) {
		ck_assert_str_eq(back.rows[i].serial, rows[i].serial);
		ck_assert_str_eq(back.rows[i].name, rows[i].name);
		ck_assert_str_eq(back.rows[i].names, rows[i].names);
		ck_assert_str_eq(back.rows[i].reason, rows[i].reason);
		ck_assert_int_eq(back.rows[i].from_s, rows[i].from_s);
		ck_assert_int_eq(back.rows[i].until_s, rows[i].until_s);
		ck_assert_int_eq(back.rows[i].revoked_s, rows[i].revoked_s);
		ck_assert_uint_eq(back.rows[i].number, rows[i].number);
		ck_assert_uint_eq(back.rows[i].key, rows[i].key);
	}
}
END_TEST

START_TEST(each_bit_counts)
{
	for (size_t i = 0; i < len * 8; i++) {
		text[i / 8] ^= (char)(1 << i % 8);
		ck_assert_msg(!parse(text, len), "bit %zu", i);
		ERROR_HAS("of /ca/issued is damaged");
		text[i / 8] ^= (char)(1 << i % 8);
	}
	GOOD(parse(text, len));
}
END_TEST

START_TEST(a_part_is_not_taken)
{
	for (size_t i = 0; i < len; i++)
		ck_assert(!parse(text, i));
	text[len] = 'x'; /* there is room: lines are counted at their most */
	ck_assert(!parse(text, len + 1));
}
END_TEST

/* Rows that no damage made, but a hand that knows the sum. */
static const struct {
	const char *what;
	struct pki_row row;
} wrong[] = {
	{"a name with a slash", {.name = "../x", .names = "../x"}},
	{"names that do not begin with it", {.name = "hq.example", .names = "x.example"}},
	{"a name that is kept in another form", {.name = "HQ.example", .names = "HQ.example"}},
	{"a serial twice", {.serial = "40000000000000000000000000000001"}},
	{"a serial of small letters", {.serial = "4000000000000000000000000000000c"}},
	{"a short serial", {.serial = "40"}},
	{"number 0", {.number = 0, .key = 1}},
	{"a key of later", {.number = 1, .key = 2}},
	{"revoked without a reason", {.revoked_s = 5}},
	{"a reason without its time", {.reason = "superseded"}},
	{"another reason", {.reason = "certificateHold", .revoked_s = 5}},
	{"a negative time", {.until_s = -5}},
};

START_TEST(a_row_that_cannot_be_is_refused)
{
	struct pki_row r = wrong[_i].row;
	char *t;
	size_t n;

	if (!r.serial[0])
		strcpy(r.serial, "4000000000000000000000000000000C");
	if (!r.name[0])
		strcpy(r.name, "new.example");
	if (!r.names[0])
		strcpy(r.names, "new.example");
	if (!r.key)
		r.number = r.key = 1;
	ck_assert(pki_db_add(&db, &r));
	t = pki_db_text(&db, &n);
	ck_assert_msg(!parse(t, n), "%s", wrong[_i].what);
	ERROR_HAS("line 6 of /ca/issued");
	free(t);
}
END_TEST

START_TEST(rows_are_found)
{
	char file[PKI_FILE_MAX];

	ck_assert_ptr_eq(pki_db_current(&db, "HQ.example"), &db.rows[1]);
	ck_assert_ptr_null(pki_db_current(&db, "other.example"));
	ck_assert_ptr_eq(pki_db_serial(&db, "4000000000000000000000000000000a"), &db.rows[1]);
	ck_assert_ptr_null(pki_db_serial(&db, ""));
	ck_assert(pki_db_key_lost(&db, "hq.example", 1));
	ck_assert(!pki_db_key_lost(&db, "hq.example", 3));
	ck_assert(!pki_db_key_lost(&db, "anna@x.example", 2));
	ck_assert_str_eq(pki_row_certificate(&db.rows[1], file), "hq.example-3.crt");
	ck_assert_str_eq(pki_row_key(&db.rows[1], file), "hq.example-1.key");
}
END_TEST

START_TEST(states_go_by_the_time)
{
	struct pki_row r = {.until_s = 100 * DAY};

	ck_assert_int_eq(pki_row_state(&r, 0), PKI_VALID);
	ck_assert_int_eq(pki_row_state(&r, 70 * DAY - 1), PKI_VALID);
	ck_assert_int_eq(pki_row_state(&r, 70 * DAY), PKI_SOON);
	ck_assert_int_eq(pki_row_state(&r, 100 * DAY - 1), PKI_SOON);
	ck_assert_int_eq(pki_row_state(&r, 100 * DAY), PKI_EXPIRED);
	r.revoked_s = 1;
	ck_assert_int_eq(pki_row_state(&r, 100 * DAY), PKI_REVOKED);
	ck_assert_str_eq(pki_state_name(PKI_SOON), "expires soon");
}
END_TEST

START_TEST(reasons_have_their_numbers)
{
	ck_assert_int_eq(pki_reason_number("unspecified"), 0);
	ck_assert_int_eq(pki_reason_number("keyCompromise"), 1);
	ck_assert_int_eq(pki_reason_number("cessationOfOperation"), 5);
	ck_assert_int_eq(pki_reason_number("cACompromise"), -1);
	ck_assert_str_eq(pki_reason_word("KEYcompromise"), "keyCompromise");
	ck_assert_ptr_null(pki_reason_word("certificateHold"));
	ck_assert_ptr_nonnull(strstr(pki_reasons(), "superseded"));
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("pki_db");

	tcase_add_checked_fixture(tc, set_up, take_down);
	tcase_add_test(tc, there_and_back);
	tcase_add_test(tc, each_bit_counts);
	tcase_add_test(tc, a_part_is_not_taken);
	tcase_add_loop_test(tc, a_row_that_cannot_be_is_refused, 0, sizeof wrong / sizeof wrong[0]);
	tcase_add_test(tc, rows_are_found);
	tcase_add_test(tc, states_go_by_the_time);
	tcase_add_test(tc, reasons_have_their_numbers);
	return run_cases("pki_db", tc);
}
