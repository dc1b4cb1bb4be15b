// The inside of a queue actor (queue_actor.hpp). Requests come in by submit, go to the replica in one message for each
// drain of the mailbox, and leave in one message for each bridge. queue_shell.cpp has that traffic, queue_waiting.cpp
// those who are held.
#pragma once

#include "actors/queue_actor.hpp"
#include "actors/queue_request.hpp"
#include "cluster/base/limits.hpp"

#include <caf/all.hpp>

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

namespace burrow {

class queue_shell {
public:
  static constexpr const char* actor_name = "queue";
  using key = std::uint64_t; ///< of a request; ascending, so it is the order of arrival. 0 = our own look.

  queue_shell(shell<queue_shell>* self, queue_actor_options options);
  ~queue_shell();
  queue_shell(const queue_shell&) = delete;
  queue_shell& operator=(const queue_shell&) = delete;
  caf::behavior behavior();

private:
  // Traffic (queue_shell.cpp).
  void take_in(submit& m);
  [[nodiscard]] errc refused(const operation& what) const;
  /// False: it is a stream's, and there is no place among the waiters for one more.
  [[nodiscard]] bool seated(key k);
  /// A place among the held requests of the account; holds nothing if there is none.
  [[nodiscard]] budget_share waiter_share();
  void begin(key k);
  void look(key k);
  void ask(key k, queue::query what);
  void propose(key k);
  /// False: another request with its key is running, and it was told so.
  [[nodiscard]] bool begin_key(key k);
  void end_key(queue_request& r);
  void on_results(shard_results& m);
  void on_reply(reply_effect& m);
  void on_take(key k, reply_effect& m, queue::take_reply& r);
  void note_inserted(const queue::insert_reply& r);
  void on_answer(answer_effect& m);
  void fill_window();
  void finish(key k, operation_result what);
  void finish(key k, const error& why) { finish(k, operation_result{why, {}, 0}); }
  void flush_later();
  void flush();
  void send_out();
  /// Not for ever: then the answer is `at_last`.
  void retry_later(key k, errc at_last = errc::not_leader, duration pause = limits::tick);
  void retry_all();
  /// The replica does not lead and has done nothing.
  void not_led(key k);
  [[nodiscard]] bool led_elsewhere() const { return o_.common->led_by && !o_.common->led_by->leads_here(o_.shard); }
  void down(const caf::down_msg& m);
  void adopt(const replicas& m);
  void stop();
  [[nodiscard]] queue_request& at(key k) { return requests_.find(k)->second; }

  // Those who are held (queue_waiting.cpp).
  void hold(key k);
  void wake_same_key(const std::string& idempotency_key);
  void ensure_watch();
  void on_takeable(std::uint64_t count);
  void wake_takers(std::uint64_t count);
  void wake_readers();
  void own_look();
  void on_look(key k, const queue::look_answer& a);
  void look_again_at(instant next_visible);
  void withdraw_one(const withdraw& m);
  void expire_waiters(duration now);
  void hand_back();
  void empty_handed(key k);
  [[nodiscard]] bool anyone_waits() const { return !takers_.empty() || !readers_.empty(); }

  // Time.
  [[nodiscard]] caf::actor me() const { return caf::actor_cast<caf::actor>(self_); }
  [[nodiscard]] duration now() const { return o_.common->clock().steady; }
  void tick();
  bool end_if_idle(duration idle_for);
  void rearm();

  shell<queue_shell>* self_;
  queue_actor_options o_;
  std::unordered_map<key, queue_request> requests_;
  key last_key_ = 0;
  std::size_t waiters_ = 0;        ///< requests that were held and are not answered yet
  std::set<key> takers_, readers_; ///< held now, the longest-waiting first
  std::deque<key> lined_up_;       ///< for room in the window
  std::size_t with_replica_ = 0;   ///< commands there or in `outgoing_`
  std::vector<key> retrying_;
  shard_work outgoing_;            ///< sent at the end of this drain
  std::vector<std::pair<caf::actor, completed>> answers_;
  std::optional<duration> look_at_, retry_at_, armed_;
  duration next_deadline_{duration::max()}; ///< no waiter's time ends before it
  duration worked_at_;
  std::uint64_t notices_ = 0;      ///< times that the queue was said to be takeable
  std::uint64_t wakes_ = 0;        ///< messages that no woken taker has been sent for yet
  std::unordered_map<std::string, key> running_; ///< idempotency keys of requests with the replica, and whose they are
  bool takeable_ = false;          ///< the last take left something: the next needs no look
  bool queue_exists_ = false;      ///< as the last look, take or insert said
  bool watching_ = false, looking_ = false, flushing_ = false, stopping_ = false, replica_lost_ = false;
};

} // namespace burrow
