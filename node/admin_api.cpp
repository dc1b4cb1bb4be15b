#include "node/admin_api.hpp"

#include "node/text.hpp"
#include "node/version.hpp"

#include <caf/all.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace burrow {
namespace {

using json = nlohmann::ordered_json;
using namespace std::chrono_literals;

constexpr auto answer_time = 5s;
constexpr std::uint32_t accounts_counted_max = 1000; ///< a shard; beyond it the backlog says that it is a lower bound

http_response json_response(int status, const json& what) {
  http_response out;
  out.status = status;
  out.fields.emplace_back("Content-Type", status < 400 ? "application/json" : "application/problem+json");
  out.fields.emplace_back("Cache-Control", "no-store");
  out.body = what.dump(-1, ' ', false, json::error_handler_t::replace);
  return out;
}

http_response problem(int status, std::string_view slug, std::string_view title, std::string_view detail,
                      const std::string& path, const std::string& request_id) {
  json out;
  out["type"] = fmt::format("/problems/{}", slug);
  out["title"] = title;
  out["status"] = status;
  out["detail"] = detail;
  out["instance"] = path;
  out["request_id"] = request_id;
  out["retryable"] = status == 503;
  auto response = json_response(status, out);
  if (status == 503) response.fields.emplace_back("Retry-After", "1");
  return response;
}

std::optional<node_status> ask_status(caf::scoped_actor& self, const caf::actor& supervisor) {
  std::optional<node_status> out;
  self->send(supervisor, get_status{caf::actor_cast<caf::actor>(self)});
  self->receive([&](node_status& status) { out = std::move(status); }, caf::after(answer_time) >> [] {});
  return out;
}

struct backlog {
  std::uint64_t messages = 0, bytes = 0, queues = 0;
  bool exact = true;
};

/// One question to each shard; those that do not answer make the figure a lower bound.
backlog ask_backlog(caf::scoped_actor& self, const std::vector<caf::actor>& shards) {
  for (std::size_t i = 0; i < shards.size(); ++i) {
    queue::list_tenants all;
    all.limit = accounts_counted_max;
    shard_work work;
    work.questions.push_back({cookie{i}, {{}, all}, false});
    work.from = caf::actor_cast<caf::actor>(self);
    self->send(shards[i], std::move(work));
  }
  backlog out;
  std::size_t answered = 0;
  bool late = false;
  while (answered < shards.size() && !late) {
    self->receive(
      [&](shard_results& results) {
        for (const auto& one : results.answers) {
          ++answered;
          const auto* tenants = one.outcome ? std::get_if<queue::tenants_answer>(&*one.outcome) : nullptr;
          if (!tenants || tenants->more) out.exact = false;
          if (!tenants) continue;
          for (const auto& t : tenants->items) {
            out.messages += t.messages;
            out.bytes += t.bytes;
            out.queues += t.queues;
          }
        }
      },
      caf::after(answer_time) >> [&] { late = true; });
  }
  out.exact = out.exact && !late;
  return out;
}

} // namespace

admin_api::admin_api(caf::actor_system& system, caf::actor supervisor, std::vector<caf::actor> shards,
                     admin_facts facts)
  : system_(system), supervisor_(std::move(supervisor)), shards_(std::move(shards)), facts_(std::move(facts)),
    last_asked_(facts_.started), thread_([this] { run(); }) {}

admin_api::~admin_api() { stop(); }

void admin_api::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
  supervisor_ = nullptr;
  shards_.clear();
}

void admin_api::handle(const http_request& request, std::function<void(http_response)> done) {
  const std::string path(request.path);
  if (request.method != http_method::get && request.method != http_method::head) {
    auto out = problem(405, "method-not-allowed", "Method not allowed", "Only GET and HEAD.", path, request.request_id);
    out.fields.emplace_back("Allow", "GET, HEAD");
    return done(std::move(out));
  }
  {
    const std::lock_guard lock(mutex_);
    if (!stopping_ && jobs_.size() < requests_max) {
      jobs_.push_back({path, request.request_id, std::move(done)});
      wake_.notify_one();
      return;
    }
  }
  done(problem(503, "overloaded", "Too many requests", "Ask again a little later.", path, request.request_id));
}

