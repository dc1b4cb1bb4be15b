// A copy of the store at one moment, beside the writer.
#include "cluster/storage/rocks_internal.hpp"

#include <limits>
#include <rocksdb/utilities/checkpoint.h>

namespace burrow {

result<void> rocks_store::checkpoint(const std::string& to) const {
  // Whatever is written by now is in the copy, which may hold more: so the mark can be made of this number.
  const auto number = self_->db->GetLatestSequenceNumber();
  rocksdb::Checkpoint* made = nullptr;
  auto status = rocksdb::Checkpoint::Create(self_->db.get(), &made);
  const std::unique_ptr<rocksdb::Checkpoint> maker(made);
  // Never flushed for it: a flush of all families at once is what writes would have to wait for. The WAL is bounded,
  // and is copied as far as it goes.
  constexpr auto no_flush = std::numeric_limits<std::uint64_t>::max();
  if (status.ok()) status = maker->CreateCheckpoint(to + "/rocks", no_flush);
  if (!status.ok()) return rocks_error(errc::io_failed, "copy the store", status);
  if (auto marked = synced_marker::create(to, number); !marked) return marked.error();
  return {};
}

} // namespace burrow
