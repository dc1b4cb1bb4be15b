// What is to happen, in order of virtual time; what was scheduled first goes first at equal times.
#pragma once

#include "cluster/sim/plan.hpp"

#include <algorithm>
#include <vector>

namespace burrow::sim {

/// `Event` has `at` and `sequence`.
template <class Event>
class event_queue {
 public:
  void push(Event e) {
    e.sequence = ++sequence_;
    heap_.push_back(std::move(e));
    std::push_heap(heap_.begin(), heap_.end(), later{});
  }
  [[nodiscard]] Event pop() {
    std::pop_heap(heap_.begin(), heap_.end(), later{});
    auto e = std::move(heap_.back());
    heap_.pop_back();
    return e;
  }
  [[nodiscard]] bool empty() const { return heap_.empty(); }
  [[nodiscard]] micros next_at() const { return heap_.front().at; }

 private:
  struct later { // a type, so that the heap's functions inline it
    bool operator()(const Event& a, const Event& b) const {
      return a.at != b.at ? a.at > b.at : a.sequence > b.sequence;
    }
  };
  std::vector<Event> heap_;
  std::uint64_t sequence_ = 0;
};

} // namespace burrow::sim
