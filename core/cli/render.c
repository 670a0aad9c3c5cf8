#include "cli/render_internal.h"

#include "base/err.h"
#include "base/jsonw.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/cell.h"
#include "cli/progress.h"
#include <stdio.h>

enum { DOCUMENT_MAX = 64 << 20, ANSWER_WIDTH = 100, WARNINGS_MAX = 100 };

static bool json_shape(const struct render *r)
{
    return r->o.format == OUTPUT_JSON || r->o.format == OUTPUT_NDJSON;
}

/* ---- rows ---- */

static int32_t open_writer(struct render *r)
{
    if (r->o.format != OUTPUT_TABLE) {
        r->is_table = false;
        r->format.shown = NULL;
        format_begin(&r->format, &r->out, &r->heads, r->o.format);
        return ALLORA_OK;
    }
    struct table_options options = {.fit = r->o.term->out_tty,
                                    .width = r->o.term->columns,
                                    .indent = r->o.term->out_tty ? 2 : 0,
                                    .color = r->o.term->out_color,
                                    .cell_flags = CELL_HUMAN,
                                    .head_always = !r->o.empty};
    r->is_table = true;
    return table_begin(&r->table, &r->out, &r->heads, r->o.columns, r->o.n_columns, &options);
}

static void close_result(struct render *r)
{
    if (!r->open)
        return;
    if (r->is_table)
        table_end(&r->table);
    else
        format_end(&r->format);
    heads_done(&r->heads);
    r->open = false;
}

/* What is said about a result once it stands there: its warnings, and how many rows from where. */
static void after_result(struct render *r)
{
    const char *label = json_get_bool(r->provenance, "partial", false) ? "partial" : "warning";
    json_foreach (w, r->warnings)
        report_warning(&r->report, label, w);
    if (r->n_warnings > WARNINGS_MAX) {
        char more[64];
        (void)snprintf(more, sizeof(more), "… and %llu more warnings",
                       (unsigned long long)r->n_warnings - WARNINGS_MAX);
        report_line(&r->report, more);
    }
    if (r->footer_due && r->o.format == OUTPUT_TABLE)
        footer_rows(r);
    json_free(r->provenance);
    json_free(r->warnings);
    r->provenance = r->warnings = NULL;
    r->n_rows = r->n_warnings = 0;
    r->footer_due = false;
}

/* A result is whole: its footer, and room for the next. */
static void end_result(struct render *r)
{
    if (r->prose_open && r->kind != RENDER_ANSWER) {
        prose_end(&r->prose, "");
        prose_done(&r->prose);
        r->prose_open = false;
    }
    close_result(r);
    (void)out_flush(&r->out);
    after_result(r);
}

static int32_t sink_begin(void *self, const allora_column *const *columns, uint32_t n)
{
    struct render *r = self;
    if (r->kind == RENDER_ANSWER)
        return ALLORA_OK; /* its rows travel in receipts */
    end_result(r);
    int32_t rc = heads_init(&r->heads, columns, n);
    if (!rc)
        rc = open_writer(r);
    r->open = r->any_result = true;
    r->footer_due = r->kind == RENDER_ROWS;
    return rc;
}

static int32_t sink_row(void *self, const allora_value *cells, uint32_t n)
{
    struct render *r = self;
    int32_t rc = ALLORA_OK;
    if (r->kind == RENDER_ANSWER)
        return ALLORA_OK;
    if (!r->open) {
        rc = heads_number(&r->heads, n);
        if (!rc)
            rc = open_writer(r);
        r->open = r->any_result = true;
        r->footer_due = r->kind == RENDER_ROWS;
    }
    if (!rc)
        rc = r->is_table ? table_row(&r->table, cells, n) : format_row(&r->format, cells, n);
    r->n_rows++;
    return rc;
}

/* ---- events ---- */

static int32_t keep_result(struct render *r, allora_str payload)
{
    A_CLEAN(json_freep) json_node *doc = NULL;
    if (!json_parse(payload.ptr, payload.len, &doc, NULL) && json_get(doc, "sql_error")) {
        const json_node *e = json_get(doc, "sql_error");
        r->sql_offset = (size_t)json_get_int(e, "offset", 0);
        r->sql_length = (size_t)json_get_int(e, "length", 1);
        r->has_sql_error = true;
        return ALLORA_OK;
    }
    char *copy = mem_strndup(payload.ptr, payload.len);
    if (!copy)
        return ALLORA_E_NOMEM;
    free(r->result);
    r->result = copy;
    r->result_len = payload.len;
    return ALLORA_OK;
}

