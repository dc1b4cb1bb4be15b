#include "actors/metric_table.hpp"

#include <array>

namespace burrow {
namespace {

using enum metric_kind;

constexpr std::array rows{
  metric_row{"burrow_log_writes_total", counter, "", "", "Batches that the log writer wrote."},
  metric_row{"burrow_log_persists_total", counter, "", "", "Persists of replicas that these batches held."},
  metric_row{"burrow_log_written_bytes_total", counter, "bytes", "", "Keys and values written by the log writer."},
  metric_row{"burrow_log_sync_seconds", histogram, "seconds", "", "How long a sync of the log took."},
  metric_row{"burrow_log_batch_persists", histogram, "", "", "Persists in one batch of the log writer."},
  metric_row{"burrow_disk_free_bytes", gauge, "bytes", "", "Free space of the file system that holds the data."},
  metric_row{"burrow_shard_proposals_total", counter, "", "", "Commands handed to replicas."},
  metric_row{"burrow_shard_questions_total", counter, "", "", "Reads handed to replicas."},
  metric_row{"burrow_queue_actors", gauge, "", "", "Queues that are open: each is an actor."},
  metric_row{"burrow_waiters", gauge, "", "", "Requests held until something can be taken."},
  metric_row{"burrow_shards_damaged", gauge, "", "",
             "Shards out of service: they met bytes that they cannot have written."},
  metric_row{"burrow_shards_quarantined", gauge, "", "", "Shards out of service: an entry ended the process twice."},
  metric_row{"burrow_shard_time_ahead_seconds", gauge, "seconds", "",
             "How far a shard's time is ahead of the clock, of the worst one; it runs at half speed until they meet."},
  metric_row{"burrow_moves_open", gauge, "", "",
             "Messages that are moving to a queue on another shard; a shard stops at 4096."},
  metric_row{"burrow_moves_total", counter, "", "", "Messages that have moved to a queue on another shard."},
  metric_row{"burrow_moves_resent_total", counter, "", "",
             "Messages handed over once more, since the other shard had not answered."},
  metric_row{"burrow_refused_total", counter, "", "reason", "Operations that a queue actor refused at once."},
  metric_row{"burrow_queue_rule_refusals_total", counter, "", "rule",
             "Messages and requests that a queue's own settings turned away."},
  metric_row{"burrow_messages_dropped_total", counter, "", "",
             "Messages dropped to make room in queues that overflow by drop_oldest."},
  metric_row{"burrow_dedupe_total", counter, "", "outcome",
             "Requests answered as repeats (replayed, duplicate), and those refused for their key or producer."},
  metric_row{"burrow_repeats_total", counter, "", "outcome",
             "Commands that a gateway sent once more: answered as before, or too late for that (session_lost)."},
  metric_row{"burrow_restarts_total", counter, "", "kind", "Actors started again after a failure."},
};

} // namespace

std::span<const metric_row> actor_metric_table() { return rows; }

} // namespace burrow
