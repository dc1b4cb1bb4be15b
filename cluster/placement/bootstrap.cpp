#include "cluster/placement/bootstrap.hpp"

#include "cluster/base/assert.hpp"
#include "cluster/base/limits.hpp"

#include <algorithm>

namespace burrow::placement {

result<void> check_bootstrap(const bootstrap_options& options, std::size_t expect) {
  const auto wrong = [](std::string text) { return error{errc::config_invalid, std::move(text)}; };
  if (expect == 0 || expect > limits::bootstrap_nodes_max) {
    return wrong("bootstrap-expect is 1 to " + std::to_string(limits::bootstrap_nodes_max));
  }
  if (options.addresses.size() != expect) {
    return wrong("bootstrap-expect is " + std::to_string(expect) + ", but join names " +
                 std::to_string(options.addresses.size()) + " addresses");
  }
  auto sorted = options.addresses;
  std::sort(sorted.begin(), sorted.end());
  if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end()) return wrong("join names an address twice");
  for (const auto& a : sorted) {
    if (!is_address(a)) return wrong("join: " + a + " is not HOST:PORT");
  }
  if (!std::binary_search(sorted.begin(), sorted.end(), options.self)) {
    return wrong("join does not name this node's own address " + options.self);
  }
  return {};
}

bootstrap::bootstrap(bootstrap_options options, std::optional<hash128> promise)
  : options_(std::move(options)), promise_(promise) {
  BURROW_ASSERT(check_bootstrap(options_, options_.addresses.size()).ok());
  creator_ = options_.self == *std::min_element(options_.addresses.begin(), options_.addresses.end());
}

void bootstrap::give(hash128 cluster) {
  if (promise_ || writing_) return;
  writing_ = cluster;
  effects_.emplace_back(promise_effect{cluster});
}

void bootstrap::promised() {
  BURROW_ASSERT(writing_.has_value());
  promise_ = std::exchange(writing_, std::nullopt);
  for (const auto q : std::exchange(waiting_, {})) effects_.emplace_back(answer_effect{q, own_answer()});
  asked_ever_ = false; // ask at once
}

admit_answer bootstrap::own_answer() const {
  admit_answer out;
  out.is = promise_ ? standing::promised : standing::empty;
  out.cluster = promise_;
  out.expect = static_cast<std::uint32_t>(options_.addresses.size());
  return out;
}

void bootstrap::asked(std::uint64_t question, const admit_question& what) {
  // Meant for a member that was at this address before. Its asker may be this very node, which would take what it hears
  // back through others for theirs.
  if (what.passed) {
    effects_.emplace_back(answer_effect{question, no_admission(standing::empty, "waits to be let in itself")});
    return;
  }
  if (what.promise && !creator_) give(*what.promise);
  // What is being written may be on disk or not: nothing is said before that is known.
  if (writing_) {
    if (waiting_.size() < limits::bootstrap_nodes_max) waiting_.push_back(question);
    return;
  }
  effects_.emplace_back(answer_effect{question, own_answer()});
}

void bootstrap::answered(const std::string& address, const admit_answer& answer) {
  const bool known = address != options_.self && std::find(options_.addresses.begin(), options_.addresses.end(),
                                                           address) != options_.addresses.end();
  if (!known) return;
  heard_[address] = answer;
  conclude();
}

void bootstrap::tick(instant now) {
  if (asked_ever_ && now - asked_at_ < options_.ask_every) return;
  asked_ever_ = true;
  asked_at_ = now;
  for (const auto& a : options_.addresses) {
    if (a != options_.self) effects_.emplace_back(ask_effect{a, creator_ ? promise_ : std::nullopt});
  }
  conclude();
}

/// Joins whoever is a member already; else the creator promises, and creates when all have promised the same.
void bootstrap::conclude() {
  if (created_ || writing_) return;
  for (const auto& [address, answer] : heard_) {
    const bool member = answer.is == standing::member || answer.is == standing::admitted;
    if (!member || !answer.cluster || (promise_ && *promise_ != *answer.cluster)) continue;
    // Promised first: else another creator could be promised this node while it is being let in.
    if (promise_) effects_.emplace_back(join_effect{address, *answer.cluster});
    else give(*answer.cluster);
    return;
  }
  if (!creator_ || heard_.size() + 1 < options_.addresses.size()) return;
  if (!promise_) {
    // All are heard, and none is a member. An id that was promised to an earlier life of this node is taken over.
    std::optional<hash128> found;
    for (const auto& [address, answer] : heard_) {
      if (answer.is == standing::promised && answer.cluster) found = answer.cluster;
    }
    give(found.value_or(options_.fresh));
    return;
  }
  const bool all = std::all_of(heard_.begin(), heard_.end(), [&](const auto& item) {
    return item.second.is == standing::promised && item.second.cluster == promise_ &&
           item.second.expect == options_.addresses.size();
  });
  if (!all) return;
  created_ = true;
  effects_.emplace_back(create_effect{*promise_});
}

std::vector<bootstrap_effect> bootstrap::take_effects() { return std::exchange(effects_, {}); }

std::string bootstrap::waiting_for() const {
  std::string out;
  const auto add = [&](const std::string& address, const std::string& why) {
    out += (out.empty() ? "" : "; ") + address + " " + why;
  };
  for (const auto& a : options_.addresses) {
    if (a == options_.self) continue;
    const auto at = heard_.find(a);
    if (at == heard_.end()) {
      add(a, "does not answer");
      continue;
    }
    const auto& answer = at->second;
    const auto expect = options_.addresses.size();
    const bool waits = answer.is == standing::empty || answer.is == standing::promised;
    if (answer.is == standing::refused) {
      add(a, "refuses: " + answer.text);
    } else if (promise_ && answer.cluster && *answer.cluster != *promise_) {
      add(a, "belongs or is promised to another cluster: wipe it, or this one");
    } else if (waits && answer.expect != expect) {
      add(a, "expects " + std::to_string(answer.expect) + " nodes, this one " + std::to_string(expect));
    } else if (answer.is == standing::empty) {
      add(a, "is empty and has promised nothing yet");
    }
  }
  if (out.empty() && !creator_) out = "the first address of the list, which creates the cluster";
  return out;
}

} // namespace burrow::placement
