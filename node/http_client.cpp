#include "node/http_client.hpp"

#include "node/text.hpp"

#include <fmt/format.h>

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

namespace burrow {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

void set_timeout(int socket, double seconds) {
  timeval t{};
  t.tv_sec = static_cast<time_t>(seconds);
  t.tv_usec = static_cast<suseconds_t>((seconds - static_cast<double>(t.tv_sec)) * 1e6);
  ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t);
  ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof t);
}

/// Takes one line off `in`; false if there is none yet.
bool take_line(std::string& in, std::string& line) {
  const auto end = in.find("\r\n");
  if (end == std::string::npos) return false;
  line = in.substr(0, end);
  in.erase(0, end + 2);
  return true;
}

constexpr std::size_t reply_bytes_max = std::size_t{64} << 20;

} // namespace

std::string_view http_reply::field(std::string_view name) const {
  for (const auto& [key, value] : fields) if (key == name) return value;
  return {};
}

result<http_client> http_client::make(const std::string& url, double timeout_s) {
  std::string_view rest = url;
  if (rest.starts_with("https://"))
    return error{errc::config_invalid, "https is not served by this version; put a proxy in front, and name it by http"};
  if (rest.starts_with("http://")) rest.remove_prefix(7);
  while (rest.ends_with('/')) rest.remove_suffix(1);
  http_client made;
  const auto colon = rest.rfind(':');
  const bool with_port = colon != std::string_view::npos && rest.find(']', colon) == std::string_view::npos;
  made.host_ = rest.substr(0, with_port ? colon : rest.size());
  made.port_ = with_port ? rest.substr(colon + 1) : "8081";
  if (made.host_.size() > 2 && made.host_.front() == '[') made.host_ = made.host_.substr(1, made.host_.size() - 2);
  const auto port = parse_number(made.port_);
  if (made.host_.empty() || made.host_.find('/') != std::string::npos || !port || *port == 0 || *port > 65'535)
    return error{errc::config_invalid, fmt::format("an endpoint is http://HOST:PORT, not \"{}\"", one_line(url, 80))};
  made.url_ = fmt::format("http://{}", rest);
  made.timeout_s_ = timeout_s;
  return made;
}

http_client::http_client(http_client&& other) noexcept
  : url_(std::move(other.url_)), host_(std::move(other.host_)), port_(std::move(other.port_)),
    in_(std::move(other.in_)), timeout_s_(other.timeout_s_), socket_(std::exchange(other.socket_, -1)) {}

http_client::~http_client() { close(); }

void http_client::close() {
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
  in_.clear();
}

result<void> http_client::connect(double timeout_s) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int code = ::getaddrinfo(host_.c_str(), port_.c_str(), &hints, &found); code != 0)
    return error{errc::unavailable, fmt::format("cannot find {}: {}", host_, ::gai_strerror(code))};
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> list(found, ::freeaddrinfo);
  int why = ECONNREFUSED;
  for (const addrinfo* a = found; a; a = a->ai_next) {
    socket_ = ::socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (socket_ < 0) continue;
    set_timeout(socket_, timeout_s);
    if (::connect(socket_, a->ai_addr, a->ai_addrlen) == 0) {
      const int on = 1;
      ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      return {};
    }
    why = errno;
    close();
  }
  return error{errc::unavailable, fmt::format("cannot reach {}: {}", url_, std::strerror(why))};
}

result<void> http_client::send_all(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return error{errc::unavailable, fmt::format("the connection to {} broke", url_)};
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return {};
}

result<bool> http_client::receive() {
  char buffer[65'536];
  while (true) {
    const auto got = ::recv(socket_, buffer, sizeof buffer, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN)
      return error{errc::timed_out, fmt::format("no answer from {} in time", url_)};
    if (got < 0) return error{errc::unavailable, fmt::format("the connection to {} broke", url_)};
    if (in_.size() + static_cast<std::size_t>(got) > reply_bytes_max)
      return error{errc::too_large, "the answer is too large"};
    in_.append(buffer, static_cast<std::size_t>(got));
    return got > 0;
  }
}

result<void> http_client::read_body(http_reply& reply) {
  const auto need = [&](std::size_t size) -> result<void> {
    while (in_.size() < size) {
      const auto more = receive();
      if (!more) return more.error();
      if (!*more) return error{errc::unavailable, "the answer was cut off"};
    }
    return {};
  };
  if (lower(reply.field("transfer-encoding")) == "chunked") {
    while (true) {
      std::string line;
      while (!take_line(in_, line)) if (auto r = need(in_.size() + 1); !r) return r.error();
      const std::size_t size = std::strtoull(line.c_str(), nullptr, 16);
      if (size > reply_bytes_max) return error{errc::too_large, "the answer is too large"};
      if (auto r = need(size + 2); !r) return r.error();
      reply.body.append(in_, 0, size);
      in_.erase(0, size + 2);
      if (size == 0) return {};
    }
  }
  const auto length = parse_number(reply.field("content-length"));
  if (!length) {
    while (true) {
      const auto more = receive();
      if (!more) return more.error();
      if (!*more) break;
    }
    reply.body = std::move(in_);
    close();
    return {};
  }
  if (*length > reply_bytes_max) return error{errc::too_large, "the answer is too large"};
  if (auto r = need(*length); !r) return r.error();
  reply.body = in_.substr(0, *length);
  in_.erase(0, *length);
  return {};
}

result<http_reply> http_client::read_reply(bool head_only) {
  while (true) {
    http_reply reply;
    std::string line;
    while (true) {
      if (!take_line(in_, line)) {
        const auto more = receive();
        if (!more) return more.error();
        if (!*more) return error{errc::unavailable, fmt::format("{} closed the connection", url_)};
        continue;
      }
      if (reply.status == 0) {
        if (!line.starts_with("HTTP/1.") || line.size() < 12)
          return error{errc::malformed, fmt::format("{} does not speak HTTP", url_)};
        reply.status = static_cast<int>(parse_number(line.substr(9, 3)).value_or(0));
        if (reply.status < 100) return error{errc::malformed, fmt::format("{} does not speak HTTP", url_)};
        continue;
      }
      if (line.empty()) break;
      const auto colon = line.find(':');
      if (colon == std::string::npos) continue;
      const auto value = line.find_first_not_of(" \t", colon + 1);
      reply.fields.emplace_back(lower(line.substr(0, colon)), value == std::string::npos ? "" : line.substr(value));
    }
    if (reply.status < 200) continue;
    if (!head_only && reply.status != 204 && reply.status != 304)
      if (auto read = read_body(reply); !read) return read.error();
    return reply;
  }
}

result<http_reply> http_client::call(std::string_view method, std::string_view target, std::string_view body,
                                     const fields& more, double timeout_s) {
  const double limit = timeout_s > 0 ? timeout_s : timeout_s_;
  if (socket_ < 0) if (auto connected = connect(limit); !connected) return connected.error();
  set_timeout(socket_, limit);
  std::string head = fmt::format("{} {} HTTP/1.1\r\nHost: {}:{}\r\n", method, target, host_, port_);
  if (!body.empty() || method == "PUT" || method == "POST") head += fmt::format("Content-Length: {}\r\n", body.size());
  for (const auto& [name, value] : more) head += fmt::format("{}: {}\r\n", name, value);
  head += "\r\n";
  head.append(body);
  auto sent = send_all(head);
  auto reply = sent ? read_reply(method == "HEAD") : result<http_reply>(sent.error());
  if (!reply || lower(reply->field("connection")) == "close") close();
  return reply;
}

} // namespace burrow
