// LD_PRELOAD shim: writes down what has reached the disk for certain, so that after kill -9 test/chaos/power.py can
// take everything else away, as a power cut may. kill -9 alone cannot: the page cache outlives the process.
//   BURROW_POWER_DIR=/path    only files below that directory count
//   BURROW_POWER_LOG=/path    lines are appended here; a file of its own outside that directory, which outlives the
//                             process: what an earlier life left unsynced is still unsynced
//   BURROW_POWER_KEEP=/path   old contents and unlinked files are kept here; on the same file system
//
// Lines, fields separated by tabs:
//   sync INODE SIZE           a sync of that file returned; it covers that many bytes
//   new INODE PATH            a directory entry that is not synced yet: a file or directory was made
//   move FROM TO KEPT         renamed; KEPT is a link to what TO was before, or "-"
//   gone PATH KEPT            unlinked; KEPT is a link to it
//   dir PATH                  a sync of that directory returned: the lines above about its entries count for good
//   over INODE KEPT           bytes below the synced size are about to be overwritten; KEPT has the content before that
// A write that only appends needs no line: the size at the last sync says what to cut.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

// Overwriting is seen in small files only (the mark SYNCED); large ones are appended to.
enum { path_max = 4096, small_file = 65536 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_long kept_number;

static const char* directory(void) { return getenv("BURROW_POWER_DIR"); }

static int below(const char* path) {
  const char* dir = directory();
  if (!dir || !*dir) return 0;
  size_t length = strlen(dir);
  return strncmp(path, dir, length) == 0 && (path[length] == '/' || path[length] == 0);
}

static int path_of(int fd, char* path) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t n = readlink(link, path, path_max - 1);
  if (n < 0) return 0;
  path[n] = 0;
  return below(path);
}

// As the kernel names it; false if it is none of ours. The last part may be missing.
static int full_path(int at, const char* name, char* path) {
  char text[path_max];
  if (name[0] == '/') snprintf(text, sizeof text, "%s", name);
  else if (at == AT_FDCWD) {
    char here[path_max];
    if (!getcwd(here, sizeof here)) return 0;
    snprintf(text, sizeof text, "%.2000s/%.2000s", here, name);
  } else {
    char base[path_max];
    path_of(at, base);
    snprintf(text, sizeof text, "%.2000s/%.2000s", base, name);
  }
  char* slash = strrchr(text, '/');
  if (!slash || slash == text) return 0;
  *slash = 0;
  char resolved[path_max];
  if (!realpath(text, resolved)) return 0;
  snprintf(path, path_max, "%.2000s/%.2000s", resolved, slash + 1);
  return below(path);
}

