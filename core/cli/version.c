#include "base/build.h"
#include "base/jsonw.h"
#include "cli/cli.h"
#include <allora/plugin.h>

int version_run(struct cli *c)
{
    A_CLEAN(buf_done) struct buf b = BUF(1024);
    if (c->flags.output == OUTPUT_JSON || c->flags.output == OUTPUT_NDJSON) {
        struct jsonw w = JSONW(&b);
        jw_object(&w);
        jw_kstr(&w, "version", build_version());
        jw_key(&w, "abi");
        jw_object(&w);
        jw_kint(&w, "major", ALLORA_ABI_MAJOR);
        jw_kint(&w, "minor", ALLORA_ABI_MINOR);
        jw_end_object(&w);
        jw_end_object(&w);
        buf_addc(&b, '\n');
    } else if (c->flags.output == OUTPUT_YAML) {
        buf_addf(&b, "version: \"%s\"\nabi:\n  major: %u\n  minor: %u\n", build_version(),
                 ALLORA_ABI_MAJOR, ALLORA_ABI_MINOR);
    } else {
        buf_addf(&b, "allora %s (plugin ABI %u.%u)\n", build_version(), ALLORA_ABI_MAJOR,
                 ALLORA_ABI_MINOR);
    }
    return cli_print(c, buf_str(&b), b.len, false);
}
