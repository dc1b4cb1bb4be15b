// A store with many messages waiting whose process was killed: how long it takes to open, what it holds in memory, and
// what the reads on the path of a take cost.
// usage: bench_deep_store [--messages N] [--body BYTES] [--directory DIR]     prints JSON
#include "cluster/base/random.hpp"
#include "cluster/storage/keys.hpp"
#include "cluster/storage/rocks_store.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using namespace burrow;
using nlohmann::json;
using clock_type = std::chrono::steady_clock;

constexpr generation gen{1};
constexpr std::uint16_t shards = 4; // one account's
constexpr std::size_t group = 64;

void must(bool done, const char* what) {
  if (done) return;
  std::cerr << "bench_deep_store: " << what << '\n';
  std::exit(1);
}

double us_since(clock_type::time_point start) {
  return std::chrono::duration<double, std::micro>(clock_type::now() - start).count();
}

shard_id shard_of(std::uint64_t n) { return shard_id{static_cast<std::uint16_t>(1 + n % shards)}; }

std::string message_key(shard_id shard, std::uint64_t n) {
  std::string relative = "\x03queue001m";
  byte_writer(relative).u64(n);
  return keys::queue(shard, gen, relative);
}

/// Fills the store, and ends without closing it, as a kill would.
[[noreturn]] void fill(const rocks_options& options, std::uint64_t messages, std::size_t body_bytes) {
  auto opened = rocks_store::open(options);
  must(opened.ok(), "open to fill");
  burrow::random chance(1);
  std::string bytes(body_bytes, 'x');
  const auto start = clock_type::now();
  for (std::uint64_t n = 0; n < messages;) {
    write_batch batch;
    for (std::size_t i = 0; i < group; ++i, ++n) {
      for (std::size_t at = 0; at < bytes.size(); at += 8) bytes[at] = static_cast<char>(chance.next());
      batch.put(family::raft_log, keys::raft_log(shard_of(n), log_index{n}), std::string(110, 'e'));
      batch.put_shared(family::body, keys::body(shard_of(n), gen, log_index{n}, 0), shared_bytes(bytes));
      batch.put(family::queue, message_key(shard_of(n), n), std::string(150, 'm'));
    }
    if (n % (64 * group) == 0 && n > 4000)
      for (std::uint16_t s = 1; s <= shards; ++s)
        batch.erase_range(family::raft_log, keys::raft_log(shard_id{s}, log_index{0}),
                          keys::raft_log(shard_id{s}, log_index{n - 4000}));
    must((*opened)->write(batch).ok(), "write");
  }
  const auto stats = (*opened)->stats();
  std::cerr << "filled at " << static_cast<double>(messages) / us_since(start) * 1e6 << "/s; stalls " << stats.stalls
            << ", pending compaction " << (stats.pending_compaction_bytes >> 20) << " MiB, WAL "
            << (stats.wal_bytes >> 20) << " MiB\n";
  ::_exit(0);
}

double resident_mib() {
  std::ifstream file("/proc/self/statm");
  std::uint64_t size = 0, resident = 0;
  file >> size >> resident;
  return static_cast<double>(resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE))) / (1 << 20);
}

double cpu_ms() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto ms = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_usec) / 1e3;
  };
  return ms(used.ru_utime) + ms(used.ru_stime);
}

template <class Function>
double median_us(std::size_t rounds, Function once) {
  std::vector<double> times;
  for (std::size_t n = 0; n < rounds; ++n) {
    const auto start = clock_type::now();
    once(n);
    times.push_back(us_since(start));
  }
  std::nth_element(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(rounds / 2), times.end());
  return times[rounds / 2];
}

json reads(const rocks_store& s, std::uint64_t messages) {
  json out;
  const shard_id shard = shard_of(0);
  const auto scan = [&](std::uint64_t from, std::size_t items, read_tier tier) {
    const scan_request request{
      .from = message_key(shard, from), .to = message_key(shard, ~std::uint64_t{0}), .items_max = items};
    return s.scan(family::queue, request, tier);
  };
  const auto get = [&](family f, const std::string& key, read_tier tier) { return s.get(f, key, tier); };
  const auto first = clock_type::now();
  must(scan(0, 10, read_tier::disk)->items.size() == 10, "the head is missing");
  out["first_scan_us"] = us_since(first);
  must(scan(0, 1000, read_tier::disk).ok(), "scan");
  out["scan_1_memory_us"] = median_us(2000, [&](auto n) { must(scan(n % 900, 1, read_tier::memory).ok(), "scan"); });
  out["scan_10_memory_us"] = median_us(2000, [&](auto n) { must(scan(n % 900, 10, read_tier::memory).ok(), "scan"); });
  out["get_memory_us"] = median_us(2000, [&](auto n) {
    must(get(family::queue, message_key(shard, n % 200 * shards), read_tier::memory)->found, "get");
  });
  burrow::random chance(2);
  out["body_from_disk_us"] = median_us(500, [&](auto) {
    const auto n = chance.below(messages);
    must(get(family::body, keys::body(shard_of(n), gen, log_index{n}, 0), read_tier::disk)->found, "body");
  });
  return out;
}

} // namespace

int main(int argc, char** argv) {
  std::string directory = "/tmp";
  std::uint64_t messages = 200'000, body_bytes = 1024;
  for (int i = 1; i + 1 < argc; i += 2) {
    const auto number = std::strtoull(argv[i + 1], nullptr, 10);
    if (std::strcmp(argv[i], "--messages") == 0) messages = number;
    if (std::strcmp(argv[i], "--body") == 0) body_bytes = number;
    if (std::strcmp(argv[i], "--directory") == 0) directory = argv[i + 1];
  }
  rocks_options options;
  options.directory = directory + "/burrow-deep-" + std::to_string(::getpid());
  const auto child = ::fork();
  if (child == 0) fill(options, messages, body_bytes);
  int status = 0;
  must(::waitpid(child, &status, 0) == child && status == 0, "filling failed");

  const auto before = resident_mib();
  const auto start = clock_type::now();
  const auto cpu = cpu_ms();
  auto opened = rocks_store::open(options);
  must(opened.ok(), "open");
  json out{{"messages", messages}, {"body_bytes", body_bytes}, {"open_ms", us_since(start) / 1000}};
  out["open_cpu_ms"] = cpu_ms() - cpu;
  out["resident_mib_after_open"] = resident_mib() - before;
  out["reads"] = reads(**opened, messages);
  const auto stats = (*opened)->stats();
  out["memtable_mib"] = static_cast<double>(stats.memtable_bytes) / (1 << 20);
  out["index_and_filter_mib"] = static_cast<double>(stats.table_reader_bytes) / (1 << 20);
  out["wal_mib"] = static_cast<double>(stats.wal_bytes) / (1 << 20);
  out["table_mib"] = static_cast<double>(stats.table_bytes) / (1 << 20);
  out["tables"] = stats.table_count;
  const auto flush = clock_type::now();
  must((*opened)->flush_idle().ok(), "flush");
  out["flush_ms"] = us_since(flush) / 1000;
  out["resident_mib_after_flush"] = resident_mib() - before;
  must((*opened)->close().ok(), "close");
  std::filesystem::remove_all(options.directory);
  std::cout << out.dump(2) << '\n';
  return 0;
}
