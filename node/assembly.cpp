#include "node/assembly.hpp"

#include <caf/all.hpp>

#include "actors/actor_metrics.hpp"
#include "actors/caf_config.hpp"
#include "actors/gateway/gateway_actor.hpp"
#include "actors/log_writer_actor.hpp"
#include "actors/node_supervisor.hpp"
#include "actors/reader_actor.hpp"
#include "node/admin_api.hpp"
#include "node/apply_guard.hpp"
#include "node/data_directory.hpp"
#include "node/logging.hpp"
#include "node/upkeep.hpp"

#include <fmt/format.h>
#include <prometheus/registry.h>
#include <spdlog/spdlog.h>

#include <malloc.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cstdlib>
#include <set>
#include <cstring>

namespace burrow {
namespace {

using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;
constexpr auto ready_time = 120s, ready_time_checking = 86'400s; ///< a check reads all that a shard holds
constexpr std::string_view seal_prefix = "seal/";

clock_reading read_clocks() {
  timespec boot{}, wall{};
  ::clock_gettime(CLOCK_BOOTTIME, &boot);
  ::clock_gettime(CLOCK_REALTIME, &wall);
  const auto ms = [](const timespec& t) { return std::int64_t{t.tv_sec} * 1000 + t.tv_nsec / 1'000'000; };
  return {duration{ms(boot)}, instant{ms(wall)}};
}

/// Nobody knows what reached the disk, or the tree cannot go on: leave at once, without destructors that would write.
[[noreturn]] void end_process(const error& why) {
  spdlog::critical("the node ends: {}: {}", to_string(why.code), why.context);
  spdlog::default_logger()->flush();
  std::_Exit(1);
}

void log_notice(const shard_notice& n) {
  const auto shard = n.shard.value;
  switch (n.what) {
    case shard_notice::kind::damaged:
      return spdlog::error("shard {} is damaged and serves nothing, its data stay as they are: {}", shard, n.why);
    case shard_notice::kind::quarantined: return spdlog::error("shard {} serves nothing: {}", shard, n.why);
    case shard_notice::kind::time_ahead:
      return spdlog::warn("the time of shard {} is {} s ahead of the clock and runs at half speed until they meet",
                          shard, static_cast<double>(n.ahead.count()) / 1000);
    case shard_notice::kind::time_met: return spdlog::info("the time of shard {} has met the clock", shard);
  }
}

/// Orders that an operator gave by the native API on an admin listener: settings, tasks, and what empties a queue or an
/// account. Messages put, taken and acknowledged there are no administration.
void note_order(audit_log& to, const answered_request& r) {
  const bool empties = r.method == "DELETE" && !r.limited &&
                       (r.route == "queue" || r.route == "account" || r.route == "accounts");
  const bool sets = (r.route == "settings" || r.route == "redrive" || r.route == "tasks" || r.route == "task") &&
                    r.method != "GET" && r.method != "HEAD";
  if (!empties && !sets) return;
  to.later({"request", std::string(r.client), std::to_string(r.status), std::string(r.request_id),
            {{"method", std::string(r.method)}, {"path", std::string(r.path.substr(0, 1024))}}});
}

/// A few arenas instead of eight a core, and blocks of a page batch or more straight from the kernel: what a burst
/// took comes back when the node is idle.
void prepare_process() {
  ::mallopt(M_ARENA_MAX, 4);
  ::mallopt(M_TRIM_THRESHOLD, 1 << 20);
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
}

class running_node final : public node {
public:
  running_node(steady::time_point started, loaded_settings with, data_directory data)
    : started_(started), with_(std::move(with)), data_(std::move(data)), config_(with_.values.actor_threads),
      system_(std::make_unique<caf::actor_system>(config_)), registry_(std::make_shared<prometheus::Registry>()),
      metrics_(std::make_shared<actor_metrics>(registry_)), audit_(std::make_shared<audit_log>(with_.values.data)),
      upkeep_(data_.store) {}
  ~running_node() override { stop(); }

  result<void> start();
  [[nodiscard]] const facts& about() const override { return facts_; }
  void stop() override;

private:
  [[nodiscard]] placement::routing routing() const {
    return {data_.identity.shards, data_.identity.shards_per_tenant};
  }
  void spawn_tree(std::shared_ptr<apply_witness> witness);
  result<void> wait_until_ready();
  result<void> note_checked(const node_status& known);
  result<std::vector<caf::actor>> find_shards();
  result<std::vector<seal_key>> seal_keys(const caf::actor& shard0);
  result<void> start_gateway(std::vector<seal_key> keys);

