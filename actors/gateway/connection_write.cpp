// The half of a connection that writes, and that notices a client that is gone.
#include "actors/gateway/connection.hpp"

#include "cluster/base/limits.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/http/status.hpp>

#include <netinet/tcp.h>
#include <sys/socket.h>

namespace burrow {
namespace {

namespace http = boost::beast::http;
constexpr net::use_awaitable_t<io_executor> use{};
/// An answer up to this size is one piece with its head.
constexpr std::size_t joined_max = 16 * limits::kib;

} // namespace

// ---- a client that goes away ------------------------------------------------------------------------------------

void connection::watch_client() {
  watching_ = true;
  socket_.async_wait(tcp_socket::wait_read, [this, self = shared_from_this(), held = call_](error_code ec) {
    watching_ = false;
    if (ec || !held->resume) return;
    char byte = 0;
    const auto n = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (n > 0) data_ahead_ = true; // the next request: the end of the stream hides behind it, so the sweep looks
    else if (n < 0 && errno == EAGAIN) watch_client();
    else client_gone();
  });
}

bool connection::peer_closed() {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (::getsockopt(socket_.native_handle(), IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return true;
  return info.tcpi_state != TCP_ESTABLISHED;
}

void connection::client_gone() {
  const auto held = call_;
  keep_ = false;
  gone_ = true;
  if (held->made.what->client) held->made.what->client->gone = true;
  home_.withdraw(held);
  std::exchange(held->resume, nullptr)->go();
}

// ---- writing ----------------------------------------------------------------------------------------------------

void connection::write_head(std::string& out, bool keep) const {
  const int status = answer_.status;
  out.clear();
  out += "HTTP/1.1 ";
  out += std::to_string(status);
  out += ' ';
  const auto text = http::obsolete_reason(http::int_to_status(static_cast<unsigned>(status)));
  out.append(text.data(), text.size());
  out += "\r\nDate: ";
  out += home_.date();
  for (const auto& [name, value] : answer_.fields) {
    out += "\r\n";
    out += name;
    out += ": ";
    out += value;
  }
  out += "\r\nX-Request-Id: ";
  out += request_.request_id;
  if (status == 204 ? home_.shared().options.content_length_on_204 : status != 304) {
    out += "\r\nContent-Length: ";
    out += std::to_string(answer_.body.size());
  }
  if (!keep) out += "\r\nConnection: close";
  else if (parser_->is_http_1_0()) out += "\r\nConnection: keep-alive";
  out += "\r\n\r\n";
}

void connection::tell_answered(double seconds, std::size_t bytes_out) const {
  const auto& to = home_.shared().options;
  const bool administrative = admin_ && to.administrative;
  if (!to.access && !administrative) return;
  // A head that was refused may not have been read whole: then there is no path to speak of.
  const bool known = route_ != "malformed";
  const std::string_view query = known ? request_.query : std::string_view{};
  const answered_request told{client_, known ? request_.method_text : "-", known ? request_.path : "-", route_,
                              request_.request_id, query.find("limit=") != query.npos, answer_.status, seconds,
                              arena_.text.size() + charged_, bytes_out};
  if (to.access) to.access(told);
  if (administrative) to.administrative(told);
}

connection::task<bool> connection::write_answer() {
  write_head(out_, keep_);
  const bool body = request_.method != http_method::head && answer_.status != 204 && answer_.status != 304;
  const std::size_t size = body ? answer_.body.size() : 0;
  const auto seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
  home_.shared().metrics.answered(route_, answer_.status, seconds, arena_.text.size() + charged_, out_.size() + size);
  tell_answered(seconds, out_.size() + size);
  // Answers count among what is buffered, but are not refused: what they tell has happened.
  home_.shared().buffered.fetch_add(size, std::memory_order_relaxed);
  charged_ += size;
  std::array<net::const_buffer, 2> parts;
  if (size <= joined_max) out_.append(answer_.body, 0, size);
  else parts[1] = net::buffer(answer_.body);
  parts[0] = net::buffer(out_);
  co_return co_await write_all(parts);
}

connection::task<bool> connection::write_all(std::array<net::const_buffer, 2> parts) {
  written_ = 0;
  const auto until = std::chrono::steady_clock::now() + limits::http_body_time_max;
  while (parts[0].size() + parts[1].size() > 0) {
    set_deadline(phase::writing, limits::http_write_time_max);
    deadline_ = std::min(deadline_, until);
    error_code ec;
    // Most answers fit the socket's buffer: no trip through the loop for them.
    auto n = socket_.write_some(parts, ec);
    if (ec == net::error::would_block || ec == net::error::try_again) {
      ec = {};
      n = co_await socket_.async_write_some(parts, net::redirect_error(use, ec));
    }
    if (ec) co_return false;
    written_ += n;
    for (auto& part : parts) {
      const auto step = std::min(n, part.size());
      part += step;
      n -= step;
    }
  }
  co_return true;
}

} // namespace burrow
