#include "actors/gateway/redrive_json.hpp"

#include "actors/gateway/json_members.hpp"
#include "actors/gateway/json_write.hpp"
#include "actors/gateway/names.hpp"

#include <unordered_set>

namespace burrow {
namespace {

problem other_shape() {
  return {problem_type::invalid_json,
          "The body is not {\"to\", \"ids\", \"limit\", \"max_per_second\"} in valid JSON.", {}};
}

problem refused(problem_type type, std::string_view member, std::string_view why) {
  problem out{type, "`" + std::string{member} + "` " + std::string{why}, ", \"parameter\": "};
  json_string(out.members, member);
  return out;
}

/// The raw values; of a name given twice the last counts.
struct raw_redrive {
  std::string_view to = "null", ids = "null", limit = "0", max_per_second = "100";

  std::string_view* member(std::string_view name) {
    if (name == "to") return &to;
    if (name == "ids") return &ids;
    if (name == "limit") return &limit;
    if (name == "max_per_second") return &max_per_second;
    return nullptr;
  }
};

std::optional<problem> read_to(std::string_view raw, std::optional<std::string>& out) {
  if (raw == "null") return std::nullopt;
  if (raw.front() != '"') return other_shape();
  out = json_unquoted(raw);
  if (name_problem(*out).empty()) return std::nullopt;
  return refused(problem_type::invalid_name, "to", "is not the name of a queue.");
}

std::optional<problem> read_ids(std::string_view raw, std::vector<std::string>& out) {
  if (raw == "null") return std::nullopt;
  json_scan scan{raw};
  if (!scan.take('[')) return other_shape();
  std::unordered_set<std::string> seen;
  std::size_t count = 0;
  while (scan.peek() == '"') {
    if (++count > limits::redrive_ids_max) break;
    const char* const from = scan.at();
    if (!scan.string()) return other_shape();
    auto id = json_unquoted({from, static_cast<std::size_t>(scan.at() - from)});
    if (!name_problem(id).empty()) return refused(problem_type::invalid_name, "ids", "has one that is no id.");
    if (seen.insert(id).second) out.push_back(std::move(id));
    if (!scan.take(',')) break;
  }
  if (count <= limits::redrive_ids_max && !scan.take(']')) return other_shape();
  if (count >= 1 && count <= limits::redrive_ids_max) return std::nullopt;
  return refused(problem_type::invalid_parameter, "ids", "has 1 to 1000 of them, or is null.");
}
static_assert(limits::redrive_ids_max == 1000);

std::optional<problem> read_number(std::string_view member, std::string_view raw, std::uint64_t low, std::uint64_t high,
                                   std::uint64_t& out) {
  if (raw.front() != '-' && (raw.front() < '0' || raw.front() > '9')) return other_shape();
  const auto n = json_natural(raw);
  out = static_cast<std::uint64_t>(n.value_or(0));
  if (n && out >= low && out <= high) return std::nullopt;
  return refused(problem_type::invalid_parameter, member,
                 "is a whole number from " + std::to_string(low) + " to " + std::to_string(high) + ".");
}

} // namespace

std::variant<queue::redrive, problem> read_redrive(std::string_view text) {
  if (!utf8_is_valid(text)) return other_shape();
  raw_redrive raw;
  json_scan scan{text};
  scan.space();
  const bool shaped = json_object(scan, [&](std::string_view name, std::string_view value) {
    auto* const member = raw.member(name);
    if (member != nullptr) *member = value;
    return member != nullptr;
  });
  if (!shaped || !scan.done()) return other_shape();
  constexpr std::uint64_t most = 999'999'999'999'999'999; // what json_natural() reads
  queue::redrive out;
  std::uint64_t rate = 0;
  if (auto p = read_to(raw.to, out.to)) return *p;
  if (auto p = read_ids(raw.ids, out.ids)) return *p;
  if (auto p = read_number("limit", raw.limit, 0, most, out.limit)) return *p;
  if (auto p = read_number("max_per_second", raw.max_per_second, 1, limits::redrive_rate_max, rate)) return *p;
  out.max_per_second = static_cast<std::uint32_t>(rate);
  return out;
}

void task_json(std::string& out, const queue::task_view& task) {
  out += "{\"task\": ";
  json_string(out, queue::text_of(task.id));
  out += ", \"state\": ";
  json_string(out, queue::to_string(task.state));
  const auto count = [&](std::string_view name, std::uint64_t n) {
    out += ", \"";
    out += name;
    out += "\": ";
    append_number(out, n);
  };
  count("moved", task.moved);
  count("skipped", task.skipped);
  count("failed", task.failed);
  count("remaining", task.remaining);
  out += ", \"started\": ";
  json_time(out, task.started);
  out += ", \"finished\": ";
  json_time(out, task.finished);
  out += "}";
}

} // namespace burrow
