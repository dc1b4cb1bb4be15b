// Who may enter the cluster: the question of a node that starts, and the answer to it (proto/admin.proto). Decided
// where shard 0 leads; any node passes the question on.
#pragma once

#include "cluster/placement/orders.hpp"
#include "cluster/placement/shard_map.hpp"
#include "cluster/placement/view.hpp"

#include <optional>
#include <variant>

namespace burrow::placement {

inline constexpr std::uint32_t admin_protocol = 1; ///< raised when nodes of different programs no longer understand

struct admit_question {
  std::optional<hash128> cluster; ///< the one that its directory belongs to
  node_entry self;                ///< state is ignored
  std::uint32_t protocol = admin_protocol;
  bool empty = true;              ///< its directory has no replica
  std::optional<hash128> promise; ///< bootstrap: promise to join this cluster and no other (bootstrap.hpp)
  std::uint32_t expect = 0;       ///< bootstrap: how many nodes it expects; 0: it does not bootstrap
  bool passed = false;            ///< by a member that does not decide: to be passed on no further
  bool operator==(const admit_question&) const = default;
};

/// What the asked node is, as far as the asker needs it.
enum class standing : std::uint8_t {
  empty = 0,    ///< waits itself, has promised nothing
  promised = 1, ///< waits itself, has durably promised `cluster`
  member = 2,   ///< belongs to `cluster`; this was not (yet) a request to be let in, or it cannot be answered now
  admitted = 3, ///< you are in: nodes and map are given
  refused = 4   ///< never, unless something is changed: `text` says what
};

struct admit_answer {
  standing is = standing::empty;
  std::string text;               ///< of a refusal, or why not now
  std::optional<hash128> cluster; ///< promised, member, admitted
  std::uint16_t shards = 0, shards_per_tenant = 0; ///< admitted
  std::vector<node_entry> nodes;  ///< admitted, the asker among them
  shard_map map;                  ///< admitted
  std::uint32_t expect = 0;       ///< empty, promised: how many it expects itself
  /// refused: because a node under this name is taken for alive. If it has just ended, that will be known in a moment.
  bool name_taken = false;
  bool operator==(const admit_answer&) const = default;
};

/// An answer that lets nobody in. `cluster` is given with promised and member.
[[nodiscard]] admit_answer no_admission(standing is, std::string text, std::optional<hash128> cluster = std::nullopt);

/// A question was passed on to where shard 0 may lead: whether what came back is the word of a member of this cluster,
/// and may be given to who asks. Where that member was a newcomer may be by now, the asker itself even, who must not
/// hear its own promise from us.
[[nodiscard]] bool is_word_of_member(const admit_answer& said, const hash128& cluster);

/// What an answer means to a node that asks to be let in.
enum class admit_news : std::uint8_t {
  none,       ///< ask on
  admitted,
  name_taken, ///< ask on: who has the name may have ended a moment ago
  refused,    ///< for good
  of_others   ///< another cluster's word, which is not for this node
};
/// Of a node that has ended all others know it by then.
inline constexpr duration known_dead_within = std::chrono::seconds(60);
/// `was_in`: the cluster it is a member of although its store is gone. It joins no other, or nobody would miss what it
/// has acknowledged there. `name_taken_for`: since it first heard that its name is taken.
[[nodiscard]] admit_news news_in(const admit_answer& said, const std::optional<hash128>& was_in,
                                 duration name_taken_for);

/// What shard 0 knows.
struct admission {
  hash128 cluster;
  std::uint16_t shards = 0, shards_per_tenant = 0;
  shard_map map;
  std::vector<node_entry> nodes;
  std::vector<node_seen> seen;
};
/// The answer, and the entries to write before it is given (none: nothing changed). A node that comes back under a name
/// whose last owner is dead takes its place: the old entry is gone from then on, and its replicas are replaced at once.
struct admit_decision {
  admit_answer answer;
  std::vector<node_entry> write;
  std::vector<node_id> erase; ///< entries of nodes long gone, where there are too many
};
[[nodiscard]] admit_decision admit(const admission& known, const admit_question& question);

// ---- orders between nodes ----------------------------------------------------------------------------------------

/// To all nodes, whenever it changed and to whoever asks.
struct map_order {
  hash128 cluster;
  shard_map map;
  std::vector<node_entry> nodes;
  bool operator==(const map_order&) const = default;
};
/// To where shard 0 leads: an operator wants this state of a node. Refused if `expected` is not the state in force.
struct node_order {
  hash128 cluster;
  node_id node;
  node_state expected = node_state::storage, wanted = node_state::draining;
  std::string reason; ///< of a forced one, for the audit log
  bool operator==(const node_order&) const = default;
};
using admin_message =
  std::variant<admit_question, admit_answer, map_order, node_order, report_order, group_order, picture_question,
               picture_answer, move_order>;

} // namespace burrow::placement
