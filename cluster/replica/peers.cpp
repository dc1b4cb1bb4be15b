// Between replicas: messages in and out, what they wait for, ticks, and what others tell of themselves. What goes out
// with an entry are its bodies, too; one that is not in memory is read first, by a reader, and only what the store has
// not got is said to be gone.
#include "cluster/base/limits.hpp"
#include "cluster/replica/impl.hpp"
#include "cluster/storage/keys.hpp"

#include <algorithm>

namespace burrow {
namespace {

constexpr std::size_t noted_max = 8;

} // namespace

bool replica::impl::has_peers() const {
  const auto& c = core.config();
  const auto members = c.voters.size() + c.leaving.size() + c.learners.size();
  return members > 1 || (members == 1 && !(c.voters.size() == 1 && c.voters[0].replica == record.replica));
}

/// A leader that is alone waits for nobody, and neither does a replica that nobody has spoken to. One that is alone and
/// does not lead yet campaigns at its next tick; one that was spoken to must notice when its leader falls silent.
bool replica::impl::needs_ticks() const {
  return has_peers() || (!leads && (!core.config().voters.empty() || core.status().leader));
}

// ---- ticks ------------------------------------------------------------------------------------------------------

// The core's only time. A process that stood still has heard nobody meanwhile, so that time is one tick, and what waits
// for it comes first; but a sleeping core counts all of them, since nothing else is to wake it.
void replica::impl::tick_core() {
  if (!needs_ticks() || now.steady < next_tick) return;
  auto passed = (now.steady - next_tick) / limits::tick + 1;
  do core.tick();
  while (--passed > 0 && core.status().asleep);
  next_tick = std::max(next_tick + limits::tick, now.steady + limits::tick / 2);
}

// ---- messages in ------------------------------------------------------------------------------------------------

void replica::received(clock_reading now, peer_content message) {
  auto& r = *impl_;
  r.hear(now);
  if (r.damaged) return;
  if (auto* const m = std::get_if<raft::peer_message>(&message)) return r.received(std::move(*m));
  auto& bulk = std::get<bulk_message>(message);
  if (bulk.to.replica != r.record.replica) return;
  if (const auto* const ask = std::get_if<pull_request>(&bulk.what)) return r.received(bulk.from, *ask);
  r.received(bulk.from, std::get<pull_chunk>(std::move(bulk.what)));
}

void replica::impl::received(raft::peer_message m) {
  if (auto* const append = std::get_if<raft::append_request>(&m.what); append != nullptr && !take_entries(*append)) {
    ++counted.messages_dropped;
    return;
  }
  tell_of_us();
  core.step(m);
}

/// Each entry is decoded once, here: what cannot be applied later must not come into the log. What we could not hold is
/// dropped, as the network might have done: its sender asks again.
bool replica::impl::take_entries(raft::append_request& m) {
  if (m.entries.empty()) return true;
  if (to_apply_bytes > limits::apply_backlog_bytes_max) return false;
  for (auto& e : m.entries) {
    if (!decode_payload(e)) return false;
  }
  active = now.steady;
  return true;
}

void replica::impl::tell_of_us() {
  raft::report about;
  about.wall = now.wall;
  about.disk_free = disk_is_low ? 0 : source.space().free;
  if (!noted.empty()) {
    about.hash_index = noted.back().index;
    about.state_hash = noted.back().hash;
  }
  core.tell(about);
}

// ---- messages out -----------------------------------------------------------------------------------------------

void replica::impl::leave_held(persist_ticket up_to) {
  while (!held.empty() && held.front().until <= up_to) {
    for (auto& m : held.front().messages) leave(std::move(m));
    held.pop_front();
  }
}

void replica::impl::leave(raft::peer_message m) {
  // It waited for the disk; a clock that is told late would look as if it were slow.
  if (auto* const vote = std::get_if<raft::vote_answer>(&m.what)) vote->about.wall = now.wall;
  auto* const append = std::get_if<raft::append_request>(&m.what);
  if (append == nullptr || append->entries.empty()) return effects.push_back(send_effect{std::move(m)});
  send_load load{std::move(m), {}};
  auto& entries = std::get<raft::append_request>(load.message.what).entries;
  std::vector<load_item> items;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    auto& e = entries[i];
    for (std::size_t n = 0; n < e.payload.bodies.size(); ++n) {
      auto& body = e.payload.bodies[n];
      const auto number = static_cast<std::uint32_t>(n);
      if (body.bytes.present() || body.gone) continue;
      body.bytes = bodies.find({e.index, number});
      if (body.bytes.present()) continue;
      items.push_back({family::body, keys::body(options.shard, record.generation, e.index, number)});
      load.asked.emplace_back(i, n);
    }
  }
  if (items.empty()) return effects.push_back(send_effect{std::move(load.message)});
  const load_id id{++last_load.value};
  loads.emplace(id, std::move(load));
  effects.push_back(load_effect{id, std::move(items)});
}

