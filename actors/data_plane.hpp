// Between the nodes of a cluster: length-prefixed frames over two streams a pair, one for all that must not wait and
// one for bulk (replication.md section 7). Sockets belong to one Asio thread, as the gateway's do; there is no actor in
// between, since a mailbox would only add a hop and could not be bounded. Frames may get lost, never torn or reordered
// within one stream of one connection. Decides nothing; knows no content but its own handshake.
#pragma once

#include "cluster/base/bytes.hpp"
#include "cluster/base/ids.hpp"
#include "cluster/base/result.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace burrow {

/// Numbers are on the wire.
enum class frame_kind : std::uint8_t {
  probe = 1,   ///< SWIM; leaves ahead of all that waits
  replica = 2, ///< peer.proto
  forward = 3, ///< forward.proto: operations, questions and calls between shards, with their outcomes
  bulk = 4,    ///< peer.proto, the pull of an install: on the second stream
  admit = 5,   ///< forming (admin.proto): asked of a node that the asker need not belong to yet
};

struct frame {
  frame_kind kind = frame_kind::probe;
  shard_id shard; ///< of replica and bulk
  shared_bytes bytes;
};

/// Who connects: told in the handshake, and checked by both sides.
struct node_identity {
  hash128 cluster; ///< zero: belongs to none yet, and may only ask to be admitted
  node_id node;
  std::string name;
  std::uint64_t life = 0; ///< membership::member::life
};

struct frame_received {
  node_id from;
  frame_kind kind = frame_kind::probe;
  shard_id shard;
  std::string bytes;
};

/// A fast stream to or from this peer began or ended; reset or refused is an immediate suspicion.
struct peer_link {
  node_id peer;
  bool up = false;
  std::uint64_t life = 0; ///< of the peer, as its handshake said; 0 if nobody answered
};

class data_plane {
public:
  virtual ~data_plane() = default;
  /// Whom to keep connected. A new address or life of a known peer replaces the old.
  virtual void know(node_id peer, std::string name, std::string host, std::uint16_t port) = 0;
  virtual void forget(node_id peer) = 0;
  /// Any thread; never blocks. False: dropped, since no stream is up or too much waits for this peer. What is sent to
  /// oneself comes back through the sink.
  virtual bool send(node_id to, frame what) = 0;
  /// From now on peers are told this; connections under the old one end. For a node that was just admitted.
  virtual void become(node_identity self) = 0;
  /// Asks a stranger by address (kind admit); `done` is called once, on the plane's thread, within `patience`.
  virtual void ask(std::string host, std::uint16_t port, std::string question,
                   std::function<void(result<std::string>)> done) = 0;
  [[nodiscard]] virtual std::uint16_t port() const = 0;
  virtual void stop() = 0;
};

} // namespace burrow
