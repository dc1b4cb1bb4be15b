// What shard 0 keeps of the cluster, and what nodes say to each other about it: core types <-> proto/admin.proto.
// Decoders refuse whatever is malformed, over a bound, or does not agree with itself.
#pragma once

#include "cluster/placement/admit.hpp"

#include <string>
#include <string_view>

namespace burrow::codec {

/// Values of shard 0's registry (placement::map_key, node_key()): sealed with a checksum like the records of log.proto.
/// Deterministic: equal maps give equal bytes, so hash_of() them is what registry_put::if_hash wants.
[[nodiscard]] std::string encode_map(const placement::shard_map& map);
[[nodiscard]] result<placement::shard_map> decode_map(std::string_view bytes);
[[nodiscard]] std::string encode_node_entry(const placement::node_entry& entry);
[[nodiscard]] result<placement::node_entry> decode_node_entry(std::string_view bytes);

/// Errors of decoding: malformed, too_large (over limits::admin_message_bytes_max).
[[nodiscard]] std::string encode_admin(const placement::admin_message& message);
[[nodiscard]] result<placement::admin_message> decode_admin(std::string_view bytes);

} // namespace burrow::codec
