// `burrow config check|show`: the settings as a node on this machine would read them. Asks no node.
#include "node/cli_client.hpp"
#include "node/metrics.hpp"
#include "node/settings.hpp"
#include "node/text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace burrow {
namespace {

/// Long sentences as comment lines of at most 100 columns.
std::string commented(std::string_view text) {
  std::string out, line = "#";
  while (!text.empty()) {
    const auto word = text.substr(0, text.find(' '));
    if (line.size() + 1 + word.size() > 100) {
      out += line + "\n";
      line = "#";
    }
    line += ' ';
    line += word;
    text.remove_prefix(std::min(text.size(), word.size() + 1));
  }
  return out + line + "\n";
}

void print_example() {
  fmt::print("# Every setting of `burrow serve`, with the shipped values. Generated: burrow config show --example\n"
             "# Use: burrow serve --config FILE. A variable or a flag of the same name wins over the file;\n"
             "# limits.max_body is BURROW_LIMITS_MAX_BODY and --limits-max-body.\n");
  std::string section;
  const settings shipped;
  for (const auto& row : settings_table()) {
    const auto dot = row.key.find('.');
    const std::string in(dot == std::string_view::npos ? "" : row.key.substr(0, dot));
    if (in != section) fmt::print("\n[{}]\n", in);
    section = in;
    const auto range = range_of(row);
    const std::string sentence = fmt::format("{}{}", row.why, range.empty() ? "" : " (" + range + ")");
    fmt::print("\n{}#{} = {}\n", commented(sentence), row.key.substr(dot == std::string_view::npos ? 0 : dot + 1),
               value_of(row, shipped));
  }
}

void print_markdown() {
  fmt::print("| Key | Shipped | Range | Meaning |\n|---|---|---|---|\n");
  const settings shipped;
  for (const auto& row : settings_table()) {
    const auto value = value_of(row, shipped);
    fmt::print("| `{}` | {} | {} | {} |\n", row.key, value.empty() ? "" : "`" + value + "`", range_of(row), row.why);
  }
}

result<loaded_settings> load(const cli_context& context) {
  std::vector<std::string> arguments;
  if (context.has("config")) arguments = {"--config", context.option("config")};
  if (!context.words.empty()) arguments = {"--config", context.words[0]};
  return load_settings(arguments, process_environment());
}

int config_show(const cli_context& context) {
  if (context.has("example")) return print_example(), exit_done;
  if (context.has("markdown")) return print_markdown(), exit_done;
  const auto with = load(context);
  if (!with) return cli_error(exit_usage, with.error().context);
  const auto table = settings_table();
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  std::vector<std::vector<std::string>> rows;
  for (std::size_t i = 0; i < table.size(); ++i) {
    const auto value = value_of(table[i], with->values);
    rows.push_back({std::string(table[i].key), value, with->sources[i]});
    list.push_back({{"key", table[i].key}, {"value", value}, {"source", with->sources[i]}});
  }
  if (!print_json_list(context, list)) fmt::print("{}", table_text({"KEY", "VALUE", "FROM"}, rows, context.heads));
  return exit_done;
}

int config_check(const cli_context& context) {
  const auto with = load(context);
  if (!with) return cli_error(exit_usage, with.error().context);
  if (!context.quiet) fmt::print("{}: in order\n", with->file.empty() ? "settings" : with->file);
  return exit_done;
}

int config_metrics(const cli_context& context) {
  const auto lines = metric_lines();
  if (context.has("markdown")) {
    fmt::print("| Name | Kind | Labels | Meaning |\n|---|---|---|---|\n");
    for (const auto& line : lines)
      fmt::print("| `{}` | {} | {} | {} |\n", line.name, line.kind, line.labels, line.meaning);
    return exit_done;
  }
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  std::vector<std::vector<std::string>> rows;
  for (const auto& line : lines) {
    list.push_back({{"name", line.name}, {"kind", line.kind}, {"labels", line.labels}, {"meaning", line.meaning}});
    rows.push_back({line.name, line.kind, line.labels, line.meaning});
  }
  if (!print_json_list(context, list))
    fmt::print("{}", table_text({"NAME", "KIND", "LABELS", "MEANING"}, rows, context.heads));
  return exit_done;
}

} // namespace

std::vector<cli_command> config_commands() {
  return {
    {"config check", "burrow config check [FILE]", "Reads the settings as serve would, and says what is wrong.",
     "  burrow config check /etc/burrow.conf\n  BURROW_LIMITS_MAX_BODY=2MiB burrow config check\n", {"config="}, 0, 1,
     config_check},
    {"config show", "burrow config show [FILE] [--example | --markdown]",
     "Shows every setting, its value and where that comes from.",
     "  burrow config show /etc/burrow.conf\n  burrow config show --example > burrow.conf\n",
     {"config=", "example", "markdown"}, 0, 1, config_show},
    {"config metrics", "burrow config metrics [--markdown]", "Lists every metric that /metrics can show.",
     "  burrow config metrics\n  burrow config metrics --output json\n", {"markdown"}, 0, 0, config_metrics},
  };
}

} // namespace burrow
