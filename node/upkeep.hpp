// What a node does for its memory when nothing is going on: memtables to disk, freed pages back to the kernel. On a
// thread of its own, for both may take a while and nobody may wait for them.
#pragma once

#include "cluster/storage/rocks_store.hpp"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

namespace burrow {

class upkeep {
public:
  explicit upkeep(std::shared_ptr<rocks_store> store);
  ~upkeep();
  upkeep(const upkeep&) = delete;
  upkeep& operator=(const upkeep&) = delete;

  /// The node fell idle. Any thread; returns at once.
  void idle();
  /// Ends the thread; the store is not touched afterwards.
  void stop();

private:
  void run();
  std::shared_ptr<rocks_store> store_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool due_ = false, stopping_ = false;
  std::thread thread_;
};

} // namespace burrow
