#include "node/top.hpp"

#include "node/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace burrow {
namespace {

using json = nlohmann::ordered_json;

double number(const json& from, const char* key) {
  const auto at = from.find(key);
  return at != from.end() && at->is_number() ? at->get<double>() : 0;
}

std::string text(const json& from, const char* key) {
  const auto at = from.find(key);
  return at != from.end() && at->is_string() ? at->get<std::string>() : std::string{};
}

/// A list of it; an empty one if there is none.
const json& list(const json& from, const char* key) {
  static const json none = json::array();
  const auto at = from.find(key);
  return at != from.end() && at->is_array() ? *at : none;
}

const json* load_of(const json& sample, const std::string& node) {
  for (const auto& n : list(sample, "nodes"))
    if (text(n, "node") == node && n.contains("load") && n["load"].is_object()) return &n["load"];
  return nullptr;
}

/// Cumulative counts by bound, what is beyond the last one under the key of all.
std::vector<std::pair<json, double>> buckets(const json& latency) {
  std::vector<std::pair<json, double>> out;
  if (latency.is_array())
    for (const auto& b : latency)
      if (b.is_array() && b.size() == 2 && b[1].is_number()) out.emplace_back(b[0], b[1].get<double>());
  return out;
}

/// One node's line: what it is, and what it did since `before`, by its own clock.
json row_of(const json& node, const json* before) {
  const auto load = node.at("load").is_object() ? node.at("load") : json::object();
  if (load.empty()) before = nullptr;
  json out{{"node", text(node, "node")}, {"zone", text(node, "zone")}, {"state", text(node, "state")}};
  const double over = before == nullptr ? 0 : number(load, "uptime_s") - number(*before, "uptime_s");
  const auto rate = [&](const char* key) -> json {
    const double change = before == nullptr ? -1 : number(load, key) - number(*before, key);
    return over > 0 && change >= 0 ? json(change / over) : json();
  };
  for (const char* key : {"leads", "replicas", "connections", "waiters", "queues", "resident", "disk_free",
                          "disk_total"})
    out[key] = load.value(key, json());
  out["requests_per_s"] = rate("requests");
  out["failed_per_s"] = rate("requests_failed");
  out["cpu"] = rate("cpu_s");
  out["syncs_per_s"] = rate("syncs");
  const auto syncs = rate("syncs"), sync_s = rate("sync_s");
  const bool synced = syncs.is_number() && syncs.get<double>() > 0 && sync_s.is_number();
  out["sync_s"] = synced ? json(sync_s.get<double>() / syncs.get<double>()) : json();
  out["p99_s"] = over > 0 ? latency_between(list(*before, "latency"), list(load, "latency"), 0.99) : json();
  return out;
}

/// A shard counts where it leads, and only if it did at both times.
void add_shards(json& to, const json& node, const json* before) {
  const auto& load = node.at("load");
  if (!load.is_object() || before == nullptr) return;
  const double over = number(load, "uptime_s") - number(*before, "uptime_s");
  std::map<std::uint64_t, double> then;
  for (const auto& s : list(*before, "shards"))
    if (s.is_array() && s.size() == 2) then[s[0].get<std::uint64_t>()] = s[1].get<double>();
  for (const auto& s : list(load, "shards")) {
    if (!s.is_array() || s.size() != 2 || over <= 0) continue;
    const auto known = then.find(s[0].get<std::uint64_t>());
    const double change = known == then.end() ? -1 : s[1].get<double>() - known->second;
    to.push_back({{"shard", s[0]}, {"leader", text(node, "node")},
                  {"changes_per_s", change >= 0 ? json(change / over) : json()}});
  }
}

/// Descending by a figure; what is not known last, what is equal by name.
void order_by(json& rows, const char* figure, const char* name) {
  std::vector<json> all(rows.begin(), rows.end());
  std::stable_sort(all.begin(), all.end(), [&](const json& a, const json& b) {
    if (figure != nullptr && number(a, figure) != number(b, figure)) return number(a, figure) > number(b, figure);
    return a.value(name, json()) < b.value(name, json());
  });
  rows = json(std::move(all));
}

void keep(json& rows, const std::string& filter, const char* name) {
  if (filter.empty()) return;
  json out = json::array();
  for (auto& r : rows)
    if (text(r, name).find(filter) != std::string::npos) out.push_back(std::move(r));
  rows = std::move(out);
}

// ---- lines ---------------------------------------------------------------------------------------------------------

std::string rate_text(const json& from, const char* key) {
  const auto at = from.find(key);
  if (at == from.end() || !at->is_number()) return "-";
  const double value = at->get<double>();
  return value >= 10'000 ? fmt::format("{:.1f}k", value / 1000) : fmt::format("{:.1f}", value);
}

std::string ms_text(const json& from, const char* key) {
  const auto at = from.find(key);
  if (at == from.end() || !at->is_number()) return "-";
  const double ms = at->get<double>() * 1e3;
  return ms < 10 ? fmt::format("{:.1f} ms", ms) : fmt::format("{:.0f} ms", ms);
}

std::string count_text(const json& from, const char* key) {
  const auto at = from.find(key);
  return at != from.end() && at->is_number() ? human_count(at->get<std::uint64_t>()) : "-";
}

std::string node_table(const json& rows, bool heads) {
  std::vector<std::vector<std::string>> out;
  for (const auto& r : rows) {
    const bool known = r.contains("resident") && r["resident"].is_number();
    const double total = number(r, "disk_total"), used = total - number(r, "disk_free");
    const auto cpu = r.find("cpu");
    out.push_back({text(r, "node"), text(r, "zone"), text(r, "state"), count_text(r, "replicas"),
                   count_text(r, "leads"), rate_text(r, "requests_per_s"), rate_text(r, "failed_per_s"),
                   ms_text(r, "p99_s"), ms_text(r, "sync_s"),
                   cpu != r.end() && cpu->is_number() ? fmt::format("{:.0f} %", cpu->get<double>() * 100) : "-",
                   known ? human_size(r["resident"].get<std::uint64_t>()) : "-",
                   total > 0 ? fmt::format("{:.0f} %", 100 * used / total) : "-"});
  }
  return table_text({"NODE", "ZONE", "STATE", "SHARDS", "LEADS", "REQ/S", "5XX/S", "P99", "SYNC", "CPU", "MEMORY",
                     "DISK"}, out, heads);
}

std::string queue_table(const json& rows, bool heads) {
  std::vector<std::vector<std::string>> out;
  for (const auto& r : rows)
    out.push_back({one_line(text(r, "queue"), 40), count_text(r, "visible"), count_text(r, "hidden"),
                   rate_text(r, "insert_per_s"), rate_text(r, "claim_per_s"), rate_text(r, "delete_per_s"),
                   rate_text(r, "growth_per_s"), human_time(number(r, "oldest_age_s"))});
  return table_text({"QUEUE", "VISIBLE", "HIDDEN", "IN/S", "TAKEN/S", "DONE/S", "GROWTH/S", "OLDEST"}, out, heads);
}

std::string shard_table(const json& rows, bool heads) {
  std::vector<std::vector<std::string>> out;
  for (const auto& r : rows)
    out.push_back({count_text(r, "shard"), text(r, "leader"), rate_text(r, "changes_per_s")});
  return table_text({"SHARD", "LEADER", "CHANGES/S"}, out, heads);
}

std::string cut(const std::string& all, std::size_t lines) {
  if (lines == 0) return all;
  std::size_t at = 0;
  for (; lines > 0 && at < all.size(); --lines) at = std::min(all.size(), all.find('\n', at) + 1);
  return all.substr(0, at);
}

} // namespace

