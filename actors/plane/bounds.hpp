// Every bound of the data plane. Sizes are bytes, times are durations; what a replica may say is bounded in limits.hpp.
#pragma once

#include "cluster/base/limits.hpp"

namespace burrow::plane::bounds {

using limits::kib, limits::mib;
using namespace std::chrono_literals;

inline constexpr std::size_t hello_bytes_max = 4 * kib;  ///< nothing larger is read before the handshake is done
inline constexpr duration hello_time_max = 2s;           ///< TLS and handshake together
inline constexpr std::size_t name_bytes_max = 64;        ///< of a node
inline constexpr std::size_t strangers_max = 64;         ///< accepted connections that are not through the handshake
inline constexpr std::size_t admissions_max = 16;        ///< of these, with a question that is being answered
inline constexpr std::size_t admit_bytes_max = 256 * kib; ///< a question or an answer
inline constexpr std::size_t strange_peers_max = 64;     ///< nodes of our cluster that connect before we know them
inline constexpr std::size_t frame_bytes_max = limits::peer_message_bytes_max + 1 * mib; ///< both streams: an install
                                                                                         ///< holds whole bodies too
inline constexpr std::size_t fast_waiting_max = 64 * mib; ///< for one peer, being written included
inline constexpr std::size_t bulk_waiting_max = 8 * mib;  ///< or one frame
inline constexpr std::size_t probe_room = 64 * kib;       ///< probes are taken so far beyond fast_waiting_max
inline constexpr std::size_t frame_cost = 64;             ///< what a waiting frame counts besides its bytes
inline constexpr std::size_t write_bytes_max = 256 * kib; ///< of one write, or one frame: probes come in between
inline constexpr std::size_t joined_bytes_max = 4 * kib;  ///< smaller frames are copied together for a write
inline constexpr std::size_t unsent_bytes_max = 128 * kib; ///< in the kernel, where a probe cannot overtake
inline constexpr std::size_t read_bytes = 64 * kib;
inline constexpr duration stall_max = 3s;                 ///< bytes wait and none is acknowledged: the stream is reset
inline constexpr duration dial_time_max = 2s;
inline constexpr duration redial_min = 50ms, redial_max = 1s;
inline constexpr duration higher_dials_after = 100ms;     ///< the node of the lower id dials first
inline constexpr duration steady_after = 1s;              ///< a stream that lived so long starts the delays anew
inline constexpr duration sweep_every = 250ms, log_every = 5s, reload_every = 10s;

static_assert(frame_bytes_max < fast_waiting_max);
static_assert(hello_bytes_max < admit_bytes_max && admit_bytes_max < frame_bytes_max);

} // namespace burrow::plane::bounds
