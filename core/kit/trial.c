/* Preparing a check, and the words it sends to the parent: a JSON object a line. */
#include "kit/trial.h"

#include "base/fs.h"
#include "base/jsonw.h"
#include "base/map.h"
#include "base/str.h"
#include "plugin/guard.h"

#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { WORDS_MAX = 1024 };

/* ---- to the parent ---- */

static void send(struct trial *t, const char *key, const char *words, const char *hint)
{
    A_CLEAN(buf_done) struct buf b = BUF(16 * WORDS_MAX);
    struct jsonw w = JSONW(&b);

    jw_object(&w);
    jw_kstr(&w, key, words);
    if (hint && *hint)
        jw_kstr(&w, "hint", hint);
    jw_end_object(&w);
    buf_addc(&b, '\n');
    (void)fs_write_all(t->out, buf_str(&b), b.len); /* a parent that is gone needs no words */
}

static void vsend(struct trial *t, const char *key, const char *fmt, va_list args) A_PRINTF(3, 0);
static void vsend(struct trial *t, const char *key, const char *fmt, va_list args)
{
    char words[WORDS_MAX];

    (void)vsnprintf(words, sizeof words, fmt, args);
    send(t, key, words, NULL);
}

void trial_at(struct trial *t, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    vsend(t, "at", fmt, args);
    va_end(args);
}

/* Has this check said the same before? */
static bool said_before(const struct trial *t, uint64_t hash)
{
    for (unsigned i = 0; i < t->findings && i < TRIAL_FINDINGS_MAX; i++)
        if (t->said[i] == hash)
            return true;
    return false;
}

bool trial_check(struct trial *t, bool ok, const char *hint, const char *fmt, ...)
{
    char words[WORDS_MAX];
    va_list args;

    t->checks++;
    if (ok)
        return true;
    va_start(args, fmt);
    (void)vsnprintf(words, sizeof words, fmt, args);
    va_end(args);
    uint64_t hash = hash_bytes(words, strlen(words), 0);
    if (t->findings == TRIAL_FINDINGS_MAX || said_before(t, hash))
        return false;
    t->said[t->findings++] = hash;
    send(t, "finding", words, hint);
    return false;
}

void trial_skip(struct trial *t, const char *fmt, ...)
{
    va_list args;

    t->skipped = true;
    va_start(args, fmt);
    vsend(t, "skipped", fmt, args);
    va_end(args);
}

void trial_broken(struct trial *t)
{
    send(t, "broken", "yes", NULL);
}

void trial_note(struct trial *t, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    vsend(t, "note", fmt, args);
    va_end(args);
}

/* ---- preparing ---- */

static bool load(struct trial *t)
{
    const allora_plugin *(*entry)(void);
    void *symbol;

    trial_at(t, "loading");
    if (!(t->library = dlopen(t->path, RTLD_NOW | RTLD_LOCAL)))
        return CHECK(t, false, "ldd says which libraries it needs", "cannot be loaded: %s",
                     dlerror());
    if (!(symbol = dlsym(t->library, ALLORA_ENTRY_SYMBOL)))
        return CHECK(t, false, "build it with allora_add_plugin()",
                     "does not export " ALLORA_ENTRY_SYMBOL);
    memcpy(&entry, &symbol, sizeof entry); /* ISO C has no cast from void * to a function */
    trial_at(t, ALLORA_ENTRY_SYMBOL "()");
    t->plugin = entry();
    if (!t->plugin || !ALLORA_HAS(allora_plugin, t->plugin, get_interface) || !t->plugin->create ||
        !t->plugin->destroy || !t->plugin->get_interface)
        return CHECK(t, false, "", ALLORA_ENTRY_SYMBOL "() gives no usable root object");
    return true;
}

static void on_finding(void *self, const struct guard_finding *f)
{
    struct trial *t = self;

    (void)CHECK(t, !streq(f->severity, "PLUGIN_MISBEHAVING"), "",
                "%s.%s: %s (docs/abi.md, rule %s%s)", f->interface, f->slot, f->detail, f->rule,
                f->times > 1 ? ", several times" : "");
}

