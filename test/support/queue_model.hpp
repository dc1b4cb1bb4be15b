// The queue machine once more, slow and obvious: vectors of messages, every rule applied to all of them. It knows no
// keys, no bounds of work and no deltas. Numbers that only the machine can draw it learns from the machine's replies.
#pragma once

#include "cluster/queue/machine.hpp"

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace burrow::test {

class queue_model {
public:
  struct entry {
    queue::message m;
    bool changed = false;
  };
  using messages = std::vector<entry>; ///< by place

  /// What time alone does.
  void settle(instant now);
  /// What gateways may send again (queue_model_repeats.cpp). What is finished with stays, and is never told.
  struct kept_gateway {
    instant heard;
    std::uint64_t below = 0, last = 0;
    std::map<std::pair<std::uint64_t, std::uint32_t>, queue::reply> replies; ///< by number and step
  };
  std::map<std::uint64_t, kept_gateway> gateways;

  /// Carries a command out; `real` is what the machine replied. Returns the reply that was due.
  queue::reply run(const queue::command& c, const queue::apply_meta& meta, const queue::reply& real);

  [[nodiscard]] const messages* of(const queue_ref& ref) const;
  [[nodiscard]] queue::answer ask(instant now, const queue::query& question) const;

  struct kept_settings {
    queue::settings value;
    std::uint64_t revision = 0;
  };

  /// What is remembered of requests. It counts until the entry that removes it, which comes with its ten seconds.
  struct kept_key {
    hash128 request;
    instant expires;
    queue::insert_reply inserted; ///< as the machine said
    bool is_claim = false, answered_again = false;
    claim_id claim;
    queue::take_reply taken;
    std::optional<queue::task_reply> task;
  };
  struct kept_producer {
    std::uint64_t sequence = 0;
    instant used, looked_at;
  };
  struct kept_memory {
    std::map<std::string, kept_key> keys; ///< of later steps with their number behind a colon
    std::map<std::string, kept_producer> producers;
  };
  std::map<queue_ref, kept_memory> memories;
  [[nodiscard]] bool is_remembered(instant now, const queue_ref& ref, const std::string& key) const;

  std::map<queue_ref, messages> queues;
  std::map<queue_ref, kept_settings> settings;
  std::map<queue_ref, std::uint64_t> shown; ///< became visible since begin_entry()
  void begin_entry();
  std::string wrong; ///< numbers that the machine drew wrongly

  // Moves (queue_model_moves.cpp). Places of what has moved, and numbers of what leaves, are the machine's to draw.
  struct drawn {
    burrow::place place;
    message_id id;
    std::string name;
  };
  bool learns = true; ///< false: in a read, which draws numbers of its own
  std::function<std::optional<drawn>(const queue_ref&, const queue::body_ref&)> learn;
  std::function<std::optional<queue::move_key>(const queue::body_ref&)> learn_leaving;
  shard_id own_shard;
  struct leaving_one {
    queue_ref from;
    std::uint64_t size = 0, task = 0;
  };
  std::map<queue::move_key, leaving_one> leaving;
  struct source {
    queue::move_number below{0, 0};
    std::set<queue::move_number> known;
  };
  std::map<shard_id, source> sources;
  struct model_task {
    queue::task_view view;
    queue::redrive what;
    std::uint64_t next = 0, until = 0, open = 0, matched = 0;
    bool walked = false;
    instant looked_at = no_instant; ///< when it was kept on, though it might have been forgotten
  };
  std::map<queue_ref, std::vector<model_task>> tasks; ///< oldest first
  [[nodiscard]] model_task* running(const queue_ref& ref);

private:
  struct turn;
  queue::reply run_anew(const queue::command& c, const queue::apply_meta& meta, const queue::reply& real);
  queue::reply tell_again(const queue::command& c, const queue::apply_meta& meta, const queue::reply& first);
  [[nodiscard]] bool is_doomed(const queue_ref& ref, const queue::message& m) const;
  void deliver(const queue_ref& to, entry e, std::optional<duration> ttl, instant now);
  void move(const queue_ref& from, const queue_ref& to, shard_id shard, entry e, std::optional<duration> ttl,
            instant now, std::uint64_t task);
  void send_off(const queue_ref& ref, entry e, instant now, bool expired);
  void settle_queue(const queue_ref& ref, instant now);
  void forget_tasks(instant now);
  [[nodiscard]] std::uint64_t moving(const queue_ref& ref) const;
  [[nodiscard]] std::uint64_t moving_bytes(const queue_ref& ref) const;
  /// Whether it counts as a queue of its tenant even without a message.
  [[nodiscard]] bool counts(const queue_ref& ref) const;
  queue::reply arrive(const queue::arrive& what, const queue::apply_meta& meta);
  queue::reply left(const queue::left& what, const queue::apply_meta& meta);
  queue::task_reply redrive(turn& t, const queue::redrive& what, const queue::task_reply& real);
  queue::reply step(turn& t, const queue::redrive_step& what);
  queue::reply cancel(turn& t, const queue::cancel_task& what);
  void redrive_one(turn& t, model_task& task, messages::iterator at, const std::vector<place>& taken);
  static void end_if_done(model_task& t, instant now);
  static queue::task_view shown_task(const model_task& t);
  [[nodiscard]] queue::answer list_tasks(const queue_ref& ref) const;
  std::optional<queue::reply> run_move(const queue::command& c, const queue::apply_meta& meta, turn& t,
                                       const queue::reply& real);
  std::set<std::pair<queue_ref, std::string>> ids_before_; ///< shown when the entry began
  queue::reply keyed_insert(turn& t, const queue::insert& what, const queue::insert_reply& real);
  queue::insert_reply insert(turn& t, const queue::insert& what, const queue::insert_reply& real);
  errc insert_one(turn& t, const queue::insert_item& item, const queue::insert& whole,
                  const queue::insert_result* real, queue::insert_result& out, std::uint64_t& dropped);
  errc store_one(turn& t, const queue::insert_item& item, const queue::insert& whole, bool new_producer,
                 const queue::insert_result* real, queue::insert_result& out, std::uint64_t& dropped);
  queue::reply keyed_take(turn& t, const queue::take& what, const queue::take_reply& real);
  queue::take_reply take(turn& t, const queue::take& what, const queue::take_reply& real);
  queue::reply keyed_redrive(turn& t, const queue::redrive& what, const queue::task_reply& real);
  queue::take_reply claim_again(turn& t, kept_key& first);
  void forget_old(instant now);
  [[nodiscard]] std::uint64_t stored_bytes(const tenant_id& tenant) const;
  [[nodiscard]] std::uint64_t memory_bytes(const tenant_id& tenant) const;
  queue::reply targets(turn& t, const std::vector<queue::target>& list, const queue::change* change);
  queue::reply unclaim(turn& t, const queue::unclaim& what);
  queue::reply configure(turn& t, const queue::configure& what, const queue::settings_reply& real);
  static std::function<bool(const queue::message&)> range_of(turn& t, const queue::take& what, bool lifo,
                                                             bool priorities);
  errc overflow(turn& t, const queue::insert_item& item, bool replaces, std::uint64_t& dropped);
  [[nodiscard]] queue::queue_rules rules_of(const queue_ref& ref) const;
  [[nodiscard]] std::uint64_t queue_count(const tenant_id& tenant) const;
  [[nodiscard]] queue::answer ask_settled(instant now, const queue::query& question) const;
  [[nodiscard]] queue::answer list(instant now, const queue_ref& ref, const queue::list_messages& what) const;
  [[nodiscard]] queue::answer stats(instant now, const queue_ref& ref) const;
  [[nodiscard]] queue::answer list(instant now, const queue::list_queues& what) const;
  [[nodiscard]] queue::answer tenants() const;
  /// True: it was sent away.
  bool change(turn& t, entry& e, const queue::ttl_choice& ttl, const std::optional<duration>& hide);
  void grant(turn& t, entry& e, const queue::take& what, claim_id claim);
  void show(turn& t, entry& e);
  std::uint64_t highest_ = 0;
  std::uint64_t floor_ = 0; ///< `highest_` before this command, whose moves come in any order
};

/// Whether messages are taken by priority first.
[[nodiscard]] bool by_priority(const queue::queue_rules& rules, const queue_model::messages& list);
/// All messages in the order in which they are taken or listed.
[[nodiscard]] std::vector<queue::message> in_order(const queue_model::messages& list, bool lifo, bool priorities);

} // namespace burrow::test
