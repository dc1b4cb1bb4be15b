#include "actors/node_shell.hpp"

#include "actors/ticker_actor.hpp"
#include "cluster/base/limits.hpp"

namespace burrow {

node_shell::node_shell(shell<node_shell>* self, node_supervisor_options options)
  : self_(self), o_(std::move(options)), helper_log_(o_.replica_budget) {
  BURROW_ASSERT(o_.data && o_.clock && o_.make_log_writer && o_.make_reader);
  if (!o_.metrics) o_.metrics = std::make_shared<actor_metrics>(o_.registry);
  self_->set_down_handler([this](const caf::down_msg& m) { down(m); });
  start_helpers();
  host_what_is_given();
  tell_replicas();
}

caf::behavior node_shell::behavior() {
  return {
    [this](const resolve& m) { on_resolve(m); },
    [this](tenant_resolved& m) { on_resolved(m); },
    [this](const get_replicas& m) {
      self_->send(m.from, replica_handles());
      if (told_of_replicas_.insert(m.from.address()).second) self_->monitor(m.from);
    },
    [this](const host_shard& m) { on_host(m); },
    [this](const persisted& m) { on_erased(m.shard); },
    // What else the log writer says to whom it takes for a replica; an unexpected message would come back to it as an
    // error, and end it.
    [](const fenced&) {},
    [](const disk_state&) {},
    [](const writer_state&) {},
    [this](const use_router& m) {
      helpers_.router = m.router;
      tell_services();
    },
    [this](const wake_shard& m) {
      if (m.shard.value < replicas_.size() && replicas_[m.shard.value].alive)
        self_->send(replicas_[m.shard.value].handle, wake_group{});
    },
    [this](const tenant_idle& m) { on_tenant_idle(m); },
    [this](const get_status& m) { on_get_status(m); },
    [this](const replica_state& m) { on_replica_state(m); },
    [this](flush_atom, std::uint64_t shard) { start_replica(shard); },
    [this](tick_atom, std::uint64_t round) {
      if (round == status_round_) answer_status();
    },
    [this](stop_atom) { stop(); },
    [this](stop_atom, std::uint64_t stage) { stop_overdue(static_cast<stop_stage>(stage)); },
  };
}

void node_shell::note(std::string_view kind, const caf::actor& child) {
  self_->monitor(child);
  if (o_.started) o_.started(kind, child);
}

void node_shell::start_helpers() {
  helpers_.log_writer = o_.make_log_writer(self_->system());
  note("log_writer", helpers_.log_writer);
  helpers_.readers.resize(limits::readers);
  for (std::size_t i = 0; i < limits::readers; ++i) start_reader(i);
  start_ticker();
}

void node_shell::start_reader(std::size_t at) {
  helpers_.readers[at] = o_.make_reader(self_->system());
  note("reader", helpers_.readers[at]);
}

void node_shell::start_ticker() {
  helpers_.ticker = spawn_ticker(self_->system(), {o_.clock});
  note("ticker", helpers_.ticker);
}

void node_shell::start_replica(std::size_t shard) {
  auto& child = replicas_[shard];
  if (child.alive || !child.hosted || child.leaving || stopping_ >= stop_stage::replicas) return;
  ++child.start.value;
  replica_actor_options options;
  const shard_id id{static_cast<std::uint16_t>(shard)};
  options.shard = {id, o_.self, o_.must_check && o_.must_check(id), o_.witness, catch_up_};
  options.shard.replica = child.hosted->replica;
  if (!child.hosted->alone) options.shard.initial = raft::configuration{};
  options.start = child.start;
  options.data = o_.data;
  options.clock = o_.clock;
  options.helpers = helpers_;
  options.metrics = o_.metrics;
  options.notice = o_.notice;
  options.plane = o_.plane;
  options.leader = o_.leader;
  child.handle = spawn_replica_actor(self_->system(), std::move(options));
  child.alive = true;
  note("replica", child.handle);
  if (child.start.value > 1) tell_replicas();
}

node_shell::tenant_child& node_shell::tenant_of(const tenant_id& name) {
  const auto found = tenants_.find(name);
  if (found != tenants_.end()) return found->second;
  auto& child = tenants_.emplace(name, tenant_child{{}, restart_log{o_.tenant_budget}, duration{0}, 0, {}})
                  .first->second;
  auto common = std::make_shared<queue_settings>();
  common->clock = o_.clock;
  common->nodes_supervisor = me();
  common->budget = std::make_shared<tenant_budget>();
  common->budget->inflight_max = o_.inflight_per_tenant_max;
  common->budget->waiters_max = o_.waiters_per_tenant_max;
  common->account = std::make_shared<tenant_account>(placement::shards_of(name, o_.routing));
  common->metrics = o_.metrics;
  common->led_by = o_.led_by;
  common->passivate_after = o_.passivate_after;
  child.common = std::move(common);
  start_tenant(name, child);
  return child;
}

void node_shell::start_tenant(const tenant_id& name, tenant_child& child) {
  tenant_supervisor_options options;
  options.tenant = name;
  options.common = child.common;
  options.routing = o_.routing;
  options.budget = o_.tenant_budget;
  options.replicas = replica_handles().by_shard;
  options.helpers = helpers_;
  options.idle_after = o_.tenant_idle_after;
  options.back_off = o_.tenant_back_off;
  options.queues_max = o_.queue_actors_per_tenant_max;
  child.handle = spawn_tenant_supervisor(self_->system(), std::move(options));
  tenant_of_.emplace(child.handle.id(), name);
  note("tenant", child.handle);
}

// ---- ends ----------------------------------------------------------------------------------------------------------

void node_shell::down(const caf::down_msg& m) {
  if (told_of_replicas_.erase(m.source) > 0) return;
  if (helper_down(m)) return;
  if (const auto name = tenant_of_.find(m.source.id()); name != tenant_of_.end()) {
    const auto child = tenants_.find(name->second);
    tenant_of_.erase(name);
    if (child == tenants_.end() || child->second.handle.address() != m.source) return stop_further();
    if (stopping_ == stop_stage::running) return tenant_down(child->first, child->second);
    tenants_.erase(child);
    return stop_further();
  }
  for (std::size_t i = 0; i < replicas_.size(); ++i)
    if (replicas_[i].alive && replicas_[i].handle.address() == m.source) return replica_down(i);
}

bool node_shell::helper_down(const caf::down_msg& m) {
  if (m.source == helpers_.log_writer.address()) {
    if (stopping_ == stop_stage::log_writer) self_->quit(); // the last one: all is written and synced
    else fail({errc::io_failed, "the log writer ended: " + caf::to_string(m.reason)});
    return true;
  }
  const bool ticker = m.source == helpers_.ticker.address();
  for (std::size_t i = 0; i < helpers_.readers.size(); ++i) {
    if (!ticker && m.source != helpers_.readers[i].address()) continue;
    if (stopping_ == stop_stage::log_writer) return true;
    if (!helper_log_.failed(now())) {
      fail({errc::unavailable, "readers or the ticker fail again and again: " + caf::to_string(m.reason)});
      return true;
    }
    o_.metrics->restart(ticker ? restarted::ticker : restarted::reader);
    if (ticker) start_ticker();
    else start_reader(i);
    tell_services();
    return true;
  }
  return false;
}

void node_shell::replica_down(std::size_t shard) {
  auto& child = replicas_[shard];
  child.alive = false;
  if (stopping_ >= stop_stage::replicas) return stop_further();
  if (child.leaving) return erase(shard);
  o_.metrics->restart(restarted::replica);
  auto in = o_.replica_back_off;
  if (child.log.failed(now())) in = child.log.pause();
  else child.log.forget(); // the shard is off meanwhile, everything else goes on
  if (in == duration{0}) return start_replica(shard);
  self_->delayed_send(self_, in, flush_atom_v, std::uint64_t{shard});
}

/// Its queue actors end with it; what was on its way to it is asked of its successor.
void node_shell::tenant_down(const tenant_id& name, tenant_child& child) {
  o_.metrics->restart(restarted::tenant);
  const bool closed = !child.log.failed(now());
  if (closed) {
    child.closed_until = now() + o_.tenant_back_off;
    child.log.forget();
  }
  start_tenant(name, child);
  std::vector<std::uint64_t> again;
  for (const auto& [number, what] : asked_)
    if (what.queue.tenant == name) again.push_back(number);
  child.pending = 0;
  for (const auto number : again) {
    if (closed) {
      self_->send(asked_.at(number).from, resolved{asked_.at(number).queue, errc::busy});
      asked_.erase(number);
    } else {
      pass_on(number, asked_.at(number), child);
    }
  }
}

void node_shell::tell_services() {
  for (const auto& r : replicas_)
    if (r.alive) self_->send(r.handle, helpers_);
  for (const auto& [name, child] : tenants_) self_->send(child.handle, helpers_);
}

void node_shell::tell_replicas() {
  const auto all = replica_handles();
  if (o_.replicas_changed) o_.replicas_changed(all.by_shard);
  for (const auto& one : told_of_replicas_)
    if (const auto to = caf::actor_cast<caf::actor>(one)) self_->send(to, all);
  for (const auto& [name, child] : tenants_) self_->send(child.handle, all);
  for (const auto& r : replicas_)
    if (r.alive) self_->send(r.handle, all);
}

replicas node_shell::replica_handles() const {
  replicas out;
  for (const auto& r : replicas_) out.by_shard.push_back(r.handle);
  return out;
}

/// Nobody knows what reached the disk: the process must end (ARCHITECTURE section 6, rule 4).
void node_shell::fail(const error& why) {
  if (o_.fatal) o_.fatal(why);
  for (const auto& r : replicas_) self_->send_exit(r.handle, caf::exit_reason::user_shutdown);
  for (const auto& [name, child] : tenants_) self_->send_exit(child.handle, caf::exit_reason::user_shutdown);
  for (const auto& r : helpers_.readers) self_->send_exit(r, caf::exit_reason::user_shutdown);
  self_->send_exit(helpers_.ticker, caf::exit_reason::user_shutdown);
  self_->quit(caf::exit_reason::user_shutdown);
}

} // namespace burrow
