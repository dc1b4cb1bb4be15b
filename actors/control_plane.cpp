#include "actors/control_plane.hpp"

#include "actors/cluster_metrics.hpp"
#include "actors/control_dialer.hpp"
#include "actors/control_peers.hpp"
#include "actors/rate_limit.hpp"
#include "cluster/codec/control_codec.hpp"

#include <caf/all.hpp>
#include <caf/io/all.hpp>
#include <caf/openssl/all.hpp>

#include <algorithm>
#include <utility>

namespace burrow {
namespace {

constexpr duration pause_min{100}, pause_max{2'000}, welcome_patience{2'000}, visit_patience{1'500};
constexpr std::size_t credit_step = limits::control_credit / 2;

class control_shell {
public:
  static constexpr const char* actor_name = "control_plane";

  control_shell(shell<control_shell>* self, control_plane_options options)
    : self_(self), o_(std::move(options)), dialer_(spawn_control_dialer(self->system(), o_.tls)) {
    if (!o_.metrics) o_.metrics = std::make_shared<cluster_metrics>(nullptr);
  }

  caf::behavior behavior() {
    self_->set_down_handler([this](const caf::down_msg& m) { lost(m.source); });
    return {
      [this](const control_envelope& m) { received(m); },
      [this](const control_gossip_send& m) { post(m.to, codec::control_gossip{m.bytes}); },
      [this](const control_order_send& m) { post(m.to, codec::control_order{m.kind, m.bytes}); },
      [this](const peer_link& m) { reachable(m); },
      [this](const control_dialled& m) { dialled(m); },
      [this](const control_retry& m) { retry(m); },
      [this](const control_know& m) { know(m); },
      [this](const control_forget& m) {
        if (const auto at = peers_.out.find(m.peer); at != peers_.out.end()) {
          drop(*at);
          peers_.out.erase(at);
        }
      },
      [this](const control_become& m) { become(m); },
      [this](const control_sinks& m) { sinks_ = m; },
      [this](stop_atom) {
        self_->send(dialer_, stop_atom_v);
        self_->quit();
      },
    };
  }

private:
  using item = std::pair<const node_id, control_out>;
  [[nodiscard]] duration now() const { return o_.clock().steady; }
  [[nodiscard]] caf::actor me() { return caf::actor_cast<caf::actor>(self_); }
  void send(const caf::actor& to, const codec::control_message& m) {
    self_->send(to, control_envelope{codec::encode_control(m)});
  }
  [[nodiscard]] codec::control_hello own() const {
    return {o_.self.cluster, o_.self.node, o_.self.name, o_.self.life, codec::control_version};
  }

  // ---- our links ----------------------------------------------------------------------------------------------

  void know(const control_know& m) {
    if (m.peer == o_.self.node) return;
    auto at = peers_.out.find(m.peer);
    if (at == peers_.out.end()) {
      if (peers_.out.size() >= limits::members_max) return;
      at = peers_.out.try_emplace(m.peer).first;
      at->second.reachable = reachable_[m.peer];
    } else if (at->second.host != m.host || at->second.port != m.port) {
      drop(*at);
    }
    at->second.name = m.name;
    at->second.host = m.host;
    at->second.port = m.port;
    begin(*at);
  }

  void reachable(const peer_link& m) {
    // Of peers that we have not been told of yet, too: membership hears of both in no particular order.
    if (m.up && reachable_.size() >= 2 * limits::members_max) reachable_.clear();
    reachable_[m.peer] = m.up;
    const auto at = peers_.out.find(m.peer);
    if (at == peers_.out.end()) return;
    at->second.reachable = m.up;
    if (!m.up) return;
    at->second.pause = pause_min;
    begin(*at);
  }

  /// Of two nodes the one with the lower id dials, and the other one answers over that connection (adopt); it dials by
  /// itself only when nobody came. Two connections at one moment leave CAF without a route from one to the other:
  /// what comes has no sender then, for as long as the connection lives.
  void begin(item& peer) {
    if (dials_first(peer.first)) return dial(peer);
    auto& p = peer.second;
    if (!p.reachable || p.handle || p.dialling) return;
    for (const auto& [address, in] : peers_.in) {
      if (in.peer != peer.first) continue;
      if (const auto from = caf::actor_cast<caf::actor>(address)) return adopt(peer, from);
    }
    if (p.waiting) return;
    p.waiting = true;
    self_->delayed_send(self_, visit_patience, control_retry{peer.first, p.attempt});
  }
  [[nodiscard]] bool dials_first(node_id peer) const { return o_.self.node < peer; }

  void adopt(item& peer, const caf::actor& from) {
    peer.second.drop(); // the answer to a dial under way is stale then
    linked(peer, from);
  }

  void dial(item& peer) {
    auto& p = peer.second;
    if (!p.reachable || p.handle || p.dialling || o_.self.cluster == hash128{}) return;
    p.dialling = true;
    self_->send(dialer_, control_dial{peer.first, ++p.attempt, p.host, p.port, me()});
  }

  void dialled(const control_dialled& m) {
    const auto at = peers_.out.find(m.peer);
    if (at == peers_.out.end() || at->second.attempt != m.attempt) return;
    auto& p = at->second;
    p.dialling = false;
    if (!m.handle) return again(*at);
    linked(*at, m.handle);
  }

  void linked(item& peer, const caf::actor& handle) {
    auto& p = peer.second;
    // Never compared with an earlier one: after a partition the new proxy equals the dead one (caf.md section 6).
    p.handle = handle;
    p.waiting = false; // an attempt that was put off before is not needed, and its retry would not clear this
    self_->monitor(p.handle);
    send(p.handle, own());
    // Who does not answer in time is dialled again: a request to a dead proxy is told nothing.
    self_->delayed_send(self_, welcome_patience, control_retry{peer.first, p.attempt});
  }

  void again(item& peer) {
    auto& p = peer.second;
    if (p.waiting || !p.reachable) return;
    p.waiting = true;
    const auto first = dials_first(peer.first) ? duration{0} : visit_patience;
    self_->delayed_send(self_, first + p.pause, control_retry{peer.first, p.attempt});
    p.pause = std::min(pause_max, p.pause * 2);
  }

  void retry(const control_retry& m) {
    const auto at = peers_.out.find(m.peer);
    if (at == peers_.out.end()) return;
    auto& p = at->second;
    if (p.waiting && !p.handle) p.waiting = false;
    if (p.attempt == m.attempt && p.handle && !p.welcome) drop(*at);
    dial(*at);
  }

  /// Its handle is worth nothing any more.
  void drop(item& peer) {
    auto& p = peer.second;
    const bool was_up = p.welcome;
    if (p.handle) self_->demonitor(p.handle);
    p.drop();
    if (was_up) tell(peer.first, false);
  }

  void tell(node_id peer, bool up) {
    o_.metrics->links(up ? 1 : -1);
    if (sinks_.membership) self_->send(sinks_.membership, control_link{peer, up});
    if (sinks_.orders) self_->send(sinks_.orders, control_link{peer, up});
  }

  void lost(const caf::actor_addr& address) {
    peers_.in.erase(address);
    if (auto* const peer = peers_.by_handle(address)) {
      drop(*peer);
      again(*peer);
    }
  }

  void become(const control_become& m) {
    o_.self = m.self;
    peers_.in.clear();
    for (auto& peer : peers_.out) {
      drop(peer);
      begin(peer);
    }
  }

  void post(node_id to, const codec::control_message& m) {
    const auto at = peers_.out.find(to);
    if (at == peers_.out.end() || !at->second.welcome) return o_.metrics->dropped();
    auto bytes = codec::encode_control(m);
    if (bytes.size() > limits::control_message_bytes_max || !at->second.add(std::move(bytes)))
      return o_.metrics->dropped();
    pump(at->second);
  }

  void pump(control_out& p) {
    while (p.credit > 0 && !p.backlog.empty()) self_->send(p.handle, control_envelope{p.take()});
  }

  // ---- what peers say -----------------------------------------------------------------------------------------

  void received(const control_envelope& m) {
    const auto from = caf::actor_cast<caf::actor>(self_->current_sender());
    if (!from) return;
    const auto what = codec::decode_control(m.bytes);
    if (!what) return refuse(from, control_refusal::garbage, "unreadable message");
    std::visit([&](const auto& content) { on(from, content); }, *what);
  }

  void on(const caf::actor& from, const codec::control_hello& m) {
    if (m.version != codec::control_version) return refuse(from, control_refusal::version, "another protocol version");
    if (m.cluster != o_.self.cluster || m.cluster == hash128{})
      return refuse(from, control_refusal::cluster, "another cluster");
    if (m.node == o_.self.node || m.name == o_.self.name)
      return refuse(from, control_refusal::identity, "id or name in use");
    for (const auto& [id, known] : peers_.out)
      if (known.welcome && id != m.node && known.name == m.name)
        return refuse(from, control_refusal::identity, "name in use");
    std::erase_if(peers_.in, [&](const auto& i) { return i.second.peer == m.node; });
    if (peers_.in.size() >= limits::members_max) return refuse(from, control_refusal::flood, "too many peers");
    self_->monitor(from);
    peers_.in[from.address()] = {m.node};
    send(from, codec::control_welcome{own()});
    const auto peer = peers_.out.find(m.node);
    if (peer != peers_.out.end() && !peer->second.handle && !dials_first(m.node)) adopt(*peer, from);
  }

  void on(const caf::actor& from, const codec::control_welcome& m) {
    auto* const peer = peers_.by_handle(from.address());
    if (peer == nullptr || peer->second.welcome) return;
    if (m.who.node != peer->first || m.who.cluster != o_.self.cluster || m.who.version != codec::control_version) {
      // Its address is another's by now.
      refused(control_refusal::identity, "node " + std::to_string(m.who.node.value) + " answers for another");
      drop(*peer);
      return again(*peer);
    }
    auto& p = peer->second;
    p.welcome = true;
    p.credit = limits::control_credit;
    p.pause = pause_min;
    tell(peer->first, true);
  }

  void on(const caf::actor& from, const codec::control_refused& m) {
    auto* const peer = peers_.by_handle(from.address());
    if (peer == nullptr) return;
    warn("control plane: node " + std::to_string(peer->first.value) + " refused us: " + m.why);
    drop(*peer);
    again(*peer);
  }

  void on(const caf::actor& from, const codec::control_credit& m) {
    auto* const peer = peers_.by_handle(from.address());
    if (peer == nullptr || !peer->second.welcome) return;
    auto& p = peer->second;
    p.credit = std::min(limits::control_credit, p.credit + m.messages);
    pump(p);
  }

  void on(const caf::actor& from, const codec::control_gossip& m) {
    if (const auto* in = admitted(from); in != nullptr && sinks_.membership)
      self_->send(sinks_.membership, control_gossip_said{in->peer, m.bytes});
  }

  void on(const caf::actor& from, const codec::control_order& m) {
    if (const auto* in = admitted(from); in != nullptr && sinks_.orders)
      self_->send(sinks_.orders, control_order_said{in->peer, m.kind, m.bytes});
  }

  /// Who it is, if it has introduced itself and does not flood us; credit is given back in steps.
  const control_in* admitted(const caf::actor& from) {
    const auto at = peers_.in.find(from.address());
    if (at == peers_.in.end()) {
      refuse(from, control_refusal::identity, "no handshake");
      return nullptr;
    }
    auto& in = at->second;
    if (!in.take(now())) {
      peers_.in.erase(at);
      refuse(from, control_refusal::flood, "too many messages");
      return nullptr;
    }
    if (++in.taken == credit_step) {
      in.taken = 0;
      send(from, codec::control_credit{credit_step});
    }
    return &in;
  }

  void refuse(const caf::actor& from, control_refusal why, const std::string& text) {
    refused(why, text);
    // Not one for each: a stranger that reads nothing would have us keep them all.
    if (replies_.allows(now())) send(from, codec::control_refused{text});
  }
  void refused(control_refusal why, const std::string& text) {
    o_.metrics->refused(why);
    warn("control plane: refused a peer: " + text);
  }
  void warn(const std::string& text) {
    if (o_.warn && rate_.allows(now())) o_.warn(text);
  }

  shell<control_shell>* self_;
  control_plane_options o_;
  caf::actor dialer_;
  control_sinks sinks_;
  control_peers peers_;
  std::map<node_id, bool> reachable_; ///< as the data plane said last
  rate_limit rate_, replies_{duration{10}};
};

} // namespace

result<control_plane> start_control_plane(caf::actor_system& system, control_plane_options options) {
  BURROW_ASSERT(options.clock && system.has_middleman());
  const bool tls = options.tls;
  const auto host = options.host;
  const auto port = options.port;
  auto made = system.spawn(run_shell<control_shell, control_plane_options>, std::move(options));
  const auto opened = tls ? caf::openssl::publish(made, port, host.c_str(), true)
                          : system.middleman().publish(made, port, host.c_str(), true);
  if (!opened) {
    caf::anon_send(made, stop_atom_v);
    return error{errc::io_failed, "cluster port " + host + ":" + std::to_string(port) + ": " +
                                    system.render(opened.error())};
  }
  return control_plane{std::move(made), *opened};
}

} // namespace burrow
