// `burrow bench`: load against a scratch account, throughput and latencies, and whether any message was lost or came
// twice. Removes what it made. Figures hold for this machine and this moment only.
#include "node/bench_sources.hpp"
#include "node/cli.hpp"
#include "node/data_directory.hpp"
#include "node/http_client.hpp"
#include "node/text.hpp"
#include "node/version.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <unistd.h>

#include <fstream>

namespace burrow {
namespace {

using json = nlohmann::ordered_json;
using bench::ledger;
using bench::outcome;
using bench::workload;

struct run_state {
  const cli_context& context;
  workload what;
  std::string mode;
  std::uint64_t prefill = 0;
  bool verify = true, keep = false;
  json shown = json::object();
};

std::function<void(std::uint64_t, double)> bar(const cli_context& context, const workload& what) {
  if (context.quiet || ::isatty(STDERR_FILENO) == 0) return nullptr;
  return [what](std::uint64_t done, double seconds) {
    const auto count = static_cast<double>(done);
    const double share = what.count ? count / static_cast<double>(what.count) : seconds / what.seconds;
    const auto rate = static_cast<std::uint64_t>(seconds > 0 ? count / seconds : 0);
    const auto full = static_cast<std::size_t>(std::min(share, 1.0) * 24);
    fmt::print(stderr, "\r[{}{}] {:>12} messages  {:>9}/s ", std::string(full, '#'), std::string(24 - full, '-'),
               human_count(done), human_count(rate));
  };
}

json to_json(outcome& o) {
  json out{{"messages", o.messages}, {"seconds", o.seconds}, {"rate", o.rate()}, {"requests", o.requests},
           {"errors", o.errors}};
  if (o.first_error != 0) out["first_error"] = o.first_error;
  out["latency_us"] = {{"p50", o.times.percentile(0.5)}, {"p95", o.times.percentile(0.95)},
                       {"p99", o.times.percentile(0.99)}, {"p999", o.times.percentile(0.999)},
                       {"max", o.times.percentile(1)}};
  return out;
}

std::string micros(double us) { return us < 1000 ? fmt::format("{:.0f} us", us) : fmt::format("{:.2f} ms", us / 1000); }

void print_outcome(const char* name, const json& o) {
  const auto& l = o.at("latency_us");
  const auto whole = [&](const char* key) { return human_count(static_cast<std::uint64_t>(o.at(key).get<double>())); };
  fmt::print("{:<9} {} messages in {:.2f} s   {}/s   errors {}\n", name, whole("messages"),
             o.at("seconds").get<double>(), whole("rate"), whole("errors"));
  fmt::print("          p50 {}  p95 {}  p99 {}  p99.9 {}  max {}\n", micros(l.at("p50")), micros(l.at("p95")),
             micros(l.at("p99")), micros(l.at("p999")), micros(l.at("max")));
}

/// Notes one part of the run under `name`; the main one (no name) stands in the object itself.
result<void> part(run_state& state, const char* title, const char* name, result<outcome> done) {
  if (state.what.show) fmt::print(stderr, "\r{:60}\r", "");
  if (!done) return done.error();
  const json figures = to_json(*done);
  if (state.context.output == output_format::table) print_outcome(title, figures);
  if (*name == '\0') state.shown.update(figures);
  else state.shown[name] = figures;
  return {};
}

/// Empties the queues (or, to keep them, reads them), and says what was lost or came twice.
result<void> check(run_state& state, const workload& what, ledger& book) {
  if (!state.verify) return {};
  workload left = what;
  left.keep = state.keep;
  auto drained = bench::run_drain(left, book);
  if (!drained) return drained.error();
  const auto v = book.judge();
  const auto add = [&](const char* key, std::uint64_t n) {
    state.shown[key] = state.shown.value(key, std::uint64_t{0}) + n;
  };
  add("acknowledged", v.acknowledged);
  add("unknown", v.unknown);
  add("lost", v.lost);
  add("duplicates", v.duplicates + v.strangers);
  return {};
}

result<void> prefill(run_state& state, ledger& book) {
  if (state.prefill == 0) return {};
  workload fill = state.what;
  fill.batch = std::min<std::size_t>(100, limits::http_json_bytes_max / 2 / (fill.size + 32));
  fill.count = state.prefill;
  fill.connections = std::min<std::size_t>(fill.connections, 16);
  fill.seconds = 3600;
  return part(state, "prefill", "prefill", bench::run_insert(fill, book));
}

result<void> run_insert_mode(run_state& state) {
  ledger book;
  if (auto filled = prefill(state, book); !filled) return filled;
  if (auto ran = part(state, state.mode.c_str(), "", bench::run_insert(state.what, book)); !ran) return ran;
  return check(state, state.what, book);
}

result<void> run_take_mode(run_state& state) {
  ledger book;
  if (auto filled = prefill(state, book); !filled) return filled;
  if (auto ran = part(state, "take", "", bench::run_take(state.what, book)); !ran) return ran;
  return check(state, state.what, book);
}

result<void> run_longpoll_mode(run_state& state) {
  ledger book;
  if (auto ran = part(state, "delivery", "", bench::run_longpoll(state.what, book)); !ran) return ran;
  return check(state, state.what, book);
}

/// The quiet tenant's inserts, one in flight: alone, then beside a flood from another tenant.
result<void> run_tenants_mode(run_state& state) {
  ledger alone, beside, flood;
  workload quiet = state.what;
  quiet.connections = 1;
  quiet.batch = 1;
  quiet.count = 0;
  quiet.show = nullptr;
  if (auto ran = part(state, "alone", "alone", bench::run_insert(quiet, alone)); !ran) return ran;
  if (auto checked = check(state, quiet, alone); !checked) return checked;
  quiet.queue += "2";
  workload loud = state.what;
  loud.account += "-flood";
  loud.count = 0;
  auto both = bench::run_two(quiet, loud, beside, flood);
  if (!both) return both.error();
  if (auto ran = part(state, "quiet", "quiet", std::move(both->quiet)); !ran) return ran;
  if (auto ran = part(state, "flood", "flood", std::move(both->flood)); !ran) return ran;
  if (auto checked = check(state, loud, flood); !checked) return checked;
  return check(state, quiet, beside);
}

void remove_account(const cli_context& context, const std::string& account) {
  auto client = http_client::make(context.endpoint, 120);
  if (!client) return;
  for (const auto* more : {"", "-flood"}) {
    const auto gone = client->call("DELETE", "/v1.0/" + url_segment(account + more));
    if (!gone) fmt::print(stderr, "could not remove the account {}{}: {}\n", account, more, gone.error().context);
  }
}

int finish(run_state& state) {
  const bool table = state.context.output == output_format::table;
  const auto figure = [&](const char* key) { return state.shown.value(key, std::uint64_t{0}); };
  if (table && state.verify)
    fmt::print("checked   {} acknowledged   lost {}   duplicates {}   outcome unknown {}\n",
               human_count(figure("acknowledged")), figure("lost"), figure("duplicates"), figure("unknown"));
  if (!table) fmt::print("{}\n", state.shown.dump(state.context.output == output_format::json ? 2 : -1));
  if (const auto file = state.context.option("json"); !file.empty()) {
    std::ofstream out(file);
    out << state.shown.dump(2) << '\n';
    if (!out) return cli_error(exit_failed, fmt::format("cannot write {}", file));
  }
  if (figure("lost") != 0 || figure("duplicates") != 0)
    return cli_error(exit_failed, "messages were lost or came twice");
  return bench::interrupted() ? exit_interrupted : exit_done;
}

/// Whether the account holds anything; what cannot be asked is taken as empty, the run will say it.
bool holds_messages(const cli_context& context, const std::string& account) {
  auto client = http_client::make(context.endpoint, context.timeout_s);
  if (!client) return false;
  const auto listed = client->call("GET", "/v1.0/" + url_segment(account) + "?limit=1");
  return listed && listed->status == 200;
}

std::string scratch_account() {
  std::string name = "bench-";
  for (const char c : random_bytes(6)) name += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return name;
}

result<void> read_workload(const cli_context& context, workload& what) {
  std::string_view url = context.endpoint;
  if (url.starts_with("http://")) url.remove_prefix(7);
  while (url.ends_with('/')) url.remove_suffix(1);
  const auto colon = url.rfind(':');
  if (colon == std::string_view::npos) return error{errc::config_invalid, "--endpoint: http://HOST:PORT"};
  what.host = url.substr(0, colon);
  what.port = url.substr(colon + 1);
  what.account = context.option("account", scratch_account());
  what.size = context.number("size", 1024, 16, limits::body_default_max);
  what.batch = context.number("batch", what.batch, 1, limits::batch_entries_max);
  what.connections = context.number("connections", what.connections, 1, 10'000);
  what.queues = context.number("queues", what.queues, 1, 1'000'000);
  const bool counted = context.has("messages");
  what.count = context.number("messages", what.count, 1, 1'000'000'000);
  what.seconds = counted || what.count != 0 ? 3600 : 10;
  if (const auto text = context.option("seconds"); !text.empty()) {
    char* end = nullptr;
    what.seconds = std::strtod(text.c_str(), &end);
    if (*end != '\0' || !(what.seconds > 0 && what.seconds <= 86'400))
      return error{errc::config_invalid, fmt::format("--seconds is a number up to 86400, not \"{}\"", text)};
  }
  what.nameless = context.has("nameless");
  if (what.batch * what.size > limits::http_json_bytes_max / 2 && what.batch > 1)
    return error{errc::config_invalid, "--batch times --size is more than a request may hold"};
  return {};
}

int bench_command(const cli_context& given) {
  int code = exit_done;
  const auto endpoint = endpoint_of(given, code);
  if (!endpoint) return code;
  cli_context context = given;
  context.endpoint = *endpoint;
  struct mode {
    std::string name;
    std::size_t batch, connections, queues;
    std::uint64_t count, prefill;
    result<void> (*run)(run_state&);
  };
  static const mode modes[] = {
    {"insert", 1, 64, 1, 0, 0, run_insert_mode},        {"batch", 10, 64, 1, 0, 0, run_insert_mode},
    {"take", 10, 64, 1, 0, 200'000, run_take_mode},     {"longpoll", 1, 2, 1, 200, 0, run_longpoll_mode},
    {"latency", 1, 1, 1, 0, 0, run_insert_mode},        {"queues", 1, 64, 1000, 0, 0, run_insert_mode},
    {"tenants", 1, 64, 1, 0, 0, run_tenants_mode},
  };
  const std::string wanted = context.option("mode", "insert");
  std::vector<std::string> names;
  const mode* chosen = nullptr;
  for (const auto& m : modes) {
    names.push_back(m.name);
    if (m.name == wanted) chosen = &m;
  }
  if (!chosen) {
    const auto near = nearest(wanted, names);
    const auto hint = near ? "; did you mean " + *near + "?" : std::string{};
    return cli_error(exit_usage, fmt::format("no mode \"{}\"{}; there are insert, batch, take, longpoll, latency, "
                                             "queues and tenants", wanted, hint));
  }
  run_state state{context, {}, wanted};
  state.what.batch = chosen->batch;
  state.what.connections = chosen->connections;
  state.what.queues = chosen->queues;
  state.what.count = chosen->count;
  if (auto good = read_workload(context, state.what); !good) return cli_error(exit_usage, good.error().context);
  state.prefill = context.number("prefill", chosen->prefill, 0, 1'000'000'000);
  const auto& account = state.what.account;
  if (context.has("account") && !account.starts_with("bench-") && !context.yes && holds_messages(context, account))
    return cli_error(exit_refused, fmt::format("the account {} holds messages, and the bench takes what it finds; to "
                                               "mean it, add --yes", account));
  state.keep = context.has("keep");
  state.verify = !context.has("no-verify");
  state.what.show = bar(context, state.what);
  const auto& w = state.what;
  state.shown["mode"] = wanted;
  state.shown["version"] = fmt::format("{} ({})", version_text, version_commit);
  state.shown["settings"] = {{"size", w.size}, {"batch", w.batch}, {"connections", w.connections},
                             {"queues", w.queues}, {"messages", w.count}, {"seconds", w.seconds},
                             {"prefill", state.prefill}, {"nameless", w.nameless}};
  bench::catch_interrupt();
  const auto ran = chosen->run(state);
  if (!state.keep) remove_account(context, state.what.account);
  if (!ran) return cli_error(exit_unreachable, ran.error().context);
  return finish(state);
}

} // namespace

std::vector<cli_command> bench_commands() {
  return {{"bench",
           "burrow bench [--mode insert|batch|take|longpoll|latency|queues|tenants] [--size B] [--batch N] "
           "[--connections N] [--queues N] [--seconds S] [--messages N] [--prefill N] [--nameless] [--no-verify] "
           "[--keep] [--account A] [--json FILE]",
           "Measures a node, and counts messages lost or doubled.",
           "  burrow bench --seconds 5\n  burrow bench --mode take --prefill 200000 --output json\n",
           {"mode=", "size=", "batch=", "connections=", "queues=", "seconds=", "messages=", "prefill=", "nameless",
            "no-verify", "keep", "account=", "json="},
           0, 0, bench_command}};
}

} // namespace burrow
