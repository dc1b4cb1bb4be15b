// How a connection begins: TLS, the greetings, and the streams of admit questions, which are nothing but a beginning.
#include "actors/plane/connection.hpp"

#include "actors/plane/core.hpp"
#include "actors/plane/tcp.hpp"
#include "actors/plane/tls.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>

namespace burrow::plane {
namespace {

constexpr net::use_awaitable_t<io_executor> use{};
using resolver = net::ip::basic_resolver<net::ip::tcp, io_executor>;

std::string frame_of(std::string_view payload, frame_kind kind) {
  std::string out;
  append_header(out, payload.size(), static_cast<std::uint8_t>(kind), {});
  out += payload;
  return out;
}

} // namespace

// (g++ 12 destroys a temporary of an aggregate twice if it is made in the expression of a co_await: greetings are
// encoded in statements of their own.)
task<void> connection::answer_call() {
  tune_socket(socket_.native_handle());
  if (!co_await secure()) co_return;
  auto hello = co_await read_greeting(greeting_step::hello);
  if (!hello) co_return;
  theirs_ = std::move(*hello);
  stream_ = theirs_.stream;
  auto why = judge_them();
  if (why == refusal::none) why = home_.called_by(shared_from_this());
  if (why != refusal::none) {
    co_await refuse(why);
    co_return;
  }
  auto welcome = encode_greeting({greeting_step::welcome, home_.self(), stream_, {}, {}});
  if (!co_await write_now(std::move(welcome))) co_return;
  const auto go = co_await read_greeting(greeting_step::go);
  if (!go) co_return;
  co_await serve();
}

task<void> connection::call() {
  if (!co_await connect()) co_return;
  tune_socket(socket_.native_handle());
  if (!co_await secure()) co_return;
  // While we were on the way the other side may have called: it then has our word already.
  if (!home_.may_greet(*this)) co_return close("called by the other side", true);
  greeted_ = true;
  auto hello = encode_greeting({greeting_step::hello, home_.self(), stream_, meant_, {}});
  if (!co_await write_now(std::move(hello))) co_return;
  auto welcome = co_await read_greeting(greeting_step::welcome);
  if (!welcome) co_return;
  theirs_ = std::move(*welcome);
  if (const auto why = theirs_.stream != stream_ ? refusal::malformed : judge_them(); why != refusal::none) {
    co_await refuse(why);
    co_return;
  }
  auto go = encode_greeting({greeting_step::go, {}, {}, {}, {}});
  if (!co_await write_now(std::move(go))) co_return;
  co_await serve();
}

task<void> connection::serve() {
  if (closed_) co_return;
  if (stream_ == stream_kind::admit) {
    parser_.allow(bounds::admit_bytes_max);
    if (dialed_) co_await put_question();
    else co_await take_question();
    co_return;
  }
  parser_.allow(bounds::frame_bytes_max);
  timed_ = false;
  open_ = true;
  moved_ = began_ = steady_clock::now();
  home_.opened(shared_from_this());
  flush();
  co_await read_frames();
}

task<bool> connection::connect() {
  error_code ec;
  address_ = host_;
  resolver::results_type found;
  if (const auto numeric = net::ip::make_address(host_, ec); !ec) {
    found = resolver::results_type::create(net::ip::tcp::endpoint{numeric, port_}, host_, "");
  } else {
    resolver names(home_.io());
    found = co_await names.async_resolve(host_, std::to_string(port_), net::redirect_error(use, ec));
  }
  if (!ec || !found.empty()) co_await net::async_connect(socket_, found, net::redirect_error(use, ec));
  // A socket that was closed while the name was looked up is opened again by async_connect.
  if (closed_) socket_.close(ec);
  else if (ec) close(ec.message());
  co_return !closed_;
}

task<bool> connection::secure() {
  context_ = home_.tls(); // keeps the context that this connection began with
  if (!context_) co_return true;
  tls_.emplace(socket_, *context_);
  error_code ec;
  const auto side = dialed_ ? net::ssl::stream_base::client : net::ssl::stream_base::server;
  co_await tls_->async_handshake(side, net::redirect_error(use, ec));
  if (ec && !closed_) {
    const auto problem = verify_problem(*tls_);
    home_.refused(*this, refusal::tls, problem.empty() ? ec.message() : problem);
    close("TLS: " + ec.message());
  }
  co_return !ec && !closed_;
}

task<std::optional<greeting>> connection::read_greeting(greeting_step wanted) {
  frame_parser::parsed one;
  if (!co_await read_frame(one)) co_return std::nullopt;
  auto wrong = refusal::malformed;
  std::optional<greeting> got;
  if (one.kind == greeting_kind) got = decode_greeting(one.bytes, wrong);
  if (got && got->step == wanted) co_return got;
  if (got && got->step == greeting_step::refused) {
    home_.refused_by(*this, got->why);
    close("refused by the other side: " + std::string(to_string(got->why)), got->why == refusal::crossed);
  } else {
    co_await refuse(wrong);
  }
  co_return std::nullopt;
}

refusal connection::judge_them() {
  const auto& them = theirs_.who;
  if (tls_) {
    const auto names = peer_names(*tls_);
    if (std::find(names.begin(), names.end(), them.name) == names.end()) return refusal::certificate;
  }
  return judge(home_.self(), theirs_, home_.standing_of(them), meant_);
}

task<void> connection::refuse(refusal why) {
  if (closed_) co_return;
  if (why != refusal::crossed) home_.refused(*this, why);
  auto words = encode_greeting({greeting_step::refused, {}, {}, {}, why});
  co_await write_now(std::move(words));
  close("refused: " + std::string(to_string(why)), why == refusal::crossed);
}

// ---- admit questions ----------------------------------------------------------------------------------------------

task<void> connection::put_question() {
  auto question = frame_of(question_, frame_kind::admit);
  if (!co_await write_now(std::move(question))) co_return;
  frame_parser::parsed one;
  if (!co_await read_frame(one)) co_return;
  if (one.kind != static_cast<std::uint8_t>(frame_kind::admit)) {
    close("an answer of another kind");
    co_return;
  }
  answer_ = std::move(one.bytes);
}

task<void> connection::take_question() {
  asked_ = true;
  deadline_ = steady_clock::now() + home_.patience();
  frame_parser::parsed one;
  if (!co_await read_frame(one)) co_return;
  if (one.kind != static_cast<std::uint8_t>(frame_kind::admit)) {
    home_.refused(*this, refusal::malformed);
    co_return close("a question of another kind");
  }
  home_.question(shared_from_this(), std::move(one.bytes));
  // The asker says no more: what ends this is our answer, its going away, or the deadline.
  while (co_await read_some()) unread_ = {};
}

void connection::answer(std::string text) {
  if (closed_ || !asked_ || writing_) return;
  if (text.size() > bounds::admit_bytes_max) return close("an answer over the bound");
  writing_ = true;
  auto bytes = std::make_shared<std::string>(frame_of(text, frame_kind::admit));
  auto then = [self = shared_from_this(), bytes](error_code, std::size_t) {
    error_code ec;
    // The end comes behind the answer; the asker closes when it has read it, and the deadline stands behind that.
    self->socket_.shutdown(tcp_socket::shutdown_send, ec);
  };
  if (tls_) net::async_write(*tls_, net::buffer(*bytes), std::move(then));
  else net::async_write(socket_, net::buffer(*bytes), std::move(then));
}

} // namespace burrow::plane
