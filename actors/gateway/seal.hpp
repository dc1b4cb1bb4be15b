// Makes and opens what clients must not be able to make: receipts and cursors (contract sections 7.6, 7.7 and 8).
// A MAC (HMAC-SHA256, half of it) binds each to its kind, tenant and queue, and names its key, so keys can be rotated.
// Not thread-safe: it keeps a MAC context per key, which costs a quarter of a new one (stack.md). One per Asio thread.
#pragma once

#include "actors/gateway/gateway_actor.hpp"
#include "cluster/base/ids.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace burrow {

struct receipt {
  claim_id claim;
  std::uint32_t claims = 0;
  burrow::place place;
  bool operator==(const receipt&) const = default;
};

struct place_cursor {
  burrow::place place;
  bool lifo = false;
  std::optional<std::uint8_t> priority{}; ///< of a take that goes by priority: that of the message at `place`
  bool operator==(const place_cursor&) const = default;
};

class sealer {
public:
  /// At least one key; the last one seals.
  explicit sealer(const std::vector<seal_key>& given);
  ~sealer();
  sealer(const sealer&) = delete;
  sealer& operator=(const sealer&) = delete;

  [[nodiscard]] std::string seal(const queue_ref& queue, const receipt& what) const;
  [[nodiscard]] std::string seal(const queue_ref& queue, const place_cursor& what) const;
  /// A cursor of a list of queues (`tenant` set) or of tenants (empty): the last name shown.
  [[nodiscard]] std::string seal_name(std::string_view tenant, std::string_view last) const;

  /// Nothing if it was changed, is another queue's, or its key is gone.
  [[nodiscard]] std::optional<receipt> open_receipt(const queue_ref& queue, std::string_view text) const;
  [[nodiscard]] std::optional<place_cursor> open_cursor(const queue_ref& queue, std::string_view text) const;
  [[nodiscard]] std::optional<std::string> open_name(std::string_view tenant, std::string_view text) const;

private:
  struct keys;
  enum class kind : std::uint8_t { of_receipt = 1, of_place = 2, of_name = 3 };
  [[nodiscard]] std::string sealed(kind what, std::string_view tenant, std::string_view queue,
                                   std::string_view payload) const;
  [[nodiscard]] std::optional<std::string> opened(kind what, std::string_view tenant, std::string_view queue,
                                                  std::string_view text) const;
  std::unique_ptr<keys> keys_;
};

} // namespace burrow
