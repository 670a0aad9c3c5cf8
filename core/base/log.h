/* Diagnostics on stderr, for -v and for serious host misbehaviour.  Library code returns errors; it
 * logs only what no caller can see. */
#ifndef ALLORA_BASE_LOG_H
#define ALLORA_BASE_LOG_H
#include "cleanup.h"
#include <allora/plugin.h>
#include <stdbool.h>

void log_set_level(int32_t level); /* ALLORA_LOG_*; default WARN */
int32_t log_level(void);
/* Any thread; one write() a line, control characters replaced, cut at 4 KiB. */
void log_msg(int32_t level, const char *source, const char *fmt, ...) A_PRINTF(3, 4);
void log_fields(int32_t level, const char *source, allora_str msg, const allora_pair *fields,
                uint32_t n);
/* Called before and after each line, so that a progress line can step aside.  NULL: none. */
void log_set_hook(void (*hook)(bool before));
#endif
