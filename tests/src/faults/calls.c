/* Stands between a process and the C library: counts the file-system calls under one folder and lets one of them fail the
 * way a kernel may let it fail. A step compiles it; LD_PRELOAD brings it in. That no call goes past it is checked by a
 * trace of the same run (tests/faults.d/40-syscalls.sh).
 *
 *   FAULT_FOLDER   only calls on paths and files under this folder count; its first-level names are the areas
 *   FAULT_LOG      one line "area call" for each call, or with a point only "hit" once the fault came
 *   FAULT_POINT    "area call n kind": the n-th (from 1) such call in this area fails like that
 *   FAULT_FULL     while this file is there, no call finds room
 *
 * The kinds:
 *   eio, enospc        the call does nothing and fails; the next one works
 *   eio-on, enospc-on  so do all calls after it (enospc: those that want room)
 *   short              half of the bytes are moved, and that many are reported
 *   torn               half of the bytes are written, and the next write in the area finds no room
 *   kill, kill-after   the process is killed just before, just after the call
 *   kill-half          half of the bytes are written, then it is killed
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum need { READS, WRITES, NAMES }; /* what a call wants of the disk: nothing new, room for bytes, room for a name */

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static char folder[PATH_MAX], area_wanted[64], call_wanted[32], kind[16];
static const char *full;
static size_t folder_length;
static long wanted, counted;
static int log_fd = -1, on, torn;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

/* A system call past what is interposed here. */
typedef long (*any_call)(long, ...);
static any_call real(void) {
    static any_call found;
    if (!found) found = (any_call)dlsym(RTLD_NEXT, "syscall");
    return found;
}
#define raw(...) real()(__VA_ARGS__)

static void say(const char *text) {
    if (log_fd >= 0) raw(SYS_write, log_fd, text, strlen(text));
}

