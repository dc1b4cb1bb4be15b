// The leader's side of an install (replication.md section 10). A session pins the store as it is: the `applied` record
// in it says which index that is, since it lies in the batch of its delta. Chunks are read from the pin alone, so what
// one session hands out is one state, whatever is written meanwhile.
#include "cluster/base/limits.hpp"
#include "cluster/replica/impl.hpp"
#include "cluster/storage/keys.hpp"

#include <algorithm>

namespace burrow {

void replica::impl::open_session(node_id to) {
  // The core asks again with every heartbeat until it has something to offer.
  const auto known = std::find_if(sessions.begin(), sessions.end(), [&](const session& s) { return s.to == to; });
  if (known != sessions.end()) {
    if (known->at.value == 0) return;
    close_session(known->id); // what it held is of no use any more
  }
  if (sessions.size() >= limits::install_sessions_max) {
    // Its last word may have been lost; whoever still pulls asks at least once a second.
    const auto idle = std::find_if(sessions.begin(), sessions.end(), [&](const session& s) {
      return now.steady - s.used >= limits::install_silence_max / 2;
    });
    if (idle == sessions.end()) return;
    close_session(idle->id);
  }
  // Unique among all lives of this replica; other leaders' are told apart by who they are.
  const raft::session_id id{record.start.value << 24 | ++last_session};
  // It may lead and not be able to commit anything, its own first entry included, before this follower has the state:
  // so it must hand over before it serves.
  sessions.push_back({id, to, {}, !serves, now.steady, now.steady});
  ++counted.sessions_opened;
  effects.push_back(pin_effect{id});
  const load_id load{++last_load.value};
  loads.emplace(load, session_load{id, std::nullopt});
  auto key = keys::queue(options.shard, record.generation, keys::applied_relative);
  effects.push_back(load_effect{load, {{family::queue, std::move(key)}}, id});
}

void replica::impl::close_session(raft::session_id id) {
  std::erase_if(sessions, [&](const session& s) { return s.id == id; });
  effects.push_back(unpin_effect{id});
}

void replica::impl::check_sessions() {
  for (std::size_t i = 0; i < sessions.size();) {
    const auto& s = sessions[i];
    const bool over = !leads || now.steady - s.opened >= limits::install_time_max ||
                      now.steady - s.used >= 3 * limits::install_silence_max;
    if (over) close_session(s.id);
    else ++i;
  }
}

void replica::impl::send_chunk(const raft::member& to, pull_chunk chunk) {
  effects.push_back(send_effect{bulk_message{{record.replica, options.self}, to, std::move(chunk)}});
}

void replica::impl::received(const raft::member& from, const pull_request& m) {
  const auto at = std::find_if(sessions.begin(), sessions.end(), [&](const session& s) { return s.id == m.session; });
  if (at == sessions.end() || at->to != from.node || at->at.value == 0) {
    if (m.done) return;
    return send_chunk(from, {m.session, m.where, m.from, {}, false, true, false});
  }
  if (m.done) return close_session(m.session);
  at->used = now.steady;
  scan_request request;
  request.from = keys::queue(options.shard, record.generation, m.from);
  // Bodies of later entries lie there already; their messages do not.
  request.to = m.where == family::body ? keys::body(options.shard, record.generation, {at->at.value + 1}, 0)
                                       : keys::after_prefix(keys::prefix(options.shard, record.generation));
  request.items_max = ~std::size_t{0};
  request.bytes_max = options.bounds.chunk_bytes;
  const load_id id{++last_load.value};
  loads.emplace(id, session_load{m.session, bulk_message{from, {record.replica, options.self}, m}});
  effects.push_back(load_effect{id, {{m.where, std::move(request)}}, m.session});
}

void replica::impl::session_loaded(session_load load, std::vector<loaded_item> values) {
  const auto is_it = [&](const session& s) { return s.id == load.session; };
  const auto at = std::find_if(sessions.begin(), sessions.end(), is_it);
  auto& value = values.at(0).value;
  if (at == sessions.end()) return;
  if (!value) {
    const bool damage = value.code() == errc::corrupt;
    close_session(load.session);
    if (damage) return fail(value.error());
    if (!load.ask) return;
    const auto& m = std::get<pull_request>(load.ask->what);
    return send_chunk(load.ask->from, {m.session, m.where, m.from, {}, false, true, false});
  }
  if (!load.ask) {
    const auto& found = std::get<store::lookup>(*value);
    if (!found.found) return close_session(load.session); // nothing is written yet
    const auto state = codec::decode_applied(options.shard, found.value);
    if (!state) return fail(state.error());
    at->at = state->index;
    core.install_ready(at->to, {{state->index, state->term, {}, state->machine_version, state->state_hash}}, at->id);
    return;
  }
  const auto& m = std::get<pull_request>(load.ask->what);
  pull_chunk chunk{m.session, m.where, m.from, {}, false, false, at->gaps};
  auto& page = std::get<scan_page>(*value);
  chunk.complete = page.complete;
  chunk.items = std::move(page.items);
  for (auto& item : chunk.items) item.first.erase(0, keys::prefix_bytes);
  send_chunk(load.ask->from, std::move(chunk));
}

} // namespace burrow
