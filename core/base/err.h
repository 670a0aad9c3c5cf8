/* Filling allora_error, naming statuses, and turning a status into the process's exit code.
 * Every function that can fail returns an ALLORA_E_* status and writes the words into the caller's
 * allora_error.  Messages are one line, hold no trailing full stop, do not repeat what the caller
 * knows, never a secret.  Control characters in them become spaces. */
#ifndef ALLORA_BASE_ERR_H
#define ALLORA_BASE_ERR_H
#include "cleanup.h"
#include <allora/plugin.h>

#define ERR_INIT ((allora_error){.size = (uint32_t)sizeof(allora_error)})

/* Sets code and message and clears the rest; returns code, so `return err_set(err, ALLORA_E_ARG,
 * …)` reads well.  err may be NULL; its own message may be among the arguments. */
int32_t err_set(allora_error *err, int32_t code, const char *fmt, ...) A_PRINTF(3, 4);
void err_hint(allora_error *err, const char *fmt, ...) A_PRINTF(2, 3);
void err_reason(allora_error *err, const char *reason);
/* Puts context before the message: "aws_ec2_instance in eu-west-1: " + what was there. */
void err_prefix(allora_error *err, const char *fmt, ...) A_PRINTF(2, 3);
/* Out of memory, without needing any. */
int32_t err_nomem(allora_error *err);
/* Copies as much of src as dst->size allows. */
void err_copy(allora_error *dst, const allora_error *src);
void err_reset(allora_error *err);

const char *status_name(int32_t status); /* "not_found": the code field of -o json errors */
const char *status_text(int32_t status); /* "not found": words for an empty message */
int status_exit_code(int32_t status);    /* 0 1 2 3 4 5 6 7 8 124 130 */

/* clang's analyzer sees one file at a time: told that these return their code, it does not follow
 * paths on which an error returned success. */
#if defined(__clang_analyzer__) && !defined(ERR_IMPLEMENTATION)
#define err_set(err, code, ...) ((void)(err_set)((err), (code), __VA_ARGS__), (int32_t)(code))
#define err_nomem(err) ((void)(err_nomem)((err)), (int32_t)ALLORA_E_NOMEM)
#endif
#endif
