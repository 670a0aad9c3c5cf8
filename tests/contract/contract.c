/* contract PLUGIN.so: the file, the entry, the interfaces, create and destroy; then its tables.
 * Exit 1 with a line for every finding.  SOURCE_DIR names the repository, for the data that
 * synthetic plugins read; CONTRACT_HOST=debug or codec puts that wrapping between. */
#include "contract.h"
#include "base/err.h"
#include "plugin/elf.h"
#include <dlfcn.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char data_file[4096], data_root[4096];
static struct fake_setting settings[16];

bool contract_check(struct contract *k, bool ok, const char *fmt, ...)
{
    va_list args;
    k->checks++;
    if (ok)
        return true;
    k->findings++;
    (void)printf("  %s: ", k->path);
    va_start(args, fmt);
    (void)vprintf(fmt, args);
    va_end(args);
    (void)putchar('\n');
    return false;
}

static allora_value number(int64_t i)
{
    return (allora_value){.type = ALLORA_V_INT, .u.i = i};
}

static allora_value text(const char *s)
{
    return (allora_value){.type = ALLORA_V_TEXT, .len = (uint32_t)strlen(s), .u.p = s};
}

/* Those of our settings that the plugin's own schema knows. */
static void configure(struct contract *k)
{
    const char *source = getenv("SOURCE_DIR");
    (void)snprintf(data_file, sizeof data_file, "%s/tests/data/acme.json", source ? source : ".");
    (void)snprintf(data_root, sizeof data_root, "%s/tests/data/hosttree", source ? source : ".");
    const struct fake_setting all[] = {
        {"file", text(data_file)},         {"page_size", number(7)},  {"rows", number(1200)},
        {"wide_rows", number(50)},         {"partitions", number(3)}, {"delay_ms", number(1)},
        {"rows_per_partition", number(4)}, {"root", text(data_root)},
    };
    uint32_t n = 0;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        bool there = strcmp(all[i].key, "root") != 0 || access(data_root, R_OK) == 0;
        if (there && json_get(json_path(k->m->config, "properties"), all[i].key))
            settings[n++] = all[i];
    }
    k->fake.settings = settings;
    k->fake.n_settings = n;
}

static void check_file(struct contract *k, const struct elf_view *v)
{
    struct elf_symbol s;
    uint32_t exported = 0;
    for (uint64_t i = 0; i < v->n_symbols; i++)
        exported += elf_symbol_at(v, i, &s) && s.defined && !s.local;
    CHECK(k, elf_exports(v, ALLORA_ENTRY_SYMBOL), "%s is not exported", ALLORA_ENTRY_SYMBOL);
    CHECK(k, exported == 1, "%u symbols are exported", exported);
    CHECK(k, v->bind_now, "symbols are bound lazily");
}

static void check_root(struct contract *k, const struct elf_view *v)
{
    const allora_plugin *p = k->plugin;
    CHECK(k, p->size >= offsetof(allora_plugin, get_interface) + sizeof p->get_interface,
          "the root object has only %u bytes", p->size);
    CHECK(k,
          p->manifest_len == v->manifest_len &&
              memcmp(p->manifest, v->manifest, v->manifest_len) == 0,
          "the code's manifest is not the section's");
    CHECK(k, p->abi_minor_built == k->m->abi_built && p->abi_minor_needed == k->m->abi_needed,
          "abi: the manifest says built %u, needed %u; the code says %u and %u", k->m->abi_built,
          k->m->abi_needed, p->abi_minor_built, p->abi_minor_needed);
}

static bool has_face(const struct manifest *m)
{
    for (uint32_t i = 0; i < m->n_commands; i++)
        if (m->commands[i].face != FACE_NEVER)
            return true;
    return false;
}

/* What the manifest promises must be there, what it doesn't must not; an id is taken whole. */
static void check_interfaces(struct contract *k)
{
    const struct {
        const char *id;
        bool declared;
    } all[] = {{ALLORA_PROVIDER_ID, k->m->n_tables > 0 || k->m->dynamic},
               {ALLORA_OPERATIONS_ID, k->m->n_operations > 0},
               {ALLORA_AGENT_ID, k->m->n_agents > 0},
               {ALLORA_FACE_ID, has_face(k->m)}};
    static const char *const unknown[] = {"",
                                          "allora",
                                          "allora.nothing/1",
                                          "allora.provider/",
                                          "allora.provider/2",
                                          "ALLORA.PROVIDER/1"};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        char longer[64];
        CHECK(k, (k->plugin->get_interface(all[i].id) != NULL) == all[i].declared,
              "%s: the manifest says %s, the code says otherwise", all[i].id,
              all[i].declared ? "yes" : "no");
        (void)snprintf(longer, sizeof longer, "%s0", all[i].id);
        CHECK(k, !k->plugin->get_interface(longer), "%s is answered", longer);
        (void)snprintf(longer, sizeof longer, "%s ", all[i].id);
        CHECK(k, !k->plugin->get_interface(longer), "\"%s\" is answered", longer);
    }
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++)
        CHECK(k, !k->plugin->get_interface(unknown[i]), "\"%s\" is answered", unknown[i]);
}

