#include "cluster/queue/repeat_records.hpp"
#include "test/support/queue_check.hpp"

#include <set>
#include <sstream>
#include <vector>

namespace burrow::test {

using namespace queue;

namespace {

using pairs = decltype(map_view::pairs);

struct family_range {
  pairs::const_iterator first, last;
  [[nodiscard]] auto begin() const { return first; }
  [[nodiscard]] auto end() const { return last; }
};

} // namespace

gateways_check check_gateways(const map_view& state) {
  std::ostringstream wrong;
  const auto expect = [&](bool right, const char* what) { wrong << (right ? "" : what); };
  const auto family = [&](char f) {
    return family_range{state.pairs.lower_bound(std::string(1, f)), state.pairs.lower_bound(key::family_end(f))};
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
    std::vector<kept_number> there;
    for (const auto& [number, bytes] : *page) {
      there.push_back(number);
      const auto kept = decode_kept(bytes);
      expect(kept && encode(*kept) == bytes, "a kept reply is not canonical\n");
    }
    expect(there == said.mapped(), "what a page is said to have\n");
  }
  out.wrong = wrong.str();
  return out;
}

} // namespace burrow::test
