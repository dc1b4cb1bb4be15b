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
  metric_row{"burrow_peer_messages_refused_total", counter, "", "",
             "Messages between replicas that could not be read, or were not for the shard that they came to."},
  metric_row{"burrow_refused_total", counter, "", "reason", "Operations that a queue actor refused at once."},
  metric_row{"burrow_queue_rule_refusals_total", counter, "", "rule",
             "Messages and requests that a queue's own settings turned away."},
  metric_row{"burrow_messages_dropped_total", counter, "", "",
             "Messages dropped to make room in queues that overflow by drop_oldest."},
  metric_row{"burrow_dedupe_total", counter, "", "outcome",
             "Requests answered as repeats (replayed, duplicate), and those refused for their key or producer."},
  metric_row{"burrow_plane_connections", gauge, "", "stream", "Streams to other nodes that are open."},
  metric_row{"burrow_plane_refusals_total", counter, "", "reason",
             "Connections between nodes that were not made, or ended for what came over them."},
  metric_row{"burrow_plane_dial_failures_total", counter, "", "", "Calls to other nodes that came to nothing."},
  metric_row{"burrow_plane_stalls_total", counter, "", "",
             "Streams reset since the other node acknowledged nothing for three seconds."},
  metric_row{"burrow_plane_frames_total", counter, "", "direction", "Frames exchanged with other nodes."},
  metric_row{"burrow_plane_bytes_total", counter, "bytes", "direction", "Bytes exchanged with other nodes."},
  metric_row{"burrow_plane_dropped_total", counter, "", "reason",
             "Frames for other nodes that were dropped: no stream (down), too much waiting (full), or lost with one."},
  metric_row{"burrow_certificate_expiry_seconds", gauge, "seconds", "",
             "When the first of this node's certificate and its CA expires, in seconds since 1970."},
  metric_row{"burrow_certificate_reload_failures_total", counter, "", "",
             "Changed certificate files that were not used, since something is wrong with them."},
  metric_row{"burrow_forwarded_total", counter, "", "kind",
             "Operations, reads and calls between shards that went to the node that leads their shard."},
  metric_row{"burrow_forward_served_total", counter, "", "",
             "Operations, reads and calls that this node took on for another one."},
  metric_row{"burrow_forward_repeated_total", counter, "", "",
             "Operations sent once more: leadership had moved, or the node that was asked was lost."},
  metric_row{"burrow_forward_failed_total", counter, "", "reason",
             "Operations, reads and calls that found no leader, a full or lost node, or an answer that is none."},
  metric_row{"burrow_control_links", gauge, "", "", "Peers that the control plane reaches."},
  metric_row{"burrow_control_refused_total", counter, "", "reason",
             "Peers and messages that the control plane turned away: another cluster or version, an identity that "
             "does not fit or is in use, unreadable bytes, more than was allowed."},
  metric_row{"burrow_control_dropped_total", counter, "", "",
             "Control messages dropped: their peer was not connected, or too much waited for it."},
  metric_row{"burrow_repeats_total", counter, "", "outcome",
             "Commands that a gateway sent once more: answered as before, or too late for that (session_lost)."},
  metric_row{"burrow_restarts_total", counter, "", "kind", "Actors started again after a failure."},
};

} // namespace

std::span<const metric_row> actor_metric_table() { return rows; }

} // namespace burrow
