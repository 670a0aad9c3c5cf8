/* Memory and descriptors that are not given back, and memory that is not to be had.
 *
 * What grows with every call, time after time, is a leak; what grows at first and then no more is a
 * cache.  Where a sanitizer is linked in, it is asked too. */
#include "kit/calls.h"

#include "base/str.h"

#include <dirent.h>
#include <malloc.h>
#include <string.h>

enum { WINDOWS = 4, CALLS = 16, TORTURE = 40, LEAST = 8 /* bytes a call */ };

/* LeakSanitizer's own name. */
/* NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

static size_t in_use(void)
{
#if defined(__GLIBC__) && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 33)
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
#else
    return 0; /* this libc doesn't say */
#endif
}

static unsigned open_files(void)
{
    DIR *dir = opendir("/proc/self/fd");
    unsigned n = 0;

    while (dir && readdir(dir))
        n++;
    if (dir)
        (void)closedir(dir);
    return n;
}

/* ---- leaks ---- */

typedef void (*again_fn)(struct trial *t, void *what);

static void watch(struct trial *t, const char *name, again_fn again, void *what)
{
    size_t grown[WINDOWS];
    unsigned files = 0;
    bool leaks = true;

    trial_at(t, "%s, again and again", name);
    for (int w = 0; w < WINDOWS; w++) {
        size_t before = in_use();
        for (int i = 0; i < CALLS; i++)
            again(t, what);
        size_t after = in_use();
        grown[w] = after > before ? after - before : 0;
        if (w == 0)
            files = open_files(); /* what is opened once may stay open */
        else
            leaks = leaks && grown[w] >= (size_t)CALLS * LEAST;
    }
    (void)CHECK(t, !leaks, "free it, or take it from the ctx's arena",
                "%s leaks about %zu bytes each time", name, grown[WINDOWS - 1] / CALLS);
    unsigned now = open_files();
    (void)CHECK(t, now < files + CALLS, "close it on every way out",
                "%s leaves files open: %u more after %d times", name, now - files,
                (WINDOWS - 1) * CALLS);
}

static void live_and_die(struct trial *t, void *what)
{
    allora_error err = ERR_INIT;
    allora_instance *self = NULL;
    allora_ctx *ctx = bench_open(&t->bench);

    (void)what;
    if (t->plugin->create(&t->bench.host, ctx, &self, &err) == ALLORA_OK)
        t->plugin->destroy(self);
    bench_close(ctx);
}

struct listed {
    const struct table *table;
    const allora_pair *partition;
    uint32_t n_partition;
};

static void list_again(struct trial *t, void *what)
{
    const struct listed *x = what;
    struct listing l = {.req = {.partition = x->partition,
                                .n_partition = x->n_partition,
                                .wanted = all_columns(x->table),
                                .n_wanted = x->table->n_columns},
                        .got = {.stop_after = 20}};

    listing_run(t, x->table, &l);
    listing_done(&l);
}

struct op_args {
    const struct operation_decl *op;
    allora_str args;
};

static void call_again(struct trial *t, void *what)
{
    const struct op_args *x = what;
    struct called c;

    call_operation(t, x->op, x->args, &c);
    called_done(&c);
}

struct talk {
    allora_str message, tools;
};

static void turn_again(struct trial *t, void *what)
{
    const struct talk *x = what;
    struct called c;

    call_turn(t, x->message, x->tools, &c);
    called_done(&c);
}

/* ---- no memory ---- */

