#include "actors/tenant_supervisor.hpp"

#include "actors/shard_calls.hpp"
#include "cluster/base/limits.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <deque>
#include <list>
#include <map>
#include <optional>
#include <unordered_map>

namespace burrow {
namespace {

/// How long questions wait, at most, for shards that could not tell what they hold; how often these are asked until
/// then, and later.
constexpr duration ask_patience{250}, ask_every = limits::tick, ask_seldom{1'000};
/// At the bound: so many queue actors are asked to make room at a time, those first that were idle for a while.
constexpr std::size_t room_asked = 64;
constexpr duration room_idle{1'000}, room_every = limits::tick, room_patience{2'000};

class tenant_supervisor {
public:
  static constexpr const char* actor_name = "tenant_supervisor";

  tenant_supervisor(shell<tenant_supervisor>* self, tenant_supervisor_options options)
    : self_(self), o_(std::move(options)), log_(o_.budget) {
    BURROW_ASSERT(o_.common && o_.queues_max > 0 && o_.queues_max <= limits::queues_per_tenant_max);
    self_->set_down_handler([this](const caf::down_msg& m) { down(m); });
    idle_since_ = began_ = now();
    if (o_.common->account)
      for (const auto shard : placement::shards_of(o_.tenant, o_.routing)) ask_held(shard);
    rearm();
  }

  caf::behavior behavior() {
    return {
      [this](const tenant_resolve& m) {
        asked_.push_back({m.number, m.queue, now()});
        answer_asked();
      },
      [this](const account_opened& m) { opened(m); },
      [this](const shard_results& m) { told_elsewhere(m); },
      [this](const replicas& m) { adopt(m); },
      [this](const services& m) {
        o_.helpers = m;
        for (const auto& [name, child] : children_) self_->send(child.handle, m);
        armed_.reset();
        rearm();
      },
      [this](tick_atom) { tick(); },
      [this](stop_atom) {
        stopping_ = true;
        answer_asked();
        for (const auto& [name, child] : children_) self_->send(child.handle, stop_atom_v);
        if (children_.empty()) self_->quit();
      },
    };
  }

private:
  struct asked {
    std::uint64_t number = 0;
    std::string queue;
    duration since;
  };
  struct child_actor {
    caf::actor handle;
    std::list<std::string>::iterator turn;
  };

  [[nodiscard]] duration now() const { return o_.common->clock().steady; }
  [[nodiscard]] caf::actor me() const { return caf::actor_cast<caf::actor>(self_); }

  // ---- what the tenant holds --------------------------------------------------------------------------------------

  void ask_held(shard_id shard) {
    if (!o_.replicas[shard.value]) return held_elsewhere(shard);
    silent_.insert_or_assign(shard, now());
    self_->send(o_.replicas[shard.value], account_open{o_.tenant, o_.common->account, me()});
  }

  /// A shard that leads on another node is asked there; a replica of it here tells what changes from now on. Nobody
  /// waits for the answer: an account that is served by several nodes is exact within what one of them hears later.
  void held_elsewhere(shard_id shard) {
    o_.common->account->go_without(shard);
    silent_.erase(shard);
    if (o_.helpers.router) {
      shard_work work;
      work.questions.push_back({cookie{shard.value}, {{o_.tenant, {}}, queue::tenant_total{o_.tenant}}, false});
      work.from = me();
      self_->send(o_.helpers.router, routed_work{shard, std::move(work)});
    }
    answer_asked();
  }

  void told_elsewhere(const shard_results& m) {
    for (const auto& a : m.answers) {
      const auto* const found = a.outcome ? std::get_if<queue::tenants_answer>(&*a.outcome) : nullptr;
      if (found == nullptr || found->items.empty()) continue;
      const auto& held = found->items.front();
      o_.common->account->settle({static_cast<std::uint16_t>(a.to.value)}, {},
                                 queue::tenant_usage{held.name, held.queues, held.bytes});
    }
  }

  void opened(const account_opened& m) {
    if (m.problem == errc::not_leader && o_.helpers.router) return held_elsewhere(m.shard);
    if (m.problem != errc::ok && m.problem != errc::unavailable) return; // asked again at the next tick
    if (m.problem == errc::unavailable) o_.common->account->go_without(m.shard);
    silent_.erase(m.shard);
    answer_asked();
  }

  void adopt(const replicas& m) {
    const auto before = std::exchange(o_.replicas, m.by_shard);
    if (!o_.common->account) return;
    for (const auto shard : placement::shards_of(o_.tenant, o_.routing))
      if (before[shard.value] != o_.replicas[shard.value]) ask_held(shard);
    rearm();
  }

  /// Inserts need to know what all shards hold, so nobody gets a queue before; but a shard that is off keeps nobody
  /// from the others.
  [[nodiscard]] bool waits_for_shards() const { // silent_ is empty without an account
    return !silent_.empty() && !o_.common->account->complete() && now() < began_ + ask_patience;
  }

  // ---- queue actors -----------------------------------------------------------------------------------------------

  void answer_asked() {
    if (!stopping_ && waits_for_shards()) return rearm();
    std::deque<asked> left;
    for (auto& one : std::exchange(asked_, {})) {
      const bool has_place = stopping_ || children_.size() < o_.queues_max || children_.contains(one.queue);
      if (!has_place && one.since + room_patience > now()) {
        left.push_back(std::move(one));
        continue;
      }
      auto handle = has_place ? resolve_one(one.queue) : result<caf::actor>{errc::busy};
      self_->send(o_.common->nodes_supervisor, tenant_resolved{one.number, std::move(handle)});
    }
    asked_ = std::move(left);
    if (!asked_.empty()) make_place();
    rearm();
  }

  result<caf::actor> resolve_one(const std::string& name) {
    if (stopping_) return errc::draining;
    if (const auto found = children_.find(name); found != children_.end()) {
      turns_.splice(turns_.end(), turns_, found->second.turn);
      return found->second.handle;
    }
    if (now() < closed_until_) return errc::busy;
    queue_actor_options child;
    child.queue = {o_.tenant, name};
    child.shard = placement::shard_of(child.queue, o_.routing);
    BURROW_ASSERT(child.shard.value < o_.replicas.size());
    child.replica = o_.replicas[child.shard.value];
    child.ticker = o_.helpers.ticker;
    child.supervisor = me();
    child.common = o_.common;
    auto handle = spawn_queue_actor(*self_, std::move(child));
    names_.emplace(handle.id(), name);
    children_.emplace(name, child_actor{handle, turns_.insert(turns_.end(), name)});
    idle_since_.reset();
    return handle;
  }

  /// Whoever looks at many queues, or at none that exist, must not keep the tenant from its own: idle actors end.
  /// Their number is bounded, what is in flight and held by less, so there are always some.
  void make_place() {
    if (now() < room_asked_at_ + room_every) return;
    const bool again = room_asked_at_ >= asked_.front().since;
    room_asked_at_ = now();
    const auto idle_for = again ? duration{0} : room_idle;
    for (std::size_t n = 0; n < std::min(room_asked, children_.size()); ++n) {
      self_->send(children_.at(turns_.front()).handle, make_room{idle_for});
      turns_.splice(turns_.end(), turns_, turns_.begin());
    }
  }

  /// A queue actor that failed is not started here: the next one who needs it asks for it.
  void down(const caf::down_msg& m) {
    const auto name = names_.find(m.source.id());
    if (name == names_.end()) return;
    const auto child = children_.find(name->second);
    turns_.erase(child->second.turn);
    children_.erase(child);
    names_.erase(name);
    if (m.reason && m.reason != caf::exit_reason::normal) {
      if (o_.common->metrics) o_.common->metrics->restart(restarted::queue);
      if (!log_.failed(now())) {
        closed_until_ = now() + o_.back_off;
        log_.forget();
      }
    }
    if (children_.empty()) {
      if (stopping_) return self_->quit();
      idle_since_ = now();
    }
    answer_asked();
  }

  // ---- time -------------------------------------------------------------------------------------------------------

  void tick() {
    armed_.reset();
    const bool impatient = now() >= began_ + ask_patience;
    for (const auto& [shard, at] : std::map(silent_)) {
      if (impatient) o_.common->account->go_without(shard);
      if (at + (impatient ? ask_seldom : ask_every) <= now()) ask_held(shard);
    }
    answer_asked();
    if (!idle_since_ || now() < *idle_since_ + o_.idle_after) return;
    // Only the node supervisor knows whether a question is on its way here, so it decides. If one is, this is asked
    // again after another idle time.
    self_->send(o_.common->nodes_supervisor, tenant_idle{o_.tenant, me()});
    idle_since_ = now();
    rearm();
  }

  void rearm() {
    auto first = idle_since_ ? *idle_since_ + o_.idle_after : duration::max();
    if (!asked_.empty()) first = std::min(first, now() + room_every);
    for (const auto& [shard, at] : silent_)
      first = std::min(first, at + (now() < began_ + ask_patience ? ask_every : ask_seldom));
    if (first == duration::max() || (armed_ && *armed_ <= first)) return;
    armed_ = first;
    self_->send(o_.helpers.ticker, wake_at{first, me()});
  }

  shell<tenant_supervisor>* self_;
  tenant_supervisor_options o_;
  restart_log log_;
  std::unordered_map<std::string, child_actor> children_;
  std::list<std::string> turns_;      ///< names of children; front = asked for, or asked to make room, longest ago
  std::unordered_map<caf::actor_id, std::string> names_;
  std::optional<duration> idle_since_; ///< no children since
  duration closed_until_{0};
  std::map<shard_id, duration> silent_; ///< those that did not tell yet what they hold, and when they were asked
  std::deque<asked> asked_;             ///< not answered yet
  duration began_{0}, room_asked_at_{-1'000'000};
  std::optional<duration> armed_;
  bool stopping_ = false;
};

} // namespace

caf::actor spawn_tenant_supervisor(caf::actor_system& system, tenant_supervisor_options options) {
  return system.spawn(run_shell<tenant_supervisor, tenant_supervisor_options>, std::move(options));
}

} // namespace burrow
