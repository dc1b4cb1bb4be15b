// `burrow status`: how the node is, in five lines or as JSON.
#include "node/cli_client.hpp"
#include "node/text.hpp"

#include <fmt/format.h>

namespace burrow {
namespace {

std::uint64_t number(const cli_json& from, const char* part, const char* key) {
  return from.contains(part) && from[part].contains(key) ? from[part][key].get<std::uint64_t>() : 0;
}

/// A line for each shard that needs somebody's attention; nothing if none does.
void print_shards(const cli_json& shards) {
  if (const auto off = shards.find("out_of_service"); off != shards.end())
    for (const auto& one : *off)
      fmt::print("shard {:<3} {}: {}\n", one.value("shard", 0), one.value("state", "?"), one.value("why", ""));
  if (const auto ahead = shards.find("time_ahead"); ahead != shards.end())
    for (const auto& one : *ahead)
      fmt::print("shard {:<3} time is {:.1f} s ahead of the clock and runs at half speed\n", one.value("shard", 0),
                 one.value("seconds", 0.0));
}

void print_status(const cli_json& s) {
  const auto free = number(s, "disk", "free"), total = number(s, "disk", "total");
  fmt::print("node      {}   zone {}   {}   up {}   version {}\n", s.value("node", "?"), s.value("zone", "?"),
             s.value("state", "?"), human_time(static_cast<double>(s.value("uptime_s", 0))), s.value("version", "?"));
  fmt::print("shards    {}   leads {}   damaged {}   accounts active {}   queues active {}\n",
             number(s, "shards", "count"), number(s, "shards", "leads"), number(s, "shards", "damaged"),
             number(s, "actors", "tenants"), number(s, "actors", "queues"));
  print_shards(s.at("shards"));
  if (const auto c = s.find("cluster"); c != s.end() && c->is_object()) {
    const auto known = [&](const char* key) {
      return c->contains(key) && c->at(key).is_number() ? human_count(c->at(key).get<std::uint64_t>()) : "?";
    };
    fmt::print("cluster   {} of {} nodes answer, {} zones   {} shards, {} without leader, {} short of replicas\n",
               known("up"), known("nodes"), known("zones"), known("shards"), known("without_leader"),
               known("short_of_replicas"));
  }
  const auto& traffic = s.at("traffic");
  fmt::print("traffic   {:.1f} changes/s over the last {}   {} in all\n", traffic.value("commands_per_s", 0.0),
             human_time(traffic.value("over_s", 0.0)), human_count(number(s, "traffic", "commands")));
  fmt::print("backlog   {}{} messages in {} queues, {}\n", s.at("backlog").value("exact", false) ? "" : "at least ",
             human_count(number(s, "backlog", "messages")), human_count(number(s, "backlog", "queues")),
             human_size(number(s, "backlog", "bytes")));
  fmt::print("disk      {} free of {} ({:.0f} %){}\n", human_size(free), human_size(total),
             total ? 100.0 * static_cast<double>(free) / static_cast<double>(total) : 0.0,
             s.at("disk").value("stop", false)  ? "   STOPPED: nothing is written"
             : s.at("disk").value("low", false) ? "   LOW: inserts are refused"
                                                : "");
  if (const auto last = s.find("last_backup"); last != s.end() && last->is_object())
    fmt::print("backup    {} as of {} in {}\n", human_size(last->value("bytes", std::uint64_t{0})),
               last->value("created", "?"), one_line(last->value("directory", "?"), 60));
  else
    fmt::print("backup    never\n");
  fmt::print("can lose  {}", s.value("can_lose", "?"));
  if (const auto hint = s.value("hint", ""); !hint.empty()) fmt::print("   ({})", hint);
  fmt::print("\n");
  if (s.value("insecure_cluster", false))
    fmt::print("INSECURE  the cluster's ports are off loopback without certificates: a stranger can speak as a peer\n");
  if (s.value("insecure_http", false)) fmt::print("INSECURE  HTTP off loopback, and nobody is asked who they are\n");
}

int status(const cli_context& context) {
  int code = exit_done;
  auto client = cli_client::make(context, code);
  if (!client) return code;
  const auto reply = client->call("GET", "/admin/v1/status");
  if (!reply) return client->code();
  const auto parsed = parse_answer(*reply);
  if (!parsed || !parsed->is_object() || !parsed->contains("traffic")) return exit_failed;
  if (!print_json_list(context, *parsed)) print_status(*parsed);
  return parsed->value("state", "") == "failing" ? exit_failed : exit_done;
}

} // namespace

std::vector<cli_command> status_commands() {
  return {{"status", "burrow status", "Says how the node is.",
           "  burrow status\n  burrow status --output json | jq .backlog\n", {}, 0, 0, status}};
}

} // namespace burrow
