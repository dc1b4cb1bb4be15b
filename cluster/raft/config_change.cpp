#include "cluster/raft/config_change.hpp"

#include "cluster/base/limits.hpp"
#include "cluster/raft/quorum.hpp"
#include "cluster/raft/state.hpp"

#include <algorithm>

namespace burrow::raft {

const configuration& config_history::at(log_index index) const {
  auto i = all_.size();
  while (i > 1 && all_[i - 1].index > index) --i;
  return all_[i - 1].config;
}

void config_history::append(log_index index, configuration config) {
  BURROW_ASSERT(index > all_.back().index);
  all_.push_back({index, std::move(config)});
}

bool config_history::truncate(log_index from) {
  const auto before = all_.size();
  while (all_.size() > 1 && all_.back().index >= from) all_.pop_back();
  BURROW_ASSERT(all_.back().index < from || all_.back().index.value == 0); // what is committed has its configuration
  return all_.size() != before;
}

void config_history::cut(log_index index) {
  while (all_.size() > 1 && all_[1].index <= index) all_.erase(all_.begin());
}

configuration entered(const configuration& now, const std::vector<member>& voters,
                      const std::vector<member>& learners) {
  auto sorted = voters, sorted_now = now.voters;
  std::sort(sorted.begin(), sorted.end());
  std::sort(sorted_now.begin(), sorted_now.end());
  // Who does not vote decides nothing, so a change of learners needs no second majority.
  return {voters, sorted == sorted_now ? std::vector<member>{} : now.voters, learners};
}

configuration left(const configuration& joint) { return {joint.voters, {}, joint.learners}; }

std::vector<member> members_of(const configuration& config) {
  std::vector<member> all;
  for (const auto* const set : {&config.voters, &config.leaving, &config.learners}) {
    for (const auto& m : *set) {
      if (std::find(all.begin(), all.end(), m) == all.end()) all.push_back(m);
    }
  }
  return all;
}

result<void> check_members(const std::vector<member>& voters, const std::vector<member>& learners) {
  if (voters.empty()) return error{errc::invalid_parameter, "a group needs a voter"};
  if (voters.size() + learners.size() > limits::raft_members_max / 2) {
    return error{errc::invalid_parameter, "too many members"};
  }
  std::vector<replica_id> seen;
  for (const auto* const set : {&voters, &learners}) {
    for (const auto& m : *set) {
      if (std::find(seen.begin(), seen.end(), m.replica) != seen.end()) {
        return error{errc::invalid_parameter, "a replica is named twice"};
      }
      seen.push_back(m.replica);
    }
  }
  return {};
}

result<log_index> raft::change(const config_change& wanted) {
  auto& s = *state_;
  s.wake_up();
  auto* const l = std::get_if<leader>(&s.as);
  if (l == nullptr) return errc::not_leader;
  if (l->transfer) return errc::transferring;
  // One at a time, and not before an entry of the own term is committed: otherwise two leaders could commit two
  // configurations with disjoint majorities (section 11).
  if (s.committed < l->first_of_term || s.configs.current_index() > s.committed || is_joint(s.config())) {
    return errc::busy;
  }
  if (auto checked = check_members(wanted.voters, wanted.learners); !checked) return checked.error();
  for (const auto& v : wanted.voters) {
    if (is_voter(s.config(), v.replica)) continue;
    const auto* const p = l->find(v.replica);
    if (p == nullptr || !is_member(s.config(), v.replica)) {
      return error{errc::invalid_parameter, "a newcomer must be a learner first"};
    }
    // Few entries may be many bytes: as long as some have to be read back, commits would wait for its disk.
    if (!s.from_memory(*p) || p->match.value + s.options.catch_up_entries < s.committed.value)
      return error{errc::busy, "a newcomer has not caught up"};
  }
  s.append_own({{s.entries.last().value + 1},
                s.hard.term,
                entry_kind::configuration,
                {},
                std::make_shared<const configuration>(entered(s.config(), wanted.voters, wanted.learners))});
  return s.entries.last();
}

} // namespace burrow::raft
