// Any bytes as a logged command, an entry, a record: refused or decoded, never a crash; what is decoded encodes to
// something that decodes to the same.
#include "cluster/codec/log_codec.hpp"

#include <cstdlib>

using namespace burrow;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  std::vector<raft::body_part> bodies(4);
  const auto command = codec::decode_command(bytes, bodies);
  if (command.ok()) {
    codec::command_encoder encoder;
    const auto again = codec::decode_command(encoder.encode(*command), bodies);
    if (!again.ok() || !(*again == *command)) std::abort();
  }
  (void)codec::decode_entry({1}, {1}, bytes);
  (void)codec::decode_replica({1}, bytes);
  (void)codec::decode_node(bytes);
  (void)codec::decode_applied({1}, bytes);
  return 0;
}
