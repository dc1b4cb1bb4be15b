#include "cluster/sim/checkers/state_hashes.hpp"

namespace burrow::sim {

class state_hashes::view final : public queue::view {
 public:
  explicit view(const std::map<std::string, std::string, std::less<>>& of)
      : state_(of) {}
  lookup get(std::string_view key) override {
    const auto at = state_.find(key);
    return at == state_.end() ? lookup{} : lookup{state::found, at->second};
  }
  page scan(const scan_request& r) override {
    page out;
    const auto low = state_.lower_bound(r.from);
    const auto high = r.to.empty() ? state_.end() : r.from < r.to ? state_.lower_bound(r.to) : low;
    std::size_t bytes = 0;
    const auto full = [&] { return out.items.size() >= r.items_max || bytes >= r.bytes_max; };
    const auto add = [&](const auto& pair) {
      bytes += pair.first.size() + pair.second.size();
      out.items.emplace_back(pair.first, pair.second);
    };
    auto from = low, to = high;
    while (from != to && !full()) add(r.order == direction::ascending ? *from++ : *--to);
    out.complete = from == to;
    return out;
  }

 private:
  const std::map<std::string, std::string, std::less<>>& state_;
};

void state_hashes::committed(log_index index, std::string_view record, const listener& each,
                             const entry_listener& whole, findings& found) {
  BURROW_ASSERT(index.value == hashes_.size());
  hashes_.push_back(hashes_.back());
  const auto e = codec::decode_entry(shard_, index, record);
  if (!e) return found.add("states", "an entry that cannot be read is committed");
  if (e->kind != raft::entry_kind::command) return;
  const auto command = codec::decode_command(e->payload.command.view(), e->payload.bodies);
  if (!command) return found.add("states", "a command that cannot be decoded is committed");
  time_ = std::max(time_, command->now);
  view state(state_);
  const auto out = queue::apply({shard_, index, time_}, command->what, state);
  auto& hash = hashes_.back();
  for (const auto& c : out.changes.changes) {
    if (c.old_hash) hash = hash - *c.old_hash;
    if (c.value) hash = hash + hash_of(c.key, *c.value);
    if (c.value) state_.insert_or_assign(c.key, *c.value);
    else state_.erase(c.key);
  }
  for (std::size_t i = 0; i < out.replies.size(); ++i) each({index, time_, command->what.commands[i], out.replies[i]});
  whole(command->what, out);
}

void state_hashes::has(replica_id who, log_index index, const hash128& state, findings& found) const {
  if (index.value >= hashes_.size()) {
    found.add("states", "replica " + std::to_string(who.value) + " has a state of index " +
                            std::to_string(index.value) + ", which nobody committed");
  } else if (hashes_[index.value] != state) {
    found.add("states", "replica " + std::to_string(who.value) + " has another state at index " +
                            std::to_string(index.value) + " than its log makes");
  }
}

} // namespace burrow::sim
