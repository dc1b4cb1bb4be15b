#include "cluster/raft/progress.hpp"

#include <algorithm>

namespace burrow::raft {

constexpr std::uint32_t still_max = 3; ///< heartbeats without news before we take messages for lost

bool progress::may_send(std::size_t messages_max, std::size_t bytes_max) const {
  if (damaged) return false;
  switch (how) {
  case mode::probe: return !probe_sent_;
  case mode::pipeline: return inflight_.empty() || (inflight_.size() < messages_max && inflight_bytes_ < bytes_max);
  case mode::install: return false;
  }
  return false;
}

void progress::sent(log_index last, std::size_t bytes, bool read_back) {
  // What a probe carries is not counted on: `next` moves when it is answered.
  if (how == mode::probe) {
    probe_sent_ = true;
    return;
  }
  inflight_.push_back({last, bytes, read_back});
  inflight_bytes_ += bytes;
  if (read_back) catch_up_bytes_ += bytes;
  next = {last.value + 1};
}

bool progress::acknowledged(log_index verified) {
  received_ = std::max(received_, verified);
  // During an install an acknowledgement that reaches beyond what we lack is possible: its log had it all along.
  if (verified <= match && how == mode::pipeline) return false;
  const bool news = verified > match;
  match = std::max(match, verified);
  next = std::max(next, log_index{match.value + 1});
  if (how == mode::probe) {
    next = {match.value + 1};
    forget_inflight();
    how = mode::pipeline;
  }
  auto done = inflight_.begin();
  for (; done != inflight_.end() && done->last <= match; ++done) {
    inflight_bytes_ -= done->bytes;
    if (done->read_back) catch_up_bytes_ -= done->bytes;
  }
  inflight_.erase(inflight_.begin(), done);
  return news;
}

bool progress::refused(log_index previous, log_index agreed_at_most) {
  if (how == mode::install || previous <= match) return false;
  // While we probe, only the answer to the probe counts; in the pipeline any refusal means that one message was lost.
  if (how == mode::probe && previous.value + 1 != next.value) return false;
  restart_from({std::max(match, std::min(agreed_at_most, log_index{previous.value - 1})).value + 1});
  return true;
}

void progress::restart_from(log_index next_index) {
  how = mode::probe;
  next = next_index;
  forget_inflight();
}

void progress::heard(log_index up_to) {
  active = heard_ = true;
  forgot_ = up_to < match;
  received_ = std::max(received_, up_to);
}

bool progress::look_for_losses() {
  if (!heard_ || damaged || how == mode::install) return false;
  heard_ = false;
  probe_sent_ = false; // an answer to a heartbeat came since: the probe's would have, too
  if (how == mode::probe || match.value + 1 >= next.value || received_ > at_last_look_) {
    at_last_look_ = received_;
    still_ = 0;
    // A follower that started again has yet to check its log against us: without it, it would commit nothing.
    return forgot_ && how == mode::pipeline;
  }
  if (++still_ < still_max) return false;
  still_ = 0;
  // Everything arrived, so its sync is slow or its answer was lost: an empty append costs little and finds out.
  if (received_.value + 1 >= next.value) return true;
  forget_inflight();
  next = {std::max(match, received_).value + 1};
  return false;
}

void progress::begin_install() {
  if (how == mode::install) return;
  how = mode::install;
  session_asked = false;
  offered.reset();
  forget_inflight();
}

void progress::end_install(log_index installed) {
  match = std::max(match, installed);
  offered.reset();
  restart_from({match.value + 1});
}

void progress::forget_inflight() {
  probe_sent_ = false;
  inflight_.clear();
  inflight_bytes_ = catch_up_bytes_ = 0;
  still_ = 0;
}

} // namespace burrow::raft
