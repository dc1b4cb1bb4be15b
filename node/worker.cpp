#include "node/worker.hpp"

namespace burrow {

worker::worker(std::size_t waiting_max) : waiting_max_(waiting_max), thread_([this] { run(); }) {}

worker::~worker() { stop(); }

bool worker::add(std::function<void()> job) {
  const std::lock_guard lock(mutex_);
  if (stopping_ || jobs_.size() >= waiting_max_) return false;
  jobs_.push_back(std::move(job));
  wake_.notify_one();
  return true;
}

void worker::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void worker::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    const auto next = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    next();
    lock.lock();
  }
}

} // namespace burrow
