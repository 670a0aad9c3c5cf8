/* Starting, stopping and restarting units through systemd's manager.  A plan remembers when the
 * unit last changed its state (StateChangeTimestampMonotonic); if it has changed since, apply()
 * leaves it alone. */
#include "act.h"
#include "bus.h"
#include "text.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { UNIT_MAX = 256, WAITS = 900 /* tenths of a second: systemd's own limit is 90 s */ };

struct service {
    const struct systemd *sd;
    void *bus;
    char unit[UNIT_MAX];
    char path[512];
    char state[32], sub[32], load[32];
    uint64_t changed; /* microseconds since boot; 0: never */
};

static void close_service(struct service *s)
{
    if (s->sd)
        bus_close(s->sd, s->bus);
}

/* "nginx" is nginx.service.  systemd.unit(5) has the characters. */
static int32_t unit_name(const struct act *a, char ret[UNIT_MAX])
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                  ":-_.\\@";
    const char *name = sdk_get_str(a->in, "unit", "");
    const char *dot = strrchr(name, '.');
    size_t n = strlen(name);
    if (n == 0 || n + sizeof ".service" > UNIT_MAX || strspn(name, allowed) != n)
        return sdk_fail(a->err, ALLORA_E_ARG, "%s is no name of a unit", name);
    bool whole = dot && (strcmp(dot, ".service") == 0 || strcmp(dot, ".socket") == 0 ||
                         strcmp(dot, ".timer") == 0 || strcmp(dot, ".target") == 0 ||
                         strcmp(dot, ".mount") == 0 || strcmp(dot, ".path") == 0);
    (void)snprintf(ret, UNIT_MAX, "%s%s", name, whole ? "" : ".service");
    return ALLORA_OK;
}

static int32_t bus_failed(const struct act *a, const struct service *s, const char *what, int rc)
{
    if (rc == -EACCES || rc == -EPERM) {
        (void)sdk_fail(a->err, ALLORA_E_DENIED, "systemd does not let you %s %s", what, s->unit);
        sdk_hint(a->err, "run allora as root");
        return ALLORA_E_DENIED;
    }
    if (rc == -ENOENT)
        return sdk_fail(a->err, ALLORA_E_NOTFOUND, "there is no unit %s", s->unit);
    return sdk_fail(a->err, ALLORA_E_REMOTE, "systemd could not %s %s: %s", what, s->unit,
                    strerror(-rc));
}

static bool get_text(struct service *s, const char *property, char *ret, size_t size)
{
    char *text = NULL;
    if (s->sd->bus_get_property_string(s->bus, BUS_DESTINATION, s->path, BUS_UNIT, property, NULL,
                                       &text) < 0)
        return false;
    (void)snprintf(ret, size, "%s", text ? text : "");
    free(text);
    return true;
}

static bool look(struct service *s)
{
    return get_text(s, "ActiveState", s->state, sizeof s->state) &&
           get_text(s, "SubState", s->sub, sizeof s->sub) &&
           get_text(s, "LoadState", s->load, sizeof s->load) &&
           s->sd->bus_get_property_trivial(s->bus, BUS_DESTINATION, s->path, BUS_UNIT,
                                           "StateChangeTimestampMonotonic", NULL, 't',
                                           &s->changed) >= 0;
}

/* Finds the unit and its state.  close_service() also after a failure. */
static int32_t open_service(const struct act *a, struct service *s)
{
    void *reply = NULL;
    const char *path = NULL;
    *s = (struct service){0};
    int32_t status = unit_name(a, s->unit);
    if (status)
        return status;
    if (bus_runs(&a->root))
        s->sd = systemd_get();
    if (s->sd)
        s->bus = bus_open(s->sd);
    if (!s->bus) {
        (void)sdk_fail(a->err, ALLORA_E_UNSUPPORTED,
                       "services can be changed through systemd only, which can't be asked here");
        return ALLORA_E_UNSUPPORTED;
    }
    int rc = s->sd->bus_call_method(s->bus, BUS_DESTINATION, BUS_MANAGER_PATH, BUS_MANAGER,
                                    "LoadUnit", NULL, &reply, "s", s->unit);
    if (rc >= 0)
        rc = s->sd->message_read(reply, "o", &path);
    if (rc >= 0)
        (void)snprintf(s->path, sizeof s->path, "%s", path);
    if (reply)
        (void)s->sd->message_unref(reply);
    if (rc < 0)
        return bus_failed(a, s, "find", rc);
    if (!look(s))
        return sdk_fail(a->err, ALLORA_E_REMOTE, "systemd did not tell the state of %s", s->unit);
    if (strcmp(s->load, "not-found") == 0)
        return sdk_fail(a->err, ALLORA_E_NOTFOUND, "there is no unit %s", s->unit);
    return ALLORA_OK;
}

static bool is_up(const struct service *s)
{
    return strcmp(s->state, "active") == 0 || strcmp(s->state, "reloading") == 0;
}

static bool is_moving(const struct service *s)
{
    return text_ends(s->state, "ing") && strcmp(s->state, "reloading") != 0;
}

