// `burrow top`: what the nodes, queues and shards are doing, live. On a terminal a screen of its own that is given back
// whatever ends it; elsewhere one block, or one line of JSON, an interval.
#include "node/cli_client.hpp"
#include "node/contexts.hpp"
#include "node/text.hpp"
#include "node/top.hpp"

#include <fmt/format.h>

#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <csignal>
#include <map>
#include <thread>

namespace burrow {
namespace {

using steady = std::chrono::steady_clock;
/// Queues are looked for in so many accounts, those that hold most, and so many of each.
constexpr std::size_t accounts_max = 10, queues_max = 200;
constexpr double answer_s = 10;

constexpr std::string_view screen_on = "\033[?1049h\033[?25l", screen_off = "\033[?25h\033[?1049l";
termios before_us{};                            // of the terminal, for the handler below
volatile std::sig_atomic_t terminal_is_ours = 0;

/// Only what a signal handler may do.
void give_terminal_back() {
  if (terminal_is_ours == 0) return;
  terminal_is_ours = 0;
  static_cast<void>(!::write(STDOUT_FILENO, screen_off.data(), screen_off.size()));
  ::tcsetattr(STDIN_FILENO, TCSANOW, &before_us);
}

extern "C" void end_top(int) {
  give_terminal_back();
  ::_exit(exit_interrupted);
}

/// The whole screen and single keys, until it ends.
class screen {
public:
  explicit screen(bool wanted) : on_(wanted && ::tcgetattr(STDIN_FILENO, &before_us) == 0) {
    for (const int one : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) std::signal(one, end_top);
    std::signal(SIGPIPE, SIG_DFL);
    if (!on_) return;
    auto raw = before_us;
    raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    terminal_is_ours = 1;
    ::tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    fmt::print("{}", screen_on);
  }
  ~screen() {
    std::fflush(stdout);
    give_terminal_back();
  }
  screen(const screen&) = delete;
  screen& operator=(const screen&) = delete;

  [[nodiscard]] bool on() const { return on_; }
  [[nodiscard]] static std::size_t lines() {
    winsize size{};
    return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 4 ? size.ws_row : 24;
  }
  void draw(const std::string& text) const {
    // Each line is cleared to its end, then what is below: no flicker as there is with a cleared screen.
    std::string out = "\033[H";
    for (const char c : text) out += c == '\n' ? std::string("\033[K\n") : std::string(1, c);
    fmt::print("{}\033[J", out);
    std::fflush(stdout);
  }
  /// A key within that time, or 0.
  [[nodiscard]] char key(std::chrono::milliseconds most) const {
    if (!on_) {
      std::this_thread::sleep_for(most);
      return 0;
    }
    pollfd in{STDIN_FILENO, POLLIN, 0};
    char c = 0;
    if (::poll(&in, 1, static_cast<int>(most.count())) <= 0 || ::read(STDIN_FILENO, &c, 1) != 1) return 0;
    return c;
  }

private:
  bool on_;
};

class viewer {
public:
  viewer(const cli_context& context, http_client client)
    : context_(context), client_(std::move(client)),
      every_(std::chrono::milliseconds(1000 * context.number("interval", 2, 1, 3600))) {
    look_.rows = context.number("rows", 8, 0, 1000);
    look_.sort = context.option("sort", "rate");
    look_.filter = context.option("filter");
    look_.heads = context.heads;
    frames_ = context.number("frames", 0, 1, 1'000'000);
  }

