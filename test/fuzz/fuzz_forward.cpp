// Any bytes as a frame from another node: refused or decoded, never a crash; what is decoded encodes to something that
// decodes to the same.
#include "actors/forward_codec.hpp"

#include <cstdlib>

using namespace burrow;

namespace {

std::string encoded(const asked& a) {
  if (const auto* const what = std::get_if<std::shared_ptr<operation>>(&a.what)) return encode_ask(a.head, **what);
  if (const auto* const what = std::get_if<proposal>(&a.what)) return encode_ask(a.head, *what);
  if (const auto* const what = std::get_if<question>(&a.what)) return encode_ask(a.head, *what);
  return encode_ask(a.head, asked_withdraw{});
}
std::string encoded(const told& t) {
  if (const auto* const what = std::get_if<std::shared_ptr<operation_result>>(&t.what))
    return encode_told(t.head, **what);
  if (const auto* const what = std::get_if<reply_effect>(&t.what)) return encode_told(t.head, *what);
  return encode_told(t.head, std::get<answer_effect>(t.what));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  (void)port_told(bytes);
  if (const auto got = decode_ask(bytes)) {
    const auto once = encoded(*got);
    const auto again = decode_ask(once);
    if (!again.ok() || encoded(*again) != once || asked_by(bytes) != got->head) std::abort();
  }
  if (const auto got = decode_told(bytes)) {
    const auto once = encoded(*got);
    const auto again = decode_told(once);
    if (!again.ok() || encoded(*again) != once) std::abort();
    if (port_told(once) != got->head.port) std::abort();
  }
  return 0;
}
