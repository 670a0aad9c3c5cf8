/* plugin.new: templates with "sample" in them become a folder with the plugin's own name.
 *
 * A template is made of two folders, one of the language (how it is built) and one of the kind
 * (what it is); the source in the other language is left out, and next.txt, which holds the
 * commands to go on with, is printed instead of copied. */
#include "base/buf.h"
#include "base/ctx.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/jsonw.h"
#include "base/mem.h"
#include "base/str.h"
#include "kit/kit.h"
#include "kit/templates.h"
#include "plugin/plugin_words.h"
#include "plugin/registry.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

enum { FILE_MAX_BYTES = 1 << 20, FILES_MAX = 64, ID_MAX_LEN = 64 };
#define PLACEHOLDER "sample"

struct making {
    const char *id, *kind, *language, *folder;
    char ident[ID_MAX_LEN + 1]; /* the id where only letters, digits and _ may stand */
    char *from;                 /* the templates */
    char *files[FILES_MAX];
    size_t n_files;
    struct buf next; /* commands to go on with, a line each */
};

static void making_done(struct making *m)
{
    for (size_t i = 0; i < m->n_files; i++)
        free(m->files[i]);
    free(m->from);
    buf_done(&m->next);
}

/* ---- the name ---- */

/* The manifest's rule for ids. */
static int32_t check_name(const char *id, allora_error *err)
{
    size_t n = strlen(id);
    bool good = n > 0 && n <= ID_MAX_LEN && id[0] >= 'a' && id[0] <= 'z';

    for (size_t i = 0; good && i < n; i++)
        good = (id[i] >= 'a' && id[i] <= 'z') || (id[i] >= '0' && id[i] <= '9') || id[i] == '_' ||
               id[i] == '-';
    if (good)
        return ALLORA_OK;
    (void)err_set(err, ALLORA_E_ARG, "\"%s\" is no name for a plugin", id);
    err_hint(err, "a to z first, then a to z, 0 to 9, _ and -, at most %d: my-cloud", ID_MAX_LEN);
    return err->code;
}

/* Is it a command's first word already?  A plugin of kind command brings one of its own name. */
static const struct registry_name *command_called(const struct registry *r, const char *id)
{
    const struct registry_name *names;
    size_t n = registry_names(r, REGISTRY_COMMANDS, &names), len = strlen(id);

    for (size_t i = 0; i < n; i++) {
        size_t same = 0;
        while (same < len && names[i].name[same] == (id[same] == '_' ? '-' : id[same]))
            same++;
        if (same == len && (names[i].name[len] == '\0' || names[i].name[len] == ' '))
            return &names[i];
    }
    return NULL;
}

static int32_t check_free(const struct registry *r, const struct making *m, allora_error *err)
{
    for (size_t i = 0; i < registry_count(r); i++) {
        const struct plugin *p = registry_at(r, i);
        if (!streq(p->id, m->id))
            continue;
        (void)err_set(err, ALLORA_E_CONFLICT, "there is a plugin \"%s\" already%s%s", m->id,
                      *p->path ? ": " : "", p->path);
        err_hint(err, "choose another name: of two with one id only the first is used");
        return err->code;
    }
    if (registry_knows_plugin(r, m->id)) {
        (void)err_set(err, ALLORA_E_CONFLICT, "\"%s\" is the name of one of allora's own plugins",
                      m->id);
        err_hint(err, "choose another name: the day it is installed the two would collide");
        return err->code;
    }
    const struct registry_name *c = streq(m->kind, "command") ? command_called(r, m->id) : NULL;
    if (!c)
        return ALLORA_OK;
    (void)err_set(err, ALLORA_E_CONFLICT, "the command \"%s\" is there already, from plugin \"%s\"",
                  c->name, c->plugin->id);
    err_hint(err, "choose another name");
    return err->code;
}

/* ---- the folder ---- */

static int32_t check_folder(const char *folder, allora_error *err)
{
    DIR *dir = opendir(folder);
    const struct dirent *e;

    if (!dir && errno == ENOENT)
        return ALLORA_OK;
    if (!dir)
        return err_set(err, ALLORA_E_CONFLICT, "%s: %s", folder, strerror(errno));
    do
        e = readdir(dir);
    while (e && (streq(e->d_name, ".") || streq(e->d_name, "..")));
    int32_t rc = ALLORA_OK;
    if (e) {
        rc = err_set(err, ALLORA_E_CONFLICT, "%s exists and is not empty", folder);
        err_hint(err, "nothing was written; choose another folder with --dir");
    }
    (void)closedir(dir);
    return rc;
}

