// A shard's state in a std::map, for tests of the queue machine. It checks every delta against what it holds, and can
// answer not_here until a key or range has been loaded, as a store whose pages are cold would.
#pragma once

#include "cluster/queue/machine.hpp"
#include "cluster/queue/snapshot.hpp"

#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace burrow::test {

class map_view final : public queue::view {
public:
  std::map<std::string, std::string, std::less<>> pairs;
  /// Asked before each read; true = answer not_here unless it has been loaded.
  std::function<bool()> is_cold;
  std::uint64_t gets = 0, scans = 0;

  lookup get(std::string_view key) override {
    ++gets;
    if (is_cold && !loaded_keys_.contains(std::string(key)) && is_cold()) return {state::not_here, {}};
    const auto at = pairs.find(key);
    if (at == pairs.end()) return {state::absent, {}};
    return {state::found, at->second};
  }

  page scan(const scan_request& request) override {
    ++scans;
    if (is_cold && !loaded_ranges_.contains(name_of(request)) && is_cold()) return {false, {}, false};
    page result;
    auto low = pairs.lower_bound(request.from);
    auto high = request.to.empty() ? pairs.end() : pairs.lower_bound(request.to);
    if (!request.to.empty() && request.to <= request.from) high = low;
    if (request.order == direction::ascending) {
      for (; low != high && result.items.size() < request.items_max; ++low) result.items.push_back(*low);
    } else {
      for (; low != high && result.items.size() < request.items_max;) result.items.push_back(*--high);
    }
    result.complete = low == high;
    return result;
  }

  /// Brings in what a call said was missing.
  void load(const std::vector<queue::load_request>& missing) {
    for (const auto& m : missing) {
      if (m.key) loaded_keys_.insert(*m.key);
      if (m.range) loaded_ranges_.insert(name_of(*m.range));
    }
  }
  void forget_loaded() {
    loaded_keys_.clear();
    loaded_ranges_.clear();
  }

  /// Makes the changes. Returns what is wrong with the delta; empty = nothing.
  std::string accept(const queue::delta& d) {
    const std::string* last = nullptr;
    for (const auto& c : d.changes) {
      if (last != nullptr && *last >= c.key) return "keys not ascending";
      last = &c.key;
      const auto at = pairs.find(c.key);
      const auto old = at == pairs.end() ? std::nullopt : std::optional(hash_of(at->first, at->second));
      if (old != c.old_hash) return "old hash of a " + std::to_string(int{c.key[0]}) + " key is wrong";
      if (!c.value && !old) return "removes what is not there";
      if (c.value) pairs.insert_or_assign(c.key, *c.value);
      else pairs.erase(at);
    }
    return {};
  }

private:
  using range_name = std::tuple<std::string, std::string, bool, std::size_t>;
  static range_name name_of(const scan_request& r) {
    return {r.from, r.to, r.order == direction::ascending, r.items_max};
  }
  std::set<std::string> loaded_keys_;
  std::set<range_name> loaded_ranges_;
};

} // namespace burrow::test
