// What an owner of a core does with an output, in the order that raft.hpp asks for.
#include "cluster/sim/world.hpp"

#include <algorithm>

namespace burrow::sim {

void world::input_done(host& h) {
  commits_.saw(h.self.replica, h.core->status(), found_);
  ++met_.checks;
  const bool asleep = h.core->status().asleep;
  if (asleep && !h.was_asleep) ++met_.sleeps;
  h.was_asleep = asleep;
  if (plan_.drain_wait == 0) return drain(h);
  if (!h.drain_set) schedule(chance_.below(plan_.drain_wait + 1), kind::drain, h.node);
  h.drain_set = true;
}

void world::drain(host& h) {
  auto out = h.core->take_output();
  write_persist(h, out);
  apply(h, out);
  send_all(h, out);
  take_role(h, out);
  take_reads(h, out);
  if (!out.damaged.empty()) found_.add("promises", "a replica is called damaged, though no disk forgets here");
  if (out.fetch) {
    const auto count = out.fetch->last.value - out.fetch->first.value + 1;
    schedule(chance_.between(50, 5 * ms), kind::fetched, h.node, (out.fetch->first.value << 16) | count);
    ++met_.fetches;
  }
  for (const auto to : out.installs) schedule(chance_.between(50, 20 * ms), kind::session, h.node, to.value);
  if (out.offer) start_pull(h, *std::move(out.offer));
  cut_log(h);
  start_sync(h);
  const auto now = h.core->status();
  if (now.catch_up_bytes > 0) {
    bounds::reads_back(h.self.replica, now, h.options, plan_.body_max + 64, h.core->followers().size(), found_);
  }
  if (now.last == h.state.index && now.persisted == now.last) {
    bounds::rests(h.self.replica, now, h.options, plan_.body_max + 64, 0, found_);
  }
}

void world::write_persist(host& h, raft::raft_output& out) {
  auto& p = out.persist;
  if (p.empty()) return;
  disk_write w;
  if (p.truncate_from) {
    h.chain.resize(p.truncate_from->value);
    ++met_.truncations;
    aimed_ = seldom;
  }
  for (const auto& e : p.entries) {
    if (e.index.value != h.chain.size()) return found_.add("logs", "a gap in what is persisted");
    h.chain.push_back(mix(h.chain.back(), hash_of_entry(e)));
    w.chain.push_back(h.chain.back());
    logs_.written(h.self.replica, e, h.chain.back(), found_);
    if (e.config) aimed_ = seldom;
  }
  if (p.hard && p.hard->vote.value != 0) h.vote_unsynced = true;
  w.persist = std::move(p);
  h.core_written = h.store.write(std::move(w));
}

void world::apply(host& h, const raft::raft_output& out) {
  for (const auto& e : out.committed) {
    const auto chain = h.chain_at(e.index);
    const auto& image = h.store.image();
    promises::applies(h.self.replica, e.index, chain, image.last() < e.index ? 0 : image.chain_at(e.index), found_);
    const auto state = mix(h.state.hash, hash_of_entry(e));
    states_.applied(h.self.replica, h.state.index, e, state, found_);
    commits_.committed(h.self.replica, h.core->status().term, e.index, chain, found_);
    if (found_.any()) return;
    h.state = {e.index, e.term, state};
    ++met_.checks;
    // The leader answers whoever proposed it.
    const auto now = h.core->status();
    if (now.leads && now.term == e.term) reads_.acknowledged(e.index);
    if (now.leads && e.config && !e.config->leaving.empty()) ++met_.joint_changes;
  }
  if (out.committed.empty()) return;
  met_.committed += out.committed.size();
  disk_write w;
  w.applied = h.state;
  (void)h.store.write(std::move(w));
  h.written = h.state.index;
}

void world::send_all(host& h, raft::raft_output& out) {
  for (const auto& m : out.send_now) leave(h, m, false);
  if (out.send_persisted.empty()) return;
  if (h.core_written > h.synced) {
    h.held.push_back({h.core_written, std::move(out.send_persisted)});
    return;
  }
  for (const auto& m : out.send_persisted) leave(h, m, true);
}

void world::leave(host& h, const raft::peer_message& m, bool waited) {
  promises_.leaves(m, waited, h.store.image().hard, h.store.image().last(), found_);
  bounds::leaves(m, h.options, found_);
  const auto* const ack = std::get_if<raft::append_answer>(&m.what);
  const auto* const vote = std::get_if<raft::vote_answer>(&m.what);
  if (ack != nullptr && ack->accepted) aimed_ = std::max(aimed_, often);
  if (vote != nullptr && vote->granted && !vote->pre) aimed_ = seldom;
  if (std::holds_alternative<raft::transfer_now>(m.what)) ++met_.transfers;
  transmit(m);
}

void world::transmit(const raft::peer_message& m) {
  const auto to = m.to.node.value - 1, from = m.from.node.value - 1;
  const auto arrivals = net_.send(from, to, chance_);
  for (std::size_t i = 0; i < arrivals.count; ++i) {
    std::uint64_t slot = slots_.size();
    if (free_slots_.empty()) {
      slots_.push_back(m);
    } else {
      slot = free_slots_.back();
      free_slots_.pop_back();
      slots_[slot] = m;
    }
    schedule(arrivals.after[i], kind::deliver, to, slot);
    ++met_.messages;
  }
}

void world::take_role(host& h, const raft::raft_output& out) {
  if (!out.role || !out.role->leads) return;
  if (leaders_.elected(out.role->term, h.self.replica, found_)) ++met_.elections;
  commits_.elected(
      h.self.replica, out.role->term, h.last(), [&](log_index i) { return h.chain_at(i); }, found_);
  aimed_ = seldom;
}

void world::take_reads(host& h, const raft::raft_output& out) {
  for (const auto& r : out.reads) {
    const auto at = std::find_if(h.reads.begin(), h.reads.end(), [&](const auto& b) { return b.id == r.id; });
    if (at == h.reads.end()) return found_.add("reads", "an answer to a read that nobody asked for");
    if (r.index)
      h.reads_ready.push_back({*r.index, at->began});
    else
      ++met_.reads_failed;
    h.reads.erase(at);
  }
  std::erase_if(h.reads_ready, [&](const host::read_ready& r) {
    if (h.state.index < r.at) return false;
    reads::served(h.self.replica, r.began, h.state.index, found_);
    reads::served(h.self.replica, r.began, r.at, found_);
    ++met_.reads_served;
    return true;
  });
}

void world::cut_log(host& h) {
  if (plan_.cut_every == 0) return;
  const auto first = h.core->status().first;
  if (h.written.value < first.value + plan_.cut_every + plan_.cut_keep) return;
  raft::snapshot_meta meta;
  meta.index = h.state.index;
  meta.term = h.state.in;
  meta.state_hash = {h.state.hash, h.chain_at(h.state.index)};
  h.core->compacted(meta, {meta.index.value + 1 - plan_.cut_keep});
  if (plan_.drain_wait == 0) {
    auto out = h.core->take_output();
    write_persist(h, out);
    send_all(h, out);
  } else {
    input_done(h);
  }
}

void world::start_sync(host& h) {
  if (!h.store.begin_sync()) return;
  auto time = calm_ ? chance_.between(100, 2 * ms) : plan_.sync.draw(chance_);
  if (!calm_ && plan_.long_sync > 0 && chance_.chance(plan_.long_sync)) time += chance_.between(500, 3000) * ms;
  schedule(time, kind::synced, h.node);
}

void world::sync_done(host& h) {
  auto done = h.store.end_sync();
  h.vote_unsynced = false;
  raft::persist_ticket last;
  for (auto& w : done) {
    if (w.persist.ticket.number > 0) last = w.persist.ticket;
    h.synced = w.number;
    if (!w.installed) continue;
    // Tickets are told in their order, also around a switch.
    if (last.number > 0) h.core->persisted(last);
    const auto& meta = *w.installed;
    h.core->snapshot_installed(meta);
    h.state = {meta.index, meta.term, meta.state_hash.high};
    h.written = meta.index;
    h.chain = h.store.image().chain;
    states_.found_at(h.self.replica, meta.index, h.state.hash, found_);
    h.pulling.reset();
    ++met_.installs;
    aimed_ = seldom;
  }
  if (last.number > 0) h.core->persisted(last);
  while (!h.held.empty() && h.held.front().number <= h.synced) {
    for (const auto& m : h.held.front().messages) leave(h, m, true);
    h.held.pop_front();
  }
  start_sync(h);
}

} // namespace burrow::sim
