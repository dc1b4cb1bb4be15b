#include "node/node_metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>

namespace burrow {
namespace {

prometheus::Gauge* gauge(prometheus::Registry& registry, const char* name, const char* help) {
  return &prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add({});
}

} // namespace

node_metrics::node_metrics(const std::shared_ptr<prometheus::Registry>& registry) : registry_(registry) {
  auto& r = *registry_;
  last_ = gauge(r, "burrow_backup_last_timestamp_seconds",
                "When the last good backup was finished, in Unix time; 0: never.");
  bytes_ = gauge(r, "burrow_backup_last_bytes", "Size of the last good backup.");
  seconds_ = gauge(r, "burrow_backup_last_duration_seconds", "How long the last good backup took.");
  set_aside_ = gauge(r, "burrow_store_set_aside_timestamp_seconds",
                     "When this node last moved a store to lost/, since it had lost synced writes, in Unix time; 0: "
                     "none is there.");
  auto& ended = prometheus::BuildCounter().Name("burrow_backups_total").Help("Backups that ended, by outcome.")
                  .Register(r);
  done_ = &ended.Add({{"outcome", "done"}});
  failed_ = &ended.Add({{"outcome", "failed"}});
  cancelled_ = &ended.Add({{"outcome", "cancelled"}});
}

void node_metrics::backup_known(std::int64_t unix_seconds, std::uint64_t bytes, double seconds) {
  last_->Set(static_cast<double>(unix_seconds));
  bytes_->Set(static_cast<double>(bytes));
  seconds_->Set(seconds);
}

void node_metrics::store_set_aside(instant when) { set_aside_->Set(static_cast<double>(when.ms) / 1e3); }

void node_metrics::backup_ended(bool good, bool cancelled) {
  (good ? done_ : cancelled ? cancelled_ : failed_)->Increment();
}

} // namespace burrow
