// LD_PRELOAD shim: a wall clock that jumps while the process runs. Only wall time moves; steady clocks, and so sleeps
// and timers, do not (libfaketime moves them too, and upsets timed waits).
//   BURROW_CLOCK_FILE=/path   8 bytes, little endian, signed: nanoseconds to add. Mapped, so a change counts at once.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t* offset_at;

__attribute__((constructor)) static void map(void) {
  const char* path = getenv("BURROW_CLOCK_FILE");
  int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
  if (fd < 0) return;
  void* mapped = mmap(NULL, sizeof *offset_at, PROT_READ, MAP_SHARED, fd, 0);
  close(fd);
  if (mapped != MAP_FAILED) offset_at = mapped;
}

static void add(struct timespec* t, int64_t ns) {
  int64_t sum = (int64_t)t->tv_sec * 1000000000 + t->tv_nsec + ns;
  t->tv_sec = sum / 1000000000;
  t->tv_nsec = sum % 1000000000;
}

static int64_t offset(void) { return offset_at ? *offset_at : 0; }

int clock_gettime(clockid_t clock, struct timespec* t) {
  static int (*real)(clockid_t, struct timespec*);
  if (!real) real = (int (*)(clockid_t, struct timespec*))dlsym(RTLD_NEXT, "clock_gettime");
  int result = real(clock, t);
  const int wall = clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE || clock == CLOCK_TAI;
  if (result == 0 && wall) add(t, offset());
  return result;
}

int gettimeofday(struct timeval* restrict tv, void* restrict zone) {
  (void)zone;
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  tv->tv_sec = t.tv_sec;
  tv->tv_usec = t.tv_nsec / 1000;
  return 0;
}

time_t time(time_t* out) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  if (out) *out = t.tv_sec;
  return t.tv_sec;
}

// Deadlines on the wall clock are the kernel's, which has not jumped. A steady deadline is less than 10^9 seconds.
static struct timespec real_deadline(const struct timespec* until) {
  struct timespec t = *until;
  if (t.tv_sec > 1000000000) add(&t, -offset());
  return t;
}

int pthread_cond_timedwait(pthread_cond_t* restrict cond, pthread_mutex_t* restrict mutex,
                           const struct timespec* restrict until) {
  static __typeof__(&pthread_cond_timedwait) real;
  if (!real) real = (__typeof__(real))dlsym(RTLD_NEXT, "pthread_cond_timedwait");
  struct timespec t = real_deadline(until);
  return real(cond, mutex, &t);
}

int pthread_mutex_timedlock(pthread_mutex_t* restrict mutex, const struct timespec* restrict until) {
  static __typeof__(&pthread_mutex_timedlock) real;
  if (!real) real = (__typeof__(real))dlsym(RTLD_NEXT, "pthread_mutex_timedlock");
  struct timespec t = real_deadline(until);
  return real(mutex, &t);
}

int sem_timedwait(sem_t* restrict sem, const struct timespec* restrict until) {
  static __typeof__(&sem_timedwait) real;
  if (!real) real = (__typeof__(real))dlsym(RTLD_NEXT, "sem_timedwait");
  struct timespec t = real_deadline(until);
  return real(sem, &t);
}
