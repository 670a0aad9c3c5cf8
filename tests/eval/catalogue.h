/* A lexicon out of the two manifests in this source, without host, core or plugins: for tests of
 * the offline agent's parser. */
#ifndef EVAL_CATALOGUE_H
#define EVAL_CATALOGUE_H
#include "choose.h"
#include "fakes/fake_host.h"
#include "sql.h"
#include "state.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The plugin that is nobody's needs no manifest, but its symbols. */
const char allora_manifest_begin[] = "{}", allora_manifest_end[] = "";

struct catalogue {
    struct fake_host fake;
    sdk_plugin plugin;
    sdk_instance base;
    allora_ctx *ctx;
    struct lexicon lexicon;
    struct mind mind;
};

static inline char *catalogue_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    char *text = calloc(1, 1 << 20);
    if (!f || !text || fread(text, 1, (1 << 20) - 1, f) == 0) {
        perror(path);
        abort();
    }
    (void)fclose(f);
    return text;
}

/* {"tables": the tables of all manifests, each with its provider} */
static inline void catalogue_document(struct catalogue *c, struct text *out)
{
    static const char *const paths[] = {SOURCE_DIR "/plugins/providers/host/plugin.json",
                                        SOURCE_DIR "/tests/plugins/acme/plugin.json"};
    allora_error err = {.size = sizeof err};
    bool first = true;
    text_add(out, "{\"tables\":[");
    for (size_t i = 0; i < 2; i++) {
        char *text = catalogue_file(paths[i]);
        const sdk_json *manifest = NULL;
        if (sdk_parse((allora_instance *)&c->base, c->ctx, sdk_str(text), &manifest, &err) < 0)
            abort();
        const char *provider = sdk_get_str(manifest, "provider.name", "");
        sdk_foreach (t, sdk_path(manifest, "provider.tables")) {
            text_addf(out, "%s{\"provider\":\"%s\",", first ? "" : ",", provider);
            text_addn(out, t->source.ptr + 1, (size_t)t->source.len - 1);
            first = false;
        }
        free(text);
    }
    text_add(out, "],\"views\":[]}");
}

static inline void catalogue_open(struct catalogue *c, struct text *document)
{
    allora_error err = {.size = sizeof err};
    const sdk_json *node = NULL;
    memset(c, 0, sizeof *c);
    fake_host_init(&c->fake);
    c->plugin.id = "test";
    c->base.plugin = &c->plugin;
    c->base.host = &c->fake.host;
    c->ctx = fake_ctx_open(&c->fake);
    if (!document->p)
        catalogue_document(c, document);
    allora_instance *self = (allora_instance *)&c->base;
    if (sdk_parse(self, c->ctx, sdk_str_n(document->p, document->len), &node, &err) < 0 ||
        lexicon_build(self, c->ctx, node, &c->lexicon, &err) < 0)
        abort();
    c->mind = (struct mind){.self = self,
                            .ctx = c->ctx,
                            .lexicon = &c->lexicon,
                            .now_us = INT64_C(1793527200000000)}; /* 2026-11-01T10:00Z */
}

static inline bool catalogue_named(const struct query *q)
{
    for (int i = 0; i < q->n_conds; i++)
        if (q->conds[i].column < 0)
            return false;
    return true;
}

/* SQL, or what the agent would say. */
static inline enum verdict catalogue_ask(struct catalogue *c, const char *question, size_t len,
                                         const struct query *previous, struct choice *choice,
                                         struct text *sql)
{
    allora_error err = {.size = sizeof err};
    if (choose(&c->mind, question, len, previous, choice, &err) < 0)
        return NOT_UNDERSTOOD;
    if (choice->verdict == UNDERSTOOD && catalogue_named(&choice->q))
        sql_write(&choice->q, sql);
    return choice->verdict;
}
#endif
