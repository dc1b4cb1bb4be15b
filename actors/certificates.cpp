#include "actors/certificates.hpp"

#include "actors/openssl_ptr.hpp"
#include "cluster/base/limits.hpp"

#include <fmt/format.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <memory>

namespace burrow {
namespace {

constexpr std::size_t file_bytes_max = 256 * limits::kib;

using store_ptr = std::unique_ptr<X509_STORE, freed_by<X509_STORE_free>>;
using store_context_ptr = std::unique_ptr<X509_STORE_CTX, freed_by<X509_STORE_CTX_free>>;

error invalid(const std::string& path, std::string_view why) {
  return {errc::config_invalid, fmt::format("{}: {}", path, why)};
}

result<std::string> read_file(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return invalid(path, std::strerror(errno));
  std::string out(file_bytes_max + 1, '\0');
  std::size_t size = 0;
  ssize_t got = 1;
  while (got > 0 && size < out.size()) {
    got = ::read(file, out.data() + size, out.size() - size);
    if (got > 0) size += static_cast<std::size_t>(got);
    else if (got < 0 && errno == EINTR) got = 1;
  }
  const int why = errno;
  ::close(file);
  if (got < 0) return invalid(path, std::strerror(why));
  if (size > file_bytes_max) return invalid(path, "too large to be a PEM file");
  out.resize(size);
  return out;
}

bio_ptr reading(const std::string& pem) { return bio_ptr{BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))}; }

/// All certificates of a file; none if one of them does not parse.
std::vector<x509_ptr> parse_certificates(const std::string& pem) {
  std::vector<x509_ptr> out;
  const auto in = reading(pem);
  ERR_clear_error();
  while (auto* one = PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr)) out.emplace_back(one);
  const bool clean = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (!clean) out.clear();
  return out;
}

/// A passphrase is never asked for: a node starts without anybody at the terminal.
int no_passphrase(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

std::int64_t seconds_of(const ASN1_TIME* time) {
  std::tm parts{};
  return ASN1_TIME_to_tm(time, &parts) == 1 ? static_cast<std::int64_t>(::timegm(&parts)) : 0;
}

std::string day_of(std::int64_t at) {
  std::tm parts{};
  const auto t = static_cast<std::time_t>(at);
  ::gmtime_r(&t, &parts);
  return fmt::format("{:04}-{:02}-{:02}", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday);
}

struct parsed_set {
  std::vector<x509_ptr> chain, authorities;
  store_ptr store;
};

/// Empty: the certificate leads to a CA and may be used for this.
std::string why_not(const parsed_set& set, int purpose, std::int64_t now_s) {
  STACK_OF(X509)* between = sk_X509_new_null();
  for (std::size_t i = 1; i < set.chain.size(); ++i) sk_X509_push(between, set.chain[i].get());
  const store_context_ptr context{X509_STORE_CTX_new()};
  X509_STORE_CTX_init(context.get(), set.store.get(), set.chain[0].get(), between);
  X509_STORE_CTX_set_purpose(context.get(), purpose);
  X509_STORE_CTX_set_time(context.get(), 0, static_cast<std::time_t>(now_s));
  const bool good = X509_verify_cert(context.get()) == 1;
  const int code = X509_STORE_CTX_get_error(context.get());
  sk_X509_free(between);
  ERR_clear_error();
  if (good) return {};
  const auto* at = X509_STORE_CTX_get_current_cert(context.get());
  if (at && code == X509_V_ERR_CERT_HAS_EXPIRED)
    return fmt::format("expired on {}", day_of(seconds_of(X509_get0_notAfter(at))));
  if (at && code == X509_V_ERR_CERT_NOT_YET_VALID)
    return fmt::format("is valid from {} on only", day_of(seconds_of(X509_get0_notBefore(at))));
  return X509_verify_cert_error_string(code);
}

} // namespace

std::vector<std::string> certificate_names(const x509_st* certificate) {
  constexpr std::string_view uri = "burrow:node:";
  std::vector<std::string> out;
  const auto add = [&](const ASN1_STRING* text, std::string_view prefix) {
    std::string_view s{reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                       static_cast<std::size_t>(ASN1_STRING_length(text))};
    if (!s.starts_with(prefix)) return;
    s.remove_prefix(prefix.size());
    if (!s.empty() && s.find('\0') == std::string_view::npos) out.emplace_back(s);
  };
  auto* const subject = X509_get_subject_name(certificate);
  for (int at = -1; (at = X509_NAME_get_index_by_NID(subject, NID_commonName, at)) >= 0;)
    add(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)), "");
  auto* const names =
    static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    const auto* name = sk_GENERAL_NAME_value(names, i);
    if (name->type == GEN_DNS) add(name->d.dNSName, "");
    if (name->type == GEN_URI) add(name->d.uniformResourceIdentifier, uri);
  }
  GENERAL_NAMES_free(names);
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

result<certificate_set> certificate_set::load(const certificate_files& files, std::int64_t now_s) {
  certificate_set out;
  const std::pair<const std::string*, std::string*> parts[] = {
    {&files.certificate, &out.certificate_}, {&files.key, &out.key_}, {&files.ca, &out.ca_}};
  for (const auto& [path, into] : parts) {
    auto bytes = read_file(*path);
    if (!bytes) return bytes.error();
    *into = std::move(*bytes);
  }
  if (auto good = out.check(files, now_s); !good) return good.error();
  return out;
}

result<void> certificate_set::check(const certificate_files& files, std::int64_t now_s) {
  parsed_set set;
  set.chain = parse_certificates(certificate_);
  if (set.chain.empty()) return invalid(files.certificate, "holds no certificate in PEM form, or a broken one");
  set.authorities = parse_certificates(ca_);
  if (set.authorities.empty()) return invalid(files.ca, "holds no certificate in PEM form, or a broken one");
  bool asked = false;
  const key_ptr key{PEM_read_bio_PrivateKey(reading(key_).get(), nullptr, no_passphrase, &asked)};
  ERR_clear_error();
  if (asked) return invalid(files.key, "has a passphrase, and nobody can type it");
  if (!key) return invalid(files.key, "holds no private key in PEM form");
  if (X509_check_private_key(set.chain[0].get(), key.get()) != 1) {
    ERR_clear_error();
    return invalid(files.key, fmt::format("is not the key of {}", files.certificate));
  }
  set.store.reset(X509_STORE_new());
  for (const auto& one : set.authorities) {
    if (X509_check_ca(one.get()) == 0) return invalid(files.ca, "holds a certificate that is no authority's");
    X509_STORE_add_cert(set.store.get(), one.get());
  }
  for (const int purpose : {X509_PURPOSE_SSL_SERVER, X509_PURPOSE_SSL_CLIENT})
    if (const auto why = why_not(set, purpose, now_s); !why.empty())
      return invalid(files.certificate, fmt::format("{} (checked with {} as a certificate of a {})", why, files.ca,
                                                    purpose == X509_PURPOSE_SSL_SERVER ? "server" : "client"));
  names_ = certificate_names(set.chain[0].get());
  expires_s_ = seconds_of(X509_get0_notAfter(set.chain[0].get()));
  for (const auto& one : set.authorities)
    expires_s_ = std::min(expires_s_, seconds_of(X509_get0_notAfter(one.get())));
  return {};
}

bool certificate_set::is_for(std::string_view node) const {
  return std::find(names_.begin(), names_.end(), node) != names_.end();
}

} // namespace burrow