static bool create(struct trial *t)
{
    const struct wrap_options o = {
        .id = t->m->id,
        .code = t->plugin,
        .host = &t->bench.host,
        .threads = json_get_bool(t->m->permissions, "threads", false),
    };
    allora_error err = ERR_INIT;
    allora_ctx *ctx = bench_open(&t->bench);

    t->wrap = wrap_new(WRAP_DEBUG, &o);
    if (!t->wrap || !ctx)
        return CHECK(t, false, "", "out of memory");
    trial_at(t, "create()");
    int32_t rc = wrap_create(t->wrap, ctx, &t->self, &err);
    bench_close(ctx);
    if (rc && trial_poor_world(t, rc)) {
        trial_skip(t, "create() says: %s", err.message[0] ? err.message : status_text(rc));
        return false;
    }
    return CHECK(t, rc == ALLORA_OK, "", "create() fails: %s",
                 err.message[0] ? err.message : status_text(rc));
}

static bool prepare(struct trial *t, enum trial_needs needs)
{
    allora_error err = ERR_INIT;

    if (needs >= NEEDS_ELF && elf_open(t->path, &t->elf, &err))
        return CHECK(t, false, err.hint, "%s", err.message);
    if (needs >= NEEDS_MANIFEST) {
        if (!t->elf.manifest)
            return CHECK(t, false, "build it with allora_add_plugin()",
                         "no manifest: section " ELF_MANIFEST_SECTION " is missing or empty");
        if (manifest_parse(t->elf.manifest, t->elf.manifest_len, &t->m, &err))
            return CHECK(t, false, err.hint, "%s", err.message);
    }
    if (needs < NEEDS_CODE)
        return true;
    bench_init(&t->bench, t->m, t->config);
    return load(t) && (needs < NEEDS_INSTANCE || create(t));
}

bool trial_prepare(struct trial *t, enum trial_needs needs)
{
    bool ok = prepare(t, needs);

    if (!ok && !t->skipped)
        trial_broken(t);
    return ok;
}

bool trial_bare(struct trial *t)
{
    allora_error err = ERR_INIT;
    allora_ctx *ctx = bench_open(&t->bench);

    trial_at(t, "create()");
    int32_t rc = ctx ? t->plugin->create(&t->bench.host, ctx, &t->bare, &err) : ALLORA_E_NOMEM;
    bench_close(ctx);
    if (rc && trial_poor_world(t, rc)) {
        trial_skip(t, "create() says: %s", err.message[0] ? err.message : status_text(rc));
        return false;
    }
    return CHECK(t, rc == ALLORA_OK && t->bare, "", "create() fails: %s",
                 err.message[0] ? err.message : status_text(rc));
}

void trial_finish(struct trial *t)
{
    if (t->bare) {
        trial_at(t, "destroy()");
        t->plugin->destroy(t->bare);
    }
    if (t->wrap) {
        trial_at(t, "destroy()");
        if (t->self)
            wrap_destroy(t->wrap);
        guard_findings_of(t->wrap, on_finding, t);
        wrap_free(t->wrap);
    }
    if (t->plugin)
        bench_done(&t->bench);
    manifest_free(t->m);
    elf_close(&t->elf);
    send(t, "end", t->skipped ? "skipped" : "done", NULL);
}

/* ---- helpers ---- */

const void *trial_interface(struct trial *t, const char *id)
{
    return t->wrap && !t->use_bare ? wrap_interface(t->wrap, id) : t->plugin->get_interface(id);
}

bool trial_poor_world(const struct trial *t, int32_t status)
{
    switch (status) {
    case ALLORA_E_CONFIG:
    case ALLORA_E_AUTH:
    case ALLORA_E_NETWORK:
    case ALLORA_E_DENIED:
    case ALLORA_E_UNSUPPORTED:
        return true;
    case ALLORA_E_NOTFOUND: /* of a file, a secret, an operation; or a bug */
        return t->bench.secrets || t->bench.invokes || t->bench.programs || t->bench.consoles ||
               (t->m && t->m->permissions && json_get(t->m->permissions, "files"));
    default:
        return false;
    }
}

uint64_t trial_random(struct trial *t) /* splitmix64 */
{
    uint64_t z = (t->seed += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}
