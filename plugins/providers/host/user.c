/* host_user and host_group: the local account files.  Accounts of a directory server (LDAP, …) are
 * not in them. */
#include "tables.h"
#include "text.h"
#include "text_out.h"
#include <allora/sdk.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DAY_US (INT64_C(86400) * 1000000)

/* /etc/group, kept whole: memberships are looked up name by name. */
struct group_file {
    struct bytes text;
    struct group_line *all;
    size_t n;
};

static int groups_open(struct group_file *g, const struct root *r)
{
    int rc = root_read(r, "etc/group", &g->text, ROOT_TABLE_MAX);
    size_t lines = 1;
    if (rc)
        return rc;
    for (const char *p = g->text.p; (p = strchr(p, '\n')) != NULL; p++)
        lines++;
    g->all = calloc(lines, sizeof *g->all);
    if (!g->all)
        return -ENOMEM;
    for (char *rest = g->text.p, *line; (line = text_field(&rest, '\n')) != NULL;)
        g->n += group_parse(line, &g->all[g->n]);
    return 0;
}

static void groups_close(struct group_file *g)
{
    free(g->all);
    bytes_free(&g->text);
}

static bool is_member(const struct group_line *g, const char *user)
{
    size_t n = strlen(user);
    for (const char *p = g->members; p && *p;) {
        size_t m = strcspn(p, ",");
        if (m == n && memcmp(p, user, n) == 0)
            return true;
        p += m + (p[m] == ',');
    }
    return false;
}

/* ---- users
 * --------------------------------------------------------------------------------------- */

struct user_job {
    struct scan *s;
    struct group_file groups;
    struct bytes shadow;
    int shadow_rc, lastlog_fd;
    struct text_out json;
};

/* login.defs(5): UID_MIN to UID_MAX are people; systemd's dynamic users and nobody lie above. */
static const char *kind_of(uint32_t uid)
{
    return uid == 0 ? "root" : uid >= 1000 && uid < 60000 ? "person" : "system";
}

static bool can_login(const char *shell)
{
    const char *name = strrchr(shell, '/');
    name = name ? name + 1 : shell;
    /* An empty shell means /bin/sh (passwd(5)). */
    return strcmp(name, "nologin") != 0 && strcmp(name, "false") != 0 &&
           strcmp(name, "sync") != 0 && strcmp(name, "shutdown") != 0 && strcmp(name, "halt") != 0;
}

static void put_shadow(struct user_job *j, const char *user)
{
    struct scan *s = j->s;
    if (j->shadow_rc) {
        scan_failed(s, USER_password_state, j->shadow_rc);
        scan_failed(s, USER_password_changed, j->shadow_rc);
        scan_failed(s, USER_expires, j->shadow_rc);
        return;
    }
    size_t n = strlen(user);
    for (const char *line = j->shadow.p; line;
         line = strchr(line, '\n'), line = line ? line + 1 : NULL) {
        if (strncmp(line, user, n) != 0 || line[n] != ':')
            continue;
        size_t len = strcspn(line, "\n");
        char copy[1024];
        struct shadow_line shadow;
        if (len >= sizeof copy)
            return;
        memcpy(copy, line, len);
        copy[len] = '\0';
        if (shadow_parse(copy, &shadow)) {
            scan_text(s, USER_password_state, shadow.state);
            if (shadow.changed > 0) /* 0: must be changed at the next login */
                scan_time(s, USER_password_changed, shadow.changed * DAY_US);
            if (shadow.expires >= 0)
                scan_time(s, USER_expires, shadow.expires * DAY_US);
        }
        explicit_bzero(copy, sizeof copy);
        return;
    }
}

/* An array by number is mostly holes, so a recording lists those who logged in: UID, seconds, from
 * where. */
static void put_recorded_lastlog(struct scan *s, uint32_t uid)
{
    char key[16];
    int64_t seconds;
    (void)snprintf(key, sizeof key, "%u", uid);
    const char *p = recording_get(s->root->rec, "lastlog", key);
    if (!p || !text_int(&p, &seconds))
        return;
    scan_time(s, USER_last_login, seconds * 1000000);
    if (*p == '\t' && p[1])
        scan_text(s, USER_last_login_from, p + 1);
}

/* lastlog(5): an array by user id of {int32 time, char line[32], char host[256]}. */
static void put_lastlog(struct user_job *j, uint32_t uid)
{
    enum { LINE = 4, LINE_SIZE = 32, HOST = LINE + LINE_SIZE, RECORD = HOST + 256 };
    char record[RECORD + 1];
    if (j->s->root->recorded) {
        put_recorded_lastlog(j->s, uid);
        return;
    }
    if (j->lastlog_fd < 0 || pread(j->lastlog_fd, record, RECORD, (off_t)uid * RECORD) != RECORD)
        return;
    uint32_t seconds; /* read as unsigned, it lasts until 2106 */
    memcpy(&seconds, record, sizeof seconds);
    if (!seconds)
        return;
    scan_time(j->s, USER_last_login, (int64_t)seconds * 1000000);
    record[RECORD] = '\0';
    if (record[HOST])
        scan_text(j->s, USER_last_login_from, record + HOST);
    else
        scan_text_n(j->s, USER_last_login_from, record + LINE, strnlen(record + LINE, LINE_SIZE));
}

static void put_groups(struct user_job *j, const struct passwd_line *p)
{
    out_list_open(&j->json);
    for (size_t i = 0; i < j->groups.n; i++)
        if (j->groups.all[i].gid == p->gid || is_member(&j->groups.all[i], p->name))
            out_list_text(&j->json, j->groups.all[i].name);
    out_list_close(&j->json);
    if (!j->json.failed)
        scan_json(j->s, USER_groups, j->json.p, j->json.len);
}

