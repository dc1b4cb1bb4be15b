// OpenSSL keeps errors in a queue of the thread, and SSL_get_error() reads it: so the queue must be empty before each
// operation (its manual says so). CAF 0.17 never empties it; it does so only in a log line that Debian's build leaves
// out. One connection that fails its handshake thus makes the next read of any other on CAF's network thread look
// failed, and it is closed: a stranger that knocks every half second keeps all control links of a node down (seen in
// control_test.cpp, "with certificates"). Symbols of the program come before those of libraries, so CAF calls these.
// For Asio, which empties the queue itself, nothing changes.
#include "actors/caf_tls_guard.hpp"

#include "cluster/base/assert.hpp"

#include <dlfcn.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

namespace {

/// OpenSSL's own function of that name.
template <class Function>
Function* next(const char* name) {
  auto* const found = reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
  BURROW_ASSERT(found != nullptr);
  return found;
}

} // namespace

extern "C" {

int SSL_read(SSL* ssl, void* bytes, int size) {
  static auto* const real = next<int(SSL*, void*, int)>("SSL_read");
  ERR_clear_error();
  return real(ssl, bytes, size);
}

int SSL_write(SSL* ssl, const void* bytes, int size) {
  static auto* const real = next<int(SSL*, const void*, int)>("SSL_write");
  ERR_clear_error();
  return real(ssl, bytes, size);
}

int SSL_accept(SSL* ssl) {
  static auto* const real = next<int(SSL*)>("SSL_accept");
  ERR_clear_error();
  return real(ssl);
}

int SSL_connect(SSL* ssl) {
  static auto* const real = next<int(SSL*)>("SSL_connect");
  ERR_clear_error();
  return real(ssl);
}

} // extern "C"

namespace burrow {

void guard_caf_tls() {}

} // namespace burrow
