/* What is wrong with the configuration, collected: the first few are kept, the others counted. */
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "config/config_schema.h"

#include <stdarg.h>

static void problem_done(struct config_problem *p)
{
    free(p->key);
    free(p->message);
    free(p->where);
    free(p->advice);
    *p = (struct config_problem){0};
}

void config_problems_done(struct config_problems *p)
{
    for (size_t i = 0; i < p->n; i++)
        problem_done(&p->items[i]);
    *p = (struct config_problems){0};
}

void config_problem_add(struct config_problems *p, int32_t code, const char *key, const char *where,
                        const char *advice, const char *fmt, ...)
{
    A_CLEAN(buf_done) struct buf text = BUF(8192);
    va_list ap;

    if (p->n == CONFIG_PROBLEMS_MAX) {
        p->more++;
        return;
    }
    va_start(ap, fmt);
    buf_vaddf(&text, fmt, ap);
    va_end(ap);
    struct config_problem one = {code, mem_strdup(key), mem_strdup(buf_str(&text)),
                                 mem_strdup(where), mem_strdup(advice)};
    if (!one.key || !one.message || !one.where || !one.advice) {
        problem_done(&one);
        p->oom = true;
        return;
    }
    p->items[p->n++] = one;
}

int32_t config_problem_error(const struct config_problems *p, size_t i, allora_error *err)
{
    const struct config_problem *one = &p->items[i];

    int32_t rc = err_set(err, one->code, "config: %s", one->message);
    err_hint(err, "%s%s%s", one->where, *one->where && *one->advice ? " · " : "", one->advice);
    return rc;
}
