// Where log lines go: standard error, one line an event, never one a message. Bodies, receipts and secrets do not
// occur. The access log is another matter: off as shipped, a line a request, written by a thread of its own.
#pragma once

#include "actors/gateway/gateway_actor.hpp"

#include <string>

namespace burrow {

/// `level`: debug, info, warn or error. Call once, before anything logs.
void start_logging(const std::string& level);

/// Writes the access log; any thread. Never waits: where standard error is slower than the requests, the oldest lines
/// that wait are dropped, and how many is said at the end.
[[nodiscard]] answered_sink access_log();

} // namespace burrow
