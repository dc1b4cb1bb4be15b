// What makes a request safe to repeat (contract section 10): the header fields Idempotency-Key, Burrow-Producer and
// Burrow-Sequence, and what two requests must have in common to be the same. Pure.
#pragma once

#include "actors/gateway/http.hpp"
#include "actors/gateway/problem.hpp"
#include "cluster/queue/command.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace burrow {

/// Reads Idempotency-Key into a command that has one; without the field nothing changes. `body`: the hash of its body.
/// Errors: invalid_parameter.
template <class Command>
[[nodiscard]] std::optional<problem> read_key(const http_request& request, hash128 body, Command& out);

/// Reads Burrow-Producer and Burrow-Sequence. Errors: invalid_parameter.
[[nodiscard]] std::optional<problem> read_producer(const http_request& request, queue::insert_item& out);

/// 1 to 64 of [A-Za-z0-9._-].
[[nodiscard]] bool is_producer(std::string_view text);
/// 1 to 2^63-1 in decimal digits; nothing else.
[[nodiscard]] std::optional<std::uint64_t> sequence_of(std::string_view text);

/// Equal for two requests that are the same: method, path, query, body, Content-Type and all Burrow-* fields, these in
/// whatever order.
[[nodiscard]] hash128 request_hash(const http_request& request, hash128 body);

/// Errors: invalid_parameter if there is a key and it is none.
[[nodiscard]] std::optional<problem> key_of(const http_request& request, std::string_view& out);

template <class Command>
std::optional<problem> read_key(const http_request& request, hash128 body, Command& out) {
  std::string_view key;
  if (auto bad = key_of(request, key)) return bad;
  if (key.empty()) return std::nullopt;
  out.idempotency_key = key;
  out.request_hash = request_hash(request, body);
  return std::nullopt;
}

} // namespace burrow
