/* The authors' kit: plugin.new, plugin.check and plugin.docs.
 *
 * All three read or write files that the caller names and the second one runs code out of them, so
 * they are a person's to call: an agent, or a plugin's invoke, gets E_DENIED. */
#ifndef ALLORA_KIT_KIT_H
#define ALLORA_KIT_KIT_H
#include "base/dispatch.h"

struct registry;

/* self is the registry.  {name, kind, language, folder?}: writes a folder to start a plugin from,
 * out of the installed templates.  TEXT says what was written and what to do next; RESULT {plugin,
 * kind, language, folder, files, next} says the same to programs.  E_ARG: the name is none;
 * E_CONFLICT: it is taken, or the folder is not empty; E_CONFIG: the templates are not installed.
 * [any] */
int32_t kit_op_new(void *self, allora_ctx *ctx, const json_node *args, const allora_sink *sink,
                   allora_error *err);

/* self is the registry.  {file, seed?, only?, time_limit_s?}: the validator.  Every check runs in a
 * child process of its own, so that a crash or a hang is a finding like any other.  TEXT has a line
 * a check as soon as it is done; RESULT {file, plugin, seed, checks: [{check, status, note,
 * findings: [{where, what, hint}]}], ok, failed, skipped}.  E_INTERNAL (exit 1) when a check
 * failed. [any] */
int32_t kit_op_check(void *self, allora_ctx *ctx, const json_node *args, const allora_sink *sink,
                     allora_error *err);

/* self is the registry.  {plugin}: an id or a file; its reference page in Markdown as TEXT. Nothing
 * of the plugin is run.  [any] */
int32_t kit_op_docs(void *self, allora_ctx *ctx, const json_node *args, const allora_sink *sink,
                    allora_error *err);

/* The child's side of plugin.check; main() goes here, and nowhere else, when its first argument is
 * KIT_CHILD_FLAG.  Returns the exit code. */
#define KIT_CHILD_FLAG "--plugin-check-child"
int kit_child_main(int argc, char **argv);
#endif
