// `burrow members, shards, events`: how a cluster is. Changes to it: cli_change.cpp.
#include "node/cli_client.hpp"
#include "node/text.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <ctime>
#include <thread>
#include <utility>

namespace burrow {
namespace {

int members(const cli_context& context) {
  int code = exit_done;
  auto client = cli_client::make(context, code);
  if (!client) return code;
  const auto page = ask_list(*client, "/admin/v1/members", "members");
  if (!page) return client->code() != exit_done ? client->code() : exit_failed;
  const auto& list = page->at("members");
  bool well = true;
  for (const auto& m : list) well = well && text_of(m, "answers") == "ok";
  if (!print_json_list(context, list)) {
    std::vector<std::vector<std::string>> rows;
    for (const auto& m : list)
      rows.push_back({text_of(m, "node"), text_of(m, "zone"), text_of(m, "state"), number_of(m, "voters"),
                      number_of(m, "leads"), text_of(m, "cluster"), text_of(m, "version")});
    fmt::print("{}", table_text({"NODE", "ZONE", "STATE", "SHARDS", "LEADS", "CLUSTER", "VERSION"}, rows,
                                context.heads));
  }
  return well ? exit_done : exit_warnings;
}

std::string replicas_of(const cli_json& shard) {
  std::string out;
  for (const auto& m : shard.value("members", cli_json::array())) {
    out += (out.empty() ? "" : " ") + text_of(m, "node");
    if (!m.value("answers", true)) out += "(down)";
    else if (m.value("damaged", false)) out += "(damaged)";
    else if (m.value("installing", false)) out += "(copying)";
    else if (const auto lag = m.value("lag", std::uint64_t{0}); lag > 0) out += fmt::format("({})", lag);
  }
  if (!out.empty()) return out;
  for (const auto& v : shard.value("voters", cli_json::array()))
    out += (out.empty() ? "" : " ") + (v.is_string() ? v.get<std::string>() : "-");
  return out;
}

std::string size_of(const cli_json& shard) {
  const auto at = shard.find("bytes");
  return at != shard.end() && at->is_number() ? human_size(at->get<std::uint64_t>()) : std::string("-");
}

int shards(const cli_context& context) {
  int code = exit_done;
  auto client = cli_client::make(context, code);
  if (!client) return code;
  const auto page = ask_list(*client, "/admin/v1/shards", "shards");
  if (!page) return client->code() != exit_done ? client->code() : exit_failed;
  cli_json list = cli_json::array();
  bool well = true; // of those that were asked for
  for (const auto& s : page->at("shards")) {
    const bool good = text_of(s, "state") == "ok";
    const bool asked = context.words.empty() || context.words[0] == number_of(s, "shard");
    well = well && (good || !asked);
    if (asked && (!good || !context.has("problems"))) list.push_back(s);
  }
  if (!context.words.empty() && list.empty())
    return cli_error(exit_not_found, fmt::format("no shard {}", one_line(context.words[0], 20)));
  if (!print_json_list(context, list)) {
    std::vector<std::vector<std::string>> rows;
    for (const auto& s : list) {
      std::string coming;
      for (const auto& n : s.value("newcomers", cli_json::array()))
        coming += (coming.empty() ? "" : " ") + (n.is_string() ? n.get<std::string>() : "-");
      rows.push_back({number_of(s, "shard"), text_of(s, "leader"), replicas_of(s), coming.empty() ? "-" : coming,
                      number_of(s, "term"), size_of(s), text_of(s, "state")});
    }
    if (rows.empty() && !context.quiet) fmt::print(stderr, "none\n");
    else fmt::print("{}", table_text({"SHARD", "LEADER", "REPLICAS (lag)", "COMING", "TERM", "SIZE", "STATE"}, rows,
                                     context.heads));
  }
  return well ? exit_done : exit_warnings;
}

// ---- events --------------------------------------------------------------------------------------------------------

constexpr auto follow_every = std::chrono::seconds(1);

extern "C" void stop_following(int) {
  constexpr std::string_view text = "\nstopped watching; the cluster goes on\n";
  static_cast<void>(!::write(STDERR_FILENO, text.data(), text.size()));
  ::_exit(exit_interrupted);
}

/// A time as it is, or one that lies `10m` back; nothing, if it is neither.
std::optional<std::string> since_of(const std::string& text) {
  const auto back = parse_seconds(text);
  if (!back) return text.find('T') != std::string::npos ? std::optional(text) : std::nullopt;
  const auto at = std::time(nullptr) - static_cast<std::time_t>(std::min<std::uint64_t>(*back, 1U << 30U));
  std::tm parts{};
  ::gmtime_r(&at, &parts);
  char out[32];
  return std::string(out, std::strftime(out, sizeof out, "%Y-%m-%dT%H:%M:%SZ", &parts));
}

class event_reader {
public:
  event_reader(const cli_context& context, http_client client) : context_(context), client_(std::move(client)) {}

