#include "actors/gateway/forward_desk.hpp"

#include "actors/forward_calls.hpp"
#include "actors/gateway/bridge_state.hpp"
#include "actors/replica_handles.hpp"

#include <caf/all.hpp>

#include <map>
#include <unordered_map>

namespace burrow {

/// The desk's bridge → the desk: these have their outcome.
struct desk_done {
  std::vector<call_ptr> calls;
};

} // namespace burrow

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(burrow::desk_done)

namespace burrow {
namespace {

class forward_desk {
public:
  static constexpr const char* actor_name = "forward_desk";

  forward_desk(shell<forward_desk>* self, forward_desk_options options)
    : self_(self), o_(std::move(options)), replicas_(self, o_.supervisor), calls_(o_.net, me()) {
    self_->set_down_handler([this](const caf::down_msg& m) { down(m); });
    start_bridge();
    o_.net->desk(me());
  }
  ~forward_desk() { caf::anon_send_exit(bridge_, caf::exit_reason::user_shutdown); }
  forward_desk(const forward_desk&) = delete;
  forward_desk& operator=(const forward_desk&) = delete;

  caf::behavior behavior() {
    return {
      [this](const forward_in& m) { port_told(m.bytes) ? told_of(m) : asked_of_us(m); },
      [this](desk_done& m) {
        for (const auto& one : m.calls) done(one);
      },
      [this](shard_results& m) { results(m); },
      [this](const forward_lost& m) {
        for (const auto id : calls_.lost(m.peer))
          if (const auto e = close(id)) refuse(*e, errc::not_leader);
        if (m.link) lost(m.peer);
      },
      [this](const replicas& m) { replicas_.adopt(m); },
    };
  }

private:
  /// One that was asked and is not told yet.
  struct entry {
    node_id from;
    ask_head head;
    call_ptr operation; ///< or a replica's:
    bool proposes = false;
  };
  using name = std::tuple<node_id, std::uint32_t, std::uint64_t>;

  [[nodiscard]] caf::actor me() const { return caf::actor_cast<caf::actor>(self_); }

  void start_bridge() {
    bridge_options options;
    options.supervisor = o_.supervisor;
    options.routing = o_.routing;
    options.forward.net = o_.net;
    options.deliver = [to = caf::actor_cast<caf::actor_addr>(self_)](std::vector<call_ptr> calls) {
      if (const auto desk = caf::actor_cast<caf::actor>(to)) caf::anon_send(desk, desk_done{std::move(calls)});
    };
    bridge_ = spawn_bridge(self_->system(), std::move(options));
    self_->monitor(bridge_);
  }

  // ---- questions ---------------------------------------------------------------------------------------------------

  void asked_of_us(const forward_in& m) {
    auto got = decode_ask(m.bytes);
    if (!got) {
      o_.net->metrics().forward_failed(forward_failure::malformed);
      if (const auto head = asked_by(m.bytes)) tell(m.from, *head, operation_result{got.error(), {}, 0});
      return;
    }
    const auto& head = got->head;
    if (std::holds_alternative<asked_withdraw>(got->what)) return withdraw({m.from, head.port, head.number});
    auto* const what = std::get_if<std::shared_ptr<operation>>(&got->what);
    auto* const proposed = std::get_if<proposal>(&got->what);
    entry e{m.from, head, nullptr, proposed != nullptr};
    if (what != nullptr) e.operation = call_of(m.from, head, std::move(*what));
    if (flight_[m.from] >= o_.flight_max) return refuse(e, errc::busy);
    const bool here = o_.net->table().leads_here(head.shard);
    const auto replica = replicas_.of(head.shard);
    if (const auto* const q = std::get_if<question>(&got->what); q != nullptr && !here && pass_on(e, *q)) return;
    if (what == nullptr && (!here || !replica)) return refuse(e, errc::not_leader);
    o_.net->metrics().forward_served();
    const auto id = ++last_id_;
    ++flight_[m.from];
    if (what != nullptr) {
      e.operation->asked_as = id;
      self_->send(bridge_, bridge_work{{e.operation}, {}, {}});
      named_.emplace(name{m.from, head.port, head.number}, id);
    } else {
      shard_work work;
      work.from = me();
      if (proposed != nullptr) work.proposals.push_back(std::move(*proposed)), work.proposals.back().from = {id};
      else work.questions.push_back(std::get<question>(std::move(got->what))), work.questions.back().from = {id};
      self_->send(replica, std::move(work));
    }
    open_.emplace(id, std::move(e));
  }

  /// Operations are passed on by the bridge. Proposals are not: the replica whose they are sends them again.
  bool pass_on(entry& e, const question& what) {
    const auto to = o_.net->table().leader_of(e.head.shard);
    if (e.head.hops >= limits::forward_hops_max || to.value == 0 || to == e.from) return false;
    if (calls_.ask({last_id_ + 1, to, e.head.shard, e.head.hops + 1, e.head.patience}, what) != errc::ok) return false;
    o_.net->metrics().forwarded(forward_kind::question);
    ++flight_[e.from];
    open_.emplace(++last_id_, std::move(e));
    return true;
  }

