#include "actors/ticker_actor.hpp"

#include <caf/all.hpp>

#include <map>
#include <set>
#include <unordered_map>

namespace burrow {
namespace {

class ticker {
public:
  static constexpr const char* actor_name = "ticker";

  ticker(shell<ticker>* self, ticker_options options) : self_(self), o_(std::move(options)) {}

  caf::behavior behavior() {
    return {
      [this](const wake_at& m) {
        set(m);
        arm();
      },
      [this](tick_atom) {
        fire();
        arm();
      },
      [this](stop_atom) { self_->quit(); },
    };
  }

private:
  void set(const wake_at& m) {
    const auto id = m.from.id();
    if (const auto old = due_of_.find(id); old != due_of_.end()) {
      due_.erase({old->second, id});
      due_of_.erase(old);
    }
    if (!m.steady) return;
    const auto grains = (m.steady->count() + o_.grain.count() - 1) / o_.grain.count();
    const auto slot = o_.grain * grains;
    due_of_.emplace(id, slot);
    due_.emplace(std::pair{slot, id}, m.from);
  }

  void fire() {
    const auto now = o_.clock().steady;
    while (!armed_.empty() && *armed_.begin() <= now) armed_.erase(armed_.begin());
    while (!due_.empty() && due_.begin()->first.first <= now) {
      self_->send(due_.begin()->second, tick_atom_v);
      due_of_.erase(due_.begin()->first.second);
      due_.erase(due_.begin());
    }
    // CAF's clock and ours differ by a little: a timer that came early is set again.
    if (!due_.empty()) armed_.erase(due_.begin()->first.first);
  }

  void arm() {
    if (due_.empty()) return;
    const auto first = due_.begin()->first.first;
    if (!armed_.empty() && *armed_.begin() <= first) return;
    const auto now = o_.clock().steady;
    armed_.insert(first);
    if (first <= now) return self_->send(self_, tick_atom_v);
    self_->delayed_send(self_, first - now, tick_atom_v);
  }

  shell<ticker>* self_;
  ticker_options o_;
  std::map<std::pair<duration, caf::actor_id>, caf::actor> due_; ///< by time; one for each actor that waits
  std::unordered_map<caf::actor_id, duration> due_of_;
  std::set<duration> armed_; ///< times of the timers under way
};

} // namespace

caf::actor spawn_ticker(caf::actor_system& system, ticker_options options) {
  return system.spawn(run_shell<ticker, ticker_options>, std::move(options));
}

} // namespace burrow
