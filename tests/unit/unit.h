/* What every unit test includes: CMocka with the headers it wants, and the allocation torture. */
#ifndef ALLORA_TESTS_UNIT_H
#define ALLORA_TESTS_UNIT_H
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Runs the expression with the 1st, 2nd, … allocation failing until it is true, which it must be
 * when none fails, and sets *ret_runs to how often it was not.  A leak or a crash on the way is the
 * sanitizer's to find. */
#define TORTURE(expression, ret_runs)                                                              \
    do {                                                                                           \
        int64_t n_;                                                                                \
        for (n_ = 0; n_ < 100000; n_++) {                                                          \
            mem_fail_after(n_);                                                                    \
            bool ok_ = (expression);                                                               \
            mem_fail_after(-1);                                                                    \
            if (ok_)                                                                               \
                break;                                                                             \
        }                                                                                          \
        assert_true(n_ < 100000);                                                                  \
        *(ret_runs) = (unsigned)n_;                                                                \
    } while (0)
#endif
