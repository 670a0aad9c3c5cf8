#include "names.h"
#include "text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool id_field(const char *s, uint32_t *ret)
{
    uint64_t v;
    if (!s || !text_uint(&s, &v) || *s || v > UINT32_MAX)
        return false;
    *ret = (uint32_t)v;
    return true;
}

/* "+" and "-" lead NIS entries, which name no account by themselves. */
static bool is_entry(const char *line)
{
    return *line && *line != '#' && *line != '+' && *line != '-' && *line != ':';
}

bool passwd_parse(char *line, struct passwd_line *ret)
{
    if (!is_entry(line))
        return false;
    struct passwd_line p = {.name = text_field(&line, ':')};
    p.password = text_field(&line, ':');
    const char *uid = text_field(&line, ':'), *gid = text_field(&line, ':');
    p.gecos = text_field(&line, ':');
    p.home = text_field(&line, ':');
    p.shell = text_field(&line, ':');
    if (!p.home || !id_field(uid, &p.uid) || !id_field(gid, &p.gid))
        return false;
    if (!p.shell)
        p.shell = "";
    *ret = p;
    return true;
}

bool group_parse(char *line, struct group_line *ret)
{
    if (!is_entry(line))
        return false;
    struct group_line g = {.name = text_field(&line, ':')};
    (void)text_field(&line, ':');
    const char *gid = text_field(&line, ':');
    g.members = text_field(&line, ':');
    if (!g.members || !id_field(gid, &g.gid))
        return false;
    *ret = g;
    return true;
}

static int64_t day_field(const char *s)
{
    uint64_t v;
    return s && text_uint(&s, &v) && !*s && v < 1000000 ? (int64_t)v : -1;
}

bool shadow_parse(char *line, struct shadow_line *ret)
{
    if (!is_entry(line))
        return false;
    struct shadow_line s = {.name = text_field(&line, ':')};
    const char *hash = text_field(&line, ':');
    if (!hash)
        return false;
    /* shadow(5): "!" before a hash locks it; "*" or "!" alone is no hash at all. */
    if (!*hash)
        s.state = "empty";
    else if (hash[0] == '!' && hash[1] && hash[1] != '*' && hash[1] != '!')
        s.state = "locked";
    else if (hash[0] == '!' || hash[0] == '*')
        s.state = "none";
    else
        s.state = "set";
    s.changed = day_field(text_field(&line, ':'));
    for (int i = 0; i < 4; i++)
        (void)text_field(&line, ':');
    s.expires = day_field(text_field(&line, ':'));
    *ret = s;
    return true;
}

static bool room(void **p, size_t *cap, size_t needed, size_t unit)
{
    if (needed <= *cap)
        return true;
    size_t wanted = *cap ? *cap * 2 : 64;
    while (wanted < needed)
        wanted *= 2;
    void *grown = realloc(*p, wanted * unit);
    if (!grown)
        return false;
    *p = grown;
    *cap = wanted;
    return true;
}

static bool add(struct names *names, uint32_t id, const char *name)
{
    size_t len = strlen(name) + 1;
    void *all = names->all, *text = names->text;
    bool ok = room(&all, &names->cap, names->n + 1, sizeof *names->all);
    names->all = all;
    ok = ok && room(&text, &names->text_cap, names->text_len + len, 1);
    names->text = text;
    if (!ok || names->text_len > UINT32_MAX)
        return false;
    memcpy(names->text + names->text_len, name, len);
    names->all[names->n++] = (struct name){id, (uint32_t)names->text_len};
    names->text_len += len;
    return true;
}

/* By id, then by place in the file, so that a search for the id's first entry finds the file's
 * first. */
static int by_id(const void *a, const void *b)
{
    const struct name *x = a, *y = b;
    if (x->id != y->id)
        return x->id < y->id ? -1 : 1;
    return x->offset < y->offset ? -1 : x->offset > y->offset;
}

void names_load(struct names *names, const struct root *r, const char *path)
{
    names->loaded = true;
    struct lines *l = malloc(sizeof *l);
    if (!l || lines_open(l, r, path)) {
        free(l);
        return;
    }
    bool groups = text_ends(path, "group"), ok = true;
    for (char *line; ok && (line = lines_next(l, NULL)) != NULL;) {
        struct passwd_line p;
        struct group_line g;
        if (groups && group_parse(line, &g))
            ok = add(names, g.gid, g.name);
        else if (!groups && passwd_parse(line, &p))
            ok = add(names, p.uid, p.name);
    }
    lines_close(l);
    free(l);
    if (names->n)
        qsort(names->all, names->n, sizeof *names->all, by_id);
}

const char *names_get(struct names *names, uint32_t id)
{
    size_t low = 0, high = names->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (names->all[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < names->n && names->all[low].id == id)
        return names->text + names->all[low].offset;
    (void)snprintf(names->number, sizeof names->number, "%u", id);
    return names->number;
}

void names_free(struct names *names)
{
    free(names->all);
    free(names->text);
    *names = (struct names){0};
}