/* Any one allocation fails: a status, no crash; a sanitizer sees what leaks. */
static void starve(struct trial *t, const char *name, const struct listed *x)
{
    for (uint64_t n = 1; n <= TORTURE; n++) {
        struct listing l = {.req = {.partition = x->partition,
                                    .n_partition = x->n_partition,
                                    .wanted = all_columns(x->table),
                                    .n_wanted = x->table->n_columns},
                            .got = {.stop_after = 50}};
        trial_at(t, "%s, allocation %d fails", name, (int)n);
        t->bench.fail_alloc = n;
        listing_run(t, x->table, &l);
        t->bench.fail_alloc = 0;
        bool failed = t->bench.allocs >= n;
        (void)CHECK(t, l.status >= 0 || l.status == ALLORA_E_NOMEM, "return ALLORA_E_NOMEM",
                    "%s: out of memory is said as %s (%s)", name, status_name(l.status),
                    l.err.message);
        listing_done(&l);
        if (!failed)
            break;
    }
}

static void starve_operation(struct trial *t, const struct op_args *x)
{
    for (uint64_t n = 1; n <= TORTURE; n++) {
        struct called c;
        trial_at(t, "%s, allocation %d fails", x->op->name, (int)n);
        t->bench.fail_alloc = n;
        call_operation(t, x->op, x->args, &c);
        t->bench.fail_alloc = 0;
        bool failed = t->bench.allocs >= n;
        (void)CHECK(t, c.status != ALLORA_E_INTERNAL, "return ALLORA_E_NOMEM",
                    "%s: out of memory is said as %s (%s)", x->op->name, status_name(c.status),
                    c.err.message);
        called_done(&c);
        if (!failed)
            break;
    }
}

static void starve_turn(struct trial *t, const struct talk *x)
{
    for (uint64_t n = 1; n <= TORTURE; n++) {
        struct called c;
        trial_at(t, "a turn, allocation %d fails", (int)n);
        t->bench.fail_alloc = n;
        call_turn(t, x->message, x->tools, &c);
        t->bench.fail_alloc = 0;
        bool failed = t->bench.allocs >= n;
        (void)CHECK(t, c.status != ALLORA_E_INTERNAL, "return ALLORA_E_NOMEM",
                    "a turn: out of memory is said as %s (%s)", status_name(c.status),
                    c.err.message);
        called_done(&c);
        if (!failed)
            break;
    }
}

static void table_memory(struct trial *t, const struct table *table, const allora_pair *partition,
                         uint32_t n_partition)
{
    struct listed x = {table, partition, n_partition};

    watch(t, table->name, list_again, &x);
    starve(t, table->name, &x);
}

void kit_check_memory(struct trial *t)
{
    watch(t, "create() and destroy()", live_and_die, NULL);
    if (!trial_bare(t))
        return;
    t->use_bare = true; /* the debug host has an allocator of its own */
    if (t->m->n_tables)
        trial_each_table(t, table_memory);
    t->skipped = false; /* create() was looked at, whatever else could be */
    for (uint32_t i = 0; i < t->m->n_operations; i++) {
        A_CLEAN(buf_done) struct buf args = BUF(1 << 20);
        if (t->m->operations[i].effect != ALLORA_EFFECT_READ ||
            !example_arguments(&t->m->operations[i], 0, &args))
            continue;
        struct op_args x = {&t->m->operations[i], {args.ptr, args.len}};
        watch(t, x.op->name, call_again, &x);
        starve_operation(t, &x);
    }
    if (t->m->n_agents && trial_interface(t, ALLORA_AGENT_ID)) {
        A_CLEAN(buf_done) struct buf message = BUF(1 << 12);
        A_CLEAN(buf_done) struct buf tools = BUF(1 << 16);
        first_message("which tables are about disk?", &message);
        agent_tools(&t->m->agents[0], &tools);
        struct talk x = {{message.ptr, message.len}, {tools.ptr, tools.len}};
        watch(t, "turn()", turn_again, &x);
        starve_turn(t, &x);
    }
    if (__lsan_do_recoverable_leak_check) {
        trial_at(t, "asking the sanitizer for leaks");
        (void)CHECK(t, __lsan_do_recoverable_leak_check() == 0, "its report is on standard error",
                    "the sanitizer finds leaks");
    }
}
