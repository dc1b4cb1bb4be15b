// Inside of the bridge actor, shared by bridge.cpp and the requests that take several steps (scatter.cpp).
#pragma once

#include "actors/gateway/bridge.hpp"
#include "cluster/base/limits.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/actor_addr.hpp>

#include <list>
#include <string>
#include <unordered_map>

namespace burrow {

class bridge_state;

/// A request in several steps. Kept alive by the steps that are under way.
class bridge_job : public std::enable_shared_from_this<bridge_job> {
public:
  virtual ~bridge_job() = default;
  /// An operation that it sent to a queue came back.
  virtual void completed(bridge_state&, std::shared_ptr<operation_result>) {}
  /// A question that it asked a shard was answered.
  virtual void answered(bridge_state&, shard_id, result<queue::answer>) {}
};
using job_ptr = std::shared_ptr<bridge_job>;

class bridge_state {
public:
  bridge_state(caf::event_based_actor* self, bridge_options options);
  caf::behavior make_behavior();

  // For jobs.
  void send(std::shared_ptr<operation> what, job_ptr job);
  void ask(shard_id shard, decltype(queue::query::what) what, job_ptr job);
  void finish(const call_ptr& what, std::shared_ptr<operation_result> outcome);
  [[nodiscard]] const placement::routing& routing() const { return options_.routing; }

private:
  struct known_queue;
  struct request {
    std::shared_ptr<operation> what;
    call_ptr owner; ///< or
    job_ptr job;    ///< or neither: nobody waits for it
    known_queue* queue = nullptr;
    caf::actor_clock::time_point deadline{};
    unsigned tries = 0;
    bool withdrawn = false; ///< answered already; kept so that a claim that comes all the same is undone
  };
  struct known_queue {
    queue_ref name;
    caf::actor handle; ///< null while it is being resolved
    std::vector<std::uint64_t> waiting;
    std::size_t under_way = 0;
    std::list<queue_ref>::iterator used;
  };
  struct question_entry {
    shard_id shard;
    decltype(queue::query::what) what;
    job_ptr job;
    caf::actor_clock::time_point deadline{};
    bool sent = false;
    unsigned tries = 0;
  };

  void on_work(bridge_work& work);
  void on_completed(const completed& what);
  void on_resolved(const resolved& what);
  void on_results(const shard_results& what);
  void on_replicas(const replicas& what);
  void on_down(const caf::down_msg& down);
  void on_tick();
  void on_drain();

  void begin(const call_ptr& what);
  void start(std::shared_ptr<operation> what, call_ptr owner, job_ptr job);
  void place(std::uint64_t number, request& r);
  void withdraw(std::uint64_t number, request& r, bool answer);
  void end(request r, std::shared_ptr<operation_result> outcome);
  void undo_claims(const operation_result& outcome, const operation& of);
  void queue_lost(known_queue& q, bool passivated);
  void ask_all_unsent();
  void forget_replicas();
  void drop_old_queues();
  void deliver();
  void tick_soon();
  [[nodiscard]] known_queue& queue_named(const queue_ref& name);

  caf::event_based_actor* self_;
  bridge_options options_;
  std::uint64_t next_ = 1;
  std::unordered_map<std::uint64_t, request> requests_;
  std::unordered_map<queue_ref, known_queue> queues_;
  std::list<queue_ref> used_; ///< front = used last
  std::unordered_map<caf::actor_addr, queue_ref> by_address_;
  std::unordered_map<std::uint64_t, question_entry> questions_;
  std::vector<caf::actor> replicas_;
  std::vector<call_ptr> ready_;
  bool draining_ = false, ticking_ = false, replicas_asked_ = false;
};

/// For list_queues, list_tenants and their deletions (scatter.cpp).
void start_scatter(bridge_state& bridge, call_ptr what);
/// For a take with match_meta: look first, then take what was found.
void start_take_by_meta(bridge_state& bridge, call_ptr what);

/// For a change of settings with a dead-letter rule; false if it is none (dead_letters.cpp).
[[nodiscard]] bool start_set_rule(bridge_state& bridge, const call_ptr& what);
/// For a redrive: on which shard its target lies.
void place_target(operation& what, const placement::routing& how);

/// Whether sending it twice does no harm: it changes nothing.
[[nodiscard]] bool is_read(const operation& what);
[[nodiscard]] std::shared_ptr<operation_result> failed_result(error why);

} // namespace burrow
