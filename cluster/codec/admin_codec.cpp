#include "cluster/codec/admin_codec.hpp"

#include "cluster/base/limits.hpp"
#include "cluster/codec/admin_orders.hpp"
#include "cluster/codec/seal.hpp"
#include "proto/admin.pb.h"

#include <algorithm>

namespace burrow::codec {
namespace {

using namespace placement;

constexpr std::uint32_t layout = 1;
constexpr std::uint64_t map_seed = 0x706c61636d6170,
                        node_seed = 0x706c61636e6f64; // a value under a wrong key is damage

// ---- writing ----------------------------------------------------------------------------------------------------

void write(proto::hash& out, hash128 in) {
  out.set_high(in.high);
  out.set_low(in.low);
}

void write(proto::placed_node& out, const node_entry& in) {
  out.set_layout(layout);
  out.set_node(in.node.value);
  out.set_name(in.name);
  out.set_zone(in.zone);
  out.set_cluster(in.cluster);
  out.set_http(in.http);
  out.set_admin(in.admin);
  out.set_version(in.version);
  out.set_state(static_cast<std::uint32_t>(in.state));
}

/// The nodes that a map names, ascending, so that equal maps are written alike.
std::vector<node_id> nodes_of(const shard_map& map) {
  std::vector<node_id> out;
  for (const auto& p : map.shards) {
    for (const auto& v : p.voters) out.push_back(v.node);
    for (const auto& c : p.newcomers) out.push_back(c.who.node);
    out.insert(out.end(), p.leaders.begin(), p.leaders.end());
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

void write(proto::placed_map& out, const shard_map& in) {
  out.set_layout(layout);
  out.set_epoch(in.epoch);
  out.set_next_replica(in.next_replica.value);
  const auto nodes = nodes_of(in);
  for (const auto n : nodes) out.add_nodes(n.value);
  const auto number = [&](node_id n) {
    return static_cast<std::uint32_t>(std::lower_bound(nodes.begin(), nodes.end(), n) - nodes.begin());
  };
  for (const auto& p : in.shards) {
    auto& shard = *out.add_shards();
    shard.set_noted_term(p.noted.term.value);
    shard.set_noted_index(p.noted.index.value);
    for (const auto& v : p.voters) {
      shard.add_voters(v.replica.value);
      shard.add_voters(number(v.node));
    }
    for (const auto& c : p.newcomers) {
      shard.add_newcomers(c.who.replica.value);
      shard.add_newcomers(number(c.who.node));
      shard.add_newcomers(c.instead_of.value);
    }
    for (const auto n : p.leaders) shard.add_leaders(number(n));
  }
}

struct writer {
  proto::admin_envelope& out;

  void operator()(const admit_question& in) const {
    auto& m = *out.mutable_question();
    if (in.cluster) write(*m.mutable_cluster(), *in.cluster);
    write(*m.mutable_self(), in.self);
    m.set_protocol(in.protocol);
    m.set_empty(in.empty);
    if (in.promise) write(*m.mutable_promise(), *in.promise);
    m.set_expect(in.expect);
    m.set_passed(in.passed);
  }
  void operator()(const admit_answer& in) const {
    auto& m = *out.mutable_answer();
    m.set_standing(static_cast<std::uint32_t>(in.is));
    m.set_text(in.text.substr(0, limits::refusal_bytes_max));
    if (in.cluster) write(*m.mutable_cluster(), *in.cluster);
    m.set_shards(in.shards);
    m.set_shards_per_tenant(in.shards_per_tenant);
    for (const auto& n : in.nodes) write(*m.add_nodes(), n);
    if (in.map.epoch != 0) write(*m.mutable_map(), in.map);
    m.set_expect(in.expect);
    m.set_name_taken(in.name_taken);
  }
  void operator()(const map_order& in) const {
    auto& m = *out.mutable_map();
    write(*m.mutable_cluster(), in.cluster);
    write(*m.mutable_map(), in.map);
    for (const auto& n : in.nodes) write(*m.add_nodes(), n);
  }
  void operator()(const node_order& in) const {
    auto& m = *out.mutable_node();
    write(*m.mutable_cluster(), in.cluster);
    m.set_node(in.node.value);
    m.set_expected(static_cast<std::uint32_t>(in.expected));
    m.set_wanted(static_cast<std::uint32_t>(in.wanted));
    m.set_reason(in.reason.substr(0, limits::refusal_bytes_max));
  }
  void operator()(const report_order& in) const { write_order(*out.mutable_report(), in); }
  void operator()(const group_order& in) const { write_order(*out.mutable_group(), in); }
  void operator()(const picture_question& in) const { write_order(*out.mutable_picture_question(), in); }
  void operator()(const picture_answer& in) const { write_order(*out.mutable_picture_answer(), in); }
  void operator()(const move_order& in) const { write_order(*out.mutable_move(), in); }
};

// ---- reading ----------------------------------------------------------------------------------------------------

error bad(const char* what) { return {errc::malformed, what}; }

hash128 read(const proto::hash& in) { return {in.high(), in.low()}; }

bool is_state(std::uint32_t x) {
  return x >= static_cast<std::uint32_t>(node_state::storage) && x <= static_cast<std::uint32_t>(node_state::gone);
}

result<node_entry> read(const proto::placed_node& in) {
  if (in.layout() != layout) return bad("a node's entry of an unknown layout");
  if (!is_state(in.state())) return bad("an unknown state of a node");
  node_entry out{{in.node()},  in.name(),  in.zone(),    in.cluster(),
                 in.http(),    in.admin(), in.version(), static_cast<node_state>(in.state())};
  if (auto checked = validate(out); !checked) return checked.error();
  return out;
}

template <class Entries>
result<std::vector<node_entry>> read_nodes(const Entries& in) {
  if (static_cast<std::size_t>(in.size()) > limits::node_entries_max) return error{errc::too_large, "too many nodes"};
  std::vector<node_entry> out;
  for (const auto& n : in) {
    auto entry = read(n);
    if (!entry) return entry.error();
    out.push_back(std::move(*entry));
  }
  if (auto checked = validate(out); !checked) return checked.error();
  return out;
}

result<shard_place> read(const proto::placed_shard& in, const proto::placed_map& map) {
  constexpr int members = limits::raft_members_max / 2;
  const auto count = static_cast<std::uint64_t>(map.nodes_size());
  if (in.voters_size() % 2 != 0 || in.newcomers_size() % 3 != 0 || in.voters_size() > 2 * members ||
      in.newcomers_size() > 3 * members || in.leaders_size() > members) {
    return bad("a shard's place of no shape");
  }
  shard_place out;
  out.noted = {{in.noted_term()}, {in.noted_index()}};
  const auto node = [&](std::uint64_t at) { return node_id{at < count ? map.nodes(static_cast<int>(at)) : 0}; };
  for (int i = 0; i < in.voters_size(); i += 2) out.voters.push_back({{in.voters(i)}, node(in.voters(i + 1))});
  for (int i = 0; i < in.newcomers_size(); i += 3) {
    out.newcomers.push_back({{{in.newcomers(i)}, node(in.newcomers(i + 1))}, {in.newcomers(i + 2)}});
  }
  for (const auto at : in.leaders()) out.leaders.push_back(node(at));
  return out;
}

result<shard_map> read(const proto::placed_map& in) {
  if (in.layout() != layout) return bad("a map of an unknown layout");
  if (static_cast<std::size_t>(in.shards_size()) > static_cast<std::size_t>(limits::shards_max) + 1 ||
      static_cast<std::size_t>(in.nodes_size()) > limits::node_entries_max) {
    return error{errc::too_large, "a map over the bounds"};
  }
  shard_map out;
  out.epoch = in.epoch();
  out.next_replica = {in.next_replica()};
  for (const auto& s : in.shards()) {
    auto place = read(s, in);
    if (!place) return place.error();
    out.shards.push_back(std::move(*place));
  }
  if (auto checked = validate(out); !checked) return checked.error();
  return out;
}

/// Every node of the map has an entry: else nobody knew where a replica is. A gone one may be named until the planner
/// has replaced it.
result<void> agree(const shard_map& map, const std::vector<node_entry>& nodes) {
  for (const auto n : nodes_of(map)) {
    if (find(nodes, n) == nullptr) return bad("the map names an unknown node");
  }
  return {};
}

result<admin_message> read(const proto::admit_question& in) {
  if (!in.has_self()) return bad("a question of nobody");
  auto self = read(in.self());
  if (!self) return self.error();
  if (in.expect() > limits::bootstrap_nodes_max) return error{errc::too_large, "too many nodes expected"};
  admit_question out;
  if (in.has_cluster()) out.cluster = read(in.cluster());
  out.self = std::move(*self);
  out.protocol = in.protocol();
  out.empty = in.empty();
  if (in.has_promise()) out.promise = read(in.promise());
  out.expect = in.expect();
  out.passed = in.passed();
  return admin_message{std::move(out)};
}

result<admin_message> read(const proto::admit_answer& in) {
  admit_answer out;
  if (in.standing() > static_cast<std::uint32_t>(standing::refused)) return bad("an unknown standing");
  out.is = static_cast<standing>(in.standing());
  if (in.text().size() > limits::refusal_bytes_max) return error{errc::too_large, "a long refusal"};
  out.text = in.text();
  if (in.has_cluster()) out.cluster = read(in.cluster());
  if (in.shards() > limits::shards_max || in.shards_per_tenant() > limits::shards_max) return bad("too many shards");
  out.shards = static_cast<std::uint16_t>(in.shards());
  out.shards_per_tenant = static_cast<std::uint16_t>(in.shards_per_tenant());
  if (in.expect() > limits::bootstrap_nodes_max) return error{errc::too_large, "too many nodes expected"};
  out.expect = in.expect();
  out.name_taken = in.name_taken();
  if (out.name_taken && out.is != standing::refused) return bad("a name in the way of one that is not refused");
  const bool admitted = out.is == standing::admitted;
  const bool named = out.is == standing::promised || out.is == standing::member || admitted;
  if (named != out.cluster.has_value() && out.is != standing::refused) return bad("a standing without its cluster");
  if (!admitted && (in.nodes_size() > 0 || in.has_map() || in.shards() != 0 || in.shards_per_tenant() != 0)) {
    return bad("a map for one that is not admitted");
  }
  if (!admitted) return admin_message{std::move(out)};
  auto nodes = read_nodes(in.nodes());
  if (!nodes) return nodes.error();
  auto map = read(in.map());
  if (!map) return map.error();
  if (map->shards.size() != static_cast<std::size_t>(out.shards) + 1 || out.shards == 0 || out.shards_per_tenant == 0) {
    return bad("a map of other shards");
  }
  if (auto checked = agree(*map, *nodes); !checked) return checked.error();
  out.nodes = std::move(*nodes);
  out.map = std::move(*map);
  return admin_message{std::move(out)};
}

result<admin_message> read(const proto::map_order& in) {
  if (!in.has_cluster()) return bad("an order of no cluster");
  auto nodes = read_nodes(in.nodes());
  if (!nodes) return nodes.error();
  auto map = read(in.map());
  if (!map) return map.error();
  if (map->epoch == 0) return bad("a map without an epoch");
  if (auto checked = agree(*map, *nodes); !checked) return checked.error();
  return admin_message{map_order{read(in.cluster()), std::move(*map), std::move(*nodes)}};
}

result<admin_message> read(const proto::node_order& in) {
  if (!in.has_cluster() || in.node() == 0) return bad("an order for nobody");
  if (!is_state(in.expected()) || !is_state(in.wanted())) return bad("an unknown state of a node");
  // Gone is what the planner finds; nobody orders it.
  if (static_cast<node_state>(in.wanted()) == node_state::gone) return bad("no order makes a node gone");
  if (in.reason().size() > limits::refusal_bytes_max) return error{errc::too_large, "a long reason"};
  return admin_message{node_order{read(in.cluster()),
                                  {in.node()},
                                  static_cast<node_state>(in.expected()),
                                  static_cast<node_state>(in.wanted()),
                                  in.reason()}};
}

template <class Message, class Core>
std::string sealed(const Core& in, std::uint64_t seed) {
  Message m;
  write(m, in);
  auto out = m.SerializeAsString();
  seal(out, seed);
  return out;
}

template <class Message>
auto unsealed(std::string_view bytes, std::uint64_t seed, const char* what) -> decltype(read(Message())) {
  const auto content = unseal(bytes, seed);
  Message m;
  if (!content || !m.ParseFromArray(content->data(), static_cast<int>(content->size()))) {
    return error{errc::corrupt, what};
  }
  return read(m);
}

} // namespace

std::string encode_map(const shard_map& map) { return sealed<proto::placed_map>(map, map_seed); }
result<shard_map> decode_map(std::string_view bytes) {
  return unsealed<proto::placed_map>(bytes, map_seed, "shard map");
}

std::string encode_node_entry(const node_entry& entry) { return sealed<proto::placed_node>(entry, node_seed); }
result<node_entry> decode_node_entry(std::string_view bytes) {
  return unsealed<proto::placed_node>(bytes, node_seed, "node entry");
}

std::string encode_admin(const admin_message& message) {
  proto::admin_envelope m;
  std::visit(writer{m}, message);
  return m.SerializeAsString();
}

result<admin_message> decode_admin(std::string_view bytes) {
  if (bytes.size() > limits::admin_message_bytes_max) return error{errc::too_large, "admin message"};
  proto::admin_envelope m;
  if (!m.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return bad("admin message");
  switch (m.what_case()) {
  case proto::admin_envelope::kQuestion: return read(m.question());
  case proto::admin_envelope::kAnswer: return read(m.answer());
  case proto::admin_envelope::kMap: return read(m.map());
  case proto::admin_envelope::kNode: return read(m.node());
  case proto::admin_envelope::kReport: return read_order(m.report());
  case proto::admin_envelope::kGroup: return read_order(m.group());
  case proto::admin_envelope::kPictureQuestion: return read_order(m.picture_question());
  case proto::admin_envelope::kPictureAnswer: return read_order(m.picture_answer());
  case proto::admin_envelope::kMove: return read_order(m.move());
  case proto::admin_envelope::WHAT_NOT_SET: break;
  }
  return bad("an admin message of an unknown kind");
}

} // namespace burrow::codec
