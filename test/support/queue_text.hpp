// Replies, answers and deltas of the queue machine as short lines, for scripts and for comparing two runs.
#pragma once

#include "cluster/queue/machine.hpp"

#include <string>

namespace burrow::test {

/// One line a message: name, place (log index and count), time left, how it is held. `now` makes times relative.
[[nodiscard]] std::string to_text(const queue::message& m, instant now);
[[nodiscard]] std::string to_text(const queue::reply& r);
/// What is set, each after a space.
[[nodiscard]] std::string to_text(const queue::settings& x);
[[nodiscard]] std::string to_text(const queue::task_view& t);
[[nodiscard]] std::string to_text(const queue::answer& a);
/// Everything about the outcome, the delta byte by byte.
[[nodiscard]] std::string to_text(const queue::outcome& out);

} // namespace burrow::test
