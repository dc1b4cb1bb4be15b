// Queries, replies and answers as protobuf has them (proto/forward.proto). Private to cluster/codec and the codec of
// operations (actors/forward_codec.cpp). What is read is within the bounds of limits.hpp, or the reader is not ok.
#pragma once

#include "cluster/codec/commands.hpp"
#include "cluster/queue/query.hpp"
#include "proto/forward.pb.h"

#include <cstddef>

namespace burrow::codec {

void write(proto::query& out, const queue::query& in);
void write(proto::reply& out, const queue::reply& in);
void write(proto::answer& out, const queue::answer& in);
[[nodiscard]] queue::query read(reader& r, const proto::query& in);
[[nodiscard]] queue::reply read(reader& r, const proto::reply& in);
[[nodiscard]] queue::answer read(reader& r, const proto::answer& in);

/// A code that this version does not know is malformed: nobody could say whether anything was done.
[[nodiscard]] errc read_code(reader& r, std::uint32_t code);
/// Whether so many may stand in one list.
void bounded(reader& r, int count, std::size_t most);

// Shared by replies and answers.
void write(proto::told_message& out, const queue::message& in);
void write(proto::body_reference& out, const queue::body_ref& in);
void write(proto::told_settings& out, const queue::settings& in);
void write(proto::task_view& out, const queue::task_view& in);
[[nodiscard]] queue::message read(reader& r, const proto::told_message& in);
[[nodiscard]] queue::body_ref read(const proto::body_reference& in);
[[nodiscard]] queue::settings read(reader& r, const proto::told_settings& in);
[[nodiscard]] queue::task_view read(reader& r, const proto::task_view& in);

} // namespace burrow::codec
