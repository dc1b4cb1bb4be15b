#include "cluster/sim/clients.hpp"

#include "cluster/base/limits.hpp"

namespace burrow::sim {
namespace {

constexpr std::uint64_t plain_uses = 40; ///< short histories, so that every order of them can be tried
constexpr std::size_t receipts_max = 64;

duration some_ms(random& chance, std::uint64_t low, std::uint64_t high) {
  return duration{static_cast<std::int64_t>(chance.between(low, high))};
}

} // namespace

operation clients::draw(std::size_t shard, random& chance) {
  operation op;
  op.shard = {static_cast<std::uint16_t>(shard + 1)};
  auto& s = plain_[shard];
  if (plan_.moving > 0 && chance.chance(plan_.moving)) draw_moving(op, s, chance);
  else if (chance.chance(400)) draw_plain(op, s, chance);
  else draw_busy(op, s, chance);
  s.used.insert(op.queue());
  return op;
}

void clients::draw_insert(operation& op, queue_ref queue, random& chance) {
  queue::insert what;
  const bool plain = queue.tenant == plain_tenant;
  for (auto n = plain ? 1 : chance.between(1, 3); n > 0; --n) {
    queue::insert_item item;
    // The body names the insert, so that a reader can tell which one it sees.
    const std::string body = "body " + std::to_string(++last_body_) + std::string(chance.below(60), 'x');
    item.body = static_cast<std::uint32_t>(op.bodies.size());
    item.body_size = static_cast<std::uint32_t>(body.size());
    item.body_hash = hash_of(body);
    if (chance.chance(500)) item.name = "m" + std::to_string(chance.below(5));
    if (!plain && chance.chance(400)) item.ttl = some_ms(chance, 100, 20'000);
    if (!plain && chance.chance(200)) item.hide = some_ms(chance, 1, 3'000);
    op.bodies.emplace_back(body);
    what.items.push_back(std::move(item));
  }
  what.fallback.body_bytes_max = 1 << 20;
  if (queue.tenant == bounded_tenant) what.fallback.tenant_bytes_max = plan_.quota;
  op.command = queue::command{std::move(queue), {}, std::move(what)};
}

void clients::draw_plain(operation& op, shard_memory& s, random& chance) {
  const auto name = [&] { return "p" + std::to_string(op.shard.value) + "-" + std::to_string(s.plain); };
  if (++s.plain_used > plain_uses) {
    ++s.plain;
    s.plain_used = 1;
  }
  const queue_ref queue{tenant_id(plain_tenant), name()};
  switch (chance.below(10)) {
  case 0:
  case 1: {
    queue::remove what;
    what.targets.push_back({"m" + std::to_string(chance.below(5)), {}});
    op.command = queue::command{queue, {}, what};
    return;
  }
  case 2: {
    queue::take what;
    what.action = queue::take_action::remove;
    what.limit = static_cast<std::uint32_t>(chance.between(1, 3));
    op.command = queue::command{queue, {}, what};
    return;
  }
  case 3:
  case 4: {
    queue::list_messages what;
    what.match_hidden = true;
    op.query = queue::query{queue, what};
    return;
  }
  case 5: op.query = queue::query{queue, queue::queue_stats{}}; return;
  default: return draw_insert(op, queue, chance);
  }
}

void clients::draw_receipt(operation& op, shard_memory& s, random& chance) {
  const auto which = chance.below(s.receipts.size());
  const auto r = s.receipts[which];
  if (chance.chance(700)) s.receipts.erase(s.receipts.begin() + static_cast<std::ptrdiff_t>(which));
  if (chance.chance(600)) {
    op.command = queue::command{r.queue, {}, queue::remove{{r.target}}};
  } else {
    queue::change what;
    what.targets = {r.target};
    what.hide = chance.chance(300) ? duration{0} : some_ms(chance, 100, 5'000);
    if (chance.chance(200)) what.ttl = some_ms(chance, 500, 20'000);
    op.command = queue::command{r.queue, {}, what};
  }
}

void clients::draw_busy(operation& op, shard_memory& s, random& chance) {
  const bool bounded = plan_.quota > 0 && chance.chance(300);
  const queue_ref queue{tenant_id(bounded ? bounded_tenant : busy_tenant), "w" + std::to_string(chance.below(2))};
  const auto what = chance.below(100);
  if (what < 45 && plan_.repeats > 0 && !bounded && chance.chance(plan_.repeats)) {
    return draw_repeatable(op, s, queue, chance);
  }
  if (what < 45) return draw_insert(op, queue, chance);
  if (what < 65) {
    queue::take take;
    take.action = queue::take_action::claim;
    take.limit = static_cast<std::uint32_t>(chance.between(1, 4));
    take.hide = some_ms(chance, 50, 5'000);
    op.command = queue::command{queue, {}, take};
  } else if (what < 85 && !s.receipts.empty()) {
    draw_receipt(op, s, chance);
  } else if (what < 88) {
    queue::take take;
    take.action = queue::take_action::remove;
    take.limit = static_cast<std::uint32_t>(chance.between(1, 4));
    op.command = queue::command{queue, {}, take};
  } else if (what < 90) {
    op.command = queue::command{queue, {}, queue::purge{}};
  } else if (what < 97) {
    queue::list_messages list;
    list.match_hidden = chance.chance(700);
    op.query = queue::query{queue, list};
  } else {
    op.query = queue::query{queue, queue::queue_stats{}};
  }
}

void clients::learn(const operation& op) {
  if (op.queue().tenant == moving_tenant) return learn_moving(op);
  const auto* const take = op.reply ? std::get_if<queue::take_reply>(&*op.reply) : nullptr;
  if (take == nullptr || std::get<queue::take>(op.command->what).action != queue::take_action::claim) return;
  auto& receipts = plain_[op.shard.value - 1].receipts;
  for (const auto& m : take->items) {
    queue::target target{m.shown_id(), {}};
    target.guard.receipt = m.claim;
    target.guard.receipt_claims = m.claims;
    target.guard.receipt_place = m.place;
    receipts.push_back({op.queue(), std::move(target)});
    if (receipts.size() > receipts_max) receipts.pop_front();
  }
}

} // namespace burrow::sim
