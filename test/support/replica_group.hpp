// Replicas of one shard on nodes with good disks and a good network, moved from timer to timer: for tests and
// benchmarks that say what happens, where the simulation says what may. Node n has replica id 10 n.
#pragma once

#include "cluster/replica/replica.hpp"
#include "cluster/storage/memory_store.hpp"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace burrow::test {

class replica_group {
public:
  /// `options`: what all of them have in common. The first so many are voters, others know nobody.
  replica_group(std::size_t nodes, std::size_t voters, replica_options options = {});

  struct node {
    memory_store disk;
    std::unique_ptr<replica> subject; ///< null: down
    std::optional<duration> timer;
    std::map<raft::session_id, std::shared_ptr<const pinned_state>> pins;
    std::map<cookie, reply_effect> replies;
    std::map<cookie, answer_effect> answers;
    std::vector<role_effect> roles;
    std::map<family, std::size_t> loads; ///< that it asked for
    std::optional<raft::member> leader; ///< as it said last
    std::string damage;
    bool cut = false;    ///< from all others
    bool frozen = false; ///< its timers do not run
    bool hangs = false;  ///< its disk: what is to be written waits
    std::deque<persist_effect> unwritten;
    std::function<bool(const peer_content&)> hears; ///< what reaches it; unset: everything
    std::int64_t wall_off_ms = 0;
  };

  static raft::member member(std::uint64_t n) { return {{n * 10}, {n}}; }
  node& at(std::uint64_t n) { return *nodes_.at(n - 1); }
  replica& subject(std::uint64_t n) { return *at(n).subject; }

  /// `after_loss`: a loss was accepted (replica_options::check_state).
  void start(std::uint64_t n, bool after_loss = false);
  void stop(std::uint64_t n) { at(n).subject.reset(); }
  /// Its disk hangs no more.
  void write_on(std::uint64_t n);
  /// Lets time pass, from one timer to the next.
  void run(duration time);
  /// Carries out what everybody wants now.
  void settle();
  /// The one that serves; 0 if there is none after `patience`.
  std::uint64_t leader(duration patience = std::chrono::seconds(20));

  cookie propose(std::uint64_t n, queue::command what, std::vector<shared_bytes> bodies = {});
  cookie ask(std::uint64_t n, queue::query what);
  /// Puts one message through whoever leads; its reply, null if there was none within a minute.
  const reply_effect* put(const std::string& name, const std::string& body);

  [[nodiscard]] clock_reading now(const node& n) const {
    return {steady_, {wall_ms_ + steady_.count() + n.wall_off_ms}};
  }
  std::uint64_t sent = 0; ///< messages, of all

private:
  void carry_out(std::uint64_t n, replica_effect& e);
  void write(node& to, const persist_effect& e);
  [[nodiscard]] loaded_item read(node& from, const load_effect& load, const load_item& item);

  replica_options options_;
  std::size_t voters_;
  std::vector<std::unique_ptr<node>> nodes_;
  std::deque<peer_content> wire_;
  duration steady_{1'000'000};
  std::int64_t wall_ms_ = 1'700'000'000'000;
  std::uint64_t last_cookie_ = 0;
};

} // namespace burrow::test
