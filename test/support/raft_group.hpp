// A group of Raft cores on one wire, moved by hand: for tests that say who hears what, and when. Disks are immediate
// unless told otherwise. Node n has replica id 10 n.
#pragma once

#include "cluster/raft/raft.hpp"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace burrow::test {

class raft_group {
 public:
  explicit raft_group(std::vector<std::uint64_t> voters, std::vector<std::uint64_t> learners = {},
                      raft::raft_options options = {});

  struct node {
    std::unique_ptr<raft::raft> core;
    raft::stored_state disk;      ///< what a restart finds: kept by hand from the outputs
    std::vector<raft::entry> log; ///< on disk, from index 1
    std::vector<raft::entry> applied;
    std::vector<raft::read_result> reads;
    std::optional<raft::role_change> role;
    std::optional<raft::install_offer> offer;
    std::vector<node_id> installs;
    std::vector<raft::member> damaged;
    std::vector<raft::persist_request> unsynced; ///< while its disk is slow
    std::vector<std::pair<std::uint64_t, raft::peer_message>> held;
    std::vector<raft::peer_message> sent; ///< all that ever left
    bool slow_disk = false, down = false;
  };

  static raft::member member(std::uint64_t n) { return {{n * 10}, {n}}; }
  node& at(std::uint64_t n) { return nodes_.at(n); }
  raft::raft& core(std::uint64_t n) { return *nodes_.at(n).core; }
  raft::raft_status status(std::uint64_t n) { return core(n).status(); }

  /// A node that knows nobody yet.
  void add(std::uint64_t n);
  /// What is on this node's disk before it starts: terms of its log from index 1.
  void start_with(std::uint64_t n, std::vector<std::uint64_t> terms, std::uint64_t term, std::uint64_t vote = 0);
  void restart(std::uint64_t n);

  /// Takes the output, persists it unless the disk is slow, puts messages on the wire.
  void drain(std::uint64_t n);
  /// The disk of this node has all that waits.
  void sync(std::uint64_t n);
  void tick(std::uint64_t n, std::uint32_t times = 1);
  void tick_all(std::uint32_t times);
  /// Delivers until nothing is on the wire.
  void deliver();
  /// The oldest message on the wire, without delivering it; nullptr if there is none.
  raft::peer_message* next();
  void deliver_one();
  /// Hands a message to its receiver, whatever is on the wire.
  void inject(const raft::peer_message& m);

  void cut(std::uint64_t n) { cut_.insert(n); }
  void cut_between(std::uint64_t from, std::uint64_t to) { cut_links_.insert({from, to}); }
  void heal() { cut_.clear(), cut_links_.clear(); }
  std::deque<raft::peer_message>& wire() { return wire_; }

  /// Runs an election of `n` to its end: it campaigns first and hears everybody.
  void elect(std::uint64_t n);
  /// Proposes and delivers.
  log_index propose(std::uint64_t n, const std::string& what);
  std::uint64_t leader();

 private:
  void start(std::uint64_t n);
  std::map<std::uint64_t, node> nodes_;
  std::deque<raft::peer_message> wire_;
  std::set<std::uint64_t> cut_;
  std::set<std::pair<std::uint64_t, std::uint64_t>> cut_links_;
  raft::raft_options options_;
  std::uint64_t starts_ = 0;
};

/// A message between members, for a core that is fed by hand.
[[nodiscard]] raft::peer_message from(std::uint64_t a, std::uint64_t b, std::uint64_t t,
                                      decltype(raft::peer_message::what) what);
/// What a node has sent to another of one kind, in order.
template <class T>
[[nodiscard]] std::vector<T> sent(const raft_group::node& n, std::uint64_t to) {
  std::vector<T> out;
  for (const auto& m : n.sent) {
    if (m.to.node.value != to) continue;
    if (const auto* const found = std::get_if<T>(&m.what)) out.push_back(*found);
  }
  return out;
}

[[nodiscard]] raft::command_bytes command(const std::string& what);
[[nodiscard]] raft::entry command_at(std::uint64_t index, std::uint64_t term, const std::string& what = "x");
/// "kind from>to term: what it says", one line for scripts.
[[nodiscard]] std::string text_of(const raft::peer_message& m);

} // namespace burrow::test
