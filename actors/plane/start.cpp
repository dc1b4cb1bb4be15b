#include "actors/plane/start.hpp"

#include "actors/plane/core.hpp"
#include "cluster/base/assert.hpp"

#include <atomic>
#include <thread>

namespace burrow {
namespace {

class asio_data_plane final : public data_plane {
public:
  explicit asio_data_plane(data_plane_options options) : self_(options.self.node.value), core_(std::move(options)) {}
  ~asio_data_plane() override { asio_data_plane::stop(); }

  result<void> open() {
    if (auto good = core_.load_certificates(); !good) return good;
    if (auto listening = core_.listen(); !listening) return listening;
    core_.begin();
    thread_ = std::thread([this] { core_.run(); });
    return {};
  }

  void know(node_id peer, std::string name, std::string host, std::uint16_t port) override {
    post([this, peer, port, n = std::move(name), h = std::move(host)]() mutable {
      core_.know(peer, std::move(n), std::move(h), port);
    });
  }
  void forget(node_id peer) override {
    post([this, peer] { core_.forget(peer); });
  }
  void become(node_identity self) override {
    self_ = self.node.value;
    post([this, who = std::move(self)]() mutable { core_.become(std::move(who)); });
  }

  bool send(node_id to, frame what) override {
    using pushed = plane::outbox::pushed;
    BURROW_ASSERT(what.kind != frame_kind::admit); // has a stream of its own: ask()
    if (what.bytes.size() > plane::bounds::frame_bytes_max) return drop(plane::dropped::too_large);
    const bool own = to.value == self_.load(std::memory_order_relaxed);
    const auto done = own ? core_.waiting().push_own(std::move(what)) : core_.waiting().push(to, std::move(what));
    if (done == pushed::down) return drop(plane::dropped::down);
    if (done == pushed::full) return drop(plane::dropped::full);
    if (done == pushed::wake) post([this] { core_.drain(); });
    return true;
  }

  void ask(std::string host, std::uint16_t port, std::string question,
           std::function<void(result<std::string>)> done) override {
    // Whatever becomes of the plane, the asker hears of it once.
    if (question.size() > plane::bounds::admit_bytes_max) return done(error{errc::too_large, "an admit question"});
    auto kept = std::make_shared<std::function<void(result<std::string>)>>(std::move(done));
    const bool posted = post([this, port, kept, h = std::move(host), q = std::move(question)]() mutable {
      core_.ask(std::move(h), port, std::move(q), std::move(*kept));
    });
    if (!posted) (*kept)(error{errc::draining, "the data plane has stopped"});
  }

  [[nodiscard]] std::uint16_t port() const override { return core_.port(); }

  void stop() override {
    {
      const std::lock_guard lock{mutex_};
      if (std::exchange(stopped_, true)) return;
      core_.waiting().end();
      core_.end();
    }
    if (thread_.joinable()) thread_.join();
    core_.clear();
  }

private:
  template <class F>
  bool post(F what) {
    const std::lock_guard lock{mutex_};
    if (stopped_) return false;
    boost::asio::post(core_.io(), std::move(what));
    return true;
  }
  bool drop(plane::dropped why) {
    core_.counts().dropped_frames(why, 1);
    return false;
  }

  std::atomic<std::uint64_t> self_;
  std::mutex mutex_; ///< of stopped_
  bool stopped_ = false;
  plane::core core_;
  std::thread thread_;
};

} // namespace

result<std::unique_ptr<data_plane>> start_data_plane(data_plane_options options) {
  if (!options.sinks.received) return error{errc::config_invalid, "a data plane needs somebody who receives"};
  auto made = std::make_unique<asio_data_plane>(std::move(options));
  if (auto opened = made->open(); !opened) return opened.error();
  return std::unique_ptr<data_plane>{std::move(made)};
}

} // namespace burrow
