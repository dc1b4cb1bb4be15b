#include "cluster/sim/findings.hpp"

namespace burrow::sim {

void coverage::add(const coverage& o) {
  elections += o.elections;
  truncations += o.truncations;
  installs += o.installs;
  joint_changes += o.joint_changes;
  transfers += o.transfers;
  crashes += o.crashes;
  crashes_between_vote_and_sync += o.crashes_between_vote_and_sync;
  crashes_aimed += o.crashes_aimed;
  fenced_restarts += o.fenced_restarts;
  cuts += o.cuts;
  syncs_failed += o.syncs_failed;
  replaced += o.replaced;
  reads_served += o.reads_served;
  reads_failed += o.reads_failed;
  committed += o.committed;
  fetches += o.fetches;
  sleeps += o.sleeps;
  wakes_by_membership += o.wakes_by_membership;
  messages += o.messages;
  checks += o.checks;
  operations += o.operations;
  unknown_outcomes += o.unknown_outcomes;
  refused += o.refused;
  histories += o.histories;
  applies_abandoned += o.applies_abandoned;
  sessions += o.sessions;
  clock_jumps += o.clock_jumps;
  bodies_gone += o.bodies_gone;
  disks_low += o.disks_low;
}

} // namespace burrow::sim
