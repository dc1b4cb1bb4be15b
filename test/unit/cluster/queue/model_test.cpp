// Random commands with random steps of time, against the reference model. A failure prints the seed that replays it:
//   BURROW_QUEUE_SEED=4711 burrow_unit -tc='*reference model*'
// BURROW_QUEUE_LIVES=5000 runs that many seeds from there on.
#include "cluster/base/limits.hpp"
#include "cluster/base/random.hpp"
#include "test/support/map_view.hpp"
#include "test/support/queue_check.hpp"
#include "test/support/queue_model.hpp"
#include "test/support/queue_text.hpp"

#include <doctest/doctest.h>

#include <cstdlib>

using namespace burrow;
using namespace burrow::queue;
using burrow::test::body_name;

namespace {

constexpr shard_id shard{3};

/// Draws commands that often meet: few tenants, queues and names, short times.
class generator {
public:
  generator(burrow::random& chance, const test::queue_model& model) : chance_(chance), model_(model) {}

  command next() {
    command c;
    c.queue = {chance_.chance(700) ? "ann" : "bob", chance_.chance(600) ? "one" : "two"};
    list_ = model_.of(c.queue);
    switch (chance_.below(18)) {
      case 0: case 1: case 2: case 3: case 4: c.what = an_insert(); break;
      case 5: case 6: case 7: case 8: case 9: c.what = a_take(); break;
      case 10: case 11: c.what = change{targets(), ttl(), hide()}; break;
      case 12: case 13: c.what = burrow::queue::remove{targets()}; break;
      case 14: c.what = an_unclaim(); break;
      case 15: c.what = a_configure(c.queue); break;
      default:
        if (chance_.chance(300)) c.what = purge{};
        else c.what = burrow::queue::clock{};
    }
    maybe_again(c);
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

private:
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
    const bool keyed = (put != nullptr && !put->idempotency_key.empty()) ||
                       (taken != nullptr && !taken->idempotency_key.empty());
    if (!keyed) return;
    auto& earlier = keyed_[c.what.index()];
    if (earlier.size() < 4 || chance_.chance(300)) earlier.push_back(c.what);
    else c.what = earlier[earlier.size() - 1 - chance_.below(4)];
    put = std::get_if<insert>(&c.what);
    for (std::size_t n = 0; put != nullptr && n < put->items.size(); ++n)
      put->items[n].body = put->items[n].refused == errc::ok ? bodies++ : 0;
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
    what.to.named = static_cast<std::uint32_t>(chance_.below(1 << 17)) | bit_of(setting::pause_insert) |
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

  burrow::random& chance_;
  const test::queue_model& model_;
  const test::queue_model::messages* list_ = nullptr;
  unclaim claim_;
  std::uint64_t requests_ = 0;
  std::map<std::size_t, std::vector<action>> keyed_; ///< by kind
};

/// One random life of a shard. Stops at the first thing that is wrong and says what.
class life {
public:
  explicit life(std::uint64_t seed, bool cold) : chance_(seed), draw_(chance_, model_) {
    now_ = {1'700'000'000'000};
    if (cold) view_.is_cold = [this] { return chance_.chance(200); };
  }

