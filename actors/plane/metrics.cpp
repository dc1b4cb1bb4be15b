#include "actors/plane/metrics.hpp"

#include "actors/metric_table.hpp"
#include "cluster/base/assert.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>

#include <algorithm>
#include <map>

namespace burrow::plane {
namespace {

using labels = std::map<std::string, std::string>;

template <class Builder>
auto& made(Builder builder, prometheus::Registry& registry, std::string_view name, const labels& with) {
  const auto rows = actor_metric_table();
  const auto at = std::ranges::find(rows, name, &metric_row::name);
  BURROW_ASSERT(at != rows.end());
  return builder.Name(std::string{name}).Help(std::string{at->help}).Register(registry).Add(with);
}

} // namespace

metrics::metrics(std::shared_ptr<prometheus::Registry> registry)
  : registry_(registry ? std::move(registry) : std::make_shared<prometheus::Registry>()) {
  const auto counter = [&](std::string_view name, const labels& with = {}) {
    return &made(prometheus::BuildCounter(), *registry_, name, with);
  };
  const auto gauge = [&](std::string_view name, const labels& with = {}) {
    return &made(prometheus::BuildGauge(), *registry_, name, with);
  };
  const char* streams[] = {"fast", "bulk", "admit"};
  for (std::size_t i = 0; i < connections_.size(); ++i)
    connections_[i] = gauge("burrow_plane_connections", {{"stream", streams[i]}});
  for (std::size_t i = 1; i < refused_.size(); ++i)
    refused_[i] = counter("burrow_plane_refusals_total", {{"reason", std::string{refusal_names[i]}}});
  const char* reasons[] = {"down", "full", "too_large", "lost"};
  for (std::size_t i = 0; i < dropped_.size(); ++i)
    dropped_[i] = counter("burrow_plane_dropped_total", {{"reason", reasons[i]}});
  const char* directions[] = {"in", "out"};
  for (std::size_t i = 0; i < 2; ++i) {
    frames_[i] = counter("burrow_plane_frames_total", {{"direction", directions[i]}});
    bytes_[i] = counter("burrow_plane_bytes_total", {{"direction", directions[i]}});
  }
  dial_failed_ = counter("burrow_plane_dial_failures_total");
  stalled_ = counter("burrow_plane_stalls_total");
  reload_failed_ = counter("burrow_certificate_reload_failures_total");
  expires_ = gauge("burrow_certificate_expiry_seconds");
}

void metrics::connections(stream_kind stream, int change) {
  connections_[static_cast<std::size_t>(stream) - 1]->Increment(change);
}
void metrics::refused(refusal why) { refused_[static_cast<std::size_t>(why)]->Increment(); }
void metrics::dial_failed() { dial_failed_->Increment(); }
void metrics::stalled() { stalled_->Increment(); }
void metrics::reload_failed() { reload_failed_->Increment(); }
void metrics::certificates(std::int64_t expires_s) { expires_->Set(static_cast<double>(expires_s)); }

void metrics::received(std::size_t frames, std::size_t bytes) {
  frames_[0]->Increment(static_cast<double>(frames));
  bytes_[0]->Increment(static_cast<double>(bytes));
}
void metrics::sent(std::size_t frames, std::size_t bytes) {
  frames_[1]->Increment(static_cast<double>(frames));
  bytes_[1]->Increment(static_cast<double>(bytes));
}
void metrics::dropped_frames(dropped why, std::size_t frames) {
  if (frames > 0) dropped_[static_cast<std::size_t>(why)]->Increment(static_cast<double>(frames));
}

} // namespace burrow::plane
