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
                clock_jumps = 0, bodies_gone = 0, disks_low = 0, calls = 0, moves_left = 0, arrivals = 0,
                arrivals_repeated = 0, moves_resent = 0, repeats = 0, bits_flipped = 0, disks_forgot = 0,
                replicas_lost = 0;

  template <class Function>
  void each(Function&& f) const;
  void add(const coverage& other);
};

struct coverage_field {
  const char* name;
  std::uint64_t coverage::*count;
};
inline constexpr coverage_field coverage_fields[] = {
    {"elections", &coverage::elections},
    {"truncations", &coverage::truncations},
    {"installs", &coverage::installs},
    {"joint_changes", &coverage::joint_changes},
    {"transfers", &coverage::transfers},
    {"crashes", &coverage::crashes},
    {"crashes_between_vote_and_sync", &coverage::crashes_between_vote_and_sync},
    {"crashes_aimed", &coverage::crashes_aimed},
    {"fenced_restarts", &coverage::fenced_restarts},
    {"cuts", &coverage::cuts},
    {"syncs_failed", &coverage::syncs_failed},
    {"replaced", &coverage::replaced},
    {"reads_served", &coverage::reads_served},
    {"reads_failed", &coverage::reads_failed},
    {"committed", &coverage::committed},
    {"fetches", &coverage::fetches},
    {"sleeps", &coverage::sleeps},
    {"wakes_by_membership", &coverage::wakes_by_membership},
    {"messages", &coverage::messages},
    {"checks", &coverage::checks},
    {"operations", &coverage::operations},
    {"unknown_outcomes", &coverage::unknown_outcomes},
    {"refused", &coverage::refused},
    {"histories", &coverage::histories},
    {"applies_abandoned", &coverage::applies_abandoned},
    {"sessions", &coverage::sessions},
    {"clock_jumps", &coverage::clock_jumps},
    {"bodies_gone", &coverage::bodies_gone},
    {"disks_low", &coverage::disks_low},
    {"calls", &coverage::calls},
    {"moves_left", &coverage::moves_left},
    {"arrivals", &coverage::arrivals},
    {"arrivals_repeated", &coverage::arrivals_repeated},
    {"moves_resent", &coverage::moves_resent},
    {"repeats", &coverage::repeats},
    {"bits_flipped", &coverage::bits_flipped},
    {"disks_forgot", &coverage::disks_forgot},
    {"replicas_lost", &coverage::replicas_lost},
};

template <class Function>
void coverage::each(Function&& f) const {
  for (const auto& field : coverage_fields) f(field.name, this->*field.count);
}
inline void coverage::add(const coverage& other) {
  for (const auto& field : coverage_fields) this->*field.count += other.*field.count;
}

} // namespace burrow::sim
