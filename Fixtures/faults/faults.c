// SPDX-License-Identifier: Apache-2.0

// Preloaded into a program, counts its calls that change the disk, over all threads, and strikes
// at one of them. See README.md.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static char calls[128];
static int effect;
static long first, last;
static int logged = -1;
static long seconds_ahead;
static atomic_long count;

enum { KILL = -1, TEAR = -2 };

__attribute__((constructor)) static void begin(void) {
    const char *plan = getenv("CAIRN_FAULT");
    if (plan) sscanf(plan, "%127s %d %ld %ld", calls, &effect, &first, &last);
    const char *ahead = getenv("CAIRN_CLOCK_AHEAD");
    if (ahead) seconds_ahead = atol(ahead);
    const char *log = getenv("CAIRN_FAULT_LOG");
    if (log) logged = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND, 0600);
}

// Straight to the kernel: loaders and allocators ask for the time, too.
int clock_gettime(clockid_t clock, struct timespec *now) {
    int result = syscall(SYS_clock_gettime, clock, now);
    if (result == 0 && clock == CLOCK_REALTIME) now->tv_sec += seconds_ahead;
    return result;
}

int gettimeofday(struct timeval *now, void *zone) {
    struct timespec time;
    (void)zone;
    int result = clock_gettime(CLOCK_REALTIME, &time);
    if (result == 0 && now) *now = (struct timeval){time.tv_sec, time.tv_nsec / 1000};
    return result;
}

time_t time(time_t *now) {
    struct timespec time = {0};
    clock_gettime(CLOCK_REALTIME, &time);
    if (now) *now = time.tv_sec;
    return time.tv_sec;
}

// What becomes of a call: 0 to go on, TEAR, or an errno.
static int strike(const char *call) {
    if (!strstr(calls, call)) return 0;
    long number = atomic_fetch_add(&count, 1) + 1;
    if (logged >= 0) syscall(SYS_write, logged, ".", 1);
    if (number < first || number > last) return 0;
    if (effect == KILL) raise(SIGKILL);
    return effect;
}

// Pipes and event counters of the runtime are no part of the disk.
static int on_disk(int descriptor) {
    struct stat status;
    return fstat(descriptor, &status) == 0 && (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode));
}

static int failing(int error) {
    errno = error;
    return -1;
}

#define REAL(name) __typeof__(name) *real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

ssize_t write(int descriptor, const void *bytes, size_t size) {
    REAL(write);
    int fate = on_disk(descriptor) ? strike("write") : 0;
    if (fate == TEAR) {
        real(descriptor, bytes, size / 2);
        raise(SIGKILL);
    }
    return fate ? failing(fate) : real(descriptor, bytes, size);
}

#define PWRITE(name)                                                             \
    ssize_t name(int descriptor, const void *bytes, size_t size, off_t offset) { \
        REAL(name);                                                              \
        int fate = on_disk(descriptor) ? strike("pwr") : 0;                   \
        if (fate == TEAR) {                                                      \
            real(descriptor, bytes, size / 2, offset);                           \
            raise(SIGKILL);                                                      \
        }                                                                        \
        return fate ? failing(fate) : real(descriptor, bytes, size, offset);     \
    }
PWRITE(pwrite)
PWRITE(pwrite64)

#define SYNC(name)                                        \
    int name(int descriptor) {                            \
        REAL(name);                                       \
        int fate = on_disk(descriptor) ? strike("sync") : 0; \
        return fate > 0 ? failing(fate) : real(descriptor); \
    }
SYNC(fsync)
SYNC(fdatasync)

#define TRUNCATE(name)                                            \
    int name(int descriptor, off_t size) {                        \
        REAL(name);                                               \
        int fate = strike("truncate");                            \
        return fate > 0 ? failing(fate) : real(descriptor, size); \
    }
TRUNCATE(ftruncate)
TRUNCATE(ftruncate64)

int renameat(int from, const char *old, int to, const char *name) {
    REAL(renameat);
    int fate = strike("rename");
    return fate > 0 ? failing(fate) : real(from, old, to, name);
}

int unlink(const char *name) {
    REAL(unlink);
    int fate = strike("unlink");
    return fate > 0 ? failing(fate) : real(name);
}

int unlinkat(int directory, const char *name, int flags) {
    REAL(unlinkat);
    int fate = strike("unlink");
    return fate > 0 ? failing(fate) : real(directory, name, flags);
}

int mkdirat(int directory, const char *name, mode_t mode) {
    REAL(mkdirat);
    int fate = strike("mkdir");
    return fate > 0 ? failing(fate) : real(directory, name, mode);
}

#define MODE(flags)                        \
    mode_t mode = 0;                       \
    if ((flags) & O_CREAT) {               \
        va_list rest;                      \
        va_start(rest, flags);             \
        mode = va_arg(rest, mode_t);       \
        va_end(rest);                      \
    }

#define OPENAT(name)                                               \
    int name(int directory, const char *path, int flags, ...) {    \
        REAL(name);                                                \
        MODE(flags)                                                \
        int fate = flags & O_CREAT ? strike("create") : 0;         \
        return fate > 0 ? failing(fate) : real(directory, path, flags, mode); \
    }
OPENAT(openat)
OPENAT(openat64)

#define OPEN(name)                                              \
    int name(const char *path, int flags, ...) {                \
        REAL(name);                                             \
        MODE(flags)                                             \
        int fate = flags & O_CREAT ? strike("create") : 0;      \
        return fate > 0 ? failing(fate) : real(path, flags, mode); \
    }
OPEN(open)
OPEN(open64)
