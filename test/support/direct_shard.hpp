// One shard over any store, without waiting: each command is written, synced and applied before it returns, and time
// stands still but for pass(). So what it leaves in the store depends on the commands alone.
#pragma once

#include "cluster/replica/reading.hpp"
#include "cluster/replica/replica.hpp"

#include <doctest/doctest.h>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace burrow::test {

class direct_shard {
public:
  direct_shard(store& data, const replica_options& options) : data_(data) {
    auto stored = load_replica(data, options);
    if (!stored) why_not = stored.error().context;
    if (!stored) return;
    replica_ = std::make_unique<replica>(options, data, *stored, now());
    pump();
  }

  queue::reply run(queue::command what, const std::vector<std::string>& bodies = {}) {
    std::vector<shared_bytes> shared;
    for (const auto& b : bodies) shared.emplace_back(b);
    const cookie from{++last_};
    replica_->propose(now(), {from, std::move(what), std::move(shared), false});
    pump();
    REQUIRE(replies_.contains(from));
    REQUIRE(replies_.at(from).ok());
    return replies_.at(from).value();
  }
  std::pair<queue::answer, std::vector<shared_bytes>> ask(queue::query what) {
    const cookie from{++last_};
    replica_->ask(now(), {from, std::move(what), true});
    pump();
    REQUIRE(answers_.contains(from));
    REQUIRE(answers_.at(from).outcome.ok());
    return {answers_.at(from).outcome.value(), answers_.at(from).bodies};
  }
  void pass(duration time) {
    for (const auto end = steady_ + time; steady_ < end;) {
      steady_ += duration{10};
      replica_->tick(now());
      pump();
    }
  }
  /// Writes what is not written yet.
  void finish() {
    replica_->drain(now());
    pump();
  }
  [[nodiscard]] clock_reading now() const { return {steady_, {1'700'000'000'000 + steady_.count()}}; }
  std::string why_not; ///< the shard is damaged: nothing else may be called

private:
  void pump() {
    for (bool more = true; more;) {
      more = false;
      for (auto& e : replica_->take_effects()) more = carry_out(e) || more;
    }
  }
  /// True if the replica was told something.
  bool carry_out(replica_effect& e) {
    if (const auto* const p = std::get_if<persist_effect>(&e)) {
      REQUIRE(data_.write(*p->batch).ok());
      if (p->sync) REQUIRE(data_.sync().ok());
      replica_->persisted(now(), p->ticket);
      return true;
    }
    if (const auto* const l = std::get_if<load_effect>(&e)) {
      std::vector<loaded_item> values;
      for (const auto& item : l->items) values.push_back(read_item(data_, item));
      replica_->loaded(now(), l->id, std::move(values));
      return true;
    }
    REQUIRE_FALSE(std::holds_alternative<damaged_effect>(e));
    if (auto* const r = std::get_if<reply_effect>(&e)) replies_.insert_or_assign(r->to, r->outcome);
    if (auto* const a = std::get_if<answer_effect>(&e)) answers_.insert_or_assign(a->to, std::move(*a));
    return false;
  }

  store& data_;
  std::unique_ptr<replica> replica_;
  duration steady_{1000};
  std::uint64_t last_ = 0;
  std::map<cookie, result<queue::reply>> replies_;
  std::map<cookie, answer_effect> answers_;
};

} // namespace burrow::test
