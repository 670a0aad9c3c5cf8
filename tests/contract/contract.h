/* What every plugin must hold to, tried on one plugin against the fake host.  Findings are counted
 * and printed, so that one run shows all of them. */
#ifndef CONTRACT_H
#define CONTRACT_H
#include "fakes/fake_host.h"
#include "plugin/manifest.h"
#include <stdio.h>

struct contract {
    const char *path;
    const struct manifest *m;
    const allora_plugin *plugin;
    struct fake_host fake;
    allora_instance *self;
    bool remote; /* asks the network, so rows can't be expected here */
    unsigned findings, checks;
};

/* Counts a check; when it fails, a finding, and prints it.  Returns ok. */
bool contract_check(struct contract *k, bool ok, const char *fmt, ...) A_PRINTF(3, 4);
#define CHECK(k, condition, ...) contract_check((k), (condition), __VA_ARGS__)

/* One list() call, all of it kept. */
struct listing {
    allora_list_request req;
    struct collected got;
    int32_t status;
    allora_error err;
};
/* In a ctx of its own, which must be left without open scopes. */
void listing_run(struct contract *k, const struct table *t, struct listing *l);

void check_tables(struct contract *k, const allora_provider_v1 *provider);
/* No pushed filter may lose a row, and exact ones may not add any. */
void check_filters(struct contract *k, const struct table *t, const allora_pair *partition,
                   uint32_t n_partition);
const allora_provider_v1 *contract_provider(const struct contract *k);
/* The same plugin behind the debug host or the codec ("debug", "codec"; else as it is). */
const allora_plugin *contract_wrap(struct contract *k, const allora_plugin *plugin,
                                   const char *word);
void contract_unwrap(void);
#endif