static allora_instance *create(struct contract *k, allora_ctx *ctx)
{
    allora_error err = ERR_INIT;
    allora_instance *self = NULL;
    int32_t st = k->plugin->create(&k->fake.host, ctx, &self, &err);
    if (!CHECK(k, st == ALLORA_OK, "create: %s %s", status_name(st), err.message))
        return NULL;
    CHECK(k, self != NULL, "create gives no instance");
    return self;
}

/* Twice one after the other, two at once, and NULL. */
static void check_life(struct contract *k)
{
    for (int i = 0; i < 2; i++) {
        allora_ctx *ctx = fake_ctx_open(&k->fake);
        allora_instance *one = create(k, ctx), *other = create(k, ctx);
        CHECK(k, !one || one != other, "two instances are one");
        fake_ctx_close(ctx); /* what create() took from its ctx is gone */
        k->plugin->destroy(one);
        k->plugin->destroy(other);
        k->plugin->destroy(NULL);
    }
}

/* A host that has nothing to give: words or an instance, never a crash. */
static const void *no_interface(const allora_host *host, const char *id)
{
    (void)host, (void)id;
    return NULL;
}

static void check_poor_host(struct contract *k)
{
    allora_error err = ERR_INIT;
    allora_instance *self = NULL;
    allora_ctx *ctx = fake_ctx_open(&k->fake);
    allora_host rich = k->fake.host;
    k->fake.host.get_interface = no_interface;
    int32_t st = k->plugin->create(&k->fake.host, ctx, &self, &err);
    CHECK(k, st == ALLORA_OK || err.message[0], "create refuses a poor host without a word");
    CHECK(k, st == ALLORA_OK || !self, "create fails, but gives an instance");
    if (st == ALLORA_OK)
        k->plugin->destroy(self);
    fake_ctx_close(ctx);
    k->fake.host = rich;
}

const allora_provider_v1 *contract_provider(const struct contract *k)
{
    return k->plugin->get_interface(ALLORA_PROVIDER_ID);
}

static const allora_plugin *load(const char *path)
{
    const allora_plugin *(*entry)(void);
    void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    void *symbol = object ? dlsym(object, ALLORA_ENTRY_SYMBOL) : NULL;
    if (!symbol) {
        (void)printf("  %s\n", dlerror());
        return NULL;
    }
    memcpy(&entry, &symbol, sizeof entry);
    return entry();
}

static void check_all(struct contract *k, const struct elf_view *v)
{
    check_file(k, v);
    k->plugin = load(k->path);
    if (!CHECK(k, k->plugin != NULL, "cannot be loaded"))
        return;
    check_root(k, v);
    const char *word = getenv("CONTRACT_HOST");
    k->plugin = contract_wrap(k, k->plugin, word ? word : "direct");
    if (!CHECK(k, k->plugin != NULL, "cannot be wrapped"))
        return;
    check_interfaces(k);
    check_life(k);
    check_poor_host(k);
    allora_ctx *ctx = fake_ctx_open(&k->fake);
    k->self = create(k, ctx);
    if (k->self && contract_provider(k))
        check_tables(k, contract_provider(k));
    k->plugin->destroy(k->self);
    fake_ctx_close(ctx);
    contract_unwrap();
    CHECK(k, k->fake.live_bytes == 0, "memory of a ctx is left");
}

int main(int argc, char **argv)
{
    struct contract k = {.path = argc == 2 ? argv[1] : ""};
    struct elf_view v;
    struct manifest *m = NULL;
    allora_error err = ERR_INIT;
    if (argc != 2 || elf_open(k.path, &v, &err) ||
        manifest_parse(v.manifest, v.manifest_len, &m, &err)) {
        (void)printf("  %s: %s\n", k.path, err.message);
        return 1;
    }
    k.m = m;
    k.remote = json_get(m->permissions, "http") != NULL;
    fake_host_init(&k.fake);
    configure(&k);
    check_all(&k, &v);
    (void)printf("%s: %u checks, %u findings\n", m->id, k.checks, k.findings);
    manifest_free(m);
    elf_close(&v);
    return k.findings ? 1 : 0;
}
