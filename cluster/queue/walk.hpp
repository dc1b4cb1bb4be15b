// Goes through the messages of a queue in the order in which they are taken or listed, a page at a time, and removes
// expired ones on its way. Older messages that came back are found by their ready keys, fresh ones by their records,
// those of higher priorities by ready keys of their own.
#pragma once

#include "cluster/queue/backlog.hpp"

#include <array>
#include <cstddef>
#include <optional>
#include <vector>

namespace burrow::queue {

struct walk_request {
  bool match_hidden = false;
  bool lifo = false;
  /// The order of taking: higher priorities first. Then from and to bound only what has `priority`; higher ones are
  /// left out, lower ones follow whole. Else by place, whatever the priorities.
  bool by_priority = false;
  std::uint8_t priority = limits::priorities_max - 1;
  place from{};            ///< first place
  place to = place_end;    ///< one past the last
  place below = place_end; ///< one past the last, of all priorities
  std::size_t page = 16;   ///< how many are likely to be wanted
};

/// Whether a message lies where the walk goes, hidden or not.
[[nodiscard]] bool covers(const walk_request& request, const message& m);

class walk {
public:
  walk(work& w, queue_state& q, const walk_request& request);

  /// The next live message that is visible, or any live one with match_hidden. Nothing at the end, when the work bound
  /// is reached (stopped()), or when something is not here (w.ok()).
  [[nodiscard]] std::optional<held> next();
  [[nodiscard]] bool stopped() const { return stopped_; }
  /// The place of the last message examined, returned or not, and the priority whose turn it was; 0 = none.
  [[nodiscard]] place last() const { return last_; }
  [[nodiscard]] std::uint8_t last_priority() const { return last_priority_; }
  /// The same of those examined when it was the lowest priority's turn, to which the fresh part belongs.
  [[nodiscard]] place last_lowest() const { return last_lowest_; }
  /// Whether something that might match lies ahead. Reads at most one page.
  [[nodiscard]] bool more();

private:
  enum class kind : std::uint8_t {
    ready,   ///< ready keys of one priority
    raised,  ///< ready keys of `priority` and lower ones, but for the lowest: higher first, each first in, first out
    records, ///< messages of one priority, or of any
  };
  static constexpr std::uint8_t any = 0xFF;
  struct segment {
    kind what;
    std::uint8_t priority;
    std::uint64_t from, to; ///< places
  };
  /// Segments one after the other.
  struct stream {
    std::array<segment, 12> segments; ///< only `count` of them are set: most walks need one or two
    std::size_t count = 0, current = 0;
    draft::page page;
    std::size_t at = 0;
    std::size_t page_size = 16;
    bool started = false; ///< the current segment has a page
    void add(kind what, std::uint8_t priority, place from, place to);
  };

  void add_hidden_too(place from, place to);
  void add_lowest(place from, place to);
  void add_raised();
  [[nodiscard]] scan_request scan_of(const segment& s, std::size_t count) const;
  /// Makes sure that a pair is at hand; false at the end.
  bool fill(stream& s);
  /// The stream whose pair comes next; null at the end.
  stream* ahead();
  /// Nothing if it is no message of this walk.
  std::optional<held> load(const segment& s, draft::pair& pair);

  work& w_;
  queue_state& q_;
  walk_request request_;
  stream first_;
  std::vector<stream> others_; ///< walked at the same time as `first_`, by place
  bool stopped_ = false;
  place last_, last_lowest_;
  std::uint8_t last_priority_ = 0;
};

} // namespace burrow::queue