  steady::time_point started_;
  loaded_settings with_;
  data_directory data_;
  caf_config config_;
  std::unique_ptr<caf::actor_system> system_;
  std::shared_ptr<prometheus::Registry> registry_;
  std::shared_ptr<actor_metrics> metrics_;
  std::shared_ptr<audit_log> audit_;
  upkeep upkeep_;
  caf::actor supervisor_;
  std::unique_ptr<admin_api> admin_;
  std::unique_ptr<gateway> gateway_;
  facts facts_;
  bool stopped_ = false;
};

void running_node::spawn_tree(std::shared_ptr<apply_witness> witness) {
  const auto& s = with_.values;
  node_supervisor_options options;
  options.self = data_.identity.node;
  options.routing = routing();
  options.data = data_.store;
  options.clock = read_clocks;
  options.passivate_after = std::chrono::seconds(s.passivate);
  options.waiters_per_tenant_max = s.waiters;
  options.inflight_per_tenant_max = s.inflight;
  options.must_check = [loss = data_.loss](shard_id shard) { return loss->must_check(shard); };
  options.witness = std::move(witness);
  options.notice = log_notice;
  options.registry = registry_;
  options.fatal = end_process;

  log_writer_options writer;
  writer.data = data_.store;
  writer.clock = read_clocks;
  writer.metrics = metrics_;
  writer.fatal = end_process;
  writer.after_sync = [store = data_.store](duration now) {
    if (auto marked = store->mark_synced(now.count()); !marked) end_process(marked.error());
  };
  writer.when_idle = [this] { upkeep_.idle(); };
  writer.low_bytes = s.disk_low;
  writer.low_per_cent = s.disk_low_per_cent;
  writer.stop_bytes = s.disk_stop;
  options.make_log_writer = [writer](caf::actor_system& system) { return spawn_log_writer(system, writer); };
  options.make_reader = [store = data_.store](caf::actor_system& system) {
    return spawn_reader(system, reader_options{store});
  };
  supervisor_ = spawn_node_supervisor(*system_, std::move(options));
}

result<void> running_node::wait_until_ready() {
  caf::scoped_actor self(*system_);
  const bool checking = data_.loss->pending();
  if (checking) spdlog::warn("comparing shards with their hashes, since a loss was accepted; this may take a while");
  const auto most = std::chrono::seconds(checking ? ready_time_checking : ready_time);
  const auto until = steady::now() + most;
  while (steady::now() < until) {
    std::optional<node_status> known;
    self->send(supervisor_, get_status{caf::actor_cast<caf::actor>(self)});
    self->receive([&](node_status& status) { known = std::move(status); }, caf::after(5s) >> [] {});
    if (known && known->settled) return checking ? note_checked(*known) : result<void>{};
    std::this_thread::sleep_for(checking ? 20ms : 1ms);
  }
  return error{errc::unavailable, fmt::format("not every shard could be served within {} s; the log says which",
                                              most.count())};
}

/// A shard that leads has been found whole, and has written down that its life went up.
result<void> running_node::note_checked(const node_status& known) {
  std::set<shard_id> not_whole;
  for (const auto& shard : known.shards)
    if (!shard.running && data_.loss->must_check(shard.shard)) not_whole.insert(shard.shard);
  spdlog::info("{} of {} shards are whole", known.shards.size() - not_whole.size(), known.shards.size());
  return data_.loss->settle(std::move(not_whole));
}

result<std::vector<caf::actor>> running_node::find_shards() {
  caf::scoped_actor self(*system_);
  std::vector<caf::actor> out;
  self->send(supervisor_, get_replicas{caf::actor_cast<caf::actor>(self)});
  self->receive([&](replicas& all) { out = std::move(all.by_shard); }, caf::after(10s) >> [] {});
  if (out.empty()) return error{errc::unavailable, "the node's shards did not start"};
  return out;
}

/// The keys that the cluster keeps in shard 0, or the first one, drawn now. `only_if_absent` settles a race.
result<std::vector<seal_key>> running_node::seal_keys(const caf::actor& shard0) {
  caf::scoped_actor self(*system_);
  const auto me = caf::actor_cast<caf::actor>(self);
  for (int attempt = 0; attempt < 3; ++attempt) {
    shard_work ask;
    ask.questions.push_back({cookie{1}, {{}, queue::registry_get{std::string(seal_prefix)}}, false});
    ask.from = me;
    self->send(shard0, std::move(ask));
    std::vector<seal_key> keys;
    std::optional<error> failed{error{errc::timed_out, "shard 0 did not answer"}};
    self->receive(
      [&](const shard_results& results) {
        for (const auto& one : results.answers) {
          failed = one.outcome ? std::nullopt : std::optional(one.outcome.error());
          if (const auto* found = one.outcome ? std::get_if<queue::registry_answer>(&*one.outcome) : nullptr) {
            for (const auto& [key, value] : found->items) {
              const auto number = std::strtoul(key.c_str() + seal_prefix.size(), nullptr, 10);
              keys.push_back({static_cast<std::uint32_t>(number), value});
            }
          }
        }
      },
      caf::after(10s) >> [] {});
    if (failed && *failed == errc::unavailable)
      return error{errc::unavailable, "shard 0 is out of service, and with it the key that seals receipts; the log "
                                      "says why"};
    if (failed) return *failed;
    if (!keys.empty()) return keys;
    shard_work put;
    queue::command command;
    command.what = queue::registry_put{fmt::format("{}{:010}", seal_prefix, 1), random_bytes(32), true};
    put.proposals.push_back({cookie{2}, std::move(command), {}, false});
    put.from = me;
    self->send(shard0, std::move(put));
    self->receive([](const shard_results&) {}, caf::after(10s) >> [] {});
  }
  return error{errc::unavailable, "shard 0 does not keep the key that seals receipts"};
}

result<void> running_node::start_gateway(std::vector<seal_key> keys) {
  const auto& s = with_.values;
  gateway_options options;
  std::vector<std::string>* shown[] = {&facts_.http, &facts_.admin};
  std::vector<std::pair<std::vector<std::string>*, std::string>> names;
  for (const bool admin : {false, true}) {
    const auto endpoints = parse_endpoints(admin ? s.admin : s.http);
    if (!endpoints) return endpoints.error();
    for (const auto& e : *endpoints) {
      options.listeners.push_back({e.host, e.port, admin});
      const bool v6 = e.host.find(':') != std::string::npos;
      names.emplace_back(shown[admin ? 1 : 0], v6 ? "[" + e.host + "]" : e.host);
    }
  }
  options.threads = static_cast<unsigned>(s.http_threads);
  options.zone = s.zone;
  options.routing = routing();
  options.seal_keys = std::move(keys);
  options.defaults.ttl = std::chrono::seconds(s.default_ttl);
  options.defaults.hide = std::chrono::seconds(s.default_hide);
  options.defaults.body_bytes_max = static_cast<std::uint32_t>(s.max_body);
  options.defaults.claimed_max = s.max_claimed;
  options.defaults.tenant_bytes_max = s.stored_bytes;
  options.defaults.tenant_queues_max = s.queues;
  options.public_metrics = s.http_metrics;
  options.content_length_on_204 = s.content_length_on_204;
  options.admin = [this](const http_request& request, std::function<void(http_response)> done) {
    admin_->handle(request, std::move(done));
  };
  if (s.log_access) options.access = access_log();
  options.administrative = [audit = audit_](const answered_request& r) { note_order(*audit, r); };
  options.registry = registry_;
  auto made = gateway::start(*system_, supervisor_, std::move(options));
  if (!made) return made.error();
  gateway_ = std::move(*made);
  const auto ports = gateway_->ports();
  for (std::size_t i = 0; i < names.size() && i < ports.size(); ++i)
    names[i].first->push_back(fmt::format("{}:{}", names[i].second, ports[i]));
  gateway_->not_ready({});
  return {};
}

result<void> running_node::start() {
  auto witness = apply_guard::open(with_.values.data, std::size_t{data_.identity.shards} + 1);
  if (!witness) return witness.error();
  spawn_tree(std::move(*witness));
  if (auto ready = wait_until_ready(); !ready) return ready;
  auto shards = find_shards();
  if (!shards) return shards.error();
  auto keys = seal_keys(shards->front());
  if (!keys) return keys.error();
  admin_ = std::make_unique<admin_api>(*system_, supervisor_, std::move(*shards),
                                       admin_facts{with_, data_.identity, data_.store, started_, registry_, data_.loss,
                                                   audit_, std::make_shared<node_metrics>(registry_)});
  if (auto serving = start_gateway(std::move(*keys)); !serving) return serving;
  facts_.new_cluster = data_.fresh;
  facts_.seconds = std::chrono::duration<double>(steady::now() - started_).count();
  return {};
}

void running_node::stop() {
  if (std::exchange(stopped_, true)) return;
  if (gateway_) gateway_->drain(std::chrono::seconds(with_.values.drain));
  if (admin_) admin_->stop();
  gateway_.reset();
  if (supervisor_) {
    caf::scoped_actor self(*system_);
    self->send(supervisor_, stop_atom_v);
    self->wait_for(supervisor_);
    supervisor_ = nullptr;
  }
  admin_.reset();
  system_.reset();
  upkeep_.stop();
  if (auto closed = data_.store->close(); !closed) spdlog::error("store: {}", closed.error().context);
  ::close(data_.lock);
}

} // namespace

result<std::unique_ptr<node>> node::open(const loaded_settings& with) {
  prepare_process();
  const auto begin = steady::now();
  auto data = data_directory::open(with.values);
  if (!data) return data.error();
  auto made = std::make_unique<running_node>(begin, with, std::move(*data));
  if (auto started = made->start(); !started) {
    const error why = started.error();
    return why;
  }
  return std::unique_ptr<node>(std::move(made));
}

void notify_service_manager(std::string_view state) {
  const char* where = std::getenv("NOTIFY_SOCKET");
  if (!where || (*where != '/' && *where != '@')) return;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::size_t size = std::strlen(where);
  if (size >= sizeof address.sun_path) return;
  std::memcpy(address.sun_path, where, size);
  if (address.sun_path[0] == '@') address.sun_path[0] = '\0';
  const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return;
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + size);
  ::sendto(socket, state.data(), state.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address), length);
  ::close(socket);
}

} // namespace burrow
