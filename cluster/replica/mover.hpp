// Which messages that leave for other shards have been handed over, which are to be sent again and when, and which
// requests wait for them. Pure book-keeping of one leadership: what leaves stands in the state, and all of it is read
// again by the next leader (replication.md section 12).
#pragma once

#include "cluster/base/limits.hpp"
#include "cluster/queue/moves.hpp"
#include "cluster/replica/effect.hpp"

#include <map>
#include <optional>
#include <set>
#include <vector>

namespace burrow {

class mover {
public:
  /// Something leaves for that shard, or perhaps does.
  void note(shard_id to) { targets_[to].more = true; }
  /// The state says that something leaves for that shard. If nobody is at it, it is sent from the start.
  void note_open(shard_id to);

  struct reading {
    shard_id to;
    queue::move_number after;
  };
  /// The next piece to read; it counts as being read until read_done().
  [[nodiscard]] std::optional<reading> next_read(duration now);
  /// These were found beyond `after`; `more`: there are others. Returns those to be sent now, in order.
  [[nodiscard]] std::vector<queue::moved_message> read_done(shard_id to, std::vector<queue::moved_message> found,
                                                            bool more);
  void read_failed(shard_id to, duration now);

  struct batch {
    std::vector<queue::move_number> numbers;
    std::size_t bytes = 0; ///< of bodies
  };
  /// Returns how many of them were sent before.
  std::size_t sent(shard_id to, cookie call, batch what, duration now);
  /// The target's answer to a call; false if nobody waits for it (any more).
  bool answered(cookie call, const result<queue::reply>& outcome, duration now);
  /// Calls without an answer for too long are given up: what they carried is sent again.
  void give_up_late(duration now);

  struct settled {
    shard_id to;
    std::vector<queue::move_number> numbers;
  };
  /// What targets have said that they have, and nobody has logged yet: at most a batch.
  [[nodiscard]] std::optional<settled> take_settled();
  /// It is applied that these have left.
  void left(const settled& what);

  /// When next_read() or give_up_late() has something to do because of time.
  [[nodiscard]] std::optional<duration> wake() const;
  void clear() { targets_.clear(), calls_.clear(), bytes_ = 0; }

private:
  struct call {
    shard_id to;
    batch what;
    duration late;
  };
  struct target {
    bool more = false, being_read = false;
    queue::move_number read_up_to{0, 0}, sent_up_to{0, 0};
    std::set<queue::move_number> answered; ///< the target has them, and they have not left yet
    std::vector<queue::move_number> settled; ///< of these, those that nobody has logged
    std::size_t open = 0;                  ///< calls
    unsigned failures = 0;
    duration not_before{0};
  };
  void again(target& t, shard_id to, duration now);
  std::map<cookie, call>::iterator end_call(std::map<cookie, call>::iterator at);

  std::map<shard_id, target> targets_;
  std::map<cookie, call> calls_;
  std::size_t bytes_ = 0; ///< of all calls
};

/// Replies that are held until what they caused has left, or for a second.
class held_replies {
public:
  void expect(cookie who, const std::vector<queue::move_key>& moves, duration until);
  /// The reply itself; it comes back if nothing holds it.
  [[nodiscard]] std::optional<reply_effect> add(reply_effect reply);
  /// These have left. Returns replies that nothing holds any more.
  [[nodiscard]] std::vector<reply_effect> left(const mover::settled& what);
  [[nodiscard]] std::vector<reply_effect> overdue(duration now);
  [[nodiscard]] std::vector<reply_effect> take_all();
  [[nodiscard]] std::optional<duration> wake() const;
  [[nodiscard]] bool full() const { return held_.size() >= limits::waiting_commands_max; }

private:
  struct held {
    std::set<queue::move_key> open;
    duration until;
    std::optional<reply_effect> ready;
  };
  void release(std::map<cookie, held>::iterator at, std::vector<reply_effect>& out);

  std::map<cookie, held> held_;
  std::multimap<queue::move_key, cookie> waiting_;
  std::set<std::pair<duration, cookie>> deadlines_;
};

} // namespace burrow
