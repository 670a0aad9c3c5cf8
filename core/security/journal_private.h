/* What reading and verifying need of the journal. */
#ifndef ALLORA_SECURITY_JOURNAL_PRIVATE_H
#define ALLORA_SECURITY_JOURNAL_PRIVATE_H
#include "security/journal.h"
#include "security/journal_head.h"

struct store *journal_store(const struct journal *j);
const char *journal_head_path(const struct journal *j); /* NULL: no place */
#endif
