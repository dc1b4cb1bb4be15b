#include "cluster/storage/memory_store.hpp"

#include <algorithm>

namespace burrow {

namespace {

bool fails_now(std::size_t& countdown) { return countdown != 0 && --countdown == 0; }

bool is_empty_range(const scan_request& request) { return !request.to.empty() && request.from >= request.to; }

/// Does [from, to) lie inside [outer_from, outer_to)? An empty end is no bound.
bool covers(std::string_view outer_from, std::string_view outer_to, std::string_view from, std::string_view to) {
  return outer_from <= from && (outer_to.empty() || (!to.empty() && to <= outer_to));
}

std::string just_after(std::string key) { return key.append(1, '\0'); }

} // namespace

void memory_store::set(undo_batch& undo, family f, const std::string& key, std::optional<cell> value) {
  auto& m = maps_[slot(f)];
  flipped_[slot(f)].erase(key);
  const auto at = m.find(key);
  undo.steps.push_back({f, key, at == m.end() ? std::nullopt : std::optional{std::move(at->second)}});
  if (!value) {
    if (at != m.end()) m.erase(at);
  } else if (at != m.end()) {
    at->second = std::move(*value);
  } else {
    m.emplace(key, std::move(*value));
  }
}

result<void> memory_store::write(const write_batch& batch) {
  if (failed_ || fails_now(fail_write_)) {
    failed_ = true;
    return error{errc::io_failed, "write"};
  }
  if (batch.empty()) return {};
  undo_batch undo{sequence_, {}};
  undo.steps.reserve(batch.operations.size());
  for (const auto& op : batch.operations) {
    switch (op.what) {
      case write_batch::kind::put: set(undo, op.where, op.key, cell{op.value, {}}); break;
      case write_batch::kind::put_shared: set(undo, op.where, op.key, cell{{}, op.shared}); break;
      case write_batch::kind::erase: set(undo, op.where, op.key, std::nullopt); break;
      case write_batch::kind::erase_range: {
        auto& m = maps_[slot(op.where)];
        for (auto at = m.lower_bound(op.key); at != m.end() && at->first < op.value;) {
          const std::string key = (at++)->first;
          set(undo, op.where, key, std::nullopt);
        }
        break;
      }
    }
  }
  sequence_ += batch.operations.size();
  undo_.push_back(std::move(undo));
  return {};
}

result<void> memory_store::sync_to(std::uint64_t number) {
  if (failed_) return error{errc::io_failed, "an earlier write failed"};
  if (fails_now(fail_sync_)) {
    failed_ = true;
    return error{errc::sync_failed, "sync"};
  }
  BURROW_ASSERT(number <= sequence_);
  synced_ = std::max(synced_, number);
  while (undo_synced_ < undo_.size()) {
    const auto next = undo_synced_ + 1;
    const auto end_of_batch = next < undo_.size() ? undo_[next].sequence_before : sequence_;
    if (end_of_batch > synced_) break;
    undo_synced_ = next;
  }
  while (undo_synced_ > options_.synced_batches_undoable) {
    undo_.pop_front();
    --undo_synced_;
  }
  return {};
}

void memory_store::take_back_last() {
  auto& batch = undo_.back();
  for (auto step = batch.steps.rbegin(); step != batch.steps.rend(); ++step) {
    auto& m = maps_[slot(step->where)];
    if (step->old) {
      m.insert_or_assign(std::move(step->key), std::move(*step->old));
    } else {
      m.erase(step->key);
    }
  }
  sequence_ = batch.sequence_before;
  undo_.pop_back();
}

void memory_store::crash(random& chance) { crash_keeping(chance.below(unsynced_batches() + 1)); }

void memory_store::crash_keeping(std::size_t batches) {
  while (unsynced_batches() > batches) take_back_last();
  // What survived was found on the disk, so it is as good as synced; but SYNCED does not vouch for it.
  undo_synced_ = undo_.size();
  loaded_.clear();
  failed_ = false;
  fail_write_ = fail_sync_ = 0;
}

void memory_store::lose_synced(std::size_t batches) {
  crash_keeping(0);
  while (batches-- > 0 && !undo_.empty()) take_back_last();
  undo_synced_ = undo_.size();
}

result<void> memory_store::check_synced() const {
  if (sequence_ >= synced_) return {};
  return error{errc::lost_writes, std::to_string(synced_ - sequence_) + " sequence numbers of synced data are gone"};
}

bool memory_store::is_here(const range& wanted, read_tier tier) const {
  if (tier == read_tier::disk || options_.not_here_per_mille == 0) return true;
  for (const auto& r : loaded_)
    if (r.where == wanted.where && covers(r.from, r.to, wanted.from, wanted.to)) return true;
  return !random_.chance(options_.not_here_per_mille);
}

void memory_store::remember(range loaded) const {
  if (options_.not_here_per_mille == 0) return;
  loaded_.push_front(std::move(loaded));
  if (loaded_.size() > options_.loads_remembered) loaded_.pop_back();
}

result<store::lookup> memory_store::get(family f, std::string_view key, read_tier tier) const {
  const auto& m = maps_[slot(f)];
  if (options_.not_here_per_mille != 0) {
    range touched{f, std::string(key), just_after(std::string(key))};
    if (!is_here(touched, tier)) return errc::not_here;
    if (tier == read_tier::disk) remember(std::move(touched));
  }
  if (flipped_[slot(f)].contains(key)) return error{errc::corrupt, "a stored pair fails its checksum"};
  const auto at = m.find(key);
  if (at == m.end()) return lookup{};
  return lookup{true, std::string(at->second.view())};
}

std::pair<scan_page, memory_store::range> memory_store::page(const map& m, family f, const scan_request& request) {
  scan_page out;
  const auto begin = m.lower_bound(request.from);
  const auto end = request.to.empty() ? m.end() : m.lower_bound(request.to);
  std::size_t bytes = 0;
  const auto full = [&] { return out.items.size() >= request.items_max || bytes >= request.bytes_max; };
  const auto add = [&](const auto& pair) {
    const auto value = pair.second.view();
    bytes += pair.first.size() + value.size();
    out.items.emplace_back(pair.first, value);
  };
  range touched{f, request.from, request.to};
  if (request.order == direction::ascending) {
    auto at = begin;
    for (; at != end && !full(); ++at) add(*at);
    out.complete = at == end;
    if (!out.complete) touched.to = just_after(at->first);
  } else {
    auto at = end;
    while (at != begin && !full()) add(*--at);
    out.complete = at == begin;
    if (!out.complete) touched.from = std::prev(at)->first;
  }
  return {std::move(out), std::move(touched)};
}

result<scan_page> memory_store::scan(family f, const scan_request& request, read_tier tier) const {
  if (is_empty_range(request)) return scan_page{{}, true};
  auto [out, touched] = page(maps_[slot(f)], f, request);
  if (!is_here(touched, tier)) return errc::not_here;
  const auto& bad = flipped_[slot(f)];
  const auto at = bad.lower_bound(touched.from);
  if (at != bad.end() && (touched.to.empty() || *at < touched.to))
    return error{errc::corrupt, "a stored pair fails its checksum"};
  if (tier == read_tier::disk) remember(std::move(touched));
  return std::move(out);
}

// ---- pins -------------------------------------------------------------------------------------------------------

struct memory_store::copy final : pinned_state {
  explicit copy(const memory_store& of) : maps(of.maps_), flipped(of.flipped_) {}
  [[nodiscard]] result<store::lookup> get(family f, std::string_view key) const override {
    if (flipped[slot(f)].contains(key)) return error{errc::corrupt, "a stored pair fails its checksum"};
    const auto at = maps[slot(f)].find(key);
    if (at == maps[slot(f)].end()) return store::lookup{};
    return store::lookup{true, std::string(at->second.view())};
  }
  [[nodiscard]] result<scan_page> scan(family f, const scan_request& request) const override {
    if (is_empty_range(request)) return scan_page{{}, true};
    auto [out, touched] = page(maps[slot(f)], f, request);
    const auto bad = flipped[slot(f)].lower_bound(touched.from);
    if (bad != flipped[slot(f)].end() && (touched.to.empty() || *bad < touched.to))
      return error{errc::corrupt, "a stored pair fails its checksum"};
    return std::move(out);
  }
  std::array<map, family_count> maps;
  std::array<std::set<std::string, std::less<>>, family_count> flipped;
};

result<std::shared_ptr<const pinned_state>> memory_store::pin() const {
  return std::shared_ptr<const pinned_state>(std::make_shared<copy>(*this));
}

} // namespace burrow
