// Writing and reading.
#include "cluster/storage/rocks_internal.hpp"

#include <rocksdb/iterator.h>
#include <sys/statvfs.h>

namespace burrow {

namespace {

using rocksdb::Slice;

// A batch keeps its buffer for the next one, unless it was one of the rare large ones.
constexpr std::size_t batch_buffer_bytes_max = std::size_t{16} << 20;

Slice slice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }
std::string_view view(const Slice& bytes) { return {bytes.data(), bytes.size()}; }

error read_error(const rocksdb::Status& status, read_tier tier) {
  if (status.IsIncomplete() && tier == read_tier::memory) return errc::not_here;
  return rocks_error(status.IsCorruption() ? errc::corrupt : errc::io_failed, "read", status);
}

rocksdb::ReadOptions read_options(read_tier tier) {
  rocksdb::ReadOptions options;
  options.read_tier = tier == read_tier::memory ? rocksdb::kBlockCacheTier : rocksdb::kReadAllTier;
  return options;
}

rocksdb::Status add(rocksdb::WriteBatch& batch, rocksdb::ColumnFamilyHandle* where, const write_batch::operation& op) {
  switch (op.what) {
    case write_batch::kind::put: return batch.Put(where, op.key, op.value);
    case write_batch::kind::put_shared: return batch.Put(where, op.key, slice(op.shared.view()));
    case write_batch::kind::erase: return batch.Delete(where, op.key);
    case write_batch::kind::erase_range:
      // RocksDB 7.8 keeps ranges in a list of their own, but takes hints of the other for them: a ruined memtable.
      BURROW_ASSERT(op.where != family::queue || op.key.size() < hinted_prefix_bytes);
      return batch.DeleteRange(where, op.key, op.value);
  }
  return rocksdb::Status::InvalidArgument();
}

} // namespace

result<void> rocks_store::write(const write_batch& batch) {
  auto& self = *self_;
  if (self.failed) return error{errc::io_failed, "an earlier write failed"};
  if (batch.empty()) return {};
  if (self.batch.Data().capacity() > batch_buffer_bytes_max) self.batch = rocksdb::WriteBatch();
  self.batch.Clear();
  for (const auto& op : batch.operations) {
    const auto added = add(self.batch, self.handle(op.where), op);
    BURROW_ASSERT(added.ok());
  }
  rocksdb::WriteOptions options;
  options.sync = false;
  const auto status = self.db->Write(options, &self.batch);
  if (status.ok()) return {};
  self.failed = true;
  return rocks_error(errc::io_failed, "write", status);
}

result<void> rocks_store::sync() {
  auto& self = *self_;
  if (self.failed) return error{errc::io_failed, "an earlier write failed"};
  const auto written = self.db->GetLatestSequenceNumber();
  const auto status = self.db->SyncWAL();
  if (!status.ok()) {
    self.failed = true;
    return rocks_error(errc::sync_failed, "sync", status);
  }
  self.synced = written;
  return {};
}

result<void> rocks_store::mark_synced(std::int64_t now_ms) {
  auto& self = *self_;
  if (self.marked_at_ms && now_ms - *self.marked_at_ms < mark_period_ms) return {};
  if (self.synced <= self.marker->number()) return {};
  auto done = self.marker->advance(self.synced);
  self.failed = self.failed || !done;
  self.marked_at_ms = now_ms;
  return done;
}

// ---- reading ----------------------------------------------------------------------------------------------------

namespace {

result<store::lookup> get_with(const rocks_store::implementation& self, const rocksdb::ReadOptions& options,
                               read_tier tier, family f, std::string_view key) {
  store::lookup found;
  const auto status = self.db->Get(options, self.handle(f), slice(key), &found.value);
  if (status.IsNotFound()) return store::lookup{};
  if (!status.ok()) return read_error(status, tier);
  found.found = true;
  return found;
}

result<scan_page> scan_with(const rocks_store::implementation& self, rocksdb::ReadOptions options, read_tier tier,
                            family f, const scan_request& request) {
  if (!request.to.empty() && request.from >= request.to) return scan_page{{}, true};
  // The bounds keep the iterator out of blocks and tombstones beyond the range.
  const Slice from = slice(request.from), to = slice(request.to);
  options.iterate_lower_bound = &from;
  if (!request.to.empty()) options.iterate_upper_bound = &to;
  const bool ascending = request.order == direction::ascending;
  const std::unique_ptr<rocksdb::Iterator> at(self.db->NewIterator(options, self.handle(f)));
  ascending ? at->Seek(from) : at->SeekToLast();

  scan_page page;
  std::size_t bytes = 0;
  while (at->Valid() && page.items.size() < request.items_max && bytes < request.bytes_max) {
    page.items.emplace_back(view(at->key()), view(at->value()));
    bytes += at->key().size() + at->value().size();
    ascending ? at->Next() : at->Prev();
  }
  if (!at->status().ok()) return read_error(at->status(), tier);
  page.complete = !at->Valid();
  return page;
}

class rocks_pin final : public pinned_state {
public:
  explicit rocks_pin(const rocks_store::implementation& of) : of_(of), options_(read_options(read_tier::disk)) {
    options_.snapshot = of.db->GetSnapshot();
    // Read once, from end to end: it must not push what serves requests out of the cache.
    options_.fill_cache = false;
  }
  ~rocks_pin() override { of_.db->ReleaseSnapshot(options_.snapshot); }
  rocks_pin(const rocks_pin&) = delete;
  rocks_pin& operator=(const rocks_pin&) = delete;
  [[nodiscard]] result<store::lookup> get(family f, std::string_view key) const override {
    return get_with(of_, options_, read_tier::disk, f, key);
  }
  [[nodiscard]] result<scan_page> scan(family f, const scan_request& request) const override {
    return scan_with(of_, options_, read_tier::disk, f, request);
  }

private:
  const rocks_store::implementation& of_;
  rocksdb::ReadOptions options_;
};

} // namespace

result<store::lookup> rocks_store::get(family f, std::string_view key, read_tier tier) const {
  return get_with(*self_, read_options(tier), tier, f, key);
}

result<scan_page> rocks_store::scan(family f, const scan_request& request, read_tier tier) const {
  return scan_with(*self_, read_options(tier), tier, f, request);
}

result<std::shared_ptr<const pinned_state>> rocks_store::pin() const {
  return std::shared_ptr<const pinned_state>(std::make_shared<rocks_pin>(*self_));
}

std::uint64_t rocks_store::sequence() const { return self_->db->GetLatestSequenceNumber(); }

disk_space rocks_store::space() const {
  struct statvfs found {};
  if (::statvfs(self_->options.directory.c_str(), &found) != 0) return {}; // no room, if nobody knows
  return {std::uint64_t{found.f_bavail} * found.f_frsize, std::uint64_t{found.f_blocks} * found.f_frsize};
}

} // namespace burrow
