#include "actors/plane/outbox.hpp"

#include "actors/plane/bounds.hpp"

#include <utility>

namespace burrow::plane {

std::size_t outbox::cost_of(const frame& what) { return what.bytes.size() + bounds::frame_cost; }

outbox::pushed outbox::enqueue(const lane_name& name, lane& to, frame what) {
  const auto cost = cost_of(what);
  const bool probe = what.kind == frame_kind::probe, bulk = name.stream == stream_kind::bulk;
  const auto most = bulk ? bounds::bulk_waiting_max : bounds::fast_waiting_max + (probe ? bounds::probe_room : 0);
  if (to.bytes > 0 && to.bytes + cost > most) return pushed::full;
  to.bytes += cost;
  (probe ? to.probes : to.rest).push_back(std::move(what));
  if (!std::exchange(to.dirty, true)) dirty_.push_back(name);
  return std::exchange(woken_, true) ? pushed::queued : pushed::wake;
}

outbox::pushed outbox::push(node_id to, frame what) {
  const lane_name name{to, what.kind == frame_kind::bulk ? stream_kind::bulk : stream_kind::fast};
  const std::lock_guard lock{mutex_};
  const auto found = open_.find(name);
  return ended_ || found == open_.end() ? pushed::down : enqueue(name, found->second, std::move(what));
}

outbox::pushed outbox::push_own(frame what) {
  const std::lock_guard lock{mutex_};
  return ended_ ? pushed::down : enqueue({}, own_, std::move(what));
}

std::vector<outbox::lane_name> outbox::take_dirty() {
  const std::lock_guard lock{mutex_};
  woken_ = false;
  for (const auto& name : dirty_) {
    const auto found = open_.find(name);
    (found == open_.end() ? own_ : found->second).dirty = false;
  }
  return std::exchange(dirty_, {});
}

std::vector<frame> outbox::take_own() {
  const std::lock_guard lock{mutex_};
  std::vector<frame> out;
  for (auto* from : {&own_.probes, &own_.rest}) {
    std::move(from->begin(), from->end(), std::back_inserter(out));
    from->clear();
  }
  own_.bytes = 0;
  return out;
}

std::vector<frame> outbox::take(const lane_name& name, std::size_t bytes) {
  const std::lock_guard lock{mutex_};
  std::vector<frame> out;
  const auto found = open_.find(name);
  if (found == open_.end()) return out;
  auto& from = found->second;
  for (std::size_t taken = 0; taken < bytes;) {
    auto& next = from.probes.empty() ? from.rest : from.probes;
    if (next.empty() || (!out.empty() && taken + next.front().bytes.size() > bytes)) break;
    taken += cost_of(next.front());
    out.push_back(std::move(next.front()));
    next.pop_front();
  }
  return out;
}

void outbox::written(const lane_name& name, std::size_t cost) {
  const std::lock_guard lock{mutex_};
  if (const auto found = open_.find(name); found != open_.end()) found->second.bytes -= cost;
}

void outbox::open(const lane_name& name) {
  const std::lock_guard lock{mutex_};
  open_[name] = {};
}

std::size_t outbox::close(const lane_name& name) {
  lane gone; // freed outside of the lock
  const std::lock_guard lock{mutex_};
  if (auto found = open_.extract(name)) gone = std::move(found.mapped());
  std::erase(dirty_, name);
  return gone.probes.size() + gone.rest.size();
}

void outbox::end() {
  const std::lock_guard lock{mutex_};
  ended_ = true;
  open_.clear();
  dirty_.clear();
  own_ = {};
}

} // namespace burrow::plane
