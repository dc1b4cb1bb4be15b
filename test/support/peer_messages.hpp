// Random messages between replicas, sound ones, of every kind.
#pragma once

#include "cluster/base/random.hpp"
#include "cluster/replica/peer.hpp"

namespace burrow::test {

[[nodiscard]] peer_content random_peer_message(random& chance);

} // namespace burrow::test
