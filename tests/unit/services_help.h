/* For tests of the host's services: a plugin that is only its manifest, and a call made by it. */
#ifndef TESTS_SERVICES_HELP_H
#define TESTS_SERVICES_HELP_H
#include "unit.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/rowset.h"
#include "plugin/host.h"

#include <stdio.h>
#include <string.h>

struct caller {
    struct registry registry;
    struct entry entry;
    struct principal who;
    allora_ctx *root, *ctx;
};

/* permissions: the manifest's object. */
static inline void caller_open(struct caller *c, const char *id, const char *permissions)
{
    char text[2048];
    allora_error err = ERR_INIT;

    memset(c, 0, sizeof *c);
    (void)snprintf(text, sizeof text,
                   "{\"manifest\":1,\"id\":\"%s\",\"version\":\"1\",\"summary\":\"s\",\"license\":"
                   "\"MIT\",\"abi\":{\"built\":0,\"needed\":0},\"permissions\":%s}",
                   id, permissions);
    if (manifest_parse(text, strlen(text), &c->entry.manifest, &err))
        fail_msg("%s", err.message);
    c->entry.registry = &c->registry;
    c->entry.pub.id = c->entry.manifest->id;
    c->who = (struct principal){"local:test", true, false};
    c->root = ctx_root(&c->who, 0);
    assert_non_null(c->root);
    c->ctx = ctx_open(c->root, &c->entry, 0, 0);
    assert_non_null(c->ctx);
}

static inline void caller_close(struct caller *c)
{
    ctx_close(c->root);
    manifest_free(c->entry.manifest);
}

static inline int32_t bytes_add(void *self, const void *p, uint64_t n)
{
    buf_add(self, p, (size_t)n);
    return buf_failed(self) ? ALLORA_E_NOMEM : ALLORA_OK;
}
#endif
