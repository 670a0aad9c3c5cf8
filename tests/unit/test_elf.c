/* The ELF reader: what it finds in real plugins, and that a damaged file is an error and never a
 * crash. */
#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "plugin/elf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void read_plugin(const char *name, struct buf *out)
{
    char path[4096];
    allora_error err = ERR_INIT;
    assert_true(snprintf(path, sizeof path, FIXTURE_DIR "/%s/%s.so", name, name) > 0);
    assert_int_equal(fs_read(path, 64 << 20, out, &err), ALLORA_OK);
}

static void finds_manifest_entry_and_binding(void **state)
{
    (void)state;
    struct elf_view v;
    allora_error err = ERR_INIT;
    assert_int_equal(elf_open(FIXTURE_DIR "/fixture/fixture.so", &v, &err), ALLORA_OK);
    assert_non_null(v.manifest);
    assert_memory_equal(v.manifest, "{\n  \"manifest\": 1, \"id\": \"fixture\"", 31);
    assert_true(v.bind_now);
    assert_true(elf_exports(&v, ALLORA_ENTRY_SYMBOL));
    assert_false(elf_exports(&v, "create"));
    assert_true(elf_imports(&v, "snprintf") || elf_imports(&v, "__snprintf_chk"));
    assert_false(elf_imports(&v, ALLORA_ENTRY_SYMBOL));
    bool libc = false;
    for (uint64_t i = 0; elf_needed(&v, i); i++)
        libc = libc || strcmp(elf_needed(&v, i), "libc.so.6") == 0;
    assert_true(libc);
    elf_close(&v);
    elf_close(&v); /* twice is fine */
}

static void tells_lazy_binding_and_missing_entry(void **state)
{
    (void)state;
    struct elf_view v;
    allora_error err = ERR_INIT;
    assert_int_equal(elf_open(FIXTURE_DIR "/lazy/lazy.so", &v, &err), ALLORA_OK);
    assert_false(v.bind_now);
    elf_close(&v);
    assert_int_equal(elf_open(FIXTURE_DIR "/no_entry/no_entry.so", &v, &err), ALLORA_OK);
    assert_false(elf_exports(&v, ALLORA_ENTRY_SYMBOL));
    elf_close(&v);
}

static void refuses_what_is_no_shared_object(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t n;
        const char *words;
    } cases[] = {
        {"", 0, "not an ELF file"},
        {"#!/bin/sh\n", 10, "not an ELF file"},
        {"\177ELF", 4, "too short"},
        {"\177ELF\1\1\1\0\0\0\0\0\0\0\0\0xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
         64, "64-bit"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct elf_view v;
        allora_error err = ERR_INIT;
        assert_int_equal(elf_parse(cases[i].bytes, cases[i].n, &v, &err), ALLORA_E_ARG);
        assert_non_null(strstr(err.message, cases[i].words));
    }
    struct elf_view v;
    allora_error err = ERR_INIT;
    assert_int_equal(elf_open("/nowhere.so", &v, &err), ALLORA_E_NOTFOUND);
    assert_int_equal(elf_open("/", &v, &err), ALLORA_E_ARG);
    assert_int_equal(elf_open("/dev/null", &v, &err), ALLORA_E_ARG);
}

static void use_all_of(const struct elf_view *v)
{
    struct elf_symbol s;
    volatile size_t sum = 0;
    for (uint64_t i = 0; i < v->manifest_len; i++)
        sum += (unsigned char)v->manifest[i];
    for (uint64_t i = 0; i < v->n_symbols; i++)
        sum += elf_symbol_at(v, i, &s) ? strlen(s.name) : 0;
    for (uint64_t i = 0; i < 32; i++)
        sum += elf_needed(v, i) ? 1 : 0;
    (void)sum;
}

/* An allocation of exactly the cut size, so that the sanitizer sees a read past it. */
static void survives_any_truncation(void **state)
{
    (void)state;
    A_CLEAN(buf_done) struct buf file = BUF(64 << 20);
    read_plugin("fixture", &file);
    for (size_t n = 0; n < file.len; n += n < 4096 ? 7 : 997) {
        A_FREE void *cut = malloc(n ? n : 1);
        struct elf_view v;
        allora_error err = ERR_INIT;
        memcpy(cut, file.ptr, n);
        if (elf_parse(cut, n, &v, &err) == ALLORA_OK)
            use_all_of(&v);
        else
            assert_true(err.message[0]);
    }
}

static void survives_any_flipped_byte(void **state)
{
    (void)state;
    A_CLEAN(buf_done) struct buf file = BUF(64 << 20);
    read_plugin("fixture", &file);
    uint32_t seed = 12345;
    for (int round = 0; round < 4000; round++) {
        seed = seed * 1103515245u + 12345u;
        size_t at = round < 64 ? (size_t)round : (seed >> 8) % file.len;
        /* The section table is at the end of the file: half of the rounds go there. */
        if (round >= 64 && (round & 1))
            at = file.len - 1 - (seed >> 8) % 3000;
        char was = file.ptr[at];
        file.ptr[at] = (char)(was ^ (char)(1 + (seed >> 3) % 255));
        struct elf_view v;
        allora_error err = ERR_INIT;
        if (elf_parse(file.ptr, file.len, &v, &err) == ALLORA_OK)
            use_all_of(&v);
        file.ptr[at] = was;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_manifest_entry_and_binding),
        cmocka_unit_test(tells_lazy_binding_and_missing_entry),
        cmocka_unit_test(refuses_what_is_no_shared_object),
        cmocka_unit_test(survives_any_truncation),
        cmocka_unit_test(survives_any_flipped_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
