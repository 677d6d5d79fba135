/* Feeds files, and all files of directories, to a fuzz target: the kept corpus, with any compiler.
 * What is wrong stops the program. Usage: replay FILE_OR_DIRECTORY... */
#define _POSIX_C_SOURCE 200809L

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned long passed, failed;

static void replay_bytes(FILE *file, const char *path) {
    static uint8_t data[1 << 20];
    size_t size = fread(data, 1, sizeof data, file);
    uint8_t *copy = (uint8_t *)malloc(size != 0 ? size : 1);

    if (ferror(file) || !feof(file) || copy == NULL) {
        printf("FAILED %s: cannot be read, or longer than 1 MiB\n", path);
        failed++;
    } else {
        memcpy(copy, data, size);
        (void)LLVMFuzzerTestOneInput(copy, size);
        passed++;
    }
    free(copy);
}

static void replay_file(const char *path) {
    FILE *file = fopen(path, "rb");

    if (file == NULL) {
        printf("FAILED %s: cannot be opened\n", path);
        failed++;
        return;
    }
    replay_bytes(file, path);
    fclose(file);
}

static void replay_directory(DIR *directory, const char *path) {
    struct dirent *entry;
    char name[4096];

    while ((entry = readdir(directory)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        fprintf(stderr, "%s\n", name); /* the last one is the one that stopped the program */
        replay_file(name);
    }
}

int main(int argc, char **argv) {
    int i;

    for (i = 1; i < argc; i++) {
        DIR *directory = opendir(argv[i]);

        if (directory == NULL) {
            replay_file(argv[i]);
            continue;
        }
        replay_directory(directory, argv[i]);
        closedir(directory);
    }
    printf("%lu passed, %lu failed\n", passed, failed);
    return passed == 0 || failed != 0;
}
