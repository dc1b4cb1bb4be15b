// LD_PRELOAD shim: makes syncs slow, or fails one. kill -9 cannot show a missing sync, since the page cache outlives
// the process; an answer that comes sooner than the sync can.
//   BURROW_SYNC_DELAY_MS=300   every fdatasync and fsync takes at least that much longer
//   BURROW_SYNC_FAIL_AT=7      the 7th, counted from 1, fails with EIO (and is not passed on)
//   BURROW_SYNC_FAIL_FILE=F    the same from the moment file F exists: the next one fails
//   BURROW_SYNC_STALL_FILE=F   while file F exists every sync takes as many milliseconds longer as it says, or hangs
//                              until it is gone if it is empty; F.seen is made when that first happens
//   BURROW_SYNC_DIR=/path      only files below that directory count
// sync_file_range is left alone on purpose: it promises no durability, so nothing may wait for it.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static atomic_long count;

static int applies(int fd) {
  const char* dir = getenv("BURROW_SYNC_DIR");
  if (!dir || !*dir) return 1;
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t n = readlink(link, path, sizeof path - 1);
  if (n < 0) return 0;
  path[n] = 0;
  size_t length = strlen(dir);
  while (length > 1 && dir[length - 1] == '/') length--;
  return strncmp(path, dir, length) == 0 && (path[length] == '/' || path[length] == 0);
}

static void wait_for(long ms) {
  struct timespec left = {ms / 1000, ms % 1000 * 1000000L};
  while (nanosleep(&left, &left) != 0 && errno == EINTR) {
  }
}

static void delay(void) {
  const char* text = getenv("BURROW_SYNC_DELAY_MS");
  long ms = text ? atol(text) : 0;
  if (ms > 0) wait_for(ms);
}

static void stall(void) {
  const char* file = getenv("BURROW_SYNC_STALL_FILE");
  int fd;
  while (file && (fd = open(file, O_RDONLY | O_CLOEXEC)) >= 0) {
    char seen[4096], text[16] = "";
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    snprintf(seen, sizeof seen, "%s.seen", file);
    if ((fd = open(seen, O_WRONLY | O_CREAT | O_CLOEXEC, 0640)) >= 0) close(fd);
    wait_for(n > 0 ? atol(text) : 10);
    if (n > 0) return;
  }
}

static int fails(void) {
  long number = atomic_fetch_add(&count, 1) + 1;
  const char* at = getenv("BURROW_SYNC_FAIL_AT");
  const char* file = getenv("BURROW_SYNC_FAIL_FILE");
  return (at && number == atol(at)) || (file && access(file, F_OK) == 0);
}

// After the real sync, so that what was answered later than the delay was on disk for all of it.
static int sync_with(const char* name, int fd) {
  int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
  if (!applies(fd)) return real(fd);
  if (fails()) {
    errno = EIO;
    return -1;
  }
  int result = real(fd);
  int saved = errno;
  delay();
  stall();
  errno = saved;
  return result;
}

int fdatasync(int fd) { return sync_with("fdatasync", fd); }
int fsync(int fd) { return sync_with("fsync", fd); }
