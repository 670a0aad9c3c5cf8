/* journal_writer FOLDER NAME: adds records "NAME.1", "NAME.2", … to the journal in FOLDER and says
 * the number of each on standard output once it is acknowledged, until it is killed; every third
 * record follows a read that was put off.  With a COUNT behind NAME it ends after that many. */
#include "base/ctx.h"
#include "base/err.h"
#include "base/str.h"
#include "security/journal.h"
#include "store/store.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int write_records(struct journal *j, const char *name, long count)
{
    static const struct principal owner = {"local:tester", true, false};
    allora_ctx *ctx = ctx_root(&owner, 0);
    int rc = ctx ? 0 : 1;
    for (long n = 1; rc == 0 && (!count || n <= count); n++) {
        allora_error err = ERR_INIT;
        char operation[64], line[64];
        uint64_t seq = 0;
        (void)snprintf(operation, sizeof operation, "%.32s.%ld", name, n);
        struct journal_entry e = {.kind = "read", .operation = operation, .effect = 0};
        if (n % 3 == 0)
            journal_later(j, ctx, &e);
        e.kind = "intent";
        e.detail = str_of("{\"r\": 0.1, \"n\": [1, 2]}");
        if (journal_append(j, ctx, &e, &seq, &err)) {
            (void)fprintf(stderr, "%s: %s\n", name, err.message);
            rc = 1;
            break;
        }
        int len = snprintf(line, sizeof line, "%llu %s\n", (unsigned long long)seq, operation);
        rc = write(STDOUT_FILENO, line, (size_t)len) == len ? 0 : 1;
    }
    ctx_close(ctx);
    return rc;
}

int main(int argc, char **argv)
{
    struct store *s = NULL;
    struct journal *j = NULL;
    allora_error err = ERR_INIT;
    if (argc < 3 || store_new(argv[1], &s, &err) || journal_new(s, &j, &err)) {
        (void)fprintf(stderr, "usage: journal_writer FOLDER NAME [COUNT] %s\n", err.message);
        return 2;
    }
    int rc = write_records(j, argv[2], argc > 3 ? strtol(argv[3], NULL, 10) : 0);
    journal_free(j);
    store_free(s);
    return rc;
}
