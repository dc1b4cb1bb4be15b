// A small blocking HTTP/1.1 client for the command: one connection, one request at a time, a time limit. Knows no TLS
// and no redirects; the service has neither. Not for the node itself.
#pragma once

#include "cluster/base/result.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace burrow {

struct http_reply {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> fields; ///< names in lower case
  std::string body;

  [[nodiscard]] std::string_view field(std::string_view lower) const;
};

class http_client {
public:
  /// `url` is http://HOST[:PORT]. Errors: config_invalid. Connects with the first request.
  [[nodiscard]] static result<http_client> make(const std::string& url, double timeout_s);
  http_client(http_client&& other) noexcept;
  http_client& operator=(http_client&&) = delete;
  ~http_client();

  using fields = std::vector<std::pair<std::string, std::string>>;
  /// Errors: unavailable when the node cannot be reached or the connection broke, timed_out. What was asked for may
  /// have been done then. `timeout_s` is for this call; 0 = as made.
  [[nodiscard]] result<http_reply> call(std::string_view method, std::string_view target, std::string_view body = {},
                                        const fields& more = {}, double timeout_s = 0);
  [[nodiscard]] const std::string& url() const { return url_; }

private:
  http_client() = default;
  result<void> connect(double timeout_s);
  result<void> send_all(std::string_view bytes);
  /// Appends what comes to `in_`; false at the end of the stream.
  result<bool> receive();
  result<http_reply> read_reply(bool head_only);
  result<void> read_body(http_reply& reply);
  void close();

  std::string url_, host_, port_, in_;
  double timeout_s_ = 30;
  int socket_ = -1;
};

} // namespace burrow
