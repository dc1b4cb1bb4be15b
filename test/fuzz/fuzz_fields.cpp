// Header fields with a grammar of their own: trace contexts, lists of ETags, Accept. What is kept of a trace keeps its
// rules when it is read again; what is refused leaves nothing.
#include "actors/gateway/etags.hpp"
#include "actors/gateway/problem_pages.hpp"
#include "actors/gateway/trace_context.hpp"
#include "cluster/base/assert.hpp"
#include "cluster/base/limits.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace burrow;
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  const auto line = text.find('\n');
  const auto first = text.substr(0, line), second = line == text.npos ? std::string_view{} : text.substr(line + 1);

  queue::message_attributes kept;
  keep_trace(kept, first, second);
  BURROW_ASSERT(kept.traceparent.empty() || (kept.traceparent == first && is_traceparent(first)));
  BURROW_ASSERT(kept.tracestate.empty() || (!kept.traceparent.empty() && kept.tracestate == second));
  BURROW_ASSERT(kept.tracestate.size() <= limits::tracestate_bytes_max && kept.traceparent.size() <= 128);
  const std::string alone{"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"};
  http_request request;
  request.fields = {{"tracestate", first}, {"traceparent", alone}, {"Tracestate", second}};
  queue::message_attributes joined;
  keep_trace(joined, request);
  BURROW_ASSERT(joined.traceparent == alone);
  BURROW_ASSERT(joined.tracestate.empty() || is_tracestate(joined.tracestate));

  std::size_t tags = 0;
  bool found = false;
  each_tag(text, [&](std::string_view tag) {
    ++tags;
    found = found || tag == "*" || (tag.starts_with("W/") ? tag.substr(2) : tag) == "\"7\"";
    if (const auto number = number_in(tag)) BURROW_ASSERT(tag.size() >= 3 && *number <= UINT64_MAX);
  });
  BURROW_ASSERT(tags <= 32 && is_known(text, "W/\"7\"") == found);

  request.fields = {{"Accept", first}};
  const auto page = problem_page_response(request, "not-found");
  BURROW_ASSERT(page.status == 200 || page.status == 406);
  const auto slug = problem_page_response(request, second);
  BURROW_ASSERT(slug.status == 200 || slug.status == 404 || slug.status == 406);
  return 0;
}
