// What the queue machine reads: the overlay, then what was loaded for this call, then the store in its memory tier.
// Notes what it did not have, in the store's own terms, so that one load brings all of it.
#pragma once

#include "cluster/queue/view.hpp"
#include "cluster/replica/overlay.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace burrow {

/// What readers brought for one call of the machine, full keys. Lives until that call succeeds.
class loaded_set {
public:
  void add(const load_item& asked, loaded_value got);
  [[nodiscard]] const store::lookup* find(std::string_view key) const;
  /// A piece of a loaded page, from where `request` begins. Nothing if no page covers its beginning.
  [[nodiscard]] std::optional<scan_page> piece(const scan_request& request) const;
  [[nodiscard]] bool empty() const { return keys_.empty() && pages_.empty(); }
  void clear() { keys_.clear(); pages_.clear(); }

private:
  struct loaded_page {
    scan_request asked;
    scan_page got;
  };
  std::map<std::string, store::lookup, std::less<>> keys_;
  std::vector<loaded_page> pages_;
};

class state_view final : public queue::view {
public:
  /// `prefix` is keys::prefix of the shard's state. All references must outlive the view.
  state_view(const store& from, const overlay& above, const loaded_set& loaded, const std::string& prefix)
      : store_(from), overlay_(above), loaded_(loaded), prefix_(prefix) {}

  [[nodiscard]] lookup get(std::string_view key) override;
  [[nodiscard]] page scan(const scan_request& request) override;

  /// What was not here, for one load_effect. Empty if everything was.
  [[nodiscard]] std::vector<load_item> take_wanted() { return std::exchange(wanted_, {}); }
  [[nodiscard]] bool wants() const { return !wanted_.empty(); }
  /// Adds what the machine knows that it will read.
  void want(const queue::load_request& request);
  /// Set if the store said corrupt or io_failed: the result of the call must not be used.
  [[nodiscard]] const std::optional<error>& failure() const { return failure_; }

private:
  struct merge;
  [[nodiscard]] std::optional<scan_page> piece(const scan_request& full);
  [[nodiscard]] scan_request full(const scan_request& relative) const;

  const store& store_;
  const overlay& overlay_;
  const loaded_set& loaded_;
  const std::string& prefix_;
  std::vector<load_item> wanted_;
  std::optional<error> failure_;
};

} // namespace burrow