  int run() {
    const bool known = std::find(std::begin(top_sorts), std::end(top_sorts), look_.sort) != std::end(top_sorts);
    if (!known) return cli_error(exit_usage, fmt::format("--sort is rate, name or size, not \"{}\"",
                                                         one_line(look_.sort, 40)));
    const bool once = context_.has("once"), table = context_.output == output_format::table;
    // The first rates need two looks; the first of them also finds out whether anybody is there.
    auto before = look();
    if (!before) return code_;
    const screen terminal(!once && table && ::isatty(STDIN_FILENO) == 1 && ::isatty(STDOUT_FILENO) == 1);
    if (terminal.on()) terminal.draw("looking ...\n");
    while (true) {
      if (!wait(terminal)) return exit_done;
      auto now = look();
      if (!now && !terminal.on()) return code_;
      if (now) {
        figures_ = top_figures(*before, *now);
        add_queues();
        before = std::move(now);
      }
      if (!paused_) show(terminal);
      if (once || (frames_ > 0 && --frames_ == 0)) return exit_done;
    }
  }

private:
  /// True after the interval; false: whoever looks has had enough. Keys change what is shown at once.
  bool wait(const screen& terminal) {
    for (const auto until = steady::now() + every_; steady::now() < until;) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - steady::now());
      const char c = terminal.key(left);
      if (c == 'q' || c == 'Q') return false;
      if (c == 'p' || c == ' ') paused_ = !paused_;
      if (c == 's') look_.sort = next_sort();
      if (c != 0 && terminal.on()) show(terminal);
    }
    return true;
  }

  [[nodiscard]] std::string next_sort() const {
    const auto at = std::find(std::begin(top_sorts), std::end(top_sorts), look_.sort);
    return std::string(at + 1 == std::end(top_sorts) ? *std::begin(top_sorts) : *(at + 1));
  }

  void show(const screen& terminal) {
    if (figures_.is_null()) return;
    const auto chosen = top_chosen(figures_, look_);
    if (context_.output != output_format::table) {
      const int indent = context_.output == output_format::json && context_.has("once") ? 2 : -1;
      fmt::print("{}\n", chosen.dump(indent, ' ', false, cli_json::error_handler_t::replace));
    } else if (terminal.on()) {
      look_.lines = screen::lines() - 2;
      terminal.draw(top_text(chosen, look_) + (problem_.empty() ? "" : "\n" + problem_) +
                    fmt::format("\n{}q quits   p {}   s sorts, now by {}", paused_ ? "PAUSED   " : "",
                                paused_ ? "goes on" : "pauses", look_.sort));
    } else {
      fmt::print("{}{}", shown_ ? "\n" : "", top_text(chosen, look_));
    }
    shown_ = true;
    std::fflush(stdout);
  }

  /// One answer as JSON; nothing, with code_ and problem_ set, if there is none.
  std::optional<cli_json> ask(const std::string& target) {
    const auto reply = client_.call("GET", target, {}, {}, std::min(answer_s, context_.timeout_s));
    problem_.clear();
    if (reply && reply->status == 200)
      if (auto parsed = cli_json::parse(reply->body, nullptr, false); !parsed.is_discarded()) return parsed;
    code_ = reply ? exit_failed : exit_unreachable;
    problem_ = reply ? fmt::format("{} answered {}", client_.url(), reply->status) : reply.error().context;
    return std::nullopt;
  }

  std::optional<cli_json> look() {
    auto out = ask("/admin/v1/load");
    if (out && !out->is_object()) out.reset();
    if (!out && problem_.empty()) problem_ = "the answer is no load; is the endpoint an admin listener?";
    if (!out && !shown_) cli_error(code_, problem_);
    return out;
  }

  /// Where they are likely to matter: of the accounts that hold most, those queues that grow, shrink or are deep.
  void add_queues() {
    if (look_.rows == 0) return;
    std::vector<std::string> accounts;
    if (const auto named = context_.option("account"); !named.empty()) accounts.push_back(named);
    else accounts = fullest_accounts();
    std::vector<cli_json> found;
    for (const auto& account : accounts) {
      const auto list = ask(fmt::format("/v1.0/{}?detail=full&limit={}", url_segment(account), queues_max));
      if (!list || !list->is_array()) continue;
      for (const auto& q : *list)
        if (q.is_object()) found.push_back(with_growth(account, q));
    }
    remember(found);
    const auto weight = [](const cli_json& q) {
      const auto growth = q["growth_per_s"].is_number() ? std::abs(q["growth_per_s"].get<double>()) : 0;
      return std::pair{growth, q["messages"].get<double>()};
    };
    std::stable_sort(found.begin(), found.end(), [&](const auto& a, const auto& b) { return weight(a) > weight(b); });
    if (found.size() > 2 * look_.rows) found.resize(2 * look_.rows);
    for (auto& q : found) add_rates(q);
    problem_.clear(); // a queue that went meanwhile is none
    figures_["queues"] = std::move(found);
  }

