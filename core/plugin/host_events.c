/* allora.events/1: the bus, for those who have access.  What the core itself tells (how a plan
 * goes) nobody else may publish. */
#include "base/err.h"
#include "base/str.h"
#include "plugin/host.h"
#include "security/access.h"
#include "store/bus.h"

static bool reserved(const char *topic)
{
    static const char *const first_words[] = {"allora", "plan", "approval", "journal"};
    size_t n = strcspn(topic, ".");

    for (size_t i = 0; i < sizeof first_words / sizeof first_words[0]; i++) {
        if (strlen(first_words[i]) == n && strncmp(topic, first_words[i], n) == 0)
            return true;
    }
    return false;
}

static int32_t ready(allora_ctx *ctx, const char *operation, const char *topic, struct entry **ret,
                     allora_error *err)
{
    *ret = host_caller(ctx, err);
    if (!*ret)
        return ALLORA_E_INTERNAL;
    if (!(*ret)->registry->store)
        return err_set(err, ALLORA_E_UNSUPPORTED, "there is no store here");
    int32_t rc = ctx_check(ctx, err);
    return rc ? rc : access_check(ctx->principal, operation, topic, err);
}

static int32_t publish(allora_ctx *ctx, const char *topic, allora_str json, allora_error *err)
{
    struct entry *e;
    int32_t rc = ready(ctx, "events.publish", topic, &e, err);

    if (rc)
        return rc;
    if (reserved(topic)) {
        rc = err_set(err, ALLORA_E_DENIED, "plugin \"%s\" may not publish %s", e->pub.id, topic);
        err_hint(err, "allora itself does; take another first word");
        return rc;
    }
    return bus_publish(e->registry->store, topic, json, NULL, err);
}

static int32_t follow(allora_ctx *ctx, const char *topic_glob, uint64_t after_seq,
                      const allora_sink *sink, allora_error *err)
{
    struct entry *e;
    int32_t rc = ready(ctx, "events.follow", topic_glob, &e, err);

    return rc ? rc : bus_follow(e->registry->store, ctx, topic_glob, after_seq, sink, err);
}

const allora_events_v1 host_events = {
    .size = (uint32_t)sizeof(allora_events_v1), .publish = publish, .follow = follow};
