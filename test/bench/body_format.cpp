// Bodies stored once (log and state refer to them) against twice (in the log entry, and again with the state), through
// the store, with takes, deletes and log compaction: the measurement behind cluster/storage/keys.hpp.
// usage: bench_body_format [--messages N a run] [--body BYTES] [--rounds N] [--directory DIR]    prints text, JSON
#include "cluster/base/random.hpp"
#include "cluster/storage/keys.hpp"
#include "cluster/storage/rocks_store.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <rocksdb/file_system.h>
#include <sys/resource.h>
#include <unistd.h>

namespace {

using namespace burrow;
using nlohmann::json;

/// Counts what is written to the WAL and to tables.
class counting_file_system final : public rocksdb::FileSystemWrapper {
public:
  counting_file_system() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}
  static const char* kClassName() { return "counting_file_system"; }
  const char* Name() const override { return kClassName(); }
  std::atomic<std::uint64_t> wal{0}, tables{0};

  rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* debug) override {
    auto made = target()->NewWritableFile(path, options, file, debug);
    if (made.ok() && (path.ends_with(".log") || path.ends_with(".sst")))
      *file = std::make_unique<counted>(std::move(*file), path.ends_with(".log") ? wal : tables);
    return made;
  }

private:
  class counted final : public rocksdb::FSWritableFileOwnerWrapper {
  public:
    counted(std::unique_ptr<rocksdb::FSWritableFile> file, std::atomic<std::uint64_t>& count)
      : FSWritableFileOwnerWrapper(std::move(file)), count_(count) {}
    rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                             rocksdb::IODebugContext* debug) override {
      count_ += data.size();
      return target()->Append(data, options, debug);
    }
    rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                             const rocksdb::DataVerificationInfo&, rocksdb::IODebugContext* debug) override {
      return Append(data, options, debug);
    }

  private:
    std::atomic<std::uint64_t>& count_;
  };
};

constexpr shard_id shard{1};
constexpr generation gen{1};
constexpr std::size_t group = 64, log_kept = 1000, entry_bytes = 110, message_record_bytes = 150;

void must(bool done, const char* what) {
  if (done) return;
  std::cerr << "bench_body_format: " << what << '\n';
  std::exit(1);
}

std::string message_key(std::uint64_t n) {
  std::string relative = "\x03queue001m";
  byte_writer(relative).u64(n);
  return keys::queue(shard, gen, relative);
}

double cpu_seconds() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

/// One queue's life: groups of inserts, and, `backlog` behind them, groups of takes and of acknowledgements.
class workload {
public:
  workload(store& s, bool twice, std::vector<shared_bytes> bodies)
    : store_(s), twice_(twice), bodies_(std::move(bodies)) {}

  void insert() {
    write_batch entries, delta;
    for (std::size_t n = 0; n < group; ++n) {
      const auto number = ++inserted_;
      const auto& body = bodies_[number % bodies_.size()];
      const auto key = keys::body(shard, gen, log_index{number}, 0);
      entries.put(family::raft_log, keys::raft_log(shard, log_index{++index_}),
                  twice_ ? std::string(entry_bytes, 'e').append(body.view()) : std::string(entry_bytes, 'e'));
      (twice_ ? delta : entries).put_shared(family::body, key, body);
      delta.put(family::queue, message_key(number), std::string(message_record_bytes, 'm'));
    }
    commit(entries, delta);
  }
  /// Claims the oldest group: a scan and gets in memory, new records, bodies from wherever they are.
  void take() {
    const scan_request oldest{.from = message_key(taken_ + 1), .to = message_key(inserted_ + 1), .items_max = group};
    auto page = store_.scan(family::queue, oldest, read_tier::memory);
    if (page.code() == errc::not_here) page = store_.scan(family::queue, oldest, read_tier::disk);
    must(page.ok() && page->items.size() == group, "a take found too little");
    write_batch entries, delta;
    entries.put(family::raft_log, keys::raft_log(shard, log_index{++index_}), std::string(entry_bytes, 'e'));
    for (auto& [key, value] : page->items) {
      value += "claimed";
      delta.put(family::queue, key, value);
    }
    commit(entries, delta);
    for (std::size_t n = 0; n < group; ++n) {
      const auto body = store_.get(family::body, keys::body(shard, gen, log_index{++taken_}, 0), read_tier::disk);
      must(body.ok() && body->found, "a body is missing");
    }
  }
  void acknowledge() {
    write_batch entries, delta;
    entries.put(family::raft_log, keys::raft_log(shard, log_index{++index_}), std::string(entry_bytes, 'e'));
    for (std::size_t n = 0; n < group; ++n) {
      delta.erase(family::queue, message_key(++acknowledged_));
      delta.erase(family::body, keys::body(shard, gen, log_index{acknowledged_}, 0));
    }
    commit(entries, delta);
  }

private:
  void commit(const write_batch& entries, write_batch& delta) {
    must(store_.write(entries).ok() && store_.sync().ok(), "write");
    delta.put(family::queue, keys::queue(shard, gen, keys::applied_relative), std::string(60, 'a'));
    if (index_ > cut_ + 2 * log_kept) {
      const log_index from{cut_}, to{index_ - log_kept};
      delta.erase_range(family::raft_log, keys::raft_log(shard, from), keys::raft_log(shard, to));
      cut_ = to.value;
    }
    must(store_.write(delta).ok(), "write");
  }