  std::string run(std::size_t entries) {
    for (std::size_t n = 0; n < entries; ++n) {
      if (const auto wrong = step(); !wrong.empty()) return "entry " + std::to_string(n) + ": " + wrong;
    }
    return {};
  }

private:
  std::string step() {
    const std::uint64_t long_step = chance_.chance(50) ? 30000 : 4000;
    now_ = now_ + duration(chance_.below(chance_.chance(600) ? 900 : long_step));
    if (chance_.chance(4)) now_ = now_ + limits::producer_silence_max - duration(chance_.below(30'000));
    const apply_meta meta{shard, {++index_}, now_};
    entry_command entry;
    draw_.bodies = 0;
    for (auto n = chance_.between(1, 3); n > 0; --n) entry.commands.push_back(draw_.next());
    outcome out;
    if (const auto wrong = apply_cold(meta, entry, out); !wrong.empty()) return wrong;
    if (const auto wrong = view_.accept(out.changes); !wrong.empty()) return wrong;
    if (const auto wrong = bodies_of(entry, out, meta); !wrong.empty()) return wrong;
    if (const auto wrong = compare(meta, entry, out); !wrong.empty()) return wrong;
    if (const auto wrong = test::check_state(view_, bodies_); !wrong.empty()) return wrong;
    return questions();
  }

  /// Repeats the call until everything is there; a call that gave up must leave no trace. Then once more on a copy of
  /// the map alone, which must come to the same.
  std::string apply_cold(const apply_meta& meta, const entry_command& entry, outcome& out) {
    view_.forget_loaded();
    for (const auto& known : keys(entry)) view_.load({known});
    for (int tries = 0; ; ++tries) {
      out = apply(meta, entry, view_);
      if (out.missing.empty()) break;
      if (!out.replies.empty() || !out.effects.empty() || !out.changes.changes.empty()) return "gave up with effect";
      if (tries > 200) return "does not get further by loading";
      view_.load(out.missing);
    }
    test::map_view copy;
    copy.pairs = view_.pairs;
    const auto again = apply(meta, entry, copy);
    if (test::to_text(again) != test::to_text(out)) return "a second apply differs";
    return out.replies.size() == entry.commands.size() ? "" : "not one reply for each command";
  }

  std::string bodies_of(const entry_command& entry, const outcome& out, const apply_meta& meta) {
    for (const auto& c : entry.commands)
      if (const auto* i = std::get_if<insert>(&c.what))
        for (const auto& item : i->items)
          if (item.refused == errc::ok) bodies_.insert({meta.index.value, item.body});
    for (const auto& b : out.changes.bodies_erased)
      if (bodies_.erase({b.index.value, b.n}) == 0) return "a body is erased twice";
    return {};
  }

  std::string compare(const apply_meta& meta, const entry_command& entry, const outcome& out) {
    model_.begin_entry();
    model_.settle(now_);
    for (std::size_t n = 0; n < entry.commands.size(); ++n) {
      const auto wanted = test::to_text(model_.run(entry.commands[n], meta, out.replies[n]));
      const auto real = test::to_text(out.replies[n]);
      if (wanted != real) return "reply " + std::to_string(n) + " should be\n" + wanted + "\nbut is\n" + real;
      draw_.remember(entry.commands[n], out.replies[n]);
    }
    std::map<queue_ref, std::uint64_t> shown;
    for (const auto& e : out.effects) shown[std::get<became_visible>(e).queue] = std::get<became_visible>(e).count;
    std::erase_if(model_.shown, [](const auto& x) { return x.second == 0; });
    if (shown != model_.shown) return "effects";
    return model_.wrong;
  }

  std::string questions() {
    const instant later = now_ + duration(chance_.chance(500) ? 0 : chance_.below(8000));
    const queue_ref ref{chance_.chance(700) ? "ann" : "bob", chance_.chance(600) ? "one" : "two"};
    list_messages all;
    all.limit = static_cast<std::uint32_t>(chance_.between(1, 20));
    all.match_hidden = chance_.chance(500);
    all.lifo = chance_.chance(300);
    list_messages taken = all;
    taken.taking = static_cast<take_action>(chance_.below(3));
    taken.order = static_cast<take_order>(chance_.below(3));
    if (chance_.chance(300)) taken.idempotency_key = std::string(1, static_cast<char>('A' + chance_.below(3)));
    const query queues{{}, list_queues{"ann", {}, {}, 1000, chance_.chance(500)}};
    for (const auto& q : {query{ref, all}, query{ref, taken}, query{ref, queue_stats{}}, query{ref, get_settings{}},
                          queues, query{{}, list_tenants{}}}) {
      const auto wanted = test::to_text(model_.ask(later, q));
      const auto real = test::to_text(ask_cold(later, q));
      if (wanted != real && !same_but_more(wanted, real))
        return "answer should be\n" + wanted + "\nbut is\n" + real;
    }
    look_answer seen = std::get<look_answer>(ask_cold(later, {ref, look{false, "A"}}));
    if (model_.is_remembered(later, ref, "A") && !seen.maybe) return "look does not see a remembered claim";
    seen = std::get<look_answer>(ask_cold(later, {ref, look{}}));
    const auto wanted = std::get<messages_answer>(model_.ask(later, {ref, list_messages{}}));
    if (!wanted.items.empty() && !seen.maybe) return "look sees nothing";
    return {};
  }
  /// "There may be more" of a list that reached its limit may be wrong.
  static bool same_but_more(std::string wanted, std::string real) {
    const auto at = real.find(" more");
    if (at != std::string::npos) real.erase(at, 5);
    return wanted == real;
  }
  answer ask_cold(instant at, const query& q) {
    view_.forget_loaded();
    for (;;) {
      auto got = ask(shard, at, q, view_);
      if (got.missing.empty()) return got.result;
      view_.load(got.missing);
    }
  }

  burrow::random chance_;
  test::map_view view_;
  test::queue_model model_;
  generator draw_;
  std::set<body_name> bodies_;
  std::uint64_t index_ = 0;
  instant now_;
};

void run_lives(std::uint64_t first, std::uint64_t count, bool cold) {
  const char* given = std::getenv("BURROW_QUEUE_SEED");
  if (given != nullptr) {
    first = std::strtoull(given, nullptr, 10);
    count = 1;
  }
  if (const char* more = std::getenv("BURROW_QUEUE_LIVES")) count = std::strtoull(more, nullptr, 10);
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    const auto wrong = life(seed, cold).run(150);
    CHECK_MESSAGE(wrong.empty(), "BURROW_QUEUE_SEED=" << seed << " burrow_unit -tc='*reference model*': " << wrong);
    if (!wrong.empty()) return;
  }
}

} // namespace

TEST_CASE("the machine does what the reference model does") { run_lives(1, 60, false); }

TEST_CASE("with reads that are not here at random it does what the reference model does") { run_lives(1000, 40, true); }
