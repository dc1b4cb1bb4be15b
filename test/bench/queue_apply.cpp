// Cost of the queue machine alone, over a map in memory: nanoseconds a message for inserts, takes and
// acknowledgements. The map's reads are in it (a look-up among millions of keys), its writes are not.
// usage: bench_queue_apply [messages] [rules | priorities]   the queue has settings; the second: messages of ten levels
#include "cluster/queue/machine.hpp"
#include "test/support/map_view.hpp"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>

using namespace burrow;
using namespace burrow::queue;

namespace {

const queue_ref target_queue{"tenant", "queue"};
constexpr instant start{1'700'000'000'000};

// Processor time of this thread: the machine that this runs on may be busy with other things.
std::int64_t cpu_ns() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return t.tv_sec * 1'000'000'000 + t.tv_nsec;
}
// What asking for it costs, which would else count for each entry.
std::int64_t cost_of_asking() {
  const std::int64_t began = cpu_ns();
  for (int n = 0; n < 1000; ++n) cpu_ns();
  return (cpu_ns() - began) / 1000;
}

struct machine {
  test::map_view state;
  std::uint64_t index = 0;

  std::int64_t spent = 0;
  std::int64_t asking = cost_of_asking();

  std::vector<reply> run(std::vector<command> commands) {
    const entry_command entry{std::move(commands)};
    const apply_meta meta{shard_id{1}, log_index{++index}, {start.ms + static_cast<std::int64_t>(index / 20)}};
    const auto began = cpu_ns();
    auto out = apply(meta, entry, state);
    spent += cpu_ns() - began - asking;
    if (const auto wrong = state.accept(out.changes); !wrong.empty()) std::fprintf(stderr, "%s\n", wrong.c_str());
    return std::move(out.replies);
  }
};

command of(action what) { return {target_queue, {}, std::move(what)}; }

configure rules(bool priorities) {
  configure what;
  auto& r = what.to.values.rules;
  r.default_ttl_s = 345'600;
  r.max_ttl_s = 1'000'000;
  r.max_body = 4096;
  r.max_messages = r.max_claimed = 100'000'000;
  r.max_bytes = std::uint64_t{1} << 40;
  r.overflow = overflow_rule::drop_oldest;
  r.require_receipt = true;
  r.priorities = priorities ? 10 : 1;
  what.to.named = bit_of(setting::zone) - 1;
  return what;
}

bool levels = false; ///< messages have priorities, in turn

insert one(std::string name, std::size_t count) {
  insert i;
  i.fallback.ttl = std::chrono::hours(96);
  i.fallback.tenant_bytes_max = std::uint64_t{1} << 40;
  for (std::size_t n = 0; n < count; ++n) {
    auto& item = i.items.emplace_back();
    item.name = name.empty() ? name : name + std::to_string(n);
    item.body = static_cast<std::uint32_t>(n);
    item.body_size = 1024;
    static std::uint8_t turn = 0;
    if (levels) item.attributes.priority = turn++ % 10;
  }
  return i;
}

template <class Work>
void measure(machine& m, const char* what, std::size_t messages, Work work) {
  m.spent = 0;
  m.state.gets = m.state.scans = 0;
  work();
  const auto each = [&](auto x) { return static_cast<double>(x) / static_cast<double>(messages); };
  std::printf("%-40s %6.0f ns, %.2f gets, %.2f scans a message\n", what, each(m.spent), each(m.state.gets),
              each(m.state.scans));
}

} // namespace

int main(int argc, char** argv) {
  const std::size_t count = argc > 1 ? static_cast<std::size_t>(std::atoll(argv[1])) : 100'000;
  machine m;
  const std::string with = argc > 2 ? argv[2] : "";
  levels = with == "priorities";
  if (!with.empty()) m.run({of(rules(levels))});
  measure(m, "insert, named, one an entry", count, [&] {
    for (std::size_t n = 0; n < count; ++n) m.run({of(one("message-" + std::to_string(n) + "-", 1))});
  });
  measure(m, "insert, nameless, one an entry", count, [&] {
    for (std::size_t n = 0; n < count; ++n) m.run({of(one({}, 1))});
  });
  measure(m, "insert, nameless, 64 commands an entry", count, [&] {
    for (std::size_t n = 0; n < count; n += 64) m.run(std::vector<command>(64, of(one({}, 1))));
  });
  measure(m, "insert, nameless, batches of 10", count, [&] {
    for (std::size_t n = 0; n < count; n += 10) m.run({of(one({}, 10))});
  });
  std::vector<std::vector<target>> taken;
  measure(m, "take 10", 2 * count, [&] {
    for (std::size_t n = 0; n < 2 * count; n += 10) {
      take t;
      t.limit = 10;
      t.hide = std::chrono::seconds(60);
      auto replies = m.run({of(t)});
      auto& targets = taken.emplace_back();
      for (const auto& item : std::get<take_reply>(replies[0]).items) {
        auto& x = targets.emplace_back();
        x.id = item.shown_id();
        x.guard.receipt = item.claim;
        x.guard.receipt_claims = item.claims;
        x.guard.receipt_place = item.place;
      }
    }
  });
  measure(m, "acknowledge 10", 2 * count, [&] {
    for (auto& targets : taken) m.run({of(burrow::queue::remove{std::move(targets)})});
  });
  measure(m, "take 1 by DELETE", count, [&] {
    for (std::size_t n = 0; n < count; ++n) {
      take t;
      t.action = take_action::remove;
      m.run({of(t)});
    }
  });
  return 0;
}
