// `burrow queue put, take, peek, list, show, purge`: the native API by hand. Bodies go to standard output as they are
// only when they are asked for alone; in tables they are cut and made harmless.
#include "node/cli_client.hpp"
#include "node/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <iterator>

namespace burrow {
namespace {

std::optional<std::string> read_body(const cli_context& context) {
  const auto file = context.option("file");
  if (file.empty() && context.words.size() > 1 && context.words[1] != "-") return context.words[1];
  if (file.empty() || file == "-") return std::string(std::istreambuf_iterator<char>(std::cin), {});
  std::ifstream in(file, std::ios::binary);
  if (!in) {
    cli_error(exit_usage, fmt::format("--file: cannot read {}", file));
    return std::nullopt;
  }
  return std::string(std::istreambuf_iterator<char>(in), {});
}

std::string parameters(const std::vector<std::pair<std::string, std::string>>& pairs) {
  std::string out;
  for (const auto& [name, value] : pairs) {
    if (value.empty()) continue;
    out += fmt::format("{}{}={}", out.empty() ? '?' : '&', name, url_segment(value));
  }
  return out;
}

/// What makes a put safe to repeat, as header fields. False: told what is wrong.
bool retry_fields(const cli_context& context, http_client::fields& out) {
  const auto key = context.option("idempotency-key"), producer = context.option("producer");
  const auto sequence = context.option("sequence");
  if (producer.empty() != sequence.empty()) {
    cli_error(exit_usage, "--producer and --sequence go together");
    return false;
  }
  if (!sequence.empty() && !parse_number(sequence)) {
    cli_error(exit_usage, fmt::format("--sequence: {} is not a number", one_line(sequence, 30)));
    return false;
  }
  if (!key.empty()) out.emplace_back("Idempotency-Key", key);
  if (producer.empty()) return true;
  out.emplace_back("Burrow-Producer", producer);
  out.emplace_back("Burrow-Sequence", sequence);
  return true;
}

std::optional<http_reply> send_put(const cli_context& context, cli_client& client, const std::string& path,
                                   const std::string& body, http_client::fields fields) {
  const auto id = context.option("id"), type = context.option("type", "text/plain; charset=utf-8");
  const auto query = parameters({{"ttl", context.option("ttl")}, {"hide", context.option("hide")}});
  fields.emplace_back("Content-Type", type);
  if (!id.empty()) return client.call("PUT", path + "/" + url_segment(id) + query, body, fields);
  if (!type.starts_with("application/json")) return client.call("POST", path + "/~messages" + query, body, fields);
  // As JSON, ~messages would read it as a batch: so it is sent as a batch of one.
  cli_json entry{{"body", body}, {"content_type", type}};
  if (const auto sequence = parse_number(context.option("sequence"))) {
    entry["producer"] = context.option("producer");
    entry["sequence"] = *sequence;
  }
  const cli_json batch{{"messages", cli_json::array({entry})}};
  return client.call("POST", path + "/~messages" + query,
                     batch.dump(-1, ' ', false, cli_json::error_handler_t::replace), fields);
}

int put(const cli_context& context) {
  int code = exit_usage;
  const auto path = queue_path(context.words[0]);
  http_client::fields fields;
  if (!path || !retry_fields(context, fields)) return exit_usage;
  const auto body = read_body(context);
  if (!body) return exit_usage;
  auto client = cli_client::make(context, code);
  if (!client) return code;
  const auto reply = send_put(context, *client, *path, *body, std::move(fields));
  if (!reply) return client->code();
  std::string shown = context.option("id");
  int status = reply->status;
  if (shown.empty() && status != 204) {
    const auto parsed = parse_answer(*reply);
    if (!parsed) return exit_failed;
    const auto& one = parsed->contains("results") ? parsed->at("results").at(0) : *parsed;
    status = one.value("status", 201);
    if (status >= 400) return cli_error(exit_failed, one.dump());
    shown = one.value("id", "");
  }
  const bool duplicate = status == 208 || !reply->field("burrow-duplicate").empty();
  cli_json result{{"id", shown}, {"created", status == 201}};
  if (duplicate) result["duplicate"] = true;
  if (!reply->field("idempotency-replayed").empty()) result["replayed"] = true;
  if (print_json_list(context, result)) return exit_done;
  if (!shown.empty()) fmt::print("{}\n", shown);
  if (duplicate && !context.quiet) fmt::print(stderr, "stored before: nothing was added\n");
  return exit_done;
}

/// FROM and REASON only where there is a dead letter among them: elsewhere they would be empty columns.
void print_messages(const cli_context& context, const cli_json& list) {
  const auto is_dead = [](const cli_json& m) { return m.contains("dead_letter") && m.at("dead_letter").is_object(); };
  const bool any_dead = std::any_of(list.begin(), list.end(), is_dead);
  std::vector<std::string> heads{"ID", "TTL", "HIDE", "CLAIMS", "TYPE", "BODY"};
  if (any_dead) heads.insert(heads.begin() + 4, {"FROM", "REASON"});
  std::vector<std::vector<std::string>> rows;
  for (const auto& m : list) {
    const std::string body = m.value("body", "");
    const auto ttl = m.value("ttl", std::uint64_t{0}), hide = m.value("hide", std::uint64_t{0});
    rows.push_back({one_line(m.value("id", ""), 32), ttl ? human_time(static_cast<double>(ttl)) : "never",
                    hide ? human_time(static_cast<double>(hide)) : "-", std::to_string(m.value("claims", 0)),
                    one_line(m.value("content_type", ""), 26), one_line(body, 30)});
    if (!any_dead) continue;
    const auto from = is_dead(m) ? m.at("dead_letter") : cli_json::object();
    rows.back().insert(rows.back().begin() + 4, {one_line(from.value("queue", "-"), 32), from.value("reason", "-")});
  }
  fmt::print("{}", table_text(heads, rows, context.heads));
}

int print_taken(const cli_context& context, const http_reply& reply, std::optional<cli_json>& list) {
  if (reply.status == 404) {
    if (context.output == output_format::json) fmt::print("[]\n");
    if (!context.quiet) fmt::print(stderr, "nothing there\n");
    return exit_not_found;
  }
  list = parse_answer(reply);
  if (!list || !list->is_array()) return exit_failed;
  if (context.has("body")) {
    for (const auto& m : *list) fmt::print("{}\n", m.value("body", ""));
  } else if (!print_json_list(context, *list)) {
    print_messages(context, *list);
  }
  return exit_done;
}

int take(const cli_context& context) {
  int code = exit_done;
  const auto path = queue_path(context.words[0]);
  if (!path) return exit_usage;
  const auto wait = context.number("wait", 0, 0, 120);
  const auto limit = context.number("limit", 1, 1, 100);
  const auto hide = context.number("hide", 60, 1, 1'209'600);
  auto client = cli_client::make(context, code);
  if (!client) return code;
  client->allow_404();
  const auto target = fmt::format("{}?limit={}&hide={}&wait={}&detail=full", *path, limit, hide, wait);
  const auto reply = client->call("POST", target, {}, {}, static_cast<double>(wait));
  if (!reply) return client->code();
  std::optional<cli_json> list;
  if (code = print_taken(context, *reply, list); code != exit_done) return code;
  if (!context.has("ack")) {
    if (!context.quiet && context.output == output_format::table)
      fmt::print(stderr, "claimed for {}; --ack would remove them, --output json shows the receipts\n",
                 human_time(static_cast<double>(hide)));
    return exit_done;
  }
  // Only after they are out, so that a broken pipe loses nothing.
  if (std::fflush(stdout) != 0) return cli_error(exit_failed, "cannot write; nothing was acknowledged");
  cli_json entries = cli_json::array();
  for (const auto& m : *list) entries.push_back({{"id", m.value("id", "")}, {"receipt", m.value("receipt", "")}});
  const cli_json request{{"messages", std::move(entries)}};
  const auto done = client->call("POST", *path + "/~ack", request.dump(), {{"Content-Type", "application/json"}});
  if (!done) return client->code();
  const auto parsed = parse_answer(*done);
  if (!parsed) return exit_failed;
  const auto failed = parsed->value("failed", 0);
  if (failed == 0) return exit_done;
  return cli_error(exit_refused, fmt::format("{} were not acknowledged: taken by another", failed));
}

int peek(const cli_context& context) {
  int code = exit_done;
  const auto path = queue_path(context.words[0]);
  if (!path) return exit_usage;
  const auto limit = context.number("limit", 10, 1, 1000);
  auto client = cli_client::make(context, code);
  if (!client) return code;
  client->allow_404();
  const auto reply = client->call("GET", fmt::format("{}?limit={}&detail=full{}", *path, limit,
                                                     context.has("hidden") ? "&match_hidden=true" : ""));
  if (!reply) return client->code();
  std::optional<cli_json> list;
  return print_taken(context, *reply, list);
}

int list(const cli_context& context) {
  int code = exit_done;
  const bool accounts = context.words.empty();
  const std::string path = accounts ? "/v1.0" : "/v1.0/" + url_segment(context.words[0]);
  auto client = cli_client::make(context, code);
  if (!client) return code;
  client->allow_404();
  cli_json all = cli_json::array();
  std::string cursor;
  while (true) {
    const auto reply = client->call("GET", path + parameters({{"detail", "full"}, {"prefix", context.option("prefix")},
                                                              {"cursor", cursor}}));
    if (!reply) return client->code();
    if (reply->status == 404) break;
    const auto page = parse_answer(*reply);
    if (!page || !page->is_array()) return exit_failed;
    for (const auto& one : *page) all.push_back(one);
    cursor = reply->field("burrow-cursor");
    if (reply->field("link").empty() || cursor.empty()) break;
  }
  if (print_json_list(context, all)) return exit_done;
  std::vector<std::vector<std::string>> rows;
  for (const auto& one : all) {
    const auto count = [&](const char* key) { return human_count(one.value(key, std::uint64_t{0})); };
    const auto size = human_size(one.value("bytes", std::uint64_t{0}));
    const auto name = one_line(one.value("id", ""), 48);
    if (accounts) rows.push_back({name, count("queues"), count("messages"), size});
    else rows.push_back({name, count("visible"), count("hidden"), size});
  }
  if (rows.empty() && !context.quiet) fmt::print(stderr, "none\n");
  const std::vector<std::string> heads = accounts ? std::vector<std::string>{"ACCOUNT", "QUEUES", "MESSAGES", "SIZE"}
                                                  : std::vector<std::string>{"QUEUE", "VISIBLE", "HIDDEN", "SIZE"};
  if (!rows.empty()) fmt::print("{}", table_text(heads, rows, context.heads));
  return exit_done;
}

/// A queue whose statistics were read, and what is needed to go on with it.
struct opened_queue {
  std::string path;
  cli_client client;
  cli_json stats;
};

std::optional<opened_queue> open_queue(const cli_context& context, int& code) {
  code = exit_usage;
  auto path = queue_path(context.words[0]);
  if (!path) return std::nullopt;
  auto client = cli_client::make(context, code);
  if (!client) return std::nullopt;
  const auto reply = client->call("GET", *path + "/~stats");
  if (!reply) {
    code = client->code();
    return std::nullopt;
  }
  auto stats = parse_answer(*reply);
  code = exit_failed;
  if (!stats || !stats->is_object()) return std::nullopt;
  code = exit_done;
  return opened_queue{std::move(*path), std::move(*client), std::move(*stats)};
}

int show(const cli_context& context) {
  int code = exit_done;
  const auto queue = open_queue(context, code);
  if (!queue) return code;
  if (print_json_list(context, queue->stats)) return exit_done;
  std::vector<std::vector<std::string>> rows;
  for (const auto& [key, value] : queue->stats.items()) {
    if (value.is_object()) {
      for (const auto& [inner, rate] : value.items())
        rows.push_back({inner + " " + key, fmt::format("{:.1f}", rate.get<double>())});
      continue;
    }
    std::string text = value.is_string() ? value.get<std::string>() : value.dump();
    if (value.is_number_unsigned()) {
      const auto n = value.get<std::uint64_t>();
      if (key == "bytes") text = human_size(n);
      else if (key.find("age") != std::string::npos) text = human_time(static_cast<double>(n));
      else text = human_count(n);
    }
    rows.push_back({key, text});
  }
  fmt::print("{}", table_text({"", ""}, rows, false));
  return exit_done;
}

int purge(const cli_context& context) {
  int code = exit_done;
  auto queue = open_queue(context, code);
  if (!queue) return code;
  std::uint64_t count = 0;
  for (const auto* key : {"visible", "delayed", "claimed"}) count += queue->stats.value(key, std::uint64_t{0});
  const auto what = fmt::format("{} holds {} messages, {}; all of them go for good.", one_line(context.words[0], 60),
                                human_count(count), human_size(queue->stats.value("bytes", std::uint64_t{0})));
  if (!context.quiet) fmt::print(stderr, "{}\n", what);
  if (!cli_confirm(context, "")) return exit_refused;
  queue->client.allow_404();
  const auto done = queue->client.call("DELETE", queue->path + "?match_hidden=true");
  if (!done) return queue->client.code();
  const auto gone = done->status == 404 ? std::uint64_t{0} : parse_number(done->field("burrow-count")).value_or(count);
  const cli_json result{{"removed", gone}};
  if (!print_json_list(context, result)) fmt::print("{} removed\n", human_count(gone));
  return exit_done;
}

} // namespace

std::vector<cli_command> queue_commands() {
  return {
    {"queue put", "burrow queue put ACCOUNT/QUEUE [BODY | -] [--file F] [--id ID] [--ttl S] [--hide S] [--type T]\n"
     "       [--idempotency-key K] [--producer P --sequence N]",
     "Puts one message; without BODY and --file it is read from standard input. Prints its id.\n"
     "With a key, or a producer and a sequence, it can be repeated after a failure: it is stored once.",
     "  burrow queue put demo/jobs 'first message'\n  burrow queue put demo/jobs --id inv-1 --type application/json "
     "--file inv.json\n  burrow queue put demo/jobs 'once' --idempotency-key 5f1c\n",
     {"file=", "id=", "ttl=", "hide=", "type=", "idempotency-key=", "producer=", "sequence="}, 1, 2, put},
    {"queue take", "burrow queue take ACCOUNT/QUEUE [--limit N] [--hide S] [--wait S] [--ack] [--body]",
     "Claims messages for --hide seconds [60]; --ack removes them once they are printed.",
     "  burrow queue take demo/jobs --ack\n  burrow queue take demo/jobs --limit 10 --wait 30 --output jsonl\n",
     {"limit=", "hide=", "wait=", "ack", "body"}, 1, 1, take},
    {"queue peek", "burrow queue peek ACCOUNT/QUEUE [--limit N] [--hidden] [--body]",
     "Shows messages without claiming them.",
     "  burrow queue peek demo/jobs\n  burrow queue peek demo/jobs --hidden --limit 100 --output json\n",
     {"limit=", "hidden", "body"}, 1, 1, peek},
    {"queue list", "burrow queue list [ACCOUNT] [--prefix P]", "Lists the queues of an account, or the accounts.",
     "  burrow queue list demo\n  burrow queue list\n", {"prefix="}, 0, 1, list},
    {"queue show", "burrow queue show ACCOUNT/QUEUE", "Shows depth, ages, size and rates of one queue.",
     "  burrow queue show demo/jobs\n  burrow queue show demo/jobs --output json\n", {}, 1, 1, show},
    {"queue purge", "burrow queue purge ACCOUNT/QUEUE [--yes]",
     "Removes every message of a queue, hidden ones too. Says how many, and asks.",
     "  burrow queue purge demo/jobs\n  burrow queue purge demo/jobs --yes\n", {}, 1, 1, purge},
  };
}

} // namespace burrow
