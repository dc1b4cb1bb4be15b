// Keys, marks and WAL files as a damaged disk might hand them out: parsed or refused, and what is parsed is written
// back equal.
#include "cluster/base/assert.hpp"
#include "cluster/storage/keys.hpp"
#include "cluster/storage/rocks_marker.hpp"
#include "cluster/storage/rocks_salvage.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto key = burrow::keys::parse_raft_log(bytes))
    BURROW_ASSERT(burrow::keys::raft_log(key->first, key->second) == bytes);
  if (const auto number = burrow::synced_marker::parse_slot(bytes))
    BURROW_ASSERT(burrow::synced_marker::format_slot(*number) == bytes);
  const auto after = burrow::keys::after_prefix(std::string(bytes));
  BURROW_ASSERT(after.empty() || after > bytes);
  const auto salvaged = burrow::salvage_wal(bytes);
  BURROW_ASSERT(burrow::salvage_wal(salvaged) == salvaged);
  return 0;
}
