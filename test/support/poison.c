/* LD_PRELOAD shim for the test of poison entries: the process ends when anything that contains BURROW_POISON is hashed.
 * The name of a message is hashed when the state takes it in, so such a message ends the process in its apply, and
 * nowhere else. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

XXH128_hash_t XXH3_128bits(const void* input, size_t length) {
  static XXH128_hash_t (*real)(const void*, size_t);
  const char* const needle = getenv("BURROW_POISON");
  if (needle != NULL && input != NULL && memmem(input, length, needle, strlen(needle)) != NULL) abort();
  if (real == NULL) real = (XXH128_hash_t(*)(const void*, size_t))dlsym(RTLD_NEXT, "XXH3_128bits");
  return real(input, length);
}
