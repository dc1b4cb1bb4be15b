#include "cluster/replica/state_view.hpp"

#include "cluster/storage/keys.hpp"

#include <algorithm>

namespace burrow {
namespace {

bool is_past(const scan_request& r) { return !r.to.empty() && r.from >= r.to; }

/// Leaves in `r` what lies beyond the last item of a page of it.
void go_on_behind(scan_request& r, const std::string& last) {
  if (r.order == direction::ascending) {
    r.from = last;
    r.from.push_back('\0');
  } else {
    r.to = last;
  }
}

} // namespace

// ---- loaded_set -------------------------------------------------------------------------------------------------

void loaded_set::add(const load_item& asked, loaded_value got) {
  if (const auto* const key = std::get_if<std::string>(&asked.what)) {
    keys_.insert_or_assign(*key, std::get<store::lookup>(std::move(got)));
  } else {
    pages_.push_back({std::get<scan_request>(asked.what), std::get<scan_page>(std::move(got))});
  }
}

const store::lookup* loaded_set::find(std::string_view key) const {
  const auto at = keys_.find(key);
  return at == keys_.end() ? nullptr : &at->second;
}

std::optional<scan_page> loaded_set::piece(const scan_request& request) const {
  for (const auto& p : pages_) {
    if (p.asked.order != request.order) continue;
    // The range the page speaks for: all it asked for, or up to its last item.
    scan_request covered = p.asked, rest = p.asked;
    if (!p.got.complete && !p.got.items.empty()) {
      go_on_behind(rest, p.got.items.back().first);
      if (request.order == direction::ascending) covered.to = rest.from;
      else covered.from = rest.to;
    }
    const bool begins = request.order == direction::ascending
                            ? request.from >= covered.from && (covered.to.empty() || request.from < covered.to)
                            : request.to <= covered.to && request.to > covered.from;
    if (!begins) continue;
    scan_page out;
    for (const auto& item : p.got.items) {
      if (item.first < request.from || (!request.to.empty() && item.first >= request.to)) continue;
      if (out.items.size() == request.items_max) return out;
      out.items.push_back(item);
    }
    out.complete = request.order == direction::ascending ? covered.to.empty() || covered.to >= request.to
                                                         : covered.from <= request.from;
    if (out.complete || !out.items.empty()) return out;
    // Nothing of it in this page, which ends inside the range: go on from its end, or the caller never would.
    auto next = request;
    (request.order == direction::ascending ? next.from : next.to) =
        request.order == direction::ascending ? covered.to : covered.from;
    return piece(next);
  }
  return std::nullopt;
}

// ---- state_view -------------------------------------------------------------------------------------------------

queue::view::lookup state_view::get(std::string_view key) {
  const auto changed = overlay_.map().find(key);
  if (changed != overlay_.map().end()) {
    const auto& value = changed->second.latest->value;
    return value ? lookup{state::found, *value} : lookup{state::absent, {}};
  }
  std::string full_key = prefix_;
  full_key.append(key);
  if (const auto* const got = loaded_.find(full_key)) {
    return {got->found ? state::found : state::absent, got->value};
  }
  auto got = store_.get(family::queue, full_key, read_tier::memory);
  if (got) return {got->found ? state::found : state::absent, std::move(got->value)};
  if (got.code() == errc::not_here) wanted_.push_back({family::queue, std::move(full_key)});
  else if (!failure_) failure_ = got.error();
  return {state::not_here, {}};
}

scan_request state_view::full(const scan_request& relative) const {
  scan_request out = relative;
  out.from = prefix_ + relative.from;
  out.to = relative.to.empty() ? keys::after_prefix(prefix_) : prefix_ + relative.to;
  return out;
}

std::optional<scan_page> state_view::piece(const scan_request& full) {
  if (is_past(full)) return scan_page{{}, true};
  auto loaded = loaded_.piece(full);
  if (loaded) return loaded;
  auto got = store_.scan(family::queue, full, read_tier::memory);
  if (got) {
    if (got->items.empty()) got->complete = true;
    return std::move(got).value();
  }
  if (got.code() == errc::not_here) wanted_.push_back({family::queue, full});
  else if (!failure_) failure_ = got.error();
  return std::nullopt;
}

void state_view::want(const queue::load_request& request) {
  if (request.key && overlay_.map().find(*request.key) == overlay_.map().end()) {
    auto key = prefix_ + *request.key;
    if (loaded_.find(key) == nullptr) wanted_.push_back({family::queue, std::move(key)});
  } else if (request.range) {
    wanted_.push_back({family::queue, full(*request.range)});
  }
}

// One scan over both maps. The store is read in pieces, as the overlay may hide any number of its pairs.
struct state_view::merge {
  merge(const overlay::slots& slots, const scan_request& r) : order(r.order) {
    const auto low = slots.lower_bound(r.from);
    const auto high = r.to.empty() ? slots.end() : slots.lower_bound(r.to);
    // An empty or inverted range must not give iterators that pass each other.
    begin = low;
    end = !r.to.empty() && r.from >= r.to ? low : high;
  }
  [[nodiscard]] bool has_overlay() const { return begin != end; }
  [[nodiscard]] const overlay::slots::value_type& overlay_next() const {
    return order == direction::ascending ? *begin : *std::prev(end);
  }
  void skip_overlay() {
    if (order == direction::ascending) ++begin;
    else --end;
  }
  [[nodiscard]] bool has_stored() const { return at < stored.items.size(); }
  [[nodiscard]] bool overlay_holds_a_value() const {
    return std::any_of(begin, end, [](const auto& s) { return s.second.latest->value.has_value(); });
  }

