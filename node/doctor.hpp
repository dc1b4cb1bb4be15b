// What may be wrong with one node, and what to do about it: facts in, findings out. Where the facts come from is
// another matter: a running node's own (admin_status.cpp), or a stopped node's directory (cli_doctor.cpp).
#pragma once

#include "node/settings.hpp"

#include <nlohmann/json.hpp>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace burrow {

/// Ordered: the worst of several is the largest.
enum class severity : std::uint8_t { ok, warn, bad };

struct finding {
  severity how = severity::ok;
  std::string check;    ///< a stable word: `disk`, `sync`, ...
  std::string object;   ///< what it is about: a path, `shard 7`, an address
  std::string evidence; ///< what was seen
  std::string advice{}; ///< what to do; empty where nothing is to be done
  std::string node{};   ///< whose it is; empty: of the cluster as a whole
};

struct doctor_facts {
  settings with;
  bool running = false;
  std::int64_t now_unix = 0, uptime_s = 0;
  // The machine.
  std::uint64_t disk_free = 0, disk_total = 0, files_max = 0;
  bool in_memory = false;                 ///< the data lie on a file system that a power failure empties
  std::vector<double> sync_seconds;       ///< of a small file in the data directory; empty = it cannot be written
  std::optional<bool> clock_disciplined;  ///< the kernel's word; nothing if it does not say
  std::vector<std::string> ports_taken;   ///< of a stopped node: it could not start
  // The node or its directory.
  std::uint32_t format = 0;               ///< 0 = nothing stored yet
  std::string store_problem;              ///< the store does not open, and why
  bool restore_unfinished = false;
  std::map<std::uint16_t, std::string> damaged, quarantined; ///< why
  bool unchecked = false;                 ///< a loss was accepted, and not all shards were found whole since
  double time_ahead_s = 0;
  std::uint64_t stalls = 0;
  std::vector<std::pair<std::string, double>> refusals; ///< since the start
  std::optional<std::int64_t> backup_unix; ///< when the last good one was done
  // Of a member of a cluster.
  bool member = false, with_others = false; ///< and other nodes are there
  std::optional<std::int64_t> certificate_until_unix; ///< of its certificate or the CA, what ends first
  std::string certificate_problem;                    ///< why the files are of no use
  bool certificate_reloads_failed = false;            ///< changed files are not used
};

/// What can be seen of the machine: writes and syncs a small file a few times.
[[nodiscard]] doctor_facts machine_facts(const settings& with);

/// One finding for each check at least, in a fixed order.
[[nodiscard]] std::vector<finding> diagnose(const doctor_facts& facts);
[[nodiscard]] severity worst(const std::vector<finding>& all);
[[nodiscard]] std::string_view word_of(severity how);
[[nodiscard]] nlohmann::ordered_json to_json(const std::vector<finding>& all);
/// What to_json() made, maybe by a node of another version; nothing if it is no such thing.
[[nodiscard]] std::optional<std::vector<finding>> findings_of(const nlohmann::ordered_json& all);

} // namespace burrow