void admin_api::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    job next = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    next.done(answer(next));
    lock.lock();
  }
}

http_response admin_api::answer(const job& what) {
  if (what.path == "/admin/v1/status") return status();
  if (what.path == "/admin/v1/config") return config();
  return problem(404, "not-found", "Not found", "No such resource below /admin/v1.", what.path, what.request_id);
}

http_response admin_api::status() {
  caf::scoped_actor self(system_);
  const auto known = ask_status(self, supervisor_);
  if (!known) return problem(503, "overloaded", "No answer", "The node's actors did not answer in time.", "", "");
  const auto stored = ask_backlog(self, shards_);
  std::size_t leads = 0, running = 0, damaged = 0, quarantined = 0;
  json off = json::array(), ahead = json::array();
  std::uint64_t commands = 0, entries = 0;
  for (const auto& shard : known->shards) {
    leads += shard.replica.leads ? 1 : 0;
    running += shard.running ? 1 : 0;
    damaged += shard.replica.damaged ? 1 : 0;
    quarantined += shard.replica.quarantined ? 1 : 0;
    if (shard.replica.damaged || shard.replica.quarantined)
      off.push_back({{"shard", shard.shard.value}, {"state", shard.replica.damaged ? "damaged" : "quarantined"},
                     {"why", shard.why}});
    if (const auto by = shard.replica.time_ahead; by > duration{0})
      ahead.push_back({{"shard", shard.shard.value}, {"seconds", std::chrono::duration<double>(by).count()}});
    commands += shard.replica.commands_applied;
    entries += shard.replica.entries_applied;
  }
  const auto now = std::chrono::steady_clock::now();
  const double span = std::chrono::duration<double>(now - last_asked_).count();
  const auto grown = static_cast<double>(commands - std::min(last_commands_, commands));
  const double rate = span > 0 ? grown / span : 0;
  last_asked_ = now;
  last_commands_ = commands;

  const auto& s = facts_.with.values;
  const auto space = facts_.store->space();
  const auto inner = facts_.store->stats();
  json out;
  out["node"] = s.node;
  out["zone"] = s.zone;
  out["node_id"] = fmt::format("{:016x}", facts_.identity.node.value);
  out["cluster_id"] = fmt::format("{:016x}{:016x}", facts_.identity.cluster.high, facts_.identity.cluster.low);
  out["version"] = version_text;
  out["commit"] = version_commit;
  out["uptime_s"] = std::chrono::duration_cast<std::chrono::seconds>(now - facts_.started).count();
  out["ready"] = known->ready;
  const bool bad = !off.empty() || known->disk_stop || !known->ready;
  out["state"] = bad ? "failing" : known->disk_low || !ahead.empty() ? "warn" : "ok";
  out["insecure_http"] = s.insecure_http;
  out["can_lose"] = "nothing";
  out["shards"] = {{"count", known->shards.size()}, {"leads", leads}, {"running", running},
                   {"damaged", damaged}, {"quarantined", quarantined}, {"out_of_service", std::move(off)},
                   {"time_ahead", std::move(ahead)}};
  out["actors"] = {{"tenants", known->tenants}, {"queues", known->queue_actors}, {"restarts", known->restarts}};
  out["traffic"] = {{"commands", commands}, {"entries", entries}, {"commands_per_s", rate}, {"over_s", span}};
  out["backlog"] = {{"messages", stored.messages}, {"bytes", stored.bytes}, {"queues", stored.queues},
                    {"exact", stored.exact}};
  out["disk"] = {{"free", space.free}, {"total", space.total}, {"low", known->disk_low}, {"stop", known->disk_stop},
                 {"tables", inner.table_bytes}, {"wal", inner.wal_bytes}};
  return json_response(200, out);
}

http_response admin_api::config() const {
  json out = json::array();
  const auto table = settings_table();
  for (std::size_t i = 0; i < table.size(); ++i) {
    out.push_back({{"key", table[i].key}, {"value", value_of(table[i], facts_.with.values)},
                   {"source", facts_.with.sources[i]}});
  }
  return json_response(200, out);
}

} // namespace burrow
