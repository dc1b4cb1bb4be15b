#include "node/cluster_side.hpp"

#include "actors/cluster_metrics.hpp"
#include "actors/control_plane.hpp"
#include "actors/membership_actor.hpp"
#include "actors/plane/start.hpp"
#include "actors/shard_calls.hpp"
#include "node/durable_file.hpp"
#include "node/logging.hpp"
#include "node/node_process.hpp"
#include "node/plane_targets.hpp"

#include <caf/all.hpp>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdlib>

namespace burrow {
namespace {

constexpr std::uint32_t order_kind = 1; ///< of control orders: admin.proto

} // namespace

cluster_side::cluster_side(const settings& with, std::shared_ptr<prometheus::Registry> registry)
  : with_(with), registry_(std::move(registry)), targets_(std::make_shared<plane_targets>()),
    desk_(std::make_shared<admit_desk>()) {}

cluster_side::~cluster_side() { stop(); }

result<void> cluster_side::start_plane(node_identity self) {
  const auto at = parse_endpoints(with_.cluster.empty() ? cluster_default : with_.cluster);
  if (!at) return at.error();
  data_plane_options o;
  o.address = at->front().host;
  o.port = static_cast<std::uint16_t>(at->front().port + 1);
  o.self = std::move(self);
  o.sinks.received = [t = targets_](frame_received f) { t->received(std::move(f)); };
  o.sinks.link = [t = targets_](peer_link l) { t->link(l); };
  o.sinks.admit = [d = desk_](std::string question, std::string from, std::function<void(std::string)> answer) {
    d->ask(std::move(question), std::move(from), std::move(answer));
  };
  o.sinks.log = [](data_plane_sinks::level level, const std::string& line) {
    using l = data_plane_sinks::level;
    const auto to = level == l::error     ? spdlog::level::err
                    : level == l::warning ? spdlog::level::warn
                                          : spdlog::level::info;
    spdlog::log(to, "{}", line);
  };
  if (!with_.cluster_certificate.empty())
    o.tls = data_plane_tls{{with_.cluster_certificate, with_.cluster_key, with_.cluster_ca},
                           with_.data + "/certificates"};
  o.registry = registry_;
  o.seed = random_number();
  auto made = start_data_plane(std::move(o));
  if (!made) return made.error();
  plane_ = std::move(made).value();
  return {};
}

node_former cluster_side::former() {
  return [this](node_id drawn) -> result<codec::node_record> {
    const auto life = static_cast<std::uint64_t>(read_clocks().wall.ms);
    if (auto up = start_plane({{}, drawn, with_.node, life}); !up) return up.error();
    auto got = form(with_, drawn, *plane_, *desk_);
    desk_->hand_to(nullptr);
    if (!got) return got.error();
    // Before the store says who this node is: with a map it is a member, without one it is the whole cluster.
    auto kept = got->map ? write_cluster_file(with_.data, *got->map) : remove_file(with_.data, cluster_file);
    if (!kept) return kept.error();
    return got->record;
  };
}

result<void> cluster_side::know(data_directory& data) {
  identity_ = data.identity;
  set_aside_ = data.set_aside;
  auto life = data.begin_life(read_clocks().wall.ms);
  if (!life) return life.error();
  life_ = *life;
  auto map = read_cluster_file(with_.data);
  if (!map) return map.error();
  map_ = std::move(map).value();
  if (map_ && map_->cluster != identity_.cluster)
    return error{errc::corrupt, fmt::format("data: {}/{} is of another cluster", with_.data, cluster_file)};
  auto stored = data.stored_replicas();
  if (!stored) return stored.error();
  for (const auto& [shard, replica] : *stored) hosted_.push_back({shard, replica, false});
  if (!map_)
    for (std::uint16_t i = 0; i <= identity_.shards; ++i)
      if (std::ranges::find(hosted_, shard_id{i}, &hosted_replica::shard) == hosted_.end())
        hosted_.push_back({{i}, first_replica_of(identity_.node, {i}), true});
  const node_identity self{identity_.cluster, identity_.node, with_.node, life_};
  if (!plane_) return start_plane(self);
  plane_->become(self);
  return {};
}

void cluster_side::fill(node_supervisor_options& options) {
  table_ = std::make_shared<leaders>(identity_.node, identity_.shards);
  // A table begins with everything led here; in a cluster nothing is until its replica says so.
  for (std::uint16_t i = 0; i <= identity_.shards; ++i) table_->replica_says({i}, {});
  options.led_by = table_;
  options.hosted = hosted_;
  options.plane = plane_;
  options.leader = [table = table_](shard_id shard, std::optional<node_id> leader) {
    spdlog::debug("shard {} leads on {:016x}", shard.value, leader.value_or(node_id{}).value);
    table->replica_says(shard, leader.value_or(node_id{}));
  };
  options.replicas_changed = [t = targets_](const std::vector<caf::actor>& all) { t->replicas(all); };
}

result<void> cluster_side::start(caf::actor_system& system, const caf::actor& supervisor,
                                 std::shared_ptr<actor_metrics> metrics,
                                 std::function<void(const node_status&)> status) {
  supervisor_ = supervisor;
  if (auto up = start_membership(system); !up) return up;
  net_ = std::make_shared<forward_net>(table_, with_.zone, std::move(metrics));
  net_->wake_by([supervisor](shard_id shard) { caf::anon_send(supervisor, wake_shard{shard}); });
  net_->attach(plane_);
  const placement::routing routing{identity_.shards, identity_.shards_per_tenant};
  forward_desk_ = spawn_forward_desk(system, {net_, supervisor, routing, read_clocks});
  router_ = spawn_shard_router(system, {net_, supervisor, read_clocks});
  caf::anon_send(supervisor, use_router{router_});

  placement_options o;
  o.self = own_entry(with_, identity_.node);
  o.cluster = identity_.cluster;
  o.shards = identity_.shards;
  o.shards_per_tenant = identity_.shards_per_tenant;
  if (map_) o.known = *map_;
  // Copies of small shards are done in a moment; a large one is bounded by its own rate (install_bytes_per_s).
  o.plan.moves_per_node = 8;
  o.plan.moves = 16;
  o.supervisor = supervisor;
  o.plane = plane_;
  o.table = table_;
  o.clock = read_clocks;
  o.keep = [directory = with_.data](const placement::map_order& what) {
    const auto kept = write_cluster_file(directory, what);
    if (!kept) spdlog::error("the map of the cluster could not be kept: {}", kept.error().context);
    return kept.ok();
  };
  o.send = [control = control_](node_id to, std::string order) {
    caf::anon_send(control, control_order_send{to, order_kind, std::move(order)});
  };
  o.introduce = [to = membership_](const std::vector<placement::node_entry>& nodes) {
    auto who = std::make_shared<std::vector<membership::member>>();
    for (const auto& n : nodes) {
      if (n.state == placement::node_state::gone) continue;
      who->push_back({n.node, 0, 0, membership::member_state::alive,
                      {n.name, n.zone, n.cluster, n.http, n.admin, n.version, 0, 0, 0, false}});
    }
    caf::anon_send(to, introduce_members{std::move(who)});
  };
  o.event = [](const cluster_event& e) { spdlog::info("cluster: {}", e.text); };
  if (!set_aside_.empty())
    o.news = with_.node + " had lost synced writes and begins anew; its old store is in " + set_aside_;
  o.status = std::move(status);
  o.lost = [net = net_](node_id peer) { net->lost(peer, false); };
  placement_ = spawn_placement_actor(system, std::move(o));
  targets_->actors(net_, membership_, control_);
  start_looks(system);
  caf::anon_send(control_, control_sinks{membership_, looks_});
  caf::anon_send(membership_, get_members{placement_, true});
  caf::anon_send(supervisor, get_replicas{membership_}); // it wakes them when a node may be gone
  watch(system);
  desk_->hand_to([to = placement_](std::string question, std::string from, admit_desk::answer answer) {
    caf::anon_send(to, admit_in{std::move(question), std::move(from), std::move(answer)});
  });
  return {};
}

void cluster_side::start_looks(caf::actor_system& system) {
  look_desk_options o;
  o.send = [control = control_](node_id to, std::string bytes) {
    caf::anon_send(control, control_order_send{to, look_order_kind, std::move(bytes)});
  };
  o.source = source_;
  o.orders = placement_;
  o.clock = read_clocks;
  looks_ = spawn_look_desk(system, std::move(o));
}

/// None of them holds what the process could not read back, so a start brings all of them again: the simplest of
/// restarts for what should not end.
void cluster_side::watch(caf::actor_system& system) {
  const std::vector<caf::actor> all{control_, membership_, placement_, forward_desk_, router_, looks_};
  watcher_ = system.spawn([all](caf::event_based_actor* self) -> caf::behavior {
    for (const auto& one : all) self->monitor(one);
    self->set_down_handler([self](const caf::down_msg& m) {
      if (m.reason == caf::exit_reason::user_shutdown) return;
      end_process({errc::unavailable, "an actor of the cluster's side ended: " + caf::to_string(m.reason)});
    });
    return {[self](stop_atom) { self->quit(); }};
  });
}

result<void> cluster_side::start_membership(caf::actor_system& system) {
  const auto at = parse_endpoints(with_.cluster.empty() ? cluster_default : with_.cluster);
  if (!at) return at.error();
  const auto warn = [](const std::string& line) { spdlog::warn("cluster: {}", line); };
  control_plane_options c;
  c.self = {identity_.cluster, identity_.node, with_.node, life_};
  c.host = at->front().host;
  c.port = at->front().port;
  c.tls = !with_.cluster_certificate.empty();
  c.clock = read_clocks;
  c.metrics = std::make_shared<cluster_metrics>(registry_);
  c.warn = warn;
  auto control = start_control_plane(system, std::move(c));
  if (!control) return error{errc::config_invalid, "cluster: " + control.error().context};
  control_ = control->actor;

  membership_actor_options m;
  m.self = {identity_.node, life_, 1, membership::member_state::alive, own_facts(false)};
  m.seed = random_number();
  m.clock = read_clocks;
  m.plane = plane_;
  m.control = control_;
  m.superseded = [](std::uint64_t) {
    spdlog::critical("another process runs as this node, and was started later: this one ends");
    spdlog::default_logger()->flush();
    std::_Exit(1);
  };
  m.warn = warn;
  membership_ = spawn_membership(system, std::move(m));
  return {};
}

membership::member_facts cluster_side::own_facts(bool draining) const {
  const auto own = own_entry(with_, identity_.node);
  return {own.name, own.zone, own.cluster, own.http, own.admin, own.version, 0, 0, 0, draining};
}

std::optional<caf_network> cluster_side::network() const {
  if (with_.cluster_certificate.empty()) return caf_network{};
  const auto files = installed_certificates(with_.data + "/certificates");
  return caf_network{files.certificate, files.key, files.ca};
}

forwarding cluster_side::forward() const {
  forwarding out;
  out.net = net_;
  return out;
}

std::function<std::set<node_id>()> cluster_side::linked() const {
  return [targets = targets_] { return targets->linked(); };
}

void cluster_side::wake(shard_id shard) { caf::anon_send(supervisor_, wake_shard{shard}); }

void cluster_side::hand_over(caf::actor_system& system) {
  if (!placement_) return;
  caf::scoped_actor self(system);
  caf::anon_send(membership_, set_member_facts{own_facts(true)});
  self->send(placement_, hand_over_leaders{caf::actor_cast<caf::actor>(self)});
  self->receive([](const leaders_handed_over&) {}, caf::after(std::chrono::seconds(6)) >> [] {});
  self->send(membership_, leave_cluster{caf::actor_cast<caf::actor>(self)});
  self->receive([](const left_cluster&) {}, caf::after(std::chrono::seconds(2)) >> [] {});
}

void cluster_side::stop() {
  desk_->hand_to(nullptr);
  targets_->actors(nullptr, nullptr, nullptr);
  targets_->replicas({});
  if (net_) net_->attach(nullptr);
  if (watcher_) caf::anon_send(watcher_, stop_atom_v);
  watcher_ = nullptr;
  for (auto* const one : {&looks_, &placement_, &forward_desk_, &router_, &membership_, &control_}) {
    if (*one) caf::anon_send_exit(*one, caf::exit_reason::user_shutdown);
    *one = nullptr;
  }
  if (plane_) plane_->stop();
}

} // namespace burrow
