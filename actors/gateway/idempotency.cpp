#include "actors/gateway/idempotency.hpp"

#include "cluster/base/bytes.hpp"
#include "cluster/base/limits.hpp"

#include <algorithm>
#include <charconv>
#include <vector>

namespace burrow {
namespace {

problem bad(std::string why) { return {problem_type::invalid_parameter, std::move(why), {}}; }

/// Nothing if it is absent, or there more than once.
struct only_field {
  std::size_t count = 0;
  std::string_view value;
  only_field(const http_request& request, std::string_view lower) {
    for (const auto& [name, text] : request.fields) {
      if (!equal_ignoring_case(name, lower)) continue;
      ++count;
      value = text;
    }
  }
};

} // namespace

std::optional<problem> key_of(const http_request& request, std::string_view& out) {
  const only_field key(request, "idempotency-key");
  if (key.count == 0) return std::nullopt;
  const bool fits = key.count == 1 && !key.value.empty() && key.value.size() <= limits::idempotency_key_bytes_max;
  const bool visible = std::all_of(key.value.begin(), key.value.end(), [](char c) { return c > 0x20 && c < 0x7F; });
  if (!fits || !visible) return bad("Idempotency-Key is one field of 1 to 255 visible ASCII characters.");
  out = key.value;
  return std::nullopt;
}

bool is_producer(std::string_view text) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  };
  return !text.empty() && text.size() <= limits::producer_bytes_max && std::all_of(text.begin(), text.end(), allowed);
}

std::optional<std::uint64_t> sequence_of(std::string_view text) {
  std::uint64_t x = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), x);
  if (code != std::errc{} || end != text.data() + text.size() || x == 0 || x > limits::sequence_max)
    return std::nullopt;
  return x;
}

std::optional<problem> read_producer(const http_request& request, queue::insert_item& out) {
  const only_field producer(request, "burrow-producer"), sequence(request, "burrow-sequence");
  if (producer.count == 0 && sequence.count == 0) return std::nullopt;
  // One alone would promise what only both can keep.
  if (producer.count != 1 || sequence.count != 1) return bad("Burrow-Producer and Burrow-Sequence go together, once.");
  if (!is_producer(producer.value)) return bad("Burrow-Producer is 1 to 64 of A-Z a-z 0-9 . _ -");
  const auto number = sequence_of(sequence.value);
  if (!number) return bad("Burrow-Sequence is a whole number from 1 to 9223372036854775807.");
  out.attributes.producer = producer.value;
  out.sequence = *number;
  return std::nullopt;
}

hash128 request_hash(const http_request& request, hash128 body) {
  std::vector<std::pair<std::string, std::string_view>> fields;
  for (const auto& [name, value] : request.fields) {
    constexpr std::string_view ours = "burrow-";
    if (name.size() <= ours.size() || !equal_ignoring_case(name.substr(0, ours.size()), ours)) continue;
    auto& [lower, kept] = fields.emplace_back(std::string{name}, value);
    for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 32) : c;
  }
  std::sort(fields.begin(), fields.end());
  std::string text;
  byte_writer out(text);
  for (const auto part : {request.method_text, request.path, request.query, request.field("content-type")})
    out.sized(part);
  out.hash(body);
  for (const auto& [name, value] : fields) {
    out.sized(name);
    out.sized(value);
  }
  return hash_of(text);
}

} // namespace burrow
