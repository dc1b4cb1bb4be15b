#include "cluster/queue/claims.hpp"
#include "cluster/queue/commands.hpp"
#include "cluster/queue/dedupe.hpp"
#include "cluster/queue/sweep.hpp"

namespace burrow::queue {

namespace {

std::optional<held> locate(work& w, queue_state& q, const target& t) {
  if (!q.exists()) return std::nullopt;
  // A receipt knows the place, which saves the look-up of the name.
  if (t.guard.receipt_place) {
    auto h = read(w, q, *t.guard.receipt_place);
    if (!w.ok()) return std::nullopt;
    const bool live = h && !h->item().is_gone(w.now());
    if (live && (t.id.empty() || h->item().shown_id() == t.id)) return h;
  }
  return t.id.empty() ? std::nullopt : find(w, q, t.id);
}

// `refused` is what stands against all of them, whoever they are.
template <class Act>
targets_reply each(work& w, queue_state& q, const std::vector<target>& targets, errc refused, Act act) {
  targets_reply out;
  out.now = w.now();
  out.queue_exists = q.exists();
  out.items.reserve(targets.size());
  for (const auto& t : targets) {
    target_result& result = out.items.emplace_back();
    if (!w.spend()) {
      result.problem = errc::busy;
      continue;
    }
    auto h = locate(w, q, t);
    if (!w.ok()) return out;
    result.problem = check(t.guard, h ? &h->item() : nullptr);
    if (result.problem == errc::ok && !h) result.problem = errc::message_not_found;
    if (result.problem == errc::ok && !t.guard.receipt && q.record.rules.require_receipt.value_or(false))
      result.problem = errc::receipt_required;
    if (result.problem == errc::ok) result.problem = refused;
    if (result.problem != errc::ok) continue;
    act(*h, out);
    if (!w.ok()) return out;
    result.item = as_seen(q.record, std::move(h->item()), w.now());
  }
  out.visible_left = q.record.visible > 0;
  return out;
}

} // namespace

targets_reply run(work& w, queue_state& q, const change& what) {
  const bool too_long = what.ttl && q.record.rules.too_long(*what.ttl);
  return each(w, q, what.targets, too_long ? errc::ttl_too_long : errc::ok,
              [&](held& h, targets_reply& out) {
                if (const auto move = change_attributes(w, q, h, what.ttl, what.hide)) out.moves.push_back(*move);
              });
}

targets_reply run(work& w, queue_state& q, const remove& what) {
  return each(w, q, what.targets, errc::ok, [&](held& h, targets_reply&) { drop(w, q, h, going::deleted); });
}

purge_reply run(work& w, queue_state& q, const purge&) {
  // So that what is only logically gone is not counted, within bounds.
  if (q.exists()) work_off(w, q, w.budget() / 2);
  if (!w.ok()) return {};
  return {empty_queue(w, q)};
}

done_reply run(work& w, queue_state& q, const unclaim& what) {
  const std::uint64_t claimed = q.record.claimed;
  if (!may_undo(w, q, what)) return {};
  for (const place at : what.places) {
    if (!q.exists() || !w.spend()) break;
    undo(w, q, what.claim, at);
    if (!w.ok()) break;
  }
  return {.problem = errc::ok, .changed = q.record.claimed != claimed, .value = {}};
}

} // namespace burrow::queue
