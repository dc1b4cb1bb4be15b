#include "cluster/sim/checkers/promises.hpp"

namespace burrow::sim {
namespace {

std::string name(replica_id who) { return "replica " + std::to_string(who.value); }

} // namespace

void promises::voted(replica_id who, term t, replica_id whom, findings& found) {
  const auto [at, first] = votes_.emplace(std::pair(who, t), whom);
  if (!first && at->second != whom)
    found.add("promises", name(who) + " votes twice in term " + std::to_string(t.value));
}

void promises::leaves(const raft::peer_message& m, bool waited, const raft::hard_state& hard,
                      log_index last, findings& found) {
  const auto who = m.from.replica;
  // In a later term the disk may hold something else by now; what it held when this was promised counts.
  const bool later = hard.term > m.term;
  if (const auto* const a = std::get_if<raft::append_answer>(&m.what); a != nullptr && a->accepted) {
    if (!waited) found.add("promises", name(who) + " acknowledges without waiting for its disk");
    if (!later && last < a->verified) {
      found.add("promises", name(who) + " acknowledges index " + std::to_string(a->verified.value) +
                                ", its disk ends at " + std::to_string(last.value));
    }
    if (hard.term < m.term) found.add("promises", name(who) + " acknowledges in a term that its disk lacks");
  } else if (const auto* const i = std::get_if<raft::install_answer>(&m.what); i != nullptr && i->installed) {
    if (!later && last < i->index) found.add("promises", name(who) + " acknowledges an install too early");
  } else if (const auto* const v = std::get_if<raft::vote_answer>(&m.what); v != nullptr && !v->pre && v->granted) {
    if (!later && hard != raft::hard_state{m.term, m.to.replica}) {
      found.add("promises", name(who) + " grants a vote that its disk lacks");
    }
    voted(who, m.term, m.to.replica, found);
  } else if (const auto* const r = std::get_if<raft::vote_request>(&m.what); r != nullptr && !r->pre) {
    if (!later && hard != raft::hard_state{m.term, who}) {
      found.add("promises", name(who) + " asks for votes before its own is on disk");
    }
    voted(who, m.term, who, found);
  }
}

void promises::applies(replica_id who, log_index index, std::uint64_t chain, std::uint64_t on_disk,
                       findings& found) {
  if (on_disk != chain) {
    found.add("promises", name(who) + " applies index " + std::to_string(index.value) + ", which its disk lacks");
  }
}

} // namespace burrow::sim