json latency_between(const json& before, const json& now, double share) {
  const auto old = buckets(before), fresh = buckets(now);
  if (fresh.empty() || old.size() != fresh.size()) return {};
  const auto added = [&](std::size_t i) { return fresh[i].second - old[i].second; };
  const double all = added(fresh.size() - 1);
  if (all <= 0) return {};
  double below = 0, from = 0;
  for (std::size_t i = 0; i < fresh.size(); ++i) {
    const double upto = added(i);
    if (upto >= share * all) {
      if (!fresh[i].first.is_number()) return {};
      // Evenly within the bucket, as Prometheus has it.
      const double bound = fresh[i].first.get<double>();
      return upto <= below ? bound : from + (bound - from) * (share * all - below) / (upto - below);
    }
    below = upto;
    if (fresh[i].first.is_number()) from = fresh[i].first.get<double>();
  }
  return {};
}

json top_figures(const json& before, const json& now) {
  json rows = json::array(), shards = json::array();
  double requests = 0, failed = 0, changes = 0, over = 0;
  std::size_t up = 0;
  for (const auto& node : list(now, "nodes")) {
    if (!node.contains("load")) continue;
    const auto* const then = load_of(before, text(node, "node"));
    auto row = row_of(node, then);
    up += node.at("load").is_object() ? 1 : 0;
    if (then != nullptr) over = std::max(over, number(node.at("load"), "uptime_s") - number(*then, "uptime_s"));
    requests += number(row, "requests_per_s");
    failed += number(row, "failed_per_s");
    rows.push_back(std::move(row));
    add_shards(shards, node, then);
  }
  for (const auto& s : shards) changes += number(s, "changes_per_s");
  return {{"at", text(now, "at")}, {"over_s", over}, {"nodes", rows.size()}, {"up", up},
          {"can_lose", text(now, "can_lose")}, {"hint", text(now, "hint")},
          {"total", {{"requests_per_s", requests}, {"failed_per_s", failed}, {"changes_per_s", changes}}},
          {"rows", std::move(rows)}, {"queues", json::array()}, {"shards", std::move(shards)}};
}

