#include "test/support/moves_world.hpp"

#include "cluster/codec/log_codec.hpp"
#include "cluster/replica/reading.hpp"
#include "cluster/storage/keys.hpp"

#include <algorithm>

namespace burrow::test {

using namespace std::chrono_literals;

struct moves_world::host {
  shard_id shard;
  memory_store disk;
  std::unique_ptr<replica> subject;
  duration back_at{0}; ///< when it is down
  std::deque<persist_effect> queued;
  struct syncing {
    std::vector<persist_ticket> tickets;
    std::uint64_t sequence;
    duration done_at;
    bool sync;
  };
  std::optional<syncing> sync;
  struct load {
    load_effect what;
    std::optional<std::vector<loaded_item>> values;
    duration read_at, told_at;
  };
  std::vector<load> loads;
  std::optional<duration> timer;
  map_view state; ///< as its log on disk makes it
  log_index followed;
  instant time;
  std::map<cookie, std::pair<shard_id, cookie>> callers; ///< ours to a caller's; shard 0: a client
};

moves_world::moves_world(const moves_options& options) : options_(options), chance_(options.seed) {
  for (std::uint16_t n = 1; n <= options.shards; ++n) {
    memory_options disk;
    disk.seed = options.seed * 64 + n;
    disk.not_here_per_mille = options.not_here_per_mille;
    hosts_.push_back(std::make_unique<host>());
    hosts_.back()->shard = {n};
    hosts_.back()->disk = memory_store(disk);
    start(*hosts_.back());
  }
}
moves_world::~moves_world() = default;

duration moves_world::later(duration most) {
  return steady_ + duration{static_cast<std::int64_t>(chance_.below(static_cast<std::uint64_t>(most.count()) + 1))};
}

replica_status moves_world::status(shard_id shard) const {
  const auto& h = *hosts_[shard.value - 1U];
  return h.subject ? h.subject->status() : replica_status{};
}

void moves_world::start(host& h) {
  const replica_options options{h.shard, node_id{77}, false, nullptr};
  auto stored = load_replica(h.disk, options);
  BURROW_ASSERT(stored.ok());
  follow(h); // what survived unsynced is in the log from now on
  h.subject = std::make_unique<replica>(options, h.disk, *stored, clock());
  h.timer = steady_;
}

void moves_world::follow(host& h) {
  scan_request request;
  request.from = keys::raft_log(h.shard, {h.followed.value + 1});
  request.to = keys::after_prefix(keys::raft_state(h.shard));
  request.items_max = ~std::size_t{0};
  const auto page = h.disk.scan(family::raft_log, request, read_tier::disk);
  for (const auto& [key, bytes] : page.value().items) {
    const auto index = keys::parse_raft_log(key)->second;
    if (index.value != h.followed.value + 1) return found_.add("log", "a gap");
    const auto e = codec::decode_entry(h.shard, index, bytes).value();
    h.followed = index;
    if (e.kind != raft::entry_kind::command) continue;
    const auto command = codec::decode_command(e.payload.command.view(), e.payload.bodies).value();
    h.time = std::max(h.time, command.now);
    const auto out = queue::apply({h.shard, index, h.time}, command.what, h.state);
    if (const auto bad = h.state.accept(out.changes); !bad.empty()) found_.add("delta", bad);
    check_.applied(h.shard, command.what, out, found_);
  }
}

void moves_world::crash(shard_id shard) {
  auto& h = of(shard);
  if (!h.subject) return;
  ++crashes;
  h.subject.reset();
  h.queued.clear();
  h.sync.reset();
  h.loads.clear();
  h.callers.clear();
  h.disk.crash(chance_);
  h.back_at = later(400ms);
}

void moves_world::heal() {
  faults_ = false;
  for (auto& h : hosts_)
    if (!h->subject) start(*h);
}

void moves_world::aim(host& h) {
  if (!faults_ || !chance_.chance(options_.aimed_per_mille)) return;
  // Whoever made the step, or somebody else, or both.
  const auto other = static_cast<std::uint16_t>(chance_.between(1, hosts_.size()));
  if (chance_.chance(600)) crash(h.shard);
  if (chance_.chance(400)) crash({other});
}

std::optional<cookie> moves_world::propose(shard_id to, queue::command what, std::vector<shared_bytes> bodies) {
  auto& h = of(to);
  if (!h.subject) return std::nullopt;
  const cookie from{++last_cookie_};
  h.callers[from] = {shard_id{0}, from};
  h.subject->propose(clock(), {from, std::move(what), std::move(bodies), false});
  return from;
}

void moves_world::send(envelope what) {
  if (faults_ && chance_.chance(options_.lost_per_mille)) return;
  what.at = later(options_.network_max);
  if (faults_ && chance_.chance(options_.repeated_per_mille)) {
    network_.push_back(what);
    network_.back().at = later(20 * options_.network_max);
  }
  network_.push_back(std::move(what));
}

void moves_world::carry_out(host& h) {
  if (!h.subject) return;
  bool step = false;
  for (auto& effect : h.subject->take_effects()) {
    if (auto* const p = std::get_if<persist_effect>(&effect)) {
      h.queued.push_back(std::move(*p));
    } else if (auto* const l = std::get_if<load_effect>(&effect)) {
      const auto at = later(options_.read_max);
      h.loads.push_back({std::move(*l), std::nullopt, at, at + (later(options_.read_max) - steady_)});
    } else if (auto* const r = std::get_if<reply_effect>(&effect)) {
      const auto who = h.callers.at(r->to);
      h.callers.erase(r->to);
      step = step || who.first.value != 0;
      if (who.first.value == 0) replies_.emplace(std::pair{h.shard, who.second}, std::move(r->outcome));
      else send({h.shard, who.first, who.second, std::move(r->outcome), {}});
    } else if (auto* const a = std::get_if<answer_effect>(&effect)) {
      const auto who = h.callers.at(a->to);
      h.callers.erase(a->to);
      if (who.first.value != 0) send({h.shard, who.first, who.second, std::move(a->outcome), {}});
    } else if (auto* const c = std::get_if<call_effect>(&effect)) {
      ++calls;
      step = true;
      std::visit([&](auto& what) { send({h.shard, c->to, what.from, std::move(what), {}}); }, c->what);
    } else if (const auto* const t = std::get_if<timer_effect>(&effect)) {
      h.timer = t->steady;
    }
    BURROW_ASSERT(!std::holds_alternative<damaged_effect>(effect));
  }
  if (step) aim(h);
}

void moves_world::write(host& h) {
  if (h.sync || h.queued.empty()) return;
  host::syncing next{{}, 0, steady_, false};
  for (auto count = chance_.between(1, h.queued.size()); count > 0; --count) {
    const auto& p = h.queued.front();
    BURROW_ASSERT(h.disk.write(*p.batch).ok());
    next.tickets.push_back(p.ticket);
    next.sync = next.sync || p.sync;
    h.queued.pop_front();
  }
  next.sequence = h.disk.sequence();
  next.done_at = next.sync ? later(options_.sync_max) : steady_;
  h.sync = std::move(next);
}

void moves_world::finish_sync(host& h) {
  if (!h.sync || h.sync->done_at > steady_) return;
  const bool synced = h.sync->sync;
  if (synced) {
    BURROW_ASSERT(h.disk.sync_to(h.sync->sequence).ok());
    const auto moved = check_.left + check_.arrived;
    follow(h);
    if (check_.left + check_.arrived != moved) aim(h);
    if (!h.subject) return;
  }
  for (const auto t : h.sync->tickets) h.subject->persisted(clock(), t);
  h.sync.reset();
}

void moves_world::read_some(host& h) {
  for (std::size_t i = 0; i < h.loads.size();) {
    auto& l = h.loads[i];
    if (!l.values && l.read_at <= steady_) {
      l.values.emplace();
      for (const auto& item : l.what.items) l.values->push_back(read_item(h.disk, item));
    }
    if (!l.values || l.told_at > steady_) {
      ++i;
      continue;
    }
    h.subject->loaded(clock(), l.what.id, std::move(*l.values));
    h.loads.erase(h.loads.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

void moves_world::receive(host& h, envelope& m) {
  if (!h.subject) return;
  if (auto* const r = std::get_if<result<queue::reply>>(&m.what)) return h.subject->called(clock(), m.call, *r);
  if (auto* const a = std::get_if<result<queue::answer>>(&m.what)) return h.subject->called(clock(), m.call, *a);
  const cookie ours{++last_cookie_};
  h.callers[ours] = {m.from, m.call};
  if (auto* const p = std::get_if<proposal>(&m.what)) {
    p->from = ours;
    h.subject->propose(clock(), std::move(*p));
  } else {
    std::get<question>(m.what).from = ours;
    h.subject->ask(clock(), std::move(std::get<question>(m.what)));
  }
}

void moves_world::deliver() {
  for (std::size_t i = 0; i < network_.size();) {
    if (network_[i].at > steady_) {
      ++i;
      continue;
    }
    auto m = std::move(network_[i]);
    network_.erase(network_.begin() + static_cast<std::ptrdiff_t>(i));
    auto& h = of(m.to);
    receive(h, m);
    carry_out(h);
  }
}

void moves_world::tick(host& h) {
  if (!h.subject) {
    if (h.back_at <= steady_) start(h);
    else return;
  }
  if (faults_ && chance_.below(1'000'000) < options_.crash_per_million) return crash(h.shard);
  write(h);
  finish_sync(h);
  if (!h.subject) return;
  read_some(h);
  if (h.timer && *h.timer <= steady_) {
    h.timer.reset();
    h.subject->tick(clock());
  }
  carry_out(h);
}

void moves_world::run(duration time) {
  for (const auto end = steady_ + time; steady_ < end; ++steady_) {
    deliver();
    for (auto& h : hosts_) tick(*h);
  }
  resent = 0;
  for (const auto& h : hosts_) resent += h->subject ? h->subject->status().arrivals_resent : 0;
}

} // namespace burrow::test
