// Where log lines go: standard error, one line an event, never one a message. Bodies, receipts and secrets do not
// occur.
#pragma once

#include <string>

namespace burrow {

/// `level`: debug, info, warn or error. Call once, before anything logs.
void start_logging(const std::string& level);

} // namespace burrow
