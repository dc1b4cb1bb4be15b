// `burrow backup create, status, cancel, verify` and `burrow restore`: the first three ask a running node, the others
// work on directories of this machine.
#include "node/backup_verify.hpp"
#include "node/cli_client.hpp"
#include "node/progress.hpp"
#include "node/text.hpp"

#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <thread>

namespace burrow {
namespace {

constexpr auto look_every = std::chrono::milliseconds(200);

std::string shards_text(const cli_json& list) {
  std::string out;
  for (const auto& n : list) out += fmt::format("{}{}", out.empty() ? "" : ", ", n.dump());
  return out;
}

/// What a task says of itself, to people; the exit code.
int print_state(const cli_context& context, const cli_json& s) {
  const std::string state = s.value("state", "?");
  const auto failed = [&] { return state == "failed" || state == "cancelled"; };
  const bool partly = !s.value("not_whole", cli_json::array()).empty();
  const int code = failed() ? exit_failed : partly && state == "done" ? exit_warnings : exit_done;
  if (print_json_list(context, s)) return code;
  if (failed()) return cli_error(exit_failed, fmt::format("backup {}: {}", state, s.value("why", "")));
  if (state == "none") fmt::print("no backup since the node was started\n");
  if (state == "running")
    fmt::print("running   {} of {} into {}\n", human_size(s.value("bytes_done", std::uint64_t{0})),
               human_size(s.value("bytes", std::uint64_t{0})), s.value("directory", "?"));
  if (state == "done")
    fmt::print("done      {} in {} into {}, as of {}\n", human_size(s.value("bytes", std::uint64_t{0})),
               human_time(s.value("seconds", 0.0)), s.value("directory", "?"), s.value("created", "?"));
  if (partly)
    fmt::print(stderr, "warning: out of service, and in the backup as they are: shards {}\n",
               shards_text(s.at("not_whole")));
  if (const auto last = s.find("last"); state == "none" && last != s.end() && last->is_object())
    fmt::print("last      {} into {}, as of {}\n", human_size(last->value("bytes", std::uint64_t{0})),
               last->value("directory", "?"), last->value("created", "?"));
  return code;
}

std::optional<cli_json> ask_state(cli_client& client, int& code) {
  const auto reply = client.call("GET", "/admin/v1/backup");
  code = client.code();
  if (!reply) return std::nullopt;
  auto state = parse_answer(*reply);
  code = exit_failed;
  return state && state->is_object() ? state : std::nullopt;
}

int create(const cli_context& context) {
  int code = exit_done;
  std::error_code wrong;
  const auto directory = std::filesystem::absolute(context.words[0], wrong).lexically_normal().string();
  auto client = cli_client::make(context, code);
  if (!client) return code;
  const cli_json order{{"directory", directory}};
  const auto begun = client->call("POST", "/admin/v1/backup",
                                  order.dump(-1, ' ', false, cli_json::error_handler_t::replace),
                                  {{"Content-Type", "application/json"}});
  if (!begun) return client->code();
  if (context.has("no-wait")) {
    const auto state = parse_answer(*begun);
    return state ? print_state(context, *state) : exit_failed;
  }
  if (!context.quiet)
    fmt::print(stderr, "the node goes on with it whatever becomes of this command: burrow backup status, cancel\n");
  std::optional<cli_json> state;
  {
    progress_bar bar("backup", !context.quiet);
    while (true) {
      state = ask_state(*client, code);
      if (!state) return code;
      bar.show(state->value("bytes_done", std::uint64_t{0}), state->value("bytes", std::uint64_t{0}));
      if (state->value("state", "") != "running") break;
      std::this_thread::sleep_for(look_every);
    }
  }
  return print_state(context, *state);
}

int status(const cli_context& context) {
  int code = exit_done;
  auto client = cli_client::make(context, code);
  if (!client) return code;
  const auto state = ask_state(*client, code);
  return state ? print_state(context, *state) : code;
}

int cancel(const cli_context& context) {
  int code = exit_done;
  auto client = cli_client::make(context, code);
  if (!client) return code;
  if (!client->call("DELETE", "/admin/v1/backup")) return client->code();
  if (!context.quiet) fmt::print(stderr, "told to end; burrow backup status says what became of it\n");
  return exit_done;
}

int of_error(const error& why) {
  if (why == errc::corrupt || why == errc::no_space) return exit_refused;
  return why == errc::config_invalid ? exit_not_found : exit_failed;
}

cli_json facts(const backup_manifest& m) {
  return {{"created", m.created}, {"node", m.node}, {"node_id", fmt::format("{:016x}", m.identity.node.value)},
          {"cluster_id", hex_id(m.identity.cluster)}, {"version", m.version}, {"shards", m.identity.shards},
          {"files", m.files.size()}, {"bytes", m.bytes()}};
}

int verify(const cli_context& context) {
  std::optional<result<backup_verdict>> verdict;
  {
    progress_bar bar("verify", !context.quiet);
    verdict = verify_backup(context.words[0], [&](std::uint64_t done, std::uint64_t total) {
      bar.show(done, total);
      return true;
    });
  }
  if (!*verdict) return cli_error(of_error(verdict->error()), verdict->error().context);
  const auto& v = **verdict;
  const int code = !v.good() ? exit_refused : v.shards.empty() ? exit_done : exit_warnings;
  auto out = facts(v.manifest);
  out["good"] = v.good();
  out["wrong_files"] = v.files;
  out["damaged_shards"] = v.shards;
  out["known_damaged"] = v.known;
  if (print_json_list(context, out)) return code;
  fmt::print("backup    {} of node {} ({}), as of {}\n", human_size(v.manifest.bytes()), v.manifest.node,
             out.value("node_id", ""), v.manifest.created);
  fmt::print("files     {} of {} as they were written\n", v.manifest.files.size() -
             std::min(v.manifest.files.size(), v.files.size()), v.manifest.files.size());
  for (const auto& wrong : v.files) fmt::print("wrong     {}\n", wrong);
  if (v.files.empty())
    fmt::print("shards    {} of {} whole, state and bodies\n", v.manifest.identity.shards + 1U - v.shards.size(),
               v.manifest.identity.shards + 1U);
  for (const auto& wrong : v.shards) fmt::print("damaged   {}\n", wrong);
  fmt::print("verdict   {}\n", !v.good() ? "NOT to be relied on" : v.shards.empty()
             ? "good" : "good, but for shards that were out of service when it was made");
  return code;
}

int restore(const cli_context& context) {
  const auto from = context.option("from"), data = context.option("data");
  if (from.empty() || data.empty())
    return cli_error(exit_usage, "--from DIRECTORY and --data DIRECTORY are needed\nusage: burrow restore --from DIR "
                                 "--data DIR");
  std::error_code wrong;
  if (std::filesystem::exists(data, wrong) && !(std::filesystem::is_directory(data, wrong) &&
                                                std::filesystem::is_empty(data, wrong)))
    return cli_error(exit_refused, fmt::format("{} is there and not an empty directory; a restore goes into an empty "
                                               "one only", data));
  std::optional<result<restored_backup>> done;
  {
    progress_bar bar("restore", !context.quiet);
    done = restore_backup(from, data, [&](std::uint64_t read, std::uint64_t total) {
      bar.show(read, total);
      return true;
    });
  }
  if (!*done) return cli_error(of_error(done->error()), done->error().context);
  const auto& r = **done;
  const int code = r.damaged.empty() ? exit_done : exit_warnings;
  auto out = facts(r.manifest);
  out["restored_node_id"] = fmt::format("{:016x}", r.identity.node.value);
  out["restored_cluster_id"] = hex_id(r.identity.cluster);
  out["damaged_shards"] = r.damaged;
  if (print_json_list(context, out)) return code;
  fmt::print("restored  {} as of {} into {}, as node {} of a new cluster\n", human_size(r.manifest.bytes()),
             r.manifest.created, data, out.value("restored_node_id", ""));
  for (const auto& one : r.damaged) fmt::print("damaged   {}\n", one);
  if (!context.quiet) fmt::print(stderr, "start it: burrow serve --data {}\n", data);
  return code;
}

} // namespace

std::vector<cli_command> backup_commands() {
  return {
    {"backup create", "burrow backup create DIRECTORY [--no-wait]",
     "Has the node copy all it holds, as of one moment, into a new directory of its machine; writes go on.",
     "  burrow backup create /var/backups/burrow/monday\n  burrow backup create /mnt/b --no-wait --output json\n",
     {"no-wait"}, 1, 1, create},
    {"backup status", "burrow backup status", "Says how the backup is doing, and when the last good one was.",
     "  burrow backup status\n  burrow backup status --output json | jq .last\n", {}, 0, 0, status},
    {"backup cancel", "burrow backup cancel", "Ends the backup that is under way and removes what there is of it.",
     "  burrow backup cancel\n  burrow backup status\n", {}, 0, 0, cancel},
    {"backup verify", "burrow backup verify DIRECTORY",
     "Proves a backup readable: files by hash, then state and bodies of every shard. Asks no node.",
     "  burrow backup verify /var/backups/burrow/monday\n  burrow backup verify /mnt/b --output json\n", {}, 1, 1,
     verify},
    {"restore", "burrow restore --from DIRECTORY --data DIRECTORY",
     "Makes an empty directory a node's, with what a backup holds, under new ids. Asks no node.",
     "  burrow restore --from /var/backups/burrow/monday --data ./burrow-data\n  burrow serve --data ./burrow-data\n",
     {"from=", "data="}, 0, 0, restore},
  };
}

} // namespace burrow
