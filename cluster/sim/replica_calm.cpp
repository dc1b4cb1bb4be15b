// Phase 2 (checker 11): faults stop and everybody is back. Each shard gets a leader, commits, comes to one state on all
// members, answers what it must still hold, and falls asleep.
#include "cluster/raft/config_change.hpp"
#include "cluster/sim/replica_world.hpp"

namespace burrow::sim {
namespace {

constexpr int rounds_max = 1500;
constexpr int tries_max = 20; ///< of a group whose heartbeats come too seldom for it to keep a leader

} // namespace

void replica_world::heal_and_wait() {
  calm_ = true;
  net_.calm();
  for (auto& n : nodes_) {
    n.paused_until = 0;
    n.low = false;
    n.store->set_not_here(plan_.not_here / 4);
    if (!n.up) start_node(n);
    for (auto& s : n.slots) {
      if (s.core) s.core->disk_low(false);
    }
  }
  const auto& p = plan_.base;
  const auto timeout = p.core.election_ticks_max * tick_length * 13 / 10;
  run_for(p.delay.high + p.sync.high + 2 * plan_.read.high + plan_.patience + 4000 * ms + 10 * timeout);
  for (int i = 0; i < 200 && lost_any() && !found_.any(); ++i) run_for(1000 * ms);
  if (lost_any()) {
    if (plan_.base.keeps_leader()) found_.add("liveness", "a replica whose disk is lost is not replaced");
    return;
  }
  for (std::size_t k = 0; k < shards_.size(); ++k) {
    bool reached = false;
    for (int i = 0; i < tries_max && !found_.any() && !reached; ++i) reached = reaches_one_state(k);
    if (found_.any()) return;
    if (!reached) return found_.add("liveness", "a healed group changes its leader again and again");
    read_everything(k);
  }
  if (!found_.any()) moves_end();
  for (std::size_t k = 0; k < shards_.size() && !found_.any(); ++k) look_at_rest(k);
}

const operation* replica_world::ask_leader(std::size_t shard, std::variant<queue::command, queue::query> what) {
  auto* const n = leading(shard);
  if (n == nullptr) return nullptr;
  operation op;
  op.shard = {static_cast<std::uint16_t>(shard + 1)};
  if (auto* const command = std::get_if<queue::command>(&what)) op.command = std::move(*command);
  else op.query = std::get<queue::query>(std::move(what));
  const auto number = last_operation_ + 1;
  asked_ = {};
  send(std::move(op), ~std::size_t{0}, *n);
  const auto some_time = plan_.base.core.election_ticks_max * tick_length * 3 + 1000 * ms;
  for (int i = 0; i < 40 && open_.count(number) > 0 && !found_.any(); ++i) run_for(some_time / 10);
  open_.erase(number);
  return asked_.number == number && asked_.returned ? &asked_ : nullptr;
}

bool replica_world::is_one_state(std::size_t shard, log_index goal) {
  const auto* const n = leading(shard);
  if (n == nullptr) return false;
  for (const auto& m : raft::members_of(n->slots[shard].core->members())) {
    const auto& s = nodes_[m.node.value - 1].slots[shard];
    if (s.self.replica != m.replica || !s.core || s.core->status().applied < goal) return false;
  }
  return true;
}

/// False: another leader comes, which that group's settings allow.
bool replica_world::reaches_one_state(std::size_t shard) {
  const auto some_time = plan_.base.core.election_ticks_max * tick_length * 3 + 1000 * ms;
  const auto* const before = leading(shard);
  const bool keeps = plan_.base.keeps_leader();
  if (before == nullptr) {
    const auto name = std::to_string(shard + 1);
    if (keeps) found_.add("liveness", "nobody leads shard " + name + " after everything has healed");
    run_for(some_time);
    return false;
  }
  queue::purge what;
  const auto* const op = ask_leader(shard, queue::command{{tenant_id(busy_tenant), "end"}, {}, what});
  if (found_.any()) return true;
  if (op == nullptr) {
    if (keeps && leading(shard) == before) found_.add("liveness", "a healed group does not commit");
    return false;
  }
  const auto goal = shards_[shard].states.last();
  const auto progress = [&] {
    std::uint64_t sum = 0;
    for (const auto& n : nodes_) {
      const auto& s = n.slots[shard];
      if (!s.core) continue;
      const auto now = s.core->status();
      sum += now.applied.value + now.last.value + s.core->group().term.value + now.installs;
    }
    return sum + steps_of_installs(shard);
  };
  // With one entry in flight much takes long to catch up with: as long as there is progress, all is well. But an
  // install that fails at its end and begins again makes progress for ever.
  int left = rounds_max;
  for (auto seen = progress(); !found_.any() && !is_one_state(shard, goal);) {
    run_for(some_time);
    if (--left == 0) found_.add("liveness", "a healed group is at it for ever and does not reach one state");
    const auto now = progress();
    if (leading(shard) != before) {
      if (keeps) found_.add("liveness", "a healed group changes its leader");
      return false;
    }
    if (now == seen && !is_one_state(shard, goal)) found_.add("liveness", "a healed group does not reach one state");
    seen = now;
  }
  return true;
}

std::uint64_t replica_world::steps_of_installs(std::size_t shard) const {
  std::uint64_t sum = 0;
  for (const auto& n : nodes_) {
    if (n.slots[shard].core) sum += n.slots[shard].core->status().chunks_taken;
  }
  return sum;
}

/// Everything that was acknowledged is there, nothing else is.
void replica_world::read_everything(std::size_t shard) {
  for (const auto& queue : clients_.used(shard)) {
    queue::list_messages all;
    all.match_hidden = true;
    all.limit = 100'000;
    all.examine_max = 100'000;
    const auto* op = ask_leader(shard, queue::query{queue, all});
    for (int i = 0; i < tries_max && op == nullptr && !found_.any() && !plan_.base.keeps_leader(); ++i) {
      run_for(1000 * ms);
      op = ask_leader(shard, queue::query{queue, all});
    }
    if (found_.any()) return;
    if (op == nullptr) return found_.add("liveness", "a healed group does not answer");
    const auto& answer = std::get<queue::messages_answer>(*op->answer);
    const auto& facts = shards_[shard];
    if (queue.tenant == moving_tenant) moves_.read_all(facts.states.shard(), queue.queue, answer.items, found_);
    else if (!answer.more) acknowledged::read_all(queue, answer, facts.book, found_);
  }
}

/// Nothing happens any more: deltas are written, bodies are those of messages, and who may sleep does.
void replica_world::look_at_rest(std::size_t shard) {
  const auto& core = plan_.base.core;
  run_for(40'000 * ms); // deadlines of messages pass
  // Those of keys are later and wake the group once more, each in an entry of its own.
  const auto* n = leading(shard);
  for (int i = 0; i < tries_max && n != nullptr && core.sleep_after_ticks > 0 && !found_.any(); ++i) {
    const auto before = n->slots[shard].core->status().applied;
    run_for(2 * (core.sleep_after_ticks + core.sleep_round_ticks) * tick_length);
    n = leading(shard);
    if (n != nullptr && n->slots[shard].core->status().applied == before) break;
  }
  if (found_.any()) return;
  if (n == nullptr || !plan_.base.keeps_leader()) return;
  const auto members = raft::members_of(n->slots[shard].core->members());
  const auto applied = n->slots[shard].core->status().applied;
  for (const auto& m : members) {
    const auto& s = nodes_[m.node.value - 1].slots[shard];
    if (s.self.replica != m.replica || !s.core || s.core->status().applied != applied) return; // not at rest
  }
  for (const auto& m : members) check_store(nodes_[m.node.value - 1], nodes_[m.node.value - 1].slots[shard], true);
  if (members.size() > 1 && core.sleep_after_ticks > 0 && !falls_asleep(shard)) {
    found_.add("liveness", "an idle group does not fall asleep");
  }
}

/// At some moment everybody sleeps. It is not so in the middle of a round, nor while one that was removed and never
/// told keeps asking for votes, which is placement's affair.
bool replica_world::falls_asleep(std::size_t shard) {
  const auto members = raft::members_of(leading(shard)->slots[shard].core->members());
  for (const auto& n : nodes_) {
    const auto& s = n.slots[shard];
    const bool is_member = std::find(members.begin(), members.end(), s.self) != members.end();
    if (!is_member && s.core && s.core->group().term.value > 0) return true;
  }
  for (int i = 0; i < 100; ++i) {
    if (std::all_of(members.begin(), members.end(), [&](const raft::member& m) {
          return nodes_[m.node.value - 1].slots[shard].core->status().asleep;
        })) {
      return true;
    }
    run_for(20 * ms);
  }
  return false;
}

} // namespace burrow::sim
