/* The plugin behind the debug host or the codec, as one that looks bare: each instance is a wrap of
 * its own. */
#include "contract.h"

#include "base/err.h"
#include "plugin/guard.h"
#include "plugin/wrap.h"

static const allora_plugin *bare;
static const struct manifest *its;
static enum wrap_mode mode;
static struct wrap *base; /* for interfaces, which are asked for without an instance */

static void finding(void *self, const struct guard_finding *f)
{
    (void)contract_check(self, false, "%s: %s.%s: %s (%s)", f->severity, f->interface, f->slot,
                         f->detail, f->rule);
}

static struct wrap *new_wrap(const allora_host *host)
{
    return wrap_new(
        mode, &(struct wrap_options){.id = its->id,
                                     .code = bare,
                                     .host = host,
                                     .threads = json_get_bool(its->permissions, "threads", false)});
}

static int32_t create(const allora_host *host, allora_ctx *ctx, allora_instance **out,
                      allora_error *err)
{
    struct wrap *w = new_wrap(host);

    if (!w)
        return err_nomem(err);
    int32_t rc = wrap_create(w, ctx, out, err);
    if (rc)
        wrap_free(w);
    return rc;
}

static void destroy(allora_instance *self)
{
    struct wrap *w = (struct wrap *)(void *)self;

    if (!self) {
        bare->destroy(NULL);
        return;
    }
    wrap_destroy(w);
    wrap_free(w);
}

static const void *get_interface(const char *id)
{
    return wrap_interface(base, id);
}

const allora_plugin *contract_wrap(struct contract *k, const allora_plugin *plugin,
                                   const char *word)
{
    static allora_plugin wrapped;

    mode = wrap_mode_of(word);
    if (mode == WRAP_DIRECT)
        return plugin;
    bare = plugin;
    its = k->m;
    guard_watch(finding, k);
    base = new_wrap(&k->fake.host);
    if (!base)
        return NULL;
    wrapped = *plugin;
    wrapped.create = create;
    wrapped.destroy = destroy;
    wrapped.get_interface = get_interface;
    return &wrapped;
}

void contract_unwrap(void)
{
    wrap_free(base);
    base = NULL;
}
