// Draws commands for one shard that often meet: few tenants, queues and names, short times. What the shard holds it
// reads from the model.
#pragma once

#include "cluster/base/random.hpp"
#include "test/support/queue_model.hpp"

#include <memory>

namespace burrow::test {

class queue_generator {
public:
  static constexpr shard_id own_shard{3}, far_shard{5}, source{7};

  queue_generator(random& chance, const queue_model& model);
  ~queue_generator();
  queue_generator(const queue_generator&) = delete;
  queue_generator& operator=(const queue_generator&) = delete;

  void begin_entry();
  [[nodiscard]] queue::command next();
  /// What may be undone later.
  void remember(const queue::command& c, const queue::reply& r);

private:
  struct drawing;
  std::unique_ptr<drawing> drawing_;
};

} // namespace burrow::test