__attribute__((constructor)) static void begin(void) {
    const char *of = getenv("FAULT_FOLDER"), *log = getenv("FAULT_LOG"), *point = getenv("FAULT_POINT");
    if (!of || !realpath(of, folder)) return;
    folder_length = strlen(folder);
    full = getenv("FAULT_FULL");
    if (point && sscanf(point, "%63s %31s %ld %15s", area_wanted, call_wanted, &wanted, kind) != 4) abort();
    if (log) log_fd = (int)raw(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

/* The area of a path: the first name under the folder, "." for the folder itself; 0 outside. */
static int area_of(const char *path, char *area) {
    if (!folder_length || strncmp(path, folder, folder_length)) return 0;
    path += folder_length;
    if (*path != '/' && *path != 0) return 0;
    while (*path == '/') path++;
    size_t length = strcspn(path, "/ ");
    if (length > 63) length = 63;
    memcpy(area, length ? path : ".", length ? length : 1);
    area[length ? length : 1] = 0;
    return 1;
}

static int area_of_fd(int fd, char *area) {
    char link[64], path[PATH_MAX];
    if (!folder_length || fd < 0) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = raw(SYS_readlinkat, AT_FDCWD, link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return area_of(path, area);
}

static int area_at(int at, const char *path, char *area) {
    if (!folder_length || !path) return 0;
    if (path[0] == '/') return area_of(path, area);
    if (at == AT_FDCWD) return 0;
    if (!path[0]) return area_of_fd(at, area);
    /* A name below an open folder (remove_dir_all): of that folder's area, or its own if that is the root. */
    if (!area_of_fd(at, area)) return 0;
    if (!strcmp(area, ".")) {
        snprintf(area, 64, "%.63s", path);
        area[strcspn(area, "/ ")] = 0;
    }
    return 1;
}

static void die(void) {
    raw(SYS_kill, raw(SYS_getpid), SIGKILL);
    for (;;) pause();
}

/* What becomes of a call: */
enum fate { PASS, FAIL, HALF, HALF_THEN_DIE, THEN_DIE };

static enum fate fate_of(const char *area, const char *call, enum need need) {
    enum fate fate = PASS;
    pthread_mutex_lock(&turn);
    if (full && need != READS && !raw(SYS_faccessat, AT_FDCWD, full, F_OK)) {
        errno = ENOSPC;
        fate = FAIL;
    } else if (!wanted) {
        char line[128];
        snprintf(line, sizeof line, "%s %s\n", area, call);
        say(line);
    } else if (on == EIO || (on == ENOSPC && need != READS) || (torn && need == WRITES && !strcmp(area, area_wanted))) {
        errno = on ? on : ENOSPC;
        torn = 0;
        fate = FAIL;
    } else if (!strcmp(area, area_wanted) && !strcmp(call, call_wanted) && ++counted == wanted) {
        say("hit\n");
        if (!strcmp(kind, "kill")) die();
        if (!strcmp(kind, "kill-after")) fate = THEN_DIE;
        else if (!strcmp(kind, "kill-half")) fate = HALF_THEN_DIE;
        else if (!strcmp(kind, "short") || !strcmp(kind, "torn")) {
            fate = HALF;
            torn = kind[0] == 't';
        } else {
            errno = kind[1] == 'i' ? EIO : ENOSPC;
            on = strstr(kind, "-on") ? errno : 0;
            fate = FAIL;
        }
    }
    pthread_mutex_unlock(&turn);
    return fate;
}


/* A call that is made whole or not at all. */
#define WHOLE(inside, call, need, failure, make)                     \
    do {                                                             \
        char area[64];                                               \
        enum fate fate = (inside) ? fate_of(area, call, need) : PASS; \
        if (fate == FAIL) return failure;                            \
        __auto_type made = make;                                     \
        if (fate == THEN_DIE) die();                                 \
        return made;                                                 \
    } while (0)

/* A call that moves `size` bytes and may move fewer. */
#define BYTES(call, need, make)                                                \
    do {                                                                       \
        char area[64];                                                         \
        enum fate fate = area_of_fd(fd, area) ? fate_of(area, call, need) : PASS; \
        if (fate == FAIL) return -1;                                           \
        if ((fate == HALF || fate == HALF_THEN_DIE) && size > 1) size /= 2;    \
        ssize_t made = make;                                                   \
        if (fate >= HALF_THEN_DIE) die();                                      \
        return made;                                                           \
    } while (0)

ssize_t read(int fd, void *to, size_t size) { BYTES("read", READS, REAL(read)(fd, to, size)); }
ssize_t pread64(int fd, void *to, size_t size, off64_t at) { BYTES("pread", READS, REAL(pread64)(fd, to, size, at)); }
ssize_t pread(int fd, void *to, size_t size, off_t at) { BYTES("pread", READS, REAL(pread)(fd, to, size, at)); }
ssize_t write(int fd, const void *of, size_t size) { BYTES("write", WRITES, REAL(write)(fd, of, size)); }
ssize_t pwrite64(int fd, const void *of, size_t size, off64_t at) {
    BYTES("pwrite", WRITES, REAL(pwrite64)(fd, of, size, at));
}
ssize_t pwrite(int fd, const void *of, size_t size, off_t at) { BYTES("pwrite", WRITES, REAL(pwrite)(fd, of, size, at)); }

int fsync(int fd) { WHOLE(area_of_fd(fd, area), "fsync", WRITES, -1, REAL(fsync)(fd)); }
int fdatasync(int fd) { WHOLE(area_of_fd(fd, area), "fdatasync", WRITES, -1, REAL(fdatasync)(fd)); }
int ftruncate64(int fd, off64_t to) { WHOLE(area_of_fd(fd, area), "ftruncate", WRITES, -1, REAL(ftruncate64)(fd, to)); }
int ftruncate(int fd, off_t to) { WHOLE(area_of_fd(fd, area), "ftruncate", WRITES, -1, REAL(ftruncate)(fd, to)); }
off64_t lseek64(int fd, off64_t to, int from) { WHOLE(area_of_fd(fd, area), "lseek", READS, -1, REAL(lseek64)(fd, to, from)); }
off_t lseek(int fd, off_t to, int from) { WHOLE(area_of_fd(fd, area), "lseek", READS, -1, REAL(lseek)(fd, to, from)); }
int flock(int fd, int how) { WHOLE(area_of_fd(fd, area), "flock", READS, -1, REAL(flock)(fd, how)); }

int mkdir(const char *path, mode_t mode) { WHOLE(area_of(path, area), "mkdir", NAMES, -1, REAL(mkdir)(path, mode)); }
int rmdir(const char *path) { WHOLE(area_of(path, area), "unlink", READS, -1, REAL(rmdir)(path)); }
int unlink(const char *path) { WHOLE(area_of(path, area), "unlink", READS, -1, REAL(unlink)(path)); }
int unlinkat(int at, const char *path, int flags) {
    WHOLE(area_at(at, path, area), "unlink", READS, -1, REAL(unlinkat)(at, path, flags));
}
int rename(const char *from, const char *to) { WHOLE(area_of(from, area), "rename", NAMES, -1, REAL(rename)(from, to)); }
int statx(int at, const char *restrict path, int flags, unsigned mask, struct statx *restrict to) {
    WHOLE(area_at(at, path, area), "stat", READS, -1, REAL(statx)(at, path, flags, mask, to));
}
DIR *opendir(const char *path) { WHOLE(area_of(path, area), "open", READS, NULL, REAL(opendir)(path)); }
struct dirent64 *readdir64(DIR *of) {
    WHOLE(area_of_fd(dirfd(of), area), "readdir", READS, NULL, REAL(readdir64)(of));
}

static mode_t mode_of(int flags, va_list rest) { return flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0; }

#define OPEN(name, before, at, ...)                                                                            \
    {                                                                                                          \
        va_list rest;                                                                                          \
        va_start(rest, flags);                                                                                 \
        mode_t mode = mode_of(flags, rest);                                                                    \
        va_end(rest);                                                                                          \
        WHOLE(area_at(at, path, area), "open", flags & O_CREAT ? NAMES : READS, -1, REAL(name)(before path, flags, mode)); \
    }
#define COMMA ,
int open64(const char *path, int flags, ...) OPEN(open64, , AT_FDCWD)
int open(const char *path, int flags, ...) OPEN(open, , AT_FDCWD)
int openat64(int at, const char *path, int flags, ...) OPEN(openat64, at COMMA, at)
int openat(int at, const char *path, int flags, ...) OPEN(openat, at COMMA, at)

/* Locks only: what else it does is not the disk's. redb makes the call by its number. */
static int is_lock(long what) {
    return what == F_OFD_SETLK || what == F_OFD_SETLKW || what == F_OFD_GETLK || what == F_SETLK || what == F_SETLKW;
}
int fcntl(int fd, int what, ...) {
    va_list rest;
    va_start(rest, what);
    void *with = va_arg(rest, void *);
    va_end(rest);
    WHOLE(is_lock(what) && area_of_fd(fd, area), "fcntl", READS, -1, REAL(fcntl)(fd, what, with));
}
long syscall(long number, ...) {
    long with[6];
    va_list rest;
    va_start(rest, number);
    for (int n = 0; n < 6; n++) with[n] = va_arg(rest, long);
    va_end(rest);
    int is_ours = number == SYS_fcntl && is_lock(with[1]);
    WHOLE(is_ours && area_of_fd((int)with[0], area), "fcntl", READS, -1,
          raw(number, with[0], with[1], with[2], with[3], with[4], with[5]));
}
