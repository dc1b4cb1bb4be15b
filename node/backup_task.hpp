// The backup of a running node: a copy of the store at one moment, made into a directory that the operator names, by a
// thread of its own at a bounded rate, so that nobody who writes waits for it. One at a time. A copy that was not
// finished leaves no manifest. What became of the last one is kept in the file `BACKUP` of the data directory.
#pragma once

#include "node/audit.hpp"
#include "node/backup_manifest.hpp"
#include "node/node_metrics.hpp"

#include "cluster/storage/rocks_store.hpp"

#include <nlohmann/json.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <thread>

namespace burrow {

struct backup_options {
  std::string data; ///< the node's directory
  std::shared_ptr<rocks_store> store;
  std::string node;
  codec::node_record identity;
  std::uint64_t bytes_per_s = 0; ///< 0 = as fast as it goes
  std::uint64_t reserve = 0;     ///< what has to stay free where the copy goes
  std::shared_ptr<audit_log> audit;
  std::shared_ptr<node_metrics> metrics;
};

class backup_task {
public:
  /// The copy by hard links, before it is read; removed at every start.
  static constexpr const char* checkpoint_name = "checkpoint";
  static constexpr const char* last_name = "BACKUP";

  explicit backup_task(backup_options options);
  ~backup_task();
  backup_task(const backup_task&) = delete;
  backup_task& operator=(const backup_task&) = delete;

  struct order {
    std::string directory, who, request_id;
    std::vector<std::uint16_t> not_whole; ///< shards out of service now
  };
  /// The moment of the copy lies between this call and its return. Errors: busy (one is under way), config_invalid (the
  /// directory), no_space, io_failed; then nothing is left of it.
  [[nodiscard]] result<void> start(const order& what);
  /// Ends the one that is under way, if there is one.
  void cancel(const std::string& who, const std::string& request_id);
  /// How the one under way or the last one of this process is doing, and the last good one ever.
  [[nodiscard]] nlohmann::ordered_json status() const;
  /// Only the last good one; null if there is none.
  [[nodiscard]] nlohmann::ordered_json last() const;

private:
  result<void> prepare(const order& what, backup_manifest& manifest);
  void run(order what, backup_manifest manifest);
  result<void> copy(const order& what, backup_manifest& manifest);
  void settle(const order& what, const backup_manifest& manifest, const result<void>& done);
  [[nodiscard]] bool pace(std::uint64_t bytes);

  backup_options o_;
  mutable std::mutex mutex_;
  nlohmann::ordered_json state_, last_; ///< guarded by mutex_
  std::atomic<std::uint64_t> bytes_done_{0};
  std::atomic<bool> cancelled_{false}, busy_{false};
  std::chrono::steady_clock::time_point began_;
  std::thread thread_;
};

} // namespace burrow
