/* A folder for one test, and the store in it. */
#ifndef ALLORA_TESTS_STORE_PLACE_H
#define ALLORA_TESTS_STORE_PLACE_H
#include "base/err.h"
#include "store/store.h"
#include "unit/unit.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

struct place {
    char dir[64];
    struct store *store;
    struct arena mem;
};

static inline void place_wipe(const char *dir)
{
    DIR *d = opendir(dir);
    for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d))
        if (e->d_name[0] != '.')
            (void)unlinkat(dirfd(d), e->d_name, 0);
    if (d)
        (void)closedir(d);
    (void)rmdir(dir);
}

static inline struct store *place_store(const char *dir)
{
    struct store *s = NULL;
    allora_error err = ERR_INIT;
    assert_int_equal(store_new(dir, &s, &err), ALLORA_OK);
    return s;
}

static inline void place_reopen(struct place *p)
{
    store_free(p->store);
    p->store = place_store(p->dir);
}

static inline int place_set_up(void **state)
{
    struct place *p = calloc(1, sizeof *p);
    (void)snprintf(p->dir, sizeof p->dir, "%s", "/tmp/allora-store-XXXXXX");
    if (!mkdtemp(p->dir))
        return -1;
    p->store = place_store(p->dir);
    arena_init(&p->mem, 0);
    *state = p;
    return 0;
}

static inline int place_tear_down(void **state)
{
    struct place *p = *state;
    store_free(p->store);
    arena_done(&p->mem);
    place_wipe(p->dir);
    free(p);
    return 0;
}
#define PLACE_TEST(f) cmocka_unit_test_setup_teardown(f, place_set_up, place_tear_down)
#endif
