#include "actors/membership_actor.hpp"

#include "actors/rate_limit.hpp"
#include "cluster/base/limits.hpp"
#include "cluster/codec/gossip_codec.hpp"

#include <caf/all.hpp>

#include <charconv>
#include <map>
#include <utility>

namespace burrow {
namespace {

class membership_shell {
public:
  static constexpr const char* actor_name = "membership";

  membership_shell(shell<membership_shell>* self, membership_actor_options options)
    : self_(self), o_(std::move(options)), core_(o_.settings, o_.self, o_.seed, now()) {
    BURROW_ASSERT(o_.plane != nullptr && o_.clock);
  }

  caf::behavior behavior() {
    self_->set_down_handler([this](const caf::down_msg& m) {
      std::erase_if(subscribers_, [&](const caf::actor& a) { return a.address() == m.source; });
    });
    carry_out();
    return {
      [this](const frame_received& m) { heard(m); },
      [this](const peer_link& m) {
        core_.link(now(), m.peer, m.up, m.life);
        if (o_.control) self_->send(o_.control, m); // it connects only where the data plane has
        carry_out();
      },
      [this](const control_gossip_said& m) { heard(m); },
      [this](const control_link& m) {
        if (m.up) core_.connected(now(), m.peer);
        carry_out();
      },
      [this](const get_members& m) { asked(m); },
      [this](const introduce_members& m) {
        core_.introduce(now(), *m.who);
        carry_out();
      },
      [this](const set_member_facts& m) {
        core_.set_facts(now(), m.facts);
        carry_out();
      },
      [this](const replicas& m) { replicas_ = m.by_shard; },
      [this](const leave_cluster& m) {
        core_.leave(now());
        carry_out();
        // Those we are connected to have it in their sockets by then; the others hear it from them.
        self_->delayed_send(m.from, 2 * o_.settings.gossip_every, left_cluster{});
      },
      [this](tick_atom) {
        armed_.reset();
        core_.tick(now());
        carry_out();
      },
      [this](stop_atom) { self_->quit(); },
    };
  }

private:
  [[nodiscard]] duration now() const { return o_.clock().steady; }

  void heard(const frame_received& m) {
    if (m.kind != frame_kind::probe) return;
    const auto what = codec::decode_probe(m.bytes);
    if (!what) return warn(m.from, what.error());
    core_.received(now(), m.from, *what);
    carry_out();
  }

  void heard(const control_gossip_said& m) {
    const auto what = codec::decode_gossip(m.bytes);
    if (!what) return warn(m.from, what.error());
    if (const auto* whole = std::get_if<membership::exchange>(&*what)) core_.received_exchange(now(), m.from, *whole);
    else core_.received_rumours(now(), m.from, std::get<0>(*what));
    carry_out();
  }

  void warn(node_id from, const error& why) {
    warn("membership: node " + std::to_string(from.value) + " said something unreadable: " + why.context, garbage_);
  }
  void warn(const std::string& text, rate_limit& rate) {
    if (o_.warn && rate.allows(now())) o_.warn(text);
  }

  void asked(const get_members& m) {
    if (!list_) publish_list();
    self_->send(m.from, members_changed{list_});
    if (!m.subscribe || subscribers_.size() >= limits::members_max) return;
    self_->monitor(m.from);
    subscribers_.push_back(m.from);
  }

  void publish_list() { list_ = std::make_shared<const std::vector<membership::member>>(core_.members()); }

