#include "actors/plane/connection.hpp"

#include "actors/plane/core.hpp"
#include "actors/plane/tcp.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

namespace burrow::plane {
namespace {

constexpr net::use_awaitable_t<io_executor> use{};

} // namespace

connection::connection(core& home, tcp_socket socket)
  : home_(home), socket_(std::move(socket)), dialed_(false), meant_(), began_(steady_clock::now()),
    deadline_(began_ + bounds::hello_time_max) {
  error_code ec;
  if (const auto from = socket_.remote_endpoint(ec); !ec) address_ = from.address().to_string();
}

connection::connection(core& home, stream_kind stream, node_id meant)
  : home_(home), socket_(home.io()), dialed_(true), stream_(stream), meant_(meant), began_(steady_clock::now()),
    deadline_(began_ + bounds::dial_time_max + bounds::hello_time_max) {}

connection::~connection() { finish(); }

void connection::spawn(task<void> (connection::*body)()) {
  net::co_spawn(
    home_.io(),
    [self = shared_from_this(), body]() -> task<void> {
      co_await ((*self).*body)();
      self->close("ended", true);
      self->home_.ended(self);
    },
    net::detached);
}

void connection::accept() { spawn(&connection::answer_call); }

void connection::dial(std::string host, std::uint16_t port) {
  host_ = std::move(host);
  port_ = port;
  spawn(&connection::call);
}

void connection::ask(std::string host, std::uint16_t port, std::string question,
                     std::function<void(result<std::string>)> done) {
  question_ = std::move(question);
  done_ = std::move(done);
  deadline_ = began_ + home_.patience();
  dial(std::move(host), port);
}

void connection::finish() {
  if (!done_) return;
  const auto done = std::exchange(done_, nullptr);
  if (answer_.empty()) done(error{errc::unavailable, why_.empty() ? "no answer" : why_});
  else done(std::move(answer_));
}

void connection::close(std::string why, bool quiet) {
  if (std::exchange(closed_, true)) return;
  why_ = std::move(why);
  quiet_ = quiet;
  error_code ec;
  socket_.close(ec);
}

void connection::check(steady_time now) {
  if (closed_) return;
  if (timed_ && now >= deadline_) {
    if (!dialed_ && !asked_) home_.refused(*this, refusal::too_slow);
    return close("no answer in time");
  }
  if (!open_) return;
  const auto progress = progress_of(socket_.native_handle());
  if (!progress) return close("the socket is gone");
  if (progress->acknowledged != acknowledged_ || !(progress->waiting || writing_)) {
    acknowledged_ = progress->acknowledged;
    moved_ = now;
  } else if (now - moved_ >= bounds::stall_max) {
    home_.counts().stalled();
    close("it takes nothing any more");
  }
}

// ---- writing ----------------------------------------------------------------------------------------------------

void connection::flush() {
  if (writing_ || !open_ || closed_) return;
  batch_.fill(home_.waiting().take(lane(), bounds::write_bytes_max));
  if (batch_.frames() == 0) return;
  writing_ = true;
  auto then = [self = shared_from_this()](error_code ec, std::size_t bytes) { self->wrote(ec, bytes); };
  if (tls_) net::async_write(*tls_, batch_.buffers(), std::move(then));
  else net::async_write(socket_, batch_.buffers(), std::move(then));
}

void connection::wrote(error_code ec, std::size_t bytes) {
  writing_ = false;
  home_.counts().sent(ec ? 0 : batch_.frames(), bytes);
  const auto cost = batch_.cost();
  batch_.clear();
  if (ec) return close(ec.message());
  if (closed_) return; // the lane may have another connection by now
  home_.waiting().written(lane(), cost);
  flush();
}

task<bool> connection::write_now(std::string bytes) {
  error_code ec;
  if (tls_) co_await net::async_write(*tls_, net::buffer(bytes), net::redirect_error(use, ec));
  else co_await net::async_write(socket_, net::buffer(bytes), net::redirect_error(use, ec));
  if (ec) close(ec.message());
  co_return !ec;
}

// ---- reading ----------------------------------------------------------------------------------------------------

task<bool> connection::read_some() {
  error_code ec;
  std::size_t n = 0;
  // A stranger gets no more of our memory than a greeting needs.
  buffer_.resize(open_ || asked_ || done_ ? bounds::read_bytes : bounds::hello_bytes_max);
  const auto into = net::buffer(buffer_);
  if (tls_) n = co_await tls_->async_read_some(into, net::redirect_error(use, ec));
  else n = co_await socket_.async_read_some(into, net::redirect_error(use, ec));
  if (ec) close(ec == net::error::eof ? "closed by the other side" : ec.message());
  unread_ = {buffer_.data(), n};
  co_return !ec;
}

task<bool> connection::read_frame(frame_parser::parsed& out) {
  for (;;) {
    const auto state = parser_.next(unread_, out);
    if (state == frame_parser::state::frame) co_return true;
    if (state == frame_parser::state::oversized) {
      home_.refused(*this, refusal::malformed);
      close("a frame over the bound");
      co_return false;
    }
    if (!co_await read_some()) co_return false;
  }
}

bool connection::deliver(frame_parser::parsed one) {
  const auto kind = static_cast<frame_kind>(one.kind);
  const bool bulk = stream_ == stream_kind::bulk;
  const bool right = bulk ? kind == frame_kind::bulk
                          : kind == frame_kind::probe || kind == frame_kind::replica || kind == frame_kind::forward;
  if (right) home_.received({theirs_.who.node, kind, one.shard, std::move(one.bytes)});
  return right;
}

task<void> connection::read_frames() {
  while (!closed_) {
    frame_parser::parsed one;
    std::size_t frames = 0;
    const auto bytes = unread_.size();
    auto state = parser_.next(unread_, one);
    bool right = true;
    for (; state == frame_parser::state::frame && right; state = parser_.next(unread_, one)) {
      ++frames;
      right = deliver(std::move(one));
    }
    home_.counts().received(frames, bytes);
    if (!right || state == frame_parser::state::oversized) {
      home_.refused(*this, refusal::malformed);
      close("frames that we do not know");
    }
    if (closed_) co_return;
    if (!co_await read_some()) co_return;
  }
}

} // namespace burrow::plane
