// /admin/v1/members, shards, events and cluster: the cluster as this node, or the planner, sees it. Decided in
// cluster/placement; here are questions, names and JSON.
#include "node/admin_api.hpp"
#include "node/admin_json.hpp"
#include "node/cluster_names.hpp"
#include "node/shard_questions.hpp"
#include "node/text.hpp"

#include <caf/all.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace burrow {
namespace {

using json = nlohmann::ordered_json;
using namespace placement;
constexpr auto answer_time = std::chrono::seconds(5);
constexpr std::uint64_t events_shown_max = 1000;

json member_json(const cluster_picture& seen, const node_entry& n) {
  std::size_t holds = 0, votes = 0, leads = 0;
  for (const auto& place : seen.view.map.shards) {
    votes += static_cast<std::size_t>(std::ranges::count(place.voters, n.node, &raft::member::node));
    holds += static_cast<std::size_t>(std::ranges::count_if(place.newcomers, [&](const newcomer& c) {
      return c.who.node == n.node;
    }));
  }
  for (const auto& s : seen.view.shards) leads += s.leader == n.node ? 1 : 0;
  const auto up = answers_text(seen, n.node);
  json out{{"node", n.name}, {"id", id_text(n.node)}, {"zone", n.zone}, {"state", state_text(seen, n)}, {"answers", up},
           {"role", to_string(n.state)}, {"voters", votes}, {"newcomers", holds},
           {"leads", seen.whole ? json(leads) : json()}, {"cluster", n.cluster}, {"http", n.http}, {"admin", n.admin},
           {"version", n.version}};
  return out;
}

json shard_json(const cluster_view& view, std::size_t i) {
  const auto& place = view.map.shards[i];
  json out{{"shard", i}};
  const auto seen = std::ranges::find(view.shards, shard_id{static_cast<std::uint16_t>(i)}, &shard_seen::shard);
  const bool led = seen != view.shards.end();
  out["leader"] = led ? json(name_of(view.nodes, seen->leader)) : json();
  out["term"] = led ? json(seen->term.value) : json();
  out["voters"] = json::array();
  for (const auto& v : led ? seen->config.voters : place.voters) out["voters"].push_back(name_of(view.nodes, v.node));
  out["newcomers"] = json::array();
  for (const auto& c : place.newcomers) out["newcomers"].push_back(name_of(view.nodes, c.who.node));
  out["members"] = json::array();
  bool problem = !led;
  if (led) {
    for (const auto& m : seen->members) {
      out["members"].push_back({{"node", name_of(view.nodes, m.who.node)}, {"answers", m.heard}, {"lag", m.lag},
                                {"caught_up", m.caught_up}, {"damaged", m.damaged}, {"installing", m.installing}});
      problem = problem || !m.heard || m.damaged;
    }
    out["changing"] = seen->changing;
    out["bytes"] = seen->bytes;
  }
  out["state"] = !led ? "no leader" : problem ? "warn" : "ok";
  return out;
}

/// Whether an event is about it: as a word of its own, so that n1 is not n12; in any case of letters.
bool names(std::string_view text, std::string_view what) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  const auto in_word = [&](char c) {
    c = lower(c);
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  };
  if (what.empty()) return true;
  for (auto from = text; from.size() >= what.size(); from.remove_prefix(1)) {
    const bool same = std::equal(what.begin(), what.end(), from.begin(),
                                 [&](char a, char b) { return lower(a) == lower(b); });
    const bool begins = from.size() == text.size() || !in_word(*(from.data() - 1));
    if (same && begins && (from.size() == what.size() || !in_word(from[what.size()]))) return true;
  }
  return false;
}

/// 2026-01-31T12:00:00 with a fraction or without, and Z: in the one form that events have, so that the order of texts
/// is that of times. Nothing if it is none.
std::optional<std::string> as_event_time(std::string_view text) {
  constexpr std::string_view form = "0000-00-00T00:00:00";
  if (text.size() <= form.size() || text.back() != 'Z') return std::nullopt;
  for (std::size_t i = 0; i < form.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (form[i] == '0' ? !digit : text[i] != form[i]) return std::nullopt;
  }
  auto fraction = std::string(text.substr(form.size(), text.size() - form.size() - 1));
  if (fraction.empty()) fraction.push_back('.');
  if (fraction.front() != '.' || fraction.find_first_not_of("0123456789", 1) != fraction.npos) return std::nullopt;
  fraction.resize(4, '0');
  return std::string(text.substr(0, form.size())) + fraction + "Z";
}

