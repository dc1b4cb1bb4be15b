// One entry (or query) in progress: the draft, the queues opened so far, fresh numbers, and what is left of the work
// bound. It loads and stores records; what their fields mean is decided elsewhere (backlog.hpp, sweep.hpp, quota.hpp).
#pragma once

#include "cluster/base/limits.hpp"
#include "cluster/queue/draft.hpp"
#include "cluster/queue/effect.hpp"
#include "cluster/queue/gateways.hpp"
#include "cluster/queue/machine.hpp"
#include "cluster/queue/move_records.hpp"
#include "cluster/queue/remembered.hpp"
#include "cluster/queue/snapshot.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace burrow::queue {

/// What a queue remembers of requests (dedupe.hpp), as this entry sees it.
struct memory_state {
  std::string stored; ///< bytes of the record in the view; empty = none
  memory_record before, record;
};

/// A queue as this entry sees it. number 0: it holds nothing yet, and has a record only if it has settings.
struct queue_state {
  queue_ref ref;
  std::string key;
  std::string stored;      ///< bytes of the record in the view; empty = none
  queue_record before;     ///< the same, decoded
  queue_record record;
  bool changed = false;
  std::uint64_t shown = 0; ///< messages that became visible in this entry
  activity did;            ///< by this entry
  std::optional<memory_state> memory; ///< only if somebody has asked for it
  [[nodiscard]] bool exists() const { return record.messages() > 0; }
};

class work {
public:
  work(const apply_meta& meta, view& state, std::size_t budget)
    : meta_(meta), draft_(state), gateways_(draft_), budget_(budget) {}
  work(const work&) = delete; // its parts refer to each other
  work& operator=(const work&) = delete;

  [[nodiscard]] draft& state() { return draft_; }
  [[nodiscard]] bool ok() const { return draft_.ok(); }
  [[nodiscard]] instant now() const { return meta_.now; }
  [[nodiscard]] shard_id shard() const { return meta_.shard; }
  [[nodiscard]] log_index index() const { return meta_.index; }

  /// Counts `n` messages as examined or changed; false if that would pass the bound.
  [[nodiscard]] bool spend(std::size_t n = 1) {
    if (n > budget_) return false;
    budget_ -= n;
    return true;
  }
  [[nodiscard]] std::size_t budget() const { return budget_; }

  /// Never the same number twice in a shard, ascending: the log index, then a count within the entry. Places, claims,
  /// groups and queue numbers are all drawn here, so no counter has to be kept in the state.
  [[nodiscard]] std::uint64_t number();
  /// Every place given out so far is below, every later one is not.
  [[nodiscard]] place next_place() const { return {base() + drawn_}; }
  /// A group for one more deadline. Groups are small, so that finishing one message does not rewrite a long list.
  [[nodiscard]] std::uint64_t group();
  /// The next group() starts a new group: commands share none.
  void end_command() { group_left_ = 0; }

  /// The queue of this name, loaded when it is first asked for. The reference stays good for the whole entry.
  [[nodiscard]] queue_state& open(const queue_ref& ref);
  /// What the queue remembers of requests; loaded when it is first asked for, so that others do not pay for it.
  [[nodiscard]] memory_record& memory(queue_state& q);
  [[nodiscard]] const shard_record& shard_state();
  void note_sweep(std::int64_t change);
  [[nodiscard]] shard_record& edit_shard() {
    static_cast<void>(shard_state());
    return shard_;
  }
  /// Moves to another shard. The reference stays good for the whole entry, and what is changed there is stored.
  [[nodiscard]] pair_record& pair(shard_id to);
  /// Something began to leave for that shard.
  void note_leaving(shard_id to) { leaving_to_.insert(to); }
  /// Whose commands may come once more (repeats.hpp); what is changed there is stored.
  [[nodiscard]] queue::gateways& gateways() { return gateways_; }
  /// What the tenant holds on this shard, with the changes of this entry.
  [[nodiscard]] tenant_record usage(const tenant_id& tenant);

  /// Tells the shard when this queue has to be looked at next.
  void register_due(queue_state& q);
  /// The shard has something to do at `deadline`.
  void note_due(instant deadline);
  /// Makes the due index tell the truth again: some of it has been worked off.
  void refresh_due() { refresh_ = true; }

  void body_gone(const body_ref& body) { bodies_erased_.push_back(body); }

  /// For requests that are all or nothing: everything since mark(q) is undone in the state and in q.
  void mark(queue_state& q);
  void keep() { draft_.keep(); }
  void roll_back(queue_state& q);

  /// Writes all records and hands over changes and effects. Check ok() after it.
  void finish(outcome& out);

private:
  [[nodiscard]] std::uint64_t base() const { return meta_.index.value << number_bits; }
  [[nodiscard]] const std::optional<std::string>& stored_tenant(const tenant_id& tenant);
  void store(queue_state& q);
  void store_memory(queue_state& q);
  void store_tenants(outcome& out);
  void store_shard();
  void store_pairs();

  static constexpr int number_bits = 16;
  static constexpr std::size_t group_places_max = 32;

  apply_meta meta_;
  draft draft_;
  queue::gateways gateways_;
  std::size_t budget_;
  std::uint64_t drawn_ = 0;
  std::uint64_t group_ = 0;
  std::size_t group_left_ = 0;
  std::map<std::string, queue_state, std::less<>> queues_; ///< by key
  std::map<tenant_id, std::optional<std::string>> tenants_; ///< records as the view has them
  struct pair_state {
    std::optional<std::string> stored;
    pair_record before, record;
  };
  std::map<shard_id, pair_state> pairs_;
  std::set<shard_id> leaving_to_;
  bool shard_loaded_ = false;
  std::string shard_stored_;
  shard_record shard_before_, shard_;
  bool refresh_ = false;
  std::vector<body_ref> bodies_erased_;
  std::optional<queue_state> saved_; ///< only an atomic request needs it, and it is large
  std::size_t bodies_saved_ = 0;
};

} // namespace burrow::queue
