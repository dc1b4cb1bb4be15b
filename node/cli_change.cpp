// `burrow node drain|decommission|leave, shard transfer-leader|move, rebalance`: changes to a cluster. Every one shows
// its plan first, and is refused where it would lower safety. The work is the cluster's: these commands only watch.
#include "node/cli_client.hpp"
#include "node/progress.hpp"
#include "node/text.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <thread>

namespace burrow {
namespace {

/// Sends an order; the plan that came back, or nothing after an error.
std::optional<cli_json> order(cli_client& client, const cli_json& what) {
  // 409 carries a plan with the refusal in it.
  const auto reply = client.call("POST", "/admin/v1/cluster", what.dump(), {{"Content-Type", "application/json"}});
  return reply ? parse_answer(*reply) : std::nullopt;
}

void print_moves(const cli_json& plan, const char* key, const char* what) {
  const auto list = plan.value(key, cli_json::array());
  if (list.empty()) return;
  fmt::print("{}", what);
  std::size_t shown = 0;
  for (const auto& m : list) {
    if (++shown > 8) break;
    fmt::print("{} {}: {} -> {}", shown == 1 ? "" : ",", number_of(m, "shard"), text_of(m, "from"), text_of(m, "to"));
  }
  if (list.size() > 8) fmt::print(", and {} more", list.size() - 8);
  fmt::print("\n");
}

/// Shows the plan; exit_done if it may be done, with or without force.
int show_plan(const cli_context& context, const cli_json& plan, bool force) {
  if (context.output != output_format::table) {
    fmt::print("{}\n", plan.dump(2));
  } else {
    if (const auto summary = text_of(plan, "summary"); summary != "-" && !summary.empty())
      fmt::print("{}\n", summary);
    print_moves(plan, "leaders", "leaders of shards ");
    print_moves(plan, "replicas", "replicas of shards");
  }
  if (plan.value("allowed", false) || (force && plan.value("forceable", false))) return exit_done;
  const bool forceable = plan.value("forceable", false);
  return cli_error(exit_refused, fmt::format("{}{}", text_of(plan, "refusal"),
                                             forceable ? "; if that is meant: --force \"reason\"" : ""));
}

/// Shows the plan of `what`, asks `question` if there is one, and has it carried out. A value: the command ends with
/// it, since it was refused, failed, or was only to be shown.
std::optional<int> carry_out(const cli_context& context, cli_client& client, cli_json what,
                             const std::string& question = {}) {
  what["dry_run"] = true;
  const auto plan = order(client, what);
  if (!plan) return client.code();
  const auto reason = context.option("force");
  if (const int may = show_plan(context, *plan, !reason.empty()); may != exit_done) return may;
  if (context.has("check") || context.has("dry-run")) return exit_done;
  if (!question.empty() && !cli_confirm(context, question)) return exit_refused;
  what["dry_run"] = false;
  what["force"] = !reason.empty();
  what["reason"] = reason;
  return order(client, what) ? std::nullopt : std::optional(client.code());
}

/// What a command that only watches says when it is interrupted: the work goes on without it.
std::string goes_on;
extern "C" void leave_it_going(int) {
  static_cast<void>(!::write(STDERR_FILENO, goes_on.data(), goes_on.size()));
  ::_exit(exit_interrupted);
}

void on_interrupt(std::string text) {
  goes_on = "\n" + std::move(text) + "\n";
  std::signal(SIGINT, leave_it_going);
  std::signal(SIGTERM, leave_it_going);
}

/// Until `count` is 0; the work goes on without us. `now` is what it was last; false: it did not come to that in time.
bool watch(const cli_context& context, double most_s, const char* what,
           const std::function<std::optional<std::uint64_t>()>& count, std::uint64_t& now) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::duration<double>(most_s);
  progress_bar bar(what, !context.quiet, " shards");
  for (std::uint64_t first = 0;;) {
    if (const auto left = count()) {
      now = *left;
      first = std::max(first, now);
      bar.show(first - now, first);
      if (now == 0) return true;
    }
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
  }
}

/// What a node leads or votes for, as the members say; 0 when it is no member any more and `may_go`. A number that is
/// missing says nothing: a new leader of the metadata does not know it yet.
std::function<std::optional<std::uint64_t>()> counted(cli_client& client, const std::string& node, const char* what,
                                                      bool may_go) {
  return [&client, node, what, may_go]() -> std::optional<std::uint64_t> {
    const auto page = ask_list(client, "/admin/v1/members", "members");
    if (!page || !page->value("complete", true)) return std::nullopt;
    for (const auto& m : page->at("members")) {
      if (text_of(m, "node") != node) continue;
      return m.contains(what) && m[what].is_number() ? std::optional(m[what].get<std::uint64_t>()) : std::nullopt;
    }
    return may_go ? std::optional(std::uint64_t{0}) : std::nullopt;
  };
}

int node_drain(const cli_context& context) {
  int code = exit_done;
  auto client = cli_client::make(context, code);
  if (!client) return code;
  const auto& node = context.words[0];
  const char* const action = context.has("undo") ? "undo" : "drain";
  if (const auto ended = carry_out(context, *client, {{"action", action}, {"node", node}})) return *ended;
  if (context.has("undo")) {
    if (!context.quiet) fmt::print(stderr, "{} takes leaders and replicas again\n", node);
    return exit_done;
  }
  std::uint64_t left = 0;
  on_interrupt(fmt::format("the leaders go on moving; watch: burrow members; take it back: burrow node drain {} --undo",
                           node));
  if (watch(context, context.timeout_s, "draining", counted(*client, node, "leads", false), left)) {
    if (!context.quiet) fmt::print(stderr, "{} leads nothing; it may be restarted. Undo: burrow node drain {} --undo\n",
                                   node, node);
    return exit_done;
  }
  return cli_error(exit_warnings, fmt::format("{} still leads {} shards; the cluster goes on moving them, watch with: "
                                              "burrow members", node, left));
}

int node_decommission(const cli_context& context) {
  int code = exit_done;
  auto client = cli_client::make(context, code);
  if (!client) return code;
  const auto& node = context.words[0];
  if (const auto ended = carry_out(context, *client, {{"action", "decommission"}, {"node", node}},
                                   fmt::format("empty {} for good", node)))
    return *ended;
  if (context.has("no-wait")) return exit_done;
  std::uint64_t left = 0;
  on_interrupt(fmt::format("the shards go on moving; watch: burrow members; cancel: burrow node drain {} --undo",
                           node));
  if (watch(context, context.timeout_s, "moving", counted(*client, node, "voters", true), left)) {
    if (!context.quiet)
      fmt::print(stderr, "{} holds nothing; it may be stopped. It cannot come back with this data: wipe it and join "
                         "anew.\n", node);
    return exit_done;
  }
  return cli_error(exit_warnings, fmt::format("{} still holds {} shards; the cluster goes on moving them, watch with: "
                                              "burrow members; cancel with: burrow node drain {} --undo", node, left,
                                              node));
}

/// Of the asked node: its own answer to how it is.
std::optional<cli_json> own_status(cli_client& client) {
  const auto reply = client.call("GET", "/admin/v1/status");
  auto status = reply ? parse_answer(*reply) : std::nullopt;
  if (!status || !status->is_object() || !status->contains("shards")) return std::nullopt;
  return status;
}

/// Empties the asked node: what decommission does, watched from the node itself, which holds less and less.
int empty_for_good(const cli_context& context, cli_client& client, const std::string& node) {
  if (const auto ended = carry_out(context, client, {{"action", "decommission"}, {"node", node}},
                                   fmt::format("{} leaves the cluster for good.", node)))
    return *ended;
  on_interrupt(fmt::format("{0} goes on moving its shards; again: burrow node leave; cancel: burrow node drain {0} "
                           "--undo", node));
  std::uint64_t left = 0;
  const auto held = [&client]() -> std::optional<std::uint64_t> {
    const auto now = own_status(client);
    return now ? std::optional(now->at("shards").value("count", std::uint64_t{0})) : std::nullopt;
  };
  const auto most = static_cast<double>(context.number("wait", 3600, 1, 1'000'000));
  if (watch(context, most, "leaving", held, left)) return exit_done;
  return cli_error(exit_warnings, fmt::format("{0} still holds {1} shards; the cluster goes on moving them. Go on: "
                                              "burrow node leave; cancel: burrow node drain {0} --undo", node, left));
}

int node_leave(const cli_context& context) {
  int code = exit_done;
  auto client = cli_client::make(context, code);
  if (!client) return code;
  const auto status = own_status(*client);
  if (!status) return client->code() != exit_done ? client->code() : exit_failed;
  const auto node = text_of(*status, "node");
  if (!context.words.empty() && context.words[0] != node)
    return cli_error(exit_usage, fmt::format("the asked node is {0}, and a node leaves by itself: name the endpoint of "
                                             "{1}, or: burrow node decommission {1}", node,
                                             one_line(context.words[0], 60)));
  if (!status->contains("cluster"))
    return cli_error(exit_refused, fmt::format("{} runs alone: there is nobody to leave. To end it, stop it", node));
  if (status->at("shards").value("count", 0U) > 0)
    if (code = empty_for_good(context, *client, node); code != exit_done || context.has("dry-run")) return code;
  if (context.has("dry-run")) {
    fmt::print("{} holds nothing; it would end, and its directory would start no more.\n", node);
    return exit_done;
  }
  const auto left = client->call("POST", "/admin/v1/leave", "{}", {{"Content-Type", "application/json"}});
  if (!left) return client->code();
  if (context.output != output_format::table) fmt::print("{}\n", left->body);
  if (!context.quiet)
    fmt::print(stderr, "{} has left for good and ends. Its directory starts no more: wipe it, and let it join anew.\n",
               node);
  return exit_done;
}

int shard_order(const cli_context& context, cli_json what) {
  int code = exit_done;
  auto client = cli_client::make(context, code);
  if (!client) return code;
  const auto shard = parse_number(context.words[0]);
  if (!shard || *shard > 1024)
    return cli_error(exit_usage, fmt::format("a shard is a number, not \"{}\"", one_line(context.words[0], 40)));
  what["shard"] = *shard;
  what["to"] = context.option("to");
  if (what["to"].get<std::string>().empty()) return cli_error(exit_usage, "--to NODE is missing");
  if (const auto ended = carry_out(context, *client, std::move(what))) return *ended;
  if (!context.quiet) fmt::print(stderr, "begun; watch with: burrow shards {}\n", *shard);
  return exit_done;
}

int transfer_leader(const cli_context& context) { return shard_order(context, {{"action", "transfer"}}); }

int shard_move(const cli_context& context) {
  if (context.option("from").empty()) return cli_error(exit_usage, "--from NODE is missing");
  return shard_order(context, {{"action", "move"}, {"from", context.option("from")}});
}

int rebalance(const cli_context& context) {
  int code = exit_done;
  auto client = cli_client::make(context, code);
  if (!client) return code;
  const auto plan = order(*client, {{"action", "rebalance"}, {"dry_run", true}});
  if (!plan) return client->code();
  return show_plan(context, *plan, false);
}

} // namespace

