// LD_PRELOAD shim: a machine whose clock is wrong. Adds BURROW_CLOCK_OFFSET_MS to the wall clock and leaves the steady
// ones alone, so that a node sleeps and times out as before but tells another time.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

typedef int (*gettime_function)(clockid_t, struct timespec*);

static gettime_function real_gettime;
static long offset_ms;

__attribute__((constructor)) static void begin(void) {
  const char* text = getenv("BURROW_CLOCK_OFFSET_MS");
  offset_ms = text ? atol(text) : 0;
  real_gettime = (gettime_function)dlsym(RTLD_NEXT, "clock_gettime");
}

int clock_gettime(clockid_t which, struct timespec* at) {
  // Another library's constructor may have come before ours.
  if (!real_gettime) real_gettime = (gettime_function)dlsym(RTLD_NEXT, "clock_gettime");
  const int done = real_gettime(which, at);
  if (done != 0 || (which != CLOCK_REALTIME && which != CLOCK_REALTIME_COARSE)) return done;
  long long ns = (long long)at->tv_sec * 1000000000LL + at->tv_nsec + offset_ms * 1000000LL;
  at->tv_sec = (time_t)(ns / 1000000000LL);
  at->tv_nsec = (long)(ns % 1000000000LL);
  return 0;
}
