// Commands that gateways send once more, in the model: whole replies kept in maps, and messages looked up again.
#include "cluster/queue/repeats.hpp"
#include "test/support/queue_model_turn.hpp"

namespace burrow::test {

using namespace queue;

namespace {

bool found_nothing(const reply& r) {
  const auto* t = std::get_if<take_reply>(&r);
  return t != nullptr && t->count == 0 && t->problem == errc::ok && !t->replayed;
}

} // namespace

reply queue_model::run(const command& c, const apply_meta& meta, const reply& real) {
  if (!is_numbered(c)) return run_anew(c, meta, real);
  const auto [at, is_new] = gateways.try_emplace(c.request.gateway);
  kept_gateway& g = at->second;
  if (!is_new && g.heard + limits::gateway_silence_max <= meta.now) g.below = std::max(g.below, g.last + 1);
  g.heard = meta.now;
  g.below = std::max(g.below, c.request.answered_below);
  if (c.request.number < g.below) return refused_reply{errc::session_lost};
  if (std::holds_alternative<refused_reply>(real)) return done_reply{}; // it should not have been
  const auto* what = std::get_if<queue::take>(&c.what);
  const std::pair name{c.request.number, what == nullptr ? 0 : what->step};
  if (const auto kept = g.replies.find(name); kept != g.replies.end()) return tell_again(c, meta, kept->second);
  auto out = run_anew(c, meta, real);
  if (found_nothing(out)) return out;
  g.replies.emplace(name, real);
  g.last = std::max(g.last, c.request.number);
  return out;
}

reply queue_model::tell_again(const command& c, const apply_meta& meta, const reply& first) {
  turn t{.ref = c.queue, .meta = meta, .list = queues[c.queue], .memory = memories[c.queue]};
  reply out = first;
  const auto now_at = [&](const message& m) -> std::optional<message> {
    const auto at = t.at(m.place);
    return at == t.list.end() ? std::nullopt : std::optional(at->m);
  };
  if (auto* taken = std::get_if<take_reply>(&out)) {
    const auto before = std::exchange(taken->items, {});
    const auto action = std::get<queue::take>(c.what).action;
    const bool claimed = action == take_action::claim && !before.empty() && before.front().claim.value != 0;
    for (const auto& m : before) {
      const auto here = action == take_action::remove ? std::nullopt : now_at(m);
      if (here && (!claimed || here->claim == m.claim)) taken->items.push_back(*here);
    }
    if (claimed) taken->count = taken->items.size();
    taken->now = meta.now;
    taken->queue_exists = !t.list.empty();
    taken->visible_left = t.visible();
  } else if (auto* targets = std::get_if<targets_reply>(&out)) {
    const bool stays = std::holds_alternative<queue::change>(c.what);
    for (auto& item : targets->items) item.item = stays && item.item ? now_at(*item.item) : std::nullopt;
    targets->now = meta.now;
    targets->visible_left = t.visible();
  } else if (auto* task = std::get_if<task_reply>(&out)) {
    if (std::holds_alternative<cancel_task>(c.what)) task->task.to.reset(); // which nobody shows
  } else if (auto* set = std::get_if<settings_reply>(&out)) {
    const auto kept = settings.find(c.queue);
    set->revision = 0;
    set->value = {};
    if (set->problem == errc::ok && kept != settings.end()) {
      set->value = kept->second.value;
      set->revision = kept->second.revision;
    }
  }
  std::erase_if(queues, [](const auto& q) { return q.second.empty(); });
  return out;
}

} // namespace burrow::test
