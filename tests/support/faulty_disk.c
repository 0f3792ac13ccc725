/* A disk that fails when told, and loses what it never confirmed: for LD_PRELOAD over a program under test.
 *
 * What the program writes below FAULTY_DATA goes to the real files, which stand for the system's page cache. A copy
 * below FAULTY_IMAGE stands for the disk: only a sync that succeeds takes pages there. After a sync that fails the pages
 * count as clean, as on Linux: a later sync knows nothing of them unless they are written again. A power loss is to go
 * on from the image.
 *
 * The bytes of the file FAULTY_SWITCHES are looked at in each call, see `enum`. What is dirty is noted behind them, for
 * the system outlives a process that is killed.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    SYNC,     /* syncs fail with EIO ... */
    DATABASE, /* ... or those of slowburn.db only */
    WRITE,    /* writes fail with EIO */
    READONLY, /* writes fail with EROFS */
    SLOW,     /* each sync takes so many milliseconds */
    LATER,    /* the monotonic clock is so many minutes ahead */
    SWITCHES = 64
};

#define PAGE 4096
#define PAGES (1 << 15)
#define FILES 64
#define FDS 4096

struct file {
    char name[64]; /* below the directory; empty: none */
    unsigned char dirty[PAGES];
};

static volatile unsigned char *switches;
static struct file *files;
static struct file *by_fd[FDS];
static const char *data, *image;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void *real(const char *name) { return dlsym(RTLD_NEXT, name); }

static int is_on(int number) { return switches ? switches[number] : 0; }

static void die(const char *what) {
    perror(what);
    abort();
}

__attribute__((constructor)) static void begin(void) {
    int (*open_file)(const char *, int, ...) = real("open");
    const char *path = getenv("FAULTY_SWITCHES");
    data = getenv("FAULTY_DATA");
    image = getenv("FAULTY_IMAGE");
    int fd = path ? open_file(path, O_RDWR | O_CLOEXEC) : -1;
    size_t length = SWITCHES + FILES * sizeof(struct file);
    void *mapped = fd < 0 ? MAP_FAILED : mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (!data || !image || mapped == MAP_FAILED) die("faulty_disk: no switches");
    files = (struct file *)((char *)mapped + SWITCHES);
    switches = mapped;
    close(fd);
}

/* The name below the data directory of a file that is kept there; the index of SQLite's log is memory. */
static const char *name_of(const char *path) {
    size_t length = data ? strlen(data) : 0;
    if (!length || strncmp(path, data, length) || path[length] != '/') return NULL;
    const char *name = path + length + 1, *shm = strstr(name, "-shm");
    return shm && !shm[4] ? NULL : name;
}

static struct file *find(const char *name) {
    for (int i = 0; i < FILES; i++)
        if (!strcmp(files[i].name, name)) return &files[i];
    return NULL;
}

static void image_of(const char *name, char *path) { snprintf(path, 512, "%s/%s", image, name); }

static int opened(int fd, const char *name, int flags) {
    if (fd < 0 || fd >= FDS) return fd;
    pthread_mutex_lock(&lock);
    by_fd[fd] = NULL;
    if (name) {
        struct file *file = find(name);
        if (!file && !(file = find(""))) die("faulty_disk: too many files");
        strncpy(file->name, name, sizeof file->name - 1);
        if (flags & O_TRUNC) memset(file->dirty, 1, PAGES);
        by_fd[fd] = file;
    }
    pthread_mutex_unlock(&lock);
    return fd;
}

static struct file *file_of(int fd) { return fd >= 0 && fd < FDS ? by_fd[fd] : NULL; }

