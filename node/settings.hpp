// The settings of a node: one table, from which flags, BURROW_* variables, the INI file, `config show`, the example
// file and the documentation are made (style.md section 1, rule 11). Nothing else of a node reads the environment or
// knows a default. Holds no secrets: those come from files named here, never as values.
#pragma once

#include "cluster/base/limits.hpp"
#include "cluster/base/result.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace burrow {

/// Every value in force. The initial values are the shipped defaults. Sizes are bytes, times seconds.
struct settings {
  std::string node = "n1";
  std::string zone = "default";
  std::string data = "./burrow-data";
  std::string http = "127.0.0.1:8080";
  std::string admin = "127.0.0.1:8081";
  bool insecure_http = false;
  std::string cluster;
  std::string join;
  std::uint64_t bootstrap_expect = 0;
  bool insecure_cluster = false;
  std::string cluster_certificate, cluster_key, cluster_ca;
  std::string accept_loss;
  std::uint64_t drain = 10;
  std::uint64_t shards = limits::shards_default;

  std::uint64_t http_threads = 1;
  bool http_metrics = false;
  bool content_length_on_204 = false;
  std::uint64_t actor_threads = 2;
  std::uint64_t passivate = 30;

  std::uint64_t default_ttl = limits::default_ttl_s;
  std::uint64_t default_hide = 0;
  std::uint64_t max_body = limits::body_default_max;
  std::uint64_t max_claimed = limits::claimed_default_max;
  std::uint64_t stored_bytes = limits::stored_bytes_per_tenant_max;
  std::uint64_t queues = limits::queues_per_tenant_max;
  std::uint64_t idempotency_keys = limits::dedupe_keys_max;
  std::uint64_t producers = limits::dedupe_producers_max;
  std::uint64_t waiters = limits::waiters_per_tenant_max;
  std::uint64_t inflight = 1000;

  std::uint64_t block_cache = 32 * limits::mib;
  std::uint64_t write_buffer = 64 * limits::mib;
  std::uint64_t wal = 128 * limits::mib;
  std::uint64_t disk_low = limits::disk_low_bytes;
  std::uint64_t disk_low_per_cent = limits::disk_low_per_cent;
  std::uint64_t disk_stop = limits::disk_stop_bytes;
  std::uint64_t backup_rate = 64 * limits::mib;
  std::string log_level = "info";
  bool log_access = false;
};

inline constexpr const char* cluster_default = "127.0.0.1:7700";
/// Whether the ports between nodes are opened: only if one of the flags of a cluster says so.
[[nodiscard]] inline bool in_cluster(const settings& s) {
  return !s.cluster.empty() || !s.join.empty() || s.bootstrap_expect > 0;
}

/// What a value is measured in; decides how it is read and shown.
enum class unit : std::uint8_t { text, flag, count, bytes, seconds, per_cent };

/// One row of the table. The key is the name in the INI file (`section.name` for a section); flag and variable follow
/// from it: `limits.max_body`, `--limits-max-body`, `BURROW_LIMITS_MAX_BODY`.
struct setting_row {
  std::string_view key;
  unit measure;
  std::variant<std::string settings::*, std::uint64_t settings::*, bool settings::*> target;
  std::uint64_t low = 0, high = 0; ///< of numbers, both allowed
  bool restart = true;             ///< a change needs a restart; all do in this version
  std::string_view why;            ///< one sentence
};

[[nodiscard]] std::span<const setting_row> settings_table();
[[nodiscard]] std::string flag_of(const setting_row& row);
[[nodiscard]] std::string variable_of(const setting_row& row);
/// The value as it would be written in the file: sizes as `64 MiB` where that is exact.
[[nodiscard]] std::string value_of(const setting_row& row, const settings& from);
/// The allowed range in words; empty for text.
[[nodiscard]] std::string range_of(const setting_row& row);

/// Values and, for each row of the table, where its value came from: `default`, `BURROW_X`, `FILE:LINE` or `--flag`.
struct loaded_settings {
  settings values;
  std::vector<std::string> sources;
  std::string file; ///< empty = none was named
};

/// Reads --config (or BURROW_CONFIG), then variables, then flags; the later wins. `environment` holds `NAME=value`.
/// Errors: config_invalid, with file, line, key and the nearest valid key.
[[nodiscard]] result<loaded_settings> load_settings(const std::vector<std::string>& arguments,
                                                    const std::vector<std::string>& environment);
/// The process's own environment, for load_settings.
[[nodiscard]] std::vector<std::string> process_environment();

/// An address of a listener. Errors: config_invalid.
struct endpoint {
  std::string host;
  std::uint16_t port = 0;
};
[[nodiscard]] result<endpoint> parse_endpoint(std::string_view text);
/// An address that only this machine can reach.
[[nodiscard]] bool is_loopback(std::string_view host);
/// `http` and `admin` may name several addresses, separated by commas.
[[nodiscard]] result<std::vector<endpoint>> parse_endpoints(std::string_view text);

} // namespace burrow
