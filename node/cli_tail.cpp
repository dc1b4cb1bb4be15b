// `burrow queue tail`: follows a queue without changing it, by cursor and wait; a node that goes away is asked again.
#include "node/cli_client.hpp"
#include "node/text.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <thread>

namespace burrow {
namespace {

constexpr int wait_s = 30, page = 100;
constexpr double back_off_first_s = 0.2, back_off_max_s = 5;
constexpr int placing_tries = 5;

extern "C" void stop_watching(int) {
  // Nothing is buffered while we wait, so nothing that was seen is lost by leaving at once.
  constexpr std::string_view text = "\nstopped watching; the queue is as it was\n";
  static_cast<void>(!::write(STDERR_FILENO, text.data(), text.size()));
  ::_exit(exit_interrupted);
}

class follower {
public:
  follower(const cli_context& context, std::string path, http_client client)
    : context_(context), path_(std::move(path)), client_(std::move(client)),
      left_(context.number("limit", ~std::uint64_t{0}, 1, ~std::uint64_t{0})) {}

  int run() {
    if (context_.option("from", "start") == "now")
      if (const int code = go_to_end(); code != exit_done) return code;
    while (left_ > 0) {
      const auto target = fmt::format("{}?order=fifo&match_hidden=true&detail=full&limit={}&wait={}{}", path_,
                                      std::min<std::uint64_t>(page, left_), wait_s,
                                      cursor_.empty() ? "" : "&cursor=" + url_segment(cursor_));
      const auto reply = ask(target);
      if (!reply) return code_;
      if (reply->status == 404) continue; // the wait was over
      const auto list = parse_answer(*reply);
      if (!list || !list->is_array()) return exit_failed;
      for (const auto& m : *list) show(m);
      if (std::fflush(stdout) != 0) return exit_done; // whoever read it has gone
      if (const auto at = reply->field("burrow-cursor"); !at.empty()) cursor_ = at;
      left_ -= std::min<std::uint64_t>(left_, list->size());
    }
    return exit_done;
  }

private:
  /// Asks until there is an answer that says something; nothing, with code_ set, where asking again would not help.
  std::optional<http_reply> ask(const std::string& target) {
    double pause = back_off_first_s;
    for (bool told = false;; pause = std::min(pause * 2, back_off_max_s)) {
      auto reply = client_.call("GET", target, {}, {}, context_.timeout_s + wait_s);
      const bool later = !reply || reply->status == 429 || reply->status >= 500;
      if (!later && (reply->status < 400 || reply->status == 404)) {
        if (told && !context_.quiet) fmt::print(stderr, "goes on\n");
        return std::move(*reply);
      }
      if (!later) {
        code_ = cli_error(exit_usage, one_line(reply->body, 300));
        return std::nullopt;
      }
      if (!std::exchange(told, true) && !context_.quiet)
        fmt::print(stderr, "{}; asking again\n",
                   reply ? fmt::format("the node answered {}", reply->status) : reply.error().context);
      std::this_thread::sleep_for(std::chrono::duration<double>(pause));
    }
  }

  /// Puts the cursor behind the last message: asks for the two last ones, and then for the last as what follows the
  /// one before. If one of them goes meanwhile, that begins elsewhere, and is tried again.
  int go_to_end() {
    for (int tries = 0; tries < placing_tries; ++tries) {
      const auto ends = ask(path_ + "?order=lifo&match_hidden=true&detail=id&limit=2");
      if (!ends) return code_;
      if (ends->status == 404) return exit_done; // all that comes is new
      const auto ids = parse_answer(*ends);
      if (!ids || !ids->is_array() || ids->empty()) return exit_failed;
      const std::string last = ids->at(0);
      const auto marker = ids->size() > 1 ? "&marker=" + url_segment(ids->at(1).get<std::string>()) : std::string{};
      const auto placed = ask(path_ + "?order=fifo&match_hidden=true&detail=id&limit=1" + marker);
      if (!placed) return code_;
      const auto got = placed->status == 404 ? std::optional<cli_json>{} : parse_answer(*placed);
      if (!got || !got->is_array() || got->empty() || got->at(0) != last) continue;
      cursor_ = placed->field("burrow-cursor");
      return exit_done;
    }
    return cli_error(exit_failed, "the queue changes faster than its end can be found; try --from start");
  }

  void show(const cli_json& m) const {
    if (context_.has("body")) return fmt::print("{}\n", m.value("body", ""));
    if (context_.output != output_format::table)
      return fmt::print("{}\n", m.dump(-1, ' ', false, cli_json::error_handler_t::replace));
    fmt::print("{:<26}  {:<24}  {}\n", one_line(m.value("id", ""), 60), one_line(m.value("content_type", ""), 24),
               one_line(m.value("body", ""), 45));
  }

  const cli_context& context_;
  std::string path_, cursor_;
  http_client client_;
  std::uint64_t left_;
  int code_ = exit_done;
};

int tail(const cli_context& context) {
  const auto path = queue_path(context.words[0]);
  if (!path) return exit_usage;
  const auto from = context.option("from", "start");
  if (from != "start" && from != "now")
    return cli_error(exit_usage, fmt::format("--from is start or now, not \"{}\"", one_line(from, 40)));
  int code = exit_done;
  const auto endpoint = endpoint_of(context, code);
  if (!endpoint) return code;
  auto client = http_client::make(*endpoint, context.timeout_s);
  if (!client) return cli_error(exit_usage, "--endpoint: " + client.error().context);
  std::signal(SIGINT, stop_watching);
  std::signal(SIGTERM, stop_watching);
  std::signal(SIGPIPE, SIG_IGN);
  return follower(context, *path, std::move(*client)).run();
}

} // namespace

std::vector<cli_command> tail_commands() {
  return {{"queue tail", "burrow queue tail ACCOUNT/QUEUE [--from start|now] [--limit N] [--body]",
           "Shows messages as they come, claimed ones too, and changes nothing. Ctrl-C ends it.",
           "  burrow queue tail demo/jobs --from now\n  burrow queue tail demo/jobs --output jsonl | jq .body\n",
           {"from=", "limit=", "body"}, 1, 1, tail}};
}

} // namespace burrow
