// What every actor here shares: its logic is a plain class that lives in the actor's state and so ends with the actor,
// handles included (a strong handle kept by a dead actor would keep others alive, caf.md section 4).
// Owns no decision.
#pragma once

#include "actors/messages.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/scheduled_actor.hpp>
#include <caf/stateful_actor.hpp>

#include <functional>
#include <memory>
#include <utility>

namespace burrow {

template <class Logic>
struct shell_state {
  const char* name = Logic::actor_name;
  std::unique_ptr<Logic> logic;
};

template <class Logic>
using shell = caf::stateful_actor<shell_state<Logic>>;

/// The body of an actor: `system.spawn(run_shell<Logic, Options>, std::move(options))`. `Logic(self, options)` first,
/// then its behavior().
template <class Logic, class Options>
caf::behavior run_shell(shell<Logic>* self, Options options) {
  // A message that nobody expects is a mistake of ours, but no reason to print to stderr from many threads.
  self->set_default_handler(caf::drop);
  self->state.logic = std::make_unique<Logic>(self, std::move(options));
  return self->state.logic->behavior();
}

using clock_source = std::function<clock_reading()>;

} // namespace burrow
