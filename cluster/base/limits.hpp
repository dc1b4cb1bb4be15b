// Every hard bound of Burrow, in one place, with the relations between them checked at compile time.
// A quota or setting may be lower; nothing may be higher. Sizes are bytes, times are durations.
#pragma once

#include "cluster/base/time.hpp"

#include <cstddef>
#include <cstdint>

namespace burrow::limits {

using namespace std::chrono_literals;
inline constexpr std::size_t kib = 1024, mib = 1024 * kib, gib = 1024 * mib;

// Names and attributes (contract sections 2.2, 3, 5.4).
inline constexpr std::size_t name_bytes_max = 255;
inline constexpr std::size_t meta_count_max = 16;
inline constexpr std::size_t meta_name_bytes_max = 64;
inline constexpr std::size_t meta_bytes_max = 4096;
inline constexpr std::size_t content_type_bytes_max = 255;
inline constexpr std::size_t tracestate_bytes_max = 512;
inline constexpr std::size_t idempotency_key_bytes_max = 255;
inline constexpr std::size_t producer_bytes_max = 64;
inline constexpr std::uint64_t sequence_max = ~std::uint64_t{0} >> 1;
inline constexpr std::int64_t ttl_s_max = 315'360'000;
inline constexpr std::int64_t hide_s_max = 1'209'600;
inline constexpr std::int64_t default_ttl_s = 345'600;
inline constexpr std::uint64_t claimed_default_max = 120'000;
inline constexpr std::size_t body_bytes_max = 16 * mib;
inline constexpr std::size_t body_default_max = 1 * mib;

// Settings of a queue (contract section 11).
inline constexpr std::size_t settings_bytes_max = 64 * kib; ///< of a request
inline constexpr std::size_t labels_max = 32;
inline constexpr std::size_t label_name_bytes_max = 64;
inline constexpr std::size_t label_bytes_max = 255;
inline constexpr std::uint8_t priorities_max = 10;
inline constexpr std::int64_t dedupe_window_s_max = 86'400;
inline constexpr std::int64_t dedupe_window_default_s = 600;

// HTTP (contract sections 14, 15; stack.md "Sizes").
inline constexpr std::size_t http_head_bytes_max = 32 * kib;
inline constexpr std::size_t http_target_bytes_max = 8 * kib;
inline constexpr std::size_t http_fields_max = 128;
inline constexpr std::size_t http_json_bytes_max = 8 * mib;
inline constexpr std::size_t http_raw_overhead_bytes = 64 * kib;
inline constexpr std::size_t http_buffered_bytes_max = 256 * mib; ///< all connections of a node together
inline constexpr std::size_t http_uncharged_bytes = 16 * kib; ///< of each request, taken even beyond that
inline constexpr std::size_t http_connections_max = 20'000;
inline constexpr std::size_t http_pipeline_max = 64;
inline constexpr duration http_head_time_max = 10s, http_body_pause_max = 10s, http_body_time_max = 120s;
inline constexpr duration http_idle_max = 60s, http_write_time_max = 10s;
inline constexpr duration http_wait_max = 120s;
inline constexpr duration stream_comment_every = 15s;
inline constexpr std::size_t json_depth_max = 128;

// Lists and batches.
inline constexpr std::size_t batch_entries_max = 100;
inline constexpr std::size_t list_items_max = 1000;
inline constexpr std::size_t list_bytes_max = 8 * mib;
inline constexpr std::size_t meta_scan_messages_max = 10'000;
inline constexpr std::size_t undo_places_max = claimed_default_max; ///< remembered of one claim in several steps
inline constexpr std::size_t waiters_per_tenant_max = 1000;
inline constexpr std::size_t queues_per_tenant_max = 10'000;
inline constexpr std::uint64_t stored_bytes_per_tenant_max = 10 * gib;

// The queue machine (replication.md section 6).
inline constexpr std::size_t entry_messages_max = 1000; ///< changed or examined by one entry, all work counted
inline constexpr std::size_t entry_due_max = 200;       ///< of these, due deadlines worked off before any command
inline constexpr std::size_t entry_commands_max = 256;  ///< commands joined into one entry

// Moves (replication.md section 12; contract section 12).
inline constexpr std::size_t dead_letter_hops_max = 8;
inline constexpr std::uint16_t dead_letter_claims_max = 1000; ///< of a rule's max_claims
inline constexpr std::uint64_t moves_open_max = 4096;   ///< messages that are moving from one shard
inline constexpr std::size_t move_batch_messages_max = 256; ///< in one `arrive` and one `left`
inline constexpr std::size_t move_batch_bytes_max = 1 * mib; ///< of bodies in one `arrive`, unless one is larger
inline constexpr std::size_t move_batches_max = 4;      ///< with one target at a time
inline constexpr std::size_t moves_flight_bytes_max = 4 * mib; ///< of bodies, from one shard, or one batch more
inline constexpr duration move_answer_max = 1s;         ///< a request that causes a move waits for it, no longer
inline constexpr duration move_resend_min = 50ms, move_resend_max = 1s;
inline constexpr duration move_patience = 500ms;        ///< without an answer it is sent again
inline constexpr std::size_t redrive_ids_max = 1000;
inline constexpr std::uint32_t redrive_rate_max = 1'000'000; ///< messages a second
inline constexpr std::size_t tasks_per_queue_max = 50;
inline constexpr duration task_kept_max = std::chrono::hours(24 * 7); ///< of a queue that has nothing else
inline constexpr std::size_t tasks_driven_max = 64;     ///< of a shard, at the same time

inline constexpr std::uint64_t dedupe_keys_max = 1'000'000;
inline constexpr std::uint64_t dedupe_producers_max = 10'000;
inline constexpr std::uint64_t dedupe_record_bytes = 256; ///< what a key or producer costs of stored bytes
inline constexpr duration producer_silence_max = std::chrono::hours(24 * 7);
inline constexpr std::size_t gateway_replies_max = 1024;
inline constexpr std::size_t gateway_reply_bytes_max = 4 * mib;
inline constexpr std::size_t gateways_max = 64;
inline constexpr duration gateway_silence_max = 60s;
inline constexpr duration gateway_retry_max = 30s;

// Entries, log writer, replica (replication.md sections 3, 5, 6).
inline constexpr std::size_t entry_bytes_max = 18 * mib; ///< a command with all its bodies
inline constexpr std::size_t raft_tail_bytes_max = 16 * mib;
inline constexpr std::size_t raft_message_bytes_max = 1 * mib;   ///< of an append, unless one entry is larger
inline constexpr std::size_t peer_message_bytes_max = entry_bytes_max + 1 * mib; ///< one entry or body, and around
inline constexpr std::size_t peer_entries_max = raft_message_bytes_max / 32; ///< of an append
inline constexpr std::size_t raft_inflight_messages_max = 256;   ///< appends to one follower, not yet acknowledged
inline constexpr std::size_t raft_inflight_bytes_max = 8 * mib;
// A follower that is behind is sent what is read back from the disk. Clients come first: so that goes in small pieces.
inline constexpr std::size_t catch_up_read_bytes = 256 * kib;      ///< of entries with bodies at a time, or one entry
inline constexpr std::size_t catch_up_follower_bytes_max = 1 * mib; ///< not yet acknowledged by one follower
inline constexpr std::size_t catch_up_node_bytes_max = 4 * mib;    ///< by all followers of a node's shards together
inline constexpr std::size_t raft_members_max = 16;              ///< of a group, both halves of a change together
inline constexpr std::size_t inflight_entries_max = 1000;
inline constexpr std::size_t inflight_bytes_max = 32 * mib;
inline constexpr std::size_t waiting_commands_max = 4096;       ///< of a shard, not yet in an entry
inline constexpr std::size_t flight_commands_max = 4096;        ///< of a shard, in entries not yet applied
inline constexpr std::size_t entry_joined_bytes_max = 1 * mib;  ///< commands joined; a larger one stands alone
inline constexpr std::size_t questions_waiting_max = 4096;      ///< of a shard
inline constexpr std::size_t questions_loading_max = 64;        ///< of these, with pages read for them in memory
inline constexpr std::size_t rated_queues_max = 16'384;         ///< of a shard, with anything in the last minute
inline constexpr std::size_t body_cache_bytes_max = 4 * mib;    ///< of a busy shard: bodies of its last entries
inline constexpr std::size_t writer_batch_bytes_max = 8 * mib;  ///< or one entry
inline constexpr std::size_t writer_batch_entries_max = 4096;
inline constexpr std::size_t writer_shard_bytes_max = 32 * mib;
inline constexpr std::size_t writer_queued_bytes_max = 128 * mib;
inline constexpr std::size_t overlay_bytes_max = 8 * mib;
inline constexpr std::size_t drain_inputs_max = 256;
inline constexpr std::size_t log_entries_kept = 1000; ///< of a group of one, and between state-hash marks
inline constexpr std::size_t log_kept_bytes_max = 256 * mib; ///< of a shard, for followers that are behind
inline constexpr std::size_t install_chunk_bytes = 256 * kib; ///< or one pair
inline constexpr std::size_t install_bytes_per_s = 64 * mib;  ///< of one install, so that it starves nobody
inline constexpr std::size_t install_sessions_max = 2;        ///< of a shard at a time
inline constexpr duration install_time_max = std::chrono::minutes(10), install_silence_max = 10s;
inline constexpr std::size_t pins_per_reader_max = 1;         ///< so as many of a node as it has readers
inline constexpr std::uint64_t pin_operations_max = 8 * mib;  ///< written since: 8 GiB of messages of 1 KiB
inline constexpr std::size_t apply_backlog_bytes_max = 32 * mib; ///< of a follower: committed and not applied
inline constexpr duration delta_delay_max = 50ms;
inline constexpr duration tick = 50ms;
inline constexpr duration clock_delay_max = 10s;
inline constexpr std::uint16_t shards_default = 64;
inline constexpr std::uint16_t shards_per_tenant = 4;
inline constexpr std::size_t readers = 2;

// The cluster (replication.md section 11).
inline constexpr std::size_t registry_value_bytes_max = 64 * kib; ///< of a value in shard 0's registry
inline constexpr std::uint16_t shards_max = 1024;
inline constexpr std::size_t cluster_nodes_max = 64;   ///< that are not gone
inline constexpr std::size_t node_entries_max = 256;   ///< gone ones included: their names and ids are remembered
inline constexpr std::size_t node_name_bytes_max = 64; ///< of a node or zone
inline constexpr std::size_t address_bytes_max = 255;
inline constexpr std::size_t version_bytes_max = 64;
inline constexpr std::size_t refusal_bytes_max = 512;
inline constexpr std::size_t admin_message_bytes_max = 512 * kib;
inline constexpr std::size_t bootstrap_nodes_max = 16; ///< of --bootstrap-expect

// Forwarding (ARCHITECTURE.md section 2).
inline constexpr std::size_t forward_frame_bytes_max = peer_message_bytes_max;
inline constexpr std::size_t forward_flight_max = 10'000;         ///< of one node, with one other
inline constexpr std::size_t forward_flight_bytes_max = 64 * mib; ///< likewise, as they were sent
inline constexpr unsigned forward_hops_max = 2;
inline constexpr duration leader_wait_max = 3s; ///< how long an operation waits for a leader that nobody knows

// Membership and the control plane (caf.md sections 5, 8).
inline constexpr std::size_t members_max = 256; ///< dead and left ones that are still kept among them
inline constexpr std::size_t member_name_bytes_max = 64; ///< of a node, of a zone
inline constexpr std::size_t member_address_bytes_max = 260; ///< a host name of DNS and a port
inline constexpr std::size_t member_version_bytes_max = 64;
inline constexpr std::size_t member_bytes_max = 3 * member_address_bytes_max + 2 * member_name_bytes_max +
                                                member_version_bytes_max + 148; ///< written down, numbers included
inline constexpr std::size_t probe_rumours_max = 4;   ///< that ride on a probe
inline constexpr std::size_t rumours_message_max = 32; ///< in a message of their own
inline constexpr std::size_t exchange_part_max = 64;  ///< members in one message of an exchange
inline constexpr std::size_t rumours_queued_max = 4 * members_max;
inline constexpr std::size_t probes_open_max = 64;    ///< of our own, and as many that we relay
inline constexpr std::size_t control_message_bytes_max = 256 * kib;
inline constexpr std::size_t control_order_bytes_max = 192 * kib; ///< of placement, in one message
inline constexpr std::size_t control_credit = 64;     ///< messages under way to one peer, before it has said more
inline constexpr std::size_t control_rate_max = 5000; ///< messages a second that a peer may send
inline constexpr std::size_t control_backlog_max = 256; ///< messages that wait for a peer's credit
inline constexpr std::size_t control_backlog_bytes_max = 1 * mib;

// Disk reserve (replication.md section 4).
inline constexpr std::uint64_t disk_low_bytes = 1 * gib, disk_stop_bytes = 256 * mib;
inline constexpr std::uint64_t disk_low_per_cent = 5;

// An entry must hold the largest raw request with its envelope, and every bound above it must hold an entry.
static_assert(entry_bytes_max >= body_bytes_max + http_raw_overhead_bytes);
static_assert(entry_bytes_max >= 2 * http_json_bytes_max); // base64 shrinks, but strings may expand on escaping
static_assert(inflight_bytes_max >= entry_bytes_max);
static_assert(writer_shard_bytes_max >= entry_bytes_max);
static_assert(writer_queued_bytes_max >= writer_shard_bytes_max);
static_assert(raft_inflight_bytes_max >= raft_message_bytes_max);
static_assert(catch_up_read_bytes <= raft_message_bytes_max && catch_up_read_bytes <= catch_up_follower_bytes_max);
static_assert(catch_up_follower_bytes_max <= raft_inflight_bytes_max &&
              catch_up_follower_bytes_max <= catch_up_node_bytes_max);
static_assert(apply_backlog_bytes_max >= raft_inflight_bytes_max && apply_backlog_bytes_max >= entry_bytes_max);
static_assert(forward_frame_bytes_max > entry_bytes_max && forward_flight_bytes_max >= forward_frame_bytes_max);
static_assert(list_items_max <= entry_messages_max);
static_assert(entry_due_max < entry_messages_max);
static_assert(batch_entries_max <= entry_commands_max);
static_assert(disk_stop_bytes < disk_low_bytes);
static_assert(cluster_nodes_max <= node_entries_max && bootstrap_nodes_max <= cluster_nodes_max);
static_assert(admin_message_bytes_max >= // the map and all entries
              registry_value_bytes_max + node_entries_max * (2 * node_name_bytes_max + 3 * address_bytes_max + 128));
static_assert(exchange_part_max * member_bytes_max + kib <= control_message_bytes_max);
static_assert(rumours_message_max <= exchange_part_max && probe_rumours_max <= rumours_message_max);
static_assert(control_order_bytes_max + kib <= control_message_bytes_max);
static_assert(control_backlog_bytes_max >= control_message_bytes_max && rumours_queued_max >= members_max);

} // namespace burrow::limits