static struct sql_place place_of(const struct render *r, const char *sql)
{
    struct sql_place p = {NULL, 0, 0};
    if (r->has_sql_error && sql && r->sql_offset <= strlen(sql))
        p = (struct sql_place){sql, r->sql_offset, r->sql_length};
    return p;
}

/* A face has no status of its own per result, so it says its errors as events. */
static void face_error(struct render *r, const json_node *doc)
{
    allora_error err = ERR_INIT;
    err_set(&err, ALLORA_E_ARG, "%s", json_get_str(doc, "message", ""));
    err_hint(&err, "%s", json_get_str(doc, "hint", ""));
    struct sql_place place = place_of(r, json_get_str(doc, "sql", r->o.sql));
    end_result(r);
    report_error(&r->report, &err, NULL, &place);
    r->has_sql_error = false;
}

static void warning(struct render *r, allora_str payload)
{
    A_CLEAN(json_freep) json_node *doc = NULL;
    if (json_parse(payload.ptr, payload.len, &doc, NULL))
        return;
    if (streq(json_get_str(doc, "severity", ""), "error")) {
        face_error(r, doc);
        return;
    }
    if (r->n_warnings++ >= WARNINGS_MAX)
        return;
    if (!r->warnings)
        r->warnings = json_new_array();
    if (r->warnings && !json_push(r->warnings, doc))
        doc = NULL; /* the list has it now */
}

static void message(struct render *r, allora_str payload)
{
    static const char *const words[] = {"table", "json", "ndjson", "yaml", "csv", "markdown"};
    A_CLEAN(json_freep) json_node *doc = NULL;
    if (json_parse(payload.ptr, payload.len, &doc, NULL) ||
        !streq(json_get_str(doc, "topic", ""), "console.output"))
        return;
    end_result(r);
    for (unsigned i = 0; i < 6; i++) {
        if (streq(json_get_str(doc, "data", ""), words[i]))
            r->o.format = (enum output_format)i;
    }
    r->report.json = json_shape(r);
}

static int32_t text(struct render *r, allora_str payload)
{
    if (r->kind == RENDER_RAW) {
        r->any_result = true;
        return out_write(&r->out, payload.ptr, payload.len);
    }
    bool streams = r->o.format == OUTPUT_TABLE || r->o.format == OUTPUT_MARKDOWN;
    if (!streams)
        return ALLORA_OK; /* the document says it too */
    if (r->open)
        end_result(r);
    if (!r->prose_open) {
        size_t width = r->o.term->columns < ANSWER_WIDTH ? r->o.term->columns : ANSWER_WIDTH;
        prose_init(&r->prose, &r->out, width, r->o.term->out_tty && r->kind == RENDER_ANSWER);
        r->prose_open = r->any_result = r->said_text = true;
    }
    prose_add(&r->prose, payload.ptr, payload.len);
    return out_flush(&r->out);
}

/* A page has come, and the next may take its time: what is held is shown. */
static int32_t stream(struct render *r)
{
    int32_t rc = r->open && r->is_table ? table_flush(&r->table) : ALLORA_OK;
    return rc ? rc : out_stream(&r->out);
}

static void print_result(struct render *r);

/* A face (a chat) has more than one answer; agent.ask alone sends no DONE. */
static void end_answer(struct render *r)
{
    print_result(r);
    if (r->prose_open)
        prose_end(&r->prose, "");
    prose_done(&r->prose);
    r->prose_open = r->said_text = false;
    free(r->result);
    r->result = NULL;
    r->result_len = 0;
    end_result(r);
}

static int32_t sink_event(void *self, int32_t kind, allora_str payload)
{
    struct render *r = self;
    if (r->kind == RENDER_ANSWER && r->o.format == OUTPUT_NDJSON)
        return answer_event_ndjson(r, kind, payload);
    switch (kind) {
    case ALLORA_EV_TEXT:
        return text(r, payload);
    case ALLORA_EV_RESULT:
        return keep_result(r, payload);
    case ALLORA_EV_PLAN:
        return plan_event(r, payload);
    case ALLORA_EV_WARNING:
        warning(r, payload);
        break;
    case ALLORA_EV_MESSAGE:
        message(r, payload);
        break;
    case ALLORA_EV_PROVENANCE:
        json_free(r->provenance);
        r->provenance = NULL;
        if (json_parse(payload.ptr, payload.len, &r->provenance, NULL))
            r->provenance = NULL;
        break;
    case ALLORA_EV_CURSOR:
        return stream(r);
    case ALLORA_EV_DONE:
        if (r->kind == RENDER_ANSWER)
            end_answer(r);
        else
            end_result(r);
        break;
    default:
        break;
    }
    return ALLORA_OK;
}

