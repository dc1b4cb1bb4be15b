// What the queue actors of one tenant share: how many operations and held requests they may have at a time. Counted by
// several threads, so the bound is exact and the order of those who come at once is not.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>

namespace burrow {

struct tenant_budget {
  std::size_t inflight_max = 1000, waiters_max = 1000;
  std::atomic<std::size_t> inflight{0}, waiters{0};
};

/// One place in a counter, given back when it goes out of scope: also when its actor dies.
class budget_share {
public:
  budget_share() = default;
  /// Holds nothing if the counter has reached `max`.
  budget_share(std::shared_ptr<tenant_budget> of, std::atomic<std::size_t> tenant_budget::*which, std::size_t max) {
    if (((*of).*which).fetch_add(1, std::memory_order_relaxed) >= max) {
      ((*of).*which).fetch_sub(1, std::memory_order_relaxed);
      return;
    }
    of_ = std::move(of);
    which_ = which;
  }
  budget_share(budget_share&& other) noexcept : of_(std::move(other.of_)), which_(other.which_) {}
  budget_share& operator=(budget_share&& other) noexcept {
    std::swap(of_, other.of_);
    std::swap(which_, other.which_);
    return *this;
  }
  ~budget_share() {
    if (of_) ((*of_).*which_).fetch_sub(1, std::memory_order_relaxed);
  }
  [[nodiscard]] bool held() const { return of_ != nullptr; }

private:
  std::shared_ptr<tenant_budget> of_;
  std::atomic<std::size_t> tenant_budget::*which_ = nullptr;
};

} // namespace burrow
