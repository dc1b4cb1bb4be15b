// Reading the settings: file, then environment, then flags. What Boost.Program_options says of an unknown key has
// neither a line nor a suggestion, so unknown keys are let through it and refused here.
#include "node/settings.hpp"

#include "node/text.hpp"

#include <boost/program_options.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <map>

extern char** environ; // NOLINT: POSIX names it

namespace burrow {
namespace {

namespace po = boost::program_options;

error invalid(std::string text) { return {errc::config_invalid, std::move(text)}; }

result<void> set_value(const setting_row& row, settings& into, const std::string& text, const std::string& where) {
  if (const auto* target = std::get_if<std::string settings::*>(&row.target)) {
    into.*(*target) = text;
    return {};
  }
  if (const auto* target = std::get_if<bool settings::*>(&row.target)) {
    if (text != "true" && text != "false")
      return invalid(fmt::format("{}: {} is true or false, not \"{}\"", where, row.key, text));
    into.*(*target) = text == "true";
    return {};
  }
  const auto number = row.measure == unit::bytes     ? parse_size(text)
                      : row.measure == unit::seconds ? parse_seconds(text)
                                                     : parse_number(text);
  if (!number || *number < row.low || *number > row.high)
    return invalid(fmt::format("{}: {} must be {}, not \"{}\"", where, row.key, range_of(row), text));
  into.*std::get<std::uint64_t settings::*>(row.target) = *number;
  return {};
}

/// Line of a key in an INI file, for messages; 0 if it cannot be found.
std::size_t line_of(const std::string& path, std::string_view key) {
  std::ifstream in(path);
  std::string line, section;
  for (std::size_t number = 1; std::getline(in, line); ++number) {
    line.erase(0, line.find_first_not_of(" \t"));
    if (line.starts_with('[')) section = line.substr(1, line.find(']') - 1) + ".";
    const auto name = line.substr(0, line.find_first_of("= \t"));
    if (!name.empty() && (section == "." ? "" : section) + name == key) return number;
  }
  return 0;
}

std::vector<std::string> keys() {
  std::vector<std::string> names;
  for (const auto& row : settings_table()) names.emplace_back(row.key);
  return names;
}

std::string suggestion(std::string_view word, const std::vector<std::string>& candidates) {
  const auto near = nearest(word, candidates);
  return near ? fmt::format("; did you mean {}?", *near) : std::string{};
}

result<void> read_file(const std::string& path, loaded_settings& out) {
  std::ifstream in(path);
  if (!in) return invalid(fmt::format("{}: cannot be read", path));
  po::options_description known;
  for (const auto& row : settings_table()) known.add_options()(std::string(row.key).c_str(), po::value<std::string>());
  std::vector<po::option> options;
  try {
    options = po::parse_config_file(in, known, true).options;
  } catch (const po::error& e) {
    return invalid(fmt::format("{}: {}", path, e.what()));
  }
  const auto table = settings_table();
  for (const auto& option : options) {
    const std::size_t line = line_of(path, option.string_key);
    const std::string where = line ? fmt::format("{}:{}", path, line) : path;
    const auto row =
      std::find_if(table.begin(), table.end(), [&](const auto& r) { return r.key == option.string_key; });
    if (row == table.end())
      return invalid(fmt::format("{}: no setting {}{}", where, option.string_key,
                                 suggestion(option.string_key, keys())));
    if (auto set = set_value(*row, out.values, option.value.empty() ? "" : option.value.front(), where); !set)
      return set.error();
    out.sources[static_cast<std::size_t>(row - table.begin())] = where;
  }
  return {};
}

result<void> read_environment(const std::map<std::string, std::string>& variables, loaded_settings& out) {
  const auto table = settings_table();
  for (std::size_t i = 0; i < table.size(); ++i) {
    const auto name = variable_of(table[i]);
    const auto found = variables.find(name);
    if (found == variables.end()) continue;
    if (auto set = set_value(table[i], out.values, found->second, name); !set) return set.error();
    out.sources[i] = name;
  }
  return {};
}

struct flag_value {
  std::string name, value;
};

result<std::vector<flag_value>> parse_flags(const std::vector<std::string>& arguments) {
  po::options_description known;
  std::vector<std::string> names{"--config"};
  known.add_options()("config", po::value<std::string>());
  for (const auto& row : settings_table()) {
    const auto flag = flag_of(row);
    names.push_back(flag);
    auto* value = po::value<std::string>();
    if (row.measure == unit::flag) value->implicit_value("true");
    known.add_options()(flag.substr(2).c_str(), value);
  }
  std::vector<po::option> options;
  try {
    options = po::command_line_parser(arguments)
                .options(known)
                .style(po::command_line_style::default_style & ~po::command_line_style::allow_guessing)
                .allow_unregistered()
                .run()
                .options;
  } catch (const po::error& e) {
    return invalid(e.what());
  }
  std::vector<flag_value> out;
  for (const auto& option : options) {
    if (option.unregistered || option.position_key >= 0) {
      const std::string word = option.original_tokens.empty() ? option.string_key : option.original_tokens.front();
      return invalid(fmt::format("no flag {}{}", word, suggestion(word.substr(0, word.find('=')), names)));
    }
    out.push_back({option.string_key, option.value.empty() ? "" : option.value.front()});
  }
  return out;
}

result<void> read_flags(const std::vector<flag_value>& flags, loaded_settings& out) {
  const auto table = settings_table();
  for (const auto& flag : flags) {
    for (std::size_t i = 0; i < table.size(); ++i) {
      if (flag_of(table[i]).substr(2) != flag.name) continue;
      // Program_options fills an implicit value in only when it stores, which we do ourselves.
      const bool alone = table[i].measure == unit::flag && flag.value.empty();
      const auto set = set_value(table[i], out.values, alone ? "true" : flag.value, "--" + flag.name);
      if (!set) return set.error();
      out.sources[i] = "--" + flag.name;
    }
  }
  return {};
}

/// What concerns the other nodes.
result<void> check_cluster(const settings& s) {
  if (!in_cluster(s)) return {};
  const auto own = parse_endpoints(s.cluster.empty() ? cluster_default : s.cluster);
  if (!own) return invalid("cluster: " + own.error().context);
  if (own->size() != 1 || own->front().port == 0 || own->front().port == 65535)
    return invalid("cluster: one HOST:PORT, with a port from 1 to 65534");
  const int files = !s.cluster_certificate.empty() + !s.cluster_key.empty() + !s.cluster_ca.empty();
  if (files != 0 && files != 3)
    return invalid("cluster_certificate, cluster_key, cluster_ca: all three or none of them");
  if (files == 0 && !is_loopback(own->front().host) && !s.insecure_cluster)
    return invalid(fmt::format("cluster: {} is not a loopback address, and there are no certificates: a stranger could "
                               "take this node's memory and speak as a peer. Make some (burrow cert --help), or, if "
                               "that is meant, add --insecure-cluster.", own->front().host));
  if (!s.join.empty()) {
    const auto others = parse_endpoints(s.join);
    if (!others) return invalid("join: " + others.error().context);
    if (s.bootstrap_expect > 0 && others->size() != s.bootstrap_expect)
      return invalid(fmt::format("bootstrap_expect: {}, but join names {} addresses; it must name all of them, this "
                                 "node's own too", s.bootstrap_expect, others->size()));
  } else if (s.bootstrap_expect > 0) {
    return invalid("bootstrap_expect: needs join with the addresses of all nodes, this one's too");
  }
  for (const auto& [name, text] : {std::pair{"node", &s.node}, std::pair{"zone", &s.zone}}) {
    const bool plain = std::ranges::all_of(*text, [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
    });
    if (!plain) return invalid(fmt::format("{}: in a cluster of a-z, 0-9, '.', '_' and '-', not \"{}\"", name,
                                           one_line(*text, 70)));
  }
  return {};
}

/// Rules between settings, and addresses.
result<void> check(const settings& s) {
  for (const auto& [name, text] : {std::pair{"http", s.http}, std::pair{"admin", s.admin}}) {
    const auto endpoints = parse_endpoints(text);
    if (!endpoints) return invalid(fmt::format("{}: {}", name, endpoints.error().context));
    for (const auto& e : *endpoints) {
      if (is_loopback(e.host) || s.insecure_http) continue;
      return invalid(fmt::format("{}: {} is not a loopback address, and nobody is asked who they are: whoever reaches "
                                 "it owns all accounts. If that is meant, add --insecure-http.", name, e.host));
    }
  }
  const std::pair<const char*, const std::string*> names[] = {{"node", &s.node}, {"zone", &s.zone}};
  for (const auto& [name, text] : names) {
    const bool plain = std::all_of(text->begin(), text->end(), [](char c) { return c > 0x20 && c < 0x7F; });
    if (text->empty() || text->size() > 63 || !plain)
      return invalid(fmt::format("{}: 1 to 63 visible ASCII characters, not \"{}\"", name, one_line(*text, 70)));
  }
  if (auto fine = check_cluster(s); !fine) return fine;
  if (s.data.empty()) return invalid("data: names no directory");
  if (s.disk_stop >= s.disk_low) return invalid("disk.stop: must be below disk.low");
  const std::vector<std::string> levels{"debug", "info", "warn", "error"};
  if (std::find(levels.begin(), levels.end(), s.log_level) == levels.end())
    return invalid(fmt::format("log.level: debug, info, warn or error, not \"{}\"", s.log_level));
  return {};
}

} // namespace

result<loaded_settings> load_settings(const std::vector<std::string>& arguments,
                                      const std::vector<std::string>& environment) {
  loaded_settings out;
  out.sources.assign(settings_table().size(), "default");
  std::map<std::string, std::string> variables;
  for (const auto& line : environment) {
    if (const auto at = line.find('='); at != std::string::npos) variables[line.substr(0, at)] = line.substr(at + 1);
  }
  const auto flags = parse_flags(arguments);
  if (!flags) return flags.error();
  if (const auto named = variables.find("BURROW_CONFIG"); named != variables.end()) out.file = named->second;
  for (const auto& flag : *flags) if (flag.name == "config") out.file = flag.value;
  if (!out.file.empty()) if (auto read = read_file(out.file, out); !read) return read.error();
  if (auto read = read_environment(variables, out); !read) return read.error();
  if (auto read = read_flags(*flags, out); !read) return read.error();
  if (auto good = check(out.values); !good) return good.error();
  return out;
}

std::vector<std::string> process_environment() {
  std::vector<std::string> out;
  for (char** line = environ; line && *line; ++line) {
    if (std::string_view(*line).starts_with("BURROW_")) out.emplace_back(*line);
  }
  return out;
}

result<endpoint> parse_endpoint(std::string_view text) {
  const auto colon = text.rfind(':');
  const auto port = colon == std::string_view::npos ? std::nullopt : parse_number(text.substr(colon + 1));
  std::string host(text.substr(0, colon == std::string_view::npos ? 0 : colon));
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  if (host == "localhost") host = "127.0.0.1";
  if (!port || *port > 65'535 || host.empty())
    return invalid(fmt::format("an address is HOST:PORT, not \"{}\"", one_line(text, 60)));
  return endpoint{host, static_cast<std::uint16_t>(*port)};
}

result<std::vector<endpoint>> parse_endpoints(std::string_view text) {
  std::vector<endpoint> out;
  while (true) {
    const auto comma = text.find(',');
    auto one = parse_endpoint(text.substr(0, comma));
    if (!one) return one.error();
    out.push_back(std::move(*one));
    if (comma == std::string_view::npos) return out;
    text.remove_prefix(comma + 1);
  }
}

bool is_loopback(std::string_view host) { return host.starts_with("127.") || host == "::1"; }

} // namespace burrow
