#include "cluster/sim/checkers/bounds.hpp"

namespace burrow::sim {

void bounds::leaves(const raft::peer_message& m, const raft::raft_options& o, findings& found) {
  const auto* const a = std::get_if<raft::append_request>(&m.what);
  if (a == nullptr || a->entries.size() < 2) return;
  std::size_t bytes = 0;
  for (const auto& e : a->entries) bytes += e.size();
  if (bytes > o.message_bytes_max) {
    found.add("bounds",
              "an append of " + std::to_string(bytes) + " bytes and " + std::to_string(a->entries.size()) + " entries");
  }
}

void bounds::rests(replica_id who, const raft::raft_status& now, const raft::raft_options& o, std::size_t entry_max,
                   std::size_t unapplied_bytes, findings& found) {
  // A window closes when it is full, so the last message may go over.
  const auto inflight_max = o.inflight_bytes_max + std::max(o.message_bytes_max, entry_max);
  if (now.inflight_bytes > inflight_max) {
    found.add("bounds", "replica " + std::to_string(who.value) + " has " + std::to_string(now.inflight_bytes) +
                            " bytes in flight to one follower");
  }
  if (now.memory_bytes > o.tail_bytes_max + unapplied_bytes) {
    found.add("bounds", "replica " + std::to_string(who.value) + " keeps " + std::to_string(now.memory_bytes) +
                            " bytes of entries in memory, " + std::to_string(unapplied_bytes) + " not yet applied");
  }
}

void bounds::reads_back(replica_id who, const raft::raft_status& now, const raft::raft_options& o,
                        std::size_t entry_max, std::size_t followers, findings& found) {
  const auto most = followers * (o.catch_up_bytes_max + std::max(o.message_bytes_max, entry_max));
  if (now.catch_up_bytes <= most) return;
  found.add("bounds", "replica " + std::to_string(who.value) + " has " + std::to_string(now.catch_up_bytes) +
                          " bytes in flight that it has read back for " + std::to_string(followers) + " followers");
}

} // namespace burrow::sim
