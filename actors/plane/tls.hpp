// TLS of the plane: 1.3 only, both sides show a certificate of our CA.
#pragma once

#include "actors/certificates.hpp"
#include "actors/plane/asio.hpp"

namespace burrow::plane {

/// For both directions. The set was checked; an error here is one of OpenSSL's own.
[[nodiscard]] result<std::shared_ptr<net::ssl::context>> make_tls_context(const certificate_set& set);
/// Changes whenever one of the files does.
[[nodiscard]] std::string state_of(const certificate_files& files);
/// What was wrong with the peer's certificate; empty if nothing was.
[[nodiscard]] std::string verify_problem(tls_stream& stream);
/// Names that the peer's certificate is for, after the handshake.
[[nodiscard]] std::vector<std::string> peer_names(tls_stream& stream);

} // namespace burrow::plane
