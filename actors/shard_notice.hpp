// What a shard has to tell the people who look after the node. Told once when it happens, by any actor's thread.
#pragma once

#include "cluster/base/error.hpp"
#include "cluster/base/ids.hpp"
#include "cluster/base/time.hpp"

#include <functional>
#include <string>

namespace burrow {

struct shard_notice {
  enum class kind : unsigned char {
    damaged,     ///< bytes that it cannot have written: out of service, its files stay as they are
    quarantined, ///< an entry that ended the process twice: out of service
    time_ahead,  ///< its time is ahead of the clock by `ahead` and runs at half speed
    time_met,    ///< and does so no more
    distrusted,  ///< told by the leader: the replica on `node` is not to be trusted any more, and must be replaced
  };
  kind what = kind::damaged;
  shard_id shard;
  std::string why; ///< of what is out of service or not trusted
  duration ahead{0};
  node_id node{};  ///< of distrusted
};

using notice_sink = std::function<void(const shard_notice&)>;

} // namespace burrow
