#include "test/support/lossy_file_system.hpp"

#include "cluster/base/assert.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace burrow::test {

namespace {

using io = lossy_file_system::io;

class lossy_file final : public rocksdb::FSWritableFileOwnerWrapper {
public:
  lossy_file(lossy_file_system& disk, std::string path, std::unique_ptr<rocksdb::FSWritableFile> file)
    : FSWritableFileOwnerWrapper(std::move(file)), disk_(disk), path_(std::move(path)) {}

  io Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options, rocksdb::IODebugContext* debug) override {
    if (auto power = disk_.before_write(); !power.ok()) return power;
    const auto done = target()->Append(data, options, debug);
    if (done.ok()) disk_.appended(path_, data.size());
    return done;
  }
  io Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options, const rocksdb::DataVerificationInfo&,
            rocksdb::IODebugContext* debug) override {
    return Append(data, options, debug);
  }
  io Truncate(std::uint64_t size, const rocksdb::IOOptions& options, rocksdb::IODebugContext* debug) override {
    if (auto power = disk_.before_write(); !power.ok()) return power;
    const auto done = target()->Truncate(size, options, debug);
    if (done.ok()) disk_.cut_to(path_, size);
    return done;
  }
  io Sync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* debug) override {
    if (auto power = disk_.before_write(); !power.ok()) return power;
    const auto size = disk_.size_of(path_);
    const auto done = target()->Flush(options, debug); // what is durable is decided here, not by the real disk
    if (done.ok()) disk_.synced(path_, size);
    return done;
  }
  io Fsync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* debug) override { return Sync(options, debug); }
  io RangeSync(std::uint64_t, std::uint64_t, const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
    return io::OK(); // a hint, no promise
  }

private:
  lossy_file_system& disk_;
  std::string path_;
};

class lossy_directory final : public rocksdb::FSDirectoryWrapper {
public:
  lossy_directory(lossy_file_system& disk, std::string path, std::unique_ptr<rocksdb::FSDirectory> directory)
    : FSDirectoryWrapper(std::move(directory)), disk_(disk), path_(std::move(path)) {}
  io Fsync(const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
    if (auto power = disk_.before_write(); !power.ok()) return power;
    disk_.directory_synced(path_);
    return io::OK();
  }
  io FsyncWithDirOptions(const rocksdb::IOOptions& options, rocksdb::IODebugContext* debug,
                         const rocksdb::DirFsyncOptions&) override {
    return Fsync(options, debug);
  }

private:
  lossy_file_system& disk_;
  std::string path_;
};

std::string directory_of(const std::string& path) {
  return std::filesystem::path(path).lexically_normal().parent_path().string();
}

} // namespace

lossy_file_system::lossy_file_system() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}

void lossy_file_system::cut_power() {
  const std::lock_guard lock(mutex_);
  power_ = false;
}

void lossy_file_system::cut_power_at(std::uint64_t n) {
  const std::lock_guard lock(mutex_);
  cut_at_ = n;
}

void lossy_file_system::set_lying(bool lying) {
  const std::lock_guard lock(mutex_);
  lying_ = lying;
}

std::uint64_t lossy_file_system::syncs() const {
  const std::lock_guard lock(mutex_);
  return syncs_;
}

io lossy_file_system::before_write() {
  const std::lock_guard lock(mutex_);
  if (cut_at_ != 0 && --cut_at_ == 0) power_ = false;
  return power_ ? io::OK() : io::IOError("no power");
}

void lossy_file_system::appended(const std::string& path, std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  auto& file = files_[path];
  file.size += bytes;
  file.last_append = bytes;
}

void lossy_file_system::cut_to(const std::string& path, std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  auto& file = files_[path];
  file.size = bytes;
  file.synced = std::min(file.synced, bytes);
}

std::uint64_t lossy_file_system::size_of(const std::string& path) const {
  const std::lock_guard lock(mutex_);
  const auto at = files_.find(path);
  return at == files_.end() ? 0 : at->second.size;
}

void lossy_file_system::synced(const std::string& path, std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  ++syncs_;
  // Only the WAL is lied about: a database that is gone altogether would be no test of it.
  if (lying_ && path.ends_with(".log")) return;
  auto& file = files_[path];
  file.synced = std::max(file.synced, bytes);
}

