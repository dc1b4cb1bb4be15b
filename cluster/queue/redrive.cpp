// Tasks that move messages on (contract section 12).
#include "cluster/queue/commands.hpp"

namespace burrow::queue {

task_reply run(work&, queue_state&, const redrive&) { return {.problem = errc::unavailable, .task = {}}; }
task_reply run(work&, queue_state&, const cancel_task&) { return {.problem = errc::task_not_found, .task = {}}; }
task_reply run(work&, queue_state&, const redrive_step&) { return {.problem = errc::task_not_found, .task = {}}; }
arrive_reply run(work& w, const arrive& what) {
  for (const auto& item : what.items)
    w.body_gone({w.index(), item.what.body.n, item.what.body.size, item.what.body.hash});
  return {std::vector<errc>(what.items.size(), errc::unavailable)};
}
done_reply run(work&, const left&) { return {.problem = errc::ok, .changed = false, .value = {}}; }
done_reply run(work&, const begin_life&) { return {.problem = errc::ok, .changed = false, .value = {}}; }

} // namespace burrow::queue
