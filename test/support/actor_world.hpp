// A node's actors in one thread: CAF's testing scheduler, virtual time, memory_store, and a seed that decides which
// ready actor runs next. Log writer and readers are event-based here. The client stands for the bridges of a gateway.
#pragma once

#include "actors/log_writer_actor.hpp"
#include "actors/node_supervisor.hpp"
#include "cluster/base/random.hpp"
#include "cluster/storage/memory_store.hpp"

#include <caf/all.hpp>
#include <caf/scheduler/test_coordinator.hpp>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(burrow::queue_ref)

namespace burrow::test {

struct actor_world_options {
  std::uint64_t seed = 1;
  std::uint16_t shards = 3;
  std::uint64_t not_here_per_mille = 0;
  restart_budget tenant_budget{}, replica_budget{};
  duration passivate_after{30'000}, tenant_idle_after{60'000};
  std::size_t waiters_per_tenant_max = 1000, inflight_per_tenant_max = 1000;
  std::size_t queue_actors_per_tenant_max = 10'000;
  std::shared_ptr<const leaders> led_by{}; ///< of a node among others
  bool tree = true; ///< false: only the system, for tests of single actors
};

class actor_world {
public:
  explicit actor_world(const actor_world_options& options = {});
  ~actor_world();
  actor_world(const actor_world&) = delete;
  actor_world& operator=(const actor_world&) = delete;

  // ---- time and turns
  [[nodiscard]] clock_reading now() const;
  /// Runs whatever is ready, in an order drawn from the seed; time stands still.
  void settle();
  void run(duration time);
  /// A few turns only, so that a test can interrupt what is under way.
  void steps(std::size_t count);

  // ---- the client
  std::uint64_t send(const queue_ref& queue, operation what);
  std::uint64_t send(const queue_ref& queue, operation_body what, duration wait = duration{0});
  std::uint64_t put(const queue_ref& queue, const std::string& body, std::size_t count = 1);
  std::uint64_t take(const queue_ref& queue, std::uint32_t limit = 1, duration wait = duration{0},
                     std::shared_ptr<client_presence> client = nullptr);
  std::uint64_t ack(const queue_ref& queue, const queue::take_reply& taken);
  void withdraw_request(const queue_ref& queue, std::uint64_t number);
  /// Nothing as long as there is no answer.
  [[nodiscard]] const operation_result* result_of(std::uint64_t number) const;
  template <class T>
  [[nodiscard]] const T* answer(std::uint64_t number) const {
    const auto* r = result_of(number);
    return r ? std::get_if<T>(&r->what) : nullptr;
  }
  [[nodiscard]] errc failure(std::uint64_t number) const;
  [[nodiscard]] std::optional<duration> answered_at(std::uint64_t number) const;
  [[nodiscard]] std::size_t unanswered() const { return requests_.size(); }

  // ---- the actors
  [[nodiscard]] caf::actor queue_actor_of(const queue_ref& queue);
  [[nodiscard]] bool is_open(const queue_ref& queue) const { return handles_.contains(queue); }
  /// Of a queue that is open; keeps it from nothing.
  [[nodiscard]] caf::weak_actor_ptr queue_actor(const queue_ref& queue) const {
    return caf::actor_cast<caf::weak_actor_ptr>(handles_.at(queue));
  }
  [[nodiscard]] caf::actor replica_of(const queue_ref& queue);
  [[nodiscard]] const std::vector<caf::actor>& started(const std::string& kind) { return started_[kind]; }
  [[nodiscard]] node_status status();
  void kill(const caf::actor& whom);
  void stop();
  [[nodiscard]] const caf::actor& supervisor() const { return supervisor_; }
  [[nodiscard]] actor_metrics& metrics() { return *metrics_; }

  /// An actor that keeps what it is told; ended with the world.
  template <class... Handlers>
  caf::actor probe(Handlers... handlers) {
    auto made = system_.spawn([=](caf::event_based_actor*) -> caf::behavior { return {handlers...}; });
    roots_.push_back(made);
    return made;
  }
  void keep(caf::actor root) { roots_.push_back(std::move(root)); }

  caf::actor_system& system() { return system_; }
  memory_store& disk() { return *store_; }
  random& chance() { return chance_; }
  void shift_wall(duration by) { wall_shift_ += by; }
  std::vector<std::string> fatal;
  std::vector<shard_notice> notices;

private:
  struct request {
    queue_ref queue;
    std::shared_ptr<operation> what;
    bool sent = false;
  };
  struct config : caf::actor_system_config {
    config() { set("scheduler.policy", caf::atom("testing")); }
  };
  bool step();
  void make_tree();
  void make_client();
  void deliver(const queue_ref& queue);
  void lost(const caf::down_msg& m);

  actor_world_options options_;
  random chance_;
  config config_;
  caf::actor_system system_;
  caf::scheduler::test_coordinator& scheduler_;
  std::shared_ptr<memory_store> store_;
  std::shared_ptr<actor_metrics> metrics_;
  caf::actor supervisor_, client_;
  caf::event_based_actor* client_self_ = nullptr;
  std::map<std::string, std::vector<caf::actor>> started_;
  std::vector<caf::actor> roots_;
  std::map<std::uint64_t, request> requests_; ///< without an answer
  std::map<std::uint64_t, std::pair<operation_result, duration>> results_;
  std::map<queue_ref, caf::actor> handles_;
  std::vector<caf::actor> replicas_;
  std::optional<node_status> status_;
  std::uint64_t last_number_ = 0;
  duration wall_shift_{0};
};

} // namespace burrow::test
