/* The rules about what is passed: texts, documents, cells, statuses, errors. */
#include "plugin/guard_private.h"

#include "base/json.h"
#include "base/str.h"

/* A NULL text must be empty. */
static bool there(const struct guard_about *a, const char *what, allora_str s)
{
    if (s.ptr || s.len == 0)
        return s.len > 0;
    guard_note(a->g, a->plugin, a->slot, "null-argument", "%s is NULL with a length", what);
    return false;
}

void guard_check_text(const struct guard_about *a, const char *what, allora_str s)
{
    if (there(a, what, s) && !utf8_valid(s.ptr, (size_t)s.len))
        guard_note(a->g, a->plugin, a->slot, "text-utf8", "%s is not valid UTF-8", what);
}

void guard_check_name(const struct guard_about *a, const char *what, const char *s)
{
    if (!s)
        guard_note(a->g, a->plugin, a->slot, "null-argument", "%s is NULL", what);
    else
        guard_check_text(a, what, str_of(s));
}

void guard_check_document(const struct guard_about *a, const char *what, allora_str s)
{
    allora_error err = {.size = (uint32_t)sizeof err};
    json_node *doc = NULL;

    if (!there(a, what, s))
        return;
    if (memchr(s.ptr, '\0', (size_t)s.len)) {
        guard_note(a->g, a->plugin, a->slot, "text-nul", "%s holds a NUL", what);
        return;
    }
    if (json_parse(s.ptr, (size_t)s.len, &doc, &err) == ALLORA_E_ARG)
        guard_note(a->g, a->plugin, a->slot, "text-json", "%s is not JSON: %s", what, err.message);
    json_free(doc);
}

static void check_list(const struct guard_about *a, uint32_t index, const allora_value *v,
                       bool in_filter)
{
    if (!in_filter)
        guard_note(a->g, a->plugin, a->slot, "value-type", "cell %u is a list", index);
    for (uint32_t i = 0; in_filter && v->u.list && i < v->len; i++)
        guard_check_value(a, index, &v->u.list[i], false);
}

void guard_check_value(const struct guard_about *a, uint32_t index, const allora_value *v,
                       bool in_filter)
{
    char what[32];
    const allora_str text = {v->u.p, v->len};

    (void)snprintf(what, sizeof what, "cell %u", index);
    if (v->flags & ~(ALLORA_VF_SENSITIVE | ALLORA_VF_OUTSIDE) || v->reserved)
        guard_note(a->g, a->plugin, a->slot, "value-flags", "%s has flags 0x%x, reserved 0x%x",
                   what, v->flags, v->reserved);
    switch (v->type) {
    case ALLORA_V_ABSENT:
    case ALLORA_V_NULL:
    case ALLORA_V_INT:
    case ALLORA_V_REAL:
    case ALLORA_V_TIME:
        break;
    case ALLORA_V_BOOL:
        if (v->u.i != 0 && v->u.i != 1)
            guard_note(a->g, a->plugin, a->slot, "value-bool", "%s is a truth value of %lld", what,
                       (long long)v->u.i);
        break;
    case ALLORA_V_TEXT:
        guard_check_text(a, what, text);
        break;
    case ALLORA_V_JSON:
        if (v->len == 0)
            guard_note(a->g, a->plugin, a->slot, "text-json", "%s is JSON, but empty", what);
        guard_check_document(a, what, text);
        break;
    case ALLORA_V_LIST:
        check_list(a, index, v, in_filter);
        break;
    default:
        guard_note(a->g, a->plugin, a->slot, "value-type", "%s has the type %u", what, v->type);
        break;
    }
}

void guard_check_status(const struct guard_about *a, int64_t status)
{
    bool at_console = a->slot->iface_no == IFACE_console;

    if (status == ALLORA_STOP && !at_console)
        guard_note(a->g, a->plugin, a->slot, "status",
                   "returned ALLORA_STOP, which is a sink's word: after it, return ALLORA_OK");
    else if (status > ALLORA_PARTIAL || status < SLOT_LAST_STATUS)
        guard_note(a->g, a->plugin, a->slot, "status", "returned %lld, which is no status",
                   (long long)status);
}

/* One line of UTF-8 that ends inside its array. */
static void check_line(const struct guard_about *a, const char *what, const char *text, size_t max)
{
    const char *end = memchr(text, '\0', max);

    if (!end) {
        guard_note(a->g, a->plugin, a->slot, "error-text", "the error's %s does not end in NUL",
                   what);
        return;
    }
    size_t n = (size_t)(end - text);
    bool one_line = true;
    for (size_t i = 0; i < n; i++)
        one_line = one_line && (unsigned char)text[i] >= ' ';
    if (!utf8_valid(text, n) || !one_line)
        guard_note(a->g, a->plugin, a->slot, "error-text", "the error's %s is not %s", what,
                   one_line ? "valid UTF-8" : "one line");
}

void guard_check_error(const struct guard_about *a, const allora_error *e, int64_t status)
{
    if (status >= 0 || !ALLORA_HAS(allora_error, e, hint))
        return;
    check_line(a, "reason", e->reason, sizeof e->reason);
    check_line(a, "request id", e->request_id, sizeof e->request_id);
    check_line(a, "message", e->message, sizeof e->message);
    check_line(a, "hint", e->hint, sizeof e->hint);
    if (e->message[0] && e->code != status)
        guard_note(a->g, a->plugin, a->slot, "error-code", "returned %lld, but its error says %d",
                   (long long)status, e->code);
}