static int32_t one_user(struct user_job *j, const struct passwd_line *p)
{
    struct scan *s = j->s;
    if (!scan_allows_text(s, USER_name, p->name) || !scan_allows_int(s, USER_uid, p->uid))
        return 0;
    scan_text(s, USER_name, p->name);
    scan_int(s, USER_uid, p->uid);
    scan_int(s, USER_gid, p->gid);
    if (scan_wants(s, USER_group_name))
        scan_text(s, USER_group_name, scan_group(s, p->gid));
    if (scan_wants(s, USER_groups))
        put_groups(j, p);
    /* gecos: full name, room, telephones; "&" is old Unix for the capitalised login name and left
     * as it is. */
    scan_text_n(s, USER_full_name, p->gecos, strcspn(p->gecos, ","));
    scan_text(s, USER_home, p->home);
    scan_text(s, USER_shell, *p->shell ? p->shell : "/bin/sh");
    scan_text(s, USER_kind, kind_of(p->uid));
    scan_bool(s, USER_can_login, can_login(p->shell));
    put_shadow(j, p->name);
    put_lastlog(j, p->uid);
    return scan_row(s);
}

int32_t list_user(struct scan *s)
{
    struct user_job j = {.s = s, .lastlog_fd = -1};
    struct lines *l = malloc(sizeof *l);
    if (!l)
        return sdk_fail(s->err, ALLORA_E_NOMEM, "out of memory");
    int rc = lines_open(l, s->root, "etc/passwd");
    if (rc) {
        free(l);
        return sdk_fail(s->err, ALLORA_E_NOTFOUND, "/etc/passwd: %s", strerror(-rc));
    }
    if (scan_wants(s, USER_groups))
        (void)groups_open(&j.groups, s->root);
    if (scan_wants(s, USER_password_state) || scan_wants(s, USER_password_changed) ||
        scan_wants(s, USER_expires))
        j.shadow_rc = root_read(s->root, "etc/shadow", &j.shadow, ROOT_TABLE_MAX);
    else
        j.shadow_rc = -ENOENT;
    if (scan_wants(s, USER_last_login) || scan_wants(s, USER_last_login_from))
        j.lastlog_fd = root_open_file(s->root, "var/log/lastlog");
    int32_t status = 0;
    for (char *line; !status && (line = lines_next(l, NULL)) != NULL;) {
        struct passwd_line p;
        if (passwd_parse(line, &p))
            status = one_user(&j, &p);
    }
    if (!status)
        scan_warn_denied(s, "accounts", "password states");
    lines_close(l);
    free(l);
    groups_close(&j.groups);
    if (j.shadow.p)
        explicit_bzero(j.shadow.p, j.shadow.cap);
    bytes_free(&j.shadow);
    if (j.lastlog_fd >= 0)
        (void)close(j.lastlog_fd);
    out_free(&j.json);
    return status;
}

/* ---- groups
 * ---------------------------------------------------------------------------------------- */

struct account { /* who has the group as primary */
    const char *name;
    uint32_t gid;
};

struct accounts {
    struct bytes text;
    struct account *all;
    size_t n;
};

static void accounts_open(struct accounts *a, const struct root *r)
{
    size_t lines = 1;
    if (root_read(r, "etc/passwd", &a->text, ROOT_TABLE_MAX))
        return;
    for (const char *p = a->text.p; (p = strchr(p, '\n')) != NULL; p++)
        lines++;
    a->all = calloc(lines, sizeof *a->all);
    for (char *rest = a->text.p, *line; a->all && (line = text_field(&rest, '\n')) != NULL;) {
        struct passwd_line p;
        if (passwd_parse(line, &p))
            a->all[a->n++] = (struct account){p.name, p.gid};
    }
}

static int64_t put_members(struct text_out *json, struct group_line *g, const struct accounts *a)
{
    int64_t n = 0;
    out_list_open(json);
    for (size_t i = 0; i < a->n; i++)
        if (a->all[i].gid == g->gid && !is_member(g, a->all[i].name)) {
            out_list_text(json, a->all[i].name);
            n++;
        }
    for (char *rest = g->members, *one; (one = text_field(&rest, ',')) != NULL;)
        if (*one) {
            out_list_text(json, one);
            n++;
        }
    out_list_close(json);
    return n;
}

int32_t list_group(struct scan *s)
{
    struct group_file groups = {.n = 0};
    struct accounts accounts = {.n = 0};
    struct text_out json = {0};
    int rc = groups_open(&groups, s->root);
    if (rc) {
        groups_close(&groups);
        return sdk_fail(s->err, ALLORA_E_NOTFOUND, "/etc/group: %s", strerror(-rc));
    }
    bool members = scan_wants(s, GROUP_members) || scan_wants(s, GROUP_member_count);
    if (members)
        accounts_open(&accounts, s->root);
    int32_t status = 0;
    for (size_t i = 0; i < groups.n && !status; i++) {
        struct group_line *g = &groups.all[i];
        if (!scan_allows_text(s, GROUP_name, g->name) || !scan_allows_int(s, GROUP_gid, g->gid))
            continue;
        scan_text(s, GROUP_name, g->name);
        scan_int(s, GROUP_gid, g->gid);
        if (members) {
            scan_int(s, GROUP_member_count, put_members(&json, g, &accounts));
            if (!json.failed)
                scan_json(s, GROUP_members, json.p, json.len);
        }
        status = scan_row(s);
    }
    free(accounts.all);
    bytes_free(&accounts.text);
    groups_close(&groups);
    out_free(&json);
    return status;
}