  std::vector<std::string> fullest_accounts() {
    std::vector<std::pair<std::uint64_t, std::string>> all;
    if (const auto page = ask("/admin/v1/usage"); page && page->contains("accounts"))
      for (const auto& a : page->at("accounts")) all.emplace_back(a.value("messages", 0ULL), a.value("account", ""));
    std::sort(all.rbegin(), all.rend());
    std::vector<std::string> out;
    for (std::size_t i = 0; i < std::min(accounts_max, all.size()); ++i) out.push_back(all[i].second);
    return out;
  }

  cli_json with_growth(const std::string& account, const cli_json& q) const {
    const auto name = account + "/" + q.value("id", "");
    const auto visible = q.value("visible", 0ULL), hidden = q.value("hidden", 0ULL);
    const auto old = depths_.find(name);
    const double over = std::chrono::duration<double>(steady::now() - depths_at_).count();
    const bool known = old != depths_.end() && over > 0;
    const auto messages = static_cast<double>(visible + hidden);
    return {{"queue", name}, {"visible", visible}, {"hidden", hidden}, {"messages", messages},
            {"bytes", q.value("bytes", 0ULL)}, {"oldest_age_s", q.value("oldest_age", 0ULL)},
            {"growth_per_s", known ? cli_json((messages - old->second) / over) : cli_json()}};
  }

  void remember(const std::vector<cli_json>& found) {
    depths_.clear();
    for (const auto& q : found) depths_[q["queue"].get<std::string>()] = q["messages"].get<double>();
    depths_at_ = steady::now();
  }

  void add_rates(cli_json& q) {
    const auto path = queue_path(q["queue"].get<std::string>());
    const auto stats = path ? ask(*path + "/~stats") : std::nullopt;
    const bool known = stats && stats->is_object() && stats->contains("per_second");
    for (const char* key : {"insert", "claim", "delete"})
      q[fmt::format("{}_per_s", key)] = known ? stats->at("per_second").value(key, cli_json()) : cli_json();
  }

  const cli_context& context_;
  http_client client_;
  const std::chrono::milliseconds every_;
  top_look look_;
  cli_json figures_;
  std::map<std::string, double> depths_; ///< messages, by queue, when they were last looked at
  steady::time_point depths_at_;
  std::string problem_;
  std::uint64_t frames_ = 0; ///< to be shown still; 0: no end
  int code_ = exit_failed;
  bool paused_ = false, shown_ = false;
};

int top(const cli_context& context) {
  int code = exit_done;
  const auto endpoint = endpoint_of(context, code);
  if (!endpoint) return code;
  auto client = http_client::make(*endpoint, context.timeout_s);
  if (!client) return cli_error(exit_usage, "--endpoint: " + client.error().context);
  return viewer(context, std::move(*client)).run();
}

} // namespace

std::vector<cli_command> top_commands() {
  return {{"top",
           "burrow top [--once] [--interval N] [--frames N] [--rows N] [--sort rate|name|size] [--filter TEXT] "
           "[--account A]",
           "Shows what nodes, shards and queues (of the ten accounts that hold most) are doing, live; q quits.",
           "  burrow top\n  burrow top --once --output json | jq .rows\n",
           {"once", "interval=", "frames=", "rows=", "sort=", "filter=", "account="}, 0, 0, top}};
}

} // namespace burrow