  store& store_;
  bool twice_;
  std::vector<shared_bytes> bodies_;
  std::uint64_t inserted_ = 0, taken_ = 0, acknowledged_ = 0, index_ = 0, cut_ = 0;
};

/// Half random, half repeating, as JSON or text would be for a compressor.
std::vector<shared_bytes> some_bodies(std::size_t bytes) {
  burrow::random chance(1); // stdlib.h has a random of its own
  std::vector<shared_bytes> bodies;
  for (int n = 0; n < 1024; ++n) {
    std::string body(bytes, 'x');
    for (std::size_t at = 0; at < bytes; at += 2) body[at] = static_cast<char>(chance.below(256));
    bodies.emplace_back(std::move(body));
  }
  return bodies;
}

/// `backlog` messages stay waiting in the middle of the run; all are gone at its end.
json run(bool twice, std::uint64_t messages, std::uint64_t backlog, std::size_t body_bytes, const std::string& where) {
  const auto files = std::make_shared<counting_file_system>();
  std::filesystem::remove_all(where);
  auto opened = rocks_store::open({.directory = where, .file_system = files});
  must(opened.ok(), "open the store");
  auto& s = **opened;
  workload queue(s, twice, some_bodies(body_bytes));
  const auto began = std::chrono::steady_clock::now();
  const auto cpu = cpu_seconds();
  const auto rounds = messages / group, behind = backlog / group;
  std::uint64_t peak = 0;
  for (std::uint64_t n = 0; n < rounds + behind; ++n) {
    if (n < rounds) queue.insert();
    if (n >= behind) queue.take();
    if (n >= behind) queue.acknowledge();
    if (n % 500 == 0) peak = std::max(peak, s.stats().table_bytes + s.stats().wal_bytes);
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  const auto count = static_cast<double>(messages);
  const auto stalls = s.stats().stalls;
  must(s.close().ok(), "close");
  std::filesystem::remove_all(where);
  return {{"messages_per_second", count / seconds},
          {"cpu_us", (cpu_seconds() - cpu) * 1e6 / count},
          {"wal_bytes", static_cast<double>(files->wal) / count},
          {"table_bytes", static_cast<double>(files->tables) / count},
          {"write_amplification",
           static_cast<double>(files->wal + files->tables) / (count * static_cast<double>(body_bytes))},
          {"peak_mib", static_cast<double>(peak) / (1 << 20)},
          {"stalls", static_cast<double>(stalls)}};
}

json medians(const std::vector<json>& runs) {
  json out;
  for (const auto& [name, first] : runs.front().items()) {
    std::vector<double> values;
    for (const auto& r : runs) values.push_back(r.at(name).get<double>());
    std::sort(values.begin(), values.end());
    out[name] = {{"median", values[values.size() / 2]}, {"min", values.front()}, {"max", values.back()}};
  }
  return out;
}

} // namespace

int main(int argc, char** argv) {
  std::string directory = "/tmp";
  std::uint64_t messages = 100'000, body_bytes = 1024, rounds = 3;
  for (int i = 1; i + 1 < argc; i += 2) {
    const auto number = std::strtoull(argv[i + 1], nullptr, 10);
    if (std::strcmp(argv[i], "--messages") == 0) messages = number;
    if (std::strcmp(argv[i], "--body") == 0) body_bytes = number;
    if (std::strcmp(argv[i], "--rounds") == 0) rounds = number;
    if (std::strcmp(argv[i], "--directory") == 0) directory = argv[i + 1];
  }
  directory += "/burrow-body-" + std::to_string(::getpid());
  std::map<std::string, std::vector<json>> runs;
  for (std::uint64_t round = 0; round < rounds; ++round) {
    for (const bool deep : {false, true}) {
      for (const bool twice : {false, true}) {
        const std::string name = std::string(twice ? "twice" : "once") + (deep ? ", all waiting" : ", 1000 waiting");
        runs[name].push_back(run(twice, messages, deep ? messages : 1000, body_bytes, directory));
      }
    }
  }
  json out{{"messages", messages}, {"body_bytes", body_bytes}, {"group", group}, {"rounds", rounds}};
  std::printf("%-22s %12s %8s %10s %12s %8s %9s\n", "bodies", "messages/s", "cpu us", "WAL bytes", "table bytes",
              "w. amp.", "peak MiB");
  for (const auto& [name, figures] : runs) {
    const auto m = out["runs"][name] = medians(figures);
    const auto value = [&](const char* what) { return m[what]["median"].get<double>(); };
    std::printf("%-22s %12.0f %8.1f %10.0f %12.0f %8.2f %9.0f\n", name.c_str(), value("messages_per_second"),
                value("cpu_us"), value("wal_bytes"), value("table_bytes"), value("write_amplification"),
                value("peak_mib"));
  }
  std::cout << out.dump(2) << '\n';
  return 0;
}
