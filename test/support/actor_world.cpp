#include "test/support/actor_world.hpp"

#include "actors/reader_actor.hpp"

#include <stdexcept>

namespace burrow::test {

actor_world::actor_world(const actor_world_options& options)
  : options_(options), chance_(options.seed), system_(config_),
    scheduler_(dynamic_cast<caf::scheduler::test_coordinator&>(system_.scheduler())) {
  memory_options disk;
  disk.seed = options.seed;
  disk.not_here_per_mille = options.not_here_per_mille;
  store_ = std::make_shared<memory_store>(disk);
  metrics_ = std::make_shared<actor_metrics>(nullptr);
  scheduler_.clock().current_time += std::chrono::hours(1);
  if (!options.tree) return;
  make_tree();
  make_client();
  run(duration{200}); // elections of groups of one
}

actor_world::~actor_world() {
  auto all = roots_;
  for (auto& [kind, actors] : started_) all.insert(all.end(), actors.begin(), actors.end());
  if (supervisor_) caf::anon_send_exit(supervisor_, caf::exit_reason::kill);
  settle();
  for (auto& a : all) caf::anon_send_exit(a, caf::exit_reason::kill);
  settle();
}

void actor_world::make_tree() {
  node_supervisor_options o;
  o.self = {7};
  o.routing = {options_.shards, options_.shards};
  o.data = store_;
  o.clock = [this] { return now(); };
  log_writer_options writer;
  writer.data = store_;
  writer.clock = o.clock;
  writer.metrics = metrics_;
  writer.fatal = [this](const error& why) { fatal.push_back(why.context); };
  o.make_log_writer = [writer](caf::actor_system& s) { return spawn_log_writer(s, writer, false); };
  o.make_reader = [store = store_](caf::actor_system& s) { return spawn_reader(s, reader_options{store}, false); };
  o.tenant_budget = options_.tenant_budget;
  o.replica_budget = options_.replica_budget;
  o.passivate_after = options_.passivate_after;
  o.tenant_idle_after = options_.tenant_idle_after;
  o.waiters_per_tenant_max = options_.waiters_per_tenant_max;
  o.inflight_per_tenant_max = options_.inflight_per_tenant_max;
  o.queue_actors_per_tenant_max = options_.queue_actors_per_tenant_max;
  o.metrics = metrics_;
  o.led_by = options_.led_by;
  o.fatal = writer.fatal;
  o.notice = [this](const shard_notice& n) { notices.push_back(n); };
  o.started = [this](std::string_view kind, const caf::actor& a) { started_[std::string{kind}].push_back(a); };
  supervisor_ = spawn_node_supervisor(system_, std::move(o));
}

void actor_world::make_client() {
  client_ = system_.spawn([this](caf::event_based_actor* self) -> caf::behavior {
    client_self_ = self;
    self->set_down_handler([this](const caf::down_msg& m) { lost(m); });
    return {
      [this](const resolved& m) {
        if (!m.handle) {
          for (auto i = requests_.begin(); i != requests_.end();) {
            if (i->second.queue != m.queue || i->second.sent) { ++i; continue; }
            operation_result r;
            r.what = m.handle.error();
            results_[i->first] = {r, now().steady};
            i = requests_.erase(i);
          }
          return;
        }
        client_self_->monitor(*m.handle);
        handles_[m.queue] = *m.handle;
        deliver(m.queue);
      },
      [this](const completed& m) {
        for (const auto& [number, what] : m.items) {
          if (requests_.erase(number) != 1) throw std::runtime_error("answered twice, or never asked");
          results_[number] = {*what, now().steady};
        }
      },
      [this](const replicas& m) { replicas_ = m.by_shard; },
      [this](const node_status& m) { status_ = m; },
      [this](const withdraw& m, const queue_ref& queue) {
        if (handles_.contains(queue)) client_self_->send(handles_[queue], m);
        requests_.erase(m.number);
      },
      [this](flush_atom, const queue_ref& queue) { deliver(queue); },
    };
  });
  roots_.push_back(client_);
}

void actor_world::deliver(const queue_ref& queue) {
  const auto handle = handles_.find(queue);
  for (auto& [number, r] : requests_) {
    if (r.queue != queue || r.sent) continue;
    if (handle == handles_.end()) return client_self_->send(supervisor_, resolve{queue, client_});
    client_self_->send(handle->second, submit{number, r.what, client_});
    r.sent = true;
  }
}

/// As a bridge does: what a queue actor that ended by itself had not begun is sent again, of the rest nobody knows.
void actor_world::lost(const caf::down_msg& m) {
  for (auto h = handles_.begin(); h != handles_.end(); ++h) {
    if (h->second.address() != m.source) continue;
    const auto queue = h->first;
    handles_.erase(h);
    for (auto i = requests_.begin(); i != requests_.end();) {
      if (i->second.queue != queue || !i->second.sent) { ++i; continue; }
      i->second.sent = false;
      if (!m.reason || m.reason == caf::exit_reason::normal) { ++i; continue; }
      results_[i->first] = {operation_result{}, now().steady};
      i = requests_.erase(i);
    }
    return deliver(queue);
  }
}

clock_reading actor_world::now() const {
  const auto at = scheduler_.clock().current_time.time_since_epoch();
  const auto ms = std::chrono::duration_cast<duration>(at);
  return {ms, {1'700'000'000'000 + (ms + wall_shift_).count()}};
}

bool actor_world::step() {
  auto& jobs = scheduler_.jobs;
  if (jobs.size() > 1) {
    const auto pick = static_cast<std::ptrdiff_t>(chance_.below(jobs.size()));
    std::rotate(jobs.begin(), jobs.begin() + pick, jobs.begin() + pick + 1);
  }
  return scheduler_.try_run_once();
}

void actor_world::steps(std::size_t count) {
  while (count-- > 0 && step()) {}
}

void actor_world::settle() {
  for (std::size_t n = 0; step(); ++n)
    if (n > 10'000'000) throw std::runtime_error("the actors do not come to rest");
}

void actor_world::run(duration time) {
  settle();
  for (duration t{0}; t < time; t += duration{1}) {
    scheduler_.clock().advance_time(duration{1});
    settle();
  }
}

std::uint64_t actor_world::send(const queue_ref& queue, operation what) {
  const auto number = ++last_number_;
  what.queue = queue;
  requests_[number] = {queue, std::make_shared<operation>(std::move(what)), false};
  caf::anon_send(client_, flush_atom_v, queue);
  return number;
}

std::uint64_t actor_world::send(const queue_ref& queue, operation_body what, duration wait) {
  operation o;
  o.what = std::move(what);
  o.wait = wait;
  return send(queue, std::move(o));
}

std::uint64_t actor_world::put(const queue_ref& queue, const std::string& body, std::size_t count) {
  operation o;
  queue::insert insert;
  for (std::size_t i = 0; i < count; ++i) {
    queue::insert_item item;
    item.body = static_cast<std::uint32_t>(i);
    item.body_size = static_cast<std::uint32_t>(body.size());
    insert.items.push_back(std::move(item));
    o.bodies.emplace_back(body);
  }
  insert.fallback.body_bytes_max = 1 << 20;
  o.what = std::move(insert);
  return send(queue, std::move(o));
}

std::uint64_t actor_world::take(const queue_ref& queue, std::uint32_t limit, duration wait,
                                std::shared_ptr<client_presence> client) {
  operation o;
  queue::take take;
  take.limit = limit;
  take.hide = duration{30'000};
  o.what = std::move(take);
  o.wait = wait;
  o.want_bodies = true;
  o.client = client ? std::move(client) : std::make_shared<client_presence>();
  return send(queue, std::move(o));
}

std::uint64_t actor_world::ack(const queue_ref& queue, const queue::take_reply& taken) {
  queue::remove remove;
  for (const auto& m : taken.items) {
    queue::target t;
    t.id = m.shown_id();
    t.guard.receipt = m.claim;
    t.guard.receipt_claims = m.claims;
    remove.targets.push_back(std::move(t));
  }
  return send(queue, remove);
}

void actor_world::withdraw_request(const queue_ref& queue, std::uint64_t number) {
  caf::anon_send(client_, withdraw{number, client_}, queue);
}

const operation_result* actor_world::result_of(std::uint64_t number) const {
  const auto found = results_.find(number);
  return found == results_.end() ? nullptr : &found->second.first;
}

errc actor_world::failure(std::uint64_t number) const {
  const auto* r = result_of(number);
  return r && r->failed() ? r->failed()->code : errc::ok;
}

std::optional<duration> actor_world::answered_at(std::uint64_t number) const {
  const auto found = results_.find(number);
  return found == results_.end() ? std::nullopt : std::optional{found->second.second};
}

caf::actor actor_world::queue_actor_of(const queue_ref& queue) {
  const auto found = handles_.find(queue);
  return found == handles_.end() ? caf::actor{} : found->second;
}

caf::actor actor_world::replica_of(const queue_ref& queue) {
  caf::anon_send(supervisor_, get_replicas{client_});
  settle();
  return replicas_.at(placement::shard_of(queue, {options_.shards, options_.shards}).value);
}

node_status actor_world::status() {
  status_.reset();
  caf::anon_send(supervisor_, get_status{client_});
  settle();
  if (!status_) run(duration{1100});
  return status_.value_or(node_status{});
}

void actor_world::kill(const caf::actor& whom) { caf::anon_send_exit(whom, caf::exit_reason::kill); }

void actor_world::stop() { caf::anon_send(supervisor_, stop_atom_v); }

} // namespace burrow::test
