// `burrow tenant usage`: what each account holds, over all shards.
#include "node/cli_client.hpp"
#include "node/text.hpp"

#include <fmt/format.h>

namespace burrow {
namespace {

int usage(const cli_context& context) {
  int code = exit_done;
  auto client = cli_client::make(context, code);
  if (!client) return code;
  cli_json all = cli_json::array();
  bool exact = true;
  std::string query = context.words.empty() ? "" : "?account=" + url_segment(context.words[0]);
  while (true) {
    const auto reply = client->call("GET", "/admin/v1/usage" + query);
    if (!reply) return client->code();
    const auto page = parse_answer(*reply);
    if (!page || !page->is_object() || !page->contains("accounts")) return exit_failed;
    for (const auto& one : page->at("accounts")) all.push_back(one);
    exact = exact && page->value("exact", false);
    const auto next = page->find("next");
    if (next == page->end() || !next->is_string()) break;
    query = "?after=" + url_segment(next->get<std::string>());
  }
  if (!exact) fmt::print(stderr, "warning: not every shard answered; these are lower bounds\n");
  const int done = exact ? exit_done : exit_warnings;
  if (print_json_list(context, all)) return done;
  std::vector<std::vector<std::string>> rows;
  for (const auto& one : all) {
    const auto number = [&](const char* key) { return one.value(key, std::uint64_t{0}); };
    rows.push_back({one_line(one.value("account", ""), 48), human_count(number("queues")),
                    human_count(number("messages")), human_size(number("bytes"))});
  }
  if (rows.empty() && !context.quiet) fmt::print(stderr, "none\n");
  if (!rows.empty()) fmt::print("{}", table_text({"TENANT", "QUEUES", "MESSAGES", "SIZE"}, rows, context.heads));
  return done;
}

} // namespace

std::vector<cli_command> tenant_commands() {
  return {{"tenant usage", "burrow tenant usage [TENANT]", "Shows what each tenant holds: queues, messages, bytes.",
           "  burrow tenant usage\n  burrow tenant usage demo --output json\n", {}, 0, 1, usage}};
}

} // namespace burrow
