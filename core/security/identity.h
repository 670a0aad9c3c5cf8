/* Who is behind a credential.  The one place that decides it: users, roles and tokens of others
 * come here too. */
#ifndef ALLORA_SECURITY_IDENTITY_H
#define ALLORA_SECURITY_IDENTITY_H
#include "base/ctx.h"
#include <allora/plugin.h>

enum { IDENTITY_CREDENTIAL_MAX = 16 << 10 };

/* credential_json: {"bearer": TOKEN}.  The owner's token gives owner's name with all rights and
 * *ret_vouched; any other one, {"cookie":…} and {} (nobody) give a principal without rights, named
 * so that the journal can tell them apart: "bearer:" and the first 8 hexadecimal digits of its
 * SHA-256.  *ret lives in mem.  The owner's token is in the file owner.token of state_dir, 64
 * hexadecimal digits, made when it is first needed; one that others could read is not trusted.
 * E_ARG for what is no credential, E_CONFIG when the token's file can't be used.  [any] */
int32_t identity_verify(const char *state_dir, allora_str credential_json, const char *owner,
                        struct arena *mem, const struct principal **ret, bool *ret_vouched,
                        allora_error *err) A_MUST_CHECK;
#endif
