#include "owners.h"
#include "procnet.h"
#include "text.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static size_t place_of(const struct owners *o, uint64_t inode)
{
    /* Fibonacci hashing: inode numbers come in runs. */
    size_t i = (size_t)((inode * 0x9e3779b97f4a7c15u) >> 20) & (o->room - 1);
    while (o->places[i].inode && o->places[i].inode != inode)
        i = (i + 1) & (o->room - 1);
    return i;
}

static int grow(struct owners *o)
{
    struct owners bigger = {.room = o->room ? o->room * 2 : 1024, .n = o->n, .hidden = o->hidden};
    bigger.places = calloc(bigger.room, sizeof *bigger.places);
    if (!bigger.places)
        return -ENOMEM;
    for (size_t i = 0; i < o->room; i++)
        if (o->places[i].inode)
            bigger.places[place_of(&bigger, o->places[i].inode)] = o->places[i];
    free(o->places);
    *o = bigger;
    return 0;
}

static int add(struct owners *o, uint64_t inode, int64_t pid)
{
    if (!inode)
        return 0;
    if ((o->n + 1) * 4 > o->room * 3 && grow(o))
        return -ENOMEM;
    struct owner *place = &o->places[place_of(o, inode)];
    if (!place->inode) {
        *place = (struct owner){inode, pid};
        o->n++;
    } else if (pid < place->pid) {
        place->pid = pid;
    }
    return 0;
}

static int read_process(struct owners *o, const struct root *r, int64_t pid)
{
    char path[320], target[64];
    (void)snprintf(path, sizeof path, "proc/%lld/fd", (long long)pid);
    DIR *dir = root_opendir(r, path);
    if (!dir) {
        o->hidden += errno == EACCES || errno == EPERM;
        return 0;
    }
    int rc = 0;
    for (const struct dirent *e; !rc && (e = readdir(dir)) != NULL;) {
        uint64_t inode;
        if (e->d_name[0] == '.')
            continue;
        (void)snprintf(path, sizeof path, "proc/%lld/fd/%s", (long long)pid, e->d_name);
        if (root_readlink(r, path, target, sizeof target) > 0 && socket_link(target, &inode))
            rc = add(o, inode, pid);
    }
    (void)closedir(dir);
    return rc;
}

int owners_read(struct owners *o, const struct root *r)
{
    DIR *dir = root_opendir(r, "proc");
    if (!dir)
        return 0;
    int rc = o->room ? 0 : grow(o);
    for (const struct dirent *e; !rc && (e = readdir(dir)) != NULL;) {
        const char *p = e->d_name;
        int64_t pid;
        if (text_is_number(p) && text_int(&p, &pid))
            rc = read_process(o, r, pid);
    }
    (void)closedir(dir);
    return rc;
}

int64_t owners_find(const struct owners *o, uint64_t inode)
{
    return o->room && inode ? o->places[place_of(o, inode)].pid : 0;
}

void owners_free(struct owners *o)
{
    free(o->places);
    *o = (struct owners){0};
}
