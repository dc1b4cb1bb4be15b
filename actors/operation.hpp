// The closed set of operations that every dialect speaks to the actors, and their results (ARCHITECTURE section 2).
// A dialect turns a request into one of these and its result into an answer; forwarding carries exactly these. An
// operation names its queue; those of an account have an empty queue name, those of the cluster an empty tenant too.
#pragma once

#include "actors/tenant_budget.hpp"
#include "cluster/base/result.hpp"
#include "cluster/queue/command.hpp"
#include "cluster/queue/query.hpp"

#include <atomic>
#include <memory>
#include <variant>
#include <vector>

namespace burrow {

/// Says whether the client still listens. Set by its connection, read by whoever is about to change something for it.
struct client_presence {
  std::atomic<bool> gone{false};
};

/// DELETE on an account: all messages of the queues that a listing would show are removed, one step a queue.
struct delete_queues {
  queue::list_queues which;
};
/// DELETE on the service: as above for the accounts that a listing would show.
struct delete_tenants {
  queue::list_tenants which;
};

using operation_body =
  std::variant<queue::insert, queue::take, queue::change, queue::remove, queue::purge, queue::unclaim, queue::configure,
               queue::redrive, queue::cancel_task, queue::list_tasks, queue::get_task,
               queue::list_messages, queue::get_message, queue::queue_stats, queue::get_settings, queue::list_queues,
               queue::list_tenants, delete_queues, delete_tenants>;

struct operation {
  queue_ref queue;
  operation_body what;
  /// Of one that changes something and may be sent again: its commands carry it. queue/repeats.hpp says what whoever
  /// sets it has to keep. gateway 0: it is sent once.
  queue::request_id repeat_id{};
  std::vector<shared_bytes> bodies; ///< those that the items of an insert index
  bool want_bodies = false;         ///< the result's messages are to come with their bodies
  /// take, list_messages: hold the request so long until something matches; 0 = answer at once.
  duration wait{0};
  /// take: repeat in steps until all that matched at the start, up to `limit`, is handled (detail=none). `limit` may
  /// then be over limits::entry_messages_max; the last step's reply comes with the count of all.
  bool in_steps = false;
  std::uint64_t steps_limit = 0; ///< with in_steps: how many in all; 0 = no bound
  std::shared_ptr<client_presence> client; ///< never null for takes
  /// list_messages: not held, though nothing matches, if the queue's revision is one of these.
  std::vector<std::uint64_t> known_revisions{};
  /// list_messages of a stream: its place among the held requests of the account, taken with its first operation and
  /// kept until the last of them is gone, whether it waits or its client is slow to read.
  std::shared_ptr<budget_share> seat{};
};

struct operation_result {
  std::variant<error, queue::insert_reply, queue::take_reply, queue::targets_reply, queue::purge_reply,
               queue::done_reply, queue::settings_reply, queue::messages_answer, queue::message_answer,
               queue::stats_answer, queue::settings_answer, queue::queues_answer, queue::tenants_answer,
               queue::task_reply, queue::tasks_answer, queue::task_answer>
    what = error{errc::unknown_outcome};
  std::vector<shared_bytes> bodies; ///< one for each message in it, in order, if they were wanted
  std::uint64_t waiters = 0;        ///< stats_answer: requests held on this queue
  /// A claim in several steps: what the steps before the last one claimed, in case it has to be undone.
  std::vector<queue::unclaim> claimed_before{};
  std::uint32_t step = 0;           ///< which step the take_reply is of
  zone_id zone{};                   ///< of the node that carried it out; empty = of this one

  [[nodiscard]] const error* failed() const { return std::get_if<error>(&what); }
};

} // namespace burrow
