// Any bytes from a stranger on the data plane's port, in two pieces: greetings and frames are cut and read, or refused,
// never a crash and never more memory than bytes came; what is understood is written the same again.
#include "actors/plane/bounds.hpp"
#include "actors/plane/wire.hpp"

#include <cstdlib>

using namespace burrow;

namespace {

void read(plane::frame_parser& parser, std::string_view part) {
  plane::frame_parser::parsed one;
  while (parser.next(part, one) == plane::frame_parser::state::frame) {
    if (one.kind != plane::greeting_kind) {
      parser.allow(plane::bounds::frame_bytes_max);
      continue;
    }
    auto wrong = plane::refusal::none;
    const auto got = plane::decode_greeting(one.bytes, wrong);
    if (!got) {
      if (wrong == plane::refusal::none) std::abort();
      continue;
    }
    const auto again = plane::encode_greeting(*got).substr(plane::header_bytes);
    // A refusal is understood of every version; all else is exactly ours.
    if (got->step != plane::greeting_step::refused && again != one.bytes) std::abort();
    (void)plane::judge({{1, 1}, {1}, "a", 1}, *got, {}, {});
    (void)plane::to_string(got->why);
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view all{reinterpret_cast<const char*>(data), size};
  plane::frame_parser parser(plane::bounds::hello_bytes_max);
  const auto first = size == 0 ? 0 : data[size - 1] % (size + 1);
  read(parser, all.substr(0, first));
  read(parser, all.substr(first));
  return 0;
}
