/* Questions to the offline agent: whatever is typed is understood or declined; what is understood
 * survives the way through the session's state and gives the same SQL again. */
#include "eval/catalogue.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_state(struct catalogue *c, const struct query *q, const struct text *sql)
{
    sdk_writer w = sdk_writer_begin(c->mind.self, c->ctx);
    const sdk_json *node = NULL;
    struct query again;
    struct text second = {0};
    allora_error err = {.size = sizeof err};
    sdk_w_open(&w, NULL, '{');
    state_write(q, &w);
    sdk_w_close(&w, '}');
    if (sdk_parse(c->mind.self, c->ctx, sdk_w_done(&w), &node, &err) < 0 ||
        !state_read(node, &c->lexicon, &again))
        abort();
    sql_write(&again, &second);
    bool cut = memchr(sql->p, 0xEF, sql->len) != NULL; /* what isn't UTF-8 was replaced */
    if (!cut && strcmp(second.p, sql->p) != 0 && !strstr(second.p, "\xEF\xBF\xBD"))
        abort();
    text_free(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct text document;
    static char question[8192];
    struct catalogue c;
    struct choice choice;
    struct text sql = {0};
    size_t n = size < sizeof question - 1 ? size : sizeof question - 1;
    catalogue_open(&c, &document);
    memcpy(question, data, n);
    question[n] = '\0';
    enum verdict v = catalogue_ask(&c, question, n, NULL, &choice, &sql);
    if (v == UNDERSTOOD && sql.p)
        check_state(&c, &choice.q, &sql);
    text_free(&sql);
    fake_ctx_close(c.ctx);
    return 0;
}
