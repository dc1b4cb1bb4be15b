// `--bootstrap-expect N`: N empty nodes that know each other's addresses agree on one new cluster, whatever is lost and
// whoever restarts (ARCHITECTURE section 5, "Forming"). Pure; the shell sends, writes and joins.
//
// The node whose address sorts first draws an id and promises it to itself, asks all others to promise it, and creates
// the cluster when every one of them has. A promise is durable and exclusive: who gave it joins that cluster or none.
// So no two creators (lists that differ) can both have all promises of lists that share a node. A creator that finds
// promises for an id that is not its own (its directory was wiped meanwhile) takes that id; one that finds a member of
// a cluster joins it.
#pragma once

#include "cluster/base/random.hpp"
#include "cluster/base/result.hpp"
#include "cluster/base/time.hpp"
#include "cluster/placement/admit.hpp"

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace burrow::placement {

struct bootstrap_options {
  std::string self;                   ///< own address, one of the list
  std::vector<std::string> addresses; ///< of all N, in any order
  hash128 fresh;                      ///< drawn for this life; used if nothing was promised
  duration ask_every = std::chrono::milliseconds(500);
};
/// Errors: config_invalid (self not in the list, one twice, N does not match, too many, not an address).
[[nodiscard]] result<void> check_bootstrap(const bootstrap_options& options, std::size_t expect);

struct ask_effect {
  std::string address;
  std::optional<hash128> promise; ///< the creator wants this promised
};
/// Write it durably, then call promised(). Nothing that depends on it leaves before.
struct promise_effect {
  hash128 cluster;
};
struct answer_effect {
  std::uint64_t question = 0;
  admit_answer answer; ///< empty, promised or refused
};
/// Make a new cluster of one under this id in the own directory; then this machine is done with.
struct create_effect {
  hash128 cluster;
};
/// Ask to be let in there; repeated as long as it is not done.
struct join_effect {
  std::string address;
  hash128 cluster;
};
using bootstrap_effect = std::variant<ask_effect, promise_effect, answer_effect, create_effect, join_effect>;

class bootstrap {
 public:
  /// `promise`: what the directory holds of an earlier life. A directory that belongs to a cluster has no use for this.
  bootstrap(bootstrap_options options, std::optional<hash128> promise);

  void tick(instant now);
  /// A question of another node; `question` is the shell's own number, for answer_effect.
  void asked(std::uint64_t question, const admit_question& what);
  void answered(const std::string& address, const admit_answer& answer);
  /// The promise of the last promise_effect is on disk.
  void promised();

  [[nodiscard]] std::vector<bootstrap_effect> take_effects();
  /// For the log and `status`: who is waited for and why.
  [[nodiscard]] std::string waiting_for() const;
  [[nodiscard]] bool creates() const { return creator_; }

 private:
  void give(hash128 cluster);
  void conclude();
  [[nodiscard]] admit_answer own_answer() const;

  bootstrap_options options_;
  bool creator_ = false, created_ = false;
  std::optional<hash128> promise_;                 ///< on disk
  std::optional<hash128> writing_;                 ///< on its way there
  std::vector<std::uint64_t> waiting_;             ///< questions answered when it is
  std::map<std::string, admit_answer> heard_;      ///< last answer of each address, in this life
  instant asked_at_;
  bool asked_ever_ = false;
  std::vector<bootstrap_effect> effects_;
};

} // namespace burrow::placement
