#include "test/support/queue_generator.hpp"

#include "cluster/queue/repeats.hpp"

namespace burrow::test {

using namespace queue;

struct queue_generator::drawing {
  drawing(random& chance, const queue_model& model) : chance_(chance), model_(model) {}

  command next() {
    command c;
    c.queue = {chance_.chance(700) ? "ann" : "bob", chance_.chance(600) ? "one" : chance_.chance(600) ? "two" : "dead"};
    list_ = model_.of(c.queue);
    switch (chance_.below(21)) {
      case 18: c.what = arrivals(); break;
      case 19: c.what = departures(); break;
      case 20: c.what = a_task(c.queue); break;
      case 0: case 1: case 2: case 3: case 4: c.what = an_insert(); break;
      case 5: case 6: case 7: case 8: case 9: c.what = a_take(); break;
      case 10: case 11: c.what = change{targets(), ttl(), hide()}; break;
      case 12: case 13: c.what = queue::remove{targets()}; break;
      case 14: c.what = an_unclaim(); break;
      case 15: c.what = a_configure(c.queue); break;
      default:
        if (chance_.chance(300)) c.what = purge{};
        else c.what = queue::clock{};
    }
    maybe_again(c);
    maybe_numbered(c);
    return c;
  }
  void remember(const command& c, const reply& r) {
    const auto* t = std::get_if<take_reply>(&r);
    if (t == nullptr || t->items.empty() || t->items.front().claim.value == 0) return;
    const auto& what = std::get<take>(c.what);
    claim_ = {t->items.front().claim, {}, what.idempotency_key, what.step};
    for (const auto& m : t->items) claim_.places.push_back(m.place);
  }
  std::uint32_t bodies = 0; ///< drawn for this entry