std::vector<cli_command> change_commands() {
  return {
    {"node drain", "burrow node drain NODE [--undo] [--check] [--dry-run] [--force REASON]",
     "Moves all leaders off a node, as before a restart; can be undone.",
     "  burrow node drain n2\n  burrow node drain n2 --undo\n", {"undo", "check", "dry-run", "force="}, 1, 1,
     node_drain},
    {"node decommission", "burrow node decommission NODE [--dry-run] [--no-wait] [--force REASON]",
     "Moves everything off a node for good.",
     "  burrow node decommission n2 --dry-run\n  burrow node decommission n2 --yes --timeout 600\n",
     {"dry-run", "no-wait", "force="}, 1, 1, node_decommission},
    {"node leave", "burrow node leave [NODE] [--dry-run] [--wait SECONDS] [--force REASON]",
     "Empties the asked node, takes it out of the cluster for good, and ends it; may be repeated.",
     "  burrow node leave --dry-run\n  burrow node leave n2 --endpoint http://127.0.0.1:8181 --yes\n",
     {"dry-run", "wait=", "force="}, 0, 1, node_leave},
    {"shard transfer-leader", "burrow shard transfer-leader SHARD --to NODE [--dry-run]",
     "Hands the leadership of a shard to another of its nodes.",
     "  burrow shard transfer-leader 7 --to n2\n  burrow shard transfer-leader 7 --to n2 --dry-run\n",
     {"to=", "dry-run"}, 1, 1, transfer_leader},
    {"shard move", "burrow shard move SHARD --from NODE --to NODE [--dry-run]",
     "Moves a replica from one node to another of the same zone.",
     "  burrow shard move 7 --from n2 --to n5\n  burrow shard move 7 --from n2 --to n5 --dry-run\n",
     {"from=", "to=", "dry-run"}, 1, 1, shard_move},
    {"rebalance", "burrow rebalance [--dry-run]", "Shows what the planner would move; it does so by itself.",
     "  burrow rebalance --dry-run\n  burrow rebalance --dry-run --output json\n", {"dry-run"}, 0, 0, rebalance},
  };
}

} // namespace burrow
