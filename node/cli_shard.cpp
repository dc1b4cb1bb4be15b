// `burrow shard repair`: works on the directory of a stopped node, and asks nobody but the person in front of it.
#include "node/cli_client.hpp"
#include "node/shard_repair.hpp"
#include "node/text.hpp"

#include <fmt/format.h>

namespace burrow {
namespace {

constexpr std::uint64_t shard_number_max = 1024;
constexpr std::size_t named_max = 20; ///< lost messages, for people; JSON has more

cli_json to_json(const shard_survey& s) {
  const auto& w = s.would;
  cli_json out{{"shard", s.shard.value}, {"damaged", !s.damage.empty()}, {"damage", s.damage}};
  if (s.damage.empty()) return out;
  out["keeps"] = {{"queues", w.state.queues}, {"messages", w.state.messages}, {"bytes", w.state.bytes},
                  {"entries", w.entries_kept}};
  out["loses"] = {{"messages", w.state.lost_messages}, {"records", w.state.lost_records}, {"entries", w.entries_lost},
                  {"bodies_of_entries_at_most", w.bodies_missing},
                  {"replica_record", w.record_lost}, {"applied_record", w.applied_lost}};
  out["lost"] = cli_json::array();
  for (const auto& m : w.state.lost)
    out["lost"].push_back({{"account", m.queue.tenant}, {"queue", m.queue.queue}, {"id", m.id}, {"why", m.why}});
  return out;
}

void print_survey(const shard_survey& s) {
  if (s.damage.empty()) return fmt::print("shard {}   whole: nothing to repair\n", s.shard.value);
  const auto& w = s.would;
  fmt::print("shard {}   damaged: {}\n", s.shard.value, s.damage);
  fmt::print("  keeps   {} messages, {} in {} queues; {} entries of the log not applied yet\n",
             human_count(w.state.messages), human_size(w.state.bytes), human_count(w.state.queues),
             human_count(w.entries_kept));
  fmt::print("  loses   {} messages, {} records of queues, {} entries of the log\n", human_count(w.state.lost_messages),
             human_count(w.state.lost_records), human_count(w.entries_lost));
  if (w.bodies_missing > 0)
    fmt::print("  loses   up to {} messages that entries of the log bring and whose bodies are gone\n",
               human_count(w.bodies_missing));
  fmt::print("  what stood in a hole of the state cannot be named\n");
  if (w.record_lost) fmt::print("  loses   its own record: term and life are set anew\n");
  if (w.applied_lost) fmt::print("  loses   how far its state had got: what was written last may be missing\n");
  for (std::size_t i = 0; i < std::min(named_max, w.state.lost.size()); ++i) {
    const auto& m = w.state.lost[i];
    const auto shown = [](const std::string& text) { return text.empty() ? std::string("?") : one_line(text, 40); };
    fmt::print("  lost    {}/{}/{}  {}\n", shown(m.queue.tenant), shown(m.queue.queue), shown(m.id), m.why);
  }
  if (w.state.lost.size() > named_max)
    fmt::print("  lost    and {} more: --output json\n", human_count(w.state.lost_messages - named_max));
}

std::optional<std::vector<shard_id>> shards_of(const cli_context& context) {
  std::vector<shard_id> out;
  for (const auto& word : context.words) {
    const auto n = parse_number(word);
    if (!n || *n > shard_number_max) {
      cli_error(exit_usage, fmt::format("a shard is a number, 0 to {}, not \"{}\"", shard_number_max,
                                        one_line(word, 40)));
      return std::nullopt;
    }
    const shard_id shard{static_cast<std::uint16_t>(*n)};
    if (std::find(out.begin(), out.end(), shard) == out.end()) out.push_back(shard);
  }
  return out;
}

int of_error(const error& why) {
  const auto text = why.context.empty() ? std::string(to_string(why.code)) : why.context;
  const bool in_use = text.find("has") != std::string::npos && text.find("open; each node") != std::string::npos;
  if (in_use) return cli_error(exit_refused, text + ". Stop the node first");
  if (why == errc::config_invalid) return cli_error(exit_usage, text);
  const bool refused = why == errc::no_space || why == errc::invalid_parameter;
  return cli_error(refused ? exit_refused : exit_failed, text);
}

int repair(const cli_context& context) {
  const auto shards = shards_of(context);
  if (!shards) return exit_usage;
  const auto reason = context.option("accept-loss"), data = context.option("data");
  if (reason.empty())
    return cli_error(exit_usage, "--accept-loss \"reason\" is needed: what cannot be read is given up for good, and "
                                 "the reason goes to the audit log");
  std::vector<std::string> arguments;
  if (context.has("config")) arguments = {"--config", context.option("config")};
  if (!data.empty()) arguments.insert(arguments.end(), {"--data", data});
  auto with = load_settings(arguments, process_environment());
  if (!with) return cli_error(exit_usage, with.error().context);
  with->values.accept_loss.clear();
  auto opened = shard_repair::open(with->values, *shards);
  if (!opened && opened.code() == errc::lost_writes) {
    fmt::print(stderr, "{}\n", opened.error().context);
    if (!cli_confirm(context, "To go on, what can be read of the store is written down anew.")) return exit_refused;
    with->values.accept_loss = reason;
    opened = shard_repair::open(with->values, *shards);
  }
  if (!opened) return of_error(opened.error());
  auto& job = **opened;
  std::size_t damaged = 0;
  cli_json list = cli_json::array();
  for (const auto& s : job.surveys()) {
    damaged += s.damage.empty() ? 0 : 1;
    list.push_back(to_json(s));
    if (context.output == output_format::table) print_survey(s);
  }
  for (const auto& text : job.unreadable()) fmt::print(stderr, "unreadable: {}\n", text);
  std::fflush(stdout);
  const auto answer = [&](bool repaired) {
    return print_json_list(context, {{"repaired", repaired}, {"shards", list}, {"unreadable", job.unreadable()}});
  };
  if (damaged == 0) return answer(false), exit_done;
  if (!cli_confirm(context, "What is lost is lost for good; a copy of the directory would be worth having.")) {
    answer(false);
    return exit_refused;
  }
  if (auto done = job.carry_out(reason); !done) return of_error(done.error());
  if (!answer(true)) fmt::print("repaired  {} of {}; start the node\n", damaged, job.surveys().size());
  return exit_done;
}

} // namespace

std::vector<cli_command> shard_commands() {
  return {{"shard repair", "burrow shard repair SHARD... --accept-loss REASON [--data DIR] [--config FILE] [--yes]",
           "Brings damaged shards of a stopped node back with what can be read of them. Says what is lost, and asks.",
           "  burrow shard repair 7 --accept-loss 'disk sda failed, no backup' --data /var/lib/burrow\n"
           "  burrow shard repair 0 7 --accept-loss 'disk sda failed' --yes --output json\n",
           {"accept-loss=", "data=", "config="}, 1, 1025, repair}};
}

} // namespace burrow
