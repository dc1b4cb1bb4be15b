// One thread that does what it is given, in order, and refuses when too much waits for it.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace burrow {

class worker {
public:
  explicit worker(std::size_t waiting_max);
  ~worker();
  worker(const worker&) = delete;
  worker& operator=(const worker&) = delete;

  /// Any thread. False: too much waits, or it has been stopped.
  [[nodiscard]] bool add(std::function<void()> job);
  /// Does what waits, then ends the thread. Not from the thread itself.
  void stop();

private:
  void run();

  const std::size_t waiting_max_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> jobs_;
  bool stopping_ = false;
  std::thread thread_;
};

} // namespace burrow
