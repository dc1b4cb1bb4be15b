// What is read of tasks (redrive.cpp).
#pragma once

#include "cluster/queue/move_records.hpp"
#include "cluster/queue/work.hpp"

namespace burrow::queue {

/// The tasks of a queue, the oldest first or last.
[[nodiscard]] scan_request all_tasks(const queue_ref& of, direction order, std::size_t count);
/// A task as it is shown.
[[nodiscard]] task_view shown(const task_record& t);
[[nodiscard]] tasks_answer read_tasks(work& w, const queue_state& q);
[[nodiscard]] task_answer read_task(work& w, const queue_state& q, task_id id);
[[nodiscard]] look_ahead_answer look_ahead_of(work& w, queue_state& q, task_id id);

} // namespace burrow::queue
