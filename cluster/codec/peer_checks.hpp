// Whether a message from a peer agrees with itself and with our bounds. Private to cluster/codec.
#pragma once

#include "cluster/base/limits.hpp"
#include "cluster/replica/peer.hpp"

namespace burrow::codec {

[[nodiscard]] bool is_sound(const raft::configuration& config);
[[nodiscard]] bool is_sound(const raft::peer_message& m);
[[nodiscard]] bool is_sound(const pull_request& m);
[[nodiscard]] bool is_sound(const pull_chunk& m);
[[nodiscard]] std::uint64_t checksum_of(const pull_chunk& m);

} // namespace burrow::codec
