#include "cluster/queue/repeat_records.hpp"
#include "test/support/queue_check.hpp"

#include <algorithm>
#include <ranges>
#include <set>
#include <sstream>
#include <vector>

namespace burrow::test {

using namespace queue;

gateways_check check_gateways(const map_view& state) {
  std::ostringstream wrong;
  const auto expect = [&](bool right, const char* what) { wrong << (right ? "" : what); };
  const auto family = [&](char f) {
    const auto end = state.pairs.lower_bound(key::family_end(f));
    return std::ranges::subrange(state.pairs.lower_bound(std::string(1, f)), end);
  };
  gateways_check out;
  std::map<std::string, std::vector<kept_number>> listed;
  for (const auto& [k, v] : family(key::gateway_family)) {
    const auto g = decode_gateway(v);
    expect(g && encode(*g) == v, "a gateway is not canonical\n");
    if (!g) continue;
    std::set<kept_number> once;
    for (const auto& page : g->pages) {
      const auto name = key::kept(key::last_number(k), page.entry);
      const auto at = state.pairs.find(name);
      expect(listed.emplace(name, page.replies).second, "a page is listed twice\n");
      expect(at != state.pairs.end() && at->second.size() == page.bytes && hash_of(name, at->second) == page.hash,
             "a listed page, its size or its hash\n");
      for (const auto& r : page.replies) expect(once.insert(r).second, "a reply is listed twice\n");
    }
    const auto silent = (g->heard + limits::gateway_silence_max).ms;
    if (!g->pages.empty()) out.due = queue::earlier(out.due, {(silent + 9'999) / 10'000 * 10'000});
  }
  for (const auto& [k, v] : family(key::kept_family)) {
    const auto page = decode_page(v);
    const auto said = listed.extract(k);
    expect(page && !said.empty() && encode(*page) == v, "a page that nobody lists, or that is not canonical\n");
    if (!page || said.empty()) continue;
    expect(std::ranges::equal(said.mapped(), *page | std::views::keys), "what a page is said to have\n");
    for (const auto& bytes : *page | std::views::values) {
      const auto kept = decode_kept(bytes);
      expect(kept && encode(*kept) == bytes, "a kept reply is not canonical\n");
    }
  }
  out.wrong = wrong.str();
  return out;
}

} // namespace burrow::test
