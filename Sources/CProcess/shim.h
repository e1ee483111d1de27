// Two functions of glibc (2.29 and 2.34) and musl that their headers show only with _GNU_SOURCE, which
// Swift's C importer does not define.
#pragma once
#include <spawn.h>

#if defined(__linux__)
extern int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *actions, const char *path);
extern int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);
#endif
