// `burrow context`: named endpoints, and which one is meant when none is named.
#include "node/cli_client.hpp"
#include "node/contexts.hpp"
#include "node/text.hpp"

#include <fmt/format.h>

#include <cstdlib>

namespace burrow {
namespace {

std::vector<std::string> names_of(const contexts& all) {
  std::vector<std::string> out;
  for (const auto& [name, endpoint] : all.endpoints) out.push_back(name);
  return out;
}

int unknown(const contexts& all, const std::string& name, int code) {
  const auto near = nearest(name, names_of(all));
  return cli_error(code, fmt::format("no context \"{}\"{}; burrow context list shows them", one_line(name, 63),
                                     near ? fmt::format("; did you mean {}?", *near) : ""));
}

/// The contexts, changed and written back.
template <class Change>
int change(Change with) {
  auto all = contexts::load();
  if (!all) return cli_error(exit_usage, all.error().context);
  if (const int code = with(*all); code != exit_done) return code;
  const auto saved = all->save();
  return saved ? exit_done : cli_error(exit_failed, saved.error().context);
}

int add(const cli_context& context) {
  const auto &name = context.words[0], &url = context.words[1];
  if (!is_context_name(name))
    return cli_error(exit_usage, "a name is 1 to 63 letters, digits, dots, dashes and underscores");
  if (url.find('@') != std::string::npos)
    return cli_error(exit_usage, "an endpoint has no user and no password: secrets do not belong into it");
  if (const auto client = http_client::make(url, 1); !client) return cli_error(exit_usage, client.error().context);
  return change([&](contexts& all) {
    all.endpoints[name] = url;
    if (context.has("use") || all.endpoints.size() == 1) all.current = name;
    if (!context.quiet) fmt::print("{} is {}{}\n", name, url, all.current == name ? ", and in use" : "");
    return int{exit_done};
  });
}

int use(const cli_context& context) {
  return change([&](contexts& all) {
    if (!all.endpoints.contains(context.words[0])) return unknown(all, context.words[0], exit_not_found);
    all.current = context.words[0];
    if (!context.quiet) fmt::print("{} is in use: {}\n", all.current, all.endpoints[all.current]);
    return int{exit_done};
  });
}

int remove(const cli_context& context) {
  return change([&](contexts& all) {
    if (all.endpoints.erase(context.words[0]) == 0) return unknown(all, context.words[0], exit_not_found);
    if (all.current == context.words[0]) all.current.clear();
    return int{exit_done};
  });
}

int list(const cli_context& context) {
  const auto all = contexts::load();
  if (!all) return cli_error(exit_usage, all.error().context);
  cli_json out = cli_json::array();
  std::vector<std::vector<std::string>> rows;
  for (const auto& [name, endpoint] : all->endpoints) {
    out.push_back({{"name", name}, {"endpoint", endpoint}, {"current", name == all->current}});
    rows.push_back({name, endpoint, name == all->current ? "in use" : ""});
  }
  if (print_json_list(context, out)) return exit_done;
  if (rows.empty() && !context.quiet) fmt::print(stderr, "none; burrow context add NAME URL makes one\n");
  if (!rows.empty()) fmt::print("{}", table_text({"NAME", "ENDPOINT", ""}, rows, context.heads));
  return exit_done;
}

int show(const cli_context& context) {
  auto with = context;
  if (!context.words.empty()) with.named_context = context.words[0];
  int code = exit_done;
  std::string from;
  const auto endpoint = endpoint_of(with, code, &from);
  if (!endpoint) return code;
  const cli_json out{{"endpoint", *endpoint}, {"from", from}};
  if (!print_json_list(context, out)) fmt::print("{}  from {}\n", *endpoint, from);
  return exit_done;
}

} // namespace

std::optional<std::string> endpoint_of(const cli_context& context, int& code, std::string* from) {
  const auto said = [&](std::string text) {
    if (from) *from = std::move(text);
  };
  if (!context.endpoint.empty()) return said("--endpoint"), context.endpoint;
  const char* endpoint = std::getenv("BURROW_ENDPOINT");
  if (context.named_context.empty() && endpoint && *endpoint) return said("BURROW_ENDPOINT"), endpoint;
  const char* named = std::getenv("BURROW_CONTEXT");
  const auto all = contexts::load();
  if (!all) {
    code = cli_error(exit_usage, all.error().context);
    return std::nullopt;
  }
  std::string name = context.named_context;
  if (name.empty()) name = named && *named ? named : all->current;
  if (name.empty()) return said("default"), "http://127.0.0.1:8081";
  const auto found = all->endpoints.find(name);
  if (found != all->endpoints.end()) return said("context " + name), found->second;
  code = unknown(*all, name, exit_usage);
  return std::nullopt;
}

std::vector<cli_command> context_commands() {
  return {
    {"context add", "burrow context add NAME URL [--use]", "Names an endpoint; the first one is in use at once.",
     "  burrow context add blue http://127.0.0.1:8081\n  burrow context add green http://10.0.0.7:8081 --use\n", {"use"},
     2, 2, add},
    {"context use", "burrow context use NAME", "Asks this one whenever no other is named.",
     "  burrow context use blue\n  burrow status --context green\n", {}, 1, 1, use},
    {"context list", "burrow context list", "Lists the named endpoints.",
     "  burrow context list\n  burrow context list --output json\n", {}, 0, 0, list},
    {"context show", "burrow context show [NAME]", "Says which endpoint would be asked, and why.",
     "  burrow context show\n  burrow context show green --output json\n", {}, 0, 1, show},
    {"context remove", "burrow context remove NAME", "Forgets a named endpoint.",
     "  burrow context remove green\n  burrow context list\n", {}, 1, 1, remove},
  };
}

} // namespace burrow
