// What an idle replica of a group of three holds on the heap, and what its group sends: some messages are put, a minute
// passes. usage: bench_replica_idle [groups]
#include "test/support/replica_group.hpp"

#include <malloc.h>

#include <cstdio>
#include <cstdlib>

using namespace burrow;
using namespace burrow::test;
using namespace std::chrono_literals;

int main(int argc, char** argv) {
  const std::size_t count = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 64;
  std::vector<std::unique_ptr<replica_group>> groups;
  for (std::size_t i = 0; i < count; ++i) {
    groups.push_back(std::make_unique<replica_group>(3, 3));
    for (int m = 0; m < 20; ++m) {
      if (groups.back()->put("m" + std::to_string(m), std::string(1024, 'b')) == nullptr) std::abort();
    }
    groups.back()->run(90s);
  }
  std::uint64_t before = 0, after = 0;
  for (const auto& g : groups) before += g->sent;
  for (const auto& g : groups) g->run(600s);
  for (const auto& g : groups) after += g->sent;
  const auto with = mallinfo2().uordblks;
  for (const auto& g : groups) {
    for (std::uint64_t n = 1; n <= 3; ++n) g->stop(n);
  }
  const auto without = mallinfo2().uordblks;
  std::printf("%zu groups of three: %zu bytes of heap an idle replica; %.1f messages a group and minute\n", count,
              (with - without) / (3 * count), static_cast<double>(after - before) / static_cast<double>(count) / 10);
  return 0;
}
