#include "cluster/replica/quarantine.hpp"

namespace burrow {

attempt quarantine::of(log_index entry) const {
  if (found_.times == 0 || entry != found_.index) return attempt::ordinary;
  return found_.times < deaths_max ? attempt::alone : attempt::refused;
}

bool quarantine::closes(log_index applied, log_index last) const {
  return applied < found_.index && found_.index <= last && of(found_.index) == attempt::refused;
}

} // namespace burrow
