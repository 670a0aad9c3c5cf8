/* Numbers to names, from /etc/passwd and /etc/group of the root, and the parsers of their lines. */
#ifndef HOST_NAMES_H
#define HOST_NAMES_H
#include "root.h"

struct name {
    uint32_t id, offset; /* into text */
};
struct names {
    struct name *all; /* sorted by id; of several names for one id the file's first */
    size_t n, cap;
    char *text;
    size_t text_len, text_cap;
    char number[16];
    bool loaded;
};

/* Reads what can be read; a missing file leaves no names.  Start with {0}. */
void names_load(struct names *names, const struct root *r, const char *path);
/* The name; the number as text where there is none.  Valid until the next call. */
const char *names_get(struct names *names, uint32_t id);
void names_free(struct names *names);

/* One line of each file, cut in place.  False on what is no such line (comments, NIS entries, too
 * few fields). */
struct passwd_line {
    const char *name, *password, *gecos, *home, *shell;
    uint32_t uid, gid;
};
bool passwd_parse(char *line, struct passwd_line *ret);
struct group_line {
    const char *name;
    char *members; /* comma-separated */
    uint32_t gid;
};
bool group_parse(char *line, struct group_line *ret);
struct shadow_line {
    const char *name;
    const char *state;        /* set, locked, empty, none; the hash itself is not kept */
    int64_t changed, expires; /* days since the epoch; -1: not said */
};
bool shadow_parse(char *line, struct shadow_line *ret);
#endif
