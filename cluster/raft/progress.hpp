// What the leader knows of one follower, and how much it may send it. Three ways to send:
//   probe     one message at a time, until we know where the follower's log agrees with ours;
//   pipeline  as many as the window holds, without waiting for answers;
//   install   nothing: what it needs is no longer in our log (install.cpp).
#pragma once

#include "cluster/raft/types.hpp"

#include <vector>

namespace burrow::raft {

class progress {
 public:
  progress(member m, log_index next_index)
      : who(m)
      , next(next_index) {}

  enum class mode : std::uint8_t { probe, pipeline, install };

  [[nodiscard]] bool may_send(std::size_t messages_max, std::size_t bytes_max) const;
  /// An append up to `last` is on its way; of entries that were read back, or of such as were in memory.
  void sent(log_index last, std::size_t bytes, bool read_back);
  /// It has everything up to `verified` on its disk. True if that is news.
  bool acknowledged(log_index verified);
  /// Its log disagrees at `previous`; go on after `agreed_at_most`. False for an old answer.
  bool refused(log_index previous, log_index agreed_at_most);
  /// A heartbeat answer: it has received and checked up to here, whatever its disk has.
  void heard(log_index up_to);
  /// Once a heartbeat: gives up on messages that were surely lost. True: ask for an acknowledgement that was lost.
  [[nodiscard]] bool look_for_losses();

  void begin_install();
  void end_install(log_index installed);
  void restart_from(log_index next_index);
  /// Memory of an idle follower goes.
  void shrink() { inflight_.shrink_to_fit(); }

  [[nodiscard]] std::size_t inflight_bytes() const { return inflight_bytes_; }
  /// Of these, what was read back.
  [[nodiscard]] std::size_t catch_up_bytes() const { return catch_up_bytes_; }

  member who;
  mode how = mode::probe;
  bool active = true;                     ///< heard from since check-quorum last looked
  bool was_active = false;                ///< heard from in the period before that look
  bool asleep = false;                    ///< agreed to sleep
  std::uint64_t round = 0;                ///< highest heartbeat round answered
  log_index match;                        ///< on its disk, acknowledged in this term
  log_index next;                         ///< to be sent next
  log_index match_at_round;               ///< when the last round of heartbeats began
  bool damaged = false;                   ///< it lost what it had acknowledged: counts for nothing and gets nothing
  std::uint32_t departing_ticks = 0;      ///< not a member any more; still told of it for so long
  bool session_asked = false;             ///< install: the owner was asked for a session
  std::optional<install_request> offered; ///< install: what we offer it

 private:
  struct sent_message {
    log_index last;
    std::size_t bytes;
    bool read_back;
  };
  void forget_inflight();

  bool probe_sent_ = false;
  bool heard_ = false; ///< since the last look
  log_index received_; ///< highest it told us of
  log_index at_last_look_;
  bool forgot_ = false; ///< its last answer knew less than it has acknowledged: it started again
  std::uint32_t still_ = 0;
  std::vector<sent_message> inflight_;
  std::size_t inflight_bytes_ = 0;
  std::size_t catch_up_bytes_ = 0;
};

} // namespace burrow::raft
