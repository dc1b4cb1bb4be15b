#include "node/assembly.hpp"

#include <caf/all.hpp>

#include "actors/actor_metrics.hpp"
#include "actors/caf_config.hpp"
#include "actors/gateway/gateway_actor.hpp"
#include "actors/log_writer_actor.hpp"
#include "actors/node_supervisor.hpp"
#include "actors/reader_actor.hpp"
#include "node/admin_api.hpp"
#include "node/apply_guard.hpp"
#include "node/cluster_side.hpp"
#include "node/data_directory.hpp"
#include "node/logging.hpp"
#include "node/node_process.hpp"
#include "node/seal_keys.hpp"
#include "node/upkeep.hpp"

#include <fmt/format.h>
#include <prometheus/registry.h>
#include <spdlog/spdlog.h>


#include <algorithm>
#include <filesystem>
#include <mutex>
#include <set>
#include <thread>

namespace burrow {
namespace {

using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;
constexpr auto ready_time = 120s, ready_time_checking = 86'400s; ///< a check reads all that a shard holds

void log_notice(const shard_notice& n) {
  const auto shard = n.shard.value;
  switch (n.what) {
    case shard_notice::kind::damaged:
      return spdlog::error("shard {} is damaged and serves nothing, its data stay as they are: {}", shard, n.why);
    case shard_notice::kind::quarantined: return spdlog::error("shard {} serves nothing: {}", shard, n.why);
    case shard_notice::kind::time_ahead:
      return spdlog::warn("the time of shard {} is {} s ahead of the clock and runs at half speed until they meet",
                          shard, static_cast<double>(n.ahead.count()) / 1000);
    case shard_notice::kind::distrusted:
      return spdlog::error("shard {}: the replica on node {:016x} must be replaced: {}", shard, n.node.value, n.why);
    case shard_notice::kind::time_met: return spdlog::info("the time of shard {} has met the clock", shard);
  }
}

/// Orders that an operator gave by the native API on an admin listener: settings, tasks, and what empties a queue or an
/// account. Messages put, taken and acknowledged there are no administration.
void note_order(audit_log& to, const answered_request& r) {
  const bool empties = r.method == "DELETE" && !r.limited &&
                       (r.route == "queue" || r.route == "account" || r.route == "accounts");
  const bool sets = (r.route == "settings" || r.route == "redrive" || r.route == "tasks" || r.route == "task") &&
                    r.method != "GET" && r.method != "HEAD";
  if (!empties && !sets) return;
  to.later({"request", std::string(r.client), std::to_string(r.status), std::string(r.request_id),
            {{"method", std::string(r.method)}, {"path", std::string(r.path.substr(0, 1024))}}});
}

class running_node final : public node {
public:
  running_node(steady::time_point started, loaded_settings with, data_directory data,
               std::shared_ptr<prometheus::Registry> registry, std::unique_ptr<cluster_side> cluster)
    : started_(started), with_(std::move(with)), data_(std::move(data)),
      config_(with_.values.actor_threads, cluster ? cluster->network() : std::nullopt),
      system_(std::make_unique<caf::actor_system>(config_)), registry_(std::move(registry)),
      cluster_(std::move(cluster)), metrics_(std::make_shared<actor_metrics>(registry_)),
      audit_(std::make_shared<audit_log>(with_.values.data)), upkeep_(data_.store) {}
  ~running_node() override { stop(); }

  result<void> start();
  [[nodiscard]] const facts& about() const override { return facts_; }
  void stop() override;

private:
  [[nodiscard]] placement::routing routing() const {
    return {data_.identity.shards, data_.identity.shards_per_tenant};
  }
  void spawn_tree(std::shared_ptr<apply_witness> witness);
  void tell_ready(const node_status& now);
  result<void> wait_until_ready();
  result<void> note_checked(const node_status& known);
  result<std::vector<caf::actor>> find_shards();
  result<std::vector<seal_key>> find_keys(const shard_reach& shards);
  result<void> start_gateway(std::vector<seal_key> keys);

