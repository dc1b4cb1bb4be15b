#include "node/cli_client.hpp"

#include "node/text.hpp"

#include <fmt/format.h>

namespace burrow {
namespace {

int exit_of(int status) {
  switch (status) {
    case 400: case 405: case 413: case 414: case 415: case 422: case 431: return exit_usage;
    case 401: case 403: return exit_not_allowed;
    case 404: return exit_not_found;
    case 409: case 412: case 428: return exit_refused;
    case 429: return exit_limited;
    case 408: case 503: case 504: return exit_unreachable;
    default: return exit_failed;
  }
}

std::string explain(const http_reply& reply) {
  const auto problem = cli_json::parse(reply.body, nullptr, false);
  if (!problem.is_object()) return fmt::format("the node answered {}", reply.status);
  std::string text = problem.value("title", fmt::format("the node answered {}", reply.status));
  if (const auto detail = problem.value("detail", ""); !detail.empty() && detail != text) text += ": " + detail;
  if (problem.contains("errors") && problem.at("errors").is_array())
    for (const auto& one : problem.at("errors"))
      if (one.is_object()) text += fmt::format(" {}: {}", one.value("pointer", ""), one.value("detail", ""));
  text = one_line(text, 400);
  if (const auto after = reply.field("retry-after"); !after.empty()) text += fmt::format(" Try again in {} s.", after);
  if (reply.status == 504) text += " It may have been done; look before repeating it.";
  return text;
}

} // namespace

std::optional<cli_client> cli_client::make(const cli_context& context, int& code) {
  const auto endpoint = endpoint_of(context, code);
  if (!endpoint) return std::nullopt;
  auto client = http_client::make(*endpoint, context.timeout_s);
  if (client) return cli_client(std::move(*client), context.timeout_s);
  code = cli_error(exit_usage, "--endpoint: " + client.error().context);
  return std::nullopt;
}

std::optional<http_reply> cli_client::call(std::string_view method, const std::string& target, std::string_view body,
                                           const http_client::fields& fields, double extra_s) {
  auto reply = client_.call(method, target, body, fields, timeout_s_ + extra_s);
  if (!reply) {
    const bool gone = reply.error().code == errc::unavailable || reply.error().code == errc::timed_out;
    const std::string hint = reply.error().context.starts_with("cannot reach")
                               ? ". Is it running? Start one: burrow serve; or name another: --endpoint URL" : "";
    code_ = cli_error(gone ? exit_unreachable : exit_failed, reply.error().context + hint);
    return std::nullopt;
  }
  if (reply->status < 400 || (allow_404_ && reply->status == 404)) return std::move(*reply);
  code_ = cli_error(exit_of(reply->status), explain(*reply));
  return std::nullopt;
}

std::optional<std::string> queue_path(const std::string& name) {
  const auto slash = name.find('/');
  if (slash == std::string::npos || slash == 0 || slash + 1 == name.size() ||
      name.find('/', slash + 1) != std::string::npos) {
    cli_error(exit_usage, fmt::format("a queue is ACCOUNT/QUEUE, not \"{}\"", one_line(name, 60)));
    return std::nullopt;
  }
  return fmt::format("/v1.0/{}/{}", url_segment(name.substr(0, slash)), url_segment(name.substr(slash + 1)));
}

std::optional<cli_json> parse_answer(const http_reply& reply) {
  auto parsed = cli_json::parse(reply.body, nullptr, false);
  if (!parsed.is_discarded()) return parsed;
  cli_error(exit_failed, "the node's answer is no JSON; is the endpoint a Burrow?");
  return std::nullopt;
}

std::string text_of(const cli_json& from, const char* key) {
  const auto at = from.find(key);
  return at != from.end() && at->is_string() ? at->get<std::string>() : std::string("-");
}

std::string number_of(const cli_json& from, const char* key) {
  const auto at = from.find(key);
  return at != from.end() && at->is_number() ? fmt::format("{}", at->get<std::uint64_t>()) : std::string("-");
}

std::optional<cli_json> ask_list(cli_client& client, const std::string& path, const char* key) {
  const auto reply = client.call("GET", path);
  if (!reply) return std::nullopt;
  auto page = parse_answer(*reply);
  if (!page || !page->is_object() || !page->contains(key)) return std::nullopt;
  if (!page->value("complete", true))
    fmt::print(stderr, "warning: nobody leads the cluster's metadata just now; this is what the asked node knows\n");
  return page;
}

bool print_json_list(const cli_context& context, const cli_json& list) {
  const auto replace = cli_json::error_handler_t::replace;
  if (context.output == output_format::table) return false;
  if (context.output == output_format::json || !list.is_array()) {
    fmt::print("{}\n", list.dump(context.output == output_format::json ? 2 : -1, ' ', false, replace));
    return true;
  }
  for (const auto& one : list) fmt::print("{}\n", one.dump(-1, ' ', false, replace));
  return true;
}

} // namespace burrow
