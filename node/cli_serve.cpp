// `burrow serve`: settings, the node, its banner, and the signals that end it.
#include "node/assembly.hpp"
#include "node/cli.hpp"
#include "node/logging.hpp"
#include "node/node_process.hpp"
#include "node/text.hpp"
#include "node/version.hpp"

#include <fmt/format.h>

#include <csignal>
#include <cstdlib>
#include <thread>

namespace burrow {
namespace {

std::string serve_help() {
  std::string out =
    "Starts a node and serves until it is stopped (Ctrl-C or SIGTERM drains, a second one stops at once).\n\n"
    "  burrow serve\n"
    "  burrow serve --data /var/lib/burrow --http 127.0.0.1:9080 --config burrow.conf\n\n"
    "Settings come from --config FILE, then BURROW_* variables, then flags; the later wins.\n\n";
  std::vector<std::vector<std::string>> rows;
  const settings shipped;
  for (const auto& row : settings_table())
    rows.push_back({"  " + flag_of(row), value_of(row, shipped), std::string(row.why)});
  out += table_text({"  FLAG", "SHIPPED", "MEANING"}, rows, true);
  return out;
}

void print_banner(const loaded_settings& with, const node::facts& about) {
  const auto& s = with.values;
  const auto join = [](const std::vector<std::string>& list) {
    std::string out;
    for (const auto& one : list) out += (out.empty() ? "http://" : " http://") + one;
    return out;
  };
  fmt::print("burrow {}  node={} zone={}  data={}{}  auth=none ({})\n", version_text, s.node, s.zone, s.data,
             about.new_cluster ? " (new cluster)" : "", s.insecure_http ? "INSECURE" : "loopback only");
  fmt::print("native http  {}     admin, metrics  {}\n", join(about.http), join(about.admin));
  if (s.insecure_http)
    fmt::print("INSECURE: nobody is asked who they are; whoever reaches these addresses owns all accounts\n");
  if (!about.http.empty()) fmt::print("try:  curl -X PUT --data hi http://{}/v1.0/me/inbox/1\n", about.http.front());
  fmt::print("ready in {:.2f} s\n", about.seconds);
  std::fflush(stdout);
}

} // namespace

int serve_command(const std::vector<std::string>& arguments) {
  for (const auto& word : arguments) {
    if (word != "--help" && word != "-h") continue;
    fmt::print("{}", serve_help());
    return exit_done;
  }
  const auto with = load_settings(arguments, process_environment());
  if (!with) return cli_error(exit_usage, with.error().context);
  // Before any thread is made, so that all of them leave these signals to us.
  sigset_t signals;
  sigemptyset(&signals);
  for (const int one : {SIGINT, SIGTERM}) sigaddset(&signals, one);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  start_logging(with->values.log_level);

  auto opened = node::open(*with);
  if (!opened) {
    const auto& why = opened.error();
    const std::string text = why.context.empty() ? std::string(to_string(why.code)) : why.context;
    return cli_error(exit_status_of(why), text);
  }
  print_banner(*with, (*opened)->about());
  notify_service_manager("READY=1");
  int caught = 0;
  ::sigwait(&signals, &caught);
  notify_service_manager("STOPPING=1");
  fmt::print(stderr, "stopping; once more to stop at once\n");
  std::thread([signals] {
    int again = 0;
    ::sigwait(&signals, &again);
    std::_Exit(exit_interrupted);
  }).detach();
  (*opened)->stop();
  fmt::print(stderr, "stopped\n");
  // Whatever still waits for a signal must not outlive the statics.
  std::fflush(nullptr);
  std::_Exit(exit_done);
}

} // namespace burrow
