#include "actors/gateway/gateway_metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>

namespace burrow {

gateway_metrics::gateway_metrics(std::shared_ptr<prometheus::Registry> registry)
  : registry_(registry ? std::move(registry) : std::make_shared<prometheus::Registry>()) {
  auto& requests = prometheus::BuildCounter().Name("burrow_http_requests_total")
                     .Help("Requests answered, by route and class of status.").Register(*registry_);
  for (std::size_t r = 0; r < routes.size(); ++r) {
    for (std::size_t c = 0; c < requests_[r].size(); ++c) {
      requests_[r][c] = &requests.Add({{"route", std::string{routes[r]}}, {"status", std::to_string(c + 1) + "xx"}});
    }
  }
  auto& refused = prometheus::BuildCounter().Name("burrow_http_refused_total")
                    .Help("Requests and connections turned away by a bound of the gateway.").Register(*registry_);
  constexpr std::array<const char*, 5> reasons = {"connections", "buffers", "malformed", "too_slow", "too_large"};
  for (std::size_t i = 0; i < reasons.size(); ++i) refused_[i] = &refused.Add({{"reason", reasons[i]}});
  seconds_ = &prometheus::BuildHistogram().Name("burrow_http_request_seconds")
                .Help("From the last byte of a request to its answer being handed to the socket.")
                .Register(*registry_)
                .Add({}, prometheus::Histogram::BucketBoundaries{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                                                 0.25, 0.5, 1, 2.5, 10, 30, 120});
  auto& bytes = prometheus::BuildCounter().Name("burrow_http_bytes_total").Help("Bytes of requests and answers.")
                  .Register(*registry_);
  bytes_in_ = &bytes.Add({{"direction", "in"}});
  bytes_out_ = &bytes.Add({{"direction", "out"}});
  accepted_ = &prometheus::BuildCounter().Name("burrow_http_accepted_total").Help("Connections accepted.")
                 .Register(*registry_).Add({});
  connections_ = &prometheus::BuildGauge().Name("burrow_http_connections").Help("Connections open.")
                    .Register(*registry_).Add({});
  streams_ = &prometheus::BuildGauge().Name("burrow_http_streams").Help("Event streams open.")
                .Register(*registry_).Add({});
  events_ = &prometheus::BuildCounter().Name("burrow_http_stream_events_total").Help("Messages sent in event streams.")
               .Register(*registry_).Add({});
}

void gateway_metrics::answered(std::string_view route, int status, double seconds, std::size_t bytes_in,
                               std::size_t bytes_out) {
  const auto at = std::find(routes.begin(), routes.end(), route);
  const auto r = at == routes.end() ? 0 : static_cast<std::size_t>(at - routes.begin());
  requests_[r][static_cast<std::size_t>(std::clamp(status / 100, 1, 5) - 1)]->Increment();
  seconds_->Observe(seconds);
  bytes_in_->Increment(static_cast<double>(bytes_in));
  bytes_out_->Increment(static_cast<double>(bytes_out));
}

void gateway_metrics::connections(std::size_t open) { connections_->Set(static_cast<double>(open)); }
void gateway_metrics::streams(int change) { streams_->Increment(change); }
void gateway_metrics::events(std::size_t count, std::size_t bytes) {
  events_->Increment(static_cast<double>(count));
  bytes_out_->Increment(static_cast<double>(bytes));
}
void gateway_metrics::accepted() { accepted_->Increment(); }
void gateway_metrics::refused(reason why) { refused_[static_cast<std::size_t>(why)]->Increment(); }

std::string gateway_metrics::page() const { return prometheus::TextSerializer().Serialize(registry_->Collect()); }

} // namespace burrow
