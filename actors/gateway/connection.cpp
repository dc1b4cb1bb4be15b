#include "actors/gateway/connection.hpp"

#include "cluster/base/limits.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace burrow {
namespace {

constexpr net::use_awaitable_t<io_executor> use{};
constexpr std::size_t buffer_small = 4 * limits::kib, buffer_large = 64 * limits::kib;
/// So much of a request that was refused is read and dropped, so that the client gets to see why.
constexpr std::size_t linger_bytes_max = 32 * limits::mib;

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
  return net::async_initiate<const net::use_awaitable_t<io_executor>&, void()>(
    [](auto handler, Start begin) {
      begin(std::unique_ptr<resumer>{std::make_unique<resumer_of<decltype(handler)>>(std::move(handler))});
    },
    use, std::move(start));
}

bool is_visible_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7F; });
}

} // namespace

connection::connection(io_thread& home, tcp_socket socket, bool admin)
  : home_(home), socket_(std::move(socket)), admin_(admin) {
  set_deadline(phase::idle, limits::http_idle_max); // a sweep may come before the first read
}

connection::~connection() {
  uncharge();
  home_.forget(this);
}

void connection::start() {
  error_code ec;
  socket_.set_option(net::ip::tcp::no_delay{true}, ec);
  socket_.non_blocking(true, ec);
  if (const auto from = socket_.remote_endpoint(ec); !ec) client_ = from.address().to_string();
  net::co_spawn(socket_.get_executor(), [self = shared_from_this()]() -> task<void> { co_await self->run(); },
                net::detached);
}

void connection::set_deadline(phase now, duration from_now) {
  phase_ = now;
  deadline_ = std::chrono::steady_clock::now() + from_now;
  if (now == phase::body) deadline_ = std::min(deadline_, body_until_);
}

void connection::check(steady_time now) {
  if (phase_ == phase::busy) {
    if (data_ahead_ && call_ && call_->resume && peer_closed()) client_gone();
    return;
  }
  if (now < deadline_) return;
  if (phase_ == phase::head || phase_ == phase::body) {
    timed_out_ = true;
    error_code ec;
    socket_.cancel(ec);
  } else {
    close();
  }
}

void connection::close() {
  error_code ec;
  closed_ = true;
  socket_.close(ec);
  if (call_ && call_->resume) client_gone();
}

void connection::close_if_idle() {
  keep_ = false;
  if (phase_ == phase::idle) close();
}

void connection::bridge_lost() {
  if (!call_ || !call_->resume) return;
  call_->outcome = std::make_shared<operation_result>();
  std::exchange(call_->resume, nullptr)->go();
}

// ---- reading ----------------------------------------------------------------------------------------------------

body_rule connection::body_limit(const http_request& head) { return home_.dialect().body_limit(head); }

bool connection::charge(std::size_t bytes) {
  auto& total = home_.shared().buffered;
  // A small body passes whatever others hold back, or a few large ones would shut everybody out.
  const bool small = charged_ + bytes <= limits::http_uncharged_bytes;
  if (total.fetch_add(bytes, std::memory_order_relaxed) + bytes > limits::http_buffered_bytes_max && !small) {
    total.fetch_sub(bytes, std::memory_order_relaxed);
    return false;
  }
  charged_ += bytes;
  return true;
}

void connection::uncharge() {
  home_.shared().buffered.fetch_sub(charged_, std::memory_order_relaxed);
  charged_ = 0;
}

void connection::make_room() {
  if (from_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + from_, to_ - from_);
    to_ -= from_;
    from_ = 0;
  }
  // A body is read in large pieces; reads that follow a small buffer's spare room cost ten times as much.
  const std::size_t wanted = phase_ == phase::body ? buffer_large : to_ == buffer_.size() ? buffer_.size() * 2 : 0;
  buffer_.resize(std::min(std::max({buffer_.size(), wanted, buffer_small}), buffer_large));
}

void connection::shrink() {
  if (buffer_.size() > buffer_small && to_ - from_ < buffer_small) {
    std::vector<char> small(buffer_small);
    std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(from_), buffer_.begin() + static_cast<std::ptrdiff_t>(to_),
              small.begin());
    to_ -= from_;
    from_ = 0;
    buffer_ = std::move(small);
  }
  if (out_.capacity() > buffer_large) out_ = {};
}

