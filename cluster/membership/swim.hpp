// Probes (SWIM section 3.1 and 4.3): one member a period, round robin over a shuffled list; no answer in time, and some
// others are asked to ping it; no answer through them either, and it has failed. Also the other side of all that: who
// is asked to ping in another's place. Knows members by id alone; what a failure means is the facade's matter.
#pragma once

#include "cluster/base/random.hpp"
#include "cluster/membership/health.hpp"
#include "cluster/membership/messages.hpp"
#include "cluster/membership/options.hpp"

#include <optional>
#include <vector>

namespace burrow::membership {

/// What a step of the prober asks for, in order; taken away by the facade.
struct swim_output {
  std::vector<std::pair<node_id, probe_content>> frames;
  std::vector<node_id> failed; ///< did not answer anybody
};

class swim {
public:
  swim(const options& o, random& chance, health& own);

  // ---- whom to probe
  void add(node_id id); ///< at a place drawn, so that a newcomer is not always probed last
  void remove(node_id id);
  /// The next of the round; a new round is shuffled anew.
  [[nodiscard]] std::optional<node_id> next();
  [[nodiscard]] const std::vector<node_id>& targets() const { return round_; }

  // ---- probes of our own
  /// Nothing if one of it is under way, or too many are. `counts`: a failure is reported, and others are asked first.
  void probe(duration now, node_id target, bool counts, swim_output& out);
  void tick(duration now, swim_output& out);
  /// The answer to a ping or ping_request of ours; stale ones are passed over.
  void received(duration now, node_id from, const ack& m, swim_output& out);
  void received(node_id from, const nack& m); ///< each relay sends one at most

  // ---- for others
  void received(duration now, node_id from, const ping_request& m, swim_output& out);

  /// When tick() has something to do; nothing if it has not.
  [[nodiscard]] std::optional<duration> next_wake() const;
  /// We were stopped ourselves: nobody who did not answer meanwhile is to blame.
  void forget_open() { open_.clear(); relayed_.clear(); }

private:
  struct open_probe {
    std::uint64_t number;
    node_id target;
    bool counts;
    duration deadline; ///< of the ping, then of the relays
    bool indirect;
    std::vector<node_id> relays; ///< that were asked
    std::size_t silent;          ///< of these, that have said nothing
  };
  struct relayed_probe {
    std::uint64_t number; ///< ours
    node_id target, asker;
    std::uint64_t asked; ///< the asker's number
    duration nack_at;    ///< halfway: the asker still waits then
    duration deadline;
    bool nacked;
  };
  void ask_relays(duration now, open_probe& p, swim_output& out);
  void failed(const open_probe& p, swim_output& out);

  const options& o_;
  random& chance_;
  health& own_;
  std::vector<node_id> round_;
  std::size_t position_ = 0;
  std::uint64_t last_number_;
  std::vector<open_probe> open_;       ///< at most limits::probes_open_max
  std::vector<relayed_probe> relayed_; ///< at most limits::probes_open_max
};

} // namespace burrow::membership
