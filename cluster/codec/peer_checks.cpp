#include "cluster/codec/peer_checks.hpp"

#include <xxhash.h>

#include <algorithm>

namespace burrow::codec {
namespace {

constexpr std::size_t key_bytes_max = 4 * limits::name_bytes_max; ///< of the state: names of tenant, queue, message
constexpr std::size_t body_key_bytes = 12;
constexpr std::uint64_t index_max = ~std::uint64_t{0} / 2; ///< sums of indices must not wrap

bool is_sound_entry(const raft::entry& e) {
  const bool command = e.kind == raft::entry_kind::command, config = e.kind == raft::entry_kind::configuration;
  if (e.term.value == 0 || (!command && !config && e.kind != raft::entry_kind::empty)) return false;
  if (config != (e.config != nullptr) || command != e.payload.command.present()) return false;
  if (config && !is_sound(*e.config)) return false;
  if (!command && !e.payload.bodies.empty()) return false;
  if (e.payload.bodies.size() > limits::entry_messages_max || e.payload.size() > limits::entry_bytes_max) return false;
  return std::all_of(e.payload.bodies.begin(), e.payload.bodies.end(), [](const raft::body_part& b) {
    if (b.size > limits::body_bytes_max) return false;
    return !b.bytes.present() || (b.bytes.size() == b.size && hash_of(b.bytes.view()) == b.hash);
  });
}

bool is_sound_append(const raft::append_request& m, term sent_in) {
  if (m.previous.value > index_max || m.entries.size() > limits::peer_entries_max) return false;
  if ((m.previous.value == 0) != (m.previous_term.value == 0) || m.previous_term > sent_in) return false;
  auto t = m.previous_term;
  for (const auto& e : m.entries) {
    if (e.term < t || e.term > sent_in || !is_sound_entry(e)) return false;
    t = e.term;
  }
  return true;
}

} // namespace

/// Each set names a replica once, and together they are not more than a group may have.
bool is_sound(const raft::configuration& config) {
  if (config.voters.size() + config.leaving.size() + config.learners.size() > limits::raft_members_max) return false;
  for (const auto* const set : {&config.voters, &config.leaving, &config.learners}) {
    for (auto m = set->begin(); m != set->end(); ++m) {
      const auto same = [&](const raft::member& other) { return other.replica == m->replica; };
      if (m->replica.value == 0 || std::any_of(m + 1, set->end(), same)) return false;
    }
  }
  return !config.voters.empty();
}

bool is_sound(const raft::peer_message& m) {
  if (m.term.value > index_max) return false;
  if (const auto* const a = std::get_if<raft::append_request>(&m.what)) return is_sound_append(*a, m.term);
  if (const auto* const i = std::get_if<raft::install_request>(&m.what)) {
    const auto& meta = i->meta;
    return meta.index.value > 0 && meta.index.value <= index_max && meta.term.value > 0 && meta.term <= m.term &&
           i->session != 0 && is_sound(meta.config);
  }
  return true;
}

bool is_sound(const pull_request& m) {
  return (m.where == family::queue || m.where == family::body) && m.from.size() <= key_bytes_max + 1 &&
         m.session.value != 0;
}

bool is_sound(const pull_chunk& m) {
  if ((m.where != family::queue && m.where != family::body) || m.session.value == 0) return false;
  if (m.from.size() > key_bytes_max + 1 || (m.lost && !m.items.empty())) return false;
  const std::string* last = nullptr;
  for (const auto& [key, value] : m.items) {
    if (key < m.from || (last != nullptr && key <= *last) || key.size() > key_bytes_max) return false;
    const bool body = key.size() == body_key_bytes && value.size() <= limits::body_bytes_max;
    if (m.where == family::body && !body) return false;
    last = &key;
  }
  return true;
}

std::uint64_t checksum_of(const pull_chunk& m) {
  auto sum = m.session.value;
  for (const auto& [key, value] : m.items) {
    sum = XXH3_64bits_withSeed(key.data(), key.size(), sum + key.size());
    sum = XXH3_64bits_withSeed(value.data(), value.size(), sum);
  }
  return sum;
}

} // namespace burrow::codec
