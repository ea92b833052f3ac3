/* Texts of others on their way to a terminal. */
#include "src/base/text.h"

char *text_printable(char *text, bool utf8)
{
	for (unsigned char *c = (unsigned char *)text; *c; c++) {
		/* C1 controls are 0xc2 and 0x80..0x9f in UTF-8; both bytes go. */
		bool c1 = utf8 && c[0] == 0xc2 && c[1] < 0xa0;

		if (c1)
			c[1] = '?';
		if (*c < 0x20 || *c == 0x7f || c1 || (!utf8 && *c > 0x7f))
			*c = '?';
	}
	return text;
}
