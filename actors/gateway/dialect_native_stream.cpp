// Streams (contract section 6.1): a list that goes on. An event is a message, its id the cursor behind it.
#include "actors/gateway/dialect_native_json.hpp"
#include "actors/gateway/dialect_native_path.hpp"

namespace burrow {
namespace {

plan at_once(const http_request& request, problem what) {
  plan out;
  out.answer = problem_response(request, what);
  return out;
}

native_context& context_of(const plan& made) { return static_cast<native_context&>(*made.context); }

/// So much of a queue is read at a time: what a slow client makes the node keep for it.
constexpr std::uint64_t page_items = 100;
constexpr std::uint64_t page_bytes = limits::mib;

} // namespace

plan native_dialect::stream(const http_request& request, const queue_ref& queue) const {
  parameters given;
  const auto known = parameters_at(place_kind::queue, request.method);
  if (auto p = read_parameters(request.query, known, is_strict(request), given)) return at_once(request, *p);
  const auto refused = [&](std::string why) {
    return at_once(request, {problem_type::invalid_parameter, std::move(why), {}});
  };
  if (given.lifo.value_or(false)) return refused("A stream goes forward: there is no order=lifo.");
  if (given.detail == detail_level::none) return refused("A stream shows messages: there is no detail=none.");
  // A client that comes back sends the path of its first request, and where it has got to since.
  if (const auto last = request.field("last-event-id"); !last.empty()) {
    given.cursor = std::string{last};
    given.marker.reset();
  }
  queue::position from;
  if (auto p = start_from(queue, given, false, from)) return at_once(request, *p);
  if (from.priority) return at_once(request, {problem_type::invalid_cursor, {}, {}});
  auto context = std::make_unique<native_context>();
  context->detail = given.detail.value_or(detail_level::all);
  context->events_left = given.limit;
  queue::list_messages list;
  list.limit = static_cast<std::uint32_t>(std::min(given.limit.value_or(page_items), page_items));
  list.bytes_max = context->detail >= detail_level::body ? page_bytes : 0;
  list.match_hidden = given.match_hidden;
  list.from = std::move(from);
  list.match_meta = std::move(given.match_meta);
  list.examine_max = limits::meta_scan_messages_max;
  plan out;
  out.what = std::make_shared<operation>();
  out.what->queue = queue;
  out.what->want_bodies = context->detail >= detail_level::body;
  out.what->client = std::make_shared<client_presence>();
  out.what->seat = std::make_shared<budget_share>();
  out.what->what = std::move(list);
  out.context = std::move(context);
  out.streams = true;
  return out;
}

event_page native_dialect::events(const http_request&, plan& made, operation_result& outcome) const {
  event_page out;
  const auto* answer = std::get_if<queue::messages_answer>(&outcome.what);
  // Whoever reads comes back with Last-Event-ID, and is told then what is the matter.
  if (answer == nullptr || answer->problem != errc::ok) return out.last = true, out;
  auto& context = context_of(made);
  const message_view view{&made.what->queue, &sealer_, answer->now, false, false, false};
  for (std::size_t i = 0; i < answer->items.size(); ++i) {
    const auto& item = answer->items[i];
    out.text += "id: ";
    out.text += sealer_.seal(made.what->queue, cursor_at(item.place, false, false, 0));
    out.text += "\ndata: "; // JSON of ours has no line breaks
    message_json(out.text, view, context.detail, item,
                 i < outcome.bodies.size() ? outcome.bodies[i].view() : std::string_view{});
    out.text += "\n\n";
  }
  out.events = answer->items.size();
  auto next = std::make_shared<operation>(*made.what);
  next->wait = duration{0};
  auto& list = std::get<queue::list_messages>(next->what);
  if (answer->last.value != 0) {
    list.from = {};
    list.from.after = answer->last;
    list.from.lifo = false;
  }
  if (context.events_left) {
    *context.events_left -= std::min<std::uint64_t>(*context.events_left, out.events);
    list.limit = static_cast<std::uint32_t>(std::min(*context.events_left, page_items));
    out.last = *context.events_left == 0;
  }
  made.what = std::move(next);
  return out;
}

} // namespace burrow
