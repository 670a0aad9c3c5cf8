/* Package databases as text: dpkg's status file (deb-control(5)) and apk's installed file.  Pure:
 * any text is safe. Both are paragraphs divided by empty lines. */
#ifndef HOST_DPKG_H
#define HOST_DPKG_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct package {
    const char *name, *version, *architecture, *summary, *section, *priority, *source, *maintainer,
        *homepage;
    const char *state;  /* third word of dpkg's Status: installed, half-configured, … */
    const char *wanted; /* its first: install, hold, deinstall, purge */
    int64_t size;       /* bytes; -1: not said */
    int64_t built;      /* apk: when it was built; -1: not said */
    bool essential, multi_arch_same;
};

/* Cuts the paragraph off *text, in place, and moves *text behind it; false at the end.  Fields that
 * are missing are NULL.  Strings point into the text. */
bool dpkg_next(char **text, struct package *ret);
bool apk_next(char **text, struct package *ret);
/* Are its files there?  Not for what was removed and left its configuration. */
bool package_is_there(const struct package *p);
#endif
