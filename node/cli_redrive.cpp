// `burrow queue redrive, tasks, cancel`: messages of one queue on to another, or back to where they came from. The node
// does it by itself; the command only starts it, looks and, if asked to, waits.
#include "node/cli_client.hpp"
#include "node/text.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <thread>

namespace burrow {
namespace {

constexpr auto look_every = std::chrono::milliseconds{200};

std::uint64_t count_of(const cli_json& task, const char* name) { return task.value(name, std::uint64_t{0}); }

std::string summary(const cli_json& task) {
  return fmt::format("{} moved, {} skipped, {} failed", human_count(count_of(task, "moved")),
                     human_count(count_of(task, "skipped")), human_count(count_of(task, "failed")));
}

void draw_bar(const cli_json& task) {
  const auto handled = count_of(task, "moved") + count_of(task, "skipped");
  const auto all = handled + count_of(task, "remaining");
  const auto full = static_cast<std::size_t>(all == 0 ? 24 : handled * 24 / all);
  fmt::print(stderr, "\r[{}{}] {}, {} left   ", std::string(full, '#'), std::string(24 - full, '-'), summary(task),
             human_count(count_of(task, "remaining")));
  std::fflush(stderr);
}

std::optional<cli_json> read_task(cli_client& client, const std::string& target) {
  const auto reply = client.call("GET", target);
  if (!reply) return std::nullopt;
  auto task = parse_answer(*reply);
  return task && task->is_object() ? task : std::nullopt;
}

int failed(const cli_client& client) { return client.code() != exit_done ? client.code() : int{exit_failed}; }

/// Looks until the task has ended. It goes on without us: whoever interrupts the command only stops to look.
std::optional<cli_json> await(const cli_context& context, cli_client& client, const std::string& target,
                              cli_json task) {
  const bool draws = !context.quiet && ::isatty(STDERR_FILENO) != 0;
  while (task.value("state", "") == "running") {
    if (draws) draw_bar(task);
    std::this_thread::sleep_for(look_every);
    auto next = read_task(client, target);
    if (draws && !next) fmt::print(stderr, "\n");
    if (!next) return std::nullopt;
    task = std::move(*next);
  }
  if (draws) {
    draw_bar(task);
    fmt::print(stderr, "\n");
  }
  return task;
}

cli_json request_of(const cli_context& context) {
  cli_json out = cli_json::object();
  if (context.has("to")) out["to"] = context.option("to");
  for (const auto& [name, value] : context.options)
    if (name == "id") out["ids"].push_back(value);
  constexpr std::uint64_t most = 999'999'999'999'999'999;
  if (context.has("limit")) out["limit"] = context.number("limit", 0, 0, most);
  if (context.has("rate")) out["max_per_second"] = context.number("rate", 100, 1, 1'000'000);
  return out;
}

int redrive(const cli_context& context) {
  int code = exit_done;
  const auto path = queue_path(context.words[0]);
  if (!path) return exit_usage;
  const auto body = request_of(context).dump(-1, ' ', false, cli_json::error_handler_t::replace);
  auto client = cli_client::make(context, code);
  if (!client) return code;
  http_client::fields fields{{"Content-Type", "application/json"}};
  if (const auto key = context.option("idempotency-key"); !key.empty()) fields.emplace_back("Idempotency-Key", key);
  const auto begun = client->call("POST", *path + "/~redrive", body, fields);
  if (!begun) return client->code();
  auto task = parse_answer(*begun);
  if (!task || !task->is_object()) return exit_failed;
  const auto id = task->value("task", "");
  if (context.has("wait")) {
    task = await(context, *client, *path + "/~tasks/" + url_segment(id), std::move(*task));
    if (!task) return failed(*client);
  }
  const auto state = task->value("state", "");
  if (!print_json_list(context, *task)) {
    if (context.has("wait")) fmt::print("{}: {}\n", state, summary(*task));
    else fmt::print("{}\n", id);
  }
  if (!context.has("wait") && !context.quiet && context.output == output_format::table)
    fmt::print(stderr, "{} left to do; burrow queue tasks {} shows how it goes on\n",
               human_count(count_of(*task, "remaining")), one_line(context.words[0], 60));
  return state == "cancelled" || state == "failed" ? exit_failed : exit_done;
}

int tasks(const cli_context& context) {
  int code = exit_done;
  const auto path = queue_path(context.words[0]);
  if (!path) return exit_usage;
  auto client = cli_client::make(context, code);
  if (!client) return code;
  const auto reply = client->call("GET", *path + "/~tasks");
  if (!reply) return client->code();
  const auto all = parse_answer(*reply);
  if (!all || !all->is_array()) return exit_failed;
  if (print_json_list(context, *all)) return exit_done;
  std::vector<std::vector<std::string>> rows;
  for (const auto& task : *all) {
    const auto text = [&](const char* name) {
      const auto& value = task.contains(name) ? task.at(name) : cli_json();
      return value.is_string() ? one_line(value.get<std::string>(), 24) : std::string{"-"};
    };
    const auto count = [&](const char* name) { return human_count(count_of(task, name)); };
    rows.push_back({text("task"), text("state"), count("moved"), count("skipped"), count("failed"), count("remaining"),
                    text("started"), text("finished")});
  }
  if (rows.empty() && !context.quiet) fmt::print(stderr, "none\n");
  const std::vector<std::string> heads = {"TASK", "STATE", "MOVED", "SKIPPED", "FAILED", "REMAINING", "STARTED",
                                          "FINISHED"};
  if (!rows.empty()) fmt::print("{}", table_text(heads, rows, context.heads));
  return exit_done;
}

int cancel(const cli_context& context) {
  int code = exit_done;
  const auto path = queue_path(context.words[0]);
  if (!path) return exit_usage;
  auto client = cli_client::make(context, code);
  if (!client) return code;
  const auto reply = client->call("DELETE", *path + "/~tasks/" + url_segment(context.words[1]));
  if (!reply) return client->code();
  const auto task = parse_answer(*reply);
  if (!task || !task->is_object()) return exit_failed;
  if (!print_json_list(context, *task)) fmt::print("{}: {}\n", task->value("state", ""), summary(*task));
  return exit_done;
}

} // namespace

std::vector<cli_command> redrive_commands() {
  return {
    {"queue redrive",
     "burrow queue redrive ACCOUNT/QUEUE [--to QUEUE] [--limit N] [--rate N] [--id ID ...] [--wait]\n"
     "       [--idempotency-key K]",
     "Moves the messages of a queue on: to --to, or each back to the queue that it was dead-lettered from. At most "
     "--rate a second [100]; --wait shows how it goes on until it has ended. Prints the task's id. Repeated with the "
     "same --idempotency-key it begins no second task.",
     "  burrow queue redrive demo/jobs-dead --wait\n  burrow queue redrive demo/jobs-dead --to jobs-2 --limit 1000 "
     "--rate 50\n", {"to=", "limit=", "rate=", "id=", "idempotency-key=", "wait"}, 1, 1, redrive},
    {"queue tasks", "burrow queue tasks ACCOUNT/QUEUE", "Lists the last 50 redrives of a queue, newest first.",
     "  burrow queue tasks demo/jobs-dead\n  burrow queue tasks demo/jobs-dead --output json\n", {}, 1, 1, tasks},
    {"queue cancel", "burrow queue cancel ACCOUNT/QUEUE TASK",
     "Ends a redrive. What it has moved stays moved; what it has not stays where it is.",
     "  burrow queue cancel demo/jobs-dead t-7f3\n", {}, 2, 2, cancel},
  };
}

} // namespace burrow
