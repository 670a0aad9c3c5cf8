/* The query plugin: its parts. */
#ifndef QUERY_QUERY_H
#define QUERY_QUERY_H
#include <allora/sdk.h>

/* statement.c: a growing text, and where its first statement ends. */
struct text {
    char *ptr; /* NUL-terminated once it is not NULL */
    size_t len, cap;
};
bool text_add(struct text *t, const char *p, size_t n); /* false: out of memory, or over 1 MiB */
void text_drop(struct text *t, size_t n);               /* from the front */
void text_free(struct text *t);
/* Length of the first complete statement with its ';', which stands in no quotes and no comment; 0:
 * it goes on. */
size_t statement_end(const char *p, size_t n);
/* Nothing but white space, comments and semicolons? */
bool statement_empty(const char *p, size_t n);

/* shell.c */
int32_t shell_run(allora_instance *, allora_ctx *, const allora_invocation *, const allora_sink *,
                  int32_t *ret_exit_code, allora_error *);
/* complete.c */
int32_t complete_call(allora_instance *, allora_ctx *, const char *operation, allora_str args_json,
                      const allora_sink *, allora_error *);
#endif
