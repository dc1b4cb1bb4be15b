// Plain requests and answers, as the dialects and the admin routes see them: no socket, no actor, no library.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace burrow {

enum class http_method : std::uint8_t { get, head, put, post, patch, delete_, options, other };

/// `lower` is given in lower case; ASCII only.
[[nodiscard]] bool equal_ignoring_case(std::string_view text, std::string_view lower);

/// A whole request. Views point into the connection's arena and live until the answer is made; `body` is owned.
struct http_request {
  http_method method = http_method::get;
  std::string_view method_text;
  std::string_view target;                                      ///< as sent
  std::string_view path;                                        ///< of the target, not decoded
  std::string_view query;                                       ///< of the target, not decoded, without '?'
  std::vector<std::pair<std::string_view, std::string_view>> fields; ///< names as sent, in order
  std::string body;
  bool admin = false; ///< came in on the admin listener
  std::string_view client; ///< the address it came from, without the port
  std::string request_id;

  /// The first field of that name (case-insensitive, `lower` given in lower case); empty if absent.
  [[nodiscard]] std::string_view field(std::string_view lower) const;
};

/// An answer. Content-Length, Date, Connection and X-Request-Id are added by the connection.
struct http_response {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> fields;
  std::string body;
  bool close = false;
};

} // namespace burrow