// One write for a line, so that lines of two threads never mix and a kill leaves a whole number of them.
static void note(const char* format, ...) {
  const char* log = getenv("BURROW_POWER_LOG");
  if (!log) return;
  char line[3 * path_max];
  va_list more;
  va_start(more, format);
  int n = vsnprintf(line, sizeof line, format, more);
  va_end(more);
  int fd = REAL(open)(log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
  if (fd < 0 || REAL(write)(fd, line, (size_t)n) != n) abort();
  REAL(close)(fd);
}

static void kept_name(char* name) {
  snprintf(name, path_max, "%s/%d-%ld", getenv("BURROW_POWER_KEEP"), (int)getpid(), atomic_fetch_add(&kept_number, 1));
}

static int synced(const char* name, int fd) {
  int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
  char path[path_max];
  struct stat info;
  // Its size before: what is written meanwhile may or may not be covered.
  if (!path_of(fd, path) || fstat(fd, &info) != 0) return real(fd);
  int result = real(fd), saved = errno;
  if (result == 0) {
    pthread_mutex_lock(&lock);
    if (S_ISDIR(info.st_mode)) note("dir\t%s\n", path);
    else note("sync\t%lu\t%lld\n", (unsigned long)info.st_ino, (long long)info.st_size);
    pthread_mutex_unlock(&lock);
  }
  errno = saved;
  return result;
}

int fsync(int fd) { return synced("fsync", fd); }
int fdatasync(int fd) { return synced("fdatasync", fd); }

static void made(const char* path) {
  struct stat info;
  if (lstat(path, &info) == 0) note("new\t%lu\t%s\n", (unsigned long)info.st_ino, path);
}

static void copy_of(int fd, const char* to) {
  char bytes[small_file];
  ssize_t n = pread(fd, bytes, sizeof bytes, 0);
  int out = REAL(open)(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
  if (out < 0 || n < 0 || REAL(write)(out, bytes, (size_t)n) != n) abort();
  REAL(close)(out);
}

// Called before bytes of a file are changed in place or cut off.
static void overwrites(int fd, off_t from) {
  char path[path_max], kept[path_max], own[64];
  struct stat info;
  if (!path_of(fd, path) || fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) return;
  if (from >= info.st_size || info.st_size > small_file) return;
  snprintf(own, sizeof own, "/proc/self/fd/%d", fd);
  int readable = REAL(open)(own, O_RDONLY | O_CLOEXEC);
  if (readable < 0) return;
  pthread_mutex_lock(&lock);
  kept_name(kept);
  copy_of(readable, kept);
  note("over\t%lu\t%s\n", (unsigned long)info.st_ino, kept);
  pthread_mutex_unlock(&lock);
  REAL(close)(readable);
}

static int opened(int at, const char* name, int flags, mode_t mode) {
  int (*real)(int, const char*, int, ...) = REAL(openat);
  char path[path_max];
  if (!(flags & (O_CREAT | O_TRUNC)) || !full_path(at, name, path)) return real(at, name, flags, mode);
  if ((flags & O_TRUNC) && access(path, F_OK) == 0) {
    int old = real(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
    if (old >= 0) {
      overwrites(old, 0);
      REAL(close)(old);
    }
  }
  pthread_mutex_lock(&lock);
  int missing = access(path, F_OK) != 0;
  int fd = real(at, name, flags, mode);
  int saved = errno;
  if (fd >= 0 && missing) made(path);
  pthread_mutex_unlock(&lock);
  errno = saved;
  return fd;
}

static mode_t mode_of(int flags, va_list more) { return flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0; }

#define OPEN(name, arguments, at, path)          \
  int name arguments {                           \
    va_list more;                                \
    va_start(more, flags);                       \
    mode_t mode = mode_of(flags, more);          \
    va_end(more);                                \
    return opened(at, path, flags, mode);        \
  }
OPEN(open, (const char* path, int flags, ...), AT_FDCWD, path)
OPEN(open64, (const char* path, int flags, ...), AT_FDCWD, path)
OPEN(openat, (int at, const char* path, int flags, ...), at, path)
OPEN(openat64, (int at, const char* path, int flags, ...), at, path)

static FILE* stream(const char* name, const char* path, const char* how) {
  FILE* (*real)(const char*, const char*) = (FILE * (*)(const char*, const char*))dlsym(RTLD_NEXT, name);
  char full[path_max];
  if (how[0] == 'r' || !full_path(AT_FDCWD, path, full)) return real(path, how);
  pthread_mutex_lock(&lock);
  int missing = access(full, F_OK) != 0;
  FILE* file = real(path, how);
  if (file && missing) made(full);
  pthread_mutex_unlock(&lock);
  return file;
}
FILE* fopen(const char* path, const char* how) { return stream("fopen", path, how); }
FILE* fopen64(const char* path, const char* how) { return stream("fopen64", path, how); }

ssize_t pwrite(int fd, const void* bytes, size_t size, off_t at) {
  overwrites(fd, at);
  return REAL(pwrite)(fd, bytes, size, at);
}
ssize_t pwrite64(int fd, const void* bytes, size_t size, off64_t at) {
  overwrites(fd, at);
  return REAL(pwrite)(fd, bytes, size, at);
}
int ftruncate(int fd, off_t size) {
  overwrites(fd, size);
  return REAL(ftruncate)(fd, size);
}
int ftruncate64(int fd, off64_t size) {
  overwrites(fd, size);
  return REAL(ftruncate)(fd, size);
}

int mkdir(const char* name, mode_t mode) {
  char path[path_max];
  int ours = full_path(AT_FDCWD, name, path);
  pthread_mutex_lock(&lock);
  int result = REAL(mkdir)(name, mode), saved = errno;
  if (ours && result == 0) made(path);
  pthread_mutex_unlock(&lock);
  errno = saved;
  return result;
}

int link(const char* old, const char* name) {
  char path[path_max];
  int ours = full_path(AT_FDCWD, name, path);
  pthread_mutex_lock(&lock);
  int result = REAL(link)(old, name), saved = errno;
  // The inode keeps what it has; only the entry is new, so no line with its inode.
  if (ours && result == 0) note("new\t0\t%s\n", path);
  pthread_mutex_unlock(&lock);
  errno = saved;
  return result;
}

int rename(const char* old, const char* name) {
  char from[path_max], to[path_max], kept[path_max] = "-";
  int ours = full_path(AT_FDCWD, old, from) & full_path(AT_FDCWD, name, to);
  if (!ours) return REAL(rename)(old, name);
  pthread_mutex_lock(&lock);
  if (access(to, F_OK) == 0) {
    kept_name(kept);
    if (REAL(link)(to, kept) != 0) snprintf(kept, sizeof kept, "-");
  }
  int result = REAL(rename)(old, name), saved = errno;
  if (result == 0) note("move\t%s\t%s\t%s\n", from, to, kept);
  pthread_mutex_unlock(&lock);
  errno = saved;
  return result;
}

static int removed(const char* path, int (*real)(const char*), const char* name) {
  char kept[path_max];
  pthread_mutex_lock(&lock);
  kept_name(kept);
  int linked = REAL(link)(path, kept) == 0;
  int result = real(name), saved = errno;
  if (result == 0 && linked) note("gone\t%s\t%s\n", path, kept);
  else if (linked) REAL(unlink)(kept);
  pthread_mutex_unlock(&lock);
  errno = saved;
  return result;
}

int unlink(const char* name) {
  char path[path_max];
  if (!full_path(AT_FDCWD, name, path)) return REAL(unlink)(name);
  return removed(path, REAL(unlink), name);
}

// std::filesystem::remove calls this one.
int remove(const char* name) {
  char path[path_max];
  if (!full_path(AT_FDCWD, name, path)) return REAL(remove)(name);
  return removed(path, REAL(remove), name);
}
