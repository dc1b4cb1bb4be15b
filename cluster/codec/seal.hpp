// The checksum that ends a record: its tag (field 15, fixed64) and xxh3-64 of all bytes before it, so that it can be
// checked before protobuf sees a byte. Private to cluster/codec.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace burrow::codec {

void seal(std::string& record, std::uint64_t seed);
/// The record without its checksum, or nothing if that is wrong.
[[nodiscard]] std::optional<std::string_view> unseal(std::string_view record, std::uint64_t seed);

} // namespace burrow::codec
