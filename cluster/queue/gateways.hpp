// The gateways whose commands an entry has, as this entry sees them: each record is decoded and stored once however
// many of the commands are its, and what they are answered is stored as one page (repeat_records.hpp). What of it is
// kept, and for how long, is decided in repeats.cpp.
#pragma once

#include "cluster/queue/draft.hpp"
#include "cluster/queue/repeat_records.hpp"

#include <map>
#include <string>
#include <vector>

namespace burrow::queue {

struct gateway_state {
  std::uint64_t id = 0;
  bool known = false; ///< it has a record: in the view, or when this entry is stored
  std::string stored; ///< its bytes in the view; empty = none
  gateway_record before, record;
  reply_page fresh;   ///< to commands of this entry
  std::uint64_t fresh_bytes = 0;

  [[nodiscard]] std::size_t replies() const { return record.replies() + fresh.size(); }
  [[nodiscard]] std::uint64_t bytes() const { return record.bytes() + fresh_bytes; }
  [[nodiscard]] bool keeps() const { return !record.pages.empty() || !fresh.empty(); }
};

class gateways {
public:
  explicit gateways(draft& state) : state_(state) {}

  /// Loaded when it is first asked for; known only if it has a record. The reference stays good until erase().
  [[nodiscard]] gateway_state& open(std::uint64_t id);
  /// All that are known, those of this entry among them, by id.
  [[nodiscard]] std::vector<gateway_state*> all();
  /// Forgets one that keeps nothing.
  void erase(const gateway_state& which);

  /// Writes what this entry changed, `entry` being its index in the log.
  void store(log_index entry);

private:
  gateway_state& adopt(std::uint64_t id, std::optional<std::string> bytes);

  draft& state_;
  std::map<std::uint64_t, gateway_state> open_;
};

} // namespace burrow::queue
