// `burrow doctor`: what may be wrong with a node and what to do about it; of a running one, or of a stopped one's
// directory. Changes nothing.
#include "actors/certificates.hpp"
#include "cluster/replica/repair.hpp"
#include "cluster/storage/keys.hpp"
#include "node/backup_task.hpp"
#include "node/cli_client.hpp"
#include "node/data_directory.hpp"
#include "node/doctor.hpp"
#include "node/forming.hpp"
#include "node/text.hpp"

#include <fmt/format.h>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

namespace burrow {
namespace {

namespace fs = std::filesystem;

void print_finding(const cli_context& context, const cli_json& one, bool with_node) {
  const std::string how = text_of(one, "severity"), advice = one.value("advice", "");
  const char* begin = !context.color ? "" : how == "bad" ? "\033[31m" : how == "warn" ? "\033[33m" : "\033[32m";
  const auto node = with_node ? text_of(one, "node") + " " : std::string{};
  fmt::print("{}{:<5}{} {:<12} {}{}: {}\n", begin, how, context.color ? "\033[0m" : "", text_of(one, "check"),
             node == "- " ? "" : node, one_line(text_of(one, "object"), 60), one_line(text_of(one, "evidence"), 300));
  if (!advice.empty()) fmt::print("                   do: {}\n", one_line(advice, 300));
}

/// Of a cluster: what is of all, then what is wrong with single nodes, and a line for each that tells how much is not.
void print_findings(const cli_context& context, const cli_json& all) {
  std::map<std::string, std::size_t> in_order;
  std::set<std::string> nodes;
  for (const auto& one : all) nodes.insert(text_of(one, "node"));
  const bool of_cluster = nodes.size() > 1;
  for (const auto& one : all) {
    const bool fine = text_of(one, "severity") == "ok";
    const auto node = text_of(one, "node");
    if (fine && of_cluster && node != "-" && !context.has("all")) ++in_order[node];
    else if (!fine || !context.quiet) print_finding(context, one, of_cluster);
  }
  for (const auto& [node, count] : in_order)
    if (!context.quiet) fmt::print("{:<5} {:<12} {}: {} checks of its own are in order\n", "ok", "node", node, count);
}

int report(const cli_context& context, const cli_json& found) {
  const std::string verdict = found.value("verdict", "?");
  const int code = verdict == "bad" ? exit_refused : verdict == "warn" ? exit_warnings : exit_done;
  if (print_json_list(context, found)) return code;
  print_findings(context, found.at("findings"));
  fmt::print("verdict {}\n", verdict);
  return code;
}

/// Whether nobody listens there; an address that is not of this machine is as good as taken.
bool is_free(const endpoint& where) {
  sockaddr_in6 v6{};
  sockaddr_in v4{};
  const bool six = where.host.find(':') != std::string::npos;
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(where.port);
  v4.sin_family = AF_INET;
  v4.sin_port = htons(where.port);
  if (::inet_pton(six ? AF_INET6 : AF_INET, where.host.c_str(),
                  six ? static_cast<void*>(&v6.sin6_addr) : static_cast<void*>(&v4.sin_addr)) != 1)
    return false;
  const int socket = ::socket(six ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return false;
  const int on = 1;
  ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const auto* address = six ? reinterpret_cast<const sockaddr*>(&v6) : reinterpret_cast<const sockaddr*>(&v4);
  const bool free = ::bind(socket, address, six ? sizeof v6 : sizeof v4) == 0;
  ::close(socket);
  return free;
}

void look_at_store(doctor_facts& facts, bool every_shard) {
  auto options = store_options(facts.with);
  options.read_only = true;
  std::error_code unseen;
  if (!fs::exists(facts.with.data + "/rocks", unseen)) return;
  auto opened = rocks_store::open(options);
  if (!opened) {
    facts.store_problem = opened.error().context;
    return;
  }
  const auto found = (*opened)->get(family::raft_state, keys::node_wide("node"), read_tier::disk);
  const auto record = found && found->found ? codec::decode_node(found->value)
                                            : result<codec::node_record>(errc::corrupt);
  if (!record) {
    facts.store_problem = "the node's own record cannot be read";
    return;
  }
  facts.format = record->format;
  for (std::uint16_t n = 0; every_shard && n <= record->shards; ++n) {
    const auto damage = find_damage(**opened, {n});
    if (!damage) facts.damaged[n] = damage.error().context;
    else if (*damage) facts.damaged[n] = **damage;
  }
  const auto loss = accepted_loss::open(facts.with.data);
  facts.unchecked = loss && loss->pending();
}

void look_at_cluster(doctor_facts& facts) {
  const auto& s = facts.with;
  if (const auto map = read_cluster_file(s.data)) facts.with_others = *map && (**map).nodes.size() > 1;
  facts.member = in_cluster(s) || facts.with_others;
  if (!facts.member || s.cluster_certificate.empty()) return;
  const auto set = certificate_set::load({s.cluster_certificate, s.cluster_key, s.cluster_ca}, facts.now_unix);
  if (set) facts.certificate_until_unix = set->expires_s();
  else facts.certificate_problem = set.error().context;
}

int stopped(const cli_context& context) {
  std::vector<std::string> arguments;
  if (context.has("config")) arguments = {"--config", context.option("config")};
  if (context.has("data")) arguments.insert(arguments.end(), {"--data", context.option("data")});
  const auto with = load_settings(arguments, process_environment());
  if (!with) return cli_error(exit_usage, with.error().context);
  const auto& s = with->values;
  std::error_code unseen;
  if (!fs::is_directory(s.data, unseen))
    return cli_error(exit_not_found, fmt::format("there is no directory {}", s.data));
  const auto lock = lock_directory(s.data);
  if (!lock) return cli_error(exit_refused, lock.error().context + "; ask the node: burrow doctor");
  auto facts = machine_facts(s);
  facts.restore_unfinished = fs::exists(s.data + '/' + restoring_file, unseen);
  for (const auto* text : {&s.http, &s.admin}) {
    const auto endpoints = parse_endpoints(*text); // they have been read before
    for (const auto& one : *endpoints)
      if (!is_free(one)) facts.ports_taken.push_back(fmt::format("{}:{}", one.host, one.port));
  }
  if (!facts.restore_unfinished) look_at_store(facts, context.has("shards"));
  std::ifstream in(s.data + '/' + backup_task::last_name);
  const auto last = cli_json::parse(std::string(std::istreambuf_iterator<char>(in), {}), nullptr, false);
  if (last.is_object()) facts.backup_unix = last.value("unix", std::int64_t{0});
  look_at_cluster(facts);
  ::close(*lock);
  return report(context, to_json(diagnose(facts)));
}

int doctor(const cli_context& context) {
  if (context.has("data") || context.has("config")) return stopped(context);
  if (context.has("shards")) return cli_error(exit_usage, "--shards reads a stopped node's directory: add --data DIR");
  int code = exit_done;
  auto client = cli_client::make(context, code);
  if (!client) return code;
  const auto node = context.option("node");
  const auto reply = client->call("GET", "/admin/v1/doctor" + (node.empty() ? "" : "?node=" + url_segment(node)));
  if (!reply) return client->code();
  const auto found = parse_answer(*reply);
  return found && found->is_object() && found->contains("findings") ? report(context, *found) : int{exit_failed};
}

} // namespace

std::vector<cli_command> doctor_commands() {
  return {{"doctor", "burrow doctor [--node NODE] [--all] [--data DIR] [--config FILE] [--shards]",
           "Says what may be wrong with a cluster and its nodes, and what to do; with --data of a stopped node.",
           "  burrow doctor\n  burrow doctor --data /var/lib/burrow --shards --output json\n",
           {"node=", "all", "data=", "config=", "shards"}, 0, 0, doctor}};
}

} // namespace burrow
