// The check of a shard after an accepted loss: what was salvaged may have holes that no checksum of one value shows.
// The state hash finds a key that is missing or old, the references of messages and entries find a missing body.
#include "cluster/base/limits.hpp"
#include "cluster/queue/move_records.hpp"
#include "cluster/replica/stored.hpp"
#include "cluster/storage/keys.hpp"

namespace burrow {
namespace {

constexpr std::size_t page_items = 1'000, page_bytes = std::size_t{1} << 20;

class checker {
public:
  checker(const store& from, shard_id shard, generation g) : from_(from), shard_(shard), generation_(g) {}

  result<void> pair(std::string_view relative, std::string_view value) {
    sum_ = sum_ + hash_of(relative, value);
    if (queue::key::is_leaving(relative)) {
      const auto leaving = queue::decode_leaving(queue::key::move_of(relative), value);
      if (!leaving) return error{errc::corrupt, "a message that moves cannot be read"};
      return check_body(leaving->moved.what.body);
    }
    if (!queue::key::is_message(relative)) return {};
    const auto read = queue::decode_message({queue::key::last_number(relative)}, value);
    if (!read) return error{errc::corrupt, "a message of the state cannot be read"};
    return check_body(read->item.body);
  }

  result<void> check_body(const queue::body_ref& body) {
    return check_body(body.index, body.n, body.size, body.hash);
  }
  result<void> check_body(log_index index, std::uint32_t n, std::uint32_t size, const hash128& hash) {
    const auto got = from_.get(family::body, keys::body(shard_, generation_, index, n), read_tier::disk);
    if (!got) return got.error();
    if (got->found && got->value.size() == size && hash_of(got->value) == hash) return {};
    return error{errc::corrupt, "body " + std::to_string(n) + " of entry " + std::to_string(index.value) +
                                  (got->found ? " is not what was stored" : " is missing")};
  }

  [[nodiscard]] const hash128& sum() const { return sum_; }

private:
  const store& from_;
  shard_id shard_;
  generation generation_;
  hash128 sum_;
};

} // namespace

result<void> check_stored(const store& from, shard_id shard, const stored_replica& stored) {
  checker check(from, shard, stored.record.generation);
  scan_request request;
  request.from = keys::prefix(shard, stored.record.generation);
  request.to = keys::after_prefix(request.from);
  request.items_max = page_items;
  request.bytes_max = page_bytes;
  for (bool complete = false; !complete;) {
    const auto page = from.scan(family::queue, request, read_tier::disk);
    if (!page) return page.error();
    for (const auto& [key, value] : page->items) {
      const auto relative = std::string_view(key).substr(keys::prefix_bytes);
      if (relative == keys::applied_relative) continue;
      if (auto fine = check.pair(relative, value); !fine) return fine;
    }
    complete = page->complete || page->items.empty();
    if (!page->items.empty()) request.from = page->items.back().first + '\0';
  }
  if (check.sum() != stored.applied.state_hash) {
    return error{errc::corrupt, "the state at entry " + std::to_string(stored.applied.index.value) +
                                  " is not what its hash says"};
  }
  // An entry that is not applied yet has all its bodies: only the delta of an apply removes one.
  for (const auto& e : stored.tail) {
    for (std::uint32_t n = 0; n < e.payload.bodies.size(); ++n) {
      const auto& body = e.payload.bodies[n];
      if (auto fine = check.check_body(e.index, n, body.size, body.hash); !fine) return fine;
    }
  }
  return {};
}

} // namespace burrow
