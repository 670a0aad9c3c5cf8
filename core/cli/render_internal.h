/* What the files of the renderer share. */
#ifndef ALLORA_CLI_RENDER_INTERNAL_H
#define ALLORA_CLI_RENDER_INTERNAL_H
#include "base/json.h"
#include "cli/format.h"
#include "cli/render.h"
#include "cli/table.h"

/* Streaming text, broken between words; citations at the end of it go to the right edge. */
struct prose {
    struct out *out;
    size_t column, width;
    bool fit;
    struct buf word;  /* not yet written: the word in hand */
    struct buf cites; /* "[1]" words that may turn out to end the text */
    size_t spaces;    /* owed before the next word */
    size_t lines;     /* line ends owed before it */
};
void prose_init(struct prose *p, struct out *out, size_t width, bool fit);
void prose_add(struct prose *p, const char *s, size_t n);
/* Ends the text; `cites` ("[1][2]") goes to the right edge unless the text brought its own. */
void prose_end(struct prose *p, const char *cites);
void prose_done(struct prose *p);

enum render_kind { RENDER_ROWS, RENDER_ANSWER, RENDER_DOCUMENT, RENDER_TEXT, RENDER_RAW };
struct render {
    struct render_options o;
    enum render_kind kind;
    struct report report;
    struct out out;
    /* the result in hand */
    bool open, is_table, any_result;
    struct heads heads;
    struct table_out table;
    struct format format;
    uint64_t n_rows;
    struct prose prose;
    bool prose_open, said_text;
    bool silent; /* owes programs no empty result */
    /* what events told */
    char *result; /* the last RESULT, JSON */
    size_t result_len;
    size_t sql_offset, sql_length;
    bool has_sql_error;
    json_node *provenance, *warnings; /* of the result in hand */
    bool footer_due;
    uint64_t n_warnings;
    bool saw_plan;             /* there was a plan */
    bool said_plan, said_step; /* it was printed, or how its steps went */
};
/* footer.c: "3 rows · host live 6 ms" */
void footer_rows(struct render *r);
/* The same facts about one receipt: "host · live · 214 rows read · 6 ms". */
void footer_sources(struct buf *b, const struct render *r, const json_node *provenance,
                    const json_node *receipt);
/* answer.c */
void answer_print(struct render *r, const json_node *doc);
int32_t answer_event_ndjson(struct render *r, int32_t kind, allora_str payload);
/* plan_event.c: EV_PLAN, for people as it comes; programs get the RESULT. */
int32_t plan_event(struct render *r, allora_str payload);
/* document.c */
void document_print(struct render *r, const json_node *doc);
void document_lines(struct buf *b, const json_node *doc, unsigned width);
#endif
