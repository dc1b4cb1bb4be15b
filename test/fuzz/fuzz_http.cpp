// The HTTP parser, fed in two pieces cut where the first byte says: whatever comes, both ways end the same.
#include "actors/gateway/http_parser.hpp"
#include "cluster/base/assert.hpp"
#include "cluster/base/limits.hpp"

namespace {

struct host final : burrow::parser_host {
  burrow::body_rule body_limit(const burrow::http_request&) override { return {4096, burrow::problem_type::body_too_large}; }
  bool charge(std::size_t bytes) override { return (charged += bytes) <= 4096; }
  std::size_t charged = 0;
};

struct outcome {
  bool done = false;
  std::optional<burrow::problem_type> refused;
  std::size_t used = 0;
  std::string path, body;
  bool operator==(const outcome&) const = default;
};

outcome parse(std::string_view text, std::size_t cut) {
  host h;
  burrow::http_arena arena;
  burrow::http_request request;
  burrow::http_parser parser{h, arena, request};
  outcome out;
  for (const std::size_t end : {std::min(cut, text.size()), text.size()}) {
    // As a connection does it: a copy, so that an overrun is seen, from where the last call stopped.
    const std::string piece{text.substr(out.used, end - out.used)};
    if (!parser.done() && !parser.refused()) out.used += parser.feed(piece);
  }
  out.done = parser.done();
  out.refused = parser.refused();
  if (out.refused) out.used = 0;
  if (parser.head_done()) {
    out.path = request.path;
    for (const auto& [name, value] : request.fields) BURROW_ASSERT(name.size() + value.size() < 40'000);
  }
  if (out.done) out.body = request.body;
  return out;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text{reinterpret_cast<const char*>(data) + 1, size - 1};
  const auto whole = parse(text, 0), pieces = parse(text, data[0]);
  // What is refused, and as what, may depend on the cut; that it is read whole may not.
  BURROW_ASSERT(whole.done == pieces.done);
  if (whole.done) BURROW_ASSERT(whole == pieces && whole.body.size() <= 4096);
  return 0;
}
