#include "cluster/storage/rocks_rescue.hpp"

#include "cluster/storage/rocks_internal.hpp"

#include <rocksdb/iterator.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>

namespace burrow {
namespace {

constexpr std::size_t batch_bytes = std::size_t{4} << 20;
/// Keys as numbers, for looking where a broken block ends: longer ones differ before this, or are of one queue.
constexpr std::size_t number_bytes = 24;
using number = std::array<unsigned char, number_bytes>;

number number_of(std::string_view key) {
  number out{};
  std::copy_n(key.begin(), std::min(key.size(), number_bytes), out.begin());
  return out;
}
/// The first of all keys that have this number.
std::string key_of(const number& n) {
  std::string key(n.begin(), n.end());
  while (!key.empty() && key.back() == '\0') key.pop_back();
  return key;
}

/// n + 2^bit; false if that is beyond the last number.
bool add_power(number& n, std::size_t bit) {
  std::size_t at = number_bytes - 1 - bit / 8;
  unsigned carry = 1U << (bit % 8);
  while (carry != 0) {
    const unsigned sum = n[at] + carry;
    n[at] = static_cast<unsigned char>(sum);
    carry = sum >> 8;
    if (carry != 0 && at-- == 0) return false;
  }
  return true;
}

class reader {
public:
  reader(rocks_store& from, family where) : from_(from.internals()), where_(where) { seek({}); }

  /// The next pair, past whatever cannot be read; false at the end.
  bool next(std::string& key, std::string& value, std::vector<unreadable_range>& gaps) {
    if (started_ && at_->Valid()) at_->Next();
    started_ = true;
    if (!at_->Valid() && (at_->status().ok() || failed() || !pass_gap(gaps))) return false;
    last_ = at_->key().ToString();
    key = last_;
    value = at_->value().ToString();
    return true;
  }
  [[nodiscard]] bool failed() const { return !at_->status().ok() && !at_->status().IsCorruption(); }

private:
  /// With a new iterator each time: one that has met a broken block may meet it again at places that are not in it.
  void seek(const std::string& key) {
    rocksdb::ReadOptions options;
    options.fill_cache = false;
    at_.reset(from_.db->NewIterator(options, from_.handle(where_)));
    at_->Seek(key);
  }

  /// What stands in the way at this place: an error that names the block, or nothing. The index of a table may end a
  /// block with a shortened key, which is just below the first key of the next one: so it is looked at behind that.
  std::string obstacle_at(const number& n) {
    seek(key_of(n) + '\0');
    return at_->status().ok() ? std::string{} : at_->status().ToString();
  }

  /// The first number beyond `begin` where this obstacle, which is in one piece, is not in the way: in steps that
  /// double, then between the last two. False if there is none.
  bool end_of(const std::string& obstacle, number& begin) {
    std::size_t bit = 0;
    auto reached = begin;
    for (;; ++bit) {
      reached = begin;
      if (bit >= number_bytes * 8 || !add_power(reached, bit)) return false;
      if (obstacle_at(reached) != obstacle) break;
    }
    if (bit > 0) add_power(begin, bit - 1);
    for (std::size_t step = bit > 0 ? bit - 1 : 0; step-- > 0;) {
      auto middle = begin;
      if (add_power(middle, step) && middle < reached && obstacle_at(middle) == obstacle) begin = middle;
    }
    return add_power(begin, 0);
  }

  /// Goes on behind what cannot be read, one block after the other.
  bool pass_gap(std::vector<unreadable_range>& gaps) {
    auto place = number_of(last_);
    while (!at_->status().ok()) {
      if (!end_of(at_->status().ToString(), place)) break;
      seek(key_of(place));
      if (!at_->status().ok()) static_cast<void>(obstacle_at(place));
    }
    const bool more = at_->status().ok() && at_->Valid();
    gaps.push_back({where_, last_, more ? at_->key().ToString() : std::string{}});
    return more;
  }

  rocks_store::implementation& from_;
  family where_;
  std::unique_ptr<rocksdb::Iterator> at_;
  std::string last_;
  bool started_ = false;
};

} // namespace

result<void> check_tables(rocks_store& from) {
  rocksdb::ReadOptions options;
  options.fill_cache = false;
  const auto status = from.internals().db->VerifyChecksum(options);
  if (status.ok()) return {};
  return rocks_error(status.IsCorruption() ? errc::corrupt : errc::io_failed, "check tables", status);
}

result<std::vector<unreadable_range>> rescue_tables(rocks_store& from, const rocks_options& to) {
  auto made = rocks_store::open(to);
  if (!made) return made.error();
  std::vector<unreadable_range> gaps;
  for (std::size_t f = 0; f < family_count; ++f) {
    const auto where = static_cast<family>(f);
    reader pairs(from, where);
    write_batch batch;
    for (std::string key, value; pairs.next(key, value, gaps);) {
      batch.put(where, std::move(key), std::move(value));
      if (batch.bytes < batch_bytes) continue;
      if (auto done = (*made)->write(batch); !done) return done.error();
      batch = {};
    }
    if (pairs.failed()) return error{errc::io_failed, "the store cannot be read"};
    if (auto done = (*made)->write(batch); !done) return done.error();
  }
  if (auto done = (*made)->close(); !done) return done.error();
  return gaps;
}

result<void> exchange_databases(const std::string& to, const std::string& from) {
  // The mark may be ahead of the new database, whose numbers are its own: until the next start it says nothing.
  if (auto made = synced_marker::create(to, 0); !made) return made.error();
  const auto one = to + "/rocks", other = from + "/rocks";
  if (::renameat2(AT_FDCWD, one.c_str(), AT_FDCWD, other.c_str(), RENAME_EXCHANGE) == 0) return {};
  return error{errc::io_failed, "exchange " + one + " and " + other + ": " + std::strerror(errno)};
}

} // namespace burrow
