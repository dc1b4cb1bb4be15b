// How bench_publish_load speaks to a server: Burrow over HTTP, RabbitMQ over AMQP 0-9-1, NATS JetStream over its text
// protocol. Written by hand and as small as the run allows, so that the three clients cost about the same and little.
#pragma once

#include <strings.h>
#include <sys/socket.h>

#include <charconv>
#include <cstdint>
#include <cstring>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace publish {

/// Reads from a socket that blocks, until `enough` says how much of it is an answer (0: read on).
class greeting {
public:
  explicit greeting(int socket) : socket_(socket) {}

  void say(std::string_view what) {
    while (!what.empty()) {
      const auto n = ::send(socket_, what.data(), what.size(), MSG_NOSIGNAL);
      if (n <= 0) throw std::runtime_error("the connection broke in the greeting");
      what.remove_prefix(static_cast<std::size_t>(n));
    }
  }
  std::string hear(const std::function<std::size_t(std::string_view)>& enough) {
    while (true) {
      if (const auto size = enough(in_); size != 0) {
        std::string out = in_.substr(0, size);
        in_.erase(0, size);
        return out;
      }
      char bytes[4096];
      const auto n = ::recv(socket_, bytes, sizeof bytes, 0);
      if (n <= 0) throw std::runtime_error("the connection broke in the greeting: " + in_.substr(0, 200));
      in_.append(bytes, static_cast<std::size_t>(n));
    }
  }

private:
  int socket_;
  std::string in_;
};

/// One connection's protocol. Requests are numbered from 1 on; an answer names the one it is for, or all up to it.
class dialect {
public:
  struct answer {
    std::uint64_t number;
    bool good, all_before;
  };
  virtual ~dialect() = default;
  virtual void greet(greeting& with) = 0;
  virtual void ask(std::string& out, std::uint64_t number) = 0;
  /// Hands on every whole answer in `in`; returns the bytes they took. What must be said at once goes to `out`.
  virtual std::size_t hear(std::string_view in, std::string& out, const std::function<void(answer)>& each) = 0;
};

/// PUT /v1.0/ACCOUNT/QUEUE/NAME, as `burrow bench --mode insert` does; what names begin with is part of `path`. Answers
/// come in order.
class http_dialect final : public dialect {
public:
  http_dialect(std::string path, std::size_t size, std::size_t who)
    : path_(std::move(path)), body_(size, 'x'), who_(std::to_string(who)) {}
  void greet(greeting&) override {}
  void ask(std::string& out, std::uint64_t number) override {
    out += "PUT " + path_ + "c" + who_ + "-" + std::to_string(number) + "?ttl=0 HTTP/1.1\r\nHost: localhost\r\n" +
           "Content-Length: " + std::to_string(body_.size()) + "\r\n\r\n";
    out += body_;
  }
  std::size_t hear(std::string_view in, std::string&, const std::function<void(answer)>& each) override {
    std::size_t taken = 0;
    while (true) {
      const auto rest = in.substr(taken);
      const auto end = rest.find("\r\n\r\n");
      if (end == std::string_view::npos) return taken;
      std::size_t length = 0;
      const auto head = rest.substr(0, end);
      for (auto at = head.find("\r\n"); at != std::string_view::npos; at = head.find("\r\n", at + 2))
        if (::strncasecmp(head.data() + at + 2, "content-length:", 15) == 0)
          length = std::strtoull(head.data() + at + 17, nullptr, 10);
      if (rest.size() < end + 4 + length) return taken;
      each({++answered_, rest[9] == '2', false});
      taken += end + 4 + length;
    }
  }

private:
  std::string path_, body_, who_;
  std::uint64_t answered_ = 0;
};

/// Persistent messages to a quorum queue through the default exchange, publisher confirms on.
class amqp_dialect final : public dialect {
public:
  amqp_dialect(std::string queue, std::size_t size) : queue_(std::move(queue)), body_(size, 'x') {}

