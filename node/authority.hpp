// Makes certificates: a private authority and what it signs for nodes. Pure but for the chance of OpenSSL: PEM in, PEM
// out, and the time is told.
#pragma once

#include "cluster/base/result.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace burrow {

/// PEM texts that belong together.
struct certificate_pair {
  std::string certificate, key;
};

/// Seconds since 1970.
struct validity {
  std::int64_t from_s = 0, until_s = 0;
};

/// A CA with an EC key on P-256, that signs certificates of nodes and no further CA. Errors: config_invalid.
[[nodiscard]] result<certificate_pair> make_authority(const std::string& name, validity when);
/// A certificate of a node, good for both sides of a connection; its names are NAME and the URI burrow:node:NAME.
/// Errors: config_invalid, if `ca` is no CA, its key another's, or it expires before.
[[nodiscard]] result<certificate_pair> issue_for_node(const certificate_pair& ca, const std::string& node,
                                                      validity when);

/// What a certificate says of itself.
struct certificate_facts {
  std::string subject, issuer, serial, fingerprint; ///< the last in hex, of SHA-256
  std::vector<std::string> names;                   ///< of nodes
  validity when;
  bool authority = false;
};
/// Of all certificates in a file. Errors: config_invalid.
[[nodiscard]] result<std::vector<certificate_facts>> describe_certificates(const std::string& pem);

} // namespace burrow
