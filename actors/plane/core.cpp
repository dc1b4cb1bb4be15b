#include "actors/plane/core.hpp"

#include <fmt/format.h>

#include <ctime>

namespace burrow::plane {

core::core(data_plane_options options)
  : options_(std::move(options)), metrics_(options_.registry), random_(options_.seed) {
  gate_->io = &io_;
}

core::~core() { clear(); }

void core::begin() {
  accept();
  sweep();
}

void core::clear() {
  {
    const std::lock_guard lock{gate_->mutex};
    gate_->io = nullptr;
  }
  for (const auto& one : connections_) one->finish();
  peers_.clear();
  connections_.clear();
}

void core::end() {
  net::post(io_, [this] {
    ending_ = true;
    error_code ec;
    acceptor_.close(ec);
    sweep_timer_.cancel();
    accept_timer_.cancel();
    for (auto& [id, p] : peers_) p.fast.again.reset(), p.bulk.again.reset();
    end_all("the node stops");
    work_.reset();
    if (connections_.empty()) return;
    // All of them end in their next turn, unless one is looking up a name, which nothing can hurry.
    end_timer_.expires_after(std::chrono::milliseconds{200});
    end_timer_.async_wait([this](error_code wrong) {
      if (!wrong) io_.stop();
    });
  });
}

void core::end_all(std::string_view why) {
  for (const auto& one : connections_) one->close(std::string(why), true);
}

void core::become(node_identity self) {
  options_.self = std::move(self);
  end_all("this node has another identity now");
  for (auto& [id, p] : peers_) dial_later(id, stream_kind::fast, duration{0});
}

void core::drain() {
  for (const auto& name : outbox_.take_dirty()) {
    if (name.peer == node_id{}) {
      for (auto& f : outbox_.take_own()) received({self().node, f.kind, f.shard, std::string(f.bytes.view())});
      continue;
    }
    const auto found = peers_.find(name.peer);
    if (found == peers_.end()) continue;
    if (const auto to = found->second.of(name.stream).up) to->flush();
  }
}

void core::ask(std::string host, std::uint16_t port, std::string question,
               std::function<void(result<std::string>)> done) {
  const auto one = std::make_shared<connection>(*this, stream_kind::admit, node_id{});
  connections_.insert(one);
  one->ask(std::move(host), port, std::move(question), std::move(done));
}

void core::question(const std::shared_ptr<connection>& one, std::string text) {
  const std::weak_ptr<connection> kept = one;
  options_.sinks.admit(std::move(text), one->address(), [gate = gate_, kept](std::string answer) {
    const std::lock_guard lock{gate->mutex};
    if (!gate->io) return;
    net::post(*gate->io, [kept, text = std::move(answer)] {
      if (const auto to = kept.lock()) to->answer(text);
    });
  });
}

void core::sweep() {
  sweep_timer_.expires_after(bounds::sweep_every);
  sweep_timer_.async_wait([this](error_code ec) {
    if (ec || ending_) return;
    const auto now = steady_clock::now();
    for (const auto& one : connections_) one->check(now);
    if (options_.tls && now >= reload_at_) reload();
    sweep();
  });
}

// ---- certificates -------------------------------------------------------------------------------------------------

result<void> core::use(const certificate_set& set) {
  const auto& name = self().name;
  if (!set.is_for(name)) {
    std::string names;
    for (const auto& one : set.names()) names += (names.empty() ? "" : ", ") + one;
    return error{errc::config_invalid, fmt::format("{}: is for {}, not for node {}", options_.tls->files.certificate,
                                                   names.empty() ? "nobody" : names, name)};
  }
  auto made = make_tls_context(set);
  if (!made) return made.error();
  if (auto installed = set.install(options_.tls->directory); !installed) return installed;
  tls_ = std::move(*made);
  metrics_.certificates(set.expires_s());
  return {};
}

result<void> core::load_certificates() {
  if (!options_.tls) return {};
  files_seen_ = state_of(options_.tls->files);
  reload_at_ = steady_clock::now() + options_.reload_every;
  const auto set = certificate_set::load(options_.tls->files, std::time(nullptr));
  return set ? use(*set) : result<void>{set.error()};
}

void core::reload() {
  reload_at_ = steady_clock::now() + options_.reload_every;
  auto seen = state_of(options_.tls->files);
  if (seen == files_seen_ && !reload_failed_) return;
  const bool changed = std::exchange(files_seen_, std::move(seen)) != files_seen_;
  const auto set = certificate_set::load(options_.tls->files, std::time(nullptr));
  const auto used = set ? use(*set) : result<void>{set.error()};
  reload_failed_ = !used;
  if (used) {
    say(level::info, "new certificates are in use");
    if (options_.sinks.certificates) options_.sinks.certificates();
  } else if (changed) {
    metrics_.reload_failed();
    say(level::error, fmt::format("the new certificates are not used, the last good ones stay: {}",
                                  used.error().context));
  }
}

// ---- words --------------------------------------------------------------------------------------------------------

void core::say(level how, std::string text) const {
  if (options_.sinks.log) options_.sinks.log(how, "data plane: " + std::move(text));
}

bool core::may_say(std::size_t sort, std::size_t& before) {
  auto& last = said_[sort];
  const auto now = steady_clock::now();
  if (last.at != steady_time{} && now - last.at < bounds::log_every) {
    ++last.since;
    return false;
  }
  last.at = now;
  before = std::exchange(last.since, 0);
  return true;
}

void core::tell(node_id id, bool up, std::uint64_t life) {
  if (options_.sinks.link) options_.sinks.link({id, up, life});
}

} // namespace burrow::plane
