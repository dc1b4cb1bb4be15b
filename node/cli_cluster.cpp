// `burrow members, shards, events, node drain|decommission, shard transfer-leader|move, rebalance`: how a cluster is,
// and changes to it. Every change shows its plan first, and is refused where it would lower safety.
#include "node/cli_client.hpp"
#include "node/text.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <chrono>
#include <thread>

namespace burrow {
namespace {

std::string text_of(const cli_json& from, const char* key) {
  const auto at = from.find(key);
  return at != from.end() && at->is_string() ? at->get<std::string>() : std::string("-");
}

std::string number_of(const cli_json& from, const char* key) {
  const auto at = from.find(key);
  return at != from.end() && at->is_number() ? fmt::format("{}", at->get<std::uint64_t>()) : std::string("-");
}

/// One of the lists of /admin/v1; nothing after an error.
std::optional<cli_json> ask_list(cli_client& client, const std::string& path, const char* key) {
  const auto reply = client.call("GET", path);
  if (!reply) return std::nullopt;
  auto page = parse_answer(*reply);
  if (!page || !page->is_object() || !page->contains(key)) return std::nullopt;
  if (!page->value("complete", true))
    fmt::print(stderr, "warning: nobody leads the cluster's metadata just now; this is what the asked node knows\n");
  return page;
}

int members(const cli_context& context) {
  int code = exit_done;
  auto client = cli_client::make(context, code);
  if (!client) return code;
  const auto page = ask_list(*client, "/admin/v1/members", "members");
  if (!page) return client->code() != exit_done ? client->code() : exit_failed;
  const auto& list = page->at("members");
  bool well = true;
  for (const auto& m : list) well = well && text_of(m, "answers") == "ok";
  if (!print_json_list(context, list)) {
    std::vector<std::vector<std::string>> rows;
    for (const auto& m : list)
      rows.push_back({text_of(m, "node"), text_of(m, "zone"), text_of(m, "state"), number_of(m, "voters"),
                      number_of(m, "leads"), text_of(m, "cluster"), text_of(m, "version")});
    fmt::print("{}", table_text({"NODE", "ZONE", "STATE", "SHARDS", "LEADS", "CLUSTER", "VERSION"}, rows,
                                context.heads));
  }
  return well ? exit_done : exit_warnings;
}

std::string replicas_of(const cli_json& shard) {
  std::string out;
  for (const auto& m : shard.value("members", cli_json::array())) {
    out += (out.empty() ? "" : " ") + text_of(m, "node");
    if (!m.value("answers", true)) out += "(down)";
    else if (m.value("damaged", false)) out += "(damaged)";
    else if (m.value("installing", false)) out += "(copying)";
    else if (const auto lag = m.value("lag", std::uint64_t{0}); lag > 0) out += fmt::format("({})", lag);
  }
  if (!out.empty()) return out;
  for (const auto& v : shard.value("voters", cli_json::array()))
    out += (out.empty() ? "" : " ") + (v.is_string() ? v.get<std::string>() : "-");
  return out;
}

int shards(const cli_context& context) {
  int code = exit_done;
  auto client = cli_client::make(context, code);
  if (!client) return code;
  const auto page = ask_list(*client, "/admin/v1/shards", "shards");
  if (!page) return client->code() != exit_done ? client->code() : exit_failed;
  cli_json list = cli_json::array();
  bool well = true;
  for (const auto& s : page->at("shards")) {
    const bool good = text_of(s, "state") == "ok";
    well = well && good;
    const bool wanted = context.words.empty() || context.words[0] == number_of(s, "shard");
    if (wanted && (!good || !context.has("problems"))) list.push_back(s);
  }
  if (!context.words.empty() && list.empty())
    return cli_error(exit_not_found, fmt::format("no shard {}", one_line(context.words[0], 20)));
  if (!print_json_list(context, list)) {
    std::vector<std::vector<std::string>> rows;
    for (const auto& s : list) {
      std::string coming;
      for (const auto& n : s.value("newcomers", cli_json::array()))
        coming += (coming.empty() ? "" : " ") + (n.is_string() ? n.get<std::string>() : "-");
      rows.push_back({number_of(s, "shard"), text_of(s, "leader"), replicas_of(s), coming.empty() ? "-" : coming,
                      number_of(s, "term"), text_of(s, "state")});
    }
    if (rows.empty() && !context.quiet) fmt::print(stderr, "none\n");
    else fmt::print("{}", table_text({"SHARD", "LEADER", "REPLICAS (lag)", "COMING", "TERM", "STATE"}, rows,
                                     context.heads));
  }
  return well ? exit_done : exit_warnings;
}

int events(const cli_context& context) {
  int code = exit_done;
  auto client = cli_client::make(context, code);
  if (!client) return code;
  const auto page = ask_list(*client, "/admin/v1/events", "events");
  if (!page) return client->code() != exit_done ? client->code() : exit_failed;
  if (print_json_list(context, page->at("events"))) return exit_done;
  for (const auto& e : page->at("events")) fmt::print("{}  {}\n", text_of(e, "at"), one_line(text_of(e, "text"), 200));
  return exit_done;
}

// ---- changes -------------------------------------------------------------------------------------------------------

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

/// Until the node has none `left`, or is listed no more where it `may_go`; the work goes on without us. True if it came
/// to that in time. A number that is missing says nothing: a new leader of the metadata does not know it yet.
bool watch(const cli_context& context, cli_client& client, const std::string& node, const char* left, bool may_go,
           std::uint64_t& now) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::duration<double>(context.timeout_s);
  std::uint64_t first = 0;
  const bool terminal = ::isatty(2) == 1 && !context.quiet;
  while (true) {
    const auto page = ask_list(client, "/admin/v1/members", "members");
    bool listed = false, found = false;
    if (page)
      for (const auto& m : page->at("members")) {
        if (text_of(m, "node") != node) continue;
        listed = true;
        if (!m.contains(left) || !m[left].is_number()) continue;
        now = m[left].get<std::uint64_t>();
        found = true;
      }
    if (found) first = std::max(first, now);
    if (terminal && found) fmt::print(stderr, "\r{}: {} of {} {} left   ", node, now, first, left);
    if (page && (found ? now == 0 : may_go && !listed)) break;
    if (std::chrono::steady_clock::now() > until) {
      if (terminal) fmt::print(stderr, "\n");
      return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
  }
  if (terminal) fmt::print(stderr, "\n");
  return true;
}

int node_drain(const cli_context& context) {
  int code = exit_done;
  auto client = cli_client::make(context, code);
  if (!client) return code;
  const auto& node = context.words[0];
  cli_json what{{"action", context.has("undo") ? "undo" : "drain"}, {"node", node}, {"dry_run", true}};
  auto plan = order(*client, what);
  if (!plan) return client->code();
  const auto reason = context.option("force");
  if (const int may = show_plan(context, *plan, !reason.empty()); may != exit_done) return may;
  if (context.has("check") || context.has("dry-run")) return exit_done;
  what["dry_run"] = false;
  what["force"] = !reason.empty();
  what["reason"] = reason;
  plan = order(*client, what);
  if (!plan) return client->code();
  if (context.has("undo")) {
    if (!context.quiet) fmt::print(stderr, "{} takes leaders and replicas again\n", node);
    return exit_done;
  }
  std::uint64_t left = 0;
  if (watch(context, *client, node, "leads", false, left)) {
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
  cli_json what{{"action", "decommission"}, {"node", node}, {"dry_run", true}};
  auto plan = order(*client, what);
  if (!plan) return client->code();
  const auto reason = context.option("force");
  if (const int may = show_plan(context, *plan, !reason.empty()); may != exit_done) return may;
  if (context.has("dry-run")) return exit_done;
  if (!cli_confirm(context, fmt::format("empty {} for good", node))) return exit_refused;
  what["dry_run"] = false;
  what["force"] = !reason.empty();
  what["reason"] = reason;
  plan = order(*client, what);
  if (!plan) return client->code();
  if (context.has("no-wait")) return exit_done;
  std::uint64_t left = 0;
  if (watch(context, *client, node, "voters", true, left)) {
    if (!context.quiet)
      fmt::print(stderr, "{} holds nothing; it may be stopped. It cannot come back with this data: wipe it and join "
                         "anew.\n", node);
    return exit_done;
  }
  return cli_error(exit_warnings, fmt::format("{} still holds {} shards; the cluster goes on moving them, watch with: "
                                              "burrow members; cancel with: burrow node drain {} --undo", node, left,
                                              node));
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
  what["dry_run"] = true;
  auto plan = order(*client, what);
  if (!plan) return client->code();
  if (const int may = show_plan(context, *plan, false); may != exit_done) return may;
  if (context.has("dry-run")) return exit_done;
  what["dry_run"] = false;
  plan = order(*client, what);
  if (!plan) return client->code();
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

std::vector<cli_command> cluster_commands() {
  return {
    {"members", "burrow members", "Lists the nodes of the cluster.",
     "  burrow members\n  burrow members --output json\n", {}, 0, 0, members},
    {"shards", "burrow shards [SHARD] [--problems]", "Lists shards: who leads, who holds them, who is behind.",
     "  burrow shards --problems\n  burrow shards 7\n", {"problems"}, 0, 1, shards},
    {"events", "burrow events", "What the cluster did of late, as the asked node saw it.",
     "  burrow events\n  burrow events --output jsonl\n", {}, 0, 0, events},
    {"node drain", "burrow node drain NODE [--undo] [--check] [--dry-run] [--force REASON]",
     "Moves all leaders off a node, as before a restart; can be undone.",
     "  burrow node drain n2\n  burrow node drain n2 --undo\n", {"undo", "check", "dry-run", "force="}, 1, 1,
     node_drain},
    {"node decommission", "burrow node decommission NODE [--dry-run] [--no-wait] [--force REASON]",
     "Moves everything off a node for good.",
     "  burrow node decommission n2 --dry-run\n  burrow node decommission n2 --yes --timeout 600\n",
     {"dry-run", "no-wait", "force="}, 1, 1, node_decommission},
    {"shard transfer-leader", "burrow shard transfer-leader SHARD --to NODE [--dry-run]",
     "Hands the leadership of a shard to another of its nodes.",
     "  burrow shard transfer-leader 7 --to n2\n  burrow shard transfer-leader 7 --to n2 --dry-run\n",
     {"to=", "dry-run"}, 1, 1, transfer_leader},
    {"shard move", "burrow shard move SHARD --from NODE --to NODE [--dry-run]",
     "Moves a replica from one node to another of the same zone.",
     "  burrow shard move 7 --from n2 --to n5\n  burrow shard move 7 --from n2 --to n5 --dry-run\n",
     {"from=", "to=", "dry-run"}, 1, 1, shard_move},
    {"rebalance", "burrow rebalance --dry-run", "Shows what the planner would move; it does so by itself.",
     "  burrow rebalance --dry-run\n  burrow rebalance --dry-run --output json\n", {"dry-run"}, 0, 0, rebalance},
  };
}

} // namespace burrow