/* ---- the text ---- */

/* As one word of the shell. */
static void put_folder(struct buf *out, const char *folder)
{
    bool plain = *folder && *folder != '-';

    for (const char *p = folder; *p && plain; p++)
        plain = isalnum((unsigned char)*p) || strchr("._-/+@%", *p) != NULL;
    if (plain) {
        buf_adds(out, folder);
        return;
    }
    buf_adds(out, *folder == '-' ? "./'" : "'");
    for (const char *p = folder; *p; p++)
        if (*p == '\'')
            buf_adds(out, "'\\''");
        else
            buf_addc(out, *p);
    buf_addc(out, '\'');
}

static void put_word(const struct making *m, struct buf *out)
{
    for (const char *p = m->id; *p; p++)
        buf_addc(out, *p == '_' ? '-' : *p);
}

/* "sample_file" becomes ident_file, "sample" anywhere else the id; @ident@ has _ for -, @word@
 * - for _, as commands are spelled; @folder@ and @source@ are what they say. */
static void fill(const struct making *m, const char *text, struct buf *out)
{
    static const char *const words[] = {PLACEHOLDER "_", PLACEHOLDER, "@ident@",
                                        "@word@",        "@folder@",  "@source@"};

    while (*text) {
        size_t i = 0;
        while (i < sizeof words / sizeof words[0] && !str_starts(text, words[i]))
            i++;
        switch (i) {
        case 0:
            buf_addf(out, "%s_", m->ident);
            break;
        case 1:
            buf_adds(out, m->id);
            break;
        case 2:
            buf_adds(out, m->ident);
            break;
        case 3:
            put_word(m, out);
            break;
        case 4:
            put_folder(out, m->folder);
            break;
        case 5:
            buf_addf(out, "%s.%s", m->id, m->language);
            break;
        default:
            buf_addc(out, *text++);
            continue;
        }
        text += strlen(words[i]);
    }
}

/* Ends in .c or .cpp, and is not of the wanted language? */
static bool other_language(const struct making *m, const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot && (streq(dot, ".c") || streq(dot, ".cpp")) && !streq(dot + 1, m->language);
}

static int32_t take_file(struct making *m, const char *path, const char *name, allora_error *err)
{
    A_CLEAN(buf_done) struct buf text = BUF(FILE_MAX_BYTES);
    A_CLEAN(buf_done) struct buf filled = BUF(4 * FILE_MAX_BYTES);
    A_CLEAN(buf_done) struct buf renamed = BUF(1024);
    int32_t rc = fs_read(path, FILE_MAX_BYTES, &text, err);

    if (rc)
        return rc;
    if (streq(name, "next.txt")) {
        fill(m, buf_str(&text), &m->next);
        return ALLORA_OK;
    }
    if (m->n_files == FILES_MAX)
        return err_set(err, ALLORA_E_INTERNAL, "the template has more than %d files", FILES_MAX);
    fill(m, buf_str(&text), &filled);
    fill(m, name, &renamed);
    A_FREE char *to = fs_join(m->folder, buf_str(&renamed));
    char *kept = mem_strdup(buf_str(&renamed));
    if (!to || !kept || buf_failed(&filled) || buf_failed(&renamed)) {
        free(kept);
        return err_nomem(err);
    }
    m->files[m->n_files++] = kept;
    return fs_write_atomic(to, buf_str(&filled), filled.len, 0644, err);
}

