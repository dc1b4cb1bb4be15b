#include "node/audit.hpp"

#include "node/durable_file.hpp"

#include <fmt/chrono.h>
#include <nlohmann/json.hpp>

#include <ctime>

namespace burrow {

result<void> audit(const std::string& directory, const std::string& event,
                   const std::vector<std::pair<std::string, std::string>>& facts) {
  nlohmann::ordered_json line;
  line["time"] = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
  line["event"] = event;
  for (const auto& [name, value] : facts) line[name] = value;
  return append_to_file(directory, audit_file,
                        line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + '\n');
}

} // namespace burrow
