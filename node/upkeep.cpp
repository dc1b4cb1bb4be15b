#include "node/upkeep.hpp"

#include <spdlog/spdlog.h>

#include <malloc.h>

namespace burrow {
namespace {

/// Queue actors, shards and tenants let go of what they hold 30 to 60 s after their last work, each at its own time.
constexpr int trims_after = 4;
constexpr std::chrono::seconds trim_every{15};

} // namespace

upkeep::upkeep(std::shared_ptr<rocks_store> store) : store_(std::move(store)), thread_([this] { run(); }) {}

upkeep::~upkeep() { stop(); }

void upkeep::idle() {
  {
    const std::lock_guard lock(mutex_);
    due_ = true;
  }
  wake_.notify_one();
}

void upkeep::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void upkeep::run() {
  std::unique_lock lock(mutex_);
  const auto called = [this] { return due_ || stopping_; };
  while (true) {
    wake_.wait(lock, called);
    if (stopping_) return;
    due_ = false;
    lock.unlock();
    if (auto flushed = store_->flush_idle(); !flushed) spdlog::warn("flush when idle: {}", flushed.error().context);
    ::malloc_trim(0);
    lock.lock();
    for (int later = 0; later < trims_after && !wake_.wait_for(lock, trim_every, called); ++later) ::malloc_trim(0);
  }
}

} // namespace burrow
