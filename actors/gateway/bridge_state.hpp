// Inside of the bridge actor: bridge.cpp has the queues and shards of this node, bridge_forward.cpp those that lead
// elsewhere; scatter.cpp and dead_letters.cpp have the requests that take several steps.
#pragma once

#include "actors/forward_calls.hpp"
#include "actors/gateway/bridge.hpp"
#include "cluster/base/limits.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/actor_addr.hpp>

#include <list>
#include <set>
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
  using time_point = caf::actor_clock::time_point;
  struct known_queue;
  struct request {
    std::shared_ptr<operation> what;
    call_ptr owner; ///< or
    job_ptr job;    ///< or neither: nobody waits for it
    known_queue* queue = nullptr;
    time_point deadline{};
    unsigned tries = 0;
    bool withdrawn = false; ///< answered already; kept so that a claim that comes all the same is undone

    // Of shards that may lead elsewhere.
    unsigned hops = 0;      ///< as in call
    node_id asked_by;       ///< likewise: it is not sent back there
    node_id sent_to;        ///< it is under way with this node; 0 = here, or nowhere
    node_id next;           ///< whom the last one asked takes for the leader; 0 = as the table says
    unsigned attempts = 0;  ///< of this trouble, as the next
    time_point trouble_ends{}; ///< then there is no leader to be found; epoch = there is no trouble
    time_point sent_at{}, again_at{}; ///< epoch = it was not sent; it does not wait to be sent again
    time_point held_until{};   ///< of one that may be held
    bool unsure = false;       ///< one that changes something went to a node that was lost
  };
  struct known_queue {
    queue_ref name;
    caf::actor handle; ///< null while it is being resolved
    std::vector<std::uint64_t> waiting;
    std::size_t under_way = 0;
    std::list<queue_ref>::iterator used;
    std::optional<shard_id> shard; ///< once it was needed
  };
  struct question_entry {
    shard_id shard;
    decltype(queue::query::what) what;
    job_ptr job;
    time_point deadline{};
    bool sent = false;
    bool elsewhere = false;    ///< to another node
    unsigned attempts = 0;     ///< that found no leader
    time_point trouble_ends{}, again_at{}; ///< as in request
  };

  /// How a shard's leader is asked that is not known here or cannot be reached: through another node.
  struct way_round {
    node_id by;
    bool works = false; ///< the last one that went there was carried out
    time_point tried{};
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
  void ask_replica(std::uint64_t number, question_entry& q);
  void answer(std::uint64_t number, result<queue::answer> outcome);
  void forget_replicas();
  void drop_old_queues();
  void deliver();
  void tick_soon();
  [[nodiscard]] known_queue& queue_named(const queue_ref& name);
  [[nodiscard]] time_point now() const { return self_->clock().now(); }

  // Elsewhere (bridge_forward.cpp).
  [[nodiscard]] bool may_lead_elsewhere() const { return calls_ != nullptr; }
  /// False: the shard leads here.
  [[nodiscard]] bool place_elsewhere(std::uint64_t number, request& r);
  [[nodiscard]] bool ask_elsewhere(std::uint64_t number, question_entry& q);
  /// Errors: as of forward_calls; unavailable too if there is nobody to send it to.
  [[nodiscard]] errc send_to(node_id to, std::uint64_t number, request& r);
  [[nodiscard]] node_id go_round(shard_id shard, node_id leader);
  void note_way(shard_id shard, node_id by, errc outcome);
  void on_told(const forward_in& m);
  void on_lost(const forward_lost& m);
  void on_again();
  /// An outcome, or that there is none yet: then it is sent once more, and true is returned.
  [[nodiscard]] bool goes_on(std::uint64_t number, const operation_result& outcome, node_id leader);
  [[nodiscard]] bool goes_on(std::uint64_t number, const result<queue::answer>& outcome);
  void question_failed(question_entry& q);
  /// One that changes something gets a number, so that it may be sent again when nobody knows what became of it.
  void number_for_repeats(operation& what);
  void no_more_repeats(const operation& what);
  void is_unsure(request& r);
  void outcome_lost(std::uint64_t number, request& r);
  void again(std::uint64_t number, request& r, const error& why);
  void give_up(std::uint64_t number, const error& why);
  void again_soon();
  void wake(shard_id shard);
  [[nodiscard]] static bool is_under_way_here(const request& r) {
    return r.sent_to.value == 0 && r.again_at == time_point{};
  }
  [[nodiscard]] shard_id shard_of(known_queue& q) const;

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
  std::unique_ptr<forward_calls> calls_; ///< null: all shards lead here
  std::unordered_map<shard_id, time_point> woken_;
  std::unordered_map<shard_id, way_round> ways_round_;
  std::uint64_t gateway_ = 0, last_repeat_ = 0; ///< queue::request_id of this bridge
  std::set<std::uint64_t> may_come_again_;      ///< numbers that are not answered yet
  bool draining_ = false, ticking_ = false, replicas_asked_ = false, again_soon_ = false;
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
/// Whether it may be sent again though nobody knows what became of it.
[[nodiscard]] bool may_repeat(const operation& what);
[[nodiscard]] std::shared_ptr<operation_result> failed_result(error why);

} // namespace burrow
