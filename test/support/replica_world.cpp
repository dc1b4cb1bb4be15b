#include "test/support/replica_world.hpp"

#include "cluster/codec/log_codec.hpp"
#include "cluster/replica/reading.hpp"
#include "cluster/storage/keys.hpp"

#include <algorithm>

namespace burrow::test {
namespace {

using namespace std::chrono_literals;
constexpr shard_id shard_one{1};
constexpr duration patience = 60s;

} // namespace

replica_world::replica_world(const world_options& options)
    : options_(options), chance_(options.seed),
      store_(memory_options{options.seed ^ 0x5eed, options.not_here_per_mille, 64, 0, {1ULL << 40, 1ULL << 41}}) {}

bool replica_world::start() {
  const replica_options options{shard_one, node_id{77}, options_.check_state, options_.witness};
  auto stored = load_replica(store_, options);
  if (!stored) damage = stored.error().context;
  if (!stored) return false;
  replica_ = std::make_unique<replica>(options, store_, *stored, now());
  damaged_ = leads_ = false;
  timer_ = steady_;
  carry_out();
  return true;
}

void replica_world::crash() {
  replica_.reset();
  queued_.clear();
  syncing_.reset();
  loads_.clear();
  if (options_.lose_unsynced) store_.crash(chance_);
}

duration replica_world::later(duration most) {
  return steady_ + duration{static_cast<std::int64_t>(chance_.below(static_cast<std::uint64_t>(most.count()) + 1))};
}

cookie replica_world::propose(queue::command what, std::vector<shared_bytes> bodies, bool want_bodies) {
  const cookie from{++last_cookie_};
  replica_->propose(now(), {from, std::move(what), std::move(bodies), want_bodies});
  return from;
}

cookie replica_world::ask(queue::query what, bool want_bodies) {
  const cookie from{++last_cookie_};
  replica_->ask(now(), {from, std::move(what), want_bodies});
  return from;
}

void replica_world::carry_out() {
  std::size_t persists = 0;
  for (auto& effect : replica_->take_effects()) {
    if (auto* const p = std::get_if<persist_effect>(&effect)) {
      ++persists;
      ++persists_made;
      queued_.push_back(std::move(*p));
    } else if (auto* const l = std::get_if<load_effect>(&effect)) {
      ++loads_made;
      const auto at = later(options_.read_max);
      loads_.push_back({l->id, std::move(l->items), std::nullopt, at, at + (later(options_.read_max) - steady_)});
    } else if (auto* const r = std::get_if<reply_effect>(&effect)) {
      BURROW_ASSERT(replies_.emplace(r->to, std::move(*r)).second);
    } else if (auto* const a = std::get_if<answer_effect>(&effect)) {
      BURROW_ASSERT(answers_.emplace(a->to, std::move(*a)).second);
    } else if (const auto* const t = std::get_if<timer_effect>(&effect)) {
      timer_ = t->steady;
    } else if (const auto* const role = std::get_if<role_effect>(&effect)) {
      leads_ = role->leads;
    } else if (std::holds_alternative<notify_effect>(effect)) {
      ++notified;
    } else if (const auto* const d = std::get_if<damaged_effect>(&effect)) {
      damaged_ = true;
      damage = d->why.context;
    } else if (const auto* const ahead = std::get_if<time_ahead_effect>(&effect)) {
      times_ahead.push_back(ahead->ahead);
    }
  }
  BURROW_ASSERT(persists <= 1);
}

void replica_world::write_queued() {
  if (syncing_ || queued_.empty()) return;
  syncing next{{}, 0, steady_, false};
  // Sometimes only a part, as when other shards fill the batch.
  auto count = chance_.chance(300) ? chance_.between(1, queued_.size()) : queued_.size();
  for (; count > 0; --count) {
    const auto& p = queued_.front();
    BURROW_ASSERT(store_.write(*p.batch).ok());
    next.tickets.push_back(p.ticket);
    next.sync = next.sync || p.sync;
    queued_.pop_front();
  }
  next.sequence = store_.sequence();
  next.done_at = next.sync ? later(options_.sync_max) : steady_;
  syncing_ = std::move(next);
}

void replica_world::finish_sync() {
  if (!syncing_ || syncing_->done_at > steady_) return;
  if (syncing_->sync) BURROW_ASSERT(store_.sync_to(syncing_->sequence).ok());
  // Told one by one or only the last: both are allowed.
  if (chance_.chance(500)) {
    for (const auto t : syncing_->tickets) replica_->persisted(now(), t);
  } else {
    replica_->persisted(now(), syncing_->tickets.back());
  }
  syncing_.reset();
}

void replica_world::run(duration time) {
  carry_out();
  for (const auto end = steady_ + time; steady_ < end; ++steady_) {
    write_queued();
    finish_sync();
    for (std::size_t i = 0; i < loads_.size();) {
      auto& l = loads_[i];
      if (!l.values && l.read_at <= steady_) {
        l.values.emplace();
        for (const auto& item : l.items) l.values->push_back(read_item(store_, item));
      }
      if (!l.values || l.told_at > steady_) {
        ++i;
        continue;
      }
      replica_->loaded(now(), l.id, std::move(*l.values));
      loads_.erase(loads_.begin() + static_cast<std::ptrdiff_t>(i));
    }
    if (timer_ && *timer_ <= steady_) {
      timer_.reset();
      replica_->tick(now());
    }
    carry_out();
  }
}

const reply_effect* replica_world::reply_to(cookie what) {
  for (const auto end = steady_ + patience; steady_ < end && replies_.count(what) == 0;) run(1ms);
  const auto at = replies_.find(what);
  return at == replies_.end() ? nullptr : &at->second;
}

const answer_effect* replica_world::answer_to(cookie what) {
  for (const auto end = steady_ + patience; steady_ < end && answers_.count(what) == 0;) run(1ms);
  const auto at = answers_.find(what);
  return at == answers_.end() ? nullptr : &at->second;
}

void replica_world::settle() { run(2s); }

std::pair<hash128, hash128> replica_world::state_hashes() const {
  const auto prefix = keys::prefix(shard_one, {});
  scan_request all;
  all.from = prefix;
  all.to = keys::after_prefix(prefix);
  all.items_max = ~std::size_t{0};
  auto page = store_.scan(family::queue, all, read_tier::disk);
  BURROW_ASSERT(page.ok());
  hash128 recomputed, noted;
  for (const auto& [key, value] : page->items) {
    const auto relative = std::string_view(key).substr(prefix.size());
    if (relative == keys::applied_relative) noted = codec::decode_applied(shard_one, value)->state_hash;
    else recomputed = recomputed + hash_of(relative, value);
  }
  return {noted, recomputed};
}

} // namespace burrow::test
