/* Texts of others on their way to a terminal. */
#ifndef SRC_BASE_TEXT_H
#define SRC_BASE_TEXT_H

#include <stdbool.h>

/* Puts '?' for each control character, those of UTF-8's C1 too (utf8: the text is well-formed
 * UTF-8; else for each byte that is not ASCII), so that it cannot steer a terminal. Gives text. */
char *text_printable(char *text, bool utf8);

#endif
