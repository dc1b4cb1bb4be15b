#include "actors/actor_metrics.hpp"

#include "actors/metric_table.hpp"
#include "cluster/base/assert.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <algorithm>
#include <string>

namespace burrow {
namespace {

const metric_row& row(std::string_view name) {
  const auto rows = actor_metric_table();
  const auto at = std::ranges::find(rows, name, &metric_row::name);
  BURROW_ASSERT(at != rows.end());
  return *at;
}

template <class Builder>
auto& family_of(Builder builder, const metric_row& r, prometheus::Registry& registry) {
  return builder.Name(std::string{r.name}).Help(std::string{r.help}).Register(registry);
}

prometheus::Counter* counter(prometheus::Registry& registry, std::string_view name,
                             const std::map<std::string, std::string>& labels = {}) {
  return &family_of(prometheus::BuildCounter(), row(name), registry).Add(labels);
}
prometheus::Gauge* gauge(prometheus::Registry& registry, std::string_view name) {
  return &family_of(prometheus::BuildGauge(), row(name), registry).Add({});
}
prometheus::Histogram* histogram(prometheus::Registry& registry, std::string_view name,
                                 prometheus::Histogram::BucketBoundaries buckets) {
  return &family_of(prometheus::BuildHistogram(), row(name), registry).Add({}, std::move(buckets));
}

std::size_t rounded(double x) { return x <= 0 ? 0 : static_cast<std::size_t>(x + 0.5); }

} // namespace

actor_metrics::actor_metrics(std::shared_ptr<prometheus::Registry> registry)
  : registry_(registry ? std::move(registry) : std::make_shared<prometheus::Registry>()) {
  auto& r = *registry_;
  writes_ = counter(r, "burrow_log_writes_total");
  persists_ = counter(r, "burrow_log_persists_total");
  bytes_ = counter(r, "burrow_log_written_bytes_total");
  proposals_ = counter(r, "burrow_shard_proposals_total");
  questions_ = counter(r, "burrow_shard_questions_total");
  sync_seconds_ = histogram(r, "burrow_log_sync_seconds", {1e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1, 3});
  batch_persists_ = histogram(r, "burrow_log_batch_persists", {1, 2, 4, 8, 16, 32, 64, 128, 256, 1024, 4096});
  disk_free_ = gauge(r, "burrow_disk_free_bytes");
  queue_actors_ = gauge(r, "burrow_queue_actors");
  waiters_ = gauge(r, "burrow_waiters");
  damaged_ = gauge(r, "burrow_shards_damaged");
  quarantined_ = gauge(r, "burrow_shards_quarantined");
  time_ahead_ = gauge(r, "burrow_shard_time_ahead_seconds");
  moves_open_ = gauge(r, "burrow_moves_open");
  moves_left_ = counter(r, "burrow_moves_total");
  moves_resent_ = counter(r, "burrow_moves_resent_total");
  peer_refused_ = counter(r, "burrow_peer_messages_refused_total");
  const char* reasons[] = {"busy", "draining", "too_many_waiters"};
  for (std::size_t i = 0; i < refused_.size(); ++i)
    refused_[i] = counter(r, "burrow_refused_total", {{"reason", reasons[i]}});
  const char* rules[] = {"paused", "full", "ttl", "receipt", "durability"};
  for (std::size_t i = 0; i < rules_.size(); ++i)
    rules_[i] = counter(r, "burrow_queue_rule_refusals_total", {{"rule", rules[i]}});
  dropped_ = counter(r, "burrow_messages_dropped_total");
  const char* outcomes[] = {"replayed", "duplicate", "key_reused", "in_progress", "full"};
  for (std::size_t i = 0; i < dedupe_.size(); ++i)
    dedupe_[i] = counter(r, "burrow_dedupe_total", {{"outcome", outcomes[i]}});
  const char* forwards[] = {"operation", "question", "proposal"};
  for (std::size_t i = 0; i < forwarded_.size(); ++i)
    forwarded_[i] = counter(r, "burrow_forwarded_total", {{"kind", forwards[i]}});
  const char* failures[] = {"no_leader", "busy", "lost", "malformed"};
  for (std::size_t i = 0; i < forward_failed_.size(); ++i)
    forward_failed_[i] = counter(r, "burrow_forward_failed_total", {{"reason", failures[i]}});
  forward_served_ = counter(r, "burrow_forward_served_total");
  forward_repeated_ = counter(r, "burrow_forward_repeated_total");
  const char* repeats[] = {"answered", "session_lost"};
  for (std::size_t i = 0; i < repeats_.size(); ++i)
    repeats_[i] = counter(r, "burrow_repeats_total", {{"outcome", repeats[i]}});
  const char* kinds[] = {"queue", "tenant", "replica", "reader", "ticker"};
  for (std::size_t i = 0; i < restarts_.size(); ++i)
    restarts_[i] = counter(r, "burrow_restarts_total", {{"kind", kinds[i]}});
}

void actor_metrics::wrote(std::size_t persists, std::size_t bytes) {
  writes_->Increment();
  persists_->Increment(static_cast<double>(persists));
  bytes_->Increment(static_cast<double>(bytes));
  batch_persists_->Observe(static_cast<double>(persists));
}
void actor_metrics::synced(double seconds) { sync_seconds_->Observe(seconds); }
void actor_metrics::disk_free(std::uint64_t bytes) { disk_free_->Set(static_cast<double>(bytes)); }
void actor_metrics::shard_took(std::size_t proposals, std::size_t questions) {
  if (proposals > 0) proposals_->Increment(static_cast<double>(proposals));
  if (questions > 0) questions_->Increment(static_cast<double>(questions));
}
void actor_metrics::queue_actors(int change) { queue_actors_->Increment(change); }
void actor_metrics::waiters(int change) { waiters_->Increment(change); }
void actor_metrics::refused(refusal why) { refused_.at(static_cast<std::size_t>(why))->Increment(); }
void actor_metrics::refused_by(rule which) { rules_.at(static_cast<std::size_t>(which))->Increment(); }
void actor_metrics::dropped(std::uint64_t messages) { dropped_->Increment(static_cast<double>(messages)); }
void actor_metrics::deduped(dedupe what) { dedupe_.at(static_cast<std::size_t>(what))->Increment(); }
void actor_metrics::repeat(repeated what) { repeats_.at(static_cast<std::size_t>(what))->Increment(); }
void actor_metrics::restart(restarted kind) { restarts_.at(static_cast<std::size_t>(kind))->Increment(); }
void actor_metrics::shard_off(bool quarantined, int change) {
  (quarantined ? quarantined_ : damaged_)->Increment(change);
}
void actor_metrics::moves(std::int64_t open, std::uint64_t left, std::uint64_t resent) {
  if (open != 0) moves_open_->Increment(static_cast<double>(open));
  if (left > 0) moves_left_->Increment(static_cast<double>(left));
  if (resent > 0) moves_resent_->Increment(static_cast<double>(resent));
}
void actor_metrics::peer_message_refused() { peer_refused_->Increment(); }
void actor_metrics::shard_time_ahead(shard_id shard, duration ahead) {
  const std::lock_guard lock(ahead_mutex_);
  if (ahead > duration{0}) ahead_[shard] = ahead;
  else if (ahead_.erase(shard) == 0) return;
  duration most{0};
  for (const auto& [of, by] : ahead_) most = std::max(most, by);
  time_ahead_->Set(std::chrono::duration<double>(most).count());
}
void actor_metrics::forwarded(forward_kind what) { forwarded_.at(static_cast<std::size_t>(what))->Increment(); }
void actor_metrics::forward_served() { forward_served_->Increment(); }
void actor_metrics::forward_repeated() { forward_repeated_->Increment(); }
void actor_metrics::forward_failed(forward_failure why) {
  forward_failed_.at(static_cast<std::size_t>(why))->Increment();
}

std::size_t actor_metrics::queue_actors_now() const { return rounded(queue_actors_->Value()); }
std::size_t actor_metrics::waiters_now() const { return rounded(waiters_->Value()); }
std::size_t actor_metrics::shards_damaged_now() const { return rounded(damaged_->Value()); }
double actor_metrics::shard_time_ahead_now() const { return time_ahead_->Value(); }
std::size_t actor_metrics::forwarded_now(forward_kind what) const {
  return rounded(forwarded_.at(static_cast<std::size_t>(what))->Value());
}
std::size_t actor_metrics::forward_repeated_now() const { return rounded(forward_repeated_->Value()); }
std::size_t actor_metrics::forward_failed_now(forward_failure why) const {
  return rounded(forward_failed_.at(static_cast<std::size_t>(why))->Value());
}
std::size_t actor_metrics::repeats_now(repeated what) const {
  return rounded(repeats_.at(static_cast<std::size_t>(what))->Value());
}
std::size_t actor_metrics::restarts_now() const {
  double sum = 0;
  for (const auto* kind : restarts_) sum += kind->Value();
  return rounded(sum);
}

} // namespace burrow
