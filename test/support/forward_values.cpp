#include "test/support/forward_values.hpp"

#include "cluster/base/limits.hpp"

namespace burrow::test {

using namespace queue;

namespace {

struct drawing {
  random& chance;

  std::uint64_t number() { return chance.below(1ULL << chance.below(63)); }
  std::uint32_t small() { return static_cast<std::uint32_t>(chance.below(1U << chance.below(31))); }
  bool yes() { return chance.chance(500); }
  std::string text(std::size_t most = 12) { return some_bytes(chance, most); }
  instant time() { return yes() ? no_instant : instant{static_cast<std::int64_t>(chance.below(1ULL << 42))}; }
  errc problem() { return static_cast<errc>(chance.below(26)); }
  std::uint8_t digit() { return static_cast<std::uint8_t>(chance.below(10)); }
  shard_id shard() { return {static_cast<std::uint16_t>(chance.below(200))}; }

  message_attributes attributes() {
    message_attributes out;
    out.content_type = text();
    for (auto n = chance.below(4); n > 0; --n) out.meta.emplace(text(), text());
    out.priority = digit();
    out.group = text();
    out.sender = text();
    out.producer = text();
    out.traceparent = text();
    out.tracestate = text();
    if (yes()) out.persistent = yes();
    return out;
  }
  message a_message() {
    message out;
    out.id = {chance.next(), chance.next()};
    out.place = {number()};
    out.name = text();
    out.body = {{number()}, small(), static_cast<std::uint32_t>(chance.below(1 << 20)), {chance.next(), chance.next()}};
    out.attributes = attributes();
    out.created = time();
    out.expires = time();
    out.hidden_until = time();
    out.claim = {number()};
    out.claimed = yes();
    out.claims = small();
    out.claims_total = small();
    out.revision = number();
    out.in_ttl_order = yes();
    if (yes()) out.dead_letter = dead_letter_origin{text(), shard(), text(), text(), small(), time(), digit()};
    return out;
  }
  std::vector<message> messages() {
    std::vector<message> out;
    for (auto n = chance.below(4); n > 0; --n) out.push_back(a_message());
    return out;
  }
  std::vector<move_key> moves() {
    std::vector<move_key> out;
    for (auto n = chance.below(3); n > 0; --n) out.push_back({shard(), {number(), number()}});
    return out;
  }
  settings a_setting() {
    settings out;
    each_rule([&]<class T>(setting which, std::optional<T> queue_rules::*member) {
      const auto [low, high] = range_of(which);
      if (yes()) out.rules.*member = static_cast<T>(low + chance.below(std::min<std::uint64_t>(high - low + 1, 1000)));
    });
    if (yes()) out.rules.dead_letter = dead_letter_rule{"dead", shard(), 3, yes(), yes(), yes(), 17};
    if (yes()) out.labels.emplace("team", "blue");
    if (yes()) out.zone = "b";
    return out;
  }
  task_view task() {
    task_view out{{number()}, static_cast<task_state>(chance.below(4)), number(), number(), number(), number(),
                  time(),     time(), std::nullopt,                      number(), small()};
    if (yes()) out.to = text();
    return out;
  }
  queue_summary summary() {
    return {text(), number(), number(), number(), number(), number(), time(), time(), yes()};
  }
  position from() {
    position out;
    if (yes()) out.after = place{number()};
    else if (yes()) out.marker = text();
    if (yes()) out.lifo = yes();
    if (yes()) out.priority = digit();
    return out;
  }
  moved_message moved() {
    moved_message out{{number(), number()}, {text(), text()}, a_message(), std::nullopt};
    // What an arrival sets anew does not cross.
    message kept;
    auto& m = out.what;
    kept.id = m.id, kept.name = m.name, kept.body = m.body, kept.attributes = m.attributes, kept.created = m.created;
    kept.expires = m.expires, kept.claims = m.claims, kept.claims_total = m.claims_total, kept.revision = m.revision;
    kept.dead_letter = m.dead_letter;
    m = kept;
    if (yes()) out.ttl = duration{static_cast<std::int64_t>(small())};
    return out;
  }
};

} // namespace

std::string some_bytes(random& chance, std::size_t most) {
  std::string out(chance.below(most + 1), '\0');
  for (auto& c : out) c = static_cast<char>(chance.next());
  return out;
}

std::vector<shared_bytes> some_bodies(random& chance, std::size_t most) {
  std::vector<shared_bytes> out;
  for (auto n = chance.below(most + 1); n > 0; --n)
    out.push_back(chance.chance(100) ? shared_bytes() : shared_bytes(some_bytes(chance, 50)));
  return out;
}

query some_query(random& chance) {
  drawing d{chance};
  query out{{"t" + d.text(), "q" + d.text()}, queue_stats{}};
  const auto limit = static_cast<std::uint32_t>(chance.below(257));
  switch (chance.below(14)) {
  case 0: {
    list_messages list;
    list.limit = limit;
    list.bytes_max = d.number();
    list.match_hidden = d.yes();
    list.lifo = d.yes();
    list.from = d.from();
    for (auto n = chance.below(3); n > 0; --n) list.match_meta.emplace_back(d.text(), d.text());
    list.examine_max = limit;
    if (d.yes()) list.taking = static_cast<take_action>(chance.below(3));
    list.order = static_cast<take_order>(chance.below(3));
    list.idempotency_key = d.text();
    out.what = list;
    break;
  }
  case 1: out.what = get_message{d.text()}; break;
  case 2: break;
  case 3: out.what = look{d.yes(), d.text()}; break;
  case 4: out.what = list_queues{d.text(), d.text(), d.text(), limit, d.yes()}; break;
  case 5: out.what = list_tenants{d.text(), d.text(), limit}; break;
  case 6: out.what = tenant_total{d.text()}; break;
  case 7: out.what = registry_get{d.text()}; break;
  case 8: out.what = get_settings{}; break;
  case 9: out.what = list_tasks{}; break;
  case 10: out.what = get_task{{d.number()}}; break;
  case 11: out.what = list_leaving{d.shard(), {d.number(), d.number()}, limit % 257, chance.below(1000)}; break;
  case 12: out.what = look_ahead{{d.number()}}; break;
  default: out.what = names_taken{{d.text(), d.text()}};
  }
  return out;
}

reply some_reply(random& chance) {
  drawing d{chance};
  switch (chance.below(8)) {
  case 0: {
    insert_reply out{{}, d.problem(), d.yes(), d.number()};
    for (auto n = chance.below(4); n > 0; --n)
      out.items.push_back({static_cast<insert_status>(chance.below(4)), d.problem(), {chance.next(), chance.next()},
                           d.text(), {d.number()}, d.number(), d.time(),
                           duration{static_cast<std::int64_t>(d.small())}});
    return out;
  }
  case 1:
    return take_reply{d.messages(), d.number(), {d.number()}, d.yes(), {d.number()}, d.yes(), d.yes(), d.digit(),
                      d.yes(), d.yes(), d.yes(), d.number(), d.problem(), d.time(), d.moves()};
  case 2: {
    targets_reply out{{}, d.yes(), d.yes(), d.time(), d.moves()};
    for (auto n = chance.below(4); n > 0; --n) {
      out.items.push_back({d.problem(), std::nullopt});
      if (d.yes()) out.items.back().item = d.a_message();
    }
    return out;
  }
  case 3: return purge_reply{d.number()};
  case 4: return done_reply{d.problem(), d.yes(), d.text(100)};
  case 5: return settings_reply{d.problem(), d.yes(), d.a_setting(), d.number()};
  case 6: return task_reply{d.problem(), d.task()};
  default: return arrive_reply{{d.problem(), errc::ok}};
  }
}

answer some_answer(random& chance) {
  drawing d{chance};
  switch (chance.below(13)) {
  case 0: {
    messages_answer out{d.messages(), {d.number()}, d.yes(), d.yes(), std::nullopt, d.time(), d.yes(), d.yes(),
                        d.digit(), d.problem(), d.yes()};
    if (d.yes()) out.revision = d.number();
    return out;
  }
  case 1: {
    message_answer out{std::nullopt, d.yes(), d.time()};
    if (d.yes()) out.item = d.a_message();
    return out;
  }
  case 2:
    return stats_answer{d.summary(), {d.number(), d.number(), d.number(), d.number(), d.number()}, d.yes(), d.time()};
  case 3: return look_answer{d.yes(), d.yes(), d.time()};
  case 4: return queues_answer{{d.summary(), d.summary()}, d.yes(), d.time()};
  case 5: return tenants_answer{{{d.text(), d.number(), d.number(), d.number()}}, d.yes()};
  case 6: return registry_answer{{{d.text(), d.text(100)}, {d.text(), d.text()}}};
  case 7: return settings_answer{d.a_setting(), d.number()};
  case 8: return tasks_answer{{d.task(), d.task()}};
  case 9: {
    task_answer out;
    if (d.yes()) out.item = d.task();
    return out;
  }
  case 10: return leaving_answer{{d.moved(), d.moved()}, {d.number(), d.number()}, d.yes()};
  case 11:
    return look_ahead_answer{d.yes(), d.number(), {{{d.number()}, d.text(), {d.text(), d.text()}, d.shard()}}};
  default: return names_answer{{d.yes(), d.yes(), d.yes()}};
  }
}

} // namespace burrow::test
