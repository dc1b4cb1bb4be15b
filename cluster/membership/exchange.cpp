#include "cluster/membership/exchange.hpp"

#include "cluster/base/assert.hpp"
#include "cluster/base/limits.hpp"

namespace burrow::membership {

rumour said_of(const record& r, node_id self, duration now) {
  rumour out{r.what, self, duration{0}};
  if (!is_here(r.what.state)) out.age = now - r.since;
  if (r.doubt && !r.doubt->accused_by(self)) out.by = r.doubt->first_accuser();
  return out;
}

std::vector<exchange> parts_of(const table& held, node_id self, duration now, bool answer) {
  std::vector<exchange> out(1);
  for (const auto& [id, r] : held) {
    if (out.back().members.size() == limits::exchange_part_max) out.emplace_back();
    out.back().members.push_back(said_of(r, self, now));
  }
  out.back().answer = answer;
  BURROW_ASSERT(out.size() <= limits::members_max / limits::exchange_part_max);
  return out;
}

} // namespace burrow::membership
