#include "actors/shard_calls.hpp"

#include "actors/forward_calls.hpp"
#include "actors/replica_handles.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <unordered_map>

namespace burrow {
namespace {

class shard_router {
public:
  static constexpr const char* actor_name = "shard_router";

  shard_router(shell<shard_router>* self, shard_router_options options)
    : self_(self), o_(std::move(options)), calls_(o_.net, me()), replicas_(self, o_.supervisor) {
    self_->set_down_handler([this](const caf::down_msg& m) { replicas_.down(m); });
  }

  caf::behavior behavior() {
    return {
      [this](routed_work& m) { route(m); },
      [this](const forward_in& m) { told(m); },
      [this](const forward_lost& m) {
        for (const auto id : calls_.lost(m.peer)) fail(id, errc::unknown_outcome);
      },
      [this](const replicas& m) { replicas_.adopt(m); },
      [this](tick_atom) { tick(); },
    };
  }

private:
  struct entry {
    caf::actor from;
    cookie theirs;
    bool proposes = false;
    duration until{0};
  };

  [[nodiscard]] caf::actor me() const { return caf::actor_cast<caf::actor>(self_); }

  void route(routed_work& m) {
    auto& table = o_.net->table();
    if (table.leads_here(m.shard)) {
      if (const auto replica = replicas_.of(m.shard)) return self_->send(replica, std::move(m.work));
      return refuse(m.work, errc::not_leader);
    }
    const auto to = table.held_here(m.shard) ? table.leader_of(m.shard) : table.whom_to_ask(m.shard, ++attempts_);
    if (to.value == 0) {
      o_.net->metrics().forward_failed(forward_failure::no_leader);
      o_.net->wake(m.shard);
      return refuse(m.work, errc::not_leader);
    }
    for (const auto& p : m.work.proposals) ask(to, m.shard, m.work.from, p, forward_kind::proposal);
    for (const auto& q : m.work.questions) ask(to, m.shard, m.work.from, q, forward_kind::question);
    tick_soon();
  }

  template <class What>
  void ask(node_id to, shard_id shard, const caf::actor& from, const What& what, forward_kind kind) {
    const auto id = ++last_id_;
    open_.emplace(id, entry{from, what.from, kind == forward_kind::proposal, o_.clock().steady + o_.patience});
    const auto sent = calls_.ask({id, to, shard, 1, o_.patience}, what);
    if (sent == errc::ok) return o_.net->metrics().forwarded(kind);
    if (sent != errc::unavailable) o_.net->metrics().forward_failed(forward_failure::busy);
    answer(id, sent == errc::unavailable ? errc::not_leader : sent);
  }

  void told(const forward_in& m) {
    auto got = calls_.take(m);
    if (!got) return;
    const auto found = open_.find(got->id);
    if (found == open_.end()) return;
    const auto e = found->second;
    auto* const reply = std::get_if<reply_effect>(&got->what.what);
    auto* const said = std::get_if<answer_effect>(&got->what.what);
    if (e.proposes ? reply == nullptr : said == nullptr) return fail(got->id, errc::unknown_outcome);
    open_.erase(found);
    shard_results out;
    if (reply != nullptr) {
      reply->to = e.theirs;
      out.replies.push_back(std::move(*reply));
    } else {
      said->to = e.theirs;
      out.answers.push_back(std::move(*said));
    }
    self_->send(e.from, std::move(out));
  }

  void fail(std::uint64_t id, errc why) {
    o_.net->metrics().forward_failed(forward_failure::lost);
    answer(id, why);
  }

  void answer(std::uint64_t id, errc why) {
    auto node = open_.extract(id);
    if (node.empty()) return;
    const auto& e = node.mapped();
    shard_results out;
    if (e.proposes) out.replies.push_back({e.theirs, why, {}});
    else out.answers.push_back({e.theirs, why, {}});
    self_->send(e.from, std::move(out));
  }

  void refuse(const shard_work& work, errc why) {
    shard_results out;
    for (const auto& p : work.proposals) out.replies.push_back({p.from, why, {}});
    for (const auto& q : work.questions) out.answers.push_back({q.from, why, {}});
    self_->send(work.from, std::move(out));
  }

  void tick_soon() {
    if (!open_.empty() && !std::exchange(ticking_, true))
      self_->delayed_send(self_, std::chrono::seconds{1}, tick_atom_v);
  }

  void tick() {
    ticking_ = false;
    std::vector<std::uint64_t> late;
    for (const auto& [id, e] : open_)
      if (e.until <= o_.clock().steady) late.push_back(id);
    for (const auto id : late) {
      calls_.forget(id);
      fail(id, errc::unknown_outcome);
    }
    tick_soon();
  }

  shell<shard_router>* self_;
  shard_router_options o_;
  forward_calls calls_;
  replica_handles replicas_;
  std::unordered_map<std::uint64_t, entry> open_; ///< with other nodes
  std::uint64_t last_id_ = 0;
  std::size_t attempts_ = 0;
  bool ticking_ = false;
};

} // namespace

caf::actor spawn_shard_router(caf::actor_system& system, shard_router_options options) {
  return system.spawn(run_shell<shard_router, shard_router_options>, std::move(options));
}

} // namespace burrow
