// What this node shows of itself to others, and how it asks them; and how it leaves them for good.
#include "node/admin_api.hpp"
#include "node/admin_json.hpp"
#include "node/durable_file.hpp"
#include "node/forming.hpp"

#include <caf/all.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <signal.h>
#include <unistd.h>

#include <algorithm>

namespace burrow {
namespace {

/// The doctor times a few syncs; whoever watches the load wants the others' soon.
constexpr auto doctor_answer_time = std::chrono::seconds(4), load_answer_time = std::chrono::seconds(2);

} // namespace

/// For other nodes; empty: nothing is known under that name, or the actors do not answer.
std::string admin_api::show_self(const std::string& what) {
  if (what == "load") return own_load().dump();
  if (what != "doctor") return {};
  const auto found = own_findings();
  return found ? to_json(*found).dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) : std::string{};
}

std::vector<node_id> admin_api::answering(const cluster_picture& seen) {
  std::vector<node_id> out;
  for (const auto& n : seen.view.nodes) {
    const auto m = std::ranges::find(seen.members, n.node, &membership::member::id);
    if (n.state != placement::node_state::gone && m != seen.members.end() && membership::is_here(m->state))
      out.push_back(n.node);
  }
  return out;
}

std::map<node_id, node_shown> admin_api::ask_nodes(const std::vector<node_id>& nodes, const std::string& what) {
  std::map<node_id, node_shown> out;
  if (nodes.empty()) return out;
  caf::scoped_actor self(system_);
  self->send(facts_.look_desk, look_at_nodes{nodes, what, caf::actor_cast<caf::actor>(self)});
  const auto until = std::chrono::steady_clock::now() + (what == "load" ? load_answer_time : doctor_answer_time);
  bool late = false;
  while (out.size() < nodes.size() && !late) {
    const auto left = std::max(until - std::chrono::steady_clock::now(), std::chrono::steady_clock::duration::zero());
    self->receive([&](node_shown& m) { out.insert_or_assign(m.node, std::move(m)); },
                  caf::after(std::chrono::duration_cast<std::chrono::milliseconds>(left)) >> [&] { late = true; });
  }
  return out;
}

/// Only what holds nothing and was told to go may go: then nobody needs it, and the map names it no more. The word is
/// on disk before the process ends, so that the directory does not come back as a node that nobody knows.
http_response admin_api::leave(const job& what) {
  if (!is_json(what)) return not_json(what);
  const auto& name = facts_.with.values.node;
  if (!facts_.placement)
    return trouble(what, problem_type::no_cluster, "This node runs alone: there is nobody to leave. Stop it instead.");
  const auto known = ask_status(system_, supervisor_);
  const auto seen = picture();
  if (!known || !seen) return no_answer(what);
  const auto* const self = placement::find(seen->view.nodes, facts_.identity.node);
  const bool told = self == nullptr || self->state == placement::node_state::leaving ||
                    self->state == placement::node_state::gone;
  if (!told)
    return trouble(what, problem_type::refused, fmt::format("{0} is a member like any other. First: burrow node "
                                                            "decommission {0}", name));
  if (!known->shards.empty())
    return trouble(what, problem_type::refused, fmt::format("{} still holds {} shards, which are being moved; they "
                                                            "would lose a copy.", name, known->shards.size()));
  if (auto noted = facts_.audit->write({"cluster-leave", what.client, "begins", what.request_id, {{"node", name}}});
      !noted)
    return trouble(what, problem_type::not_written, noted.error().context);
  if (auto kept = replace_file(facts_.with.values.data, left_file, hex_id(facts_.identity.cluster) + '\n'); !kept)
    return trouble(what, problem_type::not_written, kept.error().context);
  spdlog::info("this node has left its cluster for good and ends; its directory starts no more");
  ::kill(::getpid(), SIGTERM); // as a service manager would: answers what it holds, this one too, and ends
  return json_response(202, {{"node", name}, {"left", true}});
}

} // namespace burrow
