// ~redrive: whatever is taken was JSON, keeps its bounds, and names only what can be named.
#include "actors/gateway/json_scan.hpp"
#include "actors/gateway/names.hpp"
#include "actors/gateway/redrive_json.hpp"
#include "cluster/base/assert.hpp"

#include <algorithm>
#include <set>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace burrow;
  const std::string text{reinterpret_cast<const char*>(data), size};
  auto read = read_redrive(text);
  if (const auto* p = std::get_if<problem>(&read)) {
    const auto type = p->type;
    BURROW_ASSERT(type == problem_type::invalid_json || json_is_valid(text));
    return 0;
  }
  const auto& what = std::get<queue::redrive>(read);
  BURROW_ASSERT(json_is_valid(text));
  BURROW_ASSERT(!what.to || name_problem(*what.to).empty());
  BURROW_ASSERT(what.ids.size() <= limits::redrive_ids_max);
  BURROW_ASSERT(std::all_of(what.ids.begin(), what.ids.end(), [](const auto& id) { return name_problem(id).empty(); }));
  BURROW_ASSERT(std::set<std::string>(what.ids.begin(), what.ids.end()).size() == what.ids.size());
  BURROW_ASSERT(what.max_per_second >= 1 && what.max_per_second <= limits::redrive_rate_max);
  const auto task = queue::parse_task(text);
  BURROW_ASSERT(!task || queue::text_of(*task) == text);
  return 0;
}
