// What is on the wire between two nodes: frames, and the three greetings that a stream begins with. Pure, and tells
// nothing but "malformed": bytes of strangers pass through here.
//
//   frame     length (u32, of the payload) | kind (u8; 0: greeting) | shard (u16) | payload
//   greeting  dialer: hello  ->  <- welcome or refusal, listener  ->  go, dialer; then frames both ways
//
// `go` is what makes a stream count on the listener's side. Without it two nodes that dial each other at the same
// moment could each prefer the other's stream and close their own.
#pragma once

#include "actors/data_plane.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace burrow::plane {

inline constexpr std::uint16_t protocol_version = 1;
inline constexpr std::size_t header_bytes = 7;
inline constexpr std::uint8_t greeting_kind = 0;

/// Numbers are on the wire.
enum class stream_kind : std::uint8_t { fast = 1, bulk = 2, admit = 3 };

/// Why a connection is not made. Numbers are on the wire; the names are labels of a metric.
enum class refusal : std::uint8_t {
  none = 0,
  malformed = 1,     ///< not our protocol, or over a bound
  other_version = 2, ///< of the protocol
  other_cluster = 3,
  own_id = 4,        ///< the node's own id: it called itself, or its data directory was copied
  name_in_use = 5,   ///< by another node that is up
  old_life = 6,      ///< a newer process of this node was here before
  wrong_node = 7,    ///< the caller meant another one
  certificate = 8,   ///< is not made for the name that the node gave
  crossed = 9,       ///< both called at the same time and this call loses; not a fault
  no_admission = 10, ///< nobody here answers admit questions, or too many are asked
  tls = 11,          ///< no handshake of TLS: no certificate, another CA, expired, or plain text
  too_slow = 12,
  too_many = 13,     ///< strangers at once
};
inline constexpr std::array<std::string_view, 14> refusal_names = {
  "none",       "malformed",   "other_version", "other_cluster", "own_id",       "name_in_use", "old_life",
  "wrong_node", "certificate", "crossed",       "no_admission",  "tls",          "too_slow",    "too_many"};
[[nodiscard]] std::string_view to_string(refusal why);

enum class greeting_step : std::uint8_t { hello = 1, welcome = 2, go = 3, refused = 4 };

struct greeting {
  greeting_step step = greeting_step::hello;
  node_identity who;                       ///< of hello and welcome
  stream_kind stream = stream_kind::fast;  ///< of hello and welcome
  node_id meant;                           ///< of hello: who the dialer believes to have called; 0: whoever answers
  refusal why = refusal::none;             ///< of refused
};

/// 1 to 64 of [a-z0-9._-].
[[nodiscard]] bool is_node_name(std::string_view name);

/// A whole frame.
[[nodiscard]] std::string encode_greeting(const greeting& what);
/// Of the payload. `wrong` says malformed or other_version if nothing is returned.
[[nodiscard]] std::optional<greeting> decode_greeting(std::string_view payload, refusal& wrong);

void append_header(std::string& out, std::size_t payload, std::uint8_t kind, shard_id shard);

/// What a node knows of another before it answers its hello.
struct standing {
  std::uint64_t life = 0;  ///< the highest that was seen
  bool name_taken = false; ///< another node that is up has this name
};
/// Whether the node that says this may have this stream. `called` is whom we dialed, 0 if we were called.
[[nodiscard]] refusal judge(const node_identity& self, const greeting& theirs, const standing& known, node_id called);

/// Cuts a stream of bytes into frames. Memory follows what came, never what a header announces.
class frame_parser {
public:
  enum class state : std::uint8_t { more, frame, oversized };
  struct parsed {
    std::uint8_t kind = 0;
    shard_id shard;
    std::string bytes;
  };

  explicit frame_parser(std::size_t bytes_max) : max_(bytes_max) {}
  /// Of frames whose header has not been read yet.
  void allow(std::size_t bytes_max) { max_ = bytes_max; }
  /// Takes from the front of `in`. `frame`: `out` is one, and there may be more in `in`.
  state next(std::string_view& in, parsed& out);

private:
  bool read_header(std::string_view& in);

  std::size_t max_;
  std::array<char, header_bytes> header_{};
  std::size_t have_ = 0; ///< bytes of the header
  std::size_t wanted_ = 0;
  parsed current_;
};

} // namespace burrow::plane
