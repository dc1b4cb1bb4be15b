// Any bytes as what nodes show each other: refused or decoded, never a crash; what is decoded encodes to the same
// again.
#include "cluster/codec/look_codec.hpp"

#include <cstdint>
#include <cstdlib>

using namespace burrow;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto read = codec::decode_look({reinterpret_cast<const char*>(data), size});
  if (!read.ok()) return 0;
  const auto again = codec::decode_look(codec::encode_look(*read));
  if (!again.ok() || *again != *read) std::abort();
  return 0;
}
