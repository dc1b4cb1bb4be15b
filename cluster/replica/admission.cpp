#include "cluster/replica/admission.hpp"

#include "cluster/base/limits.hpp"

namespace burrow {
namespace {

struct work_counter {
  std::size_t operator()(const queue::insert& c) const { return c.items.size(); }
  std::size_t operator()(const queue::take& c) const { return c.limit; }
  std::size_t operator()(const queue::change& c) const { return c.targets.size(); }
  std::size_t operator()(const queue::remove& c) const { return c.targets.size(); }
  std::size_t operator()(const queue::unclaim& c) const { return c.places.size(); }
  std::size_t operator()(const queue::clock&) const { return limits::entry_messages_max; }
  std::size_t operator()(const queue::purge&) const { return 1; }
  std::size_t operator()(const queue::configure&) const { return 1; }
  std::size_t operator()(const queue::redrive& c) const { return 1 + c.ids.size(); }
  std::size_t operator()(const queue::cancel_task&) const { return 1; }
  std::size_t operator()(const queue::redrive_step&) const { return limits::entry_messages_max; }
  std::size_t operator()(const queue::arrive& c) const { return c.items.size(); }
  std::size_t operator()(const queue::left& c) const { return c.numbers.size(); }
  std::size_t operator()(const queue::begin_life&) const { return 1; }
  std::size_t operator()(const queue::registry_put&) const { return 1; }
  std::size_t operator()(const queue::set_version&) const { return limits::entry_messages_max; }
};

constexpr std::size_t command_overhead_bytes = 256;

std::size_t size_of(const proposal& p) {
  std::size_t total = command_overhead_bytes;
  for (const auto& b : p.bodies) total += b.size();
  return total;
}

} // namespace

std::size_t work_of(const queue::command& command) { return std::visit(work_counter{}, command.what); }

admission_options admission_options::standard() {
  return {limits::waiting_commands_max, limits::inflight_bytes_max,       limits::flight_commands_max,
          limits::entry_commands_max,   limits::entry_joined_bytes_max,
          limits::entry_messages_max - limits::entry_due_max};
}

result<void> admission::add(proposal& what) {
  const auto size = size_of(what);
  if (waiting_ >= options_.waiting_commands_max || (waiting_ > 0 && bytes_ + size > options_.waiting_bytes_max)) {
    return errc::busy;
  }
  const auto at = tenants_.try_emplace(what.what.queue.tenant).first;
  auto& l = at->second;
  // Half of the room stays for others, or a flood of one tenant would be everybody's 503.
  if (l.waiting.size() >= (options_.waiting_commands_max + 1) / 2) return errc::busy;
  if (l.waiting.empty()) turns_.push_back(at);
  const auto work = work_of(what.what);
  l.waiting.push_back({std::move(what), size, work});
  ++waiting_;
  bytes_ += size;
  return {};
}

bool admission::may_go(const line& l) const {
  const bool others_wait = turns_.size() > 1;
  return l.flight < (others_wait ? (options_.flight_commands_max + 1) / 2 : options_.flight_commands_max);
}

std::vector<proposal> admission::take_entry() {
  std::vector<proposal> out;
  std::size_t bytes = 0, work = 0, passed_over = 0;
  while (passed_over < turns_.size() && out.size() < options_.entry_commands_max &&
         flight_ < options_.flight_commands_max) {
    const auto at = turns_.front();
    auto& l = at->second;
    if (!may_go(l)) {
      turns_.pop_front();
      turns_.push_back(at);
      ++passed_over;
      continue;
    }
    auto& next = l.waiting.front();
    // A full entry ends here rather than looking for something smaller further on: order inside a tenant stays.
    if (!out.empty() && (bytes + next.bytes > options_.entry_bytes_max || work + next.work > options_.entry_work_max)) {
      break;
    }
    bytes += next.bytes;
    work += next.work;
    bytes_ -= next.bytes;
    out.push_back(std::move(next.what));
    l.waiting.pop_front();
    --waiting_;
    ++l.flight;
    ++flight_;
    passed_over = 0;
    turns_.pop_front();
    if (!l.waiting.empty()) turns_.push_back(at);
  }
  return out;
}

void admission::done(const tenant_id& tenant) {
  const auto at = tenants_.find(tenant);
  BURROW_ASSERT(at != tenants_.end() && at->second.flight > 0 && flight_ > 0);
  --at->second.flight;
  --flight_;
  if (at->second.flight == 0 && at->second.waiting.empty()) tenants_.erase(at);
}

std::vector<proposal> admission::drop_all() {
  std::vector<proposal> out;
  for (const auto& at : turns_) {
    for (auto& w : at->second.waiting) out.push_back(std::move(w.what));
    at->second.waiting.clear();
    if (at->second.flight == 0) tenants_.erase(at);
  }
  turns_.clear();
  waiting_ = bytes_ = 0;
  return out;
}

} // namespace burrow
