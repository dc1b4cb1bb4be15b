// Members and configurations as protobuf has them, for the codecs of log and peers. Private to cluster/codec.
#pragma once

#include "cluster/raft/types.hpp"
#include "proto/log.pb.h"

#include <vector>

namespace burrow::codec {

inline void write(proto::member& out, const raft::member& in) {
  out.set_replica(in.replica.value);
  out.set_node(in.node.value);
}
inline void write(google::protobuf::RepeatedPtrField<proto::member>& out, const std::vector<raft::member>& in) {
  for (const auto& m : in) write(*out.Add(), m);
}
inline void write(proto::configuration& out, const raft::configuration& in) {
  write(*out.mutable_voters(), in.voters);
  write(*out.mutable_leaving(), in.leaving);
  write(*out.mutable_learners(), in.learners);
}
inline void write(proto::snapshot_meta& out, const raft::snapshot_meta& in) {
  out.set_index(in.index.value);
  out.set_term(in.term.value);
  write(*out.mutable_config(), in.config);
  out.set_machine_version(in.machine_version);
  out.mutable_state_hash()->set_high(in.state_hash.high);
  out.mutable_state_hash()->set_low(in.state_hash.low);
}

inline raft::member read(const proto::member& in) { return {{in.replica()}, {in.node()}}; }
inline std::vector<raft::member> read(const google::protobuf::RepeatedPtrField<proto::member>& in) {
  std::vector<raft::member> out;
  out.reserve(static_cast<std::size_t>(in.size()));
  for (const auto& m : in) out.push_back(read(m));
  return out;
}
inline raft::configuration read(const proto::configuration& in) {
  return {read(in.voters()), read(in.leaving()), read(in.learners())};
}
/// machine_version must be in range.
inline raft::snapshot_meta read(const proto::snapshot_meta& in) {
  return {{in.index()},
          {in.term()},
          read(in.config()),
          static_cast<std::uint16_t>(in.machine_version()),
          {in.state_hash().high(), in.state_hash().low()}};
}

} // namespace burrow::codec
