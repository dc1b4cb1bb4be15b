#include "cluster/membership/swim.hpp"

#include "cluster/base/assert.hpp"
#include "cluster/base/limits.hpp"

#include <algorithm>

namespace burrow::membership {

// Numbers begin somewhere drawn: an answer to an earlier life of ours fits none of this one's.
swim::swim(const options& o, random& chance, health& own)
  : o_(o), chance_(chance), own_(own), last_number_(chance.next() >> 1) {
  BURROW_ASSERT(o.probe_every > duration{0} && o.ack_timeout > duration{0});
}

void swim::add(node_id id) {
  if (std::ranges::find(round_, id) != round_.end()) return;
  BURROW_ASSERT(round_.size() < limits::members_max);
  const auto at = chance_.between(0, round_.size());
  round_.insert(round_.begin() + static_cast<std::ptrdiff_t>(at), id);
  if (at < position_) ++position_;
}

void swim::remove(node_id id) {
  const auto at = std::ranges::find(round_, id);
  if (at == round_.end()) return;
  if (static_cast<std::size_t>(at - round_.begin()) < position_) --position_;
  round_.erase(at);
  std::erase_if(open_, [&](const open_probe& p) { return p.target == id; });
}

std::optional<node_id> swim::next() {
  if (round_.empty()) return std::nullopt;
  if (position_ >= round_.size()) {
    position_ = 0;
    for (auto i = round_.size(); i > 1; --i) std::swap(round_[i - 1], round_[chance_.below(i)]);
  }
  return round_[position_++];
}

void swim::probe(duration now, node_id target, bool counts, swim_output& out) {
  for (auto& p : open_) {
    if (p.target != target) continue;
    p.counts = p.counts || counts;
    return;
  }
  if (open_.size() >= limits::probes_open_max) return;
  open_.push_back({++last_number_, target, counts, now + own_.scaled(o_.ack_timeout), false, {}, 0});
  out.frames.emplace_back(target, ping{last_number_});
}

void swim::ask_relays(duration now, open_probe& p, swim_output& out) {
  p.indirect = true;
  p.deadline = now + own_.scaled(o_.ack_timeout);
  std::vector<node_id> others;
  for (const auto id : round_)
    if (id != p.target) others.push_back(id);
  while (p.relays.size() < o_.relays && !others.empty()) {
    const auto at = chance_.below(others.size());
    p.relays.push_back(others[at]);
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(at));
    out.frames.emplace_back(p.relays.back(), ping_request{p.number, p.target});
  }
  p.silent = p.relays.size();
  // The first ping may have been lost, the target be well.
  out.frames.emplace_back(p.target, ping{p.number});
}

/// Relays that said nothing at all speak against our own connections, not against the target (Lifeguard section IV.A).
void swim::failed(const open_probe& p, swim_output& out) {
  own_.worse(static_cast<std::uint32_t>(p.silent));
  out.failed.push_back(p.target);
}

void swim::tick(duration now, swim_output& out) {
  for (std::size_t i = 0; i < open_.size();) {
    auto& p = open_[i];
    if (p.deadline > now) { ++i; continue; }
    if (p.counts && !p.indirect) { ask_relays(now, p, out); ++i; continue; }
    if (p.counts) failed(p, out);
    open_.erase(open_.begin() + static_cast<std::ptrdiff_t>(i));
  }
  for (auto& r : relayed_) {
    if (r.nacked || r.nack_at > now) continue;
    r.nacked = true;
    out.frames.emplace_back(r.asker, nack{r.asked});
  }
  std::erase_if(relayed_, [&](const relayed_probe& r) { return r.deadline <= now; });
}

void swim::received(duration now, node_id from, const ack& m, swim_output& out) {
  const auto own = std::ranges::find(open_, m.number, &open_probe::number);
  if (own != open_.end()) {
    const bool relay = std::ranges::find(own->relays, from) != own->relays.end();
    if (from != own->target && !relay) return;
    if (!own->indirect && own->deadline >= now) own_.better();
    open_.erase(own);
    return;
  }
  const auto relayed = std::ranges::find(relayed_, m.number, &relayed_probe::number);
  if (relayed == relayed_.end() || from != relayed->target) return;
  out.frames.emplace_back(relayed->asker, ack{relayed->asked});
  relayed_.erase(relayed);
}

void swim::received(node_id from, const nack& m) {
  const auto own = std::ranges::find(open_, m.number, &open_probe::number);
  if (own == open_.end() || own->silent == 0) return;
  if (std::ranges::find(own->relays, from) != own->relays.end()) --own->silent;
}

void swim::received(duration now, node_id from, const ping_request& m, swim_output& out) {
  if (relayed_.size() >= limits::probes_open_max) return;
  const auto patience = o_.ack_timeout;
  relayed_.push_back({++last_number_, m.target, from, m.number, now + patience / 2, now + 4 * patience, false});
  out.frames.emplace_back(m.target, ping{last_number_});
}

std::optional<duration> swim::next_wake() const {
  std::optional<duration> first;
  const auto sooner = [&first](duration t) { first = first ? std::min(*first, t) : t; };
  for (const auto& p : open_) sooner(p.deadline);
  for (const auto& r : relayed_) sooner(r.nacked ? r.deadline : r.nack_at);
  return first;
}

} // namespace burrow::membership
