// The inside of the node supervisor (node_supervisor.hpp): node_shell.cpp has children and their restarts,
// node_requests.cpp what others ask of it, and the order in which the tree ends.
#pragma once

#include "actors/node_supervisor.hpp"
#include "actors/replica_actor.hpp"
#include "actors/shared_catch_up_room.hpp"
#include "actors/tenant_supervisor.hpp"

#include <caf/all.hpp>

#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

namespace burrow {

class node_shell {
public:
  static constexpr const char* actor_name = "node_supervisor";

  node_shell(shell<node_shell>* self, node_supervisor_options options);
  caf::behavior behavior();

private:
  struct replica_child {
    caf::actor handle; ///< kept when it has ended, until there is a new one: who monitors it learns at once
    restart_log log;
    start_number start;
    bool alive = false;
    std::optional<hosted_replica> hosted; ///< no value: none of this shard here
    std::optional<hosted_replica> next;   ///< to be hosted once what is here is gone
    bool leaving = false;                 ///< what is here is being stopped and erased
  };
  struct tenant_child {
    caf::actor handle;
    restart_log log;
    duration closed_until{0};
    std::size_t pending = 0; ///< questions that it has not answered yet
    std::shared_ptr<const queue_settings> common; ///< with the budget, which outlives a supervisor that failed
  };
  struct asked {
    queue_ref queue;
    caf::actor from;
  };
  enum class stop_stage : unsigned char { running, tenants, replicas, log_writer };

  // Children (node_shell.cpp).
  void start_helpers();
  void start_reader(std::size_t at);
  void start_ticker();
  void start_replica(std::size_t shard);
  tenant_child& tenant_of(const tenant_id& name);
  void start_tenant(const tenant_id& name, tenant_child& child);
  void down(const caf::down_msg& m);
  bool helper_down(const caf::down_msg& m);
  void replica_down(std::size_t shard);
  void tenant_down(const tenant_id& name, tenant_child& child);
  void tell_services();
  void tell_replicas();
  void fail(const error& why);
  void note(std::string_view kind, const caf::actor& child);

  // Which replicas are here (node_hosting.cpp).
  void host_what_is_given();
  void on_host(const host_shard& m);
  void erase(std::size_t shard);
  void on_erased(shard_id shard);

  // What is asked of it (node_requests.cpp).
  void on_resolve(const resolve& m);
  void on_resolved(tenant_resolved& m);
  void on_tenant_idle(const tenant_idle& m);
  void pass_on(std::uint64_t number, const asked& what, tenant_child& child);
  void on_get_status(const get_status& m);
  void on_replica_state(const replica_state& m);
  void answer_status();
  void stop();
  void stop_further();
  void stop_overdue(stop_stage stage);

  [[nodiscard]] caf::actor me() const { return caf::actor_cast<caf::actor>(self_); }
  [[nodiscard]] duration now() const { return o_.clock().steady; }
  [[nodiscard]] replicas replica_handles() const;

  shell<node_shell>* self_;
  node_supervisor_options o_;
  services helpers_;
  std::shared_ptr<catch_up_room> catch_up_ = std::make_shared<shared_catch_up_room>();
  restart_log helper_log_;
  std::vector<replica_child> replicas_;
  std::unordered_map<tenant_id, tenant_child> tenants_;
  std::unordered_map<caf::actor_id, tenant_id> tenant_of_;
  std::set<caf::actor_addr> told_of_replicas_; ///< who asked for them, until they end: told again of each change
  std::map<std::uint64_t, asked> asked_; ///< passed on to a tenant's supervisor
  std::uint64_t last_asked_ = 0;
  std::vector<caf::actor> status_askers_;
  node_status status_;
  std::uint64_t status_round_ = 0;
  stop_stage stopping_ = stop_stage::running;
};

} // namespace burrow