/* ---- the end ---- */

/* The document itself, for programs. */
static void print_document_text(struct render *r)
{
    A_CLEAN(buf_done) struct buf b = BUF(DOCUMENT_MAX);
    if (r->o.format == OUTPUT_YAML)
        yaml_put_document(&b, r->result, r->result_len);
    else
        format_json_compact(&b, r->result, r->result_len);
    if (r->o.format != OUTPUT_YAML)
        buf_addc(&b, '\n');
    r->any_result = true;
    (void)out_buf(&r->out, &b);
}

static void print_result(struct render *r)
{
    A_CLEAN(json_freep) json_node *doc = NULL;
    bool for_people =
        r->o.format == OUTPUT_TABLE || r->o.format == OUTPUT_MARKDOWN || r->o.format == OUTPUT_CSV;
    if (!r->result || (r->kind == RENDER_ROWS && r->any_result))
        return;
    if (!for_people) {
        if (r->kind != RENDER_ANSWER || r->o.format != OUTPUT_NDJSON)
            print_document_text(r);
        return;
    }
    if (json_parse(r->result, r->result_len, &doc, NULL))
        return;
    if (r->kind == RENDER_ANSWER)
        answer_print(r, doc);
    else if (!r->said_plan && (r->kind != RENDER_TEXT || !r->said_text))
        document_print(r, doc);
}

/* A command that succeeded without a word still owes programs a valid text. */
static void print_nothing(struct render *r)
{
    if (r->silent || r->any_result || r->result || r->kind != RENDER_ROWS)
        return;
    if (r->o.format == OUTPUT_JSON || r->o.format == OUTPUT_YAML)
        (void)out_write(&r->out, "[]\n", 3);
}

static bool declined(const struct render *r, int32_t status)
{
    A_CLEAN(json_freep) json_node *doc = NULL;
    if (status != ALLORA_E_ARG || r->kind != RENDER_ANSWER || !r->result)
        return false;
    return !json_parse(r->result, r->result_len, &doc, NULL) &&
           streq(json_get_str(doc, "reason", ""), "refusal");
}

int32_t render_finish(struct render *r, int32_t status, const allora_error *err)
{
    allora_error out_err = ERR_INIT;
    progress_stop();
    bool ok = status >= 0;
    if (r->prose_open && r->kind != RENDER_ANSWER)
        prose_end(&r->prose, "");
    close_result(r);
    /* What a failure rests on is a result too: which checks failed, the plan that waits. */
    if (ok || r->kind != RENDER_ROWS || r->saw_plan)
        print_result(r);
    if (r->prose_open && r->kind == RENDER_ANSWER)
        prose_end(&r->prose, ""); /* when no document came */
    if (ok)
        print_nothing(r);
    bool reader_left = r->out.stopped && !r->out.error;
    int32_t rc = out_finish(&r->out, &out_err);
    if (rc) {
        report_error(&r->report, &out_err, NULL, NULL);
        return rc;
    }
    if (reader_left && (ok || status == ALLORA_E_CANCELLED))
        return ALLORA_OK;
    r->footer_due = r->footer_due && ok;
    after_result(r);
    if (!ok && !declined(r, status)) {
        struct sql_place place = place_of(r, r->o.sql);
        allora_error shown = ERR_INIT;
        err_copy(&shown, err);
        shown.code = status;
        report_error(&r->report, &shown, NULL, &place);
    }
    return status;
}

void render_owe_nothing(struct render *r)
{
    r->silent = true;
}

struct render *render_new(const struct render_options *o)
{
    struct render *r = mem_zalloc(sizeof(*r));
    if (!r)
        return NULL;
    r->o = *o;
    r->kind = streq(o->kind, "answer")     ? RENDER_ANSWER
              : streq(o->kind, "document") ? RENDER_DOCUMENT
              : streq(o->kind, "text")     ? RENDER_TEXT
              : streq(o->kind, "raw")      ? RENDER_RAW
                                           : RENDER_ROWS;
    r->report =
        (struct report){.json = json_shape(r), .color = o->term->err_color, .quiet = o->quiet};
    out_init(&r->out, o->term, o->may_page && r->kind != RENDER_ANSWER);
    return r;
}

allora_sink render_sink(struct render *r)
{
    return (allora_sink){r, sink_begin, sink_row, sink_event};
}

void render_free(struct render *r)
{
    if (!r)
        return;
    close_result(r);
    prose_done(&r->prose);
    json_free(r->provenance);
    json_free(r->warnings);
    free(r->result);
    free(r);
}
