// What one port of this node has asked others and not been told yet, and the bounds on it. Part of an actor (a bridge,
// the router of shards), not one by itself. Repeats nothing: whoever asked decides.
#pragma once

#include "actors/forward_codec.hpp"
#include "actors/forward_net.hpp"

#include <optional>
#include <unordered_map>
#include <vector>

namespace burrow {

class forward_calls {
public:
  forward_calls(std::shared_ptr<forward_net> net, caf::actor me);
  ~forward_calls();
  forward_calls(const forward_calls&) = delete;
  forward_calls& operator=(const forward_calls&) = delete;

  struct target {
    std::uint64_t id = 0; ///< the caller's own, of something that is not under way yet
    node_id to;
    shard_id shard;
    unsigned hops = 1;
    duration patience{0};
  };
  /// Errors, and then nothing was sent: busy (too much is under way with that node), unavailable (it cannot be
  /// reached), too_large.
  template <class What>
  [[nodiscard]] errc ask(const target& where, const What& what) {
    const auto number = next_ + 1;
    const ask_head head{port_, number, where.shard, where.hops, where.patience};
    return send(where, encode_ask(head, what));
  }

  struct outcome {
    std::uint64_t id = 0;
    node_id by;
    shard_id shard;
    told what;
  };
  /// Nothing if it answers nothing that is under way. Tells the table what it says about the shard's leader.
  [[nodiscard]] std::optional<outcome> take(const forward_in& frame);
  /// The ids of what was under way with that node, in the order in which it was sent. It is forgotten.
  [[nodiscard]] std::vector<std::uint64_t> lost(node_id peer);
  /// Tells who was asked that nobody waits for it any more. It stays under way until it is answered or forgotten.
  void withdraw(std::uint64_t id);
  /// Whatever comes is dropped. Nothing happens if it is not under way.
  void forget(std::uint64_t id);

private:
  struct entry {
    std::uint64_t id = 0;
    node_id to;
    shard_id shard;
    std::size_t bytes = 0;
  };
  using entries = std::unordered_map<std::uint64_t, entry>;
  [[nodiscard]] errc send(const target& where, std::string bytes);
  void give_back(const entry& e);
  [[nodiscard]] forward_flight& flight_with(node_id peer);

  std::shared_ptr<forward_net> net_;
  std::uint32_t port_;
  std::uint64_t next_ = 0;
  entries under_way_; ///< by number
  std::unordered_map<std::uint64_t, std::uint64_t> number_of_; ///< by id
  std::unordered_map<node_id, std::shared_ptr<forward_flight>> flights_;
};

} // namespace burrow
