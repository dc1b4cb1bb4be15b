// What can be read from a shard's state, and the answers. A query is evaluated between two entries, at the leader, at
// the shard's time now: what is due but not yet worked off is logically gone (replication.md section 9).
#pragma once

#include "cluster/base/limits.hpp"
#include "cluster/queue/command.hpp"
#include "cluster/queue/effect.hpp"

namespace burrow::queue {

/// GET on a queue: the first `limit` matches in insert order (lifo: reversed). Changes nothing.
struct list_messages {
  std::uint32_t limit = 1000;
  std::uint64_t bytes_max = 0; ///< stop before the bodies pass this, but list at least one; 0 = no bound
  bool match_hidden = false;
  bool lifo = false;
  position from;
  std::vector<std::pair<std::string, std::string>> match_meta; ///< all must be equal
  std::uint32_t examine_max = 10'000; ///< stops there, `more` set
  /// Looks for what such a take would find, in its order (`lifo` then does not count).
  std::optional<take_action> taking;
  take_order order = take_order::queue_default;
  std::string idempotency_key; ///< of the claim that this looks for; if it is remembered nothing else is looked for
};
/// GET on one message.
struct get_message {
  std::string id;
};
/// ~stats, queue show.
struct queue_stats {};
/// Whether a take would find something: read before a claim is proposed, so that an empty take is never logged.
struct look {
  bool match_hidden = false;
  std::string idempotency_key{}; ///< of the claim: one that is remembered is something to find
};
/// ~settings.
struct get_settings {};
/// GET on an account: its queues on this shard, in byte order.
struct list_queues {
  tenant_id tenant;
  std::string after;  ///< strictly beyond this name; empty = from the start
  std::string prefix;
  std::uint32_t limit = 1000;
  bool include_empty = false;
};
/// GET on /v1.0: tenants with messages on this shard, in byte order.
struct list_tenants {
  tenant_id after;
  std::string prefix;
  std::uint32_t limit = 1000;
};
/// What one tenant holds on this shard, as its record says: one item, or none.
struct tenant_total {
  tenant_id tenant;
};
struct registry_get {
  std::string prefix;
};

/// ~tasks: the last ones of the queue, newest first.
struct list_tasks {};
/// ~tasks/{task}.
struct get_task {
  task_id task;
};

// Asked by a leader of itself or of another shard's leader, to drive moves (cluster/replica).

/// What leaves for a shard, by number, after `after`.
struct list_leaving {
  shard_id to;
  move_number after;
  std::uint32_t limit = limits::move_batch_messages_max;
  std::uint64_t bytes_max = limits::move_batch_bytes_max; ///< stop before the bodies pass this, but list at least one
};
/// What the next step of a task would move, and whose names its destination, on another shard, must be asked for.
struct look_ahead {
  task_id task;
};
/// Which of these names messages of the queue have.
struct names_taken {
  std::vector<std::string> names;
};

struct query {
  queue_ref queue;
  std::variant<list_messages, get_message, queue_stats, look, list_queues, list_tenants, tenant_total, registry_get,
               get_settings, list_tasks, get_task, list_leaving, look_ahead, names_taken>
    what;
};

struct messages_answer {
  std::vector<message> items;
  burrow::place last;  ///< last one examined
  bool more = false;
  bool queue_exists = false;
  std::optional<std::uint64_t> revision; ///< of the queue: weak ETag; nothing: nobody looked
  instant now;
  bool lifo = false;           ///< the order that was in force, as in take_reply
  bool by_priority = false;
  std::uint8_t last_priority = 0;
  errc problem = errc::ok;     ///< queue_paused, invalid_cursor, when taking
  bool remembered = false;     ///< the claim with this key was made before
};
struct message_answer {
  std::optional<message> item;
  bool queue_exists = false;
  instant now;
};
struct queue_summary {
  std::string name;
  std::uint64_t visible = 0, delayed = 0, claimed = 0, moving = 0, bytes = 0;
  instant oldest_created;         ///< no_instant = none
  instant oldest_visible_created; ///< no_instant = none
  bool has_settings = false;
};
struct stats_answer {
  queue_summary summary;
  activity last_minute; ///< in 60 s; the machine does not know it, whoever counts fills it in
  bool queue_exists = false;
  instant now;
};
struct look_answer {
  bool maybe = false; ///< false: surely nothing to take at `now`
  bool queue_exists = false;
  instant next_visible; ///< of this queue, when nothing is visible: earliest known deadline; no_instant = none known
};
struct queues_answer {
  std::vector<queue_summary> items;
  bool more = false;
  instant now;
};
struct tenant_summary {
  tenant_id name;
  std::uint64_t queues = 0, messages = 0, bytes = 0;
};
struct tenants_answer {
  std::vector<tenant_summary> items;
  bool more = false;
};
struct registry_answer {
  std::vector<std::pair<std::string, std::string>> items;
};

struct settings_answer {
  settings value;
  std::uint64_t revision = 0; ///< 0 = none are stored
};

struct tasks_answer {
  std::vector<task_view> items;
};
struct task_answer {
  std::optional<task_view> item;
};

struct leaving_answer {
  std::vector<moved_message> items; ///< `what.body` is where the body lies here
  move_number done_below;           ///< for `arrive`
  bool more = false;
};
struct look_ahead_answer {
  bool runs = false;     ///< false: the task has no step to do
  std::uint64_t upto = 0; ///< for redrive_step: everything below was looked at
  struct named {
    place at;
    std::string name;
    queue_ref to;
    shard_id shard;
  };
  std::vector<named> ask; ///< at most limits::move_batch_messages_max
};
struct names_answer {
  std::vector<bool> taken; ///< one for each name
};

using answer = std::variant<messages_answer, message_answer, stats_answer, look_answer, queues_answer, tenants_answer,
                            registry_answer, settings_answer, tasks_answer, task_answer, leaving_answer,
                            look_ahead_answer, names_answer>;

} // namespace burrow::queue
