/* Identities: from text, to text, and who matches whom. */
#include "ike/ike.h"
#include "tests/unit/ike/ike_main.h"

#include <string.h>

/* -- identities -- */
START_TEST(identities)
{
	static const struct {
		const char *expected, *seen;
		bool match;
	} rows[] = {
		{"hq.bank.example", "HQ.bank.EXAMPLE", true},
		{"*.bank.example", "hq.bank.example", true},
		{"*.bank.example", "bank.example", false},
		{"*.bank.example", "evilbank.example", false},
		{"192.0.2.1", "192.0.2.1", true},
		{"192.0.2.1", "192.0.2.2", false},
		{"a@b.example", "a@b.example", true},
		{"a@b.example", "@a.b.example", false},
		{"keyid:x", "keyid:X", false},
		{"@hq", "hq", true},
		{"2001:db8::1", "2001:db8:0::1", true},
	};
	struct ike_identity a, b;
	char text[64];

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		ck_assert(ike_identity_parse(rows[i].expected, &a) &&
		          ike_identity_parse(rows[i].seen, &b));
		ck_assert_msg(ike_identity_matches(&a, &b) == rows[i].match, "%s",
		              rows[i].expected);
	}
	ck_assert(!ike_identity_parse("", &a) && !ike_identity_parse("@", &a) &&
	          !ike_identity_parse("keyid:", &a));
	ck_assert(ike_identity_parse("keyid:a b\x01", &a));
	ck_assert_str_eq(ike_identity_text(&a, text, sizeof text), "keyid:a\\x20b\\x01");
	ck_assert(ike_identity_parse("192.0.2.1", &a));
	ck_assert_str_eq(ike_identity_text(&a, text, sizeof text), "192.0.2.1");
	ck_assert_str_eq(ike_identity_text(&a, text, 5), "192.");
}
END_TEST

START_TEST(kinds)
{
	static const struct {
		const char *text;
		enum ike_id_type type;
		uint16_t len;
	} rows[] = {
		{"192.0.2.1", IKE_ID_IPV4, 4},     {"2001:db8::1", IKE_ID_IPV6, 16},
		{"192.0.2.256", IKE_ID_FQDN, 11},  {"@192.0.2.1", IKE_ID_FQDN, 9},
		{"hq.example", IKE_ID_FQDN, 10},   {"@hq.example", IKE_ID_FQDN, 10},
		{"a@b.example", IKE_ID_EMAIL, 11}, {"@a@b", IKE_ID_FQDN, 3},
		{"keyid:a@b", IKE_ID_KEY, 3},      {"keyid", IKE_ID_FQDN, 5},
		{"*.hq.example", IKE_ID_FQDN, 12},
	};
	struct ike_identity id;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		ck_assert(ike_identity_parse(rows[i].text, &id));
		ck_assert_msg(id.type == rows[i].type && id.len == rows[i].len, "%s", rows[i].text);
	}
}
END_TEST

/* The longest fits, one more does not. */
START_TEST(longest)
{
	static const char *const in_front[] = {"", "@", "keyid:", "u@"};

	for (size_t i = 0; i < sizeof in_front / sizeof in_front[0]; i++) {
		char text[IKE_IDENTITY_MAX + 16];
		size_t kept = i == 3 ? 0 : strlen(in_front[i]), len = IKE_IDENTITY_MAX + kept;
		struct ike_identity id;

		memset(text, 'x', sizeof text);
		memcpy(text, in_front[i], strlen(in_front[i]));
		text[len] = '\0';
		ck_assert(ike_identity_parse(text, &id));
		ck_assert_uint_eq(id.len, IKE_IDENTITY_MAX);
		text[len] = 'x';
		text[len + 1] = '\0';
		ck_assert(!ike_identity_parse(text, &id));
	}
}
END_TEST

