// How much the shards of a node may have under way, together, to followers that are sent what is read back from the
// disk: so that clients do not wait behind it, however many followers are behind. Who finds no room stands in line.
#pragma once

#include "cluster/base/ids.hpp"

#include <cstddef>
#include <deque>
#include <memory>
#include <utility>

namespace burrow {

/// Shared by the replicas of a node. Bytes are taken before they are read, when only about so many are known to come.
class catch_up_room {
public:
  virtual ~catch_up_room() = default;
  /// False: there is no room, or others are first; this shard is in line then, until it asks again in vain or leaves.
  [[nodiscard]] virtual bool take(shard_id shard, std::size_t bytes) = 0;
  /// A shard that held `before` now holds `now`.
  virtual void correct(std::size_t before, std::size_t now) = 0;
  virtual void leave(shard_id shard) = 0;
};

/// The rule, for one thread. Nobody is refused while nothing is under way. As many at the head of the line as there is
/// room for may take it in any order, since each of them asks when it has a turn: up to a tick later.
class catch_up_line final : public catch_up_room {
public:
  explicit catch_up_line(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  [[nodiscard]] bool take(shard_id shard, std::size_t bytes) override;
  void correct(std::size_t before, std::size_t now) override { used_ += now - before; }
  void leave(shard_id shard) override { std::erase(line_, shard); }

  [[nodiscard]] std::size_t used() const { return used_; }

private:
  const std::size_t bytes_max_;
  std::size_t used_ = 0;
  std::deque<shard_id> line_;
};

/// What one shard has of it; given back when its replica ends.
class catch_up_share {
public:
  catch_up_share(shard_id shard, std::shared_ptr<catch_up_room> of) : shard_(shard), of_(std::move(of)) {}
  ~catch_up_share() { give_back(); }
  catch_up_share(const catch_up_share&) = delete;
  catch_up_share& operator=(const catch_up_share&) = delete;

  [[nodiscard]] bool take(std::size_t bytes) {
    waits_ = of_ && !of_->take(shard_, bytes);
    if (!waits_) held_ += bytes;
    return !waits_;
  }
  void hold(std::size_t bytes) {
    if (of_) of_->correct(held_, bytes);
    held_ = bytes;
  }
  void leave_line() {
    if (std::exchange(waits_, false)) of_->leave(shard_);
  }
  void give_back() {
    leave_line();
    hold(0);
  }
  [[nodiscard]] std::size_t held() const { return held_; }

private:
  shard_id shard_;
  std::shared_ptr<catch_up_room> of_; ///< null: no bound
  std::size_t held_ = 0;
  bool waits_ = false;
};

} // namespace burrow
