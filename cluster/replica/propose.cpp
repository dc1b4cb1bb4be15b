// From a proposal to an entry: what is refused at once, what is joined, what is encoded.
#include "cluster/base/limits.hpp"
#include "cluster/replica/impl.hpp"

namespace burrow {
namespace {

/// Only what comes with its bodies, within the bounds that a decoder will insist on, may be logged.
result<void> check(const proposal& p) {
  if (auto fine = codec::check_limits(p.what); !fine) return fine;
  std::size_t bytes = 0;
  if (const auto* const arrive = std::get_if<queue::arrive>(&p.what.what)) {
    for (const auto& item : arrive->items) {
      const auto& body = item.what.body;
      if (body.n >= p.bodies.size() || p.bodies[body.n].size() != body.size) {
        return error{errc::invalid_parameter, "body of an arrival"};
      }
      bytes += body.size;
    }
    if (bytes > limits::entry_bytes_max) return errc::too_large;
    return {};
  }
  const auto* const insert = std::get_if<queue::insert>(&p.what.what);
  if (insert == nullptr) return {};
  for (const auto& item : insert->items) {
    if (item.refused != errc::ok) continue;
    if (item.body >= p.bodies.size() || p.bodies[item.body].size() != item.body_size) {
      return error{errc::invalid_parameter, "body of an insert"};
    }
    bytes += item.body_size;
  }
  if (bytes > limits::entry_bytes_max) return errc::too_large;
  return {};
}

/// Gives each message a body of its own number, so that removing one never takes another's away.
void number_bodies(queue::insert& insert, const std::vector<shared_bytes>& from, std::vector<raft::body_part>& to) {
  for (auto& item : insert.items) {
    if (item.refused != errc::ok) {
      item.body = item.body_size = 0;
      item.body_hash = {};
      continue;
    }
    const auto& bytes = from[item.body];
    if (item.body_hash == hash128{}) item.body_hash = hash_of(bytes.view());
    item.body = static_cast<std::uint32_t>(to.size());
    to.push_back({bytes.present() ? bytes : shared_bytes(std::string()), item.body_size, item.body_hash});
  }
}

void number_bodies(queue::arrive& arrive, const std::vector<shared_bytes>& from, std::vector<raft::body_part>& to) {
  for (auto& item : arrive.items) {
    auto& body = item.what.body;
    const auto& bytes = from[body.n];
    body.index = {};
    body.n = static_cast<std::uint32_t>(to.size());
    to.push_back({bytes.present() ? bytes : shared_bytes(std::string()), body.size, body.hash});
  }
}

} // namespace

void replica::impl::propose(proposal what) {
  const auto refuse = [&](error why) { effects.push_back(reply_effect{what.from, std::move(why), {}}); };
  if (damaged) return refuse(errc::unavailable);
  if (draining) return refuse(errc::draining);
  // Alone, it leads as soon as its vote is on disk, so what comes before that waits.
  if (!leads && !is_alone()) return refuse(errc::not_leader);
  // Both make more of what is on disk: a redrive may bring bodies to another shard.
  const auto& command = what.what.what;
  const bool grows = std::holds_alternative<queue::insert>(command) || std::holds_alternative<queue::redrive>(command);
  if (grows && group_is_low()) return refuse(errc::no_space);
  if (auto fine = check(what); !fine) return refuse(fine.error());
  active = now.steady;
  if (auto taken = waiting.add(what); !taken) refuse(taken.error());
}

raft::command_bytes replica::impl::build_entry(std::vector<proposal> items) {
  auto local = std::make_shared<local_entry>();
  raft::command_bytes out;
  local->command.now = shard_now();
  local->command.what.commands.reserve(items.size());
  local->origins.reserve(items.size());
  for (auto& p : items) {
    if (auto* const insert = std::get_if<queue::insert>(&p.what.what)) number_bodies(*insert, p.bodies, out.bodies);
    if (auto* const arrive = std::get_if<queue::arrive>(&p.what.what)) number_bodies(*arrive, p.bodies, out.bodies);
    local->command.what.commands.push_back(std::move(p.what));
    local->origins.push_back({p.from, p.want_bodies});
  }
  return encode_entry(std::move(local), std::move(out));
}

raft::command_bytes replica::impl::encode_entry(std::shared_ptr<local_entry> local, raft::command_bytes with) {
  with.command = shared_bytes(encoder.encode(local->command));
  local->bytes = with.size();
  flight_bytes += local->bytes;
  flight.push_back({local, {}});
  with.decoded = std::move(local);
  return with;
}

// While this replica is about to lead, proposals wait: in a group of one the election takes one sync.
void replica::impl::propose_waiting() {
  if (!leads || waiting.waiting() == 0) return;
  const auto now_of_core = core.status();
  if (!now_of_core.leads) return; // we are about to hear of it, and so is whoever waits
  if (now_of_core.transferring) {
    for (const auto& p : waiting.drop_all()) effects.push_back(reply_effect{p.from, errc::transferring, {}});
    return;
  }
  std::vector<raft::command_bytes> entries;
  while (flight.size() < limits::inflight_entries_max && flight_bytes < limits::inflight_bytes_max) {
    auto items = waiting.take_entry();
    if (items.empty()) break;
    entries.push_back(build_entry(std::move(items)));
  }
  if (!entries.empty()) propose(std::move(entries));
}

/// The last so many of `flight`.
void replica::impl::propose(std::vector<raft::command_bytes> entries) {
  const auto count = entries.size();
  const auto last = core.propose(std::move(entries));
  BURROW_ASSERT(last.ok()); // it leads and hands nothing over, and nothing else refuses
  for (std::size_t i = 0; i < count; ++i) flight[flight.size() - 1 - i].index = {last->value - i};
}

void replica::impl::propose_clock() {
  if (!propose_own({{}, {}, queue::clock{}})) return;
  clock_in_flight = true;
  clock_proposed = now.steady;
}

} // namespace burrow
