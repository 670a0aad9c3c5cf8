/* A text that grows: for JSON cells.  Start with {0}; after a failed allocation `failed` is set and
 * p may be NULL. */
#ifndef HOST_TEXT_OUT_H
#define HOST_TEXT_OUT_H
#include <stdbool.h>
#include <stddef.h>

struct text_out {
    char *p;
    size_t len, cap;
    bool failed;
};
void out_add(struct text_out *o, const char *text, size_t n);
/* A JSON list of texts: open, one for each, close. */
void out_list_open(struct text_out *o);
void out_list_text(struct text_out *o, const char *text); /* escapes, makes it UTF-8 */
void out_list_close(struct text_out *o);
void out_free(struct text_out *o);
#endif
