// What this node holds of everybody, itself included: the newest statement about each member, by is_newer(). Knows no
// probes and sends nothing.
#pragma once

#include "cluster/membership/messages.hpp"
#include "cluster/membership/suspicion.hpp"

#include <map>
#include <optional>
#include <string_view>

namespace burrow::membership {

struct record {
  member what;
  duration since{0}; ///< of its state, by our clock
  std::optional<suspicion> doubt; ///< while it is suspect
  std::optional<duration> ask_at; ///< while we accuse it ourselves: when it is pinged again
};

class table {
public:
  [[nodiscard]] record* find(node_id id);
  [[nodiscard]] const record* find(node_id id) const;
  /// Alive or suspect, under that name, other than `except`; null if there is none.
  [[nodiscard]] const record* named(std::string_view name, node_id except) const;
  /// Members that are alive or suspect, ourselves included.
  [[nodiscard]] std::size_t here() const;
  [[nodiscard]] std::size_t size() const { return records_.size(); }
  [[nodiscard]] bool has_room() const;
  record& add(const member& what, duration since);
  void erase(node_id id) { records_.erase(id); }
  /// The one that has been dead or left longest; none: nothing.
  [[nodiscard]] std::optional<node_id> longest_gone() const;

  [[nodiscard]] auto begin() { return records_.begin(); }
  [[nodiscard]] auto end() { return records_.end(); }
  [[nodiscard]] auto begin() const { return records_.begin(); }
  [[nodiscard]] auto end() const { return records_.end(); }

private:
  std::map<node_id, record> records_; ///< at most limits::members_max
};

} // namespace burrow::membership
