// A file system that forgets what was not synced. It notes for each file how far it was synced; when the power is cut
// nothing more reaches the disk, and lose() then takes a suffix of the rest away or tears its last write, and drops
// files whose directory was not synced. kill -9 cannot show this: the page cache outlives a process.
#pragma once

#include "cluster/base/random.hpp"

#include <cstdint>
#include <map>
#include <mutex>
#include <rocksdb/file_system.h>
#include <string>

namespace burrow::test {

class lossy_file_system final : public rocksdb::FileSystemWrapper {
public:
  lossy_file_system();

  /// From now on nothing is written, synced, made or renamed any more; every attempt fails.
  void cut_power();
  /// Cuts the power by itself at the n-th append, sync, creation or rename from now.
  void cut_power_at(std::uint64_t n);
  /// After the store is gone: loses what the disk was not bound to keep, and gives power back.
  void lose(random& chance);
  /// After the store is gone: only its process was killed, so nothing that it wrote is lost, or synced.
  void give_power_back();
  /// A disk that says "synced" and does not: the fault that SYNCED is there for.
  void set_lying(bool lying);
  [[nodiscard]] std::uint64_t syncs() const;

  static const char* kClassName() { return "lossy_file_system"; }
  const char* Name() const override { return kClassName(); }

  using io = rocksdb::IOStatus;
  io NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                     std::unique_ptr<rocksdb::FSWritableFile>* file, rocksdb::IODebugContext* debug) override;
  io ReopenWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                        std::unique_ptr<rocksdb::FSWritableFile>* file, rocksdb::IODebugContext* debug) override;
  io NewDirectory(const std::string& path, const rocksdb::IOOptions& options,
                  std::unique_ptr<rocksdb::FSDirectory>* directory, rocksdb::IODebugContext* debug) override;
  io RenameFile(const std::string& from, const std::string& to, const rocksdb::IOOptions& options,
                rocksdb::IODebugContext* debug) override;
  io DeleteFile(const std::string& path, const rocksdb::IOOptions& options, rocksdb::IODebugContext* debug) override;
  io Truncate(const std::string& path, size_t size, const rocksdb::IOOptions& options,
              rocksdb::IODebugContext* debug) override;

  // For the files and directories that it hands out.
  [[nodiscard]] io before_write();
  void appended(const std::string& path, std::uint64_t bytes);
  void cut_to(const std::string& path, std::uint64_t bytes);
  /// A sync makes durable what was there before it began.
  [[nodiscard]] std::uint64_t size_of(const std::string& path) const;
  void synced(const std::string& path, std::uint64_t bytes);
  void directory_synced(const std::string& path);

private:
  struct file_state {
    std::uint64_t size = 0;
    std::uint64_t synced = 0;
    std::uint64_t last_append = 0;
    bool in_directory = false; ///< its directory was synced since it was made
  };
  io watched(const std::string& path, io made, std::uint64_t size, std::unique_ptr<rocksdb::FSWritableFile>* file);

  mutable std::mutex mutex_;
  std::map<std::string, file_state> files_;
  bool power_ = true;
  bool lying_ = false;
  std::uint64_t cut_at_ = 0;
  std::uint64_t syncs_ = 0;
};

} // namespace burrow::test
