#include "node/contexts.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace burrow {
namespace {

using json = nlohmann::ordered_json;

std::string directory() {
  const char* set = std::getenv("XDG_CONFIG_HOME");
  if (set && *set == '/') return std::string(set) + "/burrow";
  const char* home = std::getenv("HOME");
  return home && *home == '/' ? std::string(home) + "/.config/burrow" : std::string{};
}

} // namespace

bool is_context_name(const std::string& name) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
           c == '_';
  };
  return !name.empty() && name.size() <= 63 && name.front() != '-' && std::all_of(name.begin(), name.end(), plain);
}

std::string contexts::path() { return directory().empty() ? "" : directory() + "/contexts.json"; }

result<contexts> contexts::load() {
  contexts out;
  std::ifstream in(path());
  if (path().empty() || !in) return out;
  const auto read = json::parse(std::string(std::istreambuf_iterator<char>(in), {}), nullptr, false);
  const error wrong{errc::config_invalid, fmt::format("{} cannot be understood; remove it, and add the contexts anew",
                                                      path())};
  if (!read.is_object() || !read.contains("contexts") || !read["contexts"].is_object()) return wrong;
  for (const auto& [name, one] : read["contexts"].items()) {
    if (!is_context_name(name) || !one.is_object() || !one.contains("endpoint") || !one["endpoint"].is_string())
      return wrong;
    out.endpoints[name] = one["endpoint"];
  }
  if (read.contains("current") && read["current"].is_string()) out.current = read["current"];
  if (!out.endpoints.contains(out.current)) out.current.clear();
  return out;
}

result<void> contexts::save() const {
  const auto where = directory();
  if (where.empty()) return error{errc::config_invalid, "neither XDG_CONFIG_HOME nor HOME says where to keep contexts"};
  json all{{"current", current}, {"contexts", json::object()}};
  for (const auto& [name, endpoint] : endpoints) all["contexts"][name] = {{"endpoint", endpoint}};
  std::error_code failed;
  std::filesystem::create_directories(std::filesystem::path(where).parent_path(), failed);
  const auto draft = path() + ".new";
  ::mkdir(where.c_str(), 0700);
  const int file = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const auto text = all.dump(2, ' ', false, json::error_handler_t::replace) + '\n';
  const bool wrote = file >= 0 && ::fchmod(file, 0600) == 0 &&
                     ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const auto why = errno;
  if (file >= 0) ::close(file);
  if (wrote && std::rename(draft.c_str(), path().c_str()) == 0) return {};
  return error{errc::io_failed, fmt::format("write {}: {}", path(), std::strerror(wrote ? errno : why))};
}

} // namespace burrow