  void greet(greeting& with) override {
    with.say(std::string_view("AMQP\0\0\x09\x01", 8));
    expect(with, 10, 10);
    const std::string login("\0guest\0guest", 12);
    method(with, 0, number16(10) + number16(11) + number32(0) + short_text("PLAIN") + long_text(login) +
                      short_text("en_US"));
    const auto tune = expect(with, 10, 30);
    method(with, 0, number16(10) + number16(31) + tune.substr(4, 6) + number16(0));
    method(with, 0, number16(10) + number16(40) + short_text("/") + std::string(2, '\0'));
    expect(with, 10, 41);
    method(with, 1, number16(20) + number16(10) + std::string(1, '\0'));
    expect(with, 20, 11);
    const auto kind = short_text("x-queue-type") + "S" + long_text("quorum");
    method(with, 1, number16(50) + number16(10) + number16(0) + short_text(queue_) + "\x02" + long_text(kind));
    expect(with, 50, 11);
    method(with, 1, number16(85) + number16(10) + std::string(1, '\0'));
    expect(with, 85, 11);
    // One message is the same bytes every time.
    message_ = frame(1, 1, number16(60) + number16(40) + number16(0) + std::string(1, '\0') + short_text(queue_) +
                             std::string(1, '\0'));
    message_ += frame(2, 1, number16(60) + number16(0) + number32(0) +
                              number32(static_cast<std::uint32_t>(body_.size())) + number16(0x1000) + "\x02");
    message_ += frame(3, 1, body_);
  }
  void ask(std::string& out, std::uint64_t) override { out += message_; }
  std::size_t hear(std::string_view in, std::string&, const std::function<void(answer)>& each) override {
    std::size_t taken = 0;
    while (const auto size = frame_size(in.substr(taken))) {
      const auto payload = in.substr(taken + 7, size - 8);
      if (in[taken] == 1) {
        const auto what = std::pair{value(payload.substr(0, 2)), value(payload.substr(2, 2))};
        const bool good = what == std::pair<std::uint64_t, std::uint64_t>{60, 80};
        if (!good && what != std::pair<std::uint64_t, std::uint64_t>{60, 120})
          throw std::runtime_error("AMQP: " + std::string(payload.substr(4, 200)));
        each({value(payload.substr(4, 8)), good, (payload[12] & 1) != 0});
      }
      taken += size;
    }
    return taken;
  }

private:
  static std::string number16(unsigned v) { return {static_cast<char>(v >> 8), static_cast<char>(v)}; }
  static std::string number32(std::uint32_t v) { return number16(v >> 16) + number16(v & 0xFFFF); }
  static std::string short_text(const std::string& s) { return std::string(1, static_cast<char>(s.size())) + s; }
  static std::string long_text(const std::string& s) { return number32(static_cast<std::uint32_t>(s.size())) + s; }
  static std::uint64_t value(std::string_view bytes) {
    std::uint64_t out = 0;
    for (const char c : bytes) out = out << 8 | static_cast<unsigned char>(c);
    return out;
  }
  static std::size_t frame_size(std::string_view in) {
    if (in.size() < 7) return 0;
    const auto size = value(in.substr(3, 4)) + 8;
    return in.size() < size ? 0 : size;
  }
  static std::string frame(char type, unsigned channel, const std::string& payload) {
    return std::string(1, type) + number16(channel) + long_text(payload) + "\xCE";
  }
  static void method(greeting& with, unsigned channel, const std::string& payload) {
    with.say(frame(1, channel, payload));
  }
  static std::string expect(greeting& with, unsigned of, unsigned what) {
    const auto whole = with.hear(frame_size);
    auto payload = whole.substr(7, whole.size() - 8);
    if (whole[0] != 1 || value(payload.substr(0, 2)) != of || value(payload.substr(2, 2)) != what)
      throw std::runtime_error("AMQP greeting: " + payload.substr(4, 200));
    return payload;
  }

  std::string queue_, body_, message_;
};

/// PUB with a reply subject of its own for each message: the stream's acknowledgement comes there.
class nats_dialect final : public dialect {
public:
  nats_dialect(std::string subject, std::size_t size, std::size_t who)
    : subject_(std::move(subject)), body_(size, 'x'), inbox_("_INBOX.load" + std::to_string(who) + ".") {}

  void greet(greeting& with) override {
    with.hear(line_size);
    with.say("CONNECT {\"verbose\":false,\"pedantic\":false}\r\nSUB " + inbox_ + "* 1\r\nPING\r\n");
    while (!with.hear(line_size).starts_with("PONG")) {}
  }
  void ask(std::string& out, std::uint64_t number) override {
    out += "PUB " + subject_ + " " + inbox_ + std::to_string(number) + " " + std::to_string(body_.size()) + "\r\n";
    out += body_;
    out += "\r\n";
  }
  std::size_t hear(std::string_view in, std::string& out, const std::function<void(answer)>& each) override {
    std::size_t taken = 0;
    while (true) {
      const auto rest = in.substr(taken);
      const auto line = line_size(rest);
      if (line == 0) return taken;
      if (!rest.starts_with("MSG ")) {
        if (rest.starts_with("PING")) out += "PONG\r\n";
        else if (rest.starts_with("-ERR")) throw std::runtime_error("NATS: " + std::string(rest.substr(0, line)));
        taken += line;
        continue;
      }
      const auto head = rest.substr(0, line - 2);
      std::uint64_t number = 0;
      std::size_t size = 0;
      std::from_chars(head.data() + 4 + inbox_.size(), head.data() + head.size(), number);
      std::from_chars(head.data() + head.rfind(' ') + 1, head.data() + head.size(), size);
      if (rest.size() < line + size + 2) return taken;
      each({number, rest.substr(line, size).find("\"seq\":") != std::string_view::npos, false});
      taken += line + size + 2;
    }
  }

private:
  static std::size_t line_size(std::string_view in) {
    const auto at = in.find("\r\n");
    return at == std::string_view::npos ? 0 : at + 2;
  }
  std::string subject_, body_, inbox_;
};

} // namespace publish
