#include "cluster/base/error.hpp"

namespace burrow {

std::string_view to_string(errc code) {
  switch (code) {
    case errc::ok: return "ok";
    case errc::queue_not_found: return "queue-not-found";
    case errc::message_not_found: return "message-not-found";
    case errc::receipt_stale: return "receipt-stale";
    case errc::receipt_required: return "receipt-required";
    case errc::etag_mismatch: return "etag-mismatch";
    case errc::already_exists: return "already-exists";
    case errc::body_too_large: return "body-too-large";
    case errc::batch_rejected: return "batch-rejected";
    case errc::idempotency_key_reused: return "idempotency-key-reused";
    case errc::idempotency_in_progress: return "idempotency-in-progress";
    case errc::dedupe_full: return "dedupe-full";
    case errc::quota_exceeded: return "quota-exceeded";
    case errc::queue_full: return "queue-full";
    case errc::queue_paused: return "queue-paused";
    case errc::ttl_too_long: return "ttl-too-long";
    case errc::durability_unavailable: return "durability-unavailable";
    case errc::dead_letter_loop: return "dead-letter-loop";
    case errc::task_running: return "task-running";
    case errc::task_not_found: return "task-not-found";
    case errc::invalid_settings: return "invalid-settings";
    case errc::account_not_found: return "account-not-found";
    case errc::session_lost: return "session-lost";
    case errc::invalid_parameter: return "invalid-parameter";
    case errc::invalid_name: return "invalid-name";
    case errc::invalid_cursor: return "invalid-cursor";
    case errc::not_leader: return "not-leader";
    case errc::busy: return "busy";
    case errc::transferring: return "transferring";
    case errc::unknown_outcome: return "unknown-outcome";
    case errc::no_space: return "no-space";
    case errc::unavailable: return "unavailable";
    case errc::draining: return "draining";
    case errc::too_many_waiters: return "too-many-waiters";
    case errc::timed_out: return "timed-out";
    case errc::quota_contended: return "quota-contended";
    case errc::not_here: return "not-here";
    case errc::corrupt: return "corrupt";
    case errc::too_large: return "too-large";
    case errc::malformed: return "malformed";
    case errc::io_failed: return "io-failed";
    case errc::lost_writes: return "lost-writes";
    case errc::config_invalid: return "config-invalid";
    case errc::sync_failed: return "sync-failed";
  }
  return "unnamed";
}

} // namespace burrow
