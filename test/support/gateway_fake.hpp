// Actors that speak messages.hpp over a std::map, for tests of the gateway alone: a supervisor that hands out one actor
// a queue and one for all shards. As simple as can be: no bounds, no durability, held requests are looked at in a loop.
#pragma once

#include <utility>

#include "actors/messages.hpp"

#include <caf/actor_system.hpp>

#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace burrow::test {

struct fake_message {
  queue::message head;
  shared_bytes body;
};

/// What all fake actors share.
class fake_service {
public:
  [[nodiscard]] std::shared_ptr<operation_result> run(const operation& what);
  [[nodiscard]] queue::answer answer(const queue::query& what);

  /// A test sets it: every operation on a queue fails with it.
  std::atomic<errc> broken{errc::ok};
  /// A test sets it: operations are taken and never answered.
  std::atomic<bool> silent{false};
  /// A test sets it: takes are done just when they are withdrawn, and answered all the same.
  std::atomic<bool> crossing{false};
  std::atomic<std::size_t> withdrawn{0}, unclaimed{0}, submitted{0}, resolved{0}, held{0};

private:
  using queue_map = std::map<queue_ref, std::vector<fake_message>>;
  void drop_expired(queue_ref name);
  void run_insert(const operation& what, const queue::insert& in, operation_result& out);
  void run_take(const operation& what, const queue::take& in, operation_result& out);
  void run_list(const operation& what, const queue::list_messages& in, operation_result& out);
  template <class Act>
  void run_targets(const operation& what, const std::vector<queue::target>& targets, operation_result& out, Act act);
  [[nodiscard]] std::vector<std::size_t> matches(const std::vector<fake_message>& in, const queue::position& from,
                                                 bool hidden, bool lifo) const;
  [[nodiscard]] fake_message* find(std::vector<fake_message>& in, std::string_view id);

  std::mutex mutex_;
  queue_map queues_;
  std::uint64_t next_ = 1;
};

/// Keeps its queue actors until it ends.
[[nodiscard]] caf::actor spawn_fake_supervisor(caf::actor_system& system, std::shared_ptr<fake_service> service,
                                               std::uint16_t shards);

} // namespace burrow::test
