// Opening, and telling a torn tail from lost data; closing.
#include "cluster/storage/rocks_internal.hpp"
#include "cluster/storage/rocks_salvage.hpp"

#include <filesystem>
#include <rocksdb/cache.h>
#include <rocksdb/file_system.h>

namespace burrow {

namespace {

/// Whether a failed opening means that something is missing or unreadable, and not that the disk or another process
/// keeps us out.
bool means_loss(const rocksdb::Status& status) {
  return status.IsCorruption() || status.IsInvalidArgument() || status.IsPathNotFound() || status.IsNotFound();
}

/// RocksDB writes a log of its own, which would be a change of a directory that is only read.
class no_log final : public rocksdb::Logger {
public:
  using rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
};

/// Nothing was ever stored here, as far as the directory tells.
bool holds_no_database(const std::string& directory) {
  std::error_code failed;
  return !std::filesystem::exists(directory, failed) || std::filesystem::is_empty(directory, failed);
}

/// What an opening finds counts as synced, and after kill -9 the tail of a WAL may be in the page cache only. RocksDB
/// (7.8) syncs no log that it found, at its start or with a later SyncWAL, so we do, entries of the directory included.
rocksdb::Status sync_found_wals(rocksdb::FileSystem& disk, const std::string& directory) {
  const rocksdb::IOOptions plain;
  std::vector<std::string> names;
  rocksdb::Status status = disk.GetChildren(directory, plain, &names, nullptr);
  for (const auto& name : names) {
    if (!status.ok() || !name.ends_with(".log")) continue;
    std::unique_ptr<rocksdb::FSWritableFile> wal;
    status = disk.ReopenWritableFile(directory + "/" + name, rocksdb::FileOptions(), &wal, nullptr);
    if (status.ok()) status = wal->Fsync(plain, nullptr);
    if (wal && status.ok()) status = wal->Close(plain, nullptr);
  }
  std::unique_ptr<rocksdb::FSDirectory> entries;
  if (status.ok()) status = disk.NewDirectory(directory, plain, &entries, nullptr);
  if (status.ok()) status = entries->Fsync(plain, nullptr);
  return status;
}

} // namespace

error rocks_error(errc code, const char* what, const rocksdb::Status& status) {
  return {code, std::string(what) + ": " + status.ToString()};
}

rocks_store::implementation::~implementation() { close_database(); }

void rocks_store::implementation::close_database() {
  if (!db) return;
  for (auto*& h : families)
    if (h != nullptr) db->DestroyColumnFamilyHandle(std::exchange(h, nullptr));
  if (unused_family != nullptr) db->DestroyColumnFamilyHandle(std::exchange(unused_family, nullptr));
  // Everything promised was synced before; an error of closing has nobody to hear it.
  db->Close().PermitUncheckedError();
  db.reset();
}

rocksdb::Status rocks_store::implementation::open_database(recovery mode, bool create) {
  auto settings = rocks_db_options(options, mode);
  settings.create_if_missing = create;
  if (env) settings.env = env.get();
  settings.listeners.push_back(listener);
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* opened = nullptr;
  if (options.read_only) settings.info_log = std::make_shared<no_log>();
  const auto families_wanted = rocks_families(options, cache, mode);
  if (!options.read_only && !holds_no_database(rocks_directory(options))) {
    const auto status = sync_found_wals(*settings.env->GetFileSystem(), rocks_directory(options));
    found_unsynced = !status.ok();
    if (found_unsynced) return status;
  }
  const auto status =
    options.read_only
      ? rocksdb::DB::OpenForReadOnly(settings, rocks_directory(options), families_wanted, &handles, &opened)
      : rocksdb::DB::Open(settings, rocks_directory(options), families_wanted, &handles, &opened);
  if (!status.ok()) return status;
  BURROW_ASSERT(handles.size() == family_count + 1);
  db.reset(opened);
  unused_family = handles[0];
  for (std::size_t i = 0; i < family_count; ++i) families[i] = handles[i + 1];
  synced = db->GetLatestSequenceNumber();
  return status;
}

result<void> rocks_store::implementation::open_strict() {
  auto found = synced_marker::open(options.directory);
  if (!options.read_only && !found && found.error() == errc::lost_writes && holds_no_database(rocks_directory(options)))
    found = synced_marker::create(options.directory, 0); // before the store, so that a store always has one
  if (!found) return found.error();
  marker.emplace(std::move(found).value());
  const auto number = marker->number();

  const auto status = open_database(recovery::to_a_point, number == 0);
  if (!status.ok() && !means_loss(status))
    return rocks_error(found_unsynced ? errc::sync_failed : errc::io_failed, "open the store", status);
  if (!status.ok())
    return error{errc::lost_writes, "the store does not open (" + status.ToString() + "); " + std::to_string(number) +
                                      " sequence numbers were synced, and what is left of them is unknown"};
  if (synced >= number) return {};
  const auto lost = number - synced;
  close_database();
  return error{errc::lost_writes, std::to_string(lost) + " sequence numbers of synced data are gone: the store has " +
                                    std::to_string(number - lost) + ", SYNCED says " + std::to_string(number)};
}

result<void> rocks_store::implementation::settle(bool repair) {
  close_database();
  rocksdb::Status status;
  if (repair) {
    auto settings = rocks_db_options(options, recovery::past_gaps);
    if (env) settings.env = env.get();
    status = rocksdb::RepairDB(rocks_directory(options), settings, rocks_families(options, cache, recovery::past_gaps));
  }
  if (status.ok()) status = open_database(recovery::past_gaps, true);
  if (!status.ok())
    return rocks_error(found_unsynced ? errc::sync_failed : errc::io_failed, "open what is left of the store", status);
  // The damaged WAL must not be met again by the next start, which is strict.
  const std::vector<rocksdb::ColumnFamilyHandle*> all(families.begin(), families.end());
  status = db->Flush(rocksdb::FlushOptions(), all);
  // A repair leaves tables that overlap in ways that a strict start refuses.
  for (auto* handle : all)
    if (repair && status.ok()) status = db->CompactRange(rocksdb::CompactRangeOptions(), handle, nullptr, nullptr);
  if (!status.ok()) return rocks_error(errc::io_failed, "write down what is left of the store", status);
  close_database();
  // Opened strictly at once, so that what runs has been checked as any other start is.
  if (auto made = synced_marker::create(options.directory, 0); !made) return made.error();
  if (auto opened = open_strict(); !opened) return opened;
  return marker->advance(synced);
}

result<void> rocks_store::implementation::open_what_is_left() {
  if (auto done = salvage_wals(rocks_directory(options), options.directory + "/lost"); !done) return done;
  // Only when files are missing too is the database put together anew from the tables there are: RocksDB's repair
  // drops what the WAL holds of a family without tables, so what could be flushed was flushed before.
  if (auto settled = settle(false); settled) return settled;
  return settle(true);
}

result<std::unique_ptr<rocks_store>> rocks_store::open(const rocks_options& options) {
  std::error_code failed;
  if (!options.read_only) std::filesystem::create_directories(options.directory, failed);
  if (failed) return error{errc::io_failed, "make " + options.directory + ": " + failed.message()};
  auto self = std::make_unique<implementation>();
  self->options = options;
  if (options.file_system) self->env = rocksdb::NewCompositeEnv(options.file_system);
  self->cache = rocksdb::NewLRUCache(options.block_cache_bytes);
  auto opened = self->open_strict();
  if (!opened && opened.error() == errc::lost_writes && options.accept_loss) opened = self->open_what_is_left();
  if (!opened) return opened.error();
  return std::unique_ptr<rocks_store>(new rocks_store(std::move(self)));
}

rocks_store::rocks_store(std::unique_ptr<implementation> self) : self_(std::move(self)) {}

rocks_store::~rocks_store() {
  if (self_) static_cast<void>(close());
}

result<void> rocks_store::close() {
  BURROW_ASSERT(self_ != nullptr);
  result<void> done;
  if (!self_->failed && !self_->options.read_only) {
    done = sync();
    if (done) done = self_->marker->advance(self_->synced);
  }
  self_.reset();
  return done;
}

} // namespace burrow
