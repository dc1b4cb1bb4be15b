#include "cluster/replica/writer_queue.hpp"

#include "cluster/base/assert.hpp"
#include "cluster/base/limits.hpp"

namespace burrow {
namespace {

std::size_t size_of(const writer_queue::item& what) { return what.batch->bytes; }

} // namespace

writer_queue_options writer_queue_options::standard() {
  return {limits::writer_batch_bytes_max, limits::writer_batch_entries_max, limits::writer_shard_bytes_max,
          limits::writer_queued_bytes_max};
}

writer_queue::writer_queue(writer_queue_options options) : options_(options) {
  BURROW_ASSERT(options_.batch_items_max > 0);
}

writer_queue::added writer_queue::add(item what) {
  BURROW_ASSERT(what.batch != nullptr);
  if (!fences_.passes(what.shard, what.start)) return added::stale;
  auto& line = lines_[what.shard];
  const auto shard = what.shard;
  BURROW_ASSERT(line.items.empty() || line.items.back().start < what.start ||
                line.items.back().ticket < what.ticket);
  if (line.items.empty()) turns_.push_back(shard);
  line.bytes += size_of(what);
  queued_bytes_ += size_of(what);
  ++queued_items_;
  line.items.push_back(std::move(what));
  return overloaded() || overloaded(shard) ? added::busy : added::accepted;
}

void writer_queue::fence(shard_id shard, start_number start) {
  fences_.raise(shard, start);
  const auto at = lines_.find(shard);
  if (at == lines_.end()) return;
  auto& line = at->second;
  while (!line.items.empty() && !fences_.passes(shard, line.items.front().start)) (void)pop(line);
  // Lives follow each other, so what is left is of `start` or later; an emptied line must lose its turn.
  if (line.items.empty()) std::erase(turns_, shard);
}

writer_queue::batch writer_queue::take_batch() {
  batch out;
  // One item a turn: with more queued than a batch holds, a hot shard delays the others by one item each, not by its
  // whole line.
  while (!turns_.empty() && out.items.size() < options_.batch_items_max) {
    const auto shard = turns_.front();
    auto& line = lines_.at(shard);
    const auto next = size_of(line.items.front());
    if (!out.items.empty() && out.bytes + next > options_.batch_bytes_max) break;
    turns_.pop_front();
    out.items.push_back(pop(line));
    out.bytes += next;
    out.sync = out.sync || out.items.back().sync;
    if (!line.items.empty()) turns_.push_back(shard);
  }
  return out;
}

bool writer_queue::overloaded(shard_id shard) const {
  const auto at = lines_.find(shard);
  return at != lines_.end() && at->second.bytes > options_.shard_bytes_max;
}

writer_queue::item writer_queue::pop(shard_line& line) {
  item out = std::move(line.items.front());
  line.items.pop_front();
  line.bytes -= size_of(out);
  queued_bytes_ -= size_of(out);
  --queued_items_;
  return out;
}

write_batch writer_queue::batch::merged() const {
  write_batch out;
  std::size_t count = 0;
  for (const auto& i : items) count += i.batch->operations.size();
  out.operations.reserve(count);
  for (const auto& i : items) {
    out.operations.insert(out.operations.end(), i.batch->operations.begin(), i.batch->operations.end());
    out.bytes += i.batch->bytes;
  }
  return out;
}

} // namespace burrow