  /// Where the queues lie that messages move to.
  static shard_id shard_of(const std::string& name) { return name == "far" ? far_shard : own_shard; }
  std::optional<duration> seconds(std::uint64_t max) {
    if (chance_.chance(300)) return std::nullopt;
    return std::chrono::seconds(chance_.below(max + 1));
  }
  ttl_choice ttl() { return seconds(12); }
  std::optional<duration> hide() { return chance_.chance(400) ? duration{0} : seconds(6); }
  const message* any() {
    if (list_ == nullptr || list_->empty()) return nullptr;
    return &(*list_)[chance_.below(list_->size())].m;
  }
  std::string id() {
    const message* m = any();
    if (m != nullptr && chance_.chance(500)) return chance_.chance(200) ? m->id.text26() : m->shown_id();
    return std::string(1, static_cast<char>('a' + chance_.below(8)));
  }
  condition guard(bool inserting) {
    condition g;
    const message* m = any();
    if (inserting) g.if_none_match = chance_.chance(100);
    if (chance_.chance(100)) g.if_match_any = true;
    if (m == nullptr || !chance_.chance(300)) return g;
    if (chance_.chance(300)) g.if_match = {m->version(), m->version() + 1};
    if (inserting) return g;
    g.receipt = m->claim;
    if (chance_.chance(700)) g.receipt_claims = m->claims;
    if (chance_.chance(700)) g.receipt_place = m->place;
    return g;
  }
  std::string key() { return std::string(1, static_cast<char>('A' + chance_.below(3))); }
  template <class Command>
  void maybe_keyed(Command& what) {
    what.bounds.window = std::chrono::seconds(chance_.below(30));
    if (chance_.chance(300)) what.bounds.keys_max = chance_.between(1, 3);
    if (chance_.chance(300)) what.bounds.producers_max = chance_.between(1, 2);
    if (!chance_.chance(300)) return;
    what.idempotency_key = key();
    what.request_hash = {0, ++requests_};
  }
  /// Most requests with a key come again, sooner or later, and some of them to another queue.
  void maybe_again(command& c) {
    auto* put = std::get_if<insert>(&c.what);
    const auto* taken = std::get_if<take>(&c.what);
    const auto* moves = std::get_if<redrive>(&c.what);
    const bool keyed = (put != nullptr && !put->idempotency_key.empty()) ||
                       (taken != nullptr && !taken->idempotency_key.empty()) ||
                       (moves != nullptr && !moves->idempotency_key.empty());
    if (!keyed) return;
    auto& earlier = keyed_[c.what.index()];
    if (earlier.size() < 4 || chance_.chance(300)) earlier.push_back(c.what);
    else c.what = earlier[earlier.size() - 1 - chance_.below(4)];
    renumber(c);
  }
  void renumber(command& c) {
    auto* put = std::get_if<insert>(&c.what);
    for (std::size_t n = 0; put != nullptr && n < put->items.size(); ++n)
      put->items[n].body = put->items[n].refused == errc::ok ? bodies++ : 0;
  }
  /// Some commands come from gateways, and come again; what is finished with too, though it should not.
  void maybe_numbered(command& c) {
    const auto gateway = chance_.between(1, 3);
    auto& [earlier, below] = numbered_[gateway];
    if (!earlier.empty() && chance_.chance(150)) {
      c = earlier[earlier.size() - 1 - chance_.below(std::min<std::size_t>(earlier.size(), 12))];
      c.request.again = chance_.chance(700);
      renumber(c);
    } else if (chance_.chance(300)) {
      c.request = {gateway, earlier.size() + 1, 0, false};
      if (!is_numbered(c)) return; // and the machine takes no notice of the id
      earlier.push_back(c);
    } else {
      return;
    }
    if (chance_.chance(200)) below = std::max<std::uint64_t>(below, earlier.size() - chance_.below(earlier.size() + 1));
    c.request.answered_below = below;
  }
  insert an_insert() {
    insert what;
    maybe_keyed(what);
    what.atomic = chance_.chance(250);
    what.fallback.ttl = std::chrono::seconds(chance_.below(20));
    what.fallback.body_bytes_max = 90;
    if (chance_.chance(300)) what.fallback.tenant_bytes_max = chance_.chance(500) ? 400 : 1500;
    if (chance_.chance(200)) what.fallback.tenant_queues_max = 1;
    for (auto n = chance_.between(1, 4); n > 0; --n) {
      auto& item = what.items.emplace_back();
      if (chance_.chance(600)) item.name = id();
      item.body_size = static_cast<std::uint32_t>(chance_.below(100));
      item.body_hash = {chance_.next(), chance_.next()};
      item.ttl = ttl();
      if (chance_.chance(300)) item.hide = hide();
      if (chance_.chance(200)) item.attributes.meta["region"] = "north";
      if (chance_.chance(400)) item.attributes.priority = static_cast<std::uint8_t>(chance_.below(10));
      if (chance_.chance(200)) item.attributes.persistent = chance_.chance(500);
      if (chance_.chance(200)) {
        item.attributes.producer = std::string(1, static_cast<char>('p' + chance_.below(3)));
        item.sequence = chance_.below(20);
      }
      item.guard = guard(true);
      // As the replica numbers them: what is refused beforehand has no body, and the number of another's.
      if (chance_.chance(50)) item.refused = errc::invalid_parameter;
      else item.body = bodies++;
    }
    return what;
  }
  take a_take() {
    take what;
    what.action = static_cast<take_action>(chance_.below(3));
    what.limit = static_cast<std::uint32_t>(chance_.between(1, 5));
    if (chance_.chance(200)) what.bytes_max = chance_.between(1, 200);
    if (chance_.chance(300)) what.ttl = ttl();
    what.hide = what.action == take_action::claim ? seconds(6) : chance_.chance(500) ? std::optional(duration{0})
                                                                                     : std::nullopt;
    what.match_hidden = chance_.chance(250);
    what.order = static_cast<take_order>(chance_.below(3));
    if (const message* m = any(); m != nullptr && chance_.chance(250)) {
      what.from.after = m->place;
      if (chance_.chance(700)) what.from.priority = m->attributes.priority;
      if (chance_.chance(200)) what.from.lifo = chance_.chance(300);
    }
    else if (chance_.chance(200)) what.from.marker = id();
    if (const message* m = any(); m != nullptr && chance_.chance(150)) what.below = m->place;
    if (chance_.chance(150))
      for (int n = 0; n < 3; ++n)
        if (const message* m = any()) what.only.push_back(m->place);
    if (chance_.chance(300)) what.fallback.claimed_max = chance_.between(1, 5);
    maybe_keyed(what);
    if (chance_.chance(100)) what.step = 1;
    return what;
  }
  std::vector<target> targets() {
    std::vector<target> all;
    for (auto n = chance_.between(1, 3); n > 0; --n) {
      auto& t = all.emplace_back();
      t.guard = guard(false);
      if (!t.guard.receipt_place || chance_.chance(700)) t.id = id();
    }
    return all;
  }
  unclaim an_unclaim() { return claim_; }

