/*
 * What the build system knows and the program must: its version and the folders that an installed
 * copy uses. The compiled-in folders are the second choice: a program looks beside itself first
 * (<its folder>/../lib/allora/plugins), so that a build tree and a moved prefix both work.
 *
 * Every function returns a static string and may be called from any thread.
 */
#ifndef ALLORA_BASE_BUILD_H
#define ALLORA_BASE_BUILD_H

/* "0.1.0" */
const char *build_version(void);

/* Absolute folder of installed plugins, e.g. "/usr/local/lib/allora/plugins". */
const char *build_plugin_dir(void);

/* Absolute folder of the internal modules that are opened when first needed. */
const char *build_module_dir(void);

/* Absolute folder of installed data files (known plugins, schemas, templates). */
const char *build_data_dir(void);

/* Where libraries go below a prefix: "lib", "lib/x86_64-linux-gnu". */
const char *build_libdir(void);

#endif
