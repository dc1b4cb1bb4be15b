// SYNCED: a file of two slots that holds a sequence number known to be on disk (replication.md section 4). It is made
// before the store and written in turn, so one torn write never takes both. It knows nothing of RocksDB.
#pragma once

#include "cluster/base/result.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace burrow {

class synced_marker {
public:
  /// Slots lie in blocks of their own, so that the disk never writes one together with the other.
  static constexpr std::size_t block_bytes = 4096, slot_bytes = 16;
  static constexpr const char* file_name = "SYNCED";

  /// The number in a slot, or nothing if its checksum does not match.
  [[nodiscard]] static std::optional<std::uint64_t> parse_slot(std::string_view slot);
  [[nodiscard]] static std::string format_slot(std::uint64_t number);

  /// Opens the mark of a store that exists. Errors: lost_writes if it is missing or no slot is valid; io_failed.
  [[nodiscard]] static result<synced_marker> open(const std::string& directory);
  /// Makes a new mark, both slots at `number`, durable with its directory entry; replaces an old one atomically.
  [[nodiscard]] static result<synced_marker> create(const std::string& directory, std::uint64_t number);

  synced_marker(synced_marker&& other) noexcept;
  synced_marker& operator=(synced_marker&& other) noexcept;
  ~synced_marker();

  [[nodiscard]] std::uint64_t number() const;
  /// Writes the older slot and syncs. Does nothing if `number` is not higher than number(). Errors: io_failed,
  /// sync_failed.
  result<void> advance(std::uint64_t number);

private:
  explicit synced_marker(int file) : file_(file) {}
  result<void> write_slot(std::size_t which, std::uint64_t number);
  [[nodiscard]] std::size_t newest() const;

  int file_ = -1;
  std::array<std::optional<std::uint64_t>, 2> slots_;
};

} // namespace burrow
