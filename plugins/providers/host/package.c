/* host_package: dpkg's and apk's databases.  RPM's is a database of its own format and isn't read:
 * a machine that has only that gets a warning, not an empty answer. */
#include "dpkg.h"
#include "tables.h"
#include "text.h"
#include <allora/sdk.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* dpkg rewrites INFO/NAME.list (with :ARCH for co-installable ones) when it unpacks a package. */
static int64_t unpacked_at(const struct root *r, const struct package *p)
{
    char path[512];
    int64_t when = -ENOENT;
    int n = snprintf(path, sizeof path, "var/lib/dpkg/info/%s:%s.list", p->name,
                     p->architecture ? p->architecture : "");
    bool fits = n > 0 && (size_t)n < sizeof path && !strchr(p->name, '/');
    if (fits && p->multi_arch_same)
        when = root_mtime(r, path);
    if (fits && when < 0) {
        (void)snprintf(path, sizeof path, "var/lib/dpkg/info/%s.list", p->name);
        when = root_mtime(r, path);
    }
    return when;
}

static int32_t one_package(struct scan *s, const struct package *p, const char *manager)
{
    if (!package_is_there(p) || !scan_allows_text(s, PACKAGE_name, p->name))
        return 0;
    scan_text(s, PACKAGE_name, p->name);
    scan_text(s, PACKAGE_version, p->version);
    scan_text(s, PACKAGE_architecture, p->architecture);
    if (p->size >= 0)
        scan_int(s, PACKAGE_size, p->size);
    scan_text(s, PACKAGE_summary, p->summary);
    scan_text(s, PACKAGE_section, p->section);
    scan_text(s, PACKAGE_priority, p->priority);
    scan_text(s, PACKAGE_state, p->state);
    scan_bool(s, PACKAGE_held, p->wanted && strcmp(p->wanted, "hold") == 0);
    scan_bool(s, PACKAGE_essential, p->essential);
    /* "Source: glibc (2.36-9)" names the version where it differs; without Source it is the package
     * itself. */
    const char *source = p->source ? p->source : p->name;
    scan_text_n(s, PACKAGE_source, source, strcspn(source, " "));
    scan_text(s, PACKAGE_maintainer, p->maintainer);
    scan_text(s, PACKAGE_homepage, p->homepage);
    scan_text(s, PACKAGE_manager, manager);
    if (scan_wants(s, PACKAGE_installed_at) && *manager == 'd') {
        int64_t when = unpacked_at(s->root, p);
        if (when > 0)
            scan_time(s, PACKAGE_installed_at, when * 1000000);
    }
    return scan_row(s);
}

typedef bool (*next_fn)(char **text, struct package *ret);

static int32_t database(struct scan *s, const char *path, const char *manager, next_fn next,
                        bool *found)
{
    struct bytes text = {0};
    int rc = root_read(s->root, path, &text, ROOT_TABLE_MAX);
    int32_t status = 0;
    *found |= rc == 0;
    if (rc && rc != -ENOENT && rc != -ENOTDIR)
        status = sdk_fail(s->err, rc == -EACCES ? ALLORA_E_DENIED : ALLORA_E_INTERNAL, "/%s: %s",
                          path, strerror(-rc));
    char *rest = text.p;
    for (struct package p; !rc && !status && next(&rest, &p);)
        status = one_package(s, &p, manager);
    if (!status && text.truncated) {
        scan_warn(s, ALLORA_E_UNSUPPORTED, NULL, "/%s is longer than %d MiB; the rest was not read",
                  path, ROOT_TABLE_MAX >> 20);
        s->partial = true;
    }
    bytes_free(&text);
    return status;
}

int32_t list_package(struct scan *s)
{
    bool found = false;
    int32_t status = database(s, "var/lib/dpkg/status", "dpkg", dpkg_next, &found);
    if (!status)
        status = database(s, "lib/apk/db/installed", "apk", apk_next, &found);
    struct stat st;
    if (!status && !found) {
        bool rpm = root_stat(s->root, "var/lib/rpm", true, &st) == 0 ||
                   root_stat(s->root, "usr/lib/sysimage/rpm", true, &st) == 0;
        scan_warn(s, ALLORA_E_UNSUPPORTED, NULL, "%s",
                  rpm ? "this machine's packages are in an RPM database, which is not read"
                      : "no package database of dpkg or apk was found");
        s->partial = true;
    }
    return status;
}
