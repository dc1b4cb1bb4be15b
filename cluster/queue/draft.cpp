#include "cluster/queue/draft.hpp"

#include "cluster/base/assert.hpp"

#include <algorithm>

namespace burrow::queue {

std::optional<std::string> draft::get(std::string_view key) {
  if (const auto at = slots_.find(key); at != slots_.end()) return at->second.value;
  auto found = view_.get(key);
  if (found.what == view::state::found) return std::move(found.value);
  if (found.what == view::state::not_here) missing_.push_back({std::string(key), std::nullopt});
  return std::nullopt;
}

draft::page draft::scan(const scan_request& request) {
  if (!request.to.empty() && request.from >= request.to) return {{}, true};
  const auto low = slots_.lower_bound(request.from);
  const auto high = request.to.empty() ? slots_.end() : slots_.lower_bound(request.to);
  if (low != high) return merge(request, low, high);
  auto got = view_.scan(request);
  if (got.here) return {std::move(got.items), got.complete};
  missing_.push_back({std::nullopt, request});
  return {{}, true};
}

draft::page draft::merge(const scan_request& request, slots::const_iterator low, slots::const_iterator high) {
  const bool up = request.order == direction::ascending;
  const auto before = [up](const std::string& a, const std::string& b) { return up ? a < b : b < a; };
  std::vector<slots::const_iterator> own;
  for (auto at = low; at != high; ++at) own.push_back(at);
  if (!up) std::reverse(own.begin(), own.end());

  page result;
  std::size_t next_own = 0;
  scan_request rest = request;
  for (bool more = true; more && result.items.size() < request.items_max;) {
    auto got = view_.scan(rest);
    if (!got.here) {
      missing_.push_back({std::nullopt, rest});
      return {{}, true};
    }
    for (auto& item : got.items) {
      for (; next_own < own.size() && before(own[next_own]->first, item.first); ++next_own)
        if (own[next_own]->second.value) result.items.emplace_back(own[next_own]->first, *own[next_own]->second.value);
      if (next_own < own.size() && own[next_own]->first == item.first) {
        if (own[next_own]->second.value) result.items.emplace_back(item.first, *own[next_own]->second.value);
        ++next_own;
      } else {
        result.items.push_back(item);
      }
    }
    more = !got.complete && !got.items.empty();
    if (!more) break;
    if (up) rest.from = got.items.back().first + '\0';
    else rest.to = got.items.back().first;
    result.complete = false;
    if (result.items.size() >= request.items_max) {
      result.items.resize(request.items_max);
      return result;
    }
  }
  for (; next_own < own.size(); ++next_own)
    if (own[next_own]->second.value) result.items.emplace_back(own[next_own]->first, *own[next_own]->second.value);
  result.complete = result.items.size() <= request.items_max;
  if (!result.complete) result.items.resize(request.items_max);
  return result;
}

template <class Old>
draft::slot& draft::touch(std::string_view key, Old old) {
  const auto at = slots_.lower_bound(key);
  const bool known = at != slots_.end() && at->first == key;
  if (marked_) undo_.emplace_back(std::string(key), known ? std::optional(at->second) : std::nullopt);
  if (known) return at->second;
  return slots_.emplace_hint(at, std::string(key), slot{std::nullopt, old()})->second;
}

void draft::put(std::string_view key, std::string value, std::optional<std::string_view> old) {
  touch(key, [&] { return old ? std::optional(hash_of(key, *old)) : std::nullopt; }).value = std::move(value);
}
void draft::erase(std::string_view key, std::string_view old) {
  touch(key, [&] { return std::optional(hash_of(key, old)); }).value.reset();
}
void draft::erase_hashed(std::string_view key, const hash128& old) {
  touch(key, [&] { return std::optional(old); }).value.reset();
}

std::string* draft::own(std::string_view key) {
  const auto at = slots_.find(key);
  if (at == slots_.end() || !at->second.value) return nullptr;
  if (marked_) undo_.emplace_back(std::string(key), at->second);
  return &*at->second.value;
}

void draft::mark() {
  marked_ = true;
  undo_.clear();
}
void draft::keep() {
  marked_ = false;
  undo_.clear();
}
void draft::roll_back() {
  BURROW_ASSERT(marked_);
  for (auto at = undo_.rbegin(); at != undo_.rend(); ++at) {
    if (at->second) slots_.insert_or_assign(at->first, std::move(*at->second));
    else slots_.erase(at->first);
  }
  keep();
}

std::vector<delta::change> draft::take() {
  std::vector<delta::change> changes;
  changes.reserve(slots_.size());
  while (!slots_.empty()) {
    auto node = slots_.extract(slots_.begin());
    // Made and removed within the entry: nobody outside ever knew.
    if (!node.mapped().value && !node.mapped().old_hash) continue;
    changes.push_back({std::move(node.key()), std::move(node.mapped().value), node.mapped().old_hash});
  }
  return changes;
}

} // namespace burrow::queue
