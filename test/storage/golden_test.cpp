// The data directories in test/golden, one for each disk format there ever was: each opens, holds what its list says,
// and is written on. With BURROW_GOLDEN_WRITE=DIR the present format is written there instead, list included.
#include "cluster/storage/keys.hpp"
#include "cluster/storage/rocks_store.hpp"
#include "test/support/rocks_golden.hpp"
#include "test/support/source_directory.hpp"

#include <cstdlib>
#include <doctest/doctest.h>
#include <fstream>

namespace burrow::test {

namespace {

constexpr shard_id shard{3};
constexpr generation gen{2};

void write_entries(store& s, std::uint64_t first, std::uint64_t last) {
  for (auto index = first; index <= last; ++index) {
    write_batch batch;
    batch.put(family::raft_log, keys::raft_log(shard, log_index{index}), "entry " + std::to_string(index));
    for (std::uint32_t n = 0; n < 2; ++n)
      batch.put_shared(family::body, keys::body(shard, gen, log_index{index}, n),
                       shared_bytes(std::string(index * 37 + n, static_cast<char>('a' + index % 26))));
    batch.put(family::queue, keys::queue(shard, gen, "m" + std::to_string(index)), "message " + std::to_string(index));
    batch.put(family::queue, keys::queue(shard, gen, keys::applied_relative), std::to_string(index));
    REQUIRE(s.write(batch).ok());
  }
}

/// Tables and WAL, pairs put, replaced, erased and erased by range in both.
void write_present_format(const std::string& to) {
  const temp_directory living;
  const auto s = std::move(rocks_store::open(small_store(living.path())).value());
  std::string format;
  byte_writer(format).u32(keys::format_version);
  write_batch start;
  start.put(family::raft_state, keys::node_wide("format"), format);
  start.put(family::raft_state, keys::node_wide("node"), "node record");
  start.put(family::raft_state, keys::raft_state(shard), "replica record");
  REQUIRE(s->write(start).ok());
  write_entries(*s, 1, 30);
  REQUIRE(s->flush_idle().ok());
  write_batch gone;
  gone.erase_range(family::raft_log, keys::raft_log(shard, log_index{1}), keys::raft_log(shard, log_index{11}));
  for (std::uint64_t index = 1; index <= 5; ++index) {
    gone.erase(family::body, keys::body(shard, gen, log_index{index}, 0));
    gone.erase(family::queue, keys::queue(shard, gen, "m" + std::to_string(index)));
  }
  REQUIRE(s->write(gone).ok());
  write_entries(*s, 30, 40);
  REQUIRE(s->sync().ok());
  REQUIRE(s->mark_synced(1).ok());
  copy_golden(living.path(), to);
  std::ofstream(to + "/contents.txt") << list_of(*s);
}

} // namespace

TEST_CASE("every disk format there ever was opens, holds what its list says, and is written on") {
  if (const char* to = std::getenv("BURROW_GOLDEN_WRITE"); to != nullptr) {
    write_present_format(to);
    return;
  }
  int formats = 0;
  for (const auto& entry : std::filesystem::directory_iterator(source_directory() + "/test/golden")) {
    if (!std::filesystem::exists(entry.path() / "contents.txt")) continue;
    CAPTURE(entry.path().string());
    ++formats;
    const temp_directory copy;
    copy_files(entry.path().string(), copy.path());
    const auto list = read_file(copy.path() + "/contents.txt");
    {
      const auto opened = rocks_store::open(small_store(copy.path()));
      if (!opened) MESSAGE(opened.error().context);
      REQUIRE(opened.ok());
      CHECK(list_of(**opened) == list);
      write_entries(**opened, 41, 41);
      REQUIRE((*opened)->close().ok());
    }
    const auto again = rocks_store::open(small_store(copy.path()));
    REQUIRE(again.ok());
    const auto found = (*again)->get(family::queue, keys::queue(shard, gen, keys::applied_relative), read_tier::disk);
    CHECK(found->value == "41");
  }
  CHECK(formats >= 1);
}

TEST_CASE("the present format has its directory in test/golden") {
  const auto name = "/test/golden/format-" + std::to_string(keys::format_version) + "/contents.txt";
  CHECK(std::filesystem::exists(source_directory() + name));
}

} // namespace burrow::test
