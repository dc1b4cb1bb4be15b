#include "cluster/replica/writer_queue.hpp"

#include <doctest/doctest.h>

using namespace burrow;

namespace {

constexpr writer_queue_options small{100, 4, 150, 300};

writer_queue::item item_of(std::uint16_t shard, std::uint64_t start, std::uint64_t ticket, std::size_t bytes = 10,
                           bool sync = true) {
  auto batch = std::make_shared<write_batch>();
  batch->put(family::queue, std::string(bytes / 2, 'k'), std::string(bytes - bytes / 2, 'v'));
  return {shard_id{shard}, start_number{start}, persist_ticket{ticket}, batch, sync};
}

std::vector<std::uint16_t> shards_in(const writer_queue::batch& b) {
  std::vector<std::uint16_t> out;
  for (const auto& i : b.items) out.push_back(i.shard.value);
  return out;
}

} // namespace

TEST_CASE("a shard's persists leave in ticket order") {
  writer_queue queue(small);
  for (std::uint64_t t = 1; t <= 3; ++t) CHECK(queue.add(item_of(1, 1, t)) == writer_queue::added::accepted);
  const auto batch = queue.take_batch();
  REQUIRE(batch.items.size() == 3);
  for (std::uint64_t t = 0; t < 3; ++t) CHECK(batch.items[t].ticket.value == t + 1);
  CHECK(queue.empty());
  CHECK(queue.queued_bytes() == 0);
}

TEST_CASE("a hot shard delays another by one item, not by its whole line") {
  writer_queue queue(small);
  for (std::uint64_t t = 1; t <= 6; ++t) queue.add(item_of(1, 1, t));
  queue.add(item_of(2, 1, 1));
  CHECK(shards_in(queue.take_batch()) == std::vector<std::uint16_t>{1, 2, 1, 1});
  CHECK(shards_in(queue.take_batch()) == std::vector<std::uint16_t>{1, 1, 1});
}

TEST_CASE("a batch ends at its byte bound but holds one item of any size") {
  writer_queue queue(small);
  queue.add(item_of(1, 1, 1, 140));
  queue.add(item_of(2, 1, 1, 60));
  queue.add(item_of(3, 1, 1, 60));
  CHECK(shards_in(queue.take_batch()) == std::vector<std::uint16_t>{1});
  CHECK(shards_in(queue.take_batch()) == std::vector<std::uint16_t>{2});
  CHECK(shards_in(queue.take_batch()) == std::vector<std::uint16_t>{3});
  CHECK(queue.take_batch().empty());
}

TEST_CASE("a fence drops what earlier lives left queued, and what still comes of them") {
  writer_queue queue(small);
  queue.add(item_of(1, 1, 7));
  queue.add(item_of(2, 1, 1));
  queue.fence(shard_id{1}, start_number{2});
  CHECK(queue.add(item_of(1, 1, 8)) == writer_queue::added::stale);
  CHECK(queue.add(item_of(1, 2, 1)) == writer_queue::added::accepted);
  const auto batch = queue.take_batch();
  CHECK(shards_in(batch) == std::vector<std::uint16_t>{2, 1});
  CHECK(batch.items[1].start.value == 2);
}

TEST_CASE("a late fence of an older life reopens nothing") {
  writer_queue queue(small);
  queue.fence(shard_id{1}, start_number{5});
  queue.fence(shard_id{1}, start_number{3});
  CHECK(queue.add(item_of(1, 4, 1)) == writer_queue::added::stale);
  CHECK(queue.add(item_of(1, 5, 1)) == writer_queue::added::accepted);
}

TEST_CASE("a passed bound is told and ends when the writer has caught up") {
  writer_queue queue(small);
  CHECK(queue.add(item_of(1, 1, 1, 100)) == writer_queue::added::accepted);
  CHECK(queue.add(item_of(1, 1, 2, 100)) == writer_queue::added::busy);
  CHECK(queue.overloaded(shard_id{1}));
  CHECK_FALSE(queue.overloaded());
  CHECK(queue.add(item_of(2, 1, 1, 140)) == writer_queue::added::busy);
  CHECK(queue.overloaded());
  (void)queue.take_batch();
  CHECK_FALSE(queue.overloaded(shard_id{1}));
  CHECK_FALSE(queue.overloaded());
}

TEST_CASE("a batch is synced only if something in it needs it") {
  writer_queue queue(small);
  queue.add(item_of(1, 1, 1, 10, false));
  CHECK_FALSE(queue.take_batch().sync);
  queue.add(item_of(1, 1, 2, 10, false));
  queue.add(item_of(2, 1, 1, 10, true));
  queue.add(item_of(3, 1, 1, 10, false));
  const auto batch = queue.take_batch();
  CHECK(batch.sync);
  CHECK(batch.merged().operations.size() == 3);
  CHECK(batch.merged().bytes == batch.bytes);
}