void lossy_file_system::directory_synced(const std::string& path) {
  const std::lock_guard lock(mutex_);
  const auto directory = directory_of(path + "/x");
  for (auto& [name, file] : files_)
    if (directory_of(name) == directory) file.in_directory = true;
}

void lossy_file_system::lose(random& chance) {
  const std::lock_guard lock(mutex_);
  for (const auto& [path, file] : files_) {
    if (!std::filesystem::exists(path)) continue;
    if (!file.in_directory && file.synced == 0 && chance.chance(500)) {
      std::filesystem::remove(path);
      continue;
    }
    if (file.size == file.synced) continue;
    const auto keep = chance.between(file.synced, file.size);
    std::filesystem::resize_file(path, keep);
    if (keep == file.synced || !chance.chance(400)) continue;
    // The last write that survived is torn: its end never came from the disk's cache.
    const auto torn = chance.between(1, std::min({keep - file.synced, std::max<std::uint64_t>(file.last_append, 1)}));
    std::fstream bytes(path, std::ios::in | std::ios::out | std::ios::binary);
    bytes.seekp(static_cast<std::streamoff>(keep - torn));
    for (auto n = torn; n > 0; --n) bytes.put(chance.chance(500) ? '\0' : static_cast<char>(chance.below(256)));
    BURROW_ASSERT(bytes.good());
  }
  files_.clear();
  power_ = true;
  cut_at_ = 0;
}

void lossy_file_system::give_power_back() {
  const std::lock_guard lock(mutex_);
  power_ = true;
  cut_at_ = 0;
}

io lossy_file_system::watched(const std::string& path, io made, std::uint64_t size,
                              std::unique_ptr<rocksdb::FSWritableFile>* file) {
  if (!made.ok()) return made;
  {
    const std::lock_guard lock(mutex_);
    auto& state = files_[path];
    if (size == 0) state = {};
    // What an earlier life left in a file is on the disk.
    if (state.size == 0) state = {size, size, 0, size != 0};
  }
  *file = std::make_unique<lossy_file>(*this, path, std::move(*file));
  return made;
}

io lossy_file_system::NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                      std::unique_ptr<rocksdb::FSWritableFile>* file,
                                      rocksdb::IODebugContext* debug) {
  if (auto power = before_write(); !power.ok()) return power;
  return watched(path, target()->NewWritableFile(path, options, file, debug), 0, file);
}

io lossy_file_system::ReopenWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                         std::unique_ptr<rocksdb::FSWritableFile>* file,
                                         rocksdb::IODebugContext* debug) {
  if (auto power = before_write(); !power.ok()) return power;
  std::error_code absent;
  const auto size = std::filesystem::file_size(path, absent);
  return watched(path, target()->ReopenWritableFile(path, options, file, debug), absent ? 0 : size, file);
}

io lossy_file_system::NewDirectory(const std::string& path, const rocksdb::IOOptions& options,
                                   std::unique_ptr<rocksdb::FSDirectory>* directory, rocksdb::IODebugContext* debug) {
  const auto made = target()->NewDirectory(path, options, directory, debug);
  if (made.ok()) *directory = std::make_unique<lossy_directory>(*this, path, std::move(*directory));
  return made;
}

io lossy_file_system::RenameFile(const std::string& from, const std::string& to, const rocksdb::IOOptions& options,
                                 rocksdb::IODebugContext* debug) {
  if (auto power = before_write(); !power.ok()) return power;
  const auto done = target()->RenameFile(from, to, options, debug);
  const std::lock_guard lock(mutex_);
  if (auto moved = files_.extract(from); done.ok() && !moved.empty()) {
    moved.mapped().in_directory = true; // renames take effect at once here
    files_.erase(to);
    moved.key() = to;
    files_.insert(std::move(moved));
  }
  return done;
}

io lossy_file_system::DeleteFile(const std::string& path, const rocksdb::IOOptions& options,
                                 rocksdb::IODebugContext* debug) {
  if (auto power = before_write(); !power.ok()) return power;
  const auto done = target()->DeleteFile(path, options, debug);
  const std::lock_guard lock(mutex_);
  if (done.ok()) files_.erase(path);
  return done;
}

io lossy_file_system::Truncate(const std::string& path, size_t size, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) {
  if (auto power = before_write(); !power.ok()) return power;
  const auto done = target()->Truncate(path, size, options, debug);
  if (done.ok()) cut_to(path, size);
  return done;
}

} // namespace burrow::test
