#include "cluster/queue/claims.hpp"

#include "cluster/queue/moving.hpp"

#include <algorithm>

namespace burrow::queue {

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= limits::name_bytes_max &&
         std::all_of(name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x20; });
}

duration bounded_ttl(std::optional<duration> asked, duration fallback) {
  return std::clamp<duration>(asked.value_or(fallback), duration{0}, std::chrono::seconds(limits::ttl_s_max));
}
duration bounded_hide(std::optional<duration> asked, duration fallback) {
  return std::clamp<duration>(asked.value_or(fallback), duration{0}, std::chrono::seconds(limits::hide_s_max));
}

namespace {

// Released for good: its receipt is stale, also while it waits for its turn to leave.
std::optional<move_key> release_away(work& w, queue_state& q, held& h) {
  h.item().claim = {w.number()};
  ++h.item().revision;
  h.now.changed = true;
  auto move = send_off(w, q, h, going::dead);
  h.item().claim = {};
  h.item().hidden_until = no_instant;
  h.item().claimed = false;
  return move;
}

} // namespace

errc check(const condition& guard, const message* m) {
  const bool has_match = guard.if_match_any || !guard.if_match.empty();
  if (m == nullptr) {
    if (guard.receipt) return errc::message_not_found;
    return has_match ? errc::etag_mismatch : errc::ok;
  }
  if (guard.if_none_match) return errc::already_exists;
  if (guard.receipt && (*guard.receipt != m->claim || m->claim.value == 0)) return errc::receipt_stale;
  if (guard.receipt_claims && *guard.receipt_claims != m->claims) return errc::receipt_stale;
  if (guard.receipt_place && *guard.receipt_place != m->place) return errc::receipt_stale;
  const auto& wanted = guard.if_match;
  if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), m->version()) == wanted.end())
    return errc::etag_mismatch;
  return errc::ok;
}

void grant(work& w, queue_state& q, held& h, claim_id claim, duration hide) {
  message& m = h.item();
  m.claim = claim;
  ++m.claims;
  ++m.claims_total;
  ++q.did.claimed;
  ++m.revision;
  h.now.changed = false;
  set_hide(w, q, h, w.now() + hide, true);
}

std::optional<move_key> change_attributes(work& w, queue_state& q, held& h, const ttl_choice& ttl,
                                          std::optional<duration> hide) {
  if (!ttl && !hide) return std::nullopt;
  message& m = h.item();
  if (ttl) {
    const duration left = bounded_ttl(ttl, {});
    set_expiry(w, q, h, left.count() == 0 ? no_instant : w.now() + left);
  }
  if (hide) {
    const duration left = bounded_hide(hide, {});
    if (left.count() == 0 && is_doomed(q.record, m)) return release_away(w, q, h);
    if (left.count() == 0) m.claim = {};
    set_hide(w, q, h, left.count() == 0 ? no_instant : w.now() + left, m.claim.value != 0);
  }
  ++m.revision;
  h.now.changed = true;
  save(w, q, h);
  return std::nullopt;
}

void undo(work& w, queue_state& q, claim_id claim, place at) {
  auto h = read(w, q, at);
  if (!h) return;
  message& m = h->item();
  if (m.claim != claim || claim.value == 0 || h->now.changed || m.claims == 0 || m.is_gone(w.now())) return;
  m.claim = {};
  --m.claims;
  --m.claims_total;
  ++m.revision;
  set_hide(w, q, *h, no_instant, false);
  save(w, q, *h);
}

} // namespace burrow::queue
