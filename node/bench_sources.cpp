#include "node/bench_sources.hpp"

#include "cluster/base/assert.hpp"
#include "node/text.hpp"

#include <fmt/format.h>

#include <strings.h>

#include <algorithm>
#include <iterator>

namespace burrow::bench {
namespace {

constexpr std::size_t digits = 16;

steady::time_point deadline(const workload& what) {
  return steady::now() + std::chrono::duration_cast<steady::duration>(std::chrono::duration<double>(what.seconds));
}

std::string queue_of(const workload& what, std::uint64_t n) {
  if (what.queues <= 1) return fmt::format("/v1.0/{}/{}", what.account, what.queue);
  return fmt::format("/v1.0/{}/{}{:06}", what.account, what.queue, n % what.queues);
}

void append_request(std::string& out, const workload& what, std::string_view method, std::string_view target,
                    std::string_view type, std::size_t length) {
  fmt::format_to(std::back_inserter(out), "{} {} HTTP/1.1\r\nHost: {}:{}\r\n{}{}{}Content-Length: {}\r\n\r\n", method,
                 target, what.host, what.port, type.empty() ? "" : "Content-Type: ", type, type.empty() ? "" : "\r\n",
                 length);
}

void append_body(std::string& out, std::uint64_t n, std::size_t size) {
  fmt::format_to(std::back_inserter(out), "{:016}", n);
  if (size > digits) out.append(size - digits, 'x');
}

/// Whether a batch's answer says that no entry failed; the member comes first in it.
bool none_failed(std::string_view json) {
  constexpr std::string_view key = "\"failed\":";
  const auto at = json.find(key);
  if (at == std::string_view::npos) return false;
  const auto value = json.substr(at + key.size(), 3);
  return value.starts_with("0,") || value.starts_with(" 0,") || value.starts_with("0}") || value.starts_with(" 0}");
}

/// What all sources share: counting, the end by count, the bar.
class counted : public source {
public:
  explicit counted(const workload& what) : what_(what), begun_(steady::now()) {}
  void progress() override {
    if (what_.show) what_.show(out_.messages, std::chrono::duration<double>(steady::now() - begun_).count());
  }
  outcome finish() {
    out_.seconds = std::chrono::duration<double>(last_ - begun_).count();
    return std::move(out_);
  }

protected:
  void count(const answer& a, std::uint64_t messages) {
    last_ = steady::now();
    ++out_.requests;
    out_.messages += messages;
    if (messages > 0) out_.times.add(a.micros);
  }
  void failed(int status) {
    ++out_.errors;
    if (out_.first_error == 0) out_.first_error = status == 0 ? -1 : status;
  }
  workload what_;
  outcome out_;
  steady::time_point begun_, last_ = begun_;
};

class inserter final : public counted {
public:
  inserter(const workload& what, ledger& book) : counted(what), book_(book), flying_(what.connections) {}

  next_step next(std::size_t i, std::string& out) override {
    if (what_.count != 0 && drawn_ >= what_.count) return next_step::done;
    auto& mine = flying_[i];
    mine.clear();
    if (what_.batch > 1) {
      body_ = R"({"messages":[)";
      for (std::size_t k = 0; k < what_.batch && (what_.count == 0 || drawn_ < what_.count); ++k, ++drawn_) {
        mine.push_back(book_.draw());
        body_ += k == 0 ? R"({"ttl":0,"body":")" : R"(,{"ttl":0,"body":")";
        append_body(body_, mine.back(), what_.size);
        body_ += "\"}";
      }
      body_ += "]}";
      append_request(out, what_, "POST", queue_of(what_, turn_++) + "/~messages", "application/json", body_.size());
      out += body_;
      return next_step::send;
    }
    ++drawn_;
    mine.push_back(book_.draw());
    const auto queue = queue_of(what_, turn_++);
    const std::size_t size = std::max(what_.size, digits);
    if (what_.nameless)
      append_request(out, what_, "POST", queue + "/~messages?ttl=0", "application/octet-stream", size);
    else
      append_request(out, what_, "PUT", fmt::format("{}/{}?ttl=0", queue, mine.back()), "", size);
    append_body(out, mine.back(), size);
    return next_step::send;
  }

  void answered(std::size_t i, const answer& a) override {
    const bool good = a.status == 201 || a.status == 204 || (a.status == 200 && none_failed(a.body));
    for (const auto n : flying_[i]) {
      if (good) book_.acknowledged(n);
      else if (a.status == 0 || a.status == 504 || a.status == 200) book_.unknown(n);
    }
    count(a, good ? flying_[i].size() : 0);
    if (!good) failed(a.status);
  }

private:
  ledger& book_;
  std::vector<std::vector<std::uint64_t>> flying_;
  std::string body_;
  std::uint64_t drawn_ = 0, turn_ = 0;
};

/// The string value of the member `"key":` after `at`, which moves past it; values hold no quotes here.
std::string_view string_after(std::string_view json, std::string_view key, std::size_t& at) {
  const auto found = json.find(key, at);
  if (found == std::string_view::npos) return {};
  const auto from = json.find('"', found + key.size()) + 1;
  if (from == 0) return {};
  const auto end = json.find('"', from);
  if (end == std::string_view::npos) return {};
  at = end;
  return json.substr(from, end - from);
}

class taker final : public counted {
public:
  taker(const workload& what, ledger& book)
    : counted(what), book_(book), acks_(what.connections), held_(what.connections) {}