connection::task<bool> connection::read_some() {
  make_room();
  error_code ec;
  const auto n = co_await socket_.async_read_some(net::buffer(buffer_.data() + to_, buffer_.size() - to_),
                                                  net::redirect_error(use, ec));
  if (ec) co_return false;
  to_ += n;
  co_return true;
}

connection::task<bool> connection::read_request() {
  parser_.emplace(static_cast<parser_host&>(*this), arena_, request_);
  bool continued = false;
  if (from_ == to_) {
    shrink();
    set_deadline(phase::idle, limits::http_idle_max);
  } else {
    set_deadline(phase::head, limits::http_head_time_max);
  }
  for (;;) {
    const bool in_head = !parser_->head_done();
    from_ += parser_->feed({buffer_.data() + from_, to_ - from_});
    if (const auto why = parser_->refused()) {
      co_await refuse(*why);
      co_return false;
    }
    if (parser_->done()) co_return true;
    if (in_head && parser_->head_done()) {
      body_until_ = std::chrono::steady_clock::now() + limits::http_body_time_max;
      set_deadline(phase::body, limits::http_body_pause_max);
    }
    if (parser_->wants_limit()) {
      if (!co_await ask_limit()) co_return false;
      continue;
    }
    if (parser_->wants_continue() && !continued) {
      continued = true;
      static constexpr std::string_view interim = "HTTP/1.1 100 Continue\r\n\r\n";
      if (!co_await write_all({net::buffer(interim.data(), interim.size()), net::const_buffer{}})) co_return false;
      set_deadline(phase::body, limits::http_body_pause_max);
    }
    if (to_ - from_ == buffer_large) { // no line of a head or chunk is so long
      co_await refuse(problem_type::headers_too_large);
      co_return false;
    }
    if (!co_await read_some()) {
      if (timed_out_) co_await refuse(problem_type::request_timeout);
      co_return false;
    }
    if (phase_ == phase::idle) set_deadline(phase::head, limits::http_head_time_max);
    if (phase_ == phase::body) set_deadline(phase::body, limits::http_body_pause_max);
  }
}

connection::task<bool> connection::ask_limit() {
  call_ = std::make_shared<call>();
  call_->made = home_.dialect().ask_body_limit(request_);
  result<std::size_t> most = errc::body_too_large;
  if (call_->made.what) {
    phase_ = phase::busy;
    co_await suspend([this](std::unique_ptr<resumer> resume) {
      call_->resume = std::move(resume);
      home_.submit(call_);
    });
    if (gone_) co_return false;
    most = home_.dialect().body_limit_by(*call_->outcome);
  }
  call_.reset();
  set_deadline(phase::body, limits::http_body_pause_max);
  if (!most) {
    co_await refuse(problem_of(most.code()));
    co_return false;
  }
  parser_->allow(*most);
  co_return true;
}

connection::task<void> connection::refuse(problem_type type) {
  using reason = gateway_metrics::reason;
  home_.shared().metrics.refused(type == problem_type::request_timeout ? reason::too_slow
                                 : type == problem_type::overloaded    ? reason::buffers
                                 : type == problem_type::bad_request   ? reason::malformed : reason::too_large);
  if (!parser_->head_done()) request_.fields.clear();
  request_.request_id = home_.new_request_id();
  route_ = "malformed";
  began_ = std::chrono::steady_clock::now();
  answer_ = problem_response(request_, {type, {}, {}});
  keep_ = false;
  if (co_await write_answer()) co_await linger();
}

connection::task<void> connection::linger() {
  error_code ec;
  socket_.shutdown(tcp_socket::shutdown_send, ec);
  set_deadline(phase::writing, std::chrono::seconds{2});
  std::size_t dropped = 0;
  from_ = to_ = 0;
  while (!ec && dropped < linger_bytes_max) {
    if (!co_await read_some()) co_return;
    dropped += std::exchange(to_, 0);
  }
}

// ---- answering --------------------------------------------------------------------------------------------------

