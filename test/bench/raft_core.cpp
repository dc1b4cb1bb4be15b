// What the Raft core alone costs: three replicas in one thread, a network and disks that take no time. A step is one
// input delivered to one replica. usage: bench_raft_core [entries a drain] [drains]
#include "cluster/raft/raft.hpp"

#include <time.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <memory>
#include <new>
#include <string>
#include <vector>

using namespace burrow;

namespace {

std::size_t heap_bytes = 0;

double cpu_seconds() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

raft::member member(std::uint64_t n) { return {{n}, {n}}; }

class group {
 public:
  explicit group(std::size_t tail) {
    raft::stored_state stored;
    for (std::uint64_t n = 1; n <= 3; ++n) stored.snapshot.config.voters.push_back(member(n));
    for (std::uint64_t n = 1; n <= 3; ++n) {
      raft::raft_options o;
      o.self = member(n);
      o.seed = n;
      o.tail_bytes_max = tail;
      cores_[n - 1] = std::make_unique<raft::raft>(o, stored);
    }
    while (!cores_[0]->status().leads) {
      cores_[0]->tick();
      turn(0);
      deliver();
    }
  }

  /// One turn of the leader and all that follows from it.
  void propose(const std::vector<raft::command_bytes>& commands) {
    if (!cores_[0]->propose(commands)) std::abort();
    ++steps;
    turn(0);
    deliver();
  }
  void tick() {
    for (std::size_t n = 0; n < 3; ++n) {
      cores_[n]->tick();
      ++steps;
      turn(n);
    }
    deliver();
  }
  [[nodiscard]] log_index committed() const { return cores_[0]->status().committed; }

  std::uint64_t steps = 0, applied = 0;

 private:
  void turn(std::size_t n) {
    for (;;) {
      auto out = cores_[n]->take_output();
      applied += out.committed.size();
      for (auto& m : out.send_now) wire_.push_back(std::move(m));
      for (auto& m : out.send_persisted) wire_.push_back(std::move(m));
      if (out.persist.empty()) return;
      cores_[n]->persisted(out.persist.ticket);
      ++steps;
    }
  }
  void deliver() {
    while (!wire_.empty()) {
      const auto m = std::move(wire_.front());
      wire_.pop_front();
      cores_[m.to.node.value - 1]->step(m);
      ++steps;
      turn(m.to.node.value - 1);
    }
  }

  std::array<std::unique_ptr<raft::raft>, 3> cores_;
  std::deque<raft::peer_message> wire_;
};

} // namespace

void* operator new(std::size_t size) {
  auto* const p = static_cast<std::size_t*>(std::malloc(size + 16));
  if (p == nullptr) std::abort();
  *p = size;
  heap_bytes += size;
  return reinterpret_cast<char*>(p) + 16;
}
void operator delete(void* p) noexcept {
  if (p == nullptr) return;
  auto* const at = reinterpret_cast<std::size_t*>(static_cast<char*>(p) - 16);
  heap_bytes -= *at;
  std::free(at);
}
void operator delete(void* p, std::size_t) noexcept { operator delete(p); }

int main(int argc, char** argv) {
  const std::size_t drain = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 64;
  const std::size_t drains = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 20'000;
  const std::size_t before = heap_bytes;
  auto g = std::make_unique<group>(0);
  for (int i = 0; i < 200; ++i) g->tick();
  std::printf("idle: %zu bytes of heap a raft, its messages' queue included\n", (heap_bytes - before) / 3);

  std::vector<raft::command_bytes> commands(drain);
  for (auto& c : commands) {
    c.command = shared_bytes(std::string(64, 'c'));
    c.bodies.push_back({shared_bytes(std::string(1024, 'b')), 1024, {}});
  }
  const auto batched = cpu_seconds();
  for (std::size_t i = 0; i < drains; ++i) g->propose(commands);
  const auto batched_s = cpu_seconds() - batched;
  const auto entries = static_cast<double>(drain * drains);
  std::printf("%zu entries of 1 KiB a drain: %.2f us CPU an entry, all three replicas together\n", drain,
              batched_s / entries * 1e6);

  const std::vector<raft::command_bytes> one(commands.begin(), commands.begin() + 1);
  const auto steps_before = g->steps;
  const auto single = cpu_seconds();
  for (std::size_t i = 0; i < 300'000; ++i) {
    g->propose(one);
    if (i % 50 == 0) g->tick();
  }
  const auto single_s = cpu_seconds() - single;
  const auto steps = static_cast<double>(g->steps - steps_before);
  std::printf("one entry a drain: %.2f million steps a second, %.2f us an entry\n", steps / single_s * 1e-6,
              single_s / 300'000 * 1e6);
  return g->committed().value > entries ? 0 : 1;
}