static int32_t take_folder(struct making *m, const char *part, allora_error *err)
{
    A_FREE char *from = fs_join(m->from, part);
    DIR *dir = from ? opendir(from) : NULL;
    int32_t rc = ALLORA_OK;

    if (!dir)
        return err_set(err, ALLORA_E_CONFIG, "the template %s/%s: %s", m->from, part,
                       strerror(errno));
    for (struct dirent *e; rc == ALLORA_OK && (e = readdir(dir)) != NULL;) {
        A_FREE char *path = fs_join(from, e->d_name);
        struct stat st;
        if (!path)
            rc = err_nomem(err);
        else if (stat(path, &st) == 0 && S_ISREG(st.st_mode) && !other_language(m, e->d_name))
            rc = take_file(m, path, e->d_name, err);
    }
    (void)closedir(dir);
    return rc;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* ---- what is said ---- */

/* The commands to go on with, led by what CMake must be told when the SDK is in an unusual place.
 */
static void prepend_sdk(struct making *m, struct buf *out)
{
    A_FREE char *prefix = NULL;
    enum sdk_place place = sdk_find(&prefix);

    if (place == SDK_AT && prefix) {
        buf_adds(out, "export CMAKE_PREFIX_PATH=");
        put_folder(out, prefix);
        buf_addc(out, '\n');
    } else if (place == SDK_MISSING && prefix) { /* a build tree, as templates come with the SDK */
        buf_adds(out, "cmake --install ");
        put_folder(out, prefix);
        buf_adds(out, " --component sdk --prefix ~/allora-sdk && export "
                      "CMAKE_PREFIX_PATH=~/allora-sdk\n");
    }
    buf_adds(out, buf_str(&m->next));
}

static int32_t tell(struct making *m, const allora_sink *sink, allora_error *err)
{
    A_CLEAN(buf_done) struct buf next = BUF(1 << 16);
    A_CLEAN(buf_done) struct buf text = BUF(1 << 16);
    A_CLEAN(buf_done) struct buf json = BUF(1 << 16);
    struct jsonw w = JSONW(&json);

    prepend_sdk(m, &next);
    buf_addf(&text, "Wrote %s%s (%zu files). Next:\n", m->folder,
             str_ends(m->folder, "/") ? "" : "/", m->n_files);
    jw_object(&w);
    jw_kstr(&w, "plugin", m->id);
    jw_kstr(&w, "kind", m->kind);
    jw_kstr(&w, "language", m->language);
    jw_kstr(&w, "folder", m->folder);
    jw_key(&w, "files");
    jw_array(&w);
    for (size_t i = 0; i < m->n_files; i++)
        jw_str(&w, m->files[i]);
    jw_end_array(&w);
    jw_key(&w, "next");
    jw_array(&w);
    for (const char *p = buf_str(&next); *p;) {
        size_t n = strcspn(p, "\n");
        buf_addf(&text, "  %.*s\n", (int)n, p);
        jw_strn(&w, p, n);
        p += n + (p[n] == '\n');
    }
    jw_end_array(&w);
    jw_end_object(&w);
    if (buf_failed(&next) || buf_failed(&text) || buf_failed(&json))
        return err_nomem(err);
    int32_t rc = sink->event(sink->self, ALLORA_EV_TEXT, (allora_str){text.ptr, text.len});
    if (rc == ALLORA_OK)
        rc = sink->event(sink->self, ALLORA_EV_RESULT, (allora_str){json.ptr, json.len});
    return rc == ALLORA_STOP ? ALLORA_OK : rc;
}

int32_t kit_op_new(void *self, allora_ctx *ctx, const json_node *args, const allora_sink *sink,
                   allora_error *err)
{
    const struct registry *r = self;
    A_CLEAN(making_done)
    struct making m = {.id = json_get_str(args, "name", ""),
                       .kind = json_get_str(args, "kind", ""),
                       .language = json_get_str(args, "language", ""),
                       .next = BUF(1 << 16)};
    m.folder = json_get_str(args, "folder", m.id);

    if (!ctx_is_person(ctx))
        return err_set(err, ALLORA_E_DENIED, "only a person starts a plugin");
    int32_t rc = check_name(m.id, err);
    if (rc == ALLORA_OK)
        rc = check_free(r, &m, err);
    if (rc == ALLORA_OK)
        rc = check_folder(m.folder, err);
    if (rc)
        return rc;
    for (size_t i = 0; m.id[i]; i++)
        m.ident[i] = m.id[i] == '-' ? '_' : m.id[i];
    m.from = templates_dir(err);
    if (!m.from)
        return err->code;
    rc = fs_mkdirs(m.folder, 0755, err);
    if (rc == ALLORA_OK)
        rc = take_folder(&m, m.language, err);
    if (rc == ALLORA_OK)
        rc = take_folder(&m, m.kind, err);
    if (rc)
        return rc;
    qsort(m.files, m.n_files, sizeof *m.files, by_name);
    return tell(&m, sink, err);
}
