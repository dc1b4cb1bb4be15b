#include "actors/caf_config.hpp"

#include <algorithm>
#include <thread>

namespace burrow {

caf_config::caf_config(std::size_t threads) {
  const auto cores = std::max<std::size_t>(1, std::thread::hardware_concurrency());
  set("scheduler.max-threads", threads == 0 ? cores : threads);
  // One busy actor must let others run. A drain of a mailbox is bounded by limits::drain_inputs_max anyway.
  set("scheduler.max-throughput", std::size_t{300});
  // A worker in the moderate state sleeps 50 us at a time and is not woken by a message; without that state it waits on
  // a condition variable, which costs less when idle and wakes sooner when lightly loaded.
  set("work-stealing.moderate-poll-attempts", std::size_t{0});
  set("work-stealing.aggressive-poll-attempts", std::size_t{10});
}

} // namespace burrow
