/* The child's side: one check of one plugin, told to the parent line by line. */
#include "config/config.h"
#include "kit/kit.h"
#include "kit/trial.h"

#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>

/* In the order in which they are run: what fails early explains what fails later. */
const struct check_decl kit_checks[] = {
    {"manifest", "the schema, the host's parser, the examples of operations", NEEDS_ELF,
     kit_check_manifest},
    {"symbols", "one export, bound at load time, no executable stack", NEEDS_ELF,
     kit_check_symbols},
    {"imports", "nothing that works on the whole process", NEEDS_ELF, kit_check_imports},
    {"scan", "the time that reading and loading take", NEEDS_MANIFEST, kit_check_scan},
    {"handshake", "manifest and code agree, every promised interface is there", NEEDS_CODE,
     kit_check_handshake},
    {"life", "create() and destroy(), again and again, and on a poor host", NEEDS_CODE,
     kit_check_life},
    {"unknown", "unknown interfaces, tables and operations are refused", NEEDS_INSTANCE,
     kit_check_unknown},
    {"tables", "rows as declared, whatever columns are wanted", NEEDS_INSTANCE, kit_check_tables},
    {"filters", "a pushed filter loses no row, an exact one adds none", NEEDS_INSTANCE,
     kit_check_filters},
    {"limits", "limits and STOP", NEEDS_INSTANCE, kit_check_limits},
    {"operations", "examples run, results as declared, plans change nothing", NEEDS_INSTANCE,
     kit_check_operations},
    {"agents", "turns end as they should, tool calls can be made", NEEDS_INSTANCE,
     kit_check_agents},
    {"faces", "they end with their input", NEEDS_INSTANCE, kit_check_faces},
    {"cancel", "what is cancelled ends, and soon", NEEDS_INSTANCE, kit_check_cancel},
    {"memory", "nothing is leaked; any allocation may fail", NEEDS_CODE, kit_check_memory},
    {"threads", "several threads at once", NEEDS_INSTANCE, kit_check_threads},
    {"process", "folder, umask, locale, signals and environment stay", NEEDS_NOTHING,
     kit_check_process},
    {"fuzz", "random inputs, the same for the same seed", NEEDS_INSTANCE, kit_check_fuzz},
};
const size_t kit_n_checks = sizeof kit_checks / sizeof kit_checks[0];

static const struct check_decl *find_check(const char *name)
{
    for (size_t i = 0; i < kit_n_checks; i++)
        if (streq(kit_checks[i].name, name))
            return &kit_checks[i];
    return NULL;
}

/* FILE CHECK SEED CONFIG PROFILE, the last two "" for none; words go to descriptor 3. */
int kit_child_main(int argc, char **argv)
{
    enum { TO_PARENT = 3 };
    const struct check_decl *check = argc == 7 ? find_check(argv[3]) : NULL;
    struct trial t = {.out = TO_PARENT};
    struct config *config = NULL;
    allora_error err = ERR_INIT;

    if (!check) {
        (void)fprintf(stderr, "allora " KIT_CHILD_FLAG " FILE CHECK SEED CONFIG PROFILE 3>WORDS\n");
        return 2;
    }
    t.path = argv[2];
    t.seed = strtoull(argv[4], NULL, 10);
    const struct config_options options = {
        .file = *argv[5] ? argv[5] : NULL, .profile = *argv[6] ? argv[6] : NULL, .tolerant = true};
    if (config_open(&options, &config, &err) == ALLORA_OK)
        t.config = config;
    if (trial_prepare(&t, check->needs))
        check->run(&t);
    trial_finish(&t);
    config_close(config);
    return 0;
}
