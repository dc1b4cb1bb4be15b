// One operation in the hands of a queue actor: where it stands, and how its commands and answers are made. Pure.
#pragma once

#include "actors/actor_metrics.hpp"
#include "actors/messages.hpp"
#include "actors/tenant_budget.hpp"

#include <cstdint>
#include <memory>
#include <optional>

namespace burrow {

enum class request_stage : std::uint8_t {
  looking,   ///< a look is with the replica: is there anything to take?
  proposing, ///< its command is with the replica
  asking,    ///< its query is with the replica
  lined_up,  ///< its command waits until fewer are with the replica
  waiting,   ///< held until something matches
  retrying,  ///< the replica could not take it: once more in a moment
};

struct queue_request {
  std::uint64_t number = 0; ///< the bridge's
  caf::actor from;
  std::shared_ptr<operation> what;
  budget_share share;           ///< of what is in flight, or of the waiters
  request_stage stage = request_stage::asking;
  bool waiter = false;          ///< was held at least once, and counts as such until it is answered
  duration deadline{0};         ///< steady; when a held request is answered as empty
  duration retry_until{0};      ///< steady; 0 = not retrying
  std::uint64_t notices_seen = 0; ///< how often the queue was said to be takeable when this last asked
  std::uint64_t counted = 0;    ///< in steps: handled so far, by an earlier request with the same key too
  std::uint64_t found = 0;      ///< in steps: of these, what the answer counts
  std::uint32_t step = 0;       ///< in steps: how many are remembered under the key
  queue::position next;               ///< in steps: where the next one begins
  std::optional<place> below;   ///< in steps: the bound that the first one set
  std::optional<bool> lifo;     ///< in steps: the order that the first one found
  bool further = false;         ///< `next` counts
  std::vector<queue::unclaim> claimed; ///< in steps: by those so far
  std::size_t claimed_places = 0;
  bool keyed = false;           ///< its key is among those that are running
};

/// What is refused last when the actor's bounds are near (contract section 14): 0 inserts and redrives, 1 takes,
/// reads and the like, 2 acknowledgements, extensions and releases.
[[nodiscard]] int rank_of(const operation& what);
/// How many of `max` places an operation of this rank may see taken and still be let in.
[[nodiscard]] std::size_t places_for(int rank, std::size_t max);

/// A take that certainly matches nothing when a look finds nothing.
[[nodiscard]] bool may_look_first(const queue_request& r);
/// Whether they are copies of one operation of a gateway.
[[nodiscard]] bool is_same_operation(const operation& a, const operation& b);
/// Whether a reply told again (reply_effect::repeated) lacks messages that its client has to be shown: what was removed
/// is gone.
[[nodiscard]] bool lacks_messages(const operation& what, const queue::reply& again);
[[nodiscard]] bool can_wait(const operation& what);
/// Whether a list that came out so is held.
[[nodiscard]] bool is_to_wait(const operation& what, const queue::messages_answer& came);
[[nodiscard]] bool client_gone(const queue_request& r);

/// The command of an operation that changes something (for a take in steps: of its next step). Nothing for reads and
/// for what is no queue's business.
[[nodiscard]] std::optional<queue::command> command_of(const queue_request& r);
/// The query of an operation that reads.
[[nodiscard]] std::optional<queue::query> query_of(const queue_request& r);

/// Takes a step's reply into account. True: there is another step to do. False: `step` is the answer to the whole.
[[nodiscard]] bool take_goes_on(queue_request& r, queue::take_reply& step);

/// The idempotency key of an operation; empty = none.
[[nodiscard]] const std::string& key_of(const operation& what);

/// What undoes the claims that this step of a take shows, one for each claim, and forgets its key. Nothing undoes an
/// answer that was given before.
[[nodiscard]] std::vector<queue::unclaim> undo_of(const operation& what, const queue::take_reply& taken,
                                                  std::uint32_t step);

/// Counts what the queue's own settings turned away or dropped.
void count_rules(actor_metrics& metrics, const queue::reply& reply);

/// The answer of a held request whose time ran out.
[[nodiscard]] operation_result empty_result(const operation& what, bool queue_exists);

} // namespace burrow
