// The certificates of a node: three files of the operator, checked as a whole before anything uses them, and copied to
// where CAF reads them. CAF opens its files for every connection and ends the process when one is broken (caf.md
// section 7), so it is never shown the operator's own.
#pragma once

#include "cluster/base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

struct x509_st; // X509 of OpenSSL

namespace burrow {

/// Paths of PEM files. `certificate` may hold intermediate certificates behind the node's own.
struct certificate_files {
  std::string certificate, key, ca;
};

class certificate_set {
public:
  /// Reads and checks. `now_s` is the time that dates are held against, in seconds since 1970.
  /// Errors: config_invalid, naming the file and what is wrong with it; never a part of the key.
  [[nodiscard]] static result<certificate_set> load(const certificate_files& files, std::int64_t now_s);
  /// As `load`, of what was read: each parses, the key belongs to the certificate, and the certificate leads to the CA,
  /// may be shown to clients and to servers, and is within its dates.
  [[nodiscard]] result<void> check(const certificate_files& files, std::int64_t now_s);

  /// Copies the set into a directory of its own below `directory` (made if need be, both 0700) and has the link
  /// `directory/current` lead there, by a rename. There are then cert.pem, key.pem and ca.pem. Sets that are neither
  /// this one nor the one before are removed. Nothing is done if `current` holds the same. Errors: io_failed.
  [[nodiscard]] result<void> install(const std::string& directory) const;

  [[nodiscard]] const std::string& certificate() const { return certificate_; }
  [[nodiscard]] const std::string& key() const { return key_; }
  [[nodiscard]] const std::string& ca() const { return ca_; }
  /// Of the node's own certificate.
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }
  [[nodiscard]] bool is_for(std::string_view node) const;
  [[nodiscard]] std::int64_t expires_s() const { return expires_s_; }

private:
  std::string certificate_, key_, ca_;
  std::vector<std::string> names_;
  std::int64_t expires_s_ = 0;
};

/// Names of nodes that a certificate is for: its common name, its DNS names, and its URIs burrow:node:NAME.
[[nodiscard]] std::vector<std::string> certificate_names(const x509_st* certificate);

/// Where an installed set lies.
[[nodiscard]] certificate_files installed_certificates(const std::string& directory);

} // namespace burrow
