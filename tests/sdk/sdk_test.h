/* What the SDK's tests share: CMocka, and an instance that has a host and nothing else. */
#ifndef SDK_TEST_H
#define SDK_TEST_H
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fakes/fake_host.h"
#include <allora/sdk.h>
#include <string.h>

struct bench { /* one test's host, instance and call */
    struct fake_host fake;
    sdk_instance base;
    allora_instance *self;
    allora_ctx *ctx;
    allora_error err;
};

static inline void bench_open(struct bench *b)
{
    static const sdk_plugin plugin = {.id = "test"};
    *b = (struct bench){.err.size = (uint32_t)sizeof(allora_error)};
    fake_host_init(&b->fake);
    b->base.plugin = &plugin;
    b->base.host = &b->fake.host;
    b->self = (allora_instance *)&b->base;
    b->ctx = fake_ctx_open(&b->fake);
    assert_non_null(b->ctx);
}

static inline void bench_close(struct bench *b)
{
    fake_ctx_close(b->ctx);
    assert_int_equal(b->fake.live_bytes, 0);
    assert_int_equal(b->fake.open_scopes, 0);
}
#endif
