#include "cluster/replica/mover.hpp"

#include <algorithm>
#include <utility>

namespace burrow {
namespace {

duration doubled(duration from, unsigned times, duration most) {
  return times > 16 ? most : std::min(from * (std::int64_t{1} << times), most);
}
constexpr duration patience_max{8000};

} // namespace

void mover::note_open(shard_id to) {
  auto& t = targets_[to];
  if (t.more || t.being_read || t.open > 0 || !t.answered.empty()) return;
  t.more = true;
  t.read_up_to = {0, 0};
}

std::optional<mover::reading> mover::next_read(duration now) {
  if (bytes_ >= limits::moves_flight_bytes_max) return std::nullopt;
  for (auto& [to, t] : targets_) {
    if (!t.more || t.being_read || t.open >= limits::move_batches_max || t.not_before > now) continue;
    t.being_read = true;
    t.more = false; // what comes from now on is noted anew
    return reading{to, t.read_up_to};
  }
  return std::nullopt;
}

std::vector<queue::moved_message> mover::read_done(shard_id to, std::vector<queue::moved_message> found, bool more) {
  auto& t = targets_[to];
  t.being_read = false;
  t.more = t.more || more;
  if (!found.empty()) t.read_up_to = found.back().number;
  std::erase_if(found, [&](const auto& m) { return t.answered.contains(m.number); });
  return found;
}

void mover::read_failed(shard_id to, duration now) {
  auto& t = targets_[to];
  t.being_read = false;
  again(t, to, now);
}

std::size_t mover::sent(shard_id to, cookie number, batch what, duration now) {
  auto& t = targets_[to];
  std::size_t resent = 0;
  ++t.open;
  for (const auto& n : what.numbers) {
    resent += n <= t.sent_up_to ? 1 : 0;
    t.sent_up_to = std::max(t.sent_up_to, n);
  }
  const auto late = now + doubled(limits::move_patience, t.failures, patience_max);
  bytes_ += what.bytes;
  calls_.emplace(number, call{to, std::move(what), late});
  return resent;
}

std::map<cookie, mover::call>::iterator mover::end_call(std::map<cookie, call>::iterator at) {
  bytes_ -= at->second.what.bytes;
  return calls_.erase(at);
}

// All of it is read once more; what the target has said that it has is left out.
void mover::again(target& t, shard_id to, duration now) {
  for (auto at = calls_.begin(); at != calls_.end();) at = at->second.to == to ? end_call(at) : std::next(at);
  t.open = 0;
  t.more = true;
  t.read_up_to = {0, 0};
  t.not_before = now + doubled(limits::move_resend_min, t.failures, limits::move_resend_max);
  ++t.failures;
}

bool mover::answered(cookie number, const result<queue::reply>& outcome, duration now) {
  const auto at = calls_.find(number);
  if (at == calls_.end()) return false;
  const auto of = at->second;
  end_call(at);
  const auto& numbers = of.what.numbers;
  auto& t = targets_[of.to];
  --t.open;
  const auto* const reply = outcome ? std::get_if<queue::arrive_reply>(&outcome.value()) : nullptr;
  bool all = reply != nullptr && reply->items.size() == numbers.size();
  for (std::size_t i = 0; all && i < numbers.size(); ++i) {
    if (reply->items[i] != errc::ok) {
      all = false;
    } else if (t.answered.insert(numbers[i]).second) {
      t.settled.push_back(numbers[i]);
    }
  }
  if (all) t.failures = 0;
  else again(t, of.to, now);
  return true;
}

void mover::give_up_late(duration now) {
  for (auto& [to, t] : targets_) {
    const auto is_late = [&, to = to](const auto& c) { return c.second.to == to && c.second.late <= now; };
    if (t.open > 0 && std::any_of(calls_.begin(), calls_.end(), is_late)) again(t, to, now);
  }
}

std::optional<mover::settled> mover::take_settled() {
  for (auto& [to, t] : targets_) {
    if (t.settled.empty()) continue;
    const auto count = std::min(t.settled.size(), limits::move_batch_messages_max);
    const auto end = t.settled.begin() + static_cast<std::ptrdiff_t>(count);
    settled out{to, {t.settled.begin(), end}};
    t.settled.erase(t.settled.begin(), end);
    return out;
  }
  return std::nullopt;
}

void mover::left(const settled& what) {
  const auto at = targets_.find(what.to);
  if (at == targets_.end()) return;
  for (const auto& n : what.numbers) at->second.answered.erase(n);
}

std::optional<duration> mover::wake() const {
  std::optional<duration> at;
  const auto by = [&](duration t) { at = at ? std::min(*at, t) : t; };
  for (const auto& [to, t] : targets_)
    if (t.more && !t.being_read && t.open < limits::move_batches_max && bytes_ < limits::moves_flight_bytes_max)
      by(t.not_before);
  for (const auto& [number, c] : calls_) by(c.late);
  return at;
}

// ---- replies --------------------------------------------------------------------------------------------------------

void held_replies::expect(cookie who, const std::vector<queue::move_key>& moves, duration until) {
  if (full()) return;
  auto& h = held_[who];
  h.until = until;
  h.open.insert(moves.begin(), moves.end());
  for (const auto& m : moves) waiting_.emplace(m, who);
  deadlines_.emplace(until, who);
}

std::optional<reply_effect> held_replies::add(reply_effect reply) {
  const auto at = held_.find(reply.to);
  if (at == held_.end()) return reply;
  at->second.ready = std::move(reply);
  return std::nullopt;
}

void held_replies::release(std::map<cookie, held>::iterator at, std::vector<reply_effect>& out) {
  for (const auto& m : at->second.open) {
    auto [from, to] = waiting_.equal_range(m);
    while (from != to) from = from->second == at->first ? waiting_.erase(from) : std::next(from);
  }
  deadlines_.erase({at->second.until, at->first});
  if (at->second.ready) out.push_back(std::move(*at->second.ready));
  held_.erase(at);
}

std::vector<reply_effect> held_replies::left(const mover::settled& what) {
  std::vector<reply_effect> out;
  for (const auto& number : what.numbers) {
    const queue::move_key key{what.to, number};
    std::vector<cookie> who;
    auto [from, to] = waiting_.equal_range(key);
    for (auto at = from; at != to; ++at) who.push_back(at->second);
    waiting_.erase(from, to);
    for (const auto& w : who) {
      const auto at = held_.find(w);
      at->second.open.erase(key);
      if (at->second.open.empty()) release(at, out);
    }
  }
  return out;
}

std::vector<reply_effect> held_replies::overdue(duration now) {
  std::vector<reply_effect> out;
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) release(held_.find(deadlines_.begin()->second), out);
  return out;
}

std::vector<reply_effect> held_replies::take_all() {
  std::vector<reply_effect> out;
  while (!held_.empty()) release(held_.begin(), out);
  return out;
}

std::optional<duration> held_replies::wake() const {
  return deadlines_.empty() ? std::nullopt : std::optional(deadlines_.begin()->first);
}

} // namespace burrow
