// Who is in the cluster and who of them answers: SWIM with suspicion and incarnations, Lifeguard's local health,
// rumours with bounded retransmits, and push–pull. The failure detector of all shards. Pure: told the time (a steady
// clock), the seed and who it is; every input may leave effects, which the owner carries out in order. Frames and
// messages may be lost, repeated, delayed and reordered.
#pragma once

#include "cluster/base/random.hpp"
#include "cluster/membership/effect.hpp"
#include "cluster/membership/exchange.hpp"
#include "cluster/membership/health.hpp"
#include "cluster/membership/options.hpp"
#include "cluster/membership/rumours.hpp"
#include "cluster/membership/swim.hpp"
#include "cluster/membership/table.hpp"

#include <optional>
#include <vector>

namespace burrow::membership {

class membership {
public:
  /// `self`: id, life and facts; it begins alive, in incarnation 1.
  membership(const options& o, member self, std::uint64_t seed, duration now);
  membership(const membership&) = delete;
  membership& operator=(const membership&) = delete;

  // ---- inputs; times never go back
  void tick(duration now);
  void received(duration now, node_id from, const probe_message& m);
  void received_rumours(duration now, node_id from, const std::vector<rumour>& what);
  void received_exchange(duration now, node_id from, const exchange& m);
  /// The data connection with a member began or ended (peer_link). An end is an immediate suspicion, once until it is
  /// up again; a begin of one that is not alive asks it.
  void link(duration now, node_id peer, bool up, std::uint64_t life);
  /// The control plane reaches this member from now on: full state goes there and back.
  void connected(duration now, node_id peer);
  /// Members that somebody who knows (the shard map, who admitted us) has told of: life 0 where it is not known.
  /// Nothing that is known already changes.
  void introduce(duration now, const std::vector<member>& who);
  /// Changes in load and disk alone are told once in options::tell_load_every.
  void set_facts(duration now, member_facts facts);
  /// Tells everybody at once. Nothing is refuted or accused any more; go on ticking until it has spread.
  void leave(duration now);

  // ---- outputs
  [[nodiscard]] std::vector<effect> take_effects();
  /// When tick() has to be called, at the latest; nothing: not before the next input.
  [[nodiscard]] std::optional<duration> next_wake() const;

  [[nodiscard]] std::vector<member> members() const; ///< by id, ourselves and those gone included
  [[nodiscard]] const member* find(node_id id) const;
  [[nodiscard]] const member& self() const { return self_; }
  [[nodiscard]] std::uint32_t health_score() const { return health_.score(); }
  [[nodiscard]] std::size_t rumours_waiting() const { return rumours_.size(); }

private:
  // merge.cpp
  void merge(duration now, const rumour& r);
  void newcomer(duration now, const rumour& r);
  void about_us(const member& said);
  void about_us(const opinion& said);
  void refute(std::uint64_t incarnation);
  void apply(duration now, record& held, const rumour& r);
  void confirmed(record& held, const rumour& r);
  void accuse(duration now, record& held);
  bool is_refused(const member& said);
  void say_self();

  // membership.cpp
  void advance(duration now);
  void notice_stop(duration now);
  void do_suspects(duration now);
  void do_rounds(duration now);
  void gossip(duration now);
  void forget(duration now);
  void plan(duration now);
  void carry_out(duration now, swim_output&& out);
  void send(node_id to, const probe_content& what, bool with_self = false);
  void send_exchange_to(duration now, node_id to, bool answer);
  [[nodiscard]] std::uint32_t times_max() const;
  [[nodiscard]] std::optional<node_id> any(const std::vector<node_id>& of);

  const options o_;
  random chance_;
  member self_; ///< the same as its record's
  bool left_ = false;
  std::uint64_t superseded_by_ = 0;
  health health_;
  table table_;
  swim swim_;
  rumour_queue rumours_;
  std::map<node_id, bool> links_; ///< of members: as the data plane said last
  std::optional<member_facts> facts_to_tell_;
  duration last_told_, last_gossip_, last_input_;
  /// Each exists only while there is something to do, so that a lone node is never woken.
  std::optional<duration> probe_at_, exchange_at_, ask_dead_at_, forget_at_;
  std::vector<effect> effects_;
};

} // namespace burrow::membership