json plan_json(const operator_answer& a, const std::vector<node_entry>& nodes) {
  const auto moves = [&](const std::vector<shard_move>& list) {
    json out = json::array();
    for (const auto& m : list)
      out.push_back({{"shard", m.shard.value}, {"from", name_of(nodes, m.from)},
                     {"to", m.to.value == 0 ? json() : json(name_of(nodes, m.to))}});
    return out;
  };
  return {{"allowed", a.plan.allowed()}, {"refusal", a.plan.refusal}, {"forceable", a.plan.forceable},
          {"summary", a.plan.summary}, {"leaders", moves(a.plan.leaders)}, {"replicas", moves(a.plan.replicas)},
          {"bytes", a.plan.bytes}, {"begun", a.begun}};
}

} // namespace

/// A lone node is a cluster of one: the same answers, from its own status.
std::optional<cluster_picture> admin_api::picture() {
  if (facts_.placement) {
    caf::scoped_actor self(system_);
    std::optional<cluster_picture> out;
    self->send(facts_.placement, get_cluster{caf::actor_cast<caf::actor>(self)});
    self->receive([&](cluster_picture& m) { out = std::move(m); }, caf::after(answer_time) >> [] {});
    return out;
  }
  const auto known = ask_status(system_, supervisor_);
  if (!known) return std::nullopt;
  cluster_picture out;
  out.whole = true;
  out.view.nodes = {facts_.self};
  out.view.seen = {{facts_.self.node, membership::member_state::alive, {}}};
  out.members = {{facts_.self.node, 0, 0, membership::member_state::alive, {}}};
  for (const auto& s : known->shards) {
    out.view.map.shards.push_back({s.group.members.voters, {s.replica.in, s.group.configured}, {}, {facts_.self.node}});
    if (!s.running || !s.replica.leads) continue;
    shard_seen seen{s.shard,           facts_.self.node,   s.replica.in, s.group.members,
                    s.group.configured, s.group.changing, {},           0};
    for (const auto& v : s.group.members.voters) {
      member_seen m;
      m.who = v;
      m.heard = m.caught_up = true;
      seen.members.push_back(m);
    }
    out.view.shards.push_back(std::move(seen));
  }
  return out;
}

http_response admin_api::no_answer(const job& what) {
  return trouble(what, problem_type::overloaded, "The node's actors did not answer in time.");
}

http_response admin_api::members(const job& what) {
  const auto seen = picture();
  if (!seen) return no_answer(what);
  json list = json::array();
  for (const auto& n : seen->view.nodes)
    if (n.state != node_state::gone) list.push_back(member_json(*seen, n));
  std::sort(list.begin(), list.end(), [](const json& a, const json& b) {
    return a["node"].get_ref<const std::string&>() < b["node"].get_ref<const std::string&>();
  });
  return json_response(200, {{"members", list}, {"complete", seen->whole}});
}

http_response admin_api::shards(const job& what) {
  const auto seen = picture();
  if (!seen) return no_answer(what);
  json list = json::array();
  for (std::size_t i = 0; i < seen->view.map.shards.size(); ++i) list.push_back(shard_json(seen->view, i));
  return json_response(200, {{"epoch", seen->view.map.epoch}, {"complete", seen->whole}, {"shards", list}});
}

http_response admin_api::events(const job& what) {
  const auto seen = picture();
  if (!seen) return no_answer(what);
  const auto bad = [&](const char* why) {
    return trouble(what, problem_type::malformed, why);
  };
  const auto since = query_value(what.query, "since"), about = query_value(what.query, "about");
  const auto limit_text = query_value(what.query, "limit");
  const auto limit = limit_text.empty() ? std::optional<std::uint64_t>(events_shown_max) : parse_number(limit_text);
  if (!limit || *limit == 0 || *limit > events_shown_max) return bad("\"limit\" is 1 to 1000.");
  const auto from = as_event_time(since);
  if (!since.empty() && !from) return bad("\"since\" is a time as events have it: 2026-01-31T12:00:00Z.");
  json list = json::array();
  for (auto e = seen->events.rbegin(); e != seen->events.rend() && list.size() < *limit; ++e) {
    const auto at = at_text(e->wall);
    // The same form throughout, so the order of the texts is that of the times.
    if (from && at < *from) break;
    if (names(e->text, about)) list.push_back({{"at", at}, {"text", e->text}});
  }
  std::reverse(list.begin(), list.end());
  return json_response(200, {{"events", list}});
}

