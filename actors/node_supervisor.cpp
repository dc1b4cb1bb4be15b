#include "actors/node_supervisor.hpp"

#include "actors/node_shell.hpp"

namespace burrow {

caf::actor spawn_node_supervisor(caf::actor_system& system, node_supervisor_options options) {
  return system.spawn(run_shell<node_shell, node_supervisor_options>, std::move(options));
}

} // namespace burrow