static int32_t check_verb(const struct act *a, const struct service *s, const char *verb)
{
    if (is_moving(s)) {
        (void)sdk_fail(a->err, ALLORA_E_CONFLICT, "%s is %s just now", s->unit, s->state);
        sdk_hint(a->err, "try again in a moment");
        return ALLORA_E_CONFLICT;
    }
    if (strcmp(s->load, "masked") == 0 && strcmp(verb, "stop") != 0) {
        (void)sdk_fail(a->err, ALLORA_E_CONFLICT, "%s is masked: it can't be started", s->unit);
        sdk_hint(a->err, "systemctl unmask %s", s->unit);
        return ALLORA_E_CONFLICT;
    }
    return ALLORA_OK;
}

static int32_t write_inverse(const struct act *a, const struct service *s, const char *verb,
                             allora_str *ret)
{
    sdk_writer w = sdk_writer_begin(a->self, a->ctx);
    sdk_w_open(&w, NULL, '{');
    sdk_w_text(&w, "operation",
               strcmp(verb, "start") == 0 ? "host.service.stop" : "host.service.start");
    sdk_w_open(&w, "arguments", '{');
    sdk_w_text(&w, "unit", s->unit);
    sdk_w_close(&w, '}');
    sdk_w_close(&w, '}');
    return act_done(a, sdk_w_done(&w), ret);
}

int32_t plan_service(struct act *a, const char *verb, allora_plan *plan)
{
    struct service s;
    bool start = strcmp(verb, "start") == 0, stop = strcmp(verb, "stop") == 0;
    int32_t status = open_service(a, &s);
    if (!status)
        status = check_verb(a, &s, verb);
    bool already = (start && is_up(&s)) || (stop && !is_up(&s));
    const struct change c = {.verb = verb,
                             .type = "host_service",
                             .id = s.unit,
                             .name = s.unit,
                             .fact = "state",
                             .before = s.state,
                             .after = stop    ? "inactive"
                                      : start ? "active"
                                              : "active, restarted"};
    plan->effect = ALLORA_EFFECT_WRITE;
    if (!status)
        status = act_step(a, already ? NULL : &c, plan);
    if (!status) {
        sdk_writer w = sdk_writer_begin(a->self, a->ctx);
        sdk_w_open(&w, NULL, '{');
        sdk_w_text(&w, "unit", s.unit);
        sdk_w_text(&w, "state", s.state);
        sdk_w_int(&w, "changed", (int64_t)s.changed);
        sdk_w_text(&w, "boot", a->boot_id);
        sdk_w_close(&w, '}');
        status = act_done(a, sdk_w_done(&w), &plan->document);
    }
    if (!status && (start || stop))
        status = write_inverse(a, &s, verb, &plan->inverse_json);
    close_service(&s);
    return status;
}

/* Until the unit has come to rest after the call. */
static int32_t wait_rest(const struct act *a, struct service *s, bool up)
{
    uint64_t before = s->changed;
    for (int i = 0; i < WAITS; i++) {
        if (!look(s))
            return sdk_fail(a->err, ALLORA_E_REMOTE,
                            "systemd does not tell the state of %s any more", s->unit);
        if (strcmp(s->state, "failed") == 0 && s->changed != before) {
            (void)sdk_fail(a->err, ALLORA_E_REMOTE, "%s has failed (%s)", s->unit, s->sub);
            sdk_hint(a->err, "allora ask \"what did %s log in the last 5 minutes?\"", s->unit);
            return ALLORA_E_REMOTE;
        }
        /* What does its work and ends again is inactive after a start, too. */
        if (!is_moving(s) && s->changed != before && (is_up(s) == up || i > 0))
            return ALLORA_OK;
        int32_t status = act_wait(a);
        if (status)
            return status;
    }
    return sdk_fail(a->err, ALLORA_E_TIMEOUT, "%s is still %s after %d s", s->unit, s->state,
                    WAITS / 10);
}

static int32_t run_job(const struct act *a, struct service *s, const char *verb)
{
    const char *method = strcmp(verb, "start") == 0  ? "StartUnit"
                         : strcmp(verb, "stop") == 0 ? "StopUnit"
                                                     : "RestartUnit";
    void *reply = NULL;
    int rc = s->sd->bus_call_method(s->bus, BUS_DESTINATION, BUS_MANAGER_PATH, BUS_MANAGER, method,
                                    NULL, &reply, "ss", s->unit, "replace");
    if (reply)
        (void)s->sd->message_unref(reply);
    if (rc < 0)
        return bus_failed(a, s, verb, rc);
    return wait_rest(a, s, strcmp(verb, "stop") != 0);
}

int32_t apply_service(struct act *a, const char *verb, const allora_sink *sink)
{
    struct service s = {0};
    int32_t status = act_same_boot(a);
    if (!status)
        status = open_service(a, &s);
    if (status == ALLORA_E_NOTFOUND)
        status = sdk_fail(a->err, ALLORA_E_STALE_PLAN, "%s is gone", s.unit);
    if (!status && (s.changed != (uint64_t)sdk_get_int(a->in, "changed", -1) ||
                    strcmp(s.state, sdk_get_str(a->in, "state", "")) != 0))
        status = sdk_fail(a->err, ALLORA_E_STALE_PLAN, "%s is %s now, and has changed since",
                          s.unit, s.state);
    if (!status)
        status = run_job(a, &s, verb);
    if (!status) {
        sdk_writer w = sdk_writer_begin(a->self, a->ctx);
        sdk_w_open(&w, NULL, '{');
        sdk_w_text(&w, "unit", s.unit);
        sdk_w_text(&w, "state", s.state);
        sdk_w_close(&w, '}');
        status = act_result(a, sink, &w);
    }
    close_service(&s);
    return status;
}
