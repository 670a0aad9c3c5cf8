/* Errors in caller-owned memory.  Nothing here allocates; text is formatted aside first, so that an
 * error's own message may be among the arguments. */
#define ERR_IMPLEMENTATION
#include "err.h"

#include "str.h"

#include <stdarg.h>
#include <stdio.h>

enum { SCRATCH = 1024 };

/* Copies text as one line: control characters become spaces, a cut never splits a UTF-8 sequence.
 */
static void put_line(char *dst, size_t cap, const char *text)
{
    size_t n = strlen(text), out = 0;

    for (size_t i = 0; i < n;) {
        unsigned char c = (unsigned char)text[i];
        size_t len = utf8_next(text + i, n - i, NULL);

        if (len == 0 || c < 0x20 || c == 0x7f) {
            if (out + 1 >= cap)
                break;
            dst[out++] = len == 0 ? '?' : ' ';
            i++;
            continue;
        }
        if (out + len >= cap)
            break;
        memcpy(dst + out, text + i, len);
        out += len;
        i += len;
    }
    dst[out] = '\0';
}

/* The whole of minor 0 is there or nothing is: no caller was ever compiled with less. */
static bool usable(const allora_error *err)
{
    return err && err->size >= sizeof(allora_error);
}

void err_reset(allora_error *err)
{
    if (!usable(err))
        return;
    uint32_t size = err->size;
    memset(err, 0, sizeof *err);
    err->size = size;
}

int32_t err_set(allora_error *err, int32_t code, const char *fmt, ...)
{
    if (!usable(err))
        return code;

    char text[SCRATCH];
    va_list ap;
    va_start(ap, fmt);
    if (vsnprintf(text, sizeof text, fmt, ap) < 0)
        text[0] = '\0';
    va_end(ap);
    err_reset(err);
    err->code = code;
    put_line(err->message, sizeof err->message, text);
    return code;
}

void err_hint(allora_error *err, const char *fmt, ...)
{
    if (!usable(err))
        return;

    char text[SCRATCH];
    va_list ap;
    va_start(ap, fmt);
    if (vsnprintf(text, sizeof text, fmt, ap) < 0)
        text[0] = '\0';
    va_end(ap);
    put_line(err->hint, sizeof err->hint, text);
}

void err_reason(allora_error *err, const char *reason)
{
    if (usable(err))
        put_line(err->reason, sizeof err->reason, reason ? reason : "");
}

void err_prefix(allora_error *err, const char *fmt, ...)
{
    if (!usable(err))
        return;

    char text[SCRATCH + sizeof err->message];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(text, SCRATCH, fmt, ap);
    va_end(ap);
    size_t used = n < 0 ? 0 : n < SCRATCH ? (size_t)n : SCRATCH - 1;
    const char *rest = err->message[0] ? err->message : status_text(err->code);
    (void)snprintf(text + used, sizeof text - used, "%s", rest);
    put_line(err->message, sizeof err->message, text);
}

int32_t err_nomem(allora_error *err)
{
    if (usable(err)) {
        err_reset(err);
        err->code = ALLORA_E_NOMEM;
        put_line(err->message, sizeof err->message, "out of memory");
    }
    return ALLORA_E_NOMEM;
}

void err_copy(allora_error *dst, const allora_error *src)
{
    if (!dst || !src || dst == src)
        return;

    uint32_t size = dst->size;
    size_t n = size < src->size ? size : src->size;
    if (n < sizeof size)
        return;
    memcpy((char *)dst + sizeof size, (const char *)src + sizeof size, n - sizeof size);
    if (size > n)
        memset((char *)dst + n, 0, size - n);
    /* a cut struct may have cut a string: end what is there */
    if (size > offsetof(allora_error, reason) && size < sizeof(allora_error))
        ((char *)dst)[size - 1] = '\0';
}

struct status_row {
    int32_t status;
    int exit_code;
    const char *name, *text;
};

static const struct status_row statuses[] = {
    {ALLORA_OK, 0, "ok", "done"},
    {ALLORA_STOP, 0, "stop", "stopped, enough was read"},
    {ALLORA_PARTIAL, 5, "partial", "some sources failed"},
    {ALLORA_E_INTERNAL, 1, "internal", "internal error"},
    {ALLORA_E_NOMEM, 1, "out_of_memory", "out of memory"},
    {ALLORA_E_ABI, 7, "abi", "plugin could not be loaded"},
    {ALLORA_E_ARG, 2, "invalid_argument", "bad input"},
    {ALLORA_E_CANCELLED, 130, "cancelled", "interrupted"},
    {ALLORA_E_TIMEOUT, 124, "timeout", "timed out"},
    {ALLORA_E_AUTH, 6, "not_authenticated", "not authenticated"},
    {ALLORA_E_DENIED, 3, "denied", "denied"},
    {ALLORA_E_NOTFOUND, 4, "not_found", "not found"},
    {ALLORA_E_CONFLICT, 1, "conflict", "conflict with the current state"},
    {ALLORA_E_THROTTLED, 1, "throttled", "too many requests"},
    {ALLORA_E_NETWORK, 1, "network", "network error"},
    {ALLORA_E_REMOTE, 1, "remote", "the remote service failed"},
    {ALLORA_E_UNSUPPORTED, 1, "unsupported", "not supported"},
    {ALLORA_E_STALE_PLAN, 3, "stale_plan", "the plan no longer fits what is there"},
    {ALLORA_E_CONFIG, 2, "config", "configuration error"},
    {ALLORA_E_APPROVAL, 3, "approval_needed", "waits for approval"},
    {ALLORA_E_BUDGET, 3, "budget", "over budget"},
    {ALLORA_E_INTEGRITY, 8, "integrity", "integrity check failed"},
};

static const struct status_row *status_row(int32_t status)
{
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        if (statuses[i].status == status)
            return &statuses[i];
    }
    return NULL;
}

/* A newer plugin may return a newer status: a failure all the same, an event all the same. */
const char *status_name(int32_t status)
{
    const struct status_row *row = status_row(status);
    return row ? row->name : status < 0 ? "failed" : "ok";
}

const char *status_text(int32_t status)
{
    const struct status_row *row = status_row(status);
    return row ? row->text : status < 0 ? "failed" : "done";
}

int status_exit_code(int32_t status)
{
    const struct status_row *row = status_row(status);
    return row ? row->exit_code : status < 0 ? 1 : 0;
}
