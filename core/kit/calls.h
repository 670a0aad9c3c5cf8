/* Calling operations, agents and faces with what their manifest says of them.  Private to core/kit.
 */
#ifndef ALLORA_KIT_CALLS_H
#define ALLORA_KIT_CALLS_H
#include "base/buf.h"
#include "kit/trial.h"

/* The arguments of an operation's i-th example with defaults filled in; of none when there are no
 * examples and nothing is required.  False when there is no such. */
bool example_arguments(const struct operation_decl *op, size_t i, struct buf *out);

struct called {
    struct collected got;
    int32_t status, exit_code;
    allora_error err;
};
/* In a ctx of its own; asked_cancelled and open_scopes are for that call. */
void call_operation(struct trial *t, const struct operation_decl *op, allora_str args,
                    struct called *c);
void call_turn(struct trial *t, allora_str messages, allora_str tools, struct called *c);
void call_face(struct trial *t, const struct command_decl *command, struct called *c);
void called_done(struct called *c);
const char *called_words(const struct called *c);

/* Its path, joined by blanks. */
void command_name(const struct command_decl *c, struct buf *out);
/* tools_json for an agent: those of the core's reading tools that it may use. */
void agent_tools(const struct agent_decl *a, struct buf *out);
/* [{"role":"user","content":…}] */
void first_message(const char *question, struct buf *out);
#endif
