#include "cluster/sim/log_image.hpp"

#include "cluster/storage/keys.hpp"

namespace burrow::sim {

/// A range that goes to the end of the shard's log truncates it; any other is a cut.
void log_image::take_range(const write_batch::operation& op) {
  const auto from = keys::parse_raft_log(op.key);
  if (!from || from->first != shard_ || op.value != keys::after_prefix(keys::raft_state(shard_))) return;
  if (from->second <= last()) chain_.resize(std::max<std::size_t>(from->second.value, 1));
}

void log_image::take(const write_batch& batch, const std::function<std::uint64_t(log_index)>& known, const seen& put) {
  for (const auto& op : batch.operations) {
    if (op.where == family::raft_log && op.what == write_batch::kind::erase_range) take_range(op);
    if (op.where == family::raft_log && op.what == write_batch::kind::put) {
      const auto place = keys::parse_raft_log(op.key);
      const auto e = codec::decode_entry(shard_, place->second, op.value);
      BURROW_ASSERT(e.ok() && place->second.value == chain_.size());
      chain_.push_back(mix(chain_.back(), hash_of(op.value).low));
      if (put) put(e->index, e->term, chain_.back(), op.value);
    }
    if (op.where == family::raft_state && op.what == write_batch::kind::put) {
      record_ = codec::decode_replica(shard_, op.value).value();
      // A switch: the log begins anew behind what was installed.
      while (last() < record_.snapshot.index) chain_.push_back(known(last().value + 1 == record_.snapshot.index.value
                                                                         ? record_.snapshot.index
                                                                         : log_index{last().value + 1}));
    }
  }
}

void log_image::read(const store& from, const std::function<std::uint64_t(log_index)>& known) {
  auto before = std::move(chain_);
  chain_.assign(1, 0);
  record_ = {};
  const auto found = from.get(family::raft_state, keys::raft_state(shard_), read_tier::disk);
  if (!found.ok() || !found->found) return;
  record_ = codec::decode_replica(shard_, found->value).value();
  for (std::uint64_t i = 1; i < record_.log_first.value; ++i) {
    const auto of_all = known({i});
    chain_.push_back(of_all != 0 ? of_all : i < before.size() ? before[i] : 0);
  }
  scan_request all;
  all.from = keys::raft_log(shard_, record_.log_first);
  all.to = keys::after_prefix(keys::raft_state(shard_));
  all.items_max = ~std::size_t{0};
  const auto page = from.scan(family::raft_log, all, read_tier::disk);
  for (const auto& [key, value] : page->items) chain_.push_back(mix(chain_.back(), hash_of(value).low));
}

} // namespace burrow::sim
