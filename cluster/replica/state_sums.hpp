// What a state must hash to, gathered pair by pair in any order: its hash, and that the bodies which its messages name
// are exactly those that are there. Nothing is kept of the pairs, so a state of any size is checked in no memory.
#pragma once

#include "cluster/base/bytes.hpp"
#include "cluster/base/result.hpp"
#include "cluster/queue/move_records.hpp"

namespace burrow {

class state_sums {
public:
  /// A pair of family queue, `applied` apart. Error: corrupt.
  [[nodiscard]] result<void> add_pair(std::string_view key, std::string_view value) {
    state_ = state_ + hash_of(key, value);
    if (queue::key::is_leaving(key)) { // its bytes are ours until it has left
      const auto leaving = queue::decode_leaving(queue::key::move_of(key), value);
      if (!leaving) return error{errc::corrupt, "a message that moves cannot be read"};
      name(leaving->moved.what.body);
    } else if (queue::key::is_message(key)) {
      const auto read = queue::decode_message({queue::key::last_number(key)}, value);
      if (!read) return error{errc::corrupt, "a message of the state cannot be read"};
      name(read->item.body);
    }
    return {};
  }
  /// A body as stored.
  void add_body(log_index index, std::uint32_t n, std::string_view bytes) {
    there_ = there_ + sum_of(index, n, static_cast<std::uint32_t>(bytes.size()), hash_of(bytes));
  }

  [[nodiscard]] const hash128& state() const { return state_; }
  [[nodiscard]] bool bodies_match() const { return named_ == there_; }

private:
  void name(const queue::body_ref& body) { named_ = named_ + sum_of(body.index, body.n, body.size, body.hash); }
  static hash128 sum_of(log_index index, std::uint32_t n, std::uint32_t size, const hash128& hash) {
    std::string bytes;
    byte_writer out(bytes);
    out.u64(index.value);
    out.u32(n);
    out.u32(size);
    out.hash(hash);
    return hash_of(bytes);
  }
  hash128 state_, named_, there_;
};

} // namespace burrow