json top_chosen(json figures, const top_look& look) {
  const bool by_name = look.sort == "name", by_size = look.sort == "size";
  keep(figures["rows"], look.filter, "node");
  keep(figures["queues"], look.filter, "queue");
  keep(figures["shards"], look.filter, "leader");
  order_by(figures["rows"], by_name ? nullptr : by_size ? "resident" : "requests_per_s", "node");
  order_by(figures["queues"], by_name ? nullptr : by_size ? "messages" : "insert_per_s", "queue");
  order_by(figures["shards"], by_name ? nullptr : "changes_per_s", "shard");
  for (const char* key : {"queues", "shards"})
    while (figures[key].size() > look.rows) figures[key].erase(figures[key].size() - 1);
  return figures;
}

std::string top_text(const json& chosen, const top_look& look) {
  const auto hint = text(chosen, "hint");
  const auto& total = chosen.at("total");
  std::string out = fmt::format("{}   {} of {} nodes answer   can lose {}{}\n", text(chosen, "at"),
                                count_text(chosen, "up"), count_text(chosen, "nodes"), text(chosen, "can_lose"),
                                hint.empty() ? "" : "   (" + hint + ")");
  out += fmt::format("requests {}/s   failed {}/s   changes {}/s   over {}\n\n", rate_text(total, "requests_per_s"),
                     rate_text(total, "failed_per_s"), rate_text(total, "changes_per_s"),
                     human_time(number(chosen, "over_s")));
  out += node_table(chosen.at("rows"), look.heads);
  if (!chosen.at("queues").empty()) out += "\n" + queue_table(chosen.at("queues"), look.heads);
  if (!chosen.at("shards").empty()) out += "\n" + shard_table(chosen.at("shards"), look.heads);
  return cut(out, look.lines);
}

} // namespace burrow
