// The `burrow` command: which sub-command, the flags all of them share, exit codes, and how data and errors are
// printed. Each noun has its own cli_<noun>.cpp with one function a verb; they talk HTTP to a node, like any client.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace burrow {

/// Exit codes (operator-ux.md section 1).
enum exit_code : int {
  exit_done = 0,
  exit_failed = 1,
  exit_usage = 2,
  exit_not_found = 3,
  exit_not_allowed = 4,
  exit_refused = 5,
  exit_limited = 6,
  exit_unreachable = 7,
  exit_warnings = 8,
  exit_sync_failed = 9, ///< of `serve`: the disk did not keep what it was told to
  exit_interrupted = 130,
};

enum class output_format { table, json, jsonl };

/// What every command knows: the shared flags, and its own arguments after them.
struct cli_context {
  std::string endpoint;      ///< --endpoint; empty = not given: endpoint_of() says which is meant
  std::string named_context; ///< --context
  output_format output = output_format::table;
  bool heads = true, yes = false, quiet = false, color = true;
  double timeout_s = 30;
  std::vector<std::string> words;                           ///< arguments that are no flags
  std::vector<std::pair<std::string, std::string>> options; ///< own flags, without the dashes; last one wins

  [[nodiscard]] std::string option(std::string_view name, std::string_view otherwise = "") const;
  [[nodiscard]] bool has(std::string_view name) const;
  /// A decimal number; prints the error and exits the process with 2 if it is none or out of range.
  [[nodiscard]] std::uint64_t number(std::string_view name, std::uint64_t otherwise, std::uint64_t low,
                                     std::uint64_t high) const;
};

/// One verb. `flags` lists its own: `name=` takes a value, `name` does not. `words_min`/`max` count its words.
struct cli_command {
  std::string name; ///< `queue put`
  std::string usage, summary, examples;
  std::vector<std::string> flags;
  std::size_t words_min = 0, words_max = 0;
  std::function<int(const cli_context&)> run;
};

/// The sub-command named by argv, done; returns the exit code.
int run_cli(int argc, char** argv);

/// `serve` reads its arguments by the settings table, not by the shared flags.
int serve_command(const std::vector<std::string>& arguments);
std::vector<cli_command> queue_commands();
std::vector<cli_command> queue_settings_commands();
std::vector<cli_command> redrive_commands();
std::vector<cli_command> status_commands();
std::vector<cli_command> config_commands();
std::vector<cli_command> bench_commands();
std::vector<cli_command> simulate_commands();
std::vector<cli_command> backup_commands();
std::vector<cli_command> shard_commands();
std::vector<cli_command> cluster_commands();
std::vector<cli_command> change_commands();
std::vector<cli_command> top_commands();
std::vector<cli_command> tail_commands();
std::vector<cli_command> tenant_commands();
std::vector<cli_command> context_commands();
std::vector<cli_command> doctor_commands();
std::vector<cli_command> cert_commands();
std::vector<cli_command> completion_commands();
/// Every command there is, `serve` too.
[[nodiscard]] std::vector<cli_command> all_commands();
/// One flag that every command has.
struct shared_flag {
  std::string_view name;
  bool takes_value;
};
[[nodiscard]] std::span<const shared_flag> shared_flags();

/// Which node is meant: --endpoint, --context, BURROW_ENDPOINT, BURROW_CONTEXT, the context in use, this machine's.
/// Nothing, after an error on stderr and with `code` set, if a context is named that is not there.
[[nodiscard]] std::optional<std::string> endpoint_of(const cli_context& context, int& code,
                                                     std::string* from = nullptr);

/// `error: ...` on standard error; returns `code`.
int cli_error(int code, std::string_view text);
/// A question on a terminal; off one, or with --yes: true only with --yes. Says which flag is missing.
bool cli_confirm(const cli_context& context, std::string_view question);

} // namespace burrow
