#include "test/support/replica_group.hpp"

#include "cluster/replica/reading.hpp"

#include <algorithm>

namespace burrow::test {

using namespace std::chrono_literals;

replica_group::replica_group(std::size_t nodes, std::size_t voters, replica_options options)
    : options_(std::move(options)), voters_(voters) {
  options_.shard = {1};
  for (std::uint64_t n = 1; n <= nodes; ++n) {
    nodes_.push_back(std::make_unique<node>());
    start(n);
  }
}

void replica_group::start(std::uint64_t n, bool after_loss) {
  auto& x = at(n);
  auto o = options_;
  o.self = {n};
  o.replica = member(n).replica;
  o.check_state = after_loss;
  o.initial = raft::configuration{};
  for (std::uint64_t v = 1; v <= voters_ && n <= voters_; ++v) o.initial->voters.push_back(member(v));
  auto stored = load_replica(x.disk, o);
  BURROW_ASSERT(stored.ok());
  x.pins.clear();
  x.timer = steady_;
  x.subject = std::make_unique<replica>(o, x.disk, *stored, now(x));
}

loaded_item replica_group::read(node& from, const load_effect& load, const load_item& item) {
  if (load.session.value == 0) return read_item(from.disk, item);
  const auto pinned = from.pins.find(load.session);
  if (pinned == from.pins.end()) return {errc::unavailable};
  return read_item(*pinned->second, item);
}

void replica_group::write(node& to, const persist_effect& e) {
  BURROW_ASSERT(to.disk.write(*e.batch).ok() && (!e.sync || to.disk.sync().ok()));
  to.subject->persisted(now(to), e.ticket);
}

void replica_group::write_on(std::uint64_t n) {
  auto& x = at(n);
  x.hangs = false;
  for (const auto& e : std::exchange(x.unwritten, {})) write(x, e);
  settle();
}

void replica_group::carry_out(std::uint64_t n, replica_effect& e) {
  auto& x = at(n);
  if (auto* const p = std::get_if<persist_effect>(&e)) {
    if (x.hangs) x.unwritten.push_back(std::move(*p));
    else write(x, *p);
  } else if (auto* const l = std::get_if<load_effect>(&e)) {
    ++x.loads[l->items.front().where];
    std::vector<loaded_item> values;
    for (const auto& item : l->items) values.push_back(read(x, *l, item));
    x.subject->loaded(now(x), l->id, std::move(values));
  } else if (auto* const s = std::get_if<send_effect>(&e)) {
    ++sent;
    if (!x.cut) wire_.push_back(std::move(s->what));
  } else if (auto* const r = std::get_if<reply_effect>(&e)) {
    x.replies.insert_or_assign(r->to, std::move(*r));
  } else if (auto* const a = std::get_if<answer_effect>(&e)) {
    x.answers.insert_or_assign(a->to, std::move(*a));
  } else if (const auto* const t = std::get_if<timer_effect>(&e)) {
    x.timer = t->steady;
  } else if (const auto* const pin = std::get_if<pin_effect>(&e)) {
    x.pins[pin->session] = x.disk.pin().value();
  } else if (const auto* const unpin = std::get_if<unpin_effect>(&e)) {
    x.pins.erase(unpin->session);
  } else if (const auto* const role = std::get_if<role_effect>(&e)) {
    x.roles.push_back(*role);
  } else if (const auto* const leads = std::get_if<leader_effect>(&e)) {
    x.leader = leads->leader;
  } else if (const auto* const d = std::get_if<damaged_effect>(&e)) {
    x.damage = d->why.context;
  }
}

void replica_group::settle() {
  for (bool more = true; more;) {
    more = false;
    for (std::uint64_t n = 1; n <= nodes_.size(); ++n) {
      if (!at(n).subject) continue;
      for (auto& e : at(n).subject->take_effects()) {
        more = more || !std::holds_alternative<timer_effect>(e);
        carry_out(n, e);
      }
    }
    for (auto& m : std::exchange(wire_, {})) {
      const auto to = std::visit([](const auto& x) { return x.to.node.value; }, m);
      auto& x = at(to);
      if (!x.subject || x.cut || (x.hears && !x.hears(m))) continue;
      x.subject->received(now(x), std::move(m));
      more = true;
    }
  }
}

void replica_group::run(duration time) {
  const auto end = steady_ + time;
  for (;;) {
    settle();
    auto next = end;
    for (const auto& x : nodes_) {
      if (x->subject && x->timer && !x->frozen) next = std::min(next, std::max(*x->timer, steady_ + 1ms));
    }
    if (next > end || steady_ >= end) break;
    steady_ = next;
    for (const auto& x : nodes_) {
      if (!x->subject || !x->timer || x->frozen || *x->timer > steady_) continue;
      x->timer.reset();
      x->subject->tick(now(*x));
    }
    if (steady_ == end) {
      settle();
      break;
    }
  }
}

std::uint64_t replica_group::leader(duration patience) {
  for (auto waited = 0ms; waited <= patience; waited += 50ms) {
    std::uint64_t best = 0;
    term in;
    for (std::uint64_t n = 1; n <= nodes_.size(); ++n) {
      const auto s = at(n).subject ? at(n).subject->status() : replica_status{};
      if (s.leads && s.in > in && !at(n).cut) best = n, in = s.in;
    }
    if (best != 0) return best;
    run(50ms);
  }
  return 0;
}

cookie replica_group::propose(std::uint64_t n, queue::command what, std::vector<shared_bytes> bodies) {
  const cookie from{++last_cookie_};
  subject(n).propose(now(at(n)), {from, std::move(what), std::move(bodies), false});
  settle();
  return from;
}

cookie replica_group::ask(std::uint64_t n, queue::query what) {
  const cookie from{++last_cookie_};
  subject(n).ask(now(at(n)), {from, std::move(what), true});
  settle();
  return from;
}

const reply_effect* replica_group::put(const std::string& name, const std::string& body) {
  queue::insert what;
  queue::insert_item item;
  item.name = name;
  item.body_size = static_cast<std::uint32_t>(body.size());
  item.body_hash = hash_of(body);
  what.items.push_back(item);
  what.fallback.body_bytes_max = 1 << 20;
  const auto n = leader();
  if (n == 0) return nullptr;
  const auto from = propose(n, {{"acme", "jobs"}, {}, what}, {shared_bytes(body)});
  for (int i = 0; i < 600 && at(n).replies.count(from) == 0; ++i) run(100ms);
  const auto found = at(n).replies.find(from);
  return found == at(n).replies.end() ? nullptr : &found->second;
}

} // namespace burrow::test
