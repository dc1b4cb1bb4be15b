#include "cluster/queue/walk.hpp"

#include "cluster/base/assert.hpp"
#include "cluster/queue/moving.hpp"

#include <algorithm>

namespace burrow::queue {

bool covers(const walk_request& request, const message& m) {
  const auto priority = m.attributes.priority;
  if (m.place >= request.below || (request.by_priority && priority > request.priority)) return false;
  const bool bounded = !request.by_priority || priority == request.priority;
  return !bounded || (m.place >= request.from && m.place < request.to);
}

walk::walk(work& w, queue_state& q, const walk_request& request) : w_(w), q_(q), request_(request) {
  first_.page_size = std::clamp<std::size_t>(request.page, 1, 256);
  if (!q.exists()) return;
  request_.to = std::min(request_.to, request_.below);
  const bool lowest_bounded = !request.by_priority || request.priority == 0;
  const place from = lowest_bounded ? request_.from : place{}, to = lowest_bounded ? request_.to : request_.below;
  if (request.match_hidden) {
    add_hidden_too(from, to);
    return;
  }
  if (q.record.raised_ready > 0) add_raised();
  add_lowest(from, to);
}

void walk::add_hidden_too(place from, place to) {
  const queue_record& r = q_.record;
  if (!request_.by_priority) return first_.add(kind::records, any, std::max(from, r.first), to);
  // Hidden messages stand in no order but that of places, so each priority looks through all of them.
  const std::uint8_t highest = r.raised > 0 ? request_.priority : std::uint8_t{0};
  for (std::uint8_t p = highest; p > 0; --p) {
    const bool bounded = p == request_.priority;
    first_.add(kind::records, p, std::max(bounded ? request_.from : place{}, r.first),
               bounded ? request_.to : request_.below);
  }
  first_.add(kind::records, r.raised > 0 ? std::uint8_t{0} : any, std::max(from, r.first), to);
}

void walk::add_raised() {
  if (!request_.by_priority) {
    for (std::uint8_t p = limits::priorities_max - 1; p > 0; --p) {
      others_.emplace_back().page_size = first_.page_size;
      others_.back().add(kind::ready, p, request_.from, request_.to);
    }
  } else if (!request_.lifo) {
    if (request_.priority > 0) first_.add(kind::raised, request_.priority, request_.from, place_end);
  } else {
    for (std::uint8_t p = request_.priority; p > 0; --p)
      first_.add(kind::ready, p, {}, p == request_.priority ? request_.to : request_.below);
  }
}

void walk::add_lowest(place from, place to) {
  const queue_record& r = q_.record;
  const bool ready = r.ready > r.raised_ready;
  const std::uint8_t records = r.raised > 0 ? std::uint8_t{0} : any;
  const std::size_t begin = first_.count;
  if (ready) first_.add(kind::ready, 0, from, std::min(to, r.head));
  first_.add(kind::records, records, std::max(from, r.head), std::min(to, r.tail));
  if (ready) first_.add(kind::ready, 0, std::max({from, r.head, r.tail}), to);
  if (request_.lifo)
    std::reverse(first_.segments.begin() + static_cast<std::ptrdiff_t>(begin),
                 first_.segments.begin() + static_cast<std::ptrdiff_t>(first_.count));
}

void walk::stream::add(kind what, std::uint8_t priority, place from, place to) {
  if (from < to) segments[count++] = {what, priority, from.value, to.value};
}

scan_request walk::scan_of(const segment& s, std::size_t count) const {
  const queue_number number = q_.record.number;
  const place from{s.from}, to{s.to};
  const auto order = request_.lifo ? direction::descending : direction::ascending;
  switch (s.what) {
    case kind::ready:
      return {.from = key::ready(number, s.priority, from), .to = key::ready(number, s.priority, to),
              .order = order, .items_max = count};
    case kind::raised:
      return {.from = key::ready(number, s.priority, from), .to = key::ready(number, 0, {}), .order = order,
              .items_max = count};
    case kind::records: break;
  }
  return {.from = key::message(number, from), .to = key::message(number, to), .order = order, .items_max = count};
}

bool walk::fill(stream& x) {
  while (x.current < x.count) {
    if (x.at < x.page.items.size()) return true;
    segment& s = x.segments[x.current];
    if (x.started && (x.page.complete || s.from >= s.to)) {
      ++x.current;
      x.started = false;
      x.page = {};
      x.at = 0;
      continue;
    }
    x.page = w_.state().scan(scan_of(s, x.page_size));
    if (!w_.ok()) return false;
    x.at = 0;
    x.started = true;
    x.page_size = 256;
    if (x.page.items.empty()) {
      x.page.complete = true;
      continue;
    }
    // Whatever happens to these messages, the next page begins beyond them.
    const std::string& end_key = x.page.items.back().first;
    const std::uint64_t end = key::last_number(end_key);
    if (s.what == kind::raised) s.priority = key::priority_of(end_key);
    if (request_.lifo) s.to = end;
    else s.from = end + 1;
  }
  return false;
}

walk::stream* walk::ahead() {
  stream* best = fill(first_) ? &first_ : nullptr;
  if (others_.empty() || !w_.ok()) return best;
  const auto place_of = [](const stream& s) { return key::last_number(s.page.items[s.at].first); };
  for (auto& s : others_) {
    if (!fill(s)) {
      if (!w_.ok()) return nullptr;
      continue;
    }
    if (best == nullptr || (request_.lifo ? place_of(s) > place_of(*best) : place_of(s) < place_of(*best))) best = &s;
  }
  return best;
}

std::optional<held> walk::load(const segment& s, draft::pair& pair) {
  const place at{key::last_number(pair.first)};
  if (s.what != kind::records) {
    if (at >= request_.below) return std::nullopt;
    auto h = read(w_, q_, at);
    BURROW_ASSERT(h || !w_.ok());
    return h;
  }
  auto decoded = decode_message(at, pair.second);
  BURROW_ASSERT(decoded);
  if (s.priority != any && decoded->item.attributes.priority != s.priority) return std::nullopt;
  return held{std::move(*decoded), std::move(pair.second)};
}

std::optional<held> walk::next() {
  while (stream* const from = ahead()) {
    if (!w_.spend()) {
      stopped_ = true;
      return std::nullopt;
    }
    const segment& s = from->segments[from->current];
    draft::pair& pair = from->page.items[from->at++];
    last_ = {key::last_number(pair.first)};
    last_priority_ = s.what == kind::raised ? key::priority_of(pair.first) : s.priority == any ? 0 : s.priority;
    if (last_priority_ == 0) last_lowest_ = last_;
    auto h = load(s, pair);
    if (!w_.ok()) return std::nullopt;
    if (!h) continue;
    if (h->item().is_gone(w_.now())) {
      expire(w_, q_, *h);
      if (!w_.ok()) return std::nullopt;
      continue;
    }
    if (request_.match_hidden || shows(q_.record, h->item(), w_.now())) return h;
  }
  return std::nullopt;
}

bool walk::more() { return stopped_ || ahead() != nullptr; }

} // namespace burrow::queue