connection::task<void> connection::run() {
  const auto self = shared_from_this();
  // (g++ 12 evaluates a co_await behind && in a condition whatever stands before it: it has a statement of its own.)
  while (keep_ && !closed_) {
    if (!co_await read_request()) break;
    began_ = std::chrono::steady_clock::now();
    phase_ = phase::busy;
    if (!parser_->keeps_alive()) keep_ = false;
    const auto sent = request_.field("x-request-id");
    request_.request_id = !sent.empty() && sent.size() <= 128 && is_visible_ascii(sent) ? std::string{sent}
                                                                                        : home_.new_request_id();
    request_.admin = admin_;
    request_.client = client_;
    if (!co_await answer()) break;
    if (answer_.close || home_.shared().draining) keep_ = false;
    if (!co_await write_answer()) {
      // Nothing of it has left: whoever was to have these messages does not know of them.
      if (written_ == 0 && call_) home_.unclaim(call_);
      break;
    }
    call_.reset();
    uncharge();
  }
  if (!closed_ && socket_.is_open()) {
    error_code ec;
    socket_.shutdown(tcp_socket::shutdown_both, ec);
    socket_.close(ec);
  }
}

connection::task<bool> connection::answer() {
  const bool admin_path = admin_ && (request_.path.starts_with("/admin/") || request_.path == "/admin");
  if (answer_here()) co_return true;
  if (admin_path || request_.path == "/metrics") {
    co_await ask_elsewhere();
    co_return true;
  }
  co_return co_await ask_dialect();
}

bool connection::answer_here() {
  const bool live = request_.path == "/healthz/live", ready = request_.path == "/healthz/ready";
  if (!live && !ready) return false;
  route_ = "health";
  answer_ = {};
  answer_.fields.emplace_back("Content-Type", "text/plain; charset=utf-8");
  answer_.fields.emplace_back("Cache-Control", "no-store");
  answer_.body = live ? "live\n" : "ready\n";
  if (live) return true;
  auto& shared = home_.shared();
  const std::lock_guard lock{shared.mutex};
  if (shared.draining || !shared.not_ready.empty()) {
    answer_.status = 503;
    answer_.fields.emplace_back("Retry-After", "1");
    answer_.body = shared.draining ? "draining\n" : "";
    for (const auto& why : shared.not_ready) answer_.body += why + "\n";
  }
  return true;
}

connection::task<void> connection::ask_elsewhere() {
  auto& shared = home_.shared();
  const bool metrics = request_.path == "/metrics";
  route_ = metrics ? "metrics" : "admin";
  if (metrics ? !(admin_ || shared.options.public_metrics) : !shared.options.admin) {
    answer_ = problem_response(request_, {problem_type::not_found, {}, {}});
    co_return;
  }
  if (metrics && request_.method != http_method::get && request_.method != http_method::head) {
    answer_ = problem_response(request_, {problem_type::method_not_allowed, {}, {}});
    answer_.fields.emplace_back("Allow", "GET, HEAD");
    co_return;
  }
  co_await suspend([this, metrics, &shared](std::unique_ptr<resumer> resume) {
    auto hand_back = [this, self = shared_from_this(), kept = std::shared_ptr<resumer>{std::move(resume)}](http_response r) {
      net::post(home_.io(), [this, self, kept, made = std::move(r)]() mutable {
        answer_ = std::move(made);
        kept->go();
      });
    };
    if (!metrics) return shared.options.admin(request_, std::move(hand_back));
    net::post(shared.background, [hand_back = std::move(hand_back), &shared] {
      hand_back({200, {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"}}, shared.metrics.page(), false});
    });
  });
}

connection::task<bool> connection::ask_dialect() {
  call_ = std::make_shared<call>();
  call_->made = home_.dialect().begin(request_);
  route_ = call_->made.route;
  if (call_->made.answer) {
    answer_ = std::move(*call_->made.answer);
    call_.reset();
    co_return true;
  }
  co_await suspend([this](std::unique_ptr<resumer> resume) {
    call_->resume = std::move(resume);
    if (call_->made.what->wait.count() > 0) watch_client();
    home_.submit(call_);
  });
  if (watching_) {
    error_code ec;
    socket_.cancel(ec);
  }
  data_ahead_ = false;
  if (gone_) co_return false; // the outcome may be under way: it is not ours to look at
  answer_ = home_.dialect().finish(request_, call_->made, *call_->outcome);
  co_return true;
}

} // namespace burrow
