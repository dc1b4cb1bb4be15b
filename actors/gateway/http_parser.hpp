// HTTP/1.1 requests, by Beast's strict grammar into one arena per connection. Adds what the grammar leaves open: field
// count and total size, exactly one Host, no transfer coding but chunked, and the body limit that the dialect names.
#pragma once

#include <utility>

#include "actors/gateway/dialect.hpp"

#include <boost/beast/http/basic_parser.hpp>

#include <optional>
#include <string>
#include <vector>

namespace burrow {

/// Texts of one request head. Offsets while it grows, since growing moves it.
struct http_arena {
  struct field {
    std::uint32_t name, name_size, value, value_size;
  };
  std::string text;
  std::vector<field> fields;
  void clear() { text.clear(), fields.clear(); }
};

/// Asked while a request is read.
class parser_host {
public:
  virtual ~parser_host() = default;
  [[nodiscard]] virtual body_rule body_limit(const http_request& head) = 0;
  /// False if the node may not buffer so many bytes more.
  [[nodiscard]] virtual bool charge(std::size_t bytes) = 0;
};

class http_parser final : private boost::beast::http::basic_parser<true> {
public:
  /// All three outlive the parser. The request is filled in and its views point into the arena.
  http_parser(parser_host& host, http_arena& arena, http_request& into);

  /// Reads what it can of `bytes`, which begin where the last call stopped; returns how much it used up.
  std::size_t feed(std::string_view bytes);

  [[nodiscard]] bool head_done() const { return head_done_; }
  [[nodiscard]] bool done() const { return is_done(); }
  [[nodiscard]] std::optional<problem_type> refused() const { return refused_; }
  [[nodiscard]] bool keeps_alive() const { return head_done_ && keep_alive(); }
  [[nodiscard]] bool is_http_1_0() const { return version_ < 11; }
  /// The client waits for `100 Continue` before it sends the body.
  [[nodiscard]] bool wants_continue() const { return head_done_ && !is_done() && expects_ && !body_begun_; }
  /// Nothing more is read until allow() says how large the body may be.
  [[nodiscard]] bool wants_limit() const { return wants_limit_; }
  void allow(std::size_t body_bytes_max);

private:
  using error_code = boost::beast::error_code;
  using string_view = boost::beast::string_view;
  using verb = boost::beast::http::verb;
  using field = boost::beast::http::field;

  void on_request_impl(verb method, string_view method_text, string_view target, int version, error_code& ec) override;
  void on_response_impl(int, string_view, int, error_code&) override {}
  void on_field_impl(field name, string_view name_text, string_view value, error_code& ec) override;
  void on_header_impl(error_code& ec) override;
  void on_body_init_impl(const boost::optional<std::uint64_t>& size, error_code& ec) override;
  std::size_t on_body_impl(string_view bytes, error_code& ec) override;
  void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t left, string_view bytes, error_code& ec) override;
  void on_finish_impl(error_code&) override {}

  void refuse(problem_type type, error_code& ec);
  void fill_request();
  std::size_t append(std::string_view bytes, error_code& ec);
  /// Whether a body of this size is to be asked about; it is refused if it is to be neither asked about nor taken.
  [[nodiscard]] bool over_limit(std::uint64_t size, error_code& ec);

  parser_host& host_;
  http_arena& arena_;
  http_request& request_;
  body_rule rule_;
  std::optional<problem_type> refused_;
  std::uint32_t method_size_ = 0, target_size_ = 0;
  std::size_t head_bytes_ = 0, fields_ = 0;
  int version_ = 11;
  unsigned hosts_ = 0, codings_ = 0, lengths_ = 0;
  bool head_done_ = false, expects_ = false, body_begun_ = false, wants_limit_ = false;
};

} // namespace burrow
