// The catch_up_room of a node: its replicas run on several threads. Calls are a few comparisons under a lock.
#pragma once

#include "cluster/base/limits.hpp"
#include "cluster/replica/catch_up_room.hpp"

#include <mutex>

namespace burrow {

class shared_catch_up_room final : public catch_up_room {
public:
  [[nodiscard]] bool take(shard_id shard, std::size_t bytes) override {
    const std::scoped_lock lock(guard_);
    return line_.take(shard, bytes);
  }
  void correct(std::size_t before, std::size_t now) override {
    const std::scoped_lock lock(guard_);
    line_.correct(before, now);
  }
  void leave(shard_id shard) override {
    const std::scoped_lock lock(guard_);
    line_.leave(shard);
  }

private:
  std::mutex guard_;
  catch_up_line line_{limits::catch_up_node_bytes_max};
};

} // namespace burrow
