// ~settings: what is set, and how a change of it takes effect. What the values mean to a message is in insert.cpp,
// take.cpp and targets.cpp.
#include "cluster/queue/claims.hpp"
#include "cluster/queue/commands.hpp"
#include "cluster/queue/quota.hpp"

#include <algorithm>

namespace burrow::queue {

namespace {

errc guarded(const condition& guard, const queue_record& q) {
  if (guard.if_none_match && q.has_settings()) return errc::already_exists;
  const auto& wanted = guard.if_match;
  if (wanted.empty() || std::find(wanted.begin(), wanted.end(), q.settings_revision) != wanted.end()) return errc::ok;
  return errc::etag_mismatch;
}

void store_more(work& w, const queue_state& q, const settings& next) {
  const std::string key = key::more_settings(q.ref);
  const auto stored = w.state().get(key);
  std::string bytes = encode_more(next);
  if (!w.ok() || stored.value_or(std::string()) == bytes) return;
  if (bytes.empty()) w.state().erase(key, *stored);
  else w.state().put(key, std::move(bytes), stored);
}

} // namespace

settings settings_of(work& w, const queue_state& q) {
  settings x;
  if (!q.record.has_settings()) return x;
  x.rules = q.record.rules;
  if (const auto bytes = w.state().get(key::more_settings(q.ref))) BURROW_ASSERT(decode_more(*bytes, x));
  return x;
}

settings_reply run(work& w, queue_state& q, const configure& what) {
  settings_reply out;
  queue_record& r = q.record;
  const settings before = settings_of(w, q);
  if (!w.ok()) return out;
  settings next;
  if (what.action != configure_action::forget)
    next = after_change(what.action == configure_action::merge ? before : settings{}, what.to);
  out.problem = guarded(what.guard, r);
  if (out.problem == errc::ok && !is_valid(next)) out.problem = errc::invalid_settings;
  // Longer ways back are found by whoever reads the settings of each queue on the way.
  if (out.problem == errc::ok && next.rules.dead_letter && next.rules.dead_letter->queue == q.ref.queue)
    out.problem = errc::dead_letter_loop;
  const bool forgets = what.action == configure_action::forget;
  if (out.problem == errc::ok && !forgets) out.problem = admit_queue(w, q, what.fallback);
  if (!w.ok()) return out;
  if (out.problem == errc::ok) {
    out.created = !r.has_settings() && what.action != configure_action::forget;
    store_more(w, q, next);
    if (!w.ok()) return out;
    // Whoever waits may be served by the new rules: more may be claimed, a pause has ended.
    if (next.rules != r.rules) q.shown += r.visible;
    // Those in line may go elsewhere, or nowhere, from now on.
    if (next.rules.dead_letter != r.rules.dead_letter && r.moves.lined > 0) w.edit_shard().line_moves = true;
    q.changed = q.changed || r.has_settings() || what.action != configure_action::forget;
    r.rules = next.rules;
    r.settings_revision = what.action == configure_action::forget ? 0 : w.number();
    out.value = std::move(next);
  } else {
    out.value = before;
  }
  out.revision = r.settings_revision;
  return out;
}

} // namespace burrow::queue
