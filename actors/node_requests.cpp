// What others ask of the node supervisor, and how the tree ends: queue actors first, then replicas, then the log
// writer, so that whatever was accepted is written and synced before the last of them is gone.
#include "actors/node_shell.hpp"

#include <algorithm>

namespace burrow {
namespace {

constexpr duration status_wait{1'000};
/// A stage of the end that takes longer is passed over: what it waits for hangs, and clients were told long ago.
constexpr duration stop_wait{5'000};

} // namespace

void node_shell::on_resolve(const resolve& m) {
  if (stopping_ != stop_stage::running) return self_->send(m.from, resolved{m.queue, errc::draining});
  auto& child = tenant_of(m.queue.tenant);
  if (now() < child.closed_until) return self_->send(m.from, resolved{m.queue, errc::busy});
  const auto number = ++last_asked_;
  pass_on(number, asked_.emplace(number, asked{m.queue, m.from}).first->second, child);
}

void node_shell::pass_on(std::uint64_t number, const asked& what, tenant_child& child) {
  ++child.pending;
  self_->send(child.handle, tenant_resolve{number, what.queue.queue});
}

void node_shell::on_resolved(tenant_resolved& m) {
  const auto found = asked_.find(m.number);
  if (found == asked_.end()) return; // answered twice, by a supervisor that ended and by its successor
  const auto child = tenants_.find(found->second.queue.tenant);
  if (child != tenants_.end() && child->second.pending > 0) --child->second.pending;
  self_->send(found->second.from, resolved{std::move(found->second.queue), std::move(m.handle)});
  asked_.erase(found);
}

/// Ends a tenant's supervisor only when no question is on its way to it: it would be lost.
void node_shell::on_tenant_idle(const tenant_idle& m) {
  const auto child = tenants_.find(m.tenant);
  if (child == tenants_.end() || child->second.handle != m.from || child->second.pending > 0) return;
  // A queue actor may have started since: then it sends this again when it is without one.
  if (now() < child->second.closed_until) return;
  self_->send(m.from, stop_atom_v);
  tenants_.erase(child);
}

void node_shell::on_get_status(const get_status& m) {
  status_askers_.push_back(m.from);
  if (status_askers_.size() > 1) return;
  status_ = {};
  ++status_round_;
  for (const auto& r : replicas_)
    if (r.alive) self_->send(r.handle, get_replica_state{me()});
  self_->delayed_send(self_, status_wait, tick_atom_v, status_round_);
}

void node_shell::on_replica_state(const replica_state& m) {
  if (status_askers_.empty()) return;
  status_.shards.push_back(m.status);
  status_.disk_low = status_.disk_low || m.disk_low;
  status_.disk_stop = status_.disk_stop || m.disk_stop;
  const auto alive = std::ranges::count_if(replicas_, &replica_child::alive);
  if (status_.shards.size() >= static_cast<std::size_t>(alive)) answer_status();
}

void node_shell::answer_status() {
  if (status_askers_.empty()) return;
  for (const auto& child : replicas_) {
    if (!child.hosted) continue;
    const auto shard = child.hosted->shard;
    if (std::ranges::find(status_.shards, shard, &shard_status::shard) == status_.shards.end())
      status_.shards.push_back({shard, {}, false, {}, {}});
  }
  std::ranges::sort(status_.shards, {}, &shard_status::shard);
  status_.ready = !status_.disk_stop && stopping_ == stop_stage::running &&
                  std::ranges::all_of(status_.shards, [this](const auto& s) { return s.led(o_.self); });
  status_.settled = std::ranges::all_of(status_.shards, [this](const auto& s) { return s.settled(o_.self); });
  status_.tenants = tenants_.size();
  status_.queue_actors = o_.metrics->queue_actors_now();
  status_.restarts = o_.metrics->restarts_now();
  for (const auto& from : status_askers_) self_->send(from, status_);
  status_askers_.clear();
  ++status_round_; // the timer of this round means nothing any more
}

// ---- the end -------------------------------------------------------------------------------------------------------

void node_shell::stop() {
  if (stopping_ != stop_stage::running) return;
  stopping_ = stop_stage::tenants;
  for (const auto& [number, what] : asked_) self_->send(what.from, resolved{what.queue, errc::draining});
  asked_.clear();
  for (const auto& [name, child] : tenants_) self_->send(child.handle, stop_atom_v);
  self_->delayed_send(self_, stop_wait, stop_atom_v, static_cast<std::uint64_t>(stopping_));
  stop_further();
}

void node_shell::stop_further() {
  if (stopping_ == stop_stage::tenants && tenants_.empty()) {
    stopping_ = stop_stage::replicas;
    for (const auto& r : replicas_)
      if (r.alive) self_->send(r.handle, stop_atom_v);
    self_->delayed_send(self_, stop_wait, stop_atom_v, static_cast<std::uint64_t>(stopping_));
  }
  if (stopping_ == stop_stage::replicas && std::ranges::none_of(replicas_, &replica_child::alive)) {
    stopping_ = stop_stage::log_writer;
    self_->send(helpers_.log_writer, stop_atom_v);
    for (const auto& r : helpers_.readers) self_->send(r, stop_atom_v);
    self_->send(helpers_.ticker, stop_atom_v);
  }
}

void node_shell::stop_overdue(stop_stage stage) {
  if (stage != stopping_) return;
  if (stage == stop_stage::tenants) {
    for (const auto& [name, child] : tenants_) self_->send_exit(child.handle, caf::exit_reason::kill);
    tenants_.clear();
  } else if (stage == stop_stage::replicas) {
    for (auto& r : replicas_) {
      if (r.alive) self_->send_exit(r.handle, caf::exit_reason::kill);
      r.alive = false;
    }
  } else {
    return;
  }
  stop_further();
}

} // namespace burrow
