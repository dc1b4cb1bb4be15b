// Root of the tree and start-up order: log writer, readers, ticker, one replica actor a shard, one supervisor a tenant.
// Ends the process with the store or the log writer, which may not be restarted (ARCHITECTURE section 2).
#pragma once

#include "actors/actor_metrics.hpp"
#include "actors/data_plane.hpp"
#include "actors/leaders.hpp"
#include "actors/messages.hpp"
#include "actors/replica_actor.hpp"
#include "actors/shard_notice.hpp"
#include "actors/supervisor.hpp"
#include "cluster/base/limits.hpp"
#include "cluster/placement/route.hpp"

#include <caf/fwd.hpp>

#include <functional>
#include <memory>
#include <string_view>

namespace prometheus {
class Registry;
}

namespace burrow {


/// A replica that this node has when it starts.
struct hosted_replica {
  shard_id shard;
  replica_id replica; ///< 0: what is stored; or, of a shard that was never here, made of node and shard
  bool alone = true;  ///< if it was never here: it is the whole group; else it waits to be let in
};

struct node_supervisor_options {
  node_id self;
  placement::routing routing;
  /// Injected, so that tests can replace them: detached actors in a node, event-based ones over memory_store in tests.
  std::shared_ptr<store> data;
  std::function<caf::actor(caf::actor_system&)> make_log_writer;
  std::function<caf::actor(caf::actor_system&)> make_reader;
  std::function<clock_reading()> clock; ///< of this node; tests give a virtual one
  restart_budget tenant_budget, replica_budget;
  duration passivate_after{30'000};     ///< a queue actor without work for so long ends
  std::size_t waiters_per_tenant_max = 1000;
  std::size_t inflight_per_tenant_max = 1000;
  /// Whether a shard has to be checked before it serves (replica_options::check_state); null: none.
  std::function<bool(shard_id)> must_check;
  std::shared_ptr<apply_witness> witness; ///< may be null
  notice_sink notice;                     ///< may be null
  /// Which shards have a replica here; no value: all, each a group of one.
  std::optional<std::vector<hosted_replica>> hosted;
  std::shared_ptr<data_plane> plane;      ///< null: no other nodes
  leader_sink leader;                     ///< may be null
  /// Told the replica actors by shard whenever one of them is another; may be null.
  std::function<void(const std::vector<caf::actor>&)> replicas_changed;
  std::shared_ptr<const leaders> led_by;  ///< queue_settings::led_by
  std::size_t queue_actors_per_tenant_max = limits::queues_per_tenant_max; ///< at a time; idle ones make room
  std::shared_ptr<prometheus::Registry> registry;
  /// The same figures as the registry's, for whoever shares them (the log writer); made here if null.
  std::shared_ptr<actor_metrics> metrics;
  duration tenant_idle_after{60'000};   ///< a tenant's supervisor without queue actors for so long ends
  duration tenant_back_off{5'000};      ///< how long a tenant with a spent budget is answered busy
  duration replica_back_off{60'000};    ///< how long a shard with a spent budget stays off
  /// Told of every actor that is started, by kind ("replica", "tenant", "ticker", "reader"): for tests.
  std::function<void(std::string_view kind, const caf::actor&)> started;
  /// Called, from an actor's thread, when the node cannot go on (log writer or store failed, budget spent): must end
  /// the process.
  std::function<void(const error&)> fatal;
};

/// Understands resolve, get_replicas, get_status, host_shard, use_router, wake_shard; `stop_atom` drains replicas and
/// the log writer and ends the tree.
[[nodiscard]] caf::actor spawn_node_supervisor(caf::actor_system& system, node_supervisor_options options);

} // namespace burrow