http_response admin_api::order(const job& what) {
  if (!is_json(what)) return not_json(what);
  const auto body = json::parse(what.body, nullptr, false);
  const auto bad = [&](const std::string& why) {
    return trouble(what, problem_type::malformed, why);
  };
  if (!body.is_object()) return bad("The body must be a JSON object.");
  const auto text = [&](const char* key) {
    return body.contains(key) && body[key].is_string() ? body[key].get<std::string>() : std::string{};
  };
  using kind = operator_request::kind;
  static const std::map<std::string, kind> actions{{"drain", kind::drain}, {"undo", kind::undo},
                                                   {"decommission", kind::decommission}, {"move", kind::move},
                                                   {"transfer", kind::transfer}, {"rebalance", kind::rebalance}};
  const auto action = actions.find(text("action"));
  if (action == actions.end())
    return bad("\"action\" is one of drain, undo, decommission, move, transfer, rebalance.");
  if (!facts_.placement)
    return trouble(what, problem_type::no_cluster, "This node runs alone: there is nowhere to move anything to.");
  const auto seen = picture();
  if (!seen) return no_answer(what);
  operator_request ask;
  ask.what = action->second;
  const bool of_node = ask.what == kind::drain || ask.what == kind::undo || ask.what == kind::decommission;
  for (const auto& [key, to] : {std::pair{"node", &ask.node}, std::pair{"from", &ask.node}, std::pair{"to", &ask.to}}) {
    if (text(key).empty()) continue;
    const auto* const node = named(seen->view.nodes, text(key));
    if (node == nullptr)
      return trouble(what, problem_type::node_not_found, fmt::format("No node is called {}.", text(key)));
    *to = node->node;
  }
  if (of_node && ask.node.value == 0) return bad("\"node\" names no node.");
  if (ask.what == kind::move || ask.what == kind::transfer) {
    if (!body.contains("shard") || !body["shard"].is_number_unsigned() ||
        body["shard"].get<std::uint64_t>() >= seen->view.map.shards.size())
      return bad("\"shard\" is no shard of this cluster.");
    ask.shard = {body["shard"].get<std::uint16_t>()};
    if (ask.to.value == 0 || (ask.what == kind::move && ask.node.value == 0))
      return bad("\"from\" and \"to\" name nodes.");
  }
  for (const auto& [key, to] : {std::pair{"dry_run", &ask.dry_run}, std::pair{"force", &ask.force}}) {
    if (!body.contains(key)) continue;
    if (!body[key].is_boolean()) return bad(fmt::format("\"{}\" is true or false.", key));
    *to = body[key].get<bool>();
  }
  ask.reason = text("reason");
  if (ask.force && ask.reason.empty()) return bad("\"force\" needs the reason as text, for the audit log.");
  return ordered(what, action->first, std::move(ask), seen->view.nodes);
}

http_response admin_api::ordered(const job& what, const std::string& action, operator_request ask,
                                 const std::vector<node_entry>& nodes) {
  if (!ask.dry_run && ask.what != operator_request::kind::rebalance) {
    const auto noted = facts_.audit->write({"cluster-" + action, what.client, "begins", what.request_id,
                                            {{"node", name_of(nodes, ask.node)}, {"to", name_of(nodes, ask.to)},
                                             {"shard", std::to_string(ask.shard.value)}, {"reason", ask.reason}}});
    if (!noted) return trouble(what, problem_type::not_written, noted.error().context);
  }
  caf::scoped_actor self(system_);
  std::optional<operator_answer> out;
  ask.from = caf::actor_cast<caf::actor>(self);
  self->send(facts_.placement, ask);
  self->receive([&](operator_answer& m) { out = std::move(m); }, caf::after(answer_time) >> [] {});
  if (!out) return no_answer(what);
  if (out->problem != errc::ok)
    return trouble(what, problem_type::no_leader, "Nobody leads the cluster's metadata (shard 0) at this moment.");
  auto plan = plan_json(*out, nodes);
  if (ask.dry_run || out->begun || ask.what == operator_request::kind::rebalance) return json_response(200, plan);
  return trouble(what, problem_type::refused, out->plan.refusal, {{"plan", std::move(plan)}});
}

} // namespace burrow