START_TEST(anybody)
{
	struct ike_identity any = {.type = IKE_ID_ANY}, dn = {IKE_ID_DN, 3, "\x30\x01x"}, seen;

	ck_assert(ike_identity_parse("keyid:x", &seen));
	ck_assert(ike_identity_matches(&any, &seen) && ike_identity_matches(&any, &dn));
	ck_assert(!ike_identity_matches(&seen, &any));
	ck_assert(ike_identity_matches(&dn, &dn));
	dn.len = 2;
	ck_assert(!ike_identity_matches(&dn, &(struct ike_identity){IKE_ID_DN, 3, "\x30\x01x"}));
}
END_TEST

/* A star stands for something only in front of a dot and a name, and only in a name. */
START_TEST(stars)
{
	static const struct {
		const char *expected, *seen;
		bool match;
	} rows[] = {
		{"*.", "a.", false},
		{"*.", "*.", true},
		{"*", "a", false},
		{"*hq.example", "xhq.example", false},
		{"*.hq.example", "a.b.hq.example", true},
		{"*.hq.example", ".hq.example", false},
		{"*.hq.example", "x.HQ.Example", true},
		{"a@*.example", "a@b.example", false},
		{"keyid:*.x", "keyid:a.x", false},
		{"*.x", "keyid:a.x", false},
	};
	struct ike_identity a, b;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		ck_assert(ike_identity_parse(rows[i].expected, &a) &&
		          ike_identity_parse(rows[i].seen, &b));
		ck_assert_msg(ike_identity_matches(&a, &b) == rows[i].match, "%s %s",
		              rows[i].expected, rows[i].seen);
	}
}
END_TEST

/* What a peer may say of itself is printable, and cut where there is no more room. */
START_TEST(in_words)
{
	static const struct {
		struct ike_identity id;
		const char *text;
	} rows[] = {
		{{.type = IKE_ID_ANY}, "anybody"},
		{{IKE_ID_DN, 2, "0a"}, "type 9:0a"},
		{{(enum ike_id_type)200, 1, "x"}, "type 200:x"},
		{{IKE_ID_FQDN, 5, "a\\b\n\x7f"}, "a\\x5cb\\x0a\\x7f"},
		{{IKE_ID_EMAIL, 3, "a@b"}, "a@b"},
		{{IKE_ID_FQDN, 3, "a\0b"}, "a\\x00b"},
		{{IKE_ID_IPV4, 3, "\1\2\3"}, "type 1:\\x01\\x02\\x03"},
		{{IKE_ID_IPV6, 4, "abcd"}, "type 5:abcd"},
	};
	struct ike_identity key = {.type = IKE_ID_KEY, .len = IKE_IDENTITY_MAX};
	char text[32];

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		ck_assert_str_eq(ike_identity_text(&rows[i].id, text, sizeof text), rows[i].text);
	ck_assert_uint_eq(strlen(ike_identity_text(&key, text, sizeof text)), 31);
	ck_assert_str_eq(ike_identity_text(&key, text, 1), "");
}
END_TEST

START_TEST(names_of_ppks)
{
	char text[IKE_PPK_ID_MAX + 2], out[16];
	struct ike_ppk_id id;

	ck_assert(ike_ppk_id_parse("a b", &id));
	ck_assert_uint_eq(id.len, 3);
	ck_assert_str_eq(ike_ppk_id_text(&id, out, sizeof out), "a\\x20b");
	ck_assert(!ike_ppk_id_parse("", &id));
	ck_assert_uint_eq(id.len, 0);
	memset(text, 'x', sizeof text);
	text[IKE_PPK_ID_MAX + 1] = '\0';
	ck_assert(!ike_ppk_id_parse(text, &id));
	text[IKE_PPK_ID_MAX] = '\0';
	ck_assert(ike_ppk_id_parse(text, &id));
	ck_assert_uint_eq(id.len, IKE_PPK_ID_MAX);
	ck_assert_uint_eq(strlen(ike_ppk_id_text(&id, out, sizeof out)), sizeof out - 1);
}
END_TEST

IKE_MAIN("ike identities", identities, kinds, longest, anybody, stars, in_words, names_of_ppks)
