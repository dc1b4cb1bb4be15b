#include "node/cli.hpp"

#include "node/text.hpp"
#include "node/version.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>

namespace burrow {
namespace {

int version_command(const cli_context&) {
  fmt::print("burrow {} ({})\n", version_text, version_commit);
  return exit_done;
}

constexpr std::string_view shared_flags_text =
  "  --endpoint URL       the node to ask [http://127.0.0.1:8081], also BURROW_ENDPOINT\n"
  "  --context NAME       the same by name (burrow context), also BURROW_CONTEXT\n"
  "  --output FORMAT      table, json or jsonl\n"
  "  --no-headers         a table without its first line\n"
  "  --timeout SECONDS    for one answer [30]\n"
  "  --yes                answers questions with yes\n"
  "  --quiet              no progress and no hints\n"
  "  --no-color           never colours; so does NO_COLOR\n";

void print_overview(const std::vector<cli_command>& all) {
  fmt::print("  burrow serve\n  burrow queue put demo/jobs 'first message'\n\n");
  std::vector<std::vector<std::string>> rows;
  for (const auto& command : all) rows.push_back({"  " + command.name, command.summary});
  fmt::print("{}\nFlags of every command but serve:\n{}\nburrow COMMAND --help says more.\n",
             table_text({"", ""}, rows, false), shared_flags_text);
}

void print_help(const cli_command& command) {
  fmt::print("{}\n{}\nusage: {}\n\nFlags of every command:\n{}", command.examples, command.summary, command.usage,
             shared_flags_text);
}

std::string suggest(std::string_view word, const std::vector<std::string>& names) {
  const auto near = nearest(word, names);
  return near ? fmt::format("; did you mean {}?", *near) : std::string{};
}

/// The command that `words` begin with, longest first; takes its name off `words`.
const cli_command* find_command(const std::vector<cli_command>& all, std::vector<std::string>& words) {
  for (std::size_t length = std::min<std::size_t>(2, words.size()); length > 0; --length) {
    const std::string name = length == 2 ? words[0] + " " + words[1] : words[0];
    const auto found = std::find_if(all.begin(), all.end(), [&](const auto& c) { return c.name == name; });
    if (found == all.end()) continue;
    words.erase(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(length));
    return &*found;
  }
  return nullptr;
}

int unknown_command(const std::vector<cli_command>& all, const std::vector<std::string>& words) {
  std::vector<std::string> names;
  for (const auto& c : all) {
    names.push_back(c.name);
    const auto noun = c.name.substr(0, c.name.find(' '));
    if (std::find(names.begin(), names.end(), noun) == names.end()) names.push_back(noun);
  }
  const bool noun_known = std::any_of(all.begin(), all.end(),
                                      [&](const auto& c) { return c.name.starts_with(words[0] + " "); });
  if (noun_known && words.size() == 1) {
    std::string verbs;
    for (const auto& c : all) if (c.name.starts_with(words[0] + " ")) verbs += "\n  " + c.usage;
    return cli_error(exit_usage, fmt::format("{} what?{}", words[0], verbs));
  }
  const std::string said = words.size() > 1 && noun_known ? words[0] + " " + words[1] : words[0];
  const std::string whole = words.size() > 1 ? words[0] + " " + words[1] : words[0];
  auto hint = suggest(whole, names);
  if (hint.empty()) hint = suggest(words[0], names);
  return cli_error(exit_usage, fmt::format("no command \"{}\"{}; burrow --help lists them", one_line(said, 60), hint));
}

constexpr shared_flag shared[] = {{"endpoint", true}, {"context", true}, {"output", true},
                                  {"timeout", true}, {"no-headers", false}, {"yes", false}, {"quiet", false},
                                  {"no-color", false}};

/// What one flag means; empty = it is known and taken.
std::string apply_shared(cli_context& context, std::string_view name, const std::string& value) {
  if (name == "endpoint") context.endpoint = value;
  if (name == "context") context.named_context = value;
  if (name == "no-headers") context.heads = false;
  if (name == "yes") context.yes = true;
  if (name == "quiet") context.quiet = true;
  if (name == "no-color") context.color = false;
  if (name == "output") {
    if (value == "table") context.output = output_format::table;
    else if (value == "json") context.output = output_format::json;
    else if (value == "jsonl") context.output = output_format::jsonl;
    else return fmt::format("--output is table, json or jsonl, not \"{}\"", value);
  }
  if (name == "timeout") {
    const auto seconds = parse_seconds(value);
    if (!seconds || *seconds == 0 || *seconds > 86'400)
      return fmt::format("--timeout is 1 to 86400 seconds, not \"{}\"", value);
    context.timeout_s = static_cast<double>(*seconds);
  }
  return {};
}

std::string parse_flag(const cli_command& command, cli_context& context, const std::vector<std::string>& words,
                       std::size_t& at) {
  const std::string word = words[at].substr(2);
  const auto equals = word.find('=');
  const std::string name = word.substr(0, equals);
  std::vector<std::string> names{"--help"};
  std::optional<bool> takes_value;
  bool is_shared = false;
  for (const auto& flag : shared) {
    names.push_back(fmt::format("--{}", flag.name));
    if (flag.name == name) takes_value = flag.takes_value, is_shared = true;
  }
  for (const auto& flag : command.flags) {
    const bool with_value = flag.ends_with('=');
    const auto bare = flag.substr(0, flag.size() - (with_value ? 1 : 0));
    names.push_back("--" + bare);
    if (bare == name) takes_value = with_value;
  }
  if (!takes_value) return fmt::format("no flag --{}{}", name, suggest("--" + name, names));
  std::string value;
  if (*takes_value) {
    if (equals != std::string::npos) value = word.substr(equals + 1);
    else if (at + 1 < words.size()) value = words[++at];
    else return fmt::format("--{} needs a value", name);
  } else if (equals != std::string::npos) {
    return fmt::format("--{} takes no value", name);
  }
  if (is_shared) return apply_shared(context, name, value);
  context.options.emplace_back(name, value);
  return {};
}

int run_command(const cli_command& command, const std::vector<std::string>& words) {
  cli_context context;
  const char* plain = std::getenv("NO_COLOR");
  context.color = !(plain && *plain) && ::isatty(STDOUT_FILENO) != 0;
  bool flags = true;
  for (std::size_t at = 0; at < words.size(); ++at) {
    const auto& word = words[at];
    if (flags && (word == "--help" || word == "-h")) return print_help(command), exit_done;
    if (flags && word == "--") {
      flags = false;
    } else if (flags && word.size() > 2 && word.starts_with("--")) {
      if (const auto wrong = parse_flag(command, context, words, at); !wrong.empty())
        return cli_error(exit_usage, wrong + "\nusage: " + command.usage);
    } else if (flags && word == "-f" && std::ranges::count(command.flags, "follow") > 0) {
      context.options.emplace_back("follow", "");
    } else if (flags && word.size() > 1 && word.front() == '-') {
      return cli_error(exit_usage, fmt::format("no flag {}\nusage: {}", word, command.usage));
    } else {
      context.words.push_back(word);
    }
  }
  if (context.words.size() < command.words_min)
    return cli_error(exit_usage, fmt::format("something is missing\nusage: {}", command.usage));
  if (context.words.size() > command.words_max)
    return cli_error(exit_usage, fmt::format("\"{}\" is too much\nusage: {}",
                                             one_line(context.words[command.words_max], 60), command.usage));
  return command.run(context);
}

} // namespace

std::span<const shared_flag> shared_flags() { return shared; }

std::vector<cli_command> all_commands() {
  std::vector<cli_command> all;
  all.push_back({"serve", "burrow serve [flag...]", "Starts a node.", "", {}, 0, 0, {}});
  for (auto* part : {queue_commands, queue_settings_commands, redrive_commands, tail_commands, tenant_commands,
                     status_commands, top_commands, doctor_commands, config_commands, context_commands, bench_commands,
                     simulate_commands, backup_commands, shard_commands, cluster_commands, change_commands,
                     cert_commands, completion_commands})
    for (auto& command : part()) all.push_back(std::move(command));
  all.push_back({"version", "burrow version", "Prints the version and the commit it was built from.",
                 "  burrow version\n  burrow --version\n", {}, 0, 0, version_command});
  return all;
}

std::string cli_context::option(std::string_view name, std::string_view otherwise) const {
  for (auto it = options.rbegin(); it != options.rend(); ++it) if (it->first == name) return it->second;
  return std::string(otherwise);
}

bool cli_context::has(std::string_view name) const {
  return std::any_of(options.begin(), options.end(), [&](const auto& o) { return o.first == name; });
}

std::uint64_t cli_context::number(std::string_view name, std::uint64_t otherwise, std::uint64_t low,
                                  std::uint64_t high) const {
  if (!has(name)) return otherwise;
  const auto text = option(name);
  const auto value = parse_number(text);
  if (value && *value >= low && *value <= high) return *value;
  std::exit(cli_error(exit_usage, fmt::format("--{} is {} to {}, not \"{}\"", name, low, high, one_line(text, 40))));
}

int cli_error(int code, std::string_view text) {
  std::fflush(stdout);
  fmt::print(stderr, "error: {}\n", text);
  return code;
}

bool cli_confirm(const cli_context& context, std::string_view question) {
  if (context.yes) return true;
  if (::isatty(STDIN_FILENO) == 0) {
    cli_error(exit_refused, "this asks first, and nobody is at the terminal: add --yes to mean it");
    return false;
  }
  fmt::print(stderr, "{} Type yes to go on: ", question);
  std::string line;
  std::getline(std::cin, line);
  return line == "yes";
}

int run_cli(int argc, char** argv) {
  std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  const auto all = all_commands();
  if (words.empty() || words[0] == "--help" || words[0] == "-h" || words[0] == "help") {
    print_overview(all);
    return words.empty() ? exit_usage : exit_done;
  }
  if (words[0] == "--version") words[0] = "version";
  // Shared flags may stand before the command; the command's own parser reads them.
  std::vector<std::string> before;
  while (!words.empty() && words[0].starts_with("--")) {
    const bool valued = std::any_of(std::begin(shared), std::end(shared),
                                    [&](const auto& f) { return f.takes_value && words[0].substr(2) == f.name; });
    for (int take = valued ? 2 : 1; take > 0 && !words.empty(); --take) {
      before.push_back(words[0]);
      words.erase(words.begin());
    }
  }
  if (words.empty()) return cli_error(exit_usage, "no command; burrow --help lists them");
  const auto named = words;
  const cli_command* command = find_command(all, words);
  if (!command) return unknown_command(all, named);
  words.insert(words.begin(), before.begin(), before.end());
  return command->name == "serve" ? serve_command(words) : run_command(*command, words);
}

} // namespace burrow
