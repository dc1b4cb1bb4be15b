#include "node/authority.hpp"

#include "actors/certificates.hpp"
#include "actors/openssl_ptr.hpp"

#include <fmt/format.h>

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <ctime>
#include <memory>

namespace burrow {
namespace {

using number_ptr = std::unique_ptr<BIGNUM, freed_by<BN_free>>;

error wrong(std::string_view what) {
  ERR_clear_error();
  return {errc::config_invalid, std::string(what)};
}

std::string text_of(BIO* from) {
  char* bytes = nullptr;
  const auto size = BIO_get_mem_data(from, &bytes);
  return size > 0 ? std::string(bytes, static_cast<std::size_t>(size)) : std::string{};
}

template <class Write>
std::string written(Write write) {
  const bio_ptr out{BIO_new(BIO_s_mem())};
  return write(out.get()) ? text_of(out.get()) : std::string{};
}

bool extend(X509* to, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, to, nullptr, nullptr, 0);
  auto* const made = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  const bool good = made && X509_add_ext(to, made, -1) == 1;
  X509_EXTENSION_free(made);
  return good;
}

/// All but extensions, issuer and signature.
x509_ptr begin(EVP_PKEY* key, const std::string& name, validity when) {
  x509_ptr out{X509_new()};
  const number_ptr serial{BN_new()};
  // 127 bits, so that it is positive and no two of an authority are alike.
  bool good = X509_set_version(out.get(), 2) == 1 && BN_rand(serial.get(), 127, BN_RAND_TOP_ONE, 0) == 1 &&
              BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(out.get())) != nullptr;
  good = good && ASN1_TIME_set(X509_getm_notBefore(out.get()), static_cast<std::time_t>(when.from_s)) &&
         ASN1_TIME_set(X509_getm_notAfter(out.get()), static_cast<std::time_t>(when.until_s));
  good = good && X509_NAME_add_entry_by_NID(X509_get_subject_name(out.get()), NID_commonName, MBSTRING_UTF8,
                                            reinterpret_cast<const unsigned char*>(name.data()),
                                            static_cast<int>(name.size()), -1, 0) == 1;
  return good && X509_set_pubkey(out.get(), key) == 1 ? std::move(out) : nullptr;
}

result<certificate_pair> signed_by(X509* what, EVP_PKEY* own, EVP_PKEY* issuer) {
  if (X509_sign(what, issuer, EVP_sha256()) == 0) return wrong("OpenSSL could not sign");
  certificate_pair out{written([&](BIO* b) { return PEM_write_bio_X509(b, what) == 1; }), written([&](BIO* b) {
                         return PEM_write_bio_PKCS8PrivateKey(b, own, nullptr, nullptr, 0, nullptr, nullptr) == 1;
                       })};
  if (out.certificate.empty() || out.key.empty()) return wrong("OpenSSL could not write PEM");
  return out;
}

int no_passphrase(char*, int, int, void*) { return -1; }

bio_ptr reading(const std::string& pem) { return bio_ptr{BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))}; }
x509_ptr read_certificate(BIO* from) { return x509_ptr{PEM_read_bio_X509(from, nullptr, nullptr, nullptr)}; }

std::int64_t seconds_of(const ASN1_TIME* time) {
  std::tm parts{};
  return ASN1_TIME_to_tm(time, &parts) == 1 ? static_cast<std::int64_t>(::timegm(&parts)) : 0;
}

std::string line_of(const X509_NAME* name) {
  return written([&](BIO* b) { return X509_NAME_print_ex(b, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) >= 0; });
}

certificate_facts facts_of(X509* one) {
  certificate_facts out;
  out.subject = line_of(X509_get_subject_name(one));
  out.issuer = line_of(X509_get_issuer_name(one));
  out.names = certificate_names(one);
  out.when = {seconds_of(X509_get0_notBefore(one)), seconds_of(X509_get0_notAfter(one))};
  out.authority = X509_check_ca(one) != 0;
  const number_ptr serial{ASN1_INTEGER_to_BN(X509_get0_serialNumber(one), nullptr)};
  if (char* hex = serial ? BN_bn2hex(serial.get()) : nullptr) {
    out.serial = hex;
    OPENSSL_free(hex);
  }
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (X509_digest(one, EVP_sha256(), digest, &size) == 1)
    for (unsigned i = 0; i < size; ++i) out.fingerprint += fmt::format("{:02x}", digest[i]);
  return out;
}

} // namespace

result<certificate_pair> make_authority(const std::string& name, validity when) {
  const key_ptr key{EVP_EC_gen("P-256")};
  const auto made = key ? begin(key.get(), name, when) : nullptr;
  if (!made || X509_set_issuer_name(made.get(), X509_get_subject_name(made.get())) != 1)
    return wrong("OpenSSL could not make a key and a certificate");
  auto* const c = made.get();
  const bool good = extend(c, c, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
                    extend(c, c, NID_key_usage, "critical,keyCertSign,cRLSign") &&
                    extend(c, c, NID_subject_key_identifier, "hash");
  return good ? signed_by(c, key.get(), key.get()) : wrong("OpenSSL could not extend the certificate");
}

result<certificate_pair> issue_for_node(const certificate_pair& ca, const std::string& node, validity when) {
  const auto issuer = read_certificate(reading(ca.certificate).get());
  const key_ptr issuing{PEM_read_bio_PrivateKey(reading(ca.key).get(), nullptr, no_passphrase, nullptr)};
  if (!issuer || X509_check_ca(issuer.get()) == 0) return wrong("the certificate of the CA is not one");
  if (!issuing) return wrong("the key of the CA is not a private key without a passphrase");
  if (X509_check_private_key(issuer.get(), issuing.get()) != 1) return wrong("the key of the CA is not its own");
  if (seconds_of(X509_get0_notAfter(issuer.get())) < when.until_s)
    return wrong("the CA expires before the certificate would; --days says for how long it is to be good");
  const key_ptr key{EVP_EC_gen("P-256")};
  const auto made = key ? begin(key.get(), node, when) : nullptr;
  if (!made || X509_set_issuer_name(made.get(), X509_get_subject_name(issuer.get())) != 1)
    return wrong("OpenSSL could not make a key and a certificate");
  auto* const c = made.get();
  const bool good = extend(c, issuer.get(), NID_basic_constraints, "critical,CA:FALSE") &&
                    extend(c, issuer.get(), NID_key_usage, "critical,digitalSignature") &&
                    extend(c, issuer.get(), NID_ext_key_usage, "serverAuth,clientAuth") &&
                    extend(c, issuer.get(), NID_subject_alt_name, fmt::format("DNS:{0},URI:burrow:node:{0}", node)) &&
                    extend(c, issuer.get(), NID_subject_key_identifier, "hash") &&
                    extend(c, issuer.get(), NID_authority_key_identifier, "keyid");
  return good ? signed_by(c, key.get(), issuing.get()) : wrong("OpenSSL could not extend the certificate");
}

result<std::vector<certificate_facts>> describe_certificates(const std::string& pem) {
  std::vector<certificate_facts> out;
  const auto in = reading(pem);
  ERR_clear_error();
  while (const auto one = read_certificate(in.get())) out.push_back(facts_of(one.get()));
  const bool clean = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (out.empty() || !clean) return wrong("holds no certificate in PEM form, or a broken one");
  return out;
}

} // namespace burrow
