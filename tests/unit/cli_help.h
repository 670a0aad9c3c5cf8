/* For the tests of core/cli: a terminal that isn't one, and files in memory instead of the standard
 * streams. */
#ifndef ALLORA_TESTS_CLI_HELP_H
#define ALLORA_TESTS_CLI_HELP_H
#include "unit/unit.h"

#include "base/str.h"
#include "base/value.h"
#include "cli/out.h"
#include "cli/term.h"
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static inline struct term a_pipe(void)
{
    return (struct term){.columns = 80, .rows = 24};
}

static inline struct term a_terminal(unsigned columns)
{
    return (struct term){
        .in_tty = true, .out_tty = true, .err_tty = true, .columns = columns, .rows = 24};
}

static inline int memory_file(void)
{
    int fd = memfd_create("test", 0);
    assert_true(fd >= 0);
    return fd;
}

/* What was written, NUL-terminated; the caller frees.  Empties the file. */
static inline char *memory_take(int fd)
{
    off_t n = lseek(fd, 0, SEEK_END);
    char *text = calloc(1, (size_t)n + 1);
    assert_non_null(text);
    assert_int_equal(pread(fd, text, (size_t)n, 0), n);
    assert_int_equal(ftruncate(fd, 0), 0);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    return text;
}

#define assert_text(fd, expected)                                                                  \
    do {                                                                                           \
        char *text_ = memory_take(fd);                                                             \
        assert_string_equal(text_, expected);                                                      \
        free(text_);                                                                               \
    } while (0)

static inline allora_column a_column(const char *name, uint8_t type, const char *unit)
{
    return (allora_column){
        .size = (uint32_t)sizeof(allora_column), .type = type, .name = name, .unit = unit};
}
#endif
