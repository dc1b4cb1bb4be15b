// Clients of queues whose messages move: by dead-letter rules from shard to shard, and by redrives back. Each shard has
// "jobs-N", "dead-N" and "local-N"; rules lead from jobs to the next shard's dead letters, from there on to a third
// shard's, and from local to jobs. A queue's name says its shard, as placement would.
#include "cluster/base/limits.hpp"
#include "cluster/sim/clients.hpp"

namespace burrow::sim {
namespace {

duration some_ms(random& chance, std::uint64_t low, std::uint64_t high) {
  return duration{static_cast<std::int64_t>(chance.between(low, high))};
}
std::string name(std::string_view what, std::uint64_t shard) { return std::string(what) + "-" + std::to_string(shard); }

queue::take drawn_take(random& chance, queue::take_action action) {
  queue::take take;
  take.action = action;
  take.limit = static_cast<std::uint32_t>(chance.between(1, 5));
  return take;
}

} // namespace

queue::action clients::draw_rule(shard_id shard, const std::string& queue, random& chance) const {
  const auto shards = plan_.shards;
  const bool is_local = queue.starts_with("local"), is_dead = queue.starts_with("dead");
  const shard_id to{static_cast<std::uint16_t>(is_local ? shard.value : shard.value % shards + 1)};
  queue::configure what;
  what.to.named = queue::bit_of(queue::setting::dead_letter);
  if (chance.chance(50)) return what; // none: what waits in line comes back
  const auto target = is_local ? name("jobs", to.value) : is_dead ? name("third", to.value) : name("dead", to.value);
  const auto claims = static_cast<std::uint16_t>(is_dead ? 3 : chance.between(1, 2));
  what.to.values.rules.dead_letter = {target, to, claims, chance.chance(500), chance.chance(800), true, 0};
  return what;
}

queue::action clients::draw_redrive(random& chance) const {
  queue::redrive what;
  const auto to = chance.between(1, plan_.shards);
  if (chance.chance(400)) what.to = name("local", to);
  what.to_shard = {static_cast<std::uint16_t>(to)};
  what.max_per_second = static_cast<std::uint32_t>(chance.between(20, limits::redrive_rate_max));
  if (chance.chance(300)) what.limit = chance.between(1, 5);
  return what;
}

void clients::draw_moving_insert(operation& op, queue_ref queue, random& chance) {
  draw_insert(op, std::move(queue), chance);
  for (auto& item : std::get<queue::insert>(op.command->what).items) {
    item.hide.reset();
    item.ttl.reset();
    if (chance.chance(200)) item.ttl = some_ms(chance, 200, 3000);
  }
}

void clients::draw_moving(operation& op, shard_memory& s, random& chance) {
  static constexpr std::string_view kinds[] = {"jobs", "jobs", "jobs", "local", "dead", "third"};
  const auto which = kinds[chance.below(std::size(kinds))];
  queue_ref queue{tenant_id(moving_tenant), name(which, op.shard.value)};
  const bool wants_rule = which != "third" && !s.ruled.contains(queue.queue);
  if (which != "third" && chance.chance(wants_rule ? 500 : 10)) {
    op.command = queue::command{queue, {}, draw_rule(op.shard, queue.queue, chance)};
    return;
  }
  const auto what = chance.below(100);
  const bool first = which == "jobs" || which == "local";
  if (what < 30 && first) return draw_moving_insert(op, std::move(queue), chance);
  if (what < 60) {
    auto take = drawn_take(chance, queue::take_action::claim);
    take.hide = some_ms(chance, 50, 600);
    op.command = queue::command{queue, {}, take};
  } else if (what < 72) { // releases them all
    auto take = drawn_take(chance, queue::take_action::change);
    take.match_hidden = true;
    take.hide = duration{0};
    op.command = queue::command{queue, {}, take};
  } else if (what < 82) {
    if (first) return draw_moving_insert(op, std::move(queue), chance);
    op.command = queue::command{queue, {}, draw_redrive(chance)};
  } else if (what < 84 && s.task) {
    op.command = queue::command{s.task->first, {}, queue::cancel_task{s.task->second}};
  } else if (what < 85) {
    op.command = queue::command{queue, {}, queue::purge{}};
  } else if (what < 93) {
    op.command = queue::command{queue, {}, drawn_take(chance, queue::take_action::remove)};
  } else if (what < 97) {
    queue::list_messages list;
    list.match_hidden = chance.chance(700);
    op.query = queue::query{queue, list};
  } else {
    op.query = queue::query{queue, queue::queue_stats{}};
  }
}

void clients::learn_moving(const operation& op) {
  auto& s = plain_[op.shard.value - 1];
  if (op.reply && std::holds_alternative<queue::settings_reply>(*op.reply)) s.ruled.insert(op.queue().queue);
  const auto* const made = op.reply ? std::get_if<queue::task_reply>(&*op.reply) : nullptr;
  if (made != nullptr && made->problem == errc::ok) s.task.emplace(op.queue(), made->task.id);
}

} // namespace burrow::sim
