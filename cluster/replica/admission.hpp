// Which proposal goes into the next entry: round robin by tenant, bounded in all directions, no tenant with more than
// half of what is in flight while another waits (ARCHITECTURE section 2). Pure book-keeping.
#pragma once

#include "cluster/base/result.hpp"
#include "cluster/replica/effect.hpp"

#include <deque>
#include <map>
#include <string>
#include <vector>

namespace burrow {

struct admission_options {
  std::size_t waiting_commands_max; ///< of all tenants; one tenant may have half of them
  std::size_t waiting_bytes_max;
  std::size_t flight_commands_max;  ///< in entries that are not applied yet
  std::size_t entry_commands_max;
  std::size_t entry_bytes_max;      ///< what is larger gets an entry of its own
  std::size_t entry_work_max;
  static admission_options standard();
};

/// How many messages a command may change or examine, at most.
[[nodiscard]] std::size_t work_of(const queue::command& command);

class admission {
public:
  explicit admission(admission_options options = admission_options::standard()) : options_(options) {}

  /// Queues a proposal; moves from it only if it is accepted. Error: busy.
  result<void> add(proposal& what);
  /// What the next entry carries, empty if nothing may go now. Counts as in flight until done(). O(commands taken).
  [[nodiscard]] std::vector<proposal> take_entry();
  /// Commands of this tenant that take_entry() gave out are applied or failed.
  void done(const tenant_id& tenant);
  /// Gives up everything that waits.
  [[nodiscard]] std::vector<proposal> drop_all();

  [[nodiscard]] std::size_t waiting() const { return waiting_; }
  [[nodiscard]] std::size_t waiting_bytes() const { return bytes_; }
  [[nodiscard]] std::size_t in_flight() const { return flight_; }

private:
  struct waiting_proposal {
    proposal what;
    std::size_t bytes = 0, work = 0;
  };
  struct line {
    std::deque<waiting_proposal> waiting;
    std::size_t flight = 0;
  };
  [[nodiscard]] bool may_go(const line& l) const;

  admission_options options_;
  std::map<tenant_id, line, std::less<>> tenants_; ///< with something waiting or in flight
  std::deque<std::map<tenant_id, line, std::less<>>::iterator> turns_; ///< with something waiting
  std::size_t waiting_ = 0, bytes_ = 0, flight_ = 0;
};

} // namespace burrow
