// What a node asks of its store now and then: figures, and giving memory back.
#include "cluster/storage/rocks_internal.hpp"

#include <filesystem>
#include <rocksdb/cache.h>

namespace burrow {

void stall_listener::OnStallConditionsChanged(const rocksdb::WriteStallInfo& info) {
  const bool was = info.condition.prev != rocksdb::WriteStallCondition::kNormal;
  const bool is = info.condition.cur != rocksdb::WriteStallCondition::kNormal;
  if (is && !was) stalls_.fetch_add(1, std::memory_order_relaxed);
  families_stalled_.fetch_add(static_cast<int>(is) - static_cast<int>(was), std::memory_order_relaxed);
}

bool rocks_store::stalled() const { return self_->listener->stalled(); }

result<void> rocks_store::flush_idle() {
  const std::vector<rocksdb::ColumnFamilyHandle*> all(self_->families.begin(), self_->families.end());
  const auto status = self_->db->Flush(rocksdb::FlushOptions(), all);
  if (!status.ok()) return rocks_error(errc::io_failed, "flush", status);
  return {};
}

result<void> rocks_store::compact(family f, const std::string& from, const std::string& to) {
  rocksdb::CompactRangeOptions options;
  options.exclusive_manual_compaction = false;
  const rocksdb::Slice begin = from, end = to;
  const auto status = self_->db->CompactRange(options, self_->handle(f), &begin, to.empty() ? nullptr : &end);
  if (!status.ok()) return rocks_error(errc::io_failed, "compact", status);
  return {};
}

store_stats rocks_store::stats() const {
  const auto sum = [&](const std::string& property) {
    std::uint64_t value = 0;
    static_cast<void>(self_->db->GetAggregatedIntProperty(property, &value)); // 0 if unknown
    return value;
  };
  store_stats out;
  out.memtable_bytes = sum(rocksdb::DB::Properties::kSizeAllMemTables);
  out.table_reader_bytes = sum(rocksdb::DB::Properties::kEstimateTableReadersMem);
  out.table_bytes = sum(rocksdb::DB::Properties::kTotalSstFilesSize);
  out.pending_compaction_bytes = sum(rocksdb::DB::Properties::kEstimatePendingCompactionBytes);
  out.block_cache_bytes = self_->cache->GetUsage();
  out.stalls = self_->listener->stalls();
  out.stalled = self_->listener->stalled();
  std::error_code failed;
  std::filesystem::directory_iterator at(rocks_directory(self_->options), failed);
  for (const std::filesystem::directory_iterator end; !failed && at != end; at.increment(failed)) {
    std::error_code gone; // files come and go while we look
    if (at->path().extension() == ".log")
      if (const auto size = at->file_size(gone); !gone) out.wal_bytes += size;
    if (at->path().extension() == ".sst") ++out.table_count;
  }
  return out;
}

} // namespace burrow
