#include "cluster/replica/reading.hpp"

#include "cluster/codec/log_codec.hpp"
#include "cluster/storage/keys.hpp"

namespace burrow {
namespace {

constexpr auto disk = read_tier::disk;
constexpr std::size_t records_at_a_time = 16; ///< most entries are small, and a large one must not be read in vain

template <class T>
loaded_item wrapped(result<T> got) {
  if (!got) return {got.error()};
  return {loaded_value(std::move(got).value())};
}

/// Adds entries from `next` on, until there are enough bytes. False: there are, or there is nothing more.
result<bool> add_records(const store& from, const log_request& what, log_index next, std::vector<raft::entry>& to,
                         std::size_t& bytes) {
  scan_request request;
  request.from = keys::raft_log(what.shard, next);
  request.to = keys::raft_log(what.shard, {what.last.value + 1});
  request.items_max = records_at_a_time;
  request.bytes_max = what.bytes_max;
  const auto page = from.scan(family::raft_log, request, disk);
  if (!page) return page.error();
  for (const auto& [key, value] : page->items) {
    const auto at = keys::parse_raft_log(key);
    if (!at || at->second != next) return false; // cut away meanwhile
    auto e = codec::decode_entry(what.shard, next, value);
    if (!e) return e.error();
    bytes += e->size();
    if (!to.empty() && bytes > what.bytes_max) return false;
    to.push_back(std::move(e).value());
    ++next.value;
  }
  return !page->complete && bytes < what.bytes_max;
}

/// All of them in one go. Which are not there went with the delta of a committed entry.
result<void> add_bodies(const store& from, const log_request& what, std::vector<raft::entry>& to) {
  scan_request request;
  request.from = keys::body(what.shard, what.in, to.front().index, 0);
  request.to = keys::body(what.shard, what.in, {to.back().index.value + 1}, 0);
  request.items_max = ~std::size_t{0};
  auto page = from.scan(family::body, request, disk);
  if (!page) return page.error();
  for (auto& e : to) {
    for (auto& b : e.payload.bodies) b.gone = true;
  }
  for (auto& [key, value] : page->items) {
    byte_reader in(std::string_view(key).substr(keys::prefix_bytes));
    const auto at = in.u64() - to.front().index.value;
    const auto n = in.u32();
    if (at >= to.size() || n >= to[at].payload.bodies.size()) continue;
    auto& body = to[at].payload.bodies[n];
    body.bytes = shared_bytes(std::move(value));
    body.gone = false;
  }
  return {};
}

result<std::vector<raft::entry>> read_log(const store& from, const log_request& what) {
  std::vector<raft::entry> found;
  std::size_t bytes = 0;
  for (bool more = true; more;) {
    auto added = add_records(from, what, {what.first.value + found.size()}, found, bytes);
    if (!added) return added.error();
    more = *added;
  }
  if (found.empty()) return found;
  if (auto done = add_bodies(from, what, found); !done) return done.error();
  return found;
}

} // namespace

loaded_item read_item(const store& from, const load_item& item) {
  if (const auto* const key = std::get_if<std::string>(&item.what)) return wrapped(from.get(item.where, *key, disk));
  if (const auto* const log = std::get_if<log_request>(&item.what)) return wrapped(read_log(from, *log));
  return wrapped(from.scan(item.where, std::get<scan_request>(item.what), disk));
}

loaded_item read_item(const pinned_state& from, const load_item& item) {
  if (const auto* const key = std::get_if<std::string>(&item.what)) return wrapped(from.get(item.where, *key));
  return wrapped(from.scan(item.where, std::get<scan_request>(item.what)));
}

} // namespace burrow