  std::string any_target() {
    static constexpr const char* names[] = {"one", "two", "dead", "far"};
    return names[chance_.below(4)];
  }
  arrive arrivals() {
    arrive what{source, {1, done_below_}, {}};
    if (chance_.chance(400)) done_below_ += chance_.below(4);
    for (auto n = chance_.between(1, 3); n > 0; --n) {
      auto& item = what.items.emplace_back();
      const auto number = done_below_ + chance_.below(30) - std::min<std::uint64_t>(done_below_, 5);
      item.number = {1, number};
      item.to = {chance_.chance(700) ? "ann" : "bob", chance_.chance(500) ? "one" : "dead"};
      list_ = model_.of(item.to);
      auto& m = item.what;
      m.id = message_id::make(1'600'000'000'000, source, number);
      if (chance_.chance(500)) m.name = chance_.chance(100) ? m.id.text26() : id();
      m.body = {{}, bodies++, static_cast<std::uint32_t>(chance_.below(100)), {chance_.next(), chance_.next()}};
      m.created = {1'600'000'000'123};
      if (chance_.chance(300)) m.expires = {1'800'000'000'000}; // behind any time that a life jumps to
      m.claims = static_cast<std::uint32_t>(chance_.below(2));
      m.claims_total = 4;
      m.revision = chance_.below(9) + 1;
      if (chance_.chance(300)) m.attributes.priority = static_cast<std::uint8_t>(chance_.below(10));
      if (chance_.chance(600))
        m.dead_letter = {any_target(), {}, "old", "max_claims", 3, {1'600'000'000'000},
                         static_cast<std::uint8_t>(chance_.between(1, 9))};
      if (m.dead_letter) m.dead_letter->shard = shard_of(m.dead_letter->queue);
      if (chance_.chance(600)) item.ttl = std::chrono::seconds(chance_.below(9));
    }
    return what;
  }
  left departures() {
    left what{far_shard, {}};
    for (const auto& [key, one] : model_.leaving)
      if (chance_.chance(400)) what.numbers.push_back(key.number);
    if (chance_.chance(100)) what.numbers.push_back({1, 1});
    return what;
  }
  action a_task(const queue_ref& ref) {
    const auto kept = model_.tasks.find(ref);
    const bool any_task = kept != model_.tasks.end() && !kept->second.empty();
    if (any_task && chance_.chance(700)) {
      const auto& t = chance_.chance(800) ? kept->second.back() : kept->second.front();
      if (chance_.chance(150)) return cancel_task{t.view.id};
      redrive_step step{t.view.id, ~std::uint64_t{0}, {}};
      const message* m = any();
      if (m != nullptr && chance_.chance(300)) step.upto = t.what.ids.empty() ? m->place.value : chance_.below(3);
      if (m != nullptr && chance_.chance(300)) step.taken = {m->place};
      return step;
    }
    redrive what;
    if (chance_.chance(600)) what.to = any_target();
    if (what.to) what.to_shard = shard_of(*what.to);
    if (chance_.chance(300))
      for (auto n = chance_.between(1, 4); n > 0; --n) what.ids.push_back(id());
    if (chance_.chance(300)) what.limit = chance_.between(1, 3);
    what.max_per_second = limits::redrive_rate_max;
    what.fallback.ttl = std::chrono::seconds(chance_.below(20));
    if (chance_.chance(200)) what.fallback.tenant_queues_max = 1;
    maybe_keyed(what);
    return what;
  }
  template <class T>
  void maybe(std::optional<T>& value, std::uint64_t low, std::uint64_t high) {
    if (chance_.chance(250)) value = static_cast<T>(chance_.between(low, high));
  }
  configure a_configure(const queue_ref& ref) {
    configure what;
    what.action = chance_.chance(150) ? configure_action::forget : static_cast<configure_action>(chance_.below(2));
    auto& rules = what.to.values.rules;
    maybe(rules.default_ttl_s, 0, 15);
    maybe(rules.default_hide_s, 0, 4);
    maybe(rules.max_ttl_s, 0, 12);
    maybe(rules.max_body, 1, 150);
    maybe(rules.max_messages, 0, 8);
    maybe(rules.max_bytes, 0, 400);
    maybe(rules.max_claimed, 0, 4);
    maybe(rules.overflow, 0, 1);
    maybe(rules.durability, 0, 2);
    maybe(rules.dedupe_window_s, 0, 40);
    maybe(rules.lifo, 0, 1);
    maybe(rules.priorities, 1, 10);
    if (chance_.chance(150)) rules.require_receipt = chance_.chance(500);
    if (chance_.chance(100)) rules.pause_insert = chance_.chance(500);
    if (chance_.chance(100)) rules.pause_take = chance_.chance(500);
    // A pause ends soon, or little would happen.
    if (chance_.chance(500)) {
      auto& rule = rules.dead_letter.emplace();
      rule.queue = any_target();
      rule.shard = shard_of(rule.queue);
      rule.max_claims = static_cast<std::uint16_t>(chance_.between(1, 3));
      rule.expired = chance_.chance(400);
      rule.resets_claims = chance_.chance(700);
      rule.resets_ttl = chance_.chance(700);
      rule.fallback_ttl_s = static_cast<std::int64_t>(chance_.below(20));
    }
    what.to.named = static_cast<std::uint32_t>(chance_.below(1 << 18)) | bit_of(setting::pause_insert) |
                    bit_of(setting::pause_take);
    for (auto n = chance_.below(3); n > 0; --n)
      what.to.values.labels.insert_or_assign(std::string(1, static_cast<char>('a' + chance_.below(40))), "v");
    if (chance_.chance(200)) what.to.labels_erased = {"a", "c"};
    if (chance_.chance(100)) what.to.values.zone = "b";
    if (chance_.chance(200)) {
      const auto kept = model_.settings.find(ref);
      what.guard.if_match = {kept == model_.settings.end() || chance_.chance(200) ? 0 : kept->second.revision};
    }
    what.guard.if_none_match = chance_.chance(50);
    if (chance_.chance(200)) what.fallback.tenant_queues_max = 1;
    return what;
  }

  random& chance_;
  const queue_model& model_;
  const queue_model::messages* list_ = nullptr;
  unclaim claim_;
  std::uint64_t requests_ = 0;
  std::map<std::size_t, std::vector<action>> keyed_; ///< by kind
  std::map<std::uint64_t, std::pair<std::vector<command>, std::uint64_t>> numbered_; ///< and what is finished with
  std::uint64_t done_below_ = 1;
};

queue_generator::queue_generator(random& chance, const queue_model& model)
    : drawing_(std::make_unique<drawing>(chance, model)) {}
queue_generator::~queue_generator() = default;
void queue_generator::begin_entry() { drawing_->bodies = 0; }
command queue_generator::next() { return drawing_->next(); }
void queue_generator::remember(const command& c, const reply& r) { drawing_->remember(c, r); }

} // namespace burrow::test
