// What replicas say to each other: core types <-> proto/peer.proto. A decoder refuses whatever is malformed, over a
// limit of limits.hpp, or does not agree with itself: terms that fall, bodies that are not what their hashes say, keys
// out of order, configurations that nobody could have made. What it lets through is safe to hand to a replica.
#pragma once

#include "cluster/base/result.hpp"
#include "cluster/replica/peer.hpp"

#include <string>
#include <string_view>

namespace burrow::codec {

struct shard_message {
  shard_id shard;
  peer_content what;
};

[[nodiscard]] std::string encode_peer(shard_id shard, const peer_content& what);
/// Commands are not decoded here: a replica does it once, when it takes the entry. Errors: malformed, too_large.
[[nodiscard]] result<shard_message> decode_peer(std::string_view bytes);

} // namespace burrow::codec