  void told_of(const forward_in& m) {
    const auto got = calls_.take(m);
    const auto e = got ? close(got->id) : std::nullopt;
    if (!e) return;
    const auto* const answer = std::get_if<answer_effect>(&got->what.what);
    if (answer != nullptr) tell(e->from, e->head, *answer, got->what.head.zone);
    else refuse(*e, errc::malformed);
  }

  static call_ptr call_of(node_id from, const ask_head& head, std::shared_ptr<operation> what) {
    auto out = std::make_shared<call>();
    out->made.what = std::move(what);
    out->hops = head.hops;
    out->asked_by = from;
    out->patience = head.patience;
    return out;
  }

  void refuse(const entry& e, errc why) {
    if (e.operation) tell(e.from, e.head, *failed_result(why));
    else if (e.proposes) tell(e.from, e.head, reply_effect{{}, why, {}});
    else tell(e.from, e.head, answer_effect{{}, why, {}});
  }

  // ---- outcomes ----------------------------------------------------------------------------------------------------

  /// False: the asker cannot be reached.
  template <class What>
  bool tell(node_id to, const ask_head& head, const What& what, const zone_id& zone = {}) {
    const auto leader = o_.net->table().leader_of(head.shard);
    const told_head told{head.port, head.number, leader, zone.empty() ? o_.net->zone() : zone};
    return o_.net->send(to, encode_told(told, what));
  }

  /// Nothing if nobody waits for it any more.
  std::optional<entry> close(std::uint64_t id) {
    auto node = open_.extract(id);
    if (node.empty()) return std::nullopt;
    auto& e = node.mapped();
    named_.erase({e.from, e.head.port, e.head.number});
    if (--flight_[e.from] == 0) flight_.erase(e.from);
    return std::move(e);
  }

  void done(const call_ptr& what) {
    const auto e = close(what->asked_as);
    const bool told = e && tell(e->from, e->head, *what->outcome, what->outcome->zone);
    // What may come again is answered again then: with the same claims.
    if (!told && !is_repeated_write(*what->made.what)) self_->send(bridge_, bridge_work{{}, {}, {what}});
  }

  void results(shard_results& m) {
    for (auto& one : m.replies)
      if (const auto e = close(one.to.value)) tell(e->from, e->head, one);
    for (auto& one : m.answers)
      if (const auto e = close(one.to.value)) tell(e->from, e->head, one);
  }

  // ---- askers and replicas that are gone ---------------------------------------------------------------------------

  /// Its outcome will be asked for again. A held claim is made anew instead, so the one that nobody heard of is undone.
  static bool is_repeated_write(const operation& what) {
    return may_repeat(what) && !is_read(what) && what.wait == duration{0};
  }

  void withdraw(const name& which) {
    const auto found = named_.find(which);
    if (found == named_.end()) return;
    if (const auto e = close(found->second)) self_->send(bridge_, bridge_work{{}, {e->operation}, {}});
  }

  void lost(node_id peer) {
    bridge_work work;
    std::vector<std::uint64_t> ids;
    for (const auto& [id, e] : open_)
      if (e.from == peer) ids.push_back(id);
    for (const auto id : ids) {
      const auto e = close(id);
      if (e->operation && !is_repeated_write(*e->operation->made.what)) work.withdraw.push_back(e->operation);
    }
    if (!work.withdraw.empty()) self_->send(bridge_, std::move(work));
  }

  void down(const caf::down_msg& m) {
    if (m.source == bridge_.address()) return bridge_lost();
    const auto shard = replicas_.down(m);
    if (!shard) return;
    fail([&](const entry& e) { return !e.operation && e.head.shard == *shard; });
  }

  void bridge_lost() {
    start_bridge();
    fail([](const entry& e) { return e.operation != nullptr; });
  }

  template <class Which>
  void fail(Which which) {
    std::vector<std::uint64_t> ids;
    for (const auto& [id, e] : open_)
      if (which(e)) ids.push_back(id);
    for (const auto id : ids)
      if (const auto e = close(id)) refuse(*e, errc::unknown_outcome);
  }

  shell<forward_desk>* self_;
  forward_desk_options o_;
  replica_handles replicas_;
  forward_calls calls_; ///< questions that are passed on, by their ids in open_
  caf::actor bridge_;
  std::unordered_map<std::uint64_t, entry> open_;
  std::map<name, std::uint64_t> named_; ///< operations, for those who withdraw them
  std::unordered_map<node_id, std::size_t> flight_;
  std::uint64_t last_id_ = 0;
};

} // namespace

caf::actor spawn_forward_desk(caf::actor_system& system, forward_desk_options options) {
  return system.spawn(run_shell<forward_desk, forward_desk_options>, std::move(options));
}

} // namespace burrow
