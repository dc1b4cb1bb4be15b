// A shard's state put together anew from what can be read of a damaged one. Believed are messages, the settings of
// queues, their names, what leaves for or came from other shards, and the registry; everything that follows from these
// (counters, names of messages, ready keys, deadlines) is made again by the code that keeps it in a whole state. Left
// behind is what would be wrong by halves: redrive tasks, what queues remember of requests, and replies to gateways.
#pragma once

#include "cluster/queue/machine.hpp"
#include "cluster/queue/move_records.hpp"
#include "cluster/queue/snapshot.hpp"

#include <functional>
#include <map>
#include <set>

namespace burrow::queue {

class work;

struct lost_message {
  queue_ref queue; ///< empty = its name is lost, too
  std::string id;  ///< as shown; empty = unknown
  std::string why;
};
struct rebuild_report {
  std::uint64_t queues = 0, messages = 0, bytes = 0;
  /// Records: of queues and settings, unreadable; tasks and remembered requests, left behind.
  std::uint64_t lost_messages = 0, lost_records = 0;
  std::vector<lost_message> lost;                    ///< the first lost_named_max of them
  log_index newest;                                  ///< no message's body or place is of a later entry
  static constexpr std::size_t lost_named_max = 1000;
};

class rebuilder {
public:
  /// `into` is the new state, empty at first: what take() returns has to be visible there before the next pair().
  /// `at.index` numbers the deadlines and so has to be beyond all that the shard ever numbered; it goes up by one with
  /// each batch. `has_body` says whether a body is there as it was stored.
  rebuilder(apply_meta at, view& into, std::function<bool(const body_ref&)> has_body)
    : at_(at), into_(into), has_body_(std::move(has_body)) {}

  /// Each pair of the old state, in order of keys, the `applied` record left out.
  void pair(std::string_view key, std::string_view value);
  /// Enough for one batch.
  [[nodiscard]] bool full() const {
    return pending_.size() + leaving_.size() + bare_.size() + raw_.size() >= batch_max;
  }
  /// The pairs of the new state that follow from what came since the last call.
  [[nodiscard]] std::vector<delta::change> take();
  /// After the last take().
  [[nodiscard]] const rebuild_report& report() const { return report_; }

private:
  static constexpr std::size_t batch_max = 500;
  struct old_queue {
    queue_ref ref;
    queue_record record;
    bool opened = false;
  };
  void take_queue(std::string_view key, std::string_view value);
  void take_message(std::string_view key, std::string_view value);
  void take_leaving(std::string_view key, std::string_view value);
  void put_leaving(work& w);
  void lose(const queue_ref& of, std::string id, std::string why);

  apply_meta at_;
  view& into_;
  std::function<bool(const body_ref&)> has_body_;
  std::set<std::uint64_t> swept_;                 ///< numbers of purged queues
  std::map<std::uint64_t, queue_ref> registered_; ///< names that the index of deadlines knows
  std::map<std::uint64_t, old_queue> queues_;
  std::vector<old_queue> bare_;                   ///< with settings, and no number
  std::vector<std::pair<std::uint64_t, stored_message>> pending_;
  std::vector<leaving_message> leaving_;          ///< its numbers are in the key
  std::vector<shard_id> leaving_to_;
  std::map<shard_id, pair_record> pairs_;         ///< counted anew
  std::vector<std::uint64_t> without_messages_;   ///< queues with settings, to be written if nothing comes
  std::vector<delta::change> raw_;
  rebuild_report report_;
};

} // namespace burrow::queue
