// The storage contract in memory, for the simulation and the actor tests, with the disk's bad habits on demand: writes
// lost at a crash, keys that are not in memory, a sync that fails, bytes that rot. It chooses by its seed alone.
// Unlike rocks_store it is for one thread: whoever shares it between threads brings the order.
#pragma once

#include "cluster/base/random.hpp"
#include "cluster/storage/store.hpp"

#include <array>
#include <deque>
#include <map>
#include <optional>
#include <set>

namespace burrow {

struct memory_options {
  std::uint64_t seed = 1;
  std::uint64_t not_here_per_mille = 0;   ///< of the reads in the memory tier that nothing loaded covers
  std::size_t loads_remembered = 64;      ///< disk-tier reads that stay "in memory", newest first
  std::size_t synced_batches_undoable = 0; ///< how far lose_synced() can go back
  disk_space space{std::uint64_t{1} << 40, std::uint64_t{1} << 41};
};

class memory_store final : public store {
public:
  explicit memory_store(const memory_options& options = {}) : options_(options), random_(options.seed) {}

  result<void> write(const write_batch& batch) override;
  result<void> sync() override { return sync_to(sequence_); }
  [[nodiscard]] result<lookup> get(family f, std::string_view key, read_tier tier) const override;
  [[nodiscard]] result<scan_page> scan(family f, const scan_request& request, read_tier tier) const override;
  /// A copy of everything.
  [[nodiscard]] result<std::shared_ptr<const pinned_state>> pin() const override;
  [[nodiscard]] std::uint64_t sequence() const override { return sequence_; }
  [[nodiscard]] disk_space space() const override { return options_.space; }

  /// The end of a sync that began when sequence() was `number`; what was written since stays unsynced.
  result<void> sync_to(std::uint64_t number);
  [[nodiscard]] std::uint64_t synced() const { return synced_; }
  [[nodiscard]] std::size_t unsynced_batches() const { return undo_.size() - undo_synced_; }

  /// Ends the process and starts it again: some of the unsynced batches survive, in order from the oldest; one that
  /// was torn is lost whole, since its record fails its checksum. Nothing is in memory afterwards.
  void crash(random& chance);
  /// As crash, but it keeps exactly `batches` of the unsynced ones.
  void crash_keeping(std::size_t batches);
  /// Takes back up to `batches` of the synced batches too: a disk that lied. Then check_synced() must tell.
  void lose_synced(std::size_t batches);
  /// What a start does: lost_writes if the store is behind what was ever synced, with the number lost.
  [[nodiscard]] result<void> check_synced() const;
  /// Goes on with what is left.
  void accept_loss() { synced_ = sequence_; }

  void set_not_here(std::uint64_t per_mille) { options_.not_here_per_mille = per_mille; }
  void set_space(disk_space space) { options_.space = space; }
  /// Nothing is in memory any more but what is loaded from now on.
  void forget_loads() const { loaded_.clear(); }
  /// The n-th write or sync from now on fails (1 = the next), and so does everything after it.
  void fail_write(std::size_t n) { fail_write_ = n; }
  void fail_sync(std::size_t n) { fail_sync_ = n; }
  /// A bit of this pair flips on the disk: every read that meets it answers corrupt, until it is written anew.
  void flip(family f, std::string_view key) { flipped_[slot(f)].insert(std::string(key)); }
  [[nodiscard]] std::size_t size(family f) const { return maps_[slot(f)].size(); }

private:
  struct copy;
  struct cell {
    std::string value;
    shared_bytes shared;
    [[nodiscard]] std::string_view view() const { return shared.present() ? shared.view() : std::string_view{value}; }
  };
  using map = std::map<std::string, cell, std::less<>>;
  struct undo_step {
    family where;
    std::string key;
    std::optional<cell> old;
  };
  struct undo_batch {
    std::uint64_t sequence_before;
    std::vector<undo_step> steps;
  };
  struct range {
    family where;
    std::string from, to; ///< to is past the last; empty = no bound
  };

  static constexpr std::size_t slot(family f) { return static_cast<std::size_t>(f); }
  void set(undo_batch& undo, family f, const std::string& key, std::optional<cell> value);
  void take_back_last();
  [[nodiscard]] bool is_here(const range& wanted, read_tier tier) const;
  void remember(range loaded) const;
  [[nodiscard]] static std::pair<scan_page, range> page(const map& m, family f, const scan_request& request);

  memory_options options_;
  mutable random random_;
  std::array<map, family_count> maps_;
  std::array<std::set<std::string, std::less<>>, family_count> flipped_;
  mutable std::deque<range> loaded_;
  std::deque<undo_batch> undo_; ///< synced ones first
  std::size_t undo_synced_ = 0;
  std::uint64_t sequence_ = 0;
  std::uint64_t synced_ = 0;
  std::size_t fail_write_ = 0, fail_sync_ = 0;
  bool failed_ = false;
};

} // namespace burrow
