#include "test/support/peer_messages.hpp"

#include <algorithm>

namespace burrow::test {
namespace {

std::string bytes_of(random& chance, std::size_t most) {
  std::string out(chance.below(most + 1), '\0');
  for (auto& c : out) c = static_cast<char>(chance.next());
  return out;
}

raft::configuration configuration_of(random& chance) {
  raft::configuration out;
  for (std::uint64_t i = 1; i <= chance.between(1, 5); ++i) out.voters.push_back({{i}, {chance.next()}});
  for (std::uint64_t i = 1; i <= chance.below(4); ++i) out.leaving.push_back({{i}, {i}});
  for (std::uint64_t i = 6; i <= 6 + chance.below(3); ++i) out.learners.push_back({{i}, {i}});
  return out;
}

raft::report report_of(random& chance) {
  return {{static_cast<std::int64_t>(chance.below(1ULL << 42))}, chance.next(), {chance.next()}, {chance.next(), 7}};
}

raft::entry entry_of(random& chance, log_index index, term t) {
  raft::entry e;
  e.index = index;
  e.term = t;
  e.kind = static_cast<raft::entry_kind>(chance.below(3));
  if (e.kind == raft::entry_kind::configuration) {
    e.config = std::make_shared<const raft::configuration>(configuration_of(chance));
  } else if (e.kind == raft::entry_kind::command) {
    e.payload.command = shared_bytes(bytes_of(chance, 100));
    for (auto n = chance.below(4); n > 0; --n) {
      const auto body = bytes_of(chance, 60);
      const auto size = static_cast<std::uint32_t>(body.size());
      const auto hash = hash_of(body);
      e.payload.bodies.push_back({chance.chance(200) ? shared_bytes() : shared_bytes(body), size, hash});
    }
  }
  return e;
}

raft::append_request append_of(random& chance, term sent_in) {
  raft::append_request out;
  out.previous = {chance.below(100)};
  out.previous_term = {out.previous.value == 0 ? 0 : chance.between(1, sent_in.value)};
  out.committed = {chance.below(100)};
  auto t = std::max<std::uint64_t>(out.previous_term.value, 1);
  for (auto n = chance.below(6); n > 0; --n) {
    t = chance.between(t, sent_in.value);
    out.entries.push_back(entry_of(chance, {out.previous.value + out.entries.size() + 1}, {t}));
  }
  return out;
}

pull_chunk chunk_of(random& chance) {
  pull_chunk out;
  out.session = {chance.next() | 1};
  out.where = chance.chance(500) ? family::queue : family::body;
  out.complete = chance.chance(500);
  out.gaps = chance.chance(100);
  out.lost = chance.chance(100);
  for (auto n = out.lost ? 0 : chance.below(8); n > 0; --n) {
    auto key = bytes_of(chance, 20);
    if (out.where == family::body) key.resize(12, 'k');
    out.items.emplace_back(std::move(key), bytes_of(chance, 100));
  }
  std::sort(out.items.begin(), out.items.end());
  const auto same = [](const auto& a, const auto& b) { return a.first == b.first; };
  out.items.erase(std::unique(out.items.begin(), out.items.end(), same), out.items.end());
  return out;
}

} // namespace

peer_content random_peer_message(random& chance) {
  const raft::member from{{chance.next() | 1}, {chance.next()}}, to{{chance.next() | 1}, {chance.next()}};
  const term t{chance.between(1, 1000)};
  const auto n = [&] { return chance.below(1ULL << chance.below(63)); };
  const auto yes = [&] { return chance.chance(500); };
  switch (chance.below(14)) {
  case 0: return raft::peer_message{from, to, t, raft::vote_request{yes(), yes(), {n()}, {n()}}};
  case 1: return raft::peer_message{from, to, t, raft::vote_answer{yes(), yes(), report_of(chance)}};
  case 2: return raft::peer_message{from, to, t, append_of(chance, t)};
  case 3: return raft::peer_message{from, to, t, raft::append_answer{yes(), {n()}, {n()}, {n()}}};
  case 4: return raft::peer_message{from, to, t, raft::heartbeat{{n()}, n()}};
  case 5: return raft::peer_message{from, to, t, raft::heartbeat_answer{n(), {n()}, report_of(chance), {n()}}};
  case 6: {
    raft::snapshot_meta meta{{n() / 2 + 1}, {chance.between(1, t.value)}, configuration_of(chance), 1, {n(), n()}};
    return raft::peer_message{from, to, t, raft::install_request{std::move(meta), n() | 1}};
  }
  case 7: return raft::peer_message{from, to, t, raft::install_answer{yes(), {n()}, n()}};
  case 8: return raft::peer_message{from, to, t, raft::transfer_now{}};
  case 9: return raft::peer_message{from, to, t, raft::sleep_request{{n()}, n()}};
  case 10: return raft::peer_message{from, to, t, raft::sleep_answer{yes(), n()}};
  case 11: return raft::peer_message{from, to, t, raft::wake{}};
  case 12: {
    const auto where = yes() ? family::queue : family::body;
    return bulk_message{from, to, pull_request{{n() | 1}, where, bytes_of(chance, 30), yes()}};
  }
  default: return bulk_message{from, to, chunk_of(chance)};
  }
}

} // namespace burrow::test
