// What a node asks of the process and the machine that it runs on: clocks, signals, limits, the service manager.
#pragma once

#include "cluster/replica/effect.hpp"

#include <string_view>

namespace burrow {

[[nodiscard]] clock_reading read_clocks();
/// Once, before anything else runs.
void prepare_process();
/// What `burrow serve` ends with for this reason.
[[nodiscard]] int exit_status_of(const error& why);
/// Nobody knows what reached the disk, or the tree cannot go on: leave at once, without destructors that would write.
[[noreturn]] void end_process(const error& why);
/// Whether SIGINT or SIGTERM waits. Threads leave them to main, which takes them only when the node is open.
[[nodiscard]] bool asked_to_end();
/// One datagram to systemd's $NOTIFY_SOCKET; nothing without one.
void notify_service_manager(std::string_view state);

} // namespace burrow
