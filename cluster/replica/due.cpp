// Deadlines of the shard's state, and the one timer that the shell keeps for it.
#include "cluster/base/limits.hpp"
#include "cluster/replica/impl.hpp"

#include <algorithm>

namespace burrow {
namespace {

using namespace std::chrono_literals;
// Looking for the earliest deadline reads the state, so not after every entry; a clock entry costs a sync.
constexpr duration look_every = 20ms;
constexpr duration clock_every = 100ms;
constexpr duration idle_after = 30s;
constexpr duration tell_ahead_every = 10s;

} // namespace

void replica::impl::check_due() {
  if (!serves || damaged || due_loads.loading) return;
  if (due_stale && now.steady - due_checked >= look_every) {
    state_view view(source, above, due_loads.got, prefix);
    auto found = queue::pending(view);
    if (view.failure()) return fail(*view.failure());
    if (!found.missing.empty()) {
      if (!view.wants()) for (const auto& k : found.missing) view.want(k);
      return start_load(due_loads, view.take_wanted(), due_load{});
    }
    release(due_loads);
    due = std::move(found);
    due_stale = false;
    due_checked = now.steady;
    for (const auto to : due.leaving_to) moves.note_open(to);
  }
  if (due_stale || draining) return;
  drive_tasks();
  if (clock_in_flight) return;
  const bool is_due = due.earliest != no_instant && due.earliest <= shard_now();
  if (!due.sweeping && !is_due) return;
  // More than one entry's worth goes on at once; single deadlines gather.
  const bool more = due.sweeping || due.earliest <= applied.time;
  if (more || now.steady - clock_proposed >= clock_every) propose_clock();
}

void replica::impl::tell_time_ahead() {
  const auto ahead = leads ? clock.ahead(voters_time()) : duration{0};
  const bool alarm = ahead > duration{0};
  if (!alarm && !time_ahead_told) return;
  if (alarm && time_ahead_told && now.steady - *time_ahead_told < tell_ahead_every) return;
  time_ahead_told = alarm ? std::optional{now.steady} : std::nullopt;
  effects.push_back(time_ahead_effect{ahead});
}

std::optional<duration> replica::impl::next_wake() {
  std::optional<duration> at;
  const auto by = [&](duration t) { at = at ? std::min(*at, t) : t; };
  if (delta_since && above.has_unsent() && pins.empty()) by(*delta_since + limits::delta_delay_max);
  const bool looks = serves && !due_loads.loading && !draining;
  if (looks && due_stale) by(due_checked + look_every);
  if (looks && !due_stale && !clock_in_flight && due.earliest != no_instant) {
    by(std::max(clock.steady_at(due.earliest, voters_time()), clock_proposed + clock_every));
  }
  // One that is under way, or has to wait, is seen to by moves_wake().
  if (looks && !due_stale && due.moving < limits::moves_open_max) {
    const auto next = std::find_if(due.tasks.begin(), due.tasks.end(),
                                   [&](const auto& t) { return !driven.contains(t.task); });
    if (next != due.tasks.end()) by(clock.steady_at(next->due, voters_time()));
  }
  if (const auto moving = moves_wake()) by(*moving);
  if (needs_ticks()) {
    const auto core_now = core.status();
    by(next_tick + (core_now.asleep ? (core_now.sleep_ticks_left - 1) * limits::tick : duration{0}));
  }
  // A pull looks after itself at ticks, which a replica that is not asleep has.
  if (pull && !pull->asked && !pull->writing) by(pull->ask_from);
  if (time_ahead_told) by(*time_ahead_told + tell_ahead_every);
  if (const auto quiet = rates.quiet_at()) by(*quiet);
  // Once idle, an entry log and bodies that nobody asks for any more are let go.
  const bool keeps = bodies.bytes() > 0 || core.status().last.value > disk_first.value + 16;
  if (keeps && to_apply.empty() && now.steady - active < idle_after) by(active + idle_after);
  return at;
}

void replica::impl::emit_timer() {
  if (damaged) return;
  if (now.steady - active >= idle_after) bodies.clear();
  rates.forget_quiet(now.steady);
  auto next = next_wake();
  if (next && *next <= now.steady) next = now.steady + 1ms;
  if (last_timer && *last_timer == next) return;
  last_timer = next;
  effects.push_back(timer_effect{next});
}

} // namespace burrow
