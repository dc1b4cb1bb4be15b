#include "cluster/queue/moves.hpp"

#include <charconv>

namespace burrow::queue {

std::string text_of(task_id id) {
  char digits[16];
  const auto end = std::to_chars(digits, digits + sizeof digits, id.value, 16).ptr;
  return "t-" + std::string(digits, end);
}

std::optional<task_id> parse_task(std::string_view text) {
  if (!text.starts_with("t-")) return std::nullopt;
  text.remove_prefix(2);
  task_id id;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), id.value, 16);
  // Only what text_of() makes: two texts must not name one task.
  if (problem != std::errc{} || end != text.data() + text.size() || text_of(id).substr(2) != text) return std::nullopt;
  return id;
}

std::string_view to_string(task_state s) {
  switch (s) {
    case task_state::running: return "running";
    case task_state::done: return "done";
    case task_state::cancelled: return "cancelled";
    case task_state::failed: break;
  }
  return "failed";
}

} // namespace burrow::queue