  steady::time_point started_;
  loaded_settings with_;
  data_directory data_;
  caf_config config_;
  std::unique_ptr<caf::actor_system> system_;
  std::shared_ptr<prometheus::Registry> registry_;
  std::unique_ptr<cluster_side> cluster_; ///< null: a lone node
  std::shared_ptr<actor_metrics> metrics_;
  std::shared_ptr<audit_log> audit_;
  upkeep upkeep_;
  caf::actor supervisor_;
  std::unique_ptr<admin_api> admin_;
  std::mutex gateway_mutex_; ///< guards the pointer while the cluster's side may use it
  std::unique_ptr<gateway> gateway_;
  facts facts_;
  bool stopped_ = false;
};

void running_node::spawn_tree(std::shared_ptr<apply_witness> witness) {
  const auto& s = with_.values;
  node_supervisor_options options;
  options.self = data_.identity.node;
  options.routing = routing();
  options.data = data_.store;
  options.clock = read_clocks;
  options.passivate_after = std::chrono::seconds(s.passivate);
  options.waiters_per_tenant_max = s.waiters;
  options.inflight_per_tenant_max = s.inflight;
  options.must_check = [loss = data_.loss](shard_id shard) { return loss->must_check(shard); };
  options.witness = std::move(witness);
  options.notice = log_notice;
  options.registry = registry_;
  options.metrics = metrics_;
  options.fatal = end_process;
  if (cluster_) cluster_->fill(options);

  log_writer_options writer;
  writer.data = data_.store;
  writer.clock = read_clocks;
  writer.metrics = metrics_;
  writer.fatal = end_process;
  writer.after_sync = [store = data_.store](duration now) {
    if (auto marked = store->mark_synced(now.count()); !marked) end_process(marked.error());
  };
  writer.when_idle = [this] { upkeep_.idle(); };
  writer.low_bytes = s.disk_low;
  writer.low_per_cent = s.disk_low_per_cent;
  writer.stop_bytes = s.disk_stop;
  options.make_log_writer = [writer](caf::actor_system& system) { return spawn_log_writer(system, writer); };
  options.make_reader = [store = data_.store](caf::actor_system& system) {
    return spawn_reader(system, reader_options{store});
  };
  supervisor_ = spawn_node_supervisor(*system_, std::move(options));
}

/// In a cluster shards come and go and elect while the node serves.
void running_node::tell_ready(const node_status& now) {
  const std::lock_guard lock(gateway_mutex_);
  if (!gateway_) return;
  std::vector<std::string> reasons;
  if (now.disk_stop) reasons.push_back("the disk is full");
  const auto without = std::ranges::count_if(now.shards, [&](const shard_status& s) {
    return !s.settled(data_.identity.node);
  });
  if (without > 0) reasons.push_back(fmt::format("{} shards here have no leader that is known", without));
  gateway_->not_ready(std::move(reasons));
}

result<void> running_node::wait_until_ready() {
  caf::scoped_actor self(*system_);
  const bool checking = data_.loss->pending();
  if (checking) spdlog::warn("comparing shards with their hashes, since a loss was accepted; this may take a while");
  const auto most = std::chrono::seconds(checking ? ready_time_checking : ready_time);
  const auto until = steady::now() + most;
  while (steady::now() < until) {
    std::optional<node_status> known;
    self->send(supervisor_, get_status{caf::actor_cast<caf::actor>(self)});
    self->receive([&](node_status& status) { known = std::move(status); }, caf::after(5s) >> [] {});
    if (known && known->settled) return checking ? note_checked(*known) : result<void>{};
    std::this_thread::sleep_for(checking ? 20ms : 1ms);
  }
  return error{errc::unavailable, fmt::format("not every shard could be served within {} s; the log says which",
                                              most.count())};
}

/// A shard that leads has been found whole, and has written down that its life went up.
result<void> running_node::note_checked(const node_status& known) {
  std::set<shard_id> not_whole;
  for (const auto& shard : known.shards)
    if (!shard.running && data_.loss->must_check(shard.shard)) not_whole.insert(shard.shard);
  spdlog::info("{} of {} shards are whole", known.shards.size() - not_whole.size(), known.shards.size());
  return data_.loss->settle(std::move(not_whole));
}

result<std::vector<caf::actor>> running_node::find_shards() {
  caf::scoped_actor self(*system_);
  std::vector<caf::actor> out;
  self->send(supervisor_, get_replicas{caf::actor_cast<caf::actor>(self)});
  self->receive([&](replicas& all) { out = std::move(all.by_shard); }, caf::after(10s) >> [] {});
  if (out.empty()) return error{errc::unavailable, "the node's shards did not start"};
  return out;
}

/// The others may be down, or about to start: without a leader of shard 0 nobody can seal a receipt, so nobody is
/// served.
result<std::vector<seal_key>> running_node::find_keys(const shard_reach& shards) {
  if (!cluster_) return seal_keys(*system_, shards);
  for (auto say_at = steady::now() + 5s;;) {
    auto keys = seal_keys(*system_, shards);
    const bool later = !keys && (keys.code() == errc::not_leader || keys.code() == errc::unknown_outcome ||
                                 keys.code() == errc::timed_out || keys.code() == errc::busy);
    if (!later) return keys;
    if (asked_to_end()) return error{errc::unavailable, "asked to end before the cluster's metadata had a leader"};
    if (steady::now() >= say_at) {
      spdlog::info("waiting for a leader of the cluster's metadata (shard 0), a majority of whose replicas has to run: "
                   "{}", to_string(keys.code()));
      say_at = steady::now() + 10s;
    }
    cluster_->wake(shard_id{0});
    std::this_thread::sleep_for(100ms);
  }
}

result<void> running_node::start_gateway(std::vector<seal_key> keys) {
  const auto& s = with_.values;
  gateway_options options;
  std::vector<std::string>* shown[] = {&facts_.http, &facts_.admin};
  std::vector<std::pair<std::vector<std::string>*, std::string>> names;
  for (const bool admin : {false, true}) {
    const auto endpoints = parse_endpoints(admin ? s.admin : s.http);
    if (!endpoints) return endpoints.error();
    for (const auto& e : *endpoints) {
      options.listeners.push_back({e.host, e.port, admin});
      const bool v6 = e.host.find(':') != std::string::npos;
      names.emplace_back(shown[admin ? 1 : 0], v6 ? "[" + e.host + "]" : e.host);
    }
  }
  options.threads = static_cast<unsigned>(s.http_threads);
  options.zone = s.zone;
  options.routing = routing();
  options.seal_keys = std::move(keys);
  options.defaults.ttl = std::chrono::seconds(s.default_ttl);
  options.defaults.hide = std::chrono::seconds(s.default_hide);
  options.defaults.body_bytes_max = static_cast<std::uint32_t>(s.max_body);
  options.defaults.claimed_max = s.max_claimed;
  options.defaults.tenant_bytes_max = s.stored_bytes;
  options.defaults.tenant_queues_max = s.queues;
  options.dedupe = {std::chrono::seconds(limits::dedupe_window_default_s), s.idempotency_keys, s.producers};
  options.public_metrics = s.http_metrics;
  options.content_length_on_204 = s.content_length_on_204;
  options.admin = [this](const http_request& request, std::function<void(http_response)> done) {
    admin_->handle(request, std::move(done));
  };
  if (s.log_access) options.access = access_log();
  options.administrative = [audit = audit_](const answered_request& r) { note_order(*audit, r); };
  options.registry = registry_;
  if (cluster_) options.forward = cluster_->forward();
  auto made = gateway::start(*system_, supervisor_, std::move(options));
  if (!made) return made.error();
  const std::lock_guard lock(gateway_mutex_);
  gateway_ = std::move(*made);
  const auto ports = gateway_->ports();
  for (std::size_t i = 0; i < names.size() && i < ports.size(); ++i)
    names[i].first->push_back(fmt::format("{}:{}", names[i].second, ports[i]));
  gateway_->not_ready({});
  return {};
}

result<void> running_node::start() {
  auto witness = apply_guard::open(with_.values.data, std::size_t{data_.identity.shards} + 1);
  if (!witness) return witness.error();
  spawn_tree(std::move(*witness));
  if (cluster_) {
    auto begun = cluster_->start(*system_, supervisor_, metrics_, [this](const node_status& s) { tell_ready(s); });
    if (!begun) return begun;
  }
  if (!cluster_)
    if (auto ready = wait_until_ready(); !ready) return ready;
  auto shards = find_shards();
  if (!shards) return shards.error();
  auto keys = find_keys({*shards, cluster_ ? cluster_->router() : caf::actor{}});
  if (!keys) return keys.error();
  auto figures = std::make_shared<node_metrics>(registry_);
  figures->store_set_aside(last_set_aside(with_.values.data));
  admin_ = std::make_unique<admin_api>(*system_, supervisor_, std::move(*shards),
                                       admin_facts{with_, data_.identity, data_.store, started_, registry_, data_.loss,
                                                   audit_, std::move(figures),
                                                   own_entry(with_.values, data_.identity.node),
                                                   cluster_ ? cluster_->placement() : caf::actor{},
                                                   cluster_ ? cluster_->router() : caf::actor{},
                                                   cluster_ ? cluster_->look_desk() : caf::actor{},
                                                   cluster_ ? cluster_->source() : nullptr,
                                                   cluster_ ? cluster_->linked() : nullptr});
  if (auto serving = start_gateway(std::move(*keys)); !serving) return serving;
  facts_.new_cluster = data_.fresh && !(cluster_ && cluster_->joined());
  facts_.seconds = std::chrono::duration<double>(steady::now() - started_).count();
  return {};
}

void running_node::stop() {
  if (std::exchange(stopped_, true)) return;
  if (cluster_) cluster_->hand_over(*system_);
  if (gateway_) gateway_->drain(std::chrono::seconds(with_.values.drain));
  if (admin_) admin_->stop();
  {
    const std::lock_guard lock(gateway_mutex_);
    gateway_.reset();
  }
  if (cluster_) cluster_->stop();
  if (supervisor_) {
    caf::scoped_actor self(*system_);
    self->send(supervisor_, stop_atom_v);
    self->wait_for(supervisor_);
    supervisor_ = nullptr;
  }
  admin_.reset();
  system_.reset();
  upkeep_.stop();
  if (auto closed = data_.store->close(); !closed) spdlog::error("store: {}", closed.error().context);
  ::close(data_.lock);
}

} // namespace

/// What a member of a cluster may not do: start alone, where it would find no majority and open no port to find one;
/// or go on after a loss, where it would vote and acknowledge by what it has forgotten.
result<void> check_member(const settings& with) {
  if (std::error_code unseen; std::filesystem::exists(with.data + '/' + left_file, unseen))
    return error{errc::config_invalid, fmt::format("data: {} is of a node that has left its cluster for good; wipe it, "
                                                   "and let it join anew", with.data)};
  const auto map = read_cluster_file(with.data);
  if (!map) return map.error();
  if (!*map || (**map).nodes.size() < 2) return {};
  const auto nodes = (**map).nodes.size();
  if (!with.accept_loss.empty())
    return error{errc::config_invalid, fmt::format("accept_loss: {} belongs to a cluster of {} nodes, where it would "
                                                   "promise what it has forgotten. Wipe it, and let it join anew: the "
                                                   "others have its copies", with.data, nodes)};
  if (in_cluster(with)) return {};
  return error{errc::config_invalid, fmt::format("data: {} belongs to a cluster of {} nodes; start it with --cluster "
                                                 "HOST:PORT, as before", with.data, nodes)};
}

result<std::unique_ptr<node>> node::open(const loaded_settings& with) {
  prepare_process();
  const auto begin = steady::now();
  if (auto may = check_member(with.values); !may) return may.error();
  auto registry = std::make_shared<prometheus::Registry>();
  std::unique_ptr<cluster_side> cluster;
  if (in_cluster(with.values)) cluster = std::make_unique<cluster_side>(with.values, registry);
  auto data = data_directory::open(with.values, cluster ? cluster->former() : node_former{});
  if (!data) return data.error();
  if (cluster)
    if (auto fine = cluster->know(*data); !fine) return fine.error();
  auto made = std::make_unique<running_node>(begin, with, std::move(*data), std::move(registry), std::move(cluster));
  if (auto started = made->start(); !started) {
    const error why = started.error();
    return why;
  }
  return std::unique_ptr<node>(std::move(made));
}

} // namespace burrow
