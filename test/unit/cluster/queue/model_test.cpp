// Random commands with random steps of time, against the reference model. A failure prints the seed that replays it:
//   BURROW_QUEUE_SEED=4711 burrow_unit -tc='*reference model*'
// BURROW_QUEUE_LIVES=5000 runs that many seeds from there on.
#include "cluster/base/limits.hpp"
#include "cluster/base/random.hpp"
#include "cluster/queue/move_records.hpp"
#include "cluster/queue/rebuild.hpp"
#include "test/support/map_view.hpp"
#include "test/support/queue_generator.hpp"
#include "test/support/queue_check.hpp"
#include "test/support/queue_model.hpp"
#include "test/support/queue_text.hpp"

#include <doctest/doctest.h>

#include <cstdlib>

using namespace burrow;
using namespace burrow::queue;
using burrow::test::body_name;

namespace {

constexpr shard_id shard = test::queue_generator::own_shard;

/// One random life of a shard. Stops at the first thing that is wrong and says what.
class life {
public:
  explicit life(std::uint64_t seed, bool cold) : chance_(seed), draw_(chance_, model_) {
    now_ = {1'700'000'000'000};
    model_.own_shard = shard;
    model_.learn = [this](const queue_ref& to, const body_ref& body) { return placed(to, body); };
    model_.learn_leaving = [this](const body_ref& body) { return numbered(body); };
    if (cold) view_.is_cold = [this] { return chance_.chance(200); };
  }

  std::string run(std::size_t entries) {
    for (std::size_t n = 0; n < entries; ++n) {
      if (const auto wrong = step(); !wrong.empty()) return "entry " + std::to_string(n) + ": " + wrong;
    }
    return {};
  }

  /// What a repair would make of this state, of which nothing is lost, is whole.
  std::string rebuilt() {
    test::map_view anew;
    rebuilder from({shard, {index_ + 1000}, now_}, anew, [&](const body_ref& b) {
      return bodies_.contains({b.index.value, b.n});
    });
    const auto take = [&] {
      for (const auto& c : from.take()) {
        if (c.value) anew.pairs.insert_or_assign(c.key, *c.value);
        else anew.pairs.erase(c.key);
      }
    };
    bool sweeping = false;
    for (const auto& [k, v] : view_.pairs) {
      sweeping |= k.front() == key::sweep_family;
      from.pair(k, v);
      if (chance_.chance(100)) take();
    }
    take(), take();
    if (from.report().lost_messages > 0) return "a message is lost";
    return sweeping ? std::string() : test::check_state(anew, bodies_); // who waits to be swept has its body still
  }

private:
  std::string step() {
    const std::uint64_t long_step = chance_.chance(50) ? 30000 : 4000;
    now_ = now_ + duration(chance_.below(chance_.chance(600) ? 900 : long_step));
    if (chance_.chance(4)) now_ = now_ + limits::producer_silence_max - duration(chance_.below(30'000));
    // Even at the highest rate a task moves more than one message only when time has passed.
    if (!model_.tasks.empty()) now_ = now_ + duration{1};
    const apply_meta meta{shard, {++index_}, now_};
    entry_command entry;
    draw_.begin_entry();
    for (auto n = chance_.between(1, 3); n > 0; --n) entry.commands.push_back(draw_.next());
    outcome out;
    before_ = view_.pairs;
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
    for (const auto& c : entry.commands) {
      if (const auto* i = std::get_if<insert>(&c.what))
        for (const auto& item : i->items)
          if (item.refused == errc::ok) bodies_.insert({meta.index.value, item.body});
      if (const auto* a = std::get_if<arrive>(&c.what))
        for (const auto& item : a->items) bodies_.insert({meta.index.value, item.what.body.n});
    }
    for (const auto& b : out.changes.bodies_erased)
      if (bodies_.erase({b.index.value, b.n}) == 0) return "a body is erased twice";
    return {};
  }

  std::string compare(const apply_meta& meta, const entry_command& entry, const outcome& out) {
    model_.begin_entry();
    begin_stage(meta, {});
    model_.settle(now_);
    for (std::size_t n = 0; n < entry.commands.size(); ++n) {
      begin_stage(meta, {{entry.commands.begin(), entry.commands.begin() + static_cast<std::ptrdiff_t>(n) + 1}});
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

  /// What the machine would have after these commands alone: where moved messages are, before others touch them.
  void begin_stage(const apply_meta& meta, entry_command commands) {
    stage_meta_ = meta;
    stage_commands_ = std::move(commands);
    stage_.reset();
  }
  const test::map_view& stage() {
    if (!stage_) {
      stage_.emplace().pairs = before_;
      const auto out = apply(stage_meta_, stage_commands_, *stage_);
      if (const auto wrong = stage_->accept(out.changes); !wrong.empty()) model_.wrong += wrong;
    }
    return *stage_;
  }
  std::optional<test::queue_model::drawn> placed(const queue_ref& to, const body_ref& body) {
    const auto& pairs = stage().pairs;
    const auto record = pairs.find(key::queue(to));
    if (record == pairs.end()) return std::nullopt;
    const auto number = decode_queue(record->second)->number;
    for (auto at = pairs.lower_bound(key::message(number, {}));
         at != pairs.end() && at->first < key::message(number, place_end); ++at) {
      const auto m = decode_message({key::last_number(at->first)}, at->second)->item;
      if (m.body.index == body.index && m.body.n == body.n) return test::queue_model::drawn{m.place, m.id, m.name};
    }
    return std::nullopt;
  }
  std::optional<move_key> numbered(const body_ref& body) {
    const auto& pairs = stage().pairs;
    for (auto at = pairs.lower_bound(std::string(1, key::leaving_family));
         at != pairs.end() && at->first < key::family_end(key::leaving_family); ++at) {
      const auto number = key::move_of(at->first);
      const auto m = decode_leaving(number, at->second)->moved.what;
      if (m.body.index == body.index && m.body.n == body.n) return move_key{key::shard_of(at->first), number};
    }
    return std::nullopt;
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
                          query{ref, list_tasks{}}, queues, query{{}, list_tenants{}}}) {
      // What is about to move within the shard is counted here or there by whoever counts several queues.
      const instant at = q.queue.queue.empty() ? now_ : later;
      const auto wanted = test::to_text(model_.ask(at, q));
      const auto real = test::to_text(ask_cold(at, q));
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
  test::queue_generator draw_;
  std::set<body_name> bodies_;
  std::uint64_t index_ = 0;
  instant now_;
  decltype(test::map_view::pairs) before_; ///< the state before this entry
  apply_meta stage_meta_{};
  entry_command stage_commands_;
  std::optional<test::map_view> stage_;
};

void run_lives(std::uint64_t first, std::uint64_t count, bool cold) {
  const char* given = std::getenv("BURROW_QUEUE_SEED");
  if (given != nullptr) {
    first = std::strtoull(given, nullptr, 10);
    count = 1;
  }
  if (const char* more = std::getenv("BURROW_QUEUE_LIVES")) count = std::strtoull(more, nullptr, 10);
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    life one(seed, cold);
    auto wrong = one.run(150);
    if (wrong.empty()) wrong = one.rebuilt();
    CHECK_MESSAGE(wrong.empty(), "BURROW_QUEUE_SEED=" << seed << " burrow_unit -tc='*reference model*': " << wrong);
    if (!wrong.empty()) return;
  }
}

} // namespace

TEST_CASE("the machine does what the reference model does") { run_lives(1, 60, false); }

TEST_CASE("with reads that are not here at random it does what the reference model does") { run_lives(1000, 40, true); }
