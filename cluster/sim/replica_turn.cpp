// What a shell does with a replica's effects, and what is looked at after each input.
#include "cluster/codec/peer_codec.hpp"
#include "cluster/sim/replica_world.hpp"

namespace burrow::sim {

constexpr std::size_t pins_max = 2; ///< a node
constexpr micros pin_idle_max = 5000 * ms;

void replica_world::input_done(replica_node& n, replica_slot& s) {
  ++steps_;
  if (plan_.base.drain_wait == 0) return drain(n, s);
  if (!s.drain_set) schedule(chance_.below(plan_.base.drain_wait + 1), kind::drain, n.number, s.shard.value - 1U);
  s.drain_set = true;
}

void replica_world::drain(replica_node& n, replica_slot& s) {
  auto effects = s.core->take_effects();
  look_at_applied(s, s.core->status()); // what is answered stands in the log already
  for (auto& effect : effects) std::visit([&](auto& e) { carry_out(n, s, e); }, effect);
  look(s);
}

// ---- looking ----------------------------------------------------------------------------------------------------

void replica_world::look(replica_slot& s) {
  auto& facts = shards_[s.shard.value - 1U];
  const auto g = s.core->group();
  const auto now = s.core->status();
  ++met_.checks;
  if (s.damaged) return;
  facts.committed.saw(s.self.replica, g, found_);
  if (g.leads && facts.elected.elected(g.term, s.self.replica, found_)) {
    ++met_.elections;
    facts.committed.elected(
        s.self.replica, g.term, s.handed.last(), [&](log_index i) { return s.handed.chain_at(i); }, found_);
    aimed_ = seldom;
  }
  if (g.asleep && !s.was_asleep) ++met_.sleeps;
  s.was_asleep = g.asleep;
  look_at_applied(s, now);
  // What it can apply is answered; for the rest another leader is to be asked, not this disk waited for.
  if (!g.leads && now.inflight_commands > 0 && now.applied >= std::min(g.committed, g.persisted)) {
    found_.add("liveness", "a replica that does not lead lets somebody wait for its disk");
  }
  // Clocks that drift are further from the others than they can be pulled back.
  if (g.leads && plan_.base.drift_per_mille == 0 && plan_.base.voters >= 3 && s.core->members().voters.size() >= 3) {
    times::shows(s.self.replica, now.shard_time, true_time(), duration{500}, found_);
  }
  if (now.overlay_bytes > limits::overlay_bytes_max + limits::entry_bytes_max) {
    found_.add("bounds", "an overlay of " + std::to_string(now.overlay_bytes) + " bytes");
  }
}

void replica_world::look_at_applied(replica_slot& s, const replica_status& now) {
  auto& facts = shards_[s.shard.value - 1U];
  for (auto i = s.seen_applied.value + 1; i <= now.applied.value && !found_.any(); ++i) {
    const auto chain = s.handed.chain_at({i});
    promises::applies(s.self.replica, {i}, chain, s.durable.chain_at({i}), found_);
    facts.committed.committed(s.self.replica, now.in, {i}, chain, found_);
    if (i < facts.chain.size()) {
      if (chain != facts.chain[i]) {
        found_.add("states", "replica " + std::to_string(s.self.replica.value) + " applies another command at index " +
                                 std::to_string(i));
      }
      continue;
    }
    commit(s, {i});
  }
  if (found_.any()) return;
  if (now.applied < s.seen_applied) found_.add("commits", "an applied index went back");
  s.seen_applied = now.applied;
  facts.states.has(s.self.replica, now.applied, now.state_hash, found_);
}

/// Somebody applies it first: from now on it is what the log says.
void replica_world::commit(replica_slot& s, log_index index) {
  auto& facts = shards_[s.shard.value - 1U];
  const auto chain = s.handed.chain_at(index);
  const auto record = facts.records.find(chain);
  if (record == facts.records.end()) return found_.add("commits", "an entry is applied that nobody has written");
  facts.chain.push_back(chain);
  ++met_.committed;
  facts.states.committed(index, record->second, [&](const state_hashes::told& t) {
    facts.answers.logged(t, found_);
    facts.again.logged(t, found_);
    live_claims::logged(t, facts.book, found_);
    facts.book.take(t);
    quotas::logged(t, facts.book, found_);
    if (std::holds_alternative<queue::left>(t.command.what)) aimed_ = std::max(aimed_, sometimes);
  }, [&](const queue::entry_command& entry, const queue::outcome& out) {
    if (plan_.moving > 0) moves_.applied(s.shard, entry, out, found_);
  }, found_);
  facts.records.erase(record);
}

// ---- effects ----------------------------------------------------------------------------------------------------

void replica_world::carry_out(replica_node& n, replica_slot& s, persist_effect& e) {
  auto& facts = shards_[s.shard.value - 1U];
  const auto known = [&](log_index i) { return i.value < facts.chain.size() ? facts.chain[i.value] : 0; };
  const auto before = s.handed.last();
  const auto vote = s.handed.hard();
  s.handed.take(*e.batch, known, [&](log_index index, term, std::uint64_t chain, std::string_view record) {
    if (index <= before) {
      ++met_.truncations;
      aimed_ = seldom;
    }
    if (index.value >= facts.chain.size()) facts.records.emplace(chain, std::string(record));
  });
  if (s.handed.hard() != vote && s.handed.hard().vote.value != 0) s.vote_unsynced = true;
  s.unwritten.push_back({e.ticket, e.batch});
  (void)n.writer.add({s.shard, s.start, e.ticket, e.batch, e.sync});
  start_writing(n);
}

void replica_world::carry_out(replica_node& n, replica_slot& s, load_effect& e) {
  const auto id = e.id.value;
  if (e.items.front().where == family::raft_log) ++met_.fetches;
  s.loads.emplace(e.id, replica_slot::load_under_way{std::move(e), {}});
  const auto after = calm_ ? chance_.between(50, ms) : plan_.read.draw(chance_);
  schedule(after, kind::read, n.number, s.shard.value - 1U, id);
}

void replica_world::carry_out(replica_node& n, replica_slot&, reply_effect& e) {
  if (is_of_call(n, e.to, e.outcome)) return;
  const auto at = open_.find(e.to.value);
  if (at == open_.end()) return; // its client has given up
  if (!e.outcome) return done(e.to.value, false, e.outcome.code());
  auto& op = at->second.op;
  op.reply = std::move(e.outcome).value();
  if (const auto* const take = std::get_if<queue::take_reply>(&*op.reply)) {
    for (std::size_t i = 0; i < take->items.size(); ++i) {
      if (i < e.bodies.size() && hash_of(e.bodies[i].view()) == take->items[i].body.hash) continue;
      found_.add("acknowledged", "operation " + std::to_string(op.number) + " took a message with another body");
    }
  }
  done(e.to.value, true, errc::ok);
}

void replica_world::carry_out(replica_node& n, replica_slot&, answer_effect& e) {
  if (is_of_call(n, e.to, e.outcome)) return;
  const auto at = open_.find(e.to.value);
  if (at == open_.end()) return;
  if (!e.outcome) return done(e.to.value, false, e.outcome.code());
  at->second.op.answer = std::move(e.outcome).value();
  done(e.to.value, true, errc::ok);
}

void replica_world::carry_out(replica_node& n, replica_slot& s, send_effect& e) {
  node_id to;
  if (const auto* const m = std::get_if<raft::peer_message>(&e.what)) {
    to = m->to.node;
    promises_.leaves(*m, true, s.durable.hard(), s.durable.last(), found_);
    bounds::leaves(*m, plan_.base.core, found_);
    const auto* const ack = std::get_if<raft::append_answer>(&m->what);
    const auto* const vote = std::get_if<raft::vote_answer>(&m->what);
    if (ack != nullptr && ack->accepted) aimed_ = std::max(aimed_, often);
    if (vote != nullptr && vote->granted && !vote->pre) aimed_ = seldom;
    if (std::holds_alternative<raft::transfer_now>(m->what)) ++met_.transfers;
    if (const auto* const a = std::get_if<raft::append_request>(&m->what)) {
      for (const auto& entry : a->entries) {
        for (const auto& b : entry.payload.bodies) met_.bodies_gone += b.bytes.present() ? 0 : 1;
      }
    }
  } else {
    to = std::get<bulk_message>(e.what).to.node;
  }
  if (plan_.through_codec > 0 && chance_.chance(plan_.through_codec)) {
    auto came = codec::decode_peer(codec::encode_peer(s.shard, e.what));
    if (!came) return found_.add("codec", "a message of our own is refused: " + came.error().context);
    e.what = std::move(came->what);
  }
  put_on_wire(n.number, to.value - 1, s.shard, std::move(e.what));
}

void replica_world::carry_out(replica_node& n, replica_slot& s, pin_effect& e) {
  std::size_t open = 0;
  for (auto& other : n.slots) {
    // Nobody pulls any more, and other shards wait for it.
    std::erase_if(other.pins, [&](const auto& p) { return p.second.used + pin_idle_max < now_; });
    open += other.pins.size();
  }
  if (open >= pins_max) return; // its loads will find nothing
  s.pins[e.session] = {n.store->pin().value(), now_};
  ++met_.sessions;
}

void replica_world::carry_out(replica_node&, replica_slot& s, unpin_effect& e) { s.pins.erase(e.session); }

void replica_world::carry_out(replica_node& n, replica_slot& s, timer_effect& e) {
  ++s.timer;
  if (!e.steady) return;
  const auto steady = clock_of(n).steady;
  const auto wait = std::max<std::int64_t>((*e.steady - steady).count(), 0);
  schedule(static_cast<micros>(wait) * ms * 1000 / n.drift + 1, kind::tick, n.number, s.shard.value - 1U, s.timer);
}

void replica_world::carry_out(replica_node&, replica_slot& s, damaged_effect& e) {
  s.damaged = true;
  found_.add("damaged", "replica " + std::to_string(s.self.replica.value) + ": " + e.why.context);
}

void replica_world::carry_out(replica_node&, replica_slot& s, distrust_effect& e) {
  found_.add("distrust", "replica " + std::to_string(s.self.replica.value) + " distrusts " +
                             std::to_string(e.who.replica.value) + ", though who forgets comes back as another");
}

} // namespace burrow::sim
