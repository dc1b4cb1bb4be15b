// Two answers of /admin/v1/load become rates, and rates become lines.
#include "node/top.hpp"

#include <doctest/doctest.h>

using namespace burrow;
using json = nlohmann::ordered_json;

namespace {

json load(double uptime, int requests, int changes, json latency) {
  return {{"uptime_s", uptime}, {"replicas", 3}, {"leads", 1}, {"requests", requests}, {"requests_failed", 0},
          {"connections", 1}, {"waiters", 0}, {"queues", 2}, {"cpu_s", uptime / 10}, {"resident", 1 << 20},
          {"disk_free", 60}, {"disk_total", 100}, {"syncs", requests}, {"sync_s", requests * 0.002},
          {"latency", std::move(latency)}, {"shards", {{7, changes}, {8, 0}}}};
}

json sample(json of_n1, json of_n2) {
  return {{"at", "2026-01-31T12:00:00.000Z"}, {"complete", true}, {"can_lose", "nothing"}, {"hint", "add a third node"},
          {"nodes", {{{"node", "n1"}, {"zone", "a"}, {"state", "ok"}, {"load", std::move(of_n1)}},
                     {{"node", "n2"}, {"zone", "b"}, {"state", "dead"}, {"load", std::move(of_n2)}}}}};
}

json buckets(int first, int second, int all) { return {{0.01, first}, {0.1, second}, {nullptr, all}}; }

} // namespace

TEST_CASE("rates are differences over the node's own time; a node that says nothing has none") {
  const auto figures = top_figures(sample(load(10, 100, 50, buckets(0, 0, 0)), {}),
                                   sample(load(12, 300, 150, buckets(0, 100, 100)), {}));
  CHECK(figures["up"] == 1);
  CHECK(figures["nodes"] == 2);
  CHECK(figures["over_s"] == 2.0);
  CHECK(figures["total"]["requests_per_s"] == 100.0);
  CHECK(figures["total"]["changes_per_s"] == 50.0);
  const auto& one = figures["rows"][0];
  CHECK(one["requests_per_s"] == 100.0);
  CHECK(one["cpu"].get<double>() == doctest::Approx(0.1));
  CHECK(one["sync_s"].get<double>() == doctest::Approx(0.002));
  CHECK(one["p99_s"].get<double>() == doctest::Approx(0.0991));
  const auto& two = figures["rows"][1];
  CHECK(two["requests_per_s"].is_null());
  CHECK(two["resident"].is_null());
  CHECK(two["state"] == "dead");
}

TEST_CASE("a node that was started in between has no rates, not negative ones") {
  const auto figures = top_figures(sample(load(100, 1000, 50, buckets(1, 2, 3)), {}),
                                   sample(load(2, 10, 5, buckets(0, 0, 0)), {}));
  CHECK(figures["rows"][0]["requests_per_s"].is_null());
  CHECK(figures["rows"][0]["p99_s"].is_null());
  CHECK(figures["total"]["requests_per_s"] == 0.0);
}

TEST_CASE("a quantile lies within its bucket, and beyond the last bound it is not known") {
  CHECK(latency_between(buckets(0, 0, 0), buckets(100, 100, 100), 0.5).get<double>() == doctest::Approx(0.005));
  CHECK(latency_between(buckets(50, 60, 60), buckets(50, 160, 160), 0.5).get<double>() == doctest::Approx(0.055));
  CHECK(latency_between(buckets(0, 0, 0), buckets(0, 0, 9), 0.99).is_null());
  CHECK(latency_between(buckets(1, 1, 1), buckets(1, 1, 1), 0.99).is_null());
  CHECK(latency_between(json::array(), buckets(1, 1, 1), 0.99).is_null());
  CHECK(latency_between({}, {}, 0.99).is_null());
}

TEST_CASE("what is shown is sorted, filtered and bounded") {
  auto figures = top_figures(sample(load(10, 0, 0, {}), load(10, 0, 0, {})),
                             sample(load(11, 10, 10, {}), load(11, 20, 20, {})));
  for (const char* name : {"a/one", "a/two", "b/three"})
    figures["queues"].push_back({{"queue", name}, {"visible", 1}, {"hidden", 0}, {"messages", 1}, {"bytes", 1},
                                 {"oldest_age_s", 1}, {"growth_per_s", nullptr}, {"insert_per_s", name[2] == 't'}});
  top_look look;
  look.rows = 2;
  auto chosen = top_chosen(figures, look);
  CHECK(chosen["rows"][0]["node"] == "n2");
  CHECK(chosen["shards"].size() == 2);
  CHECK(chosen["queues"].size() == 2);
  look.sort = "name";
  CHECK(top_chosen(figures, look)["rows"][0]["node"] == "n1");
  look.filter = "n1";
  chosen = top_chosen(figures, look);
  CHECK(chosen["rows"].size() == 1);
  CHECK(chosen["queues"].empty());
  look.filter = "b/";
  CHECK(top_chosen(figures, look)["queues"].size() == 1);
}

TEST_CASE("lines fit 100 columns, and no more of them come than there is room for") {
  const auto figures = top_figures(sample(load(10, 0, 0, {}), {}),
                                   sample(load(11, 123'456, 99'999, buckets(1, 2, 3)), {}));
  const top_look whole;
  const auto text = top_text(top_chosen(figures, whole), whole);
  CHECK(text.find("NODE") != std::string::npos);
  CHECK(text.find("SHARD") != std::string::npos);
  CHECK(text.find("can lose nothing   (add a third node)") != std::string::npos);
  for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1) CHECK(text.find('\n', at) - at <= 100);
  top_look few;
  few.lines = 3;
  const auto cut = top_text(top_chosen(figures, few), few);
  CHECK(std::count(cut.begin(), cut.end(), '\n') == 3);
}