  /// All that the last input left; then the next wake-up. One list is published for all changes of an input.
  void carry_out() {
    bool fresh = false;
    for (auto& e : core_.take_effects()) {
      if (auto* p = std::get_if<membership::send_probe>(&e)) {
        o_.plane->send(p->to, {frame_kind::probe, {}, shared_bytes(codec::encode_probe(p->what))});
      } else if (auto* r = std::get_if<membership::send_rumours>(&e)) {
        say(r->to, codec::encode_gossip(std::move(r->what)));
      } else if (auto* x = std::get_if<membership::send_exchange>(&e)) {
        say(x->to, codec::encode_gossip(std::move(x->what)));
      } else if (const auto* c = std::get_if<membership::changed>(&e)) {
        fresh = true;
        changed(*c);
      } else if (const auto* f = std::get_if<membership::forgotten>(&e)) {
        fresh = true;
        forget(f->who);
      } else if (const auto* no = std::get_if<membership::refused>(&e)) {
        warn(text_of(*no), refusals_);
      } else if (o_.superseded) {
        o_.superseded(std::get<membership::superseded>(e).life);
      }
    }
    if (fresh) {
      publish_list();
      for (const auto& s : subscribers_) self_->send(s, members_changed{list_});
    }
    arm();
  }

  static std::string text_of(const membership::refused& no) {
    const auto who = "membership: node " + std::to_string(no.who.id.value) + " (" + no.who.facts.name + ") refused: ";
    if (no.why == membership::refusal_reason::no_room) return who + "the cluster has no room for more nodes";
    return who + "its name belongs to node " + std::to_string(no.holder.value);
  }

  void say(node_id to, std::string bytes) {
    if (o_.control) self_->send(o_.control, control_gossip_send{to, std::move(bytes)});
  }

  void changed(const membership::changed& c) {
    if (c.now.id == o_.self.id) return;
    if (c.now.state == membership::member_state::left) forget(c.now.id);
    else know(c.now); // a dead one too: perhaps only the network between us is
    const bool gone = c.now.state != membership::member_state::alive && c.before != c.now.state;
    if (!gone && !c.new_life) return;
    for (const auto& r : replicas_)
      if (r) self_->send(r, node_suspect{c.now.id});
  }

  void know(const membership::member& m) {
    const auto address = split_address(m.facts.cluster);
    if (!address || address->second == 0xFFFF) return; // the data plane's is the port after it
    auto& told = told_[m.id];
    if (told == std::pair{m.facts.name, m.facts.cluster}) return;
    told = {m.facts.name, m.facts.cluster};
    o_.plane->know(m.id, m.facts.name, address->first, static_cast<std::uint16_t>(address->second + 1));
    if (o_.control) self_->send(o_.control, control_know{m.id, m.facts.name, address->first, address->second});
  }

  void forget(node_id who) {
    if (told_.erase(who) == 0) return;
    o_.plane->forget(who);
    if (o_.control) self_->send(o_.control, control_forget{who});
  }

  /// A timer of our own, not the ticker's: whether a node is dead must not hang on another actor's life. None more than
  /// is needed is set, since CAF cannot cancel them.
  void arm() {
    const auto due = core_.next_wake();
    if (!due || (armed_ && *armed_ <= *due)) return;
    armed_ = *due;
    const auto in = *due - now();
    if (in > duration{0}) self_->delayed_send(self_, in, tick_atom_v);
    else self_->send(self_, tick_atom_v);
  }

  shell<membership_shell>* self_;
  membership_actor_options o_;
  membership::membership core_;
  member_list list_;
  std::vector<caf::actor> subscribers_; ///< at most limits::members_max
  std::vector<caf::actor> replicas_;
  std::map<node_id, std::pair<std::string, std::string>> told_; ///< name and address, as the planes know them
  std::optional<duration> armed_;
  rate_limit garbage_, refusals_;
};

} // namespace

caf::actor spawn_membership(caf::actor_system& system, membership_actor_options options) {
  return system.spawn(run_shell<membership_shell, membership_actor_options>, std::move(options));
}

std::optional<std::pair<std::string, std::uint16_t>> split_address(const std::string& text) {
  const auto colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0) return std::nullopt;
  auto host = text.substr(0, colon);
  if (host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  std::uint16_t port = 0;
  const auto* const end = text.data() + text.size();
  const auto [at, problem] = std::from_chars(text.data() + colon + 1, end, port);
  if (problem != std::errc{} || at != end || port == 0 || host.empty()) return std::nullopt;
  return std::pair{std::move(host), port};
}

} // namespace burrow