  direction order;
  overlay::slots::const_iterator begin, end;
  scan_page stored;
  std::size_t at = 0;
};

queue::view::page state_view::scan(const scan_request& request) {
  merge m(overlay_.map(), request);
  auto rest = full(request);
  page out;
  std::size_t bytes = 0;
  for (;;) {
    if (out.items.size() >= request.items_max || bytes >= request.bytes_max) {
      out.complete = !m.has_stored() && m.stored.complete && !m.overlay_holds_a_value();
      return out;
    }
    if (!m.has_stored() && !m.stored.complete) {
      rest.items_max = request.items_max - out.items.size() + (m.has_overlay() ? 8 : 0);
      auto got = piece(rest);
      if (!got) return {false, {}, false};
      m.stored = std::move(*got);
      m.at = 0;
      if (!m.stored.items.empty()) go_on_behind(rest, m.stored.items.back().first);
    }
    if (!m.has_stored() && !m.has_overlay()) {
      out.complete = m.stored.complete;
      if (out.complete) return out;
      continue;
    }
    // Any stored pair that may come before the overlay's next one is at hand now.
    if (!m.has_stored() && !m.stored.complete) continue;
    const auto stored_key = m.has_stored() ? std::string_view(m.stored.items[m.at].first).substr(prefix_.size())
                                     : std::string_view{};
    bool from_overlay = m.has_overlay();
    if (from_overlay && m.has_stored()) {
      const auto key = m.overlay_next().first;
      if (key == stored_key) ++m.at; // hidden by the overlay, whatever that says
      else from_overlay = m.order == direction::ascending ? key < stored_key : key > stored_key;
    }
    if (from_overlay) {
      const auto& [key, slot] = m.overlay_next();
      if (slot.latest->value) {
        bytes += key.size() + slot.latest->value->size();
        out.items.emplace_back(std::string(key), *slot.latest->value);
      }
      m.skip_overlay();
    } else {
      auto& item = m.stored.items[m.at++];
      bytes += item.first.size() + item.second.size();
      out.items.emplace_back(item.first.substr(prefix_.size()), std::move(item.second));
    }
  }
}

} // namespace burrow
