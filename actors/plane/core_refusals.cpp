// Who is let in, and what is said of those who are not.
#include "actors/plane/core.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace burrow::plane {
namespace {

std::string_view in_words(refusal why) {
  switch (why) {
    case refusal::malformed: return "what it sent is not our protocol, or over a bound";
    case refusal::other_version: return "it speaks another version of the protocol";
    case refusal::other_cluster: return "it belongs to another cluster";
    case refusal::own_id: return "it has this node's own id: a copied data directory, or the node called itself";
    case refusal::name_in_use: return "its name is that of another node that is up";
    case refusal::old_life: return "a newer process of this node was here already";
    case refusal::wrong_node: return "another node was meant";
    case refusal::certificate: return "its certificate is not for the name that it gave";
    case refusal::no_admission: return "admit questions are not answered here, or too many are asked";
    case refusal::tls: return "no TLS with a certificate of our CA";
    case refusal::too_slow: return "it did not say who it is in time";
    case refusal::too_many: return "too many that did not say who they are";
    case refusal::none:
    case refusal::crossed: break;
  }
  return "for an unknown reason";
}

/// Of a stranger: nothing but what was checked gets into a line.
std::string name_of(const connection& one) {
  const auto& name = one.theirs().who.name;
  return name.empty() ? one.address() : fmt::format("{} ({})", one.address(), name);
}

} // namespace

standing core::standing_of(const node_identity& who) const {
  standing out;
  for (const auto& [id, p] : peers_) {
    if (id == who.node) out.life = p.life;
    else if (p.name == who.name && p.fast.up) out.name_taken = true;
  }
  return out;
}

refusal core::called_by(const std::shared_ptr<connection>& one) {
  if (one->stream() == stream_kind::admit) {
    const auto asked = std::ranges::count_if(connections_, [](const auto& c) { return c->admission(); });
    const bool room = static_cast<std::size_t>(asked) < bounds::admissions_max;
    return options_.sinks.admit && room ? refusal::none : refusal::no_admission;
  }
  const auto& who = one->theirs().who;
  if (!peers_.contains(who.node)) {
    const auto strange = std::ranges::count_if(peers_, [](const auto& p) { return !p.second.known; });
    if (static_cast<std::size_t>(strange) >= bounds::strange_peers_max) return refusal::too_many;
    peers_[who.node].name = who.name;
  }
  auto& to = peers_[who.node].of(one->stream());
  if (to.calling && to.calling->greeted() && self().node < who.node) return refusal::crossed;
  if (to.called) to.called->close("called once more", true);
  to.called = one;
  return refusal::none;
}

void core::refused(const connection& one, refusal why, std::string_view more) {
  metrics_.refused(why);
  std::size_t before = 0;
  if (!may_say(static_cast<std::size_t>(why), before)) return;
  say(level::warning, fmt::format("refused {} {}: {}{}{}{}", one.dialed() ? "the node at" : "a connection from",
                                  name_of(one), in_words(why), more.empty() ? "" : "; ", more,
                                  before > 0 ? fmt::format(" ({} more since the last line)", before) : ""));
}

void core::refused_by(const connection& one, refusal why) {
  std::size_t before = 0;
  if (why == refusal::crossed || !may_say(refusal_names.size() + std::min<std::size_t>(
                                            static_cast<std::size_t>(why), refusal_names.size() - 1), before)) return;
  say(level::warning, fmt::format("the node at {} refuses us: {}", name_of(one), to_string(why)));
}

// ---- the listener -------------------------------------------------------------------------------------------------

result<void> core::listen() {
  error_code ec;
  const auto address = net::ip::make_address(options_.address, ec);
  const net::ip::tcp::endpoint endpoint{address, options_.port};
  if (!ec) acceptor_.open(endpoint.protocol(), ec);
  if (!ec) acceptor_.set_option(net::socket_base::reuse_address{true}, ec);
  if (!ec) acceptor_.bind(endpoint, ec);
  if (!ec) acceptor_.listen(128, ec);
  if (ec) return error{errc::config_invalid, fmt::format("{}:{}: {}", options_.address, options_.port, ec.message())};
  port_ = acceptor_.local_endpoint(ec).port();
  return {};
}

void core::accept() {
  acceptor_.async_accept([this](error_code ec, tcp_socket socket) {
    if (!acceptor_.is_open()) return;
    if (ec) return accept_later();
    adopt(std::move(socket));
    accept();
  });
}

void core::accept_later() {
  // Most likely out of file descriptors, which connections that close give back.
  accept_timer_.expires_after(std::chrono::milliseconds{100});
  accept_timer_.async_wait([this](error_code) {
    if (acceptor_.is_open()) accept();
  });
}

void core::adopt(tcp_socket socket) {
  const auto one = std::make_shared<connection>(*this, std::move(socket));
  std::size_t strangers = 0;
  std::shared_ptr<connection> oldest;
  for (const auto& other : connections_) {
    if (!other->stranger() || other->closed()) continue;
    ++strangers;
    if (!other->admission() && (!oldest || other->began() < oldest->began())) oldest = other;
  }
  if (strangers >= bounds::strangers_max) {
    // The oldest has to go, not the new one: a peer is through in milliseconds, and who sits here is none.
    refused(oldest ? *oldest : *one, refusal::too_many);
    if (!oldest) return;
    oldest->close("too many strangers", true);
  }
  connections_.insert(one);
  one->accept();
}

} // namespace burrow::plane
