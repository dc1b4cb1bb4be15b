// The streams of each peer: who dials, which of two connections stays, and when it is tried again.
//
// A pair of nodes shares its streams, so that both see a reset. Either may dial; the one with the lower id does so
// first. If their calls cross, the lower id's wins: it refuses the other's as soon as its own hello is out, and the
// higher one gives up its own when it hears `go`. Who has answered a hello does not send one before that has come to
// an end. So of two calls at most one gets as far as `go`.
#include "actors/plane/core.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace burrow::plane {

void core::know(node_id id, std::string name, std::string host, std::uint16_t port) {
  if (id == self().node || id == node_id{}) return;
  auto& p = peers_[id];
  const bool moved = p.host != host || p.port != port;
  p.known = true;
  p.name = std::move(name);
  p.host = std::move(host);
  p.port = port;
  if (!moved) return;
  for (const auto stream : {stream_kind::fast, stream_kind::bulk}) {
    auto& l = p.of(stream);
    l.failures = 0;
    if (l.calling) l.calling->close("it has another address now", true);
    else dial_later(id, stream, duration{0});
  }
}

void core::forget(node_id id) {
  const auto found = peers_.find(id);
  if (found == peers_.end()) return;
  found->second.known = false;
  for (auto* l : {&found->second.fast, &found->second.bulk}) {
    l->again.reset();
    for (const auto& one : {l->up, l->calling, l->called})
      if (one) one->close("no longer a peer", true);
  }
  remove_if_strange(id);
}

void core::remove_if_strange(node_id id) {
  const auto found = peers_.find(id);
  if (found == peers_.end() || found->second.known) return;
  for (const auto* l : {&found->second.fast, &found->second.bulk})
    if (l->up || l->calling || l->called) return;
  peers_.erase(found);
}

// ---- dialing --------------------------------------------------------------------------------------------------------

duration core::delay_of(node_id id, unsigned failures) {
  const auto after = self().node > id ? bounds::higher_dials_after : duration{0};
  if (failures == 0) return after;
  const auto whole = std::min(bounds::redial_max, bounds::redial_min * (1 << std::min(failures - 1, 10U)));
  // Half of it is drawn, so that many nodes do not come back to one at the same moment.
  return after + whole / 2 + duration{static_cast<std::int64_t>(random_.below(
                               static_cast<std::uint64_t>(whole.count() / 2 + 1)))};
}

void core::dial_later(node_id id, stream_kind stream, duration delay) {
  const auto found = peers_.find(id);
  if (ending_ || found == peers_.end() || !found->second.known) return;
  auto& l = found->second.of(stream);
  if (l.up || l.calling) return;
  if (!l.again) l.again = std::make_unique<steady_timer>(io_);
  l.again->expires_after(delay + delay_of(id, l.failures));
  l.again->async_wait([this, id, stream](error_code ec) {
    if (!ec) dial(id, stream);
  });
}

void core::dial(node_id id, stream_kind stream) {
  const auto found = peers_.find(id);
  if (ending_ || found == peers_.end() || !found->second.known || self().cluster == hash128{}) return;
  auto& p = found->second;
  auto& l = p.of(stream);
  // The second stream follows the first: a peer that refuses us would do so twice.
  if (l.up || l.calling || l.called || (stream == stream_kind::bulk && !p.fast.up)) return;
  l.calling = std::make_shared<connection>(*this, stream, id);
  connections_.insert(l.calling);
  l.calling->dial(p.host, p.port);
}

bool core::may_greet(const connection& one) const {
  if (one.stream() == stream_kind::admit) return true;
  const auto found = peers_.find(one.meant());
  if (found == peers_.end()) return false;
  const auto& l = one.stream() == stream_kind::bulk ? found->second.bulk : found->second.fast;
  return l.calling.get() == &one && !l.up && !l.called;
}

// ---- streams begin and end ------------------------------------------------------------------------------------------

void core::opened(const std::shared_ptr<connection>& one) {
  const auto& who = one->theirs().who;
  const auto found = peers_.find(who.node);
  if (found == peers_.end()) return one->close("no longer a peer", true);
  auto& p = found->second;
  auto& l = p.of(one->stream());
  auto& mine = one->dialed() ? l.calling : l.called;
  if (mine != one || who.life < p.life) return one->close("another one came first", true);
  mine.reset();
  if (l.calling) l.calling->close("called by the other side", true);
  if (const auto old = std::exchange(l.up, nullptr)) {
    lane_down(who.node, p, one->stream(), "it began another");
    old->close("it began another", true);
  }
  if (who.life > std::exchange(p.life, who.life)) {
    auto& other = p.of(one->stream() == stream_kind::fast ? stream_kind::bulk : stream_kind::fast);
    if (other.up && other.up->theirs().who.life < who.life) other.up->close("the node was started anew", true);
  }
  p.name = who.name;
  l.up = one;
  outbox_.open(one->lane());
  metrics_.connections(one->stream(), 1);
  if (one->stream() != stream_kind::fast) return;
  say(level::info, fmt::format("connected with node {} at {}", who.name, one->address()));
  tell(who.node, true, who.life);
  dial_later(who.node, stream_kind::bulk, duration{0});
}

void core::lane_down(node_id id, peer& of, stream_kind stream, std::string_view why) {
  metrics_.dropped_frames(dropped::lost, outbox_.close({id, stream}));
  metrics_.connections(stream, -1);
  if (stream != stream_kind::fast) return;
  say(level::info, fmt::format("no longer connected with node {}: {}", of.name, why));
  tell(id, false, of.life);
}

void core::ended(const std::shared_ptr<connection>& one) {
  connections_.erase(one);
  one->finish();
  if (ending_ && connections_.empty()) end_timer_.cancel();
  const auto stream = one->stream();
  const auto id = one->dialed() ? one->meant() : one->theirs().who.node;
  const auto found = peers_.find(id);
  if (stream == stream_kind::admit || found == peers_.end()) return;
  auto& p = found->second;
  auto& l = p.of(stream);
  if (l.up == one) {
    l.up.reset();
    l.failures = steady_clock::now() - one->began() >= bounds::steady_after ? 1 : l.failures + 1;
    lane_down(id, p, stream, one->why());
  } else if (l.calling == one) {
    l.calling.reset();
    if (!one->quiet()) {
      ++l.failures;
      metrics_.dial_failed();
      std::size_t before = 0;
      if (may_say(said_.size() - 1, before))
        say(level::info, fmt::format("no connection with node {} at {}:{}: {}", p.name, p.host, p.port, one->why()));
      if (stream == stream_kind::fast && !l.up) tell(id, false, 0);
    }
  } else if (l.called == one) {
    l.called.reset();
  }
  if (!p.known) return remove_if_strange(id);
  dial_later(id, stream, duration{0});
}

} // namespace burrow::plane
