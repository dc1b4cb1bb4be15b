#include "actors/plane/tls.hpp"

#include <fmt/format.h>

#include <openssl/ssl.h>
#include <sys/stat.h>

namespace burrow::plane {

result<std::shared_ptr<net::ssl::context>> make_tls_context(const certificate_set& set) {
  auto made = std::make_shared<net::ssl::context>(net::ssl::context::tls);
  auto* const raw = made->native_handle();
  error_code ec;
  const auto failed = [&](std::string_view what) {
    return error{errc::config_invalid, std::string(what) + ": " + ec.message()};
  };
  if (SSL_CTX_set_min_proto_version(raw, TLS1_3_VERSION) != 1) return error{errc::config_invalid, "no TLS 1.3 here"};
  // A resumed session would not show its certificate again, which may have expired or changed its CA by then.
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_options(raw, SSL_OP_NO_TICKET);
  SSL_CTX_set_num_tickets(raw, 0);
  // Records are released when they are idle: a connection to each peer is open all the time.
  SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS);
  made->use_certificate_chain(net::buffer(set.certificate()), ec);
  if (ec) return failed("certificate");
  made->use_private_key(net::buffer(set.key()), net::ssl::context::pem, ec);
  if (ec) return failed("key");
  made->add_certificate_authority(net::buffer(set.ca()), ec);
  if (ec) return failed("CA");
  made->set_verify_mode(net::ssl::verify_peer | net::ssl::verify_fail_if_no_peer_cert, ec);
  if (ec) return failed("verification");
  return made;
}

std::string state_of(const certificate_files& files) {
  std::string out;
  for (const auto* path : {&files.certificate, &files.key, &files.ca}) {
    struct stat now{};
    if (::stat(path->c_str(), &now) != 0) now = {};
    out += fmt::format("{} {} {}.{} ", now.st_ino, now.st_size, now.st_mtim.tv_sec, now.st_mtim.tv_nsec);
  }
  return out;
}

std::string verify_problem(tls_stream& stream) {
  const auto code = SSL_get_verify_result(stream.native_handle());
  return code == X509_V_OK ? std::string{} : X509_verify_cert_error_string(code);
}

std::vector<std::string> peer_names(tls_stream& stream) {
  auto* const shown = SSL_get1_peer_certificate(stream.native_handle());
  if (!shown) return {};
  auto names = certificate_names(shown);
  X509_free(shown);
  return names;
}

} // namespace burrow::plane