  next_step next(std::size_t i, std::string& out) override {
    if (!acks_[i].empty()) {
      append_request(out, what_, "POST", queue_of(what_, 0) + "/~ack", "application/json", acks_[i].size());
      out += acks_[i];
      return next_step::send;
    }
    if (empty_ || (what_.count != 0 && out_.messages >= what_.count)) return next_step::done;
    const auto how = fmt::format("?limit={}&hide=600&detail=full&on_empty=200", what_.batch);
    append_request(out, what_, "POST", queue_of(what_, 0) + how, "", 0);
    return next_step::send;
  }

  void answered(std::size_t i, const answer& a) override {
    if (!acks_[i].empty()) {
      acks_[i].clear();
      const bool good = a.status == 200 && none_failed(a.body);
      for (const auto n : held_[i]) good ? book_.seen(n) : book_.unknown(n);
      count(a, good ? held_[i].size() : 0);
      if (!good) failed(a.status);
      return;
    }
    ++out_.requests;
    if (a.status != 200) return failed(a.status);
    std::string ack = R"({"messages":[)";
    std::vector<std::string_view> held;
    std::size_t found = 0;
    for (std::size_t at = 0;; ++found) {
      const auto id = string_after(a.body, "\"id\":", at);
      if (id.empty()) break;
      held.push_back(string_after(a.body, "\"body\":", at));
      const auto receipt = string_after(a.body, "\"receipt\":", at);
      fmt::format_to(std::back_inserter(ack), R"({}{{"id":"{}","receipt":"{}"}})", found == 0 ? "" : ",", id, receipt);
    }
    if (found == 0) {
      empty_ = true;
      return;
    }
    held_[i].clear();
    // Of the bodies alone: an ETag may be as many digits.
    for (const auto body : held) held_[i].push_back(parse_number(body.substr(0, digits)).value_or(~std::uint64_t{0}));
    acks_[i] = ack + "]}";
  }

private:
  ledger& book_;
  std::vector<std::string> acks_;
  std::vector<std::vector<std::uint64_t>> held_;
  bool empty_ = false;
};

/// Connection 0 waits for a message and removes it, connection 1 sends one a little after the other has begun to wait.
class pingpong final : public counted {
public:
  pingpong(const workload& what, ledger& book) : counted(what), book_(book) {}

  next_step next(std::size_t i, std::string& out) override {
    if (done_ >= what_.count) return next_step::done;
    if (i == 0) {
      waiting_since_ = steady::now();
      waits_ = true;
      append_request(out, what_, "DELETE", queue_of(what_, 0) + "?limit=1&wait=20&detail=body&on_empty=200", "", 0);
      return next_step::send;
    }
    if (!waits_ || flying_ || steady::now() - waiting_since_ < std::chrono::milliseconds(10)) return next_step::pause;
    flying_ = true;
    number_ = book_.draw();
    const std::size_t size = std::max(what_.size, digits);
    append_request(out, what_, "POST", queue_of(what_, 0) + "/~messages?ttl=0", "application/octet-stream", size);
    append_body(out, number_, size);
    sent_ = steady::now();
    return next_step::send;
  }

  void answered(std::size_t i, const answer& a) override {
    if (i == 1) {
      if (a.status == 201) book_.acknowledged(number_);
      else failed(a.status), flying_ = false;
      ++out_.requests;
      return;
    }
    waits_ = false;
    if (book_.seen_in(a.body) == 0) return a.status == 200 ? void() : failed(a.status);
    answer timed = a;
    timed.micros = std::chrono::duration<double, std::micro>(steady::now() - sent_).count();
    count(timed, 1);
    ++done_;
    flying_ = false;
  }

private:
  ledger& book_;
  std::uint64_t done_ = 0, number_ = 0;
  bool waits_ = false, flying_ = false;
  steady::time_point waiting_since_, sent_;
};

/// The value of a field in an answer's head, `name` in lower case with its colon.
std::string field_of(std::string_view head, std::string_view name) {
  for (std::size_t at = head.find("\r\n"); at != std::string_view::npos; at = head.find("\r\n", at + 2)) {
    const auto line = head.substr(at + 2);
    if (line.size() < name.size() || ::strncasecmp(line.data(), name.data(), name.size()) != 0) continue;
    const auto value = line.substr(name.size(), line.find("\r\n") - name.size());
    return std::string(value.substr(std::min(value.find_first_not_of(' '), value.size())));
  }
  return {};
}

class drainer final : public counted {
public:
  drainer(const workload& what, ledger& book) : counted(what), book_(book) {}

