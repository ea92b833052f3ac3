/* Test helper: a process without channels. In place of src/base/proc.c: what is sent is kept, as it
 * would travel. */
#ifndef TESTS_UNIT_SRC_PROC_FAKE_H
#define TESTS_UNIT_SRC_PROC_FAKE_H

#include "src/base/proc.h"
#include "tests/unit/run.h"

#include <string.h>

enum { FAKE_SENT = 64, FAKE_BYTES = 4096 };

static unsigned fake_channels; /* a set of roles that are there */
static struct {
	enum msg_role to;
	size_t len;
	uint8_t bytes[FAKE_BYTES];
} fake_sent[FAKE_SENT];
static unsigned fake_count;
static struct msg fake_said;

bool proc_has(const struct proc *p, enum msg_role to)
{
	(void)p;
	return fake_channels & to;
}

static inline bool fake_send(enum msg_role to, const uint8_t *bytes, size_t len)
{
	const struct msg_info *info = msg_info(ls_get16(bytes));

	ck_assert_msg(info->to & to, "%s", info->name);
	if (!(fake_channels & to))
		return false;
	ck_assert_uint_lt(fake_count, FAKE_SENT);
	ck_assert_uint_le(len, FAKE_BYTES);
	fake_sent[fake_count].to = to;
	fake_sent[fake_count].len = len;
	memcpy(fake_sent[fake_count++].bytes, bytes, len);
	return true;
}

#define MSG(number, NAME, name, from, to, fields)                                             \
	bool proc_send_##name(struct proc *p, enum msg_role role, const struct msg_##name *m) \
	{                                                                                     \
		static uint8_t bytes[MSG_SIZE_MAX];                                           \
		struct wr w = wr_make(bytes, sizeof bytes);                                   \
		(void)p;                                                                      \
		return msg_encode_##name(&w, m) && fake_send(role, bytes, w.len);             \
	}
#include "src/base/msg.def"
#undef MSG

/* The nth message that was sent; it is of this type and went there. */
static inline const struct msg *fake_message(unsigned nth, enum msg_role to, enum msg_type type)
{
	ck_assert_uint_lt(nth, fake_count);
	ck_assert(msg_decode(fake_sent[nth].bytes, fake_sent[nth].len, &fake_said));
	ck_assert_msg(fake_said.type == type, "%s", msg_info(fake_said.type)->name);
	ck_assert_uint_eq(fake_sent[nth].to, to);
	return &fake_said;
}

#endif
