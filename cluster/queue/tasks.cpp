#include "cluster/queue/tasks.hpp"

#include "cluster/base/limits.hpp"

namespace burrow::queue {

scan_request all_tasks(const queue_ref& of, direction order, std::size_t count) {
  return {.from = key::task(of, {0}), .to = key::task(of, {~std::uint64_t{0}}), .order = order, .items_max = count};
}

task_view shown(const task_record& t) {
  task_view v = t.view;
  const std::uint64_t handled = v.moved + v.skipped + v.failed;
  v.remaining = v.state == task_state::done || v.remaining < handled ? 0 : v.remaining - handled;
  return v;
}

tasks_answer read_tasks(work& w, const queue_state& q) {
  tasks_answer out;
  const auto page = w.state().scan(all_tasks(q.ref, direction::descending, limits::tasks_per_queue_max));
  for (const auto& [key, bytes] : page.items)
    out.items.push_back(shown(decode_task({key::last_number(key)}, bytes).value()));
  return out;
}

task_answer read_task(work& w, const queue_state& q, task_id id) {
  const auto bytes = w.state().get(key::task(q.ref, id));
  return {bytes ? std::optional(shown(decode_task(id, *bytes).value())) : std::nullopt};
}

} // namespace burrow::queue
