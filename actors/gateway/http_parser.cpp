#include "actors/gateway/http_parser.hpp"

#include "cluster/base/limits.hpp"

#include <boost/beast/http/error.hpp>

#include <algorithm>
#include <limits>

namespace burrow {
namespace {

constexpr std::size_t length_digits_max = 18; // fits 64 bits, whatever they are

namespace http = boost::beast::http;

http_method method_of(http::verb v) {
  switch (v) {
    case http::verb::get: return http_method::get;
    case http::verb::head: return http_method::head;
    case http::verb::put: return http_method::put;
    case http::verb::post: return http_method::post;
    case http::verb::patch: return http_method::patch;
    case http::verb::delete_: return http_method::delete_;
    case http::verb::options: return http_method::options;
    default: return http_method::other;
  }
}

} // namespace

http_parser::http_parser(parser_host& host, http_arena& arena, http_request& into)
  : host_(host), arena_(arena), request_(into) {
  arena_.clear();
  request_.fields.clear();
  request_.body.clear();
  request_.method = http_method::get;
  request_.path = request_.query = request_.target = request_.method_text = {};
  eager(true);
  header_limit(limits::http_head_bytes_max);
  // Beast's own limit knows no slug, and is compared before the head is known: ours is checked in on_header_impl.
  // (Not boost::none: 1.74 compares a length with that as if it were less than any.)
  body_limit(std::numeric_limits<std::uint64_t>::max());
}

std::size_t http_parser::feed(std::string_view bytes) {
  // A last chunk that arrives in pieces of less than five bytes trips an assertion of Beast 1.74. Nothing shorter than
  // "0\r\n\r\n" can end a chunked body, so waiting for five bytes loses nothing.
  if (bytes.empty() || (head_done_ && chunked() && bytes.size() < 5)) return 0;
  error_code ec;
  const auto used = put({bytes.data(), bytes.size()}, ec);
  if (ec && ec != http::error::need_more && !refused_) {
    refused_ = ec == http::error::header_limit ? problem_type::headers_too_large : problem_type::bad_request;
  }
  return used;
}

void http_parser::refuse(problem_type type, error_code& ec) {
  refused_ = type;
  ec = http::error::bad_value;
}

void http_parser::on_request_impl(verb method, string_view method_text, string_view target, int version,
                                  error_code& ec) {
  request_.method = method_of(method);
  method_size_ = static_cast<std::uint32_t>(method_text.size());
  target_size_ = static_cast<std::uint32_t>(target.size());
  version_ = version;
  arena_.text.append(method_text);
  arena_.text.append(target);
  head_bytes_ += method_text.size() + target.size() + 12;
  if (target.size() > limits::http_target_bytes_max) return refuse(problem_type::uri_too_long, ec);
  if (target.front() != '/' && target != "*") refuse(problem_type::bad_request, ec);
}

void http_parser::on_field_impl(field name, string_view name_text, string_view value, error_code& ec) {
  // Beast forgets what it has read of a head that comes in pieces, so size and count are ours to bound; fields of a
  // trailer count too, and are dropped.
  head_bytes_ += name_text.size() + value.size() + 4;
  if (++fields_ > limits::http_fields_max || head_bytes_ > limits::http_head_bytes_max) {
    return refuse(problem_type::headers_too_large, ec);
  }
  if (head_done_) return;
  if (name == field::host) ++hosts_;
  // Beast 1.74 takes equal lengths for one, as `1, 1` or in two fields: a proxy in front may not.
  if (name == field::content_length && (++lengths_ > 1 || value.size() > length_digits_max ||
                                        value.find_first_not_of("0123456789") != string_view::npos)) {
    return refuse(problem_type::bad_request, ec);
  }
  if (name == field::transfer_encoding) {
    // Two codings, or one on HTTP/1.0, are what request smuggling is made of.
    if (++codings_ > 1 || version_ < 11) return refuse(problem_type::bad_request, ec);
    if (!equal_ignoring_case(value, "chunked")) return refuse(problem_type::not_implemented, ec);
  }
  if (name == field::expect && equal_ignoring_case(value, "100-continue")) expects_ = version_ >= 11;
  const auto at = static_cast<std::uint32_t>(arena_.text.size());
  const auto name_size = static_cast<std::uint32_t>(name_text.size());
  arena_.text.append(name_text);
  arena_.text.append(value);
  arena_.fields.push_back({at, name_size, at + name_size, static_cast<std::uint32_t>(value.size())});
}

void http_parser::fill_request() {
  const std::string_view text = arena_.text;
  request_.method_text = text.substr(0, method_size_);
  request_.target = text.substr(method_size_, target_size_);
  const auto question = request_.target.find('?');
  request_.path = request_.target.substr(0, question);
  request_.query = question == std::string_view::npos ? std::string_view{} : request_.target.substr(question + 1);
  request_.fields.reserve(arena_.fields.size());
  for (const auto& f : arena_.fields) {
    request_.fields.emplace_back(text.substr(f.name, f.name_size), text.substr(f.value, f.value_size));
  }
}

void http_parser::on_header_impl(error_code& ec) {
  head_done_ = true;
  fill_request();
  if (hosts_ > 1 || (hosts_ == 0 && version_ >= 11)) return refuse(problem_type::bad_request, ec);
  rule_ = host_.body_limit(request_);
  if (const auto size = content_length()) static_cast<void>(over_limit(*size, ec));
}

bool http_parser::over_limit(std::uint64_t size, error_code& ec) {
  if (size <= rule_.bytes_max) return false;
  if (size > rule_.asked_max) refuse(rule_.over, ec);
  else wants_limit_ = true;
  return true;
}

void http_parser::allow(std::size_t body_bytes_max) {
  wants_limit_ = false;
  rule_.bytes_max = body_bytes_max;
  rule_.asked_max = 0;
  const auto size = content_length();
  if (request_.body.size() > body_bytes_max || (size && *size > body_bytes_max)) refused_ = rule_.over;
  else if (size) request_.body.reserve(static_cast<std::size_t>(*size));
}

void http_parser::on_body_init_impl(const boost::optional<std::uint64_t>& size, error_code&) {
  // A large one is only address space until bytes come; one over the limit is refused and must not even be that.
  if (!size || refused_) return;
  request_.body.reserve(static_cast<std::size_t>(std::min<std::uint64_t>(*size, rule_.bytes_max)));
}

std::size_t http_parser::append(std::string_view bytes, error_code& ec) {
  if (wants_limit_ || over_limit(request_.body.size() + bytes.size(), ec)) {
    // Beast stops here as if bytes were missing, and is given the same ones again.
    if (!ec) ec = http::error::need_more;
    return 0;
  }
  body_begun_ = true;
  if (!host_.charge(bytes.size())) {
    refuse(problem_type::overloaded, ec);
    return 0;
  }
  request_.body.append(bytes);
  return bytes.size();
}

std::size_t http_parser::on_body_impl(string_view bytes, error_code& ec) { return append(bytes, ec); }

std::size_t http_parser::on_chunk_body_impl(std::uint64_t, string_view bytes, error_code& ec) {
  return append(bytes, ec);
}

} // namespace burrow
