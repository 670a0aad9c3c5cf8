/* One check of plugin.check, in its child process: what it works with, and how it says what it
 * found.  Private to core/kit.
 *
 * A check tells the parent where it is before every call into the plugin (trial_at), so that after
 * a crash or a hang the parent can say what it was doing; and that it came to its end, so that an
 * exit() in the plugin's code is seen. */
#ifndef ALLORA_KIT_TRIAL_H
#define ALLORA_KIT_TRIAL_H
#include "base/err.h"
#include "kit/bench.h"
#include "kit/collect.h"
#include "plugin/elf.h"
#include "plugin/wrap.h"

enum { TRIAL_FINDINGS_MAX = 25 }; /* of one check: that many say it all */
struct check_decl;
struct trial {
    const char *path;
    uint64_t seed;
    int out; /* to the parent */
    const struct config *config;
    /* from here on as far as the check's needs go */
    struct elf_view elf;
    struct manifest *m;
    void *library;
    const allora_plugin *plugin;
    struct bench bench;
    struct wrap *wrap;     /* the debug host round the plugin: its findings become this check's */
    allora_instance *self; /* of the wrap */
    allora_instance *bare; /* another, without the wrap; trial_bare() makes it */
    bool use_bare;         /* listings go to it: for what the wrap would stand in the way of */
    /* what was said */
    unsigned findings, checks;         /* the same words count once */
    uint64_t said[TRIAL_FINDINGS_MAX]; /* hashes of words */
    bool skipped;
};

enum trial_needs {
    NEEDS_NOTHING,
    NEEDS_ELF,      /* elf */
    NEEDS_MANIFEST, /* and m */
    NEEDS_CODE,     /* and library, plugin, bench */
    NEEDS_INSTANCE, /* and wrap, self */
};
struct check_decl {
    const char *name;
    const char *does; /* "what it looks at", for help */
    enum trial_needs needs;
    void (*run)(struct trial *t);
};
extern const struct check_decl kit_checks[];
extern const size_t kit_n_checks;

/* Opens, parses, loads and creates as far as needed; false: it was said why not. */
bool trial_prepare(struct trial *t, enum trial_needs needs);
/* Ends all that, and says what the debug host found. */
void trial_finish(struct trial *t);
/* Where it is: "table acme_server, column id".  Kept short. */
void trial_at(struct trial *t, const char *fmt, ...) A_PRINTF(2, 3);
/* Counts a check; when it isn't ok, a finding with these words.  hint: what to do, "" for none.
 * Returns ok. */
bool trial_check(struct trial *t, bool ok, const char *hint, const char *fmt, ...) A_PRINTF(4, 5);
/* Nothing can be said: why.  What was found meanwhile stays. */
void trial_skip(struct trial *t, const char *fmt, ...) A_PRINTF(2, 3);
/* It can't be used at all: checks that need more than this one are not worth running. */
void trial_broken(struct trial *t);
/* Stands behind "ok": times and counts. */
void trial_note(struct trial *t, const char *fmt, ...) A_PRINTF(2, 3);
#define CHECK(t, condition, hint, ...) trial_check((t), (condition), (hint), __VA_ARGS__)

/* Interfaces of the wrapped plugin and of the bare one; NULL when there is none such. */
const void *trial_interface(struct trial *t, const char *id);
/* Makes t->bare; false when create() fails. */
bool trial_bare(struct trial *t);
/* A failure that says more of the world than of the plugin: no network, no credentials, no
 * configuration, no such file, no console, or an operation that is not there. */
bool trial_poor_world(const struct trial *t, int32_t status);
/* A number that depends on the seed alone and goes on from call to call. */
uint64_t trial_random(struct trial *t);

/* ---- listing, for several checks ---- */
struct listing {
    allora_list_request req;
    struct collected got;
    int32_t status;
    allora_error err;
};
/* In a ctx of its own.  Fills req.size and req.table. */
void listing_run(struct trial *t, const struct table *table, struct listing *l);
void listing_done(struct listing *l);
/* Runs fn for every table and for up to three of its partitions.  What the world keeps from being
 * listed is left out and noted; when nothing at all could be listed, the check is skipped. */
typedef void (*table_fn)(struct trial *t, const struct table *table, const allora_pair *partition,
                         uint32_t n_partition);
void trial_each_table(struct trial *t, table_fn fn);
/* {0, 1, …}, for table->n_columns. */
const uint32_t *all_columns(const struct table *table);

/* ---- the checks ---- */
void kit_check_manifest(struct trial *t);
void kit_check_symbols(struct trial *t);
void kit_check_imports(struct trial *t);
void kit_check_scan(struct trial *t);
void kit_check_handshake(struct trial *t);
void kit_check_unknown(struct trial *t);
void kit_check_life(struct trial *t);
void kit_check_tables(struct trial *t);
void kit_check_filters(struct trial *t);
void kit_check_limits(struct trial *t);
void kit_check_cancelled_tables(struct trial *t);
void kit_check_cancel(struct trial *t);
void kit_check_operations(struct trial *t);
void kit_check_agents(struct trial *t);
void kit_check_faces(struct trial *t);
void kit_check_memory(struct trial *t);
void kit_check_threads(struct trial *t);
void kit_check_process(struct trial *t);
void kit_check_fuzz(struct trial *t);
#endif
