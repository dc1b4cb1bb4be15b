// W3C Trace Context, level 1: what of it is kept with a message (contract section 16). Invalid ones are ignored, never
// refused: a message is worth more than its trace.
#pragma once

#include "actors/gateway/http.hpp"
#include "cluster/queue/message.hpp"

#include <string_view>

namespace burrow {

/// version-trace id-parent id-flags in lower-case hexadecimal; any version but ff, no id all zeros.
[[nodiscard]] bool is_traceparent(std::string_view text);
/// At most 32 members `key=value` with different keys, 512 bytes in all.
[[nodiscard]] bool is_tracestate(std::string_view text);
/// Keeps them as far as they are valid; without a valid traceparent nothing.
void keep_trace(queue::message_attributes& to, std::string_view traceparent, std::string_view tracestate);
/// Those of a request. Two traceparents are none; several tracestates are one list.
void keep_trace(queue::message_attributes& to, const http_request& from);

} // namespace burrow
