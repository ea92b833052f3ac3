/* Included before all else in every unit test. Check writes the place of each assertion, true or
 * not, into a file, to tell it when the test crashes; the tests that turn every bit make millions
 * of them, and that took most of their time. A crash shows its place to a debugger, or by a
 * sanitizer. */
#ifndef TESTS_UNIT_MARKS_H
#define TESTS_UNIT_MARKS_H

#include <check.h>

#define _mark_point(file, line) ((void)0)

#endif
