#include "node/audit.hpp"

#include "node/durable_file.hpp"

#include <fmt/chrono.h>
#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include <pwd.h>
#include <unistd.h>

#include <ctime>

namespace burrow {

result<void> audit(const std::string& directory, const audit_event& what) {
  nlohmann::ordered_json line;
  line["time"] = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
  line["event"] = what.event;
  line["who"] = what.who;
  line["outcome"] = what.outcome;
  if (!what.request_id.empty()) line["request_id"] = what.request_id;
  for (const auto& [name, value] : what.facts) line[name] = value;
  return append_to_file(directory, audit_file,
                        line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + '\n');
}

std::string audit_user() {
  const auto uid = ::getuid();
  passwd entry{};
  passwd* found = nullptr;
  char buffer[4096];
  const bool known = ::getpwuid_r(uid, &entry, buffer, sizeof buffer, &found) == 0 && found;
  return known ? fmt::format("user {}", found->pw_name) : fmt::format("user {}", uid);
}

audit_log::audit_log(std::string directory) : directory_(std::move(directory)), thread_([this] { run(); }) {}

audit_log::~audit_log() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

result<void> audit_log::write(const audit_event& what) {
  const std::lock_guard lock(file_);
  auto done = audit(directory_, what);
  if (!done) spdlog::error("audit log: {}", done.error().context);
  return done;
}

void audit_log::later(audit_event what) {
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() >= waiting_max) return void(++lost_);
    const auto lost = std::exchange(lost_, 0);
    if (lost > 0) what.facts.emplace_back("lines_lost", std::to_string(lost));
    waiting_.push_back(std::move(what));
  }
  wake_.notify_one();
}

void audit_log::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    const auto next = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    static_cast<void>(write(next)); // it has said so in the log, and nobody waits for it
    lock.lock();
  }
}

} // namespace burrow
