// The table itself, and how a row is named, written and described.
#include "node/settings.hpp"

#include "node/text.hpp"

#include <fmt/format.h>

namespace burrow {
namespace {

using s = settings;
constexpr std::uint64_t mib = limits::mib, gib = limits::gib;

const setting_row rows[] = {
  {"node", unit::text, &s::node, 0, 0, true, "The name of this node, for people: logs, banner, status."},
  {"zone", unit::text, &s::zone, 0, 0, true, "The failure domain this node stands in; answers name it in Burrow-Zone."},
  {"data", unit::text, &s::data, 0, 0, true, "The directory that holds everything; one node has it open at a time."},
  {"http", unit::text, &s::http, 0, 0, true,
   "Addresses of the native API, HOST:PORT, separated by commas; port 0 is any."},
  {"admin", unit::text, &s::admin, 0, 0, true,
   "Addresses of administration and metrics, which serve the native API too."},
  {"insecure_http", unit::flag, &s::insecure_http, 0, 0, true,
   "Allows HTTP off loopback although nobody is asked who they are: whoever reaches the port owns all accounts."},
  {"cluster", unit::text, &s::cluster, 0, 0, true,
   "HOST:PORT of the control plane, the data plane is on the port after it; opened only if this, join or "
   "bootstrap_expect is set (then 127.0.0.1:7700)."},
  {"join", unit::text, &s::join, 0, 0, true,
   "Cluster addresses of nodes, separated by commas: enter their cluster, asking until one lets this node in."},
  {"bootstrap_expect", unit::count, &s::bootstrap_expect, 0, 9, true,
   "So many empty nodes, all named in join, form a new cluster together; 0 is not at all."},
  {"insecure_cluster", unit::flag, &s::insecure_cluster, 0, 0, true,
   "Allows a cluster port off loopback without certificates: a stranger can then take a node's memory and speak as a "
   "peer."},
  {"cluster_certificate", unit::text, &s::cluster_certificate, 0, 0, true,
   "This node's certificate (PEM), see burrow cert; with key and CA both planes demand one of the same CA."},
  {"cluster_key", unit::text, &s::cluster_key, 0, 0, true, "The file with the key of cluster_certificate."},
  {"cluster_ca", unit::text, &s::cluster_ca, 0, 0, true, "The CA that the nodes of this cluster share."},
  {"accept_loss", unit::text, &s::accept_loss, 0, 0, true,
   "A reason, for the audit log: start although the store lost synced writes, and serve the shards that are whole."},
  {"drain", unit::seconds, &s::drain, 0, 600, true,
   "How long busy connections may take to finish when the node stops."},
  {"shards", unit::count, &s::shards, 1, 1024, true,
   "Shards of a new cluster, fixed when it is formed; on an existing directory it is only compared."},

  {"http.threads", unit::count, &s::http_threads, 1, 64, true, "Threads that read and write HTTP."},
  {"http.metrics", unit::flag, &s::http_metrics, 0, 0, true,
   "Serves /metrics on the public listeners too; it shows the traffic of all tenants."},
  {"compat.content_length_on_204", unit::flag, &s::content_length_on_204, 0, 0, true,
   "Adds Content-Length: 0 to a 204, against the letter of HTTP, for one client of 2011 that fails without."},
  {"actors.threads", unit::count, &s::actor_threads, 1, 256, true, "Threads that run queue and replica actors."},
  {"actors.passivate", unit::seconds, &s::passivate, 1, 86'400, true,
   "A queue actor without work for so long ends; the next request starts it anew."},

  {"limits.default_ttl", unit::seconds, &s::default_ttl, 0, limits::ttl_s_max, true,
   "The ttl of a message inserted without one; 0 is never. The service of 2011 shipped 600."},
  {"limits.default_hide", unit::seconds, &s::default_hide, 0, limits::hide_s_max, true,
   "How long a message inserted without a hide stays hidden; 0 is not at all."},
  {"limits.max_body", unit::bytes, &s::max_body, 1, limits::body_bytes_max, true,
   "The largest body of one message where the queue's settings say nothing."},
  {"limits.max_claimed", unit::count, &s::max_claimed, 0, 1'000'000'000, true,
   "Messages of one queue that claims may hold at one time; 0 is no bound."},
  {"limits.stored_bytes", unit::bytes, &s::stored_bytes, 0, 1'000'000 * gib, true,
   "Bytes that one account may store; over it inserts are 429 quota-exceeded. 0 is no bound."},
  {"limits.queues", unit::count, &s::queues, 0, 1'000'000'000, true,
   "Queues that one account may have; a new one over it is 429 quota-exceeded. 0 is no bound."},
  {"limits.idempotency_keys", unit::count, &s::idempotency_keys, 1, 1'000'000'000, true,
   "Idempotency keys that one queue remembers; over it a request with a new one is 429 dedupe-full."},
  {"limits.producers", unit::count, &s::producers, 1, 1'000'000'000, true,
   "Producers that one queue remembers; over it a message of a new one is 429 dedupe-full."},
  {"limits.waiters", unit::count, &s::waiters, 1, 100'000, true,
   "Requests of one account that may be held by wait; over it 429 too-many-waiters."},
  {"limits.inflight", unit::count, &s::inflight, 1, 100'000, true,
   "Requests of one account that may be at work at one time; over it 503 overloaded, for that account alone."},

  {"store.block_cache", unit::bytes, &s::block_cache, mib, 1024 * gib, true,
   "Memory for blocks read from disk; more of it serves deep backlogs faster."},
  {"store.write_buffer", unit::bytes, &s::write_buffer, 8 * mib, 64 * gib, true,
   "Memory for what was written lately; more of it means fewer and larger files."},
  {"store.wal", unit::bytes, &s::wal, 8 * mib, 64 * gib, true,
   "Bound of the write-ahead log, and so of what a restart has to replay."},
  {"disk.low", unit::bytes, &s::disk_low, mib, 1024 * 1024 * gib, true,
   "Below so much free space inserts are 503 no-space; takes and deletes go on."},
  {"disk.low_per_cent", unit::per_cent, &s::disk_low_per_cent, 0, 90, true,
   "The same as a share of the disk; the larger of the two counts."},
  {"disk.stop", unit::bytes, &s::disk_stop, mib, 1024 * gib, true,
   "Below so much free space nothing is written any more."},
  {"backup.rate", unit::bytes, &s::backup_rate, 0, 1024 * gib, true,
   "Bytes a second that a backup reads and writes, so that nobody waits for it; 0 is no bound."},
  {"log.level", unit::text, &s::log_level, 0, 0, true, "What is logged: debug, info, warn or error."},
  {"log.access", unit::flag, &s::log_access, 0, 0, true,
   "Logs a line for each request: client, method, path, status, seconds, bytes, request id; never a query or a body."},
};

} // namespace

std::span<const setting_row> settings_table() { return rows; }

std::string flag_of(const setting_row& row) {
  std::string text = "--";
  for (const char c : row.key) text += c == '.' || c == '_' ? '-' : c;
  return text;
}

std::string variable_of(const setting_row& row) {
  std::string text = "BURROW_";
  for (const char c : row.key) {
    if (c == '.') text += '_';
    else text += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return text;
}

std::string value_of(const setting_row& row, const settings& from) {
  if (const auto* text = std::get_if<std::string settings::*>(&row.target)) return from.*(*text);
  if (const auto* flag = std::get_if<bool settings::*>(&row.target)) return from.*(*flag) ? "true" : "false";
  const std::uint64_t number = from.*std::get<std::uint64_t settings::*>(row.target);
  return row.measure == unit::bytes ? exact_size(number) : std::to_string(number);
}

std::string range_of(const setting_row& row) {
  switch (row.measure) {
    case unit::text: return "";
    case unit::flag: return "true, false";
    case unit::bytes: return fmt::format("{} to {}", exact_size(row.low), exact_size(row.high));
    case unit::seconds: return fmt::format("{} to {} s", row.low, row.high);
    case unit::per_cent: return fmt::format("{} to {} %", row.low, row.high);
    case unit::count: return fmt::format("{} to {}", row.low, row.high);
  }
  return "";
}

} // namespace burrow