void replica::impl::bodies_to_send(send_load load, std::vector<loaded_item> values) {
  BURROW_ASSERT(values.size() == load.asked.size());
  auto& entries = std::get<raft::append_request>(load.message.what).entries;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!values[i].value) return fail(values[i].value.error());
    auto& got = std::get<store::lookup>(*values[i].value);
    auto& body = entries[load.asked[i].first].payload.bodies[load.asked[i].second];
    // What the store does not hold went with the delta of a committed entry: it is gone for good.
    if (got.found) body.bytes = shared_bytes(std::move(got.value));
  }
  // Read when another leader's entries may have stood there already; who receives it compares terms, and so do we.
  if (load.message.term == core.status().term) effects.push_back(send_effect{std::move(load.message)});
}

// ---- what others tell -------------------------------------------------------------------------------------------

void replica::impl::take_reports(const raft::raft_output& out) {
  for (const auto& r : out.reports) {
    clocks.heard(r.who.replica, r.about.wall, now);
    if (reports.size() < limits::raft_members_max || reports.count(r.who.replica) > 0) {
      reports[r.who.replica] = r.about;
    }
    if (serves) compare_states(r);
  }
  for (const auto& m : out.damaged) effects.push_back(distrust_effect{m, distrust_effect::reason::forgot, {}});
}

// Equal indices must have equal states. Two that agree against us are right: then it is we who are damaged.
void replica::impl::compare_states(const raft::reported& r) {
  const auto differs = [&](const raft::report& about) {
    return std::any_of(noted.begin(), noted.end(), [&](const noted_state& ours) {
      return ours.index == about.hash_index && ours.hash != about.state_hash;
    });
  };
  if (!differs(r.about)) return;
  for (const auto& [who, about] : reports) {
    const bool agrees = about.hash_index == r.about.hash_index && about.state_hash == r.about.state_hash;
    if (who == r.who.replica || !agrees) continue;
    return fail({errc::corrupt, "the state at entry " + std::to_string(about.hash_index.value) +
                                  " is not that of two other replicas"});
  }
  effects.push_back(distrust_effect{r.who, distrust_effect::reason::diverged, r.about.hash_index});
}

void replica::impl::note_state() {
  if (!has_peers() || options.bounds.hash_every == 0 || applied.index.value % options.bounds.hash_every != 0) return;
  noted.push_back({applied.index, applied.state_hash});
  if (noted.size() > noted_max) noted.pop_front();
}

clock_reading replica::impl::voters_time() const {
  if (!has_peers()) return now;
  return {now.steady, clocks.median(core.config(), record.replica, now).value_or(no_instant)};
}

/// Deletions go on from the reserve; what would fill a majority's disks is refused. Each node goes by marks of its own
/// (settings), and says 0 while it is low.
bool replica::impl::group_is_low() const {
  if (disk_is_low) return true;
  const auto& voters = core.config().voters;
  const auto low = std::count_if(voters.begin(), voters.end(), [&](const raft::member& v) {
    const auto at = reports.find(v.replica);
    return at != reports.end() && at->second.disk_free == 0;
  });
  return static_cast<std::size_t>(low) * 2 > voters.size();
}

} // namespace burrow
