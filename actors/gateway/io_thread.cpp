#include "actors/gateway/io_thread.hpp"

#include "actors/gateway/bridge.hpp"
#include "actors/gateway/connection.hpp"

#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include <ctime>
#include <random>

namespace burrow {
namespace {

constexpr auto sweep_every = std::chrono::milliseconds{500};

native_options native_of(const gateway_options& options) {
  return {options.zone,        options.seal_keys,      options.defaults,
          options.single_node, options.public_metrics, options.dedupe};
}

} // namespace

io_thread::io_thread(gateway_shared& shared, caf::actor_system& system, caf::actor supervisor)
  : shared_(shared), system_(system), supervisor_(std::move(supervisor)), dialect_(native_of(shared.options)) {
  std::random_device chance;
  id_prefix_ = std::uint64_t{chance()} << 32 | chance();
  start_bridge();
  sweep();
}

io_thread::~io_thread() = default;

void io_thread::start_bridge() {
  bridge_options options;
  options.supervisor = supervisor_;
  options.routing = shared_.options.routing;
  options.forward = shared_.options.forward;
  options.deliver = [this](std::vector<call_ptr> done) {
    net::post(io_, [this, calls = std::move(done)]() mutable { deliver(std::move(calls)); });
  };
  bridge_ = spawn_bridge(system_, std::move(options));
  bridge_->attach_functor([this](const caf::error& why) {
    if (why != caf::exit_reason::user_shutdown) net::post(io_, [this] { bridge_lost(); });
  });
}

void io_thread::bridge_lost() {
  if (stopping_) return;
  start_bridge();
  for (const auto& c : all()) c->bridge_lost();
}

void io_thread::adopt(tcp_socket socket, bool admin) {
  auto made = std::make_shared<connection>(*this, std::move(socket), admin);
  connections_.insert(made.get());
  made->start();
}

void io_thread::forget(connection* one) {
  connections_.erase(one);
  shared_.metrics.connections(--shared_.connections);
}

void io_thread::flush_soon() {
  if (std::exchange(flushing_, true)) return;
  // Behind what is ready in this turn of the loop: the requests of all those connections go in one message.
  net::post(io_, [this] {
    flushing_ = false;
    caf::anon_send(bridge_, std::exchange(outbox_, {}));
  });
}

void io_thread::submit(call_ptr what) { outbox_.begin.push_back(std::move(what)), flush_soon(); }
void io_thread::withdraw(call_ptr what) { outbox_.withdraw.push_back(std::move(what)), flush_soon(); }
void io_thread::unclaim(call_ptr what) { outbox_.unclaim.push_back(std::move(what)), flush_soon(); }

void io_thread::deliver(std::vector<call_ptr> done) {
  for (auto& one : done) {
    if (one->resume) std::exchange(one->resume, nullptr)->go();
    else unclaim(std::move(one)); // its client went while this was on the way here
  }
}

std::vector<std::shared_ptr<connection>> io_thread::all() const {
  std::vector<std::shared_ptr<connection>> out;
  out.reserve(connections_.size());
  for (auto* c : connections_) {
    if (auto kept = c->weak_from_this().lock()) out.push_back(std::move(kept));
  }
  return out;
}

void io_thread::sweep() {
  timer_.expires_after(sweep_every);
  timer_.async_wait([this](boost::system::error_code ec) {
    if (ec || stopping_) return;
    const auto now = std::chrono::steady_clock::now();
    for (const auto& c : all()) c->check(now);
    sweep();
  });
}

void io_thread::close_idle() {
  net::post(io_, [this] {
    for (const auto& c : all()) c->close_if_idle();
  });
}

void io_thread::close_all() {
  net::post(io_, [this] {
    for (const auto& c : all()) c->close();
  });
}

void io_thread::drain_bridge() {
  net::post(io_, [this] { caf::anon_send(bridge_, drain_bridge_atom::value); });
}

void io_thread::stop() {
  net::post(io_, [this] {
    stopping_ = true;
    caf::anon_send_exit(bridge_, caf::exit_reason::user_shutdown);
    work_.reset();
    io_.stop();
  });
}

void io_thread::await_bridge() {
  caf::scoped_actor self{system_};
  self->wait_for(bridge_);
  bridge_ = nullptr;
}

std::string_view io_thread::date() {
  const auto now = static_cast<std::int64_t>(std::time(nullptr));
  if (now != date_at_) {
    const auto t = static_cast<std::time_t>(now);
    std::tm parts{};
    char text[40];
    ::gmtime_r(&t, &parts);
    date_.assign(text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts));
    date_at_ = now;
  }
  return date_;
}

std::string io_thread::new_request_id() {
  // Unique is enough: the prefix tells threads and starts apart.
  char text[40];
  const auto n = std::snprintf(text, sizeof text, "%08x%08x", static_cast<unsigned>(id_prefix_ >> 32),
                               static_cast<unsigned>(id_prefix_ + ++id_next_));
  return {text, static_cast<std::size_t>(n)};
}

} // namespace burrow
