#include "actors/forward_calls.hpp"

#include "cluster/base/limits.hpp"

#include <algorithm>

namespace burrow {

forward_calls::forward_calls(std::shared_ptr<forward_net> net, caf::actor me)
  : net_(std::move(net)), port_(net_->open(std::move(me))) {}

forward_calls::~forward_calls() {
  net_->close(port_);
  for (const auto& [number, e] : under_way_) give_back(e);
}

forward_flight& forward_calls::flight_with(node_id peer) {
  auto& known = flights_[peer];
  if (!known) known = net_->flight_with(peer);
  return *known;
}

void forward_calls::give_back(const entry& e) {
  auto& flight = flight_with(e.to);
  flight.count.fetch_sub(1, std::memory_order_relaxed);
  flight.bytes.fetch_sub(e.bytes, std::memory_order_relaxed);
}

errc forward_calls::send(const target& where, std::string bytes) {
  BURROW_ASSERT(!number_of_.contains(where.id));
  const entry e{where.id, where.to, where.shard, bytes.size()};
  auto& flight = flight_with(where.to);
  const auto count = flight.count.fetch_add(1, std::memory_order_relaxed);
  const auto size = flight.bytes.fetch_add(e.bytes, std::memory_order_relaxed);
  auto why = errc::ok;
  if (e.bytes > limits::forward_frame_bytes_max) why = errc::too_large;
  else if (count >= limits::forward_flight_max || size + e.bytes > limits::forward_flight_bytes_max) why = errc::busy;
  else if (!net_->send(where.to, std::move(bytes))) why = errc::unavailable;
  if (why != errc::ok) {
    give_back(e);
    return why;
  }
  under_way_.emplace(++next_, e);
  number_of_.emplace(e.id, next_);
  return errc::ok;
}

std::optional<forward_calls::outcome> forward_calls::take(const forward_in& frame) {
  auto got = decode_told(frame.bytes);
  if (!got) {
    net_->metrics().forward_failed(forward_failure::malformed);
    return std::nullopt;
  }
  const auto found = under_way_.find(got->head.number);
  if (got->head.port != port_ || found == under_way_.end() || found->second.to != frame.from) return std::nullopt;
  const auto e = found->second;
  if (got->head.leader.value != 0) net_->table().heard(e.shard, got->head.leader);
  if (got->head.leader != frame.from) net_->table().denied(e.shard, frame.from);
  give_back(e);
  number_of_.erase(e.id);
  under_way_.erase(found);
  return outcome{e.id, frame.from, e.shard, std::move(*got)};
}

std::vector<std::uint64_t> forward_calls::lost(node_id peer) {
  std::vector<std::uint64_t> numbers, ids;
  for (const auto& [number, e] : under_way_)
    if (e.to == peer) numbers.push_back(number);
  std::ranges::sort(numbers);
  for (const auto number : numbers) {
    ids.push_back(under_way_.at(number).id);
    forget(ids.back());
  }
  return ids;
}

void forward_calls::withdraw(std::uint64_t id) {
  const auto number = number_of_.find(id);
  if (number == number_of_.end()) return;
  const auto& e = under_way_.at(number->second);
  // Lost with its stream, it has no use: who was asked notices that, too.
  (void)net_->send(e.to, encode_ask({port_, number->second, e.shard, 1, duration{0}}, asked_withdraw{}));
}

void forward_calls::forget(std::uint64_t id) {
  const auto number = number_of_.find(id);
  if (number == number_of_.end()) return;
  const auto found = under_way_.find(number->second);
  give_back(found->second);
  under_way_.erase(found);
  number_of_.erase(number);
}

} // namespace burrow
