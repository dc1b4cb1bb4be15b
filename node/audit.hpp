// The audit log: audit.log in the data directory, a line of JSON for each thing that an operator decided: who, what,
// with what outcome, and the id of the request where there was one. On as shipped, never rotated or cut by the node.
// A line about what cannot be undone is on disk before it is done.
#pragma once

#include "cluster/base/result.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace burrow {

inline constexpr const char* audit_file = "audit.log";

struct audit_event {
  std::string event;             ///< `backup-create`, `request`, ...
  std::string who;               ///< a client's address, or the user of a command
  std::string outcome;           ///< `begins`, `done`, `refused`, `failed`, or a status
  std::string request_id{};      ///< empty = there was no request
  std::vector<std::pair<std::string, std::string>> facts{}; ///< follow in this order
};

/// Appends a line and syncs it. Error: io_failed; then do not do it.
[[nodiscard]] result<void> audit(const std::string& directory, const audit_event& what);

/// Who runs this process, for commands that work on a data directory: `user NAME`.
[[nodiscard]] std::string audit_user();

/// The log of a running node. write() syncs; later() does not wait: a thread of its own writes what waits.
class audit_log {
public:
  explicit audit_log(std::string directory);
  ~audit_log();
  audit_log(const audit_log&) = delete;
  audit_log& operator=(const audit_log&) = delete;

  [[nodiscard]] result<void> write(const audit_event& what);
  /// Any thread. Over waiting_max a line is lost, and the next one says how many were.
  void later(audit_event what);
  static constexpr std::size_t waiting_max = 4096;

private:
  void run();

  const std::string directory_;
  std::mutex file_; ///< one line at a time
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<audit_event> waiting_;
  std::size_t lost_ = 0;
  bool stopping_ = false;
  std::thread thread_;
};

} // namespace burrow
