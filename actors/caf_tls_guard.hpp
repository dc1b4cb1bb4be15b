// A fault of CAF 0.17's TLS module, made good from outside.
#pragma once

namespace burrow {

/// Linking against this is what counts: caf_tls_guard.cpp stands in front of four functions of OpenSSL for the whole
/// process. Idempotent, does nothing itself.
void guard_caf_tls();

} // namespace burrow
