/* What a plan does, in a few words. */
#include "base/str.h"
#include "operation/plan.h"

/* A target is a text, or {type, id, name, …}. */
static const char *target_label(const json_node *target)
{
    const char *text = json_str(target, NULL);
    if (!text)
        text = json_get_str(target, "name", NULL);
    return text ? text : json_get_str(target, "id", "");
}

static void plural(struct buf *out, const char *noun, uint64_t n)
{
    size_t len = strlen(noun);
    size_t start = out->len;
    if (n == 1 || !len)
        buf_adds(out, noun);
    else if (len > 1 && noun[len - 1] == 'y' && !strchr("aeiou", noun[len - 2]))
        buf_addf(out, "%.*sies", (int)len - 1, noun);
    else if (str_ends(noun, "s") || str_ends(noun, "x") || str_ends(noun, "ch"))
        buf_addf(out, "%ses", noun);
    else
        buf_addf(out, "%ss", noun);
    for (size_t i = start; i < out->len; i++)
        if (out->ptr[i] == '_')
            out->ptr[i] = ' ';
}

void plan_summary(const struct plan *p, struct buf *out)
{
    const json_node *first = NULL;
    const char *verb = NULL, *type = NULL;
    uint64_t n = 0;
    bool same_verb = true, same_type = true;
    for (uint32_t i = 0; i < p->n_steps; i++) {
        json_foreach (change, json_get(p->steps[i].node, "changes")) {
            const json_node *target = json_get(change, "target");
            const char *v = json_get_str(change, "verb", "change"),
                       *t = json_get_str(target, "type", "");
            same_verb = same_verb && (!n || streq(v, verb));
            same_type = same_type && (!n || streq(t, type));
            verb = v;
            type = t;
            first = first ? first : target;
            n++;
        }
    }
    if (!n || !same_verb) {
        buf_addf(out, "%llu ", (unsigned long long)n);
        plural(out, "change", n);
        return;
    }
    buf_addf(out, "%s ", verb);
    if (n == 1) {
        plural(out, type, 1);
        buf_addf(out, "%s%s", *type ? " " : "", target_label(first));
        return;
    }
    buf_addf(out, "%llu ", (unsigned long long)n);
    plural(out, same_type && *type ? type : "target", n);
}
