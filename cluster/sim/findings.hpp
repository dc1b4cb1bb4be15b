// What the checkers found wrong, and what a run met. A run ends at the first finding.
#pragma once

#include <cstdint>
#include <string>

namespace burrow::sim {

class findings {
 public:
  void add(std::string checker, std::string what) {
    if (what_.empty()) what_ = std::move(checker) + ": " + std::move(what);
  }
  [[nodiscard]] bool any() const { return !what_.empty(); }
  [[nodiscard]] const std::string& what() const { return what_; }

 private:
  std::string what_;
};

/// How often rare things happened: a run that meets none of them proves little.
struct coverage {
  std::uint64_t elections = 0, truncations = 0, installs = 0, joint_changes = 0, transfers = 0, crashes = 0,
                crashes_between_vote_and_sync = 0, crashes_aimed = 0, fenced_restarts = 0, cuts = 0, syncs_failed = 0,
                replaced = 0, reads_served = 0, reads_failed = 0, committed = 0, fetches = 0, messages = 0, sleeps = 0,
                wakes_by_membership = 0, checks = 0;
  // Of worlds of whole replicas.
  std::uint64_t operations = 0, unknown_outcomes = 0, refused = 0, histories = 0, applies_abandoned = 0, sessions = 0,
                clock_jumps = 0, bodies_gone = 0, disks_low = 0;

  template <class Function>
  void each(Function&& f) const {
    f("elections", elections);
    f("truncations", truncations);
    f("installs", installs);
    f("joint_changes", joint_changes);
    f("transfers", transfers);
    f("crashes", crashes);
    f("crashes_between_vote_and_sync", crashes_between_vote_and_sync);
    f("crashes_aimed", crashes_aimed);
    f("fenced_restarts", fenced_restarts);
    f("cuts", cuts);
    f("syncs_failed", syncs_failed);
    f("replaced", replaced);
    f("reads_served", reads_served);
    f("reads_failed", reads_failed);
    f("committed", committed);
    f("fetches", fetches);
    f("sleeps", sleeps);
    f("wakes_by_membership", wakes_by_membership);
    f("messages", messages);
    f("checks", checks);
    f("operations", operations);
    f("unknown_outcomes", unknown_outcomes);
    f("refused", refused);
    f("histories", histories);
    f("applies_abandoned", applies_abandoned);
    f("sessions", sessions);
    f("clock_jumps", clock_jumps);
    f("bodies_gone", bodies_gone);
    f("disks_low", disks_low);
  }
  void add(const coverage& other);
};

} // namespace burrow::sim