#define OPEN(function)                                                                             \
    int function(const char *path, int flags, ...) {                                               \
        int (*call)(const char *, int, ...) = real(#function);                                     \
        va_list rest;                                                                              \
        va_start(rest, flags);                                                                     \
        mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(rest, mode_t) : 0;                  \
        va_end(rest);                                                                              \
        const char *name = name_of(path);                                                          \
        if (name && (flags & O_ACCMODE) != O_RDONLY && is_on(READONLY)) return errno = EROFS, -1;  \
        return opened(call(path, flags, mode), name, flags);                                       \
    }
OPEN(open)
OPEN(open64)

int close(int fd) {
    int (*call)(int) = real("close");
    if (fd >= 0 && fd < FDS) by_fd[fd] = NULL;
    return call(fd);
}

/* Whether a write may go on; notes which pages it makes dirty. */
static int writes(int fd, off_t at, size_t length) {
    struct file *file = file_of(fd);
    if (!file) return 1;
    if (is_on(READONLY)) return errno = EROFS, 0;
    if (is_on(WRITE)) return errno = EIO, 0;
    off_t end = (at + length + PAGE - 1) / PAGE;
    if (end > PAGES) die("faulty_disk: the file is too large");
    for (off_t page = at / PAGE; page < end; page++) file->dirty[page] = 1;
    return 1;
}

#define PWRITE(function)                                                                           \
    ssize_t function(int fd, const void *bytes, size_t length, off_t at) {                         \
        ssize_t (*call)(int, const void *, size_t, off_t) = real(#function);                       \
        return writes(fd, at, length) ? call(fd, bytes, length, at) : -1;                          \
    }
PWRITE(pwrite)
PWRITE(pwrite64)

ssize_t write(int fd, const void *bytes, size_t length) {
    ssize_t (*call)(int, const void *, size_t) = real("write");
    off_t at = file_of(fd) ? lseek(fd, 0, SEEK_CUR) : 0;
    return writes(fd, at, length) ? call(fd, bytes, length) : -1;
}

#define TRUNCATE(function)                                                                         \
    int function(int fd, off_t length) {                                                           \
        int (*call)(int, off_t) = real(#function);                                                 \
        return writes(fd, length, 1) ? call(fd, length) : -1;                                      \
    }
TRUNCATE(ftruncate)
TRUNCATE(ftruncate64)

/* Takes the dirty pages of a file to its image. */
static void take(int fd, struct file *file) {
    char path[512], page[PAGE];
    struct stat stat;
    int (*open_file)(const char *, int, ...) = real("open");
    ssize_t (*write_page)(int, const void *, size_t, off_t) = real("pwrite");
    int (*cut)(int, off_t) = real("ftruncate");
    image_of(file->name, path);
    int out = open_file(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (out < 0 || fstat(fd, &stat)) die("faulty_disk: no image");
    for (off_t number = 0; number < PAGES; number++) {
        if (!file->dirty[number]) continue;
        ssize_t got = pread(fd, page, PAGE, number * PAGE);
        if (got > 0 && write_page(out, page, got, number * PAGE) != got) die("faulty_disk: image");
    }
    if (cut(out, stat.st_size)) die("faulty_disk: image");
    close(out);
}

static int sync_file(int fd, int (*call)(int)) {
    struct file *file = file_of(fd);
    if (!file) return call(fd);
    if (is_on(SLOW)) usleep(1000 * is_on(SLOW));
    pthread_mutex_lock(&lock);
    int fails = is_on(SYNC) || (is_on(DATABASE) && !strcmp(file->name, "slowburn.db"));
    if (!fails) take(fd, file);
    memset(file->dirty, 0, PAGES);
    pthread_mutex_unlock(&lock);
    return fails ? (errno = EIO, -1) : 0;
}

int fsync(int fd) { return sync_file(fd, real("fsync")); }
int fdatasync(int fd) { return sync_file(fd, real("fdatasync")); }

int unlink(const char *path) {
    int (*call)(const char *) = real("unlink");
    const char *name = name_of(path);
    if (name && is_on(READONLY)) return errno = EROFS, -1;
    if (name) {
        char copy[512];
        image_of(name, copy);
        call(copy);
        struct file *file = find(name);
        if (file) memset(file->dirty, 0, PAGES), file->name[0] = 0;
    }
    return call(path);
}

int rename(const char *from, const char *to) {
    int (*call)(const char *, const char *) = real("rename");
    const char *name = name_of(from), *next = name_of(to);
    if (name && next) {
        char copy[512], copy_to[512];
        image_of(name, copy);
        image_of(next, copy_to);
        call(copy, copy_to);
        struct file *file = find(name), *over = find(next);
        if (over) over->name[0] = 0;
        if (file) strncpy(file->name, next, sizeof file->name - 1);
    }
    return call(from, to);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    static int (*call)(clockid_t, struct timespec *);
    if (!call) call = real("clock_gettime");
    int answer = call(clock, now);
    if (clock == CLOCK_MONOTONIC) now->tv_sec += 60 * is_on(LATER);
    return answer;
}