  next_step next(std::size_t, std::string& out) override {
    if (at_ >= std::max<std::size_t>(what_.queues, 1)) return next_step::done;
    auto target = queue_of(what_, at_) + "?limit=1000&detail=body&match_hidden=true&on_empty=200";
    if (!cursor_.empty()) target += "&cursor=" + cursor_;
    append_request(out, what_, what_.keep ? "GET" : "DELETE", target, "", 0);
    return next_step::send;
  }
  void answered(std::size_t, const answer& a) override {
    if (a.status != 200) {
      failed(a.status);
      if (out_.errors > 100) at_ = what_.queues + 1;
      return;
    }
    const auto found = book_.seen_in(a.body);
    cursor_.clear();
    if (what_.keep && found != 0) cursor_ = field_of(a.head, "burrow-cursor:");
    if (cursor_.empty() && (what_.keep || found == 0 || what_.queues > 1)) ++at_;
    count(a, found);
  }

private:
  ledger& book_;
  std::size_t at_ = 0;
  std::string cursor_;
};

/// Connection 0 belongs to the quiet one, all others to the flooder, who ends with the quiet one.
class both final : public source {
public:
  both(source& quiet, source& flood) : quiet_(quiet), flood_(flood) {}
  next_step next(std::size_t i, std::string& out) override {
    return i == 0 ? quiet_.next(0, out) : flood_.next(i - 1, out);
  }
  void answered(std::size_t i, const answer& a) override {
    if (i == 0) quiet_.answered(0, a);
    else flood_.answered(i - 1, a);
  }
  void progress() override { flood_.progress(); }

private:
  source &quiet_, &flood_;
};

template <class Source>
result<outcome> run_one(const workload& what, ledger& book, std::size_t connections) {
  Source from(what, book);
  if (auto ran = run_load(what.host, what.port, connections, from, deadline(what)); !ran) return ran.error();
  return from.finish();
}

} // namespace

void ledger::seen(std::uint64_t n) {
  if (n >= marks_.size()) {
    ++strangers_;
    return;
  }
  marks_[n] |= (marks_[n] & seen_bit) != 0 ? twice_bit : seen_bit;
}

std::size_t ledger::seen_in(std::string_view json) {
  std::vector<std::uint64_t> found;
  numbers_in(json, found);
  for (const auto n : found) seen(n);
  return found.size();
}

void ledger::numbers_in(std::string_view json, std::vector<std::uint64_t>& out) {
  for (std::size_t at = json.find('"'); at != std::string_view::npos; at = json.find('"', at + 1)) {
    if (at + 1 + digits > json.size()) break;
    const auto n = parse_number(json.substr(at + 1, digits));
    if (!n) continue;
    out.push_back(*n);
    at += digits;
  }
}

ledger::verdict ledger::judge() const {
  verdict out;
  out.strangers = strangers_;
  for (const auto mark : marks_) {
    out.acknowledged += (mark & acknowledged_bit) != 0 ? 1 : 0;
    out.unknown += (mark & unknown_bit) != 0 ? 1 : 0;
    out.lost += (mark & (acknowledged_bit | unknown_bit | seen_bit)) == acknowledged_bit ? 1 : 0;
    out.duplicates += (mark & twice_bit) != 0 ? 1 : 0;
  }
  return out;
}

result<outcome> run_insert(const workload& what, ledger& book) {
  return run_one<inserter>(what, book, what.connections);
}
result<outcome> run_take(const workload& what, ledger& book) { return run_one<taker>(what, book, what.connections); }
result<outcome> run_longpoll(const workload& what, ledger& book) { return run_one<pingpong>(what, book, 2); }
result<outcome> run_drain(const workload& what, ledger& book) {
  workload one = what;
  one.seconds = 3600;
  one.show = nullptr;
  return run_one<drainer>(one, book, 1);
}

result<two_outcomes> run_two(const workload& quiet, const workload& flood, ledger& quiet_book, ledger& flood_book) {
  inserter one(quiet, quiet_book), many(flood, flood_book);
  both together(one, many);
  if (auto ran = run_load(quiet.host, quiet.port, 1 + flood.connections, together, deadline(quiet)); !ran)
    return ran.error();
  return two_outcomes{one.finish(), many.finish()};
}

} // namespace burrow::bench
