/* The core's own operations. */
#include "operation/builtin.h"
#include "agent/agent.h"
#include "base/err.h"
#include "kit/kit.h"
#include "operation/check.h"
#include "operation/config_ops.h"
#include "operation/metrics_self.h"
#include "operation/plan_ops.h"
#include "plugin/plugin_operations.h"
#include "query/engine.h"
#include "security/audit.h"

static int32_t op_operation_list(void *self, allora_ctx *ctx, const json_node *args,
                                 const allora_sink *sink, allora_error *err)
{
    const struct builtin_parts *parts = self;
    return gate_catalogue(parts->gate, ctx, json_get_str(args, "pattern", "*"), sink, err);
}

static int32_t op_operation_show(void *self, allora_ctx *ctx, const json_node *args,
                                 const allora_sink *sink, allora_error *err)
{
    const struct builtin_parts *parts = self;
    (void)ctx;
    return gate_describe(parts->gate, json_get_str(args, "operation", ""), sink, err);
}

int32_t builtin_wire(const struct builtin_parts *parts, allora_error *err)
{
    void *all =
        (void *)(uintptr_t)parts; /* operation_fn's self is not const; nobody writes to it */
    const struct {
        const char *name;
        operation_fn fn;
        void *self;
    } wires[] = {
        {"operation.list", op_operation_list, all},
        {"operation.show", op_operation_show, all},
        {"core.check", check_op, all},
        {"plan.create", plan_op_create, parts->gate},
        {"plan.run", plan_op_run, parts->gate},
        {"plan.list", plan_op_list, parts->gate},
        {"plan.show", plan_op_show, parts->gate},
        {"plan.approve", plan_op_approve, parts->gate},
        {"plan.reject", plan_op_reject, parts->gate},
        {"plan.apply", plan_op_apply, parts->gate},
        {"plan.undo", plan_op_undo, parts->gate},
        {"config.get", config_op_get, parts->config ? all : NULL},
        {"config.list", config_op_list, parts->config ? all : NULL},
        {"config.explain", config_op_explain, parts->config ? all : NULL},
        {"config.path", config_op_path, parts->config ? all : NULL},
        {"config.validate", config_op_validate, parts->config ? all : NULL},
        {"config.set", config_op_set, parts->config ? all : NULL},
        {"config.unset", config_op_unset, parts->config ? all : NULL},
        {"config.edit", config_op_edit, parts->config ? all : NULL},
        {"metrics.self", metrics_op_self, all},
        {"query.sql", query_op_sql, parts->engine},
        {"table.list", query_op_table_list, parts->engine},
        {"table.describe", query_op_table_describe, parts->engine},
        {"plugin.list", plugin_op_list, parts->registry},
        {"plugin.info", plugin_op_info, parts->registry},
        {"plugin.install", plugin_op_install, parts->registry},
        {"plugin.remove", plugin_op_remove, parts->registry},
        {"plugin.enable", plugin_op_enable, parts->registry},
        {"plugin.disable", plugin_op_disable, parts->registry},
        {"plugin.pin", plugin_op_pin, parts->registry},
        {"plugin.release", plugin_op_release, parts->registry},
        {"plugin.doctor", plugin_op_doctor, parts->registry},
        {"plugin.new", kit_op_new, parts->registry},
        {"plugin.check", kit_op_check, parts->registry},
        {"plugin.docs", kit_op_docs, parts->registry},
        {"agent.ask", agent_op_ask, parts->agents},
        {"agent.list", agent_op_list, parts->agents},
        {"session.list", agent_op_session_list, parts->agents},
        {"session.show", agent_op_session_show, parts->agents},
        {"session.delete", agent_op_session_delete, parts->agents},
        {"receipt.show", agent_op_receipt_show, parts->agents},
        {"audit.list", audit_op_list, parts->journal},
        {"audit.show", audit_op_show, parts->journal},
        {"audit.tail", audit_op_tail, parts->journal},
        {"audit.verify", audit_op_verify, parts->journal},
        {"audit.export", audit_op_export, parts->journal},
    };
    for (size_t i = 0; i < sizeof wires / sizeof *wires; i++) {
        if (!wires[i].self)
            continue;
        int32_t status = gate_implement(parts->gate, wires[i].name, wires[i].fn, wires[i].self);
        if (status)
            return err_set(err, status, "the core's manifest declares no operation %s",
                           wires[i].name);
    }
    return ALLORA_OK;
}
