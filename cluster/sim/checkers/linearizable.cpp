#include "cluster/sim/checkers/linearizable.hpp"

#include "cluster/sim/checkers/logs.hpp"

#include <algorithm>
#include <unordered_set>

namespace burrow::sim {
namespace {

using step = linearizable::step;
constexpr std::size_t steps_max = 128; ///< of one queue; the rest is left unchecked
constexpr std::size_t states_max = 300'000;

struct item {
  std::string name;
  std::uint64_t body;
};
using items = std::vector<item>;

std::vector<std::uint64_t> bodies_of(const items& from, std::size_t count) {
  std::vector<std::uint64_t> out;
  for (std::size_t i = 0; i < std::min(count, from.size()); ++i) out.push_back(from[i].body);
  return out;
}

/// What the step does to the queue; nothing if it cannot have been answered so.
std::optional<items> after(const step& s, items now) {
  const auto named = s.name.empty() ? now.end() : std::find_if(now.begin(), now.end(), [&](const item& i) {
    return i.name == s.name;
  });
  switch (s.what) {
  case step::kind::put:
    if (s.known && !s.succeeded) return std::nullopt;
    if (s.known && s.replaced != (named != now.end())) return std::nullopt;
    if (named != now.end())
      named->body = s.body;
    else
      now.push_back({s.name, s.body});
    return now;
  case step::kind::remove:
    if (s.known && s.succeeded != (named != now.end())) return std::nullopt;
    if (named != now.end()) now.erase(named);
    return now;
  case step::kind::take:
    if (s.known && s.bodies != bodies_of(now, s.limit)) return std::nullopt;
    now.erase(now.begin(), now.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(s.limit, now.size())));
    return now;
  case step::kind::list: return s.bodies == bodies_of(now, ~std::size_t{0}) ? std::optional{now} : std::nullopt;
  case step::kind::count: return s.count == now.size() ? std::optional{now} : std::nullopt;
  }
  return std::nullopt;
}

class search {
 public:
  explicit search(const std::vector<step>& steps)
      : steps_(steps)
      , done_(steps.size()) {}
  [[nodiscard]] bool finds_order(const items& now) {
    micros first_return = linearizable::never;
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      if (!done_[i]) first_return = std::min(first_return, steps_[i].returned);
    }
    if (first_return == linearizable::never) return true; // all that were answered stand in the order
    if (!seen_.insert(place_of(now)).second) return false;
    if (seen_.size() > states_max) return true; // given up: too many were under way at once
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      if (done_[i] || steps_[i].invoked > first_return) continue;
      const auto next = after(steps_[i], now);
      if (!next) continue;
      done_[i] = true;
      if (finds_order(*next)) return true;
      done_[i] = false;
    }
    return false;
  }

 private:
  [[nodiscard]] std::uint64_t place_of(const items& now) const {
    std::uint64_t h = now.size();
    for (const bool d : done_) h = mix(h, d ? 1 : 0);
    for (const auto& i : now) h = mix(h, i.body);
    return h;
  }
  const std::vector<step>& steps_;
  std::vector<bool> done_;
  std::unordered_set<std::uint64_t> seen_;
};

void read_command(const operation& op, step& s) {
  if (const auto* const c = std::get_if<queue::insert>(&op.command->what)) {
    s.name = c->items[0].name;
    s.body = c->items[0].body_hash.low;
    if (!s.known) return;
    const auto status = std::get<queue::insert_reply>(*op.reply).items[0].status;
    s.replaced = status == queue::insert_status::replaced;
    s.succeeded = s.replaced || status == queue::insert_status::created;
  } else if (const auto* const r = std::get_if<queue::remove>(&op.command->what)) {
    s.what = step::kind::remove;
    s.name = r->targets[0].id;
    if (s.known) s.succeeded = std::get<queue::targets_reply>(*op.reply).items[0].problem == errc::ok;
  } else {
    s.what = step::kind::take;
    s.limit = std::get<queue::take>(op.command->what).limit;
    if (!s.known) return;
    for (const auto& m : std::get<queue::take_reply>(*op.reply).items) s.bodies.push_back(m.body.hash.low);
  }
}

} // namespace

void linearizable::add(const operation& op) {
  step s;
  s.number = op.number;
  s.invoked = op.invoked;
  s.returned = op.returned.value_or(never);
  s.known = op.returned.has_value();
  if (op.command) {
    read_command(op, s);
  } else {
    if (!s.known) return; // a read that nobody heard of did nothing
    if (const auto* const list = std::get_if<queue::messages_answer>(&*op.answer)) {
      s.what = step::kind::list;
      for (const auto& m : list->items) s.bodies.push_back(m.body.hash.low);
    } else {
      s.what = step::kind::count;
      s.count = std::get<queue::stats_answer>(*op.answer).summary.visible;
    }
  }
  auto& all = queues_[op.queue()];
  if (all.size() < steps_max) all.push_back(std::move(s));
}

void linearizable::check(const queue_ref& queue, const std::vector<step>& steps, findings& found) {
  if (steps.size() >= steps_max) return;
  ++checked_;
  if (search(steps).finds_order({})) return;
  std::string what = "no order explains what clients saw of " + queue.queue + ":";
  for (const auto& s : steps) {
    what += "\n    operation " + std::to_string(s.number) + " kind " + std::to_string(static_cast<int>(s.what)) +
            (s.name.empty() ? "" : " name " + s.name) + ", " + std::to_string(s.invoked) + " to " +
            (s.known ? std::to_string(s.returned) : "unknown") + (s.succeeded ? ", succeeded" : "") +
            (s.replaced ? ", replaced" : "") + ", count " + std::to_string(s.count) + ", body " +
            std::to_string(s.body % 100'000) + ", bodies";
    for (const auto b : s.bodies) what += " " + std::to_string(b % 100'000);
  }
  found.add("linearizable", what);
}

void linearizable::check(findings& found) {
  for (const auto& [queue, steps] : queues_) {
    if (!found.any()) check(queue, steps, found);
  }
}

} // namespace burrow::sim
