// Lets a coroutine wait for what is done elsewhere, behind the plain interface `resumer`.
#pragma once

#include "actors/gateway/io_thread.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace burrow {

template <class Handler>
struct resumer_of final : resumer {
  explicit resumer_of(Handler h) : handler(std::move(h)) {}
  void go() override {
    auto h = std::move(handler);
    std::move(h)();
  }
  Handler handler;
};

/// Suspends the coroutine; `start` gets what resumes it, to be used once and on this thread.
template <class Start>
auto suspend(Start start) {
  static constexpr net::use_awaitable_t<io_executor> use{};
  return net::async_initiate<const net::use_awaitable_t<io_executor>&, void()>(
    [](auto handler, Start begin) {
      begin(std::unique_ptr<resumer>{std::make_unique<resumer_of<decltype(handler)>>(std::move(handler))});
    },
    use, std::move(start));
}

} // namespace burrow
