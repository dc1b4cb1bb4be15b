// The inside of the replica actor (replica_actor.hpp): replica_actor.cpp has its start and its inputs,
// replica_effects.cpp carries out what a drain decided, replica_group.cpp is its side towards the rest of its group.
#pragma once

#include "actors/replica_actor.hpp"

#include "actors/replica_accounts.hpp"
#include "actors/replica_callers.hpp"

#include <caf/all.hpp>

#include <map>
#include <unordered_map>

namespace burrow {

class replica_shell {
public:
  static constexpr const char* actor_name = "replica";

  replica_shell(shell<replica_shell>* self, replica_actor_options options);
  ~replica_shell();
  replica_shell(const replica_shell&) = delete;
  replica_shell& operator=(const replica_shell&) = delete;
  caf::behavior behavior();

private:
  [[nodiscard]] caf::actor me() const { return caf::actor_cast<caf::actor>(self_); }
  [[nodiscard]] clock_reading now() const { return o_.clock(); }
  /// Two shards in turn use two readers, but one shard always the same: its reads stay in order.
  [[nodiscard]] const caf::actor& reader() const {
    return o_.helpers.readers[o_.shard.shard.value % o_.helpers.readers.size()];
  }

  // Start and inputs (replica_actor.cpp).
  void ask_recovery();
  void begin(recovered& m);
  void work(shard_work& m);
  [[nodiscard]] errc refused() const;
  void propose(const clock_reading& at, const shard_work& with, proposal& p);
  void ask(const clock_reading& at, const caf::actor& from, question& q);
  void open_account(const account_open& m);
  void account_told(const replica_callers::caller& who, const answer_effect& e);
  void take_loaded(loaded& m);
  void take_called(shard_results& m);
  void set_watch(const watch& m);
  void down(const caf::down_msg& m);
  void set_services(const services& m);
  void stop();

  // The rest of the group (replica_group.cpp).
  void said(const peer_said& m);
  void suspect(const node_suspect& m);
  void wake();
  void change(const change_group& m);
  void carry_out(send_effect& e);
  void carry_out(const pin_effect& e);
  void carry_out(const unpin_effect& e);
  void carry_out(const leader_effect& e);
  void carry_out(const distrust_effect& e);

  // One drain of the mailbox (replica_effects.cpp).
  void flush_later();
  void flush();
  void count_moves();
  void carry_out(persist_effect& e);
  void carry_out(load_effect& e);
  void carry_out(reply_effect& e);
  void carry_out(answer_effect& e);
  void carry_out(notify_effect& e);
  void carry_out(usage_effect& e) { accounts_.holds(std::move(e.what)); }
  void carry_out(const role_effect& e);
  void carry_out(call_effect& e);
  void carry_out(const timer_effect& e) { wanted_ = e.steady; }
  void carry_out(const damaged_effect& e) { out_of_service(e.why); }
  void carry_out(const time_ahead_effect& e);
  void out_of_service(const error& why);
  void rearm();
  void end_if_drained();
  [[nodiscard]] replica_state state() const;

  shell<replica_shell>* self_;
  replica_actor_options o_;
  std::unique_ptr<replica> core_; ///< null until recovered
  replica_callers callers_;
  replica_accounts accounts_;
  std::map<load_id, load_effect> loads_; ///< with a reader
  std::unordered_map<queue_ref, caf::actor> watchers_;
  std::vector<caf::actor> others_;        ///< the replicas of this node, by shard
  std::map<shard_id, shard_work> calls_;  ///< of this drain
  std::map<raft::member, distrust_effect::reason> distrusted_; ///< by this leader, since this life began
  move_counts counted_;                   ///< as metrics were told
  std::optional<duration> wanted_, armed_; ///< when the core wants a tick; when the ticker was asked for one
  persist_ticket sent_, persisted_;
  disk_state disk_;
  std::size_t inputs_ = 0;
  bool flushing_ = false, recovering_ = false, damaged_ = false, stopping_ = false, writer_busy_ = false;
  bool quarantined_ = false; ///< then damaged_, too
  bool ahead_ = false;       ///< the alarm of its time was told
  bool leads_ = false;
  std::string why_;          ///< it is out of service
};

} // namespace burrow
