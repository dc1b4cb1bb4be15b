// Several shards, each one replica over a store that may lose what was not synced, that hand each other messages over a
// network that loses, repeats and reorders. Virtual time, one seed. Crashes come at any moment, and aimed: right after
// each step of a move. What every shard has on its disk is told to checker 12
// (cluster/sim/checkers/moves).
#pragma once

#include "cluster/replica/replica.hpp"
#include "cluster/sim/checkers/moves.hpp"
#include "cluster/storage/memory_store.hpp"
#include "test/support/map_view.hpp"

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace burrow::test {

struct moves_options {
  std::uint64_t seed = 1;
  std::uint16_t shards = 2;
  std::uint64_t not_here_per_mille = 0;
  std::uint64_t lost_per_mille = 100, repeated_per_mille = 100;
  duration network_max{50}, sync_max{15}, read_max{5};
  std::uint64_t crash_per_million = 300; ///< each millisecond, of each shard
  std::uint64_t aimed_per_mille = 60;    ///< after each step of a move
};

class moves_world {
public:
  explicit moves_world(const moves_options& options);
  ~moves_world();

  /// Nothing if the shard is down.
  std::optional<cookie> propose(shard_id to, queue::command what, std::vector<shared_bytes> bodies = {});
  /// What was answered; a reply is kept.
  [[nodiscard]] const std::map<std::pair<shard_id, cookie>, result<queue::reply>>& replies() const { return replies_; }
  void run(duration time);
  /// No faults any more; everybody is up.
  void heal();
  void crash(shard_id shard);

  [[nodiscard]] duration now() const { return steady_; }
  [[nodiscard]] const sim::moves& check() const { return check_; }
  /// The first thing that was wrong; empty: nothing.
  [[nodiscard]] const std::string& wrong() const { return found_.what(); }
  [[nodiscard]] replica_status status(shard_id shard) const;
  random& chance() { return chance_; }
  std::uint64_t crashes = 0, calls = 0, resent = 0;

private:
  struct host;
  struct envelope {
    shard_id from, to;
    cookie call;
    std::variant<proposal, question, result<queue::reply>, result<queue::answer>> what;
    duration at;
  };
  void start(host& h);
  /// Tells the checker of entries that this shard's disk has and that were not seen yet.
  void follow(host& h);
  void tick(host& h);
  void carry_out(host& h);
  void write(host& h);
  void finish_sync(host& h);
  void read_some(host& h);
  void send(envelope what);
  void deliver();
  void receive(host& h, envelope& m);
  /// A step of a move was made: perhaps the shard dies of it.
  void aim(host& h);
  [[nodiscard]] clock_reading clock() const { return {steady_, {1'700'000'000'000 + steady_.count()}}; }
  [[nodiscard]] duration later(duration most);
  [[nodiscard]] host& of(shard_id shard) { return *hosts_[shard.value - 1U]; }

  moves_options options_;
  random chance_;
  sim::moves check_;
  sim::findings found_;
  duration steady_{1000};
  std::vector<std::unique_ptr<host>> hosts_;
  std::deque<envelope> network_;
  std::map<std::pair<shard_id, cookie>, result<queue::reply>> replies_;
  std::uint64_t last_cookie_ = 0;
  bool faults_ = true;
};

} // namespace burrow::test
