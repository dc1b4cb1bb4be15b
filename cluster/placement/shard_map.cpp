#include "cluster/placement/shard_map.hpp"

#include "cluster/base/limits.hpp"

#include <algorithm>
#include <set>

namespace burrow::placement {
namespace {

error bad(std::string text) { return {errc::malformed, std::move(text)}; }

result<void> check_place(const shard_place& place, replica_id next, std::size_t number) {
  const auto wrong = [&](const char* what) { return bad("shard " + std::to_string(number) + ": " + what); };
  if (place.voters.empty()) return wrong("no voter");
  if (place.voters.size() + place.newcomers.size() > limits::raft_members_max / 2) return wrong("too many members");
  std::set<replica_id> replicas;
  std::set<node_id> voters, newcomers;
  for (const auto& v : place.voters) {
    if (v.replica.value == 0 || v.replica >= next || v.node.value == 0) return wrong("a voter that cannot be");
    if (!replicas.insert(v.replica).second || !voters.insert(v.node).second) return wrong("a voter named twice");
  }
  for (const auto& n : place.newcomers) {
    if (n.who.replica.value == 0 || n.who.replica >= next || n.who.node.value == 0) {
      return wrong("a newcomer that cannot be");
    }
    if (!replicas.insert(n.who.replica).second || !newcomers.insert(n.who.node).second) {
      return wrong("a newcomer named twice");
    }
    const auto old = std::find_if(place.voters.begin(), place.voters.end(),
                                  [&](const raft::member& v) { return v.replica == n.instead_of; });
    if (n.instead_of.value != 0 && old == place.voters.end()) return wrong("a newcomer instead of nobody");
    // A node runs one replica of a shard, so the newcomer there is only for what the node has lost.
    const bool own_place = old != place.voters.end() && old->node == n.who.node;
    if (voters.count(n.who.node) != 0 && !own_place) return wrong("a newcomer on the node of a voter");
  }
  const std::set<node_id> leaders(place.leaders.begin(), place.leaders.end());
  if (leaders != voters || leaders.size() != place.leaders.size()) return wrong("leaders that are not the voters");
  return {};
}

} // namespace

std::string_view to_string(node_state state) {
  switch (state) {
  case node_state::storage: return "storage";
  case node_state::draining: return "draining";
  case node_state::leaving: return "leaving";
  case node_state::gone: return "gone";
  }
  return "unknown";
}

result<void> validate(const shard_map& map) {
  if (map.shards.size() > static_cast<std::size_t>(limits::shards_max) + 1) return bad("too many shards");
  // The first ids are hashes (first_replica_of), so the next may be anywhere; but there must be room above it.
  if (map.next_replica.value > ~std::uint64_t{0} - (std::uint64_t{1} << 32)) return bad("no replica ids left");
  if ((map.epoch == 0) != map.shards.empty()) return bad("a map without an epoch");
  for (std::size_t n = 0; n < map.shards.size(); ++n) {
    if (auto checked = check_place(map.shards[n], map.next_replica, n); !checked) return checked;
  }
  return {};
}

bool is_node_name(std::string_view text) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  };
  return !text.empty() && text.size() <= limits::node_name_bytes_max && std::all_of(text.begin(), text.end(), fits);
}

bool is_address(std::string_view text) {
  const auto colon = text.rfind(':');
  if (text.size() > limits::address_bytes_max || colon == std::string_view::npos || colon == 0) return false;
  const auto host = text.substr(0, colon), port = text.substr(colon + 1);
  if (port.empty() || port.size() > 5 || port.find_first_not_of("0123456789") != std::string_view::npos) return false;
  unsigned number = 0;
  for (const char c : port) number = number * 10 + static_cast<unsigned>(c - '0');
  if (number == 0 || number > 0xFFFF) return false;
  if (host.front() == '[') return host.size() > 2 && host.back() == ']';
  return std::all_of(host.begin(), host.end(), [](char c) { return c > ' ' && c < 0x7f && c != ':' && c != '/'; });
}

result<void> validate(const node_entry& entry) {
  if (entry.node.value == 0) return bad("a node without an id");
  if (!is_node_name(entry.name)) return bad("a node's name is 1 to 64 of [a-z0-9._-]");
  if (!is_node_name(entry.zone)) return bad("a zone's name is 1 to 64 of [a-z0-9._-]");
  if (!is_address(entry.cluster)) return bad("the cluster address is not HOST:PORT");
  for (const auto* const address : {&entry.http, &entry.admin}) {
    if (!address->empty() && !is_address(*address)) return bad("an address is not HOST:PORT");
  }
  const auto printable = [](char c) { return c > ' ' && c < 0x7f; };
  if (entry.version.size() > limits::version_bytes_max ||
      !std::all_of(entry.version.begin(), entry.version.end(), printable)) {
    return bad("a version that cannot be");
  }
  if (entry.state < node_state::storage || entry.state > node_state::gone) return bad("an unknown state of a node");
  return {};
}

result<void> validate(const std::vector<node_entry>& entries) {
  if (entries.size() > limits::node_entries_max) return error{errc::too_large, "too many nodes"};
  std::set<node_id> ids;
  std::set<std::string_view> names;
  for (const auto& e : entries) {
    if (auto checked = validate(e); !checked) return checked;
    if (!ids.insert(e.node).second) return bad("a node named twice");
    if (e.state != node_state::gone && !names.insert(e.name).second) return bad("two nodes of one name");
  }
  if (names.size() > limits::cluster_nodes_max) return error{errc::too_large, "too many nodes"};
  return {};
}

const node_entry* find(const std::vector<node_entry>& entries, node_id node) {
  const auto at = std::find_if(entries.begin(), entries.end(), [&](const node_entry& e) { return e.node == node; });
  return at == entries.end() ? nullptr : &*at;
}

const node_entry* find_name(const std::vector<node_entry>& entries, std::string_view name) {
  const auto at = std::find_if(entries.begin(), entries.end(),
                               [&](const node_entry& e) { return e.state != node_state::gone && e.name == name; });
  return at == entries.end() ? nullptr : &*at;
}

std::vector<duty> duties_of(const shard_map& map, node_id node) {
  std::vector<duty> out;
  for (std::size_t n = 0; n < map.shards.size(); ++n) {
    const auto& place = map.shards[n];
    const shard_id shard{static_cast<std::uint16_t>(n)};
    const auto newcomer = std::find_if(place.newcomers.begin(), place.newcomers.end(),
                                       [&](const auto& c) { return c.who.node == node; });
    if (newcomer != place.newcomers.end()) {
      out.push_back({shard, newcomer->who, false});
      continue;
    }
    for (const auto& v : place.voters) {
      if (v.node == node) out.push_back({shard, v, true});
    }
  }
  return out;
}

std::string node_key(node_id node) {
  std::string out(node_prefix);
  for (int shift = 60; shift >= 0; shift -= 4) out.push_back("0123456789abcdef"[node.value >> shift & 0xF]);
  return out;
}

} // namespace burrow::placement