  int run() {
    if (const auto text = context_.option("since"); !text.empty()) {
      const auto since = since_of(text);
      if (!since)
        return cli_error(exit_usage, fmt::format("--since is a time like 2026-01-31T12:00:00Z, or 10m, not \"{}\"",
                                                 one_line(text, 40)));
      since_ = *since;
    }
    const auto limit = context_.number("limit", 1000, 1, 1000);
    if (const int code = read(limit); code != exit_done || !context_.has("follow")) return code;
    std::signal(SIGINT, stop_following);
    std::signal(SIGTERM, stop_following);
    for (bool told = false;;) {
      std::this_thread::sleep_for(follow_every);
      const int code = read(1000);
      if (code != exit_done && !std::exchange(told, true) && !context_.quiet) fmt::print(stderr, "asking again\n");
      if (code == exit_done && std::exchange(told, false) && !context_.quiet) fmt::print(stderr, "goes on\n");
      if (std::ferror(stdout) != 0) return exit_done; // whoever read it has gone
    }
  }

private:
  int read(std::uint64_t limit) {
    const auto since = since_.empty() ? std::string{} : "&since=" + url_segment(since_);
    const auto target = fmt::format("/admin/v1/events?limit={}&about={}{}", limit,
                                    url_segment(context_.option("about")), since);
    const auto reply = client_.call("GET", target);
    if (!reply) return told_ ? exit_unreachable : cli_error(exit_unreachable, reply.error().context);
    const auto page = cli_json::parse(reply->body, nullptr, false);
    if (reply->status != 200 || !page.is_object() || !page.contains("events")) {
      const auto why = page.is_object() ? page.value("detail", "") : std::string{};
      const int code = reply->status == 400 ? exit_usage : exit_failed;
      return told_ ? code : cli_error(code, why.empty() ? fmt::format("the node answered {}", reply->status) : why);
    }
    told_ = true;
    show(page.at("events"));
    return exit_done;
  }

  /// What was shown of the last moment comes again with the next answer, and is left out then.
  void show(const cli_json& events) {
    cli_json fresh = cli_json::array();
    std::vector<cli_json> again;
    for (const auto& e : events) {
      if (std::find(last_.begin(), last_.end(), e) == last_.end()) fresh.push_back(e);
      if (again.empty() || again.back().value("at", "") != e.value("at", "")) again.clear();
      again.push_back(e);
    }
    if (!again.empty()) {
      since_ = again.back().value("at", "");
      last_ = std::move(again);
    }
    const bool lines = context_.has("follow") && context_.output == output_format::json;
    if (context_.output == output_format::table)
      for (const auto& e : fresh) fmt::print("{}  {}\n", text_of(e, "at"), one_line(text_of(e, "text"), 200));
    else if (lines)
      for (const auto& e : fresh) fmt::print("{}\n", e.dump());
    else
      print_json_list(context_, fresh);
    std::fflush(stdout);
  }

  const cli_context& context_;
  http_client client_;
  std::string since_;
  std::vector<cli_json> last_; ///< events of the newest moment that was shown
  bool told_ = false;
};

int events(const cli_context& context) {
  int code = exit_done;
  const auto endpoint = endpoint_of(context, code);
  if (!endpoint) return code;
  auto client = http_client::make(*endpoint, context.timeout_s);
  if (!client) return cli_error(exit_usage, "--endpoint: " + client.error().context);
  return event_reader(context, std::move(*client)).run();
}

} // namespace

std::vector<cli_command> cluster_commands() {
  return {
    {"members", "burrow members", "Lists the nodes of the cluster.",
     "  burrow members\n  burrow members --output json\n", {}, 0, 0, members},
    {"shards", "burrow shards [SHARD] [--problems]", "Lists shards: who leads, who holds them, who is behind.",
     "  burrow shards --problems\n  burrow shards 7\n", {"problems"}, 0, 1, shards},
    {"events", "burrow events [-f|--follow] [--since TIME|10m] [--about WORDS] [--limit N]",
     "What the cluster did of late, as the asked node saw it.",
     "  burrow events -f\n  burrow events --since 10m --about n2 --output jsonl\n",
     {"follow", "since=", "about=", "limit="}, 0, 0, events},
  };
}

} // namespace burrow
