#include "actors/log_writer_actor.hpp"

#include "cluster/replica/writer_queue.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <chrono>
#include <map>

namespace burrow {
namespace {

class log_writer {
public:
  static constexpr const char* actor_name = "log_writer";

  log_writer(shell<log_writer>* self, log_writer_options options) : self_(self), o_(std::move(options)) {
    BURROW_ASSERT(o_.data != nullptr && o_.clock);
  }

  caf::behavior behavior() {
    return {
      [this](persist& m) { queue(m); },
      [this](flush_atom) {
        flushing_ = false;
        write_one_batch();
      },
      [this](const fence& m) {
        queue_.fence(m.shard, m.start);
        replicas_[m.shard] = m.from;
        self_->send(m.from, fenced{m.shard, m.start});
        if (disk_.low || disk_.stop) self_->send(m.from, disk_);
        if (busy_) self_->send(m.from, writer_state{true});
      },
      [this](tick_atom) { tick(); },
      [this](stop_atom) {
        stopping_ = true;
        if (queue_.empty()) finish();
      },
    };
  }

private:
  void queue(persist& m) {
    if (failed_) return;
    const auto added = queue_.add({m.shard, m.start, m.what.ticket, std::move(m.what.batch), m.what.sync});
    if (added == writer_queue::added::stale) return;
    auto& receiver = replicas_[m.shard];
    if (receiver != m.from) receiver = m.from;
    // The message to ourselves comes after all that waits in the mailbox now: that is the batch.
    if (!flushing_) self_->send(self_, flush_atom_v);
    flushing_ = true;
  }

  void write_one_batch() {
    const auto batch = queue_.take_batch();
    if (batch.empty() || failed_) return;
    const auto written = batch.items.size() == 1 ? o_.data->write(*batch.items.front().batch)
                                                 : o_.data->write(batch.merged());
    if (!written) return fail(written.error());
    if (batch.sync && !sync()) return;
    unsynced_ = !batch.sync;
    tell(batch);
    count(batch);
    wrote_at_ = o_.clock().steady;
    if (wrote_at_ - checked_at_ >= o_.disk_check_every) check_disk();
    arm(o_.idle_after);
    tell_busy();
    if (!queue_.empty() && !flushing_) {
      flushing_ = true;
      self_->send(self_, flush_atom_v);
    } else if (queue_.empty() && stopping_) {
      finish();
    }
  }

  bool sync() {
    const auto began = std::chrono::steady_clock::now();
    if (const auto done = o_.data->sync(); !done) {
      fail(done.error());
      return false;
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    if (o_.metrics) o_.metrics->synced(took.count());
    if (o_.after_sync) o_.after_sync(o_.clock().steady);
    return true;
  }

  /// One message a replica: its tickets ascend, so the highest says it for all.
  void tell(const writer_queue::batch& batch) {
    std::map<shard_id, persisted> last;
    for (const auto& i : batch.items) last[i.shard] = {i.shard, i.start, i.ticket};
    for (const auto& [shard, what] : last) self_->send(replicas_.at(shard), what);
  }

  void count(const writer_queue::batch& batch) {
    if (o_.metrics) o_.metrics->wrote(batch.items.size(), batch.bytes);
  }

  /// Nothing is known of what landed: whoever waits for a ticket must never hear of it.
  void fail(const error& why) {
    failed_ = true;
    if (o_.fatal) o_.fatal(why);
    self_->quit(caf::make_error(caf::sec::runtime_error, std::string{to_string(why.code)}, why.context));
  }

  void finish() {
    if (unsynced_ && !sync()) return;
    self_->quit();
  }

  void tell_busy() {
    if (busy_ == queue_.overloaded()) return;
    busy_ = queue_.overloaded();
    for (const auto& [shard, replica] : replicas_) self_->send(replica, writer_state{busy_});
  }

  void check_disk() {
    checked_at_ = o_.clock().steady;
    const auto space = o_.data->space();
    const auto low = std::max(o_.low_bytes, space.total / 100 * o_.low_per_cent);
    const auto below = [&](bool was, std::uint64_t mark) { return space.free < (was ? mark + mark / 2 : mark); };
    const disk_state now{below(disk_.low, low), below(disk_.stop, o_.stop_bytes)};
    if (o_.metrics) o_.metrics->disk_free(space.free);
    if (now.low != disk_.low || now.stop != disk_.stop) {
      disk_ = now;
      for (const auto& [shard, replica] : replicas_) self_->send(replica, disk_);
    }
    if (disk_.low || disk_.stop) arm(o_.disk_check_every);
  }

  /// One timer under way, unless an earlier one is needed.
  void arm(duration in) {
    const auto at = o_.clock().steady + in;
    if (armed_ && *armed_ <= at) return;
    armed_ = at;
    self_->delayed_send(self_, in, tick_atom_v);
  }

  void tick() {
    const auto now = o_.clock().steady;
    if (armed_ && now < *armed_) return; // one that was overtaken
    armed_.reset();
    if (disk_.low || disk_.stop) check_disk();
    if (wrote_at_ == duration{0}) return;
    if (now - wrote_at_ < o_.idle_after) return arm(wrote_at_ + o_.idle_after - now);
    wrote_at_ = duration{0};
    if (o_.when_idle) o_.when_idle();
  }

  shell<log_writer>* self_;
  log_writer_options o_;
  writer_queue queue_;
  std::map<shard_id, caf::actor> replicas_; ///< the living one of each shard, as its fence said
  disk_state disk_;
  std::optional<duration> armed_;
  duration checked_at_{-1'000'000'000}, wrote_at_{0};
  bool flushing_ = false, failed_ = false, stopping_ = false, unsynced_ = false, busy_ = false;
};

} // namespace

caf::actor spawn_log_writer(caf::actor_system& system, log_writer_options options, bool detached) {
  return detached ? system.spawn<caf::detached>(run_shell<log_writer, log_writer_options>, std::move(options))
                  : system.spawn(run_shell<log_writer, log_writer_options>, std::move(options));
}

} // namespace burrow
