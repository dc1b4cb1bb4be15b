// Loads of what memory did not have, and the questions that are answered between two entries.
#include "cluster/base/limits.hpp"
#include "cluster/replica/impl.hpp"

namespace burrow {

// ---- loads ------------------------------------------------------------------------------------------------------

void replica::impl::start_load(load_holder& holder, std::vector<load_item> items, load_purpose purpose) {
  BURROW_ASSERT(!items.empty());
  const load_id id{++last_load.value};
  holder.held.push_back(id);
  holder.loading = true;
  held_loads.insert(id);
  loads.emplace(id, std::move(purpose));
  asked_items.emplace(id, items);
  effects.push_back(load_effect{id, std::move(items)});
}

void replica::impl::release(load_holder& holder) {
  if (holder.held.empty()) return;
  for (const auto id : holder.held) held_loads.erase(id);
  holder.held.clear();
  holder.got.clear();
  holder.loading = false;
  above.retire(held_loads.empty() ? std::nullopt : std::optional{*held_loads.begin()});
}

bool replica::impl::take_values(load_holder& holder, load_id id, std::vector<loaded_item> values) {
  const auto& items = asked_items.at(id);
  BURROW_ASSERT(items.size() == values.size());
  holder.loading = false;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (!values[i].value) {
      fail(values[i].value.error());
      return false;
    }
    holder.got.add(items[i], std::move(values[i].value).value());
  }
  asked_items.erase(id);
  return true;
}

void replica::impl::loaded(load_id id, std::vector<loaded_item> values) {
  const auto at = loads.find(id);
  if (at == loads.end()) return; // whoever asked has been answered otherwise
  auto purpose = std::move(at->second);
  loads.erase(at);
  if (std::holds_alternative<apply_load>(purpose)) {
    (void)take_values(apply_loads, id, std::move(values));
  } else if (std::holds_alternative<due_load>(purpose)) {
    (void)take_values(due_loads, id, std::move(values));
  } else if (const auto* const q = std::get_if<question_load>(&purpose)) {
    (void)take_values(q->of->loads, id, std::move(values));
  } else if (auto* const s = std::get_if<send_load>(&purpose)) {
    bodies_to_send(std::move(*s), std::move(values));
  } else if (const auto* const f = std::get_if<fetch_load>(&purpose)) {
    fetched(*f, std::move(values));
  } else if (auto* const h = std::get_if<session_load>(&purpose)) {
    session_loaded(std::move(*h), std::move(values));
  } else {
    bodies_loaded(std::get<body_load>(std::move(purpose)), std::move(values));
  }
}

// ---- questions --------------------------------------------------------------------------------------------------

void replica::impl::ask(question what) {
  const auto refuse = [&](error why) { deliver(answer_effect{what.from, std::move(why), {}}); };
  if (damaged) return refuse(errc::unavailable);
  if (!leads && !is_alone()) return refuse(errc::not_leader);
  if (questions.size() >= limits::questions_waiting_max) return refuse(errc::busy);
  active = now.steady;
  questions.push_back({std::move(what), {}, {}});
  unread.push_back(std::prev(questions.end()));
}

void replica::impl::answer_questions() {
  if (leads) {
    for (const auto q : std::exchange(unread, {})) {
      const auto id = core.read();
      BURROW_ASSERT(id.ok()); // it leads, and reads are bounded as questions are
      reading.emplace(*id, q);
    }
    drain_raft();
  }
  if (!serves) return;
  for (auto q = questions.begin(); !damaged && q != questions.end();) {
    const auto next = std::next(q);
    const bool may_go = q->index.value > 0 && q->index <= applied.index && !q->loads.loading;
    // One that has met something missing waits for its turn at the readers rather than being tried again each time.
    const bool has_turn = !q->needs_load || !q->loads.got.empty() || questions_loading < limits::questions_loading_max;
    if (may_go && has_turn) answer_one(q);
    q = next;
  }
}

// Erases the question when it is answered. Damage, at any point, has answered and erased all of them.
void replica::impl::answer_one(std::list<question_state>::iterator q) {
  state_view view(source, above, q->loads.got, prefix);
  auto out = queue::ask(options.shard, shard_now(), q->what.what, view);
  if (view.failure()) return fail(*view.failure());
  if (!out.missing.empty()) {
    q->needs_load = true;
    if (q->loads.got.empty()) {
      if (questions_loading >= limits::questions_loading_max) return;
      ++questions_loading; // until it is answered: what was loaded for it stays in memory
    }
    if (!view.wants()) for (const auto& k : out.missing) view.want(k);
    start_load(q->loads, view.take_wanted(), question_load{q});
    return;
  }
  if (auto* const stats = std::get_if<queue::stats_answer>(&out.result))
    stats->last_minute = rates.of(now.steady, q->what.what.queue);
  if (!q->loads.got.empty()) --questions_loading;
  release(q->loads);
  const auto from = q->what.from;
  const bool want_bodies = q->what.want_bodies;
  questions.erase(q);
  give(answer_effect{from, std::move(out.result), {}}, want_bodies);
}

} // namespace burrow
