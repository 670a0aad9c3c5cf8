/*
 * Runs a fuzz target over files instead of under libFuzzer: fuzz_NAME FILE-OR-FOLDER...
 * Folders are read one level deep, in name order. A target that crashes or aborts fails the test;
 * an empty or missing corpus fails it too, since a replay of nothing proves nothing.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 16 << 20 };

/* Returns 1 when the file was replayed, 0 when it could not be read. */
static int replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        return 0;
    }
    size_t size = 0, room = 4096;
    /* The exact size is allocated for the run, so that the sanitizer sees a read past the end. */
    uint8_t *data = malloc(room);
    while (data) {
        size += fread(data + size, 1, room - size, file);
        if (size < room || room >= INPUT_MAX)
            break;
        room *= 2;
        uint8_t *grown = realloc(data, room);
        if (!grown)
            free(data);
        data = grown;
    }
    (void)fclose(file);
    uint8_t *exact = data ? malloc(size ? size : 1) : NULL;
    if (!exact) {
        free(data);
        return 0;
    }
    memcpy(exact, data, size);
    free(data);
    (void)LLVMFuzzerTestOneInput(exact, size);
    free(exact);
    return 1;
}

static int replay(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0) {
        perror(path);
        return 0;
    }
    if (!S_ISDIR(st.st_mode))
        return replay_file(path);

    struct dirent **names = NULL;
    int count = scandir(path, &names, NULL, alphasort);
    int done = 0;
    for (int i = 0; i < count; i++) {
        char file[4096];
        int len = snprintf(file, sizeof file, "%s/%s", path, names[i]->d_name);
        if (names[i]->d_name[0] != '.' && len > 0 && (size_t)len < sizeof file)
            done += replay_file(file);
        free(names[i]);
    }
    free(names);
    return done;
}

int main(int argc, char **argv)
{
    int done = 0;
    for (int i = 1; i < argc; i++)
        done += replay(argv[i]);
    printf("%d inputs replayed\n", done);
    return done > 0 ? 0 : 1;
}
