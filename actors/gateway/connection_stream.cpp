// The part of a connection that sends a stream of events. A page of a queue is read when the one before it is written,
// so a client that reads slowly makes the node keep one page, and one that does not read is closed like any other.
#include "actors/gateway/connection.hpp"

#include "cluster/base/limits.hpp"

#include <charconv>

namespace burrow {
namespace {

/// How many streams are open.
class open_stream {
public:
  explicit open_stream(gateway_metrics& metrics) : metrics_(metrics) { metrics_.streams(1); }
  ~open_stream() { metrics_.streams(-1); }
  open_stream(const open_stream&) = delete;
  open_stream& operator=(const open_stream&) = delete;

private:
  gateway_metrics& metrics_;
};

constexpr std::string_view comment = ":\n\n";

} // namespace

connection::task<void> connection::stream() {
  auto& shared = home_.shared();
  const open_stream counted{shared.metrics};
  keep_ = false;
  write_head(out_, false, framing::stream);
  const auto seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
  shared.metrics.answered("stream", answer_.status, seconds, arena_.text.size() + charged_, out_.size());
  const bool begun = co_await write_all({net::buffer(out_), net::const_buffer{}});
  if (!begun) co_return;
  // A comment at once, for those who wait for a first byte.
  auto written_at = std::chrono::steady_clock::now() - limits::stream_comment_every;
  for (;;) {
    auto page = home_.dialect().events(request_, call_->made, *call_->outcome);
    const auto silent = std::chrono::steady_clock::now() - written_at;
    if (page.text.empty() && silent >= limits::stream_comment_every) page.text = comment;
    if (!page.text.empty()) written_at = std::chrono::steady_clock::now();
    const bool last = page.last || shared.draining;
    shared.metrics.events(page.events, page.text.size());
    const bool written = co_await write_events(std::move(page.text), last);
    if (!written || last) co_return;
    auto next = std::make_shared<call>();
    next->made = std::move(call_->made);
    call_ = std::move(next);
    const auto quiet = std::chrono::duration_cast<duration>(std::chrono::steady_clock::now() - written_at);
    call_->made.what->wait = std::max(limits::stream_comment_every - quiet, duration{1});
    const bool there = co_await carry_out();
    if (!there) co_return;
  }
}

connection::task<bool> connection::write_events(std::string text, bool last) {
  const bool chunked = !parser_->is_http_1_0();
  out_.clear();
  if (chunked && !text.empty()) {
    char size[20];
    const auto end = std::to_chars(size, size + sizeof size, text.size(), 16).ptr;
    out_.append(size, end);
    out_ += "\r\n";
    text += "\r\n";
  }
  if (chunked && last) text += "0\r\n\r\n";
  uncharge();
  home_.shared().buffered.fetch_add(text.size(), std::memory_order_relaxed);
  charged_ = text.size();
  const bool written = co_await write_all({net::buffer(out_), net::buffer(text)});
  uncharge();
  co_return written;
}

} // namespace burrow
