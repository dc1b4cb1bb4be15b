// Commands and their parts as protobuf has them, for the codecs of the log and of forwarding. Private to both.
#pragma once

#include "cluster/queue/command.hpp"
#include "cluster/raft/types.hpp"
#include "proto/log.pb.h"

#include <cstdint>
#include <limits>
#include <vector>

namespace burrow::codec {

/// Collects what is wrong while reading on: a reader of ours never has to look back.
struct reader {
  const std::vector<raft::body_part>& bodies; ///< of the command: their sizes and hashes do not stand in it
  bool ok = true;

  duration time(std::uint64_t ms) {
    if (ms > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) ok = false;
    return duration{static_cast<std::int64_t>(ms)};
  }
  template <class Number>
  Number narrow(std::uint32_t x) {
    if (x > std::numeric_limits<Number>::max()) ok = false;
    return static_cast<Number>(x);
  }
  /// A value of an enumeration whose last one is `last`.
  template <class Enum>
  Enum one_of(std::uint32_t x, Enum last) {
    if (x > static_cast<std::uint32_t>(last)) ok = false;
    return static_cast<Enum>(x);
  }
};

void write(proto::command& out, const queue::command& in);
[[nodiscard]] queue::command read(reader& r, const proto::command& in);

using rule_fields = google::protobuf::RepeatedPtrField<proto::setting>;
void write(rule_fields& out, const queue::queue_rules& in);
void read(reader& r, const rule_fields& in, queue::queue_rules& out);

void write(proto::attributes& out, const queue::message_attributes& in);
void write(proto::position& out, const queue::position& in);
void write(proto::unclaim& out, const queue::unclaim& in);
void write(proto::dead_letter_rule& out, const queue::dead_letter_rule& in);
void write(proto::dead_letter_origin& out, const queue::dead_letter_origin& in);
void write(proto::move_number& out, const queue::move_number& in);
void write(proto::moved_message& out, const queue::moved_message& in);
[[nodiscard]] queue::message_attributes read(reader& r, const proto::attributes& in);
[[nodiscard]] queue::position read(reader& r, const proto::position& in);
[[nodiscard]] queue::unclaim read(const proto::unclaim& in);
[[nodiscard]] queue::dead_letter_rule read(reader& r, const proto::dead_letter_rule& in);
[[nodiscard]] queue::dead_letter_origin read(reader& r, const proto::dead_letter_origin& in);
[[nodiscard]] queue::move_number read(const proto::move_number& in);
[[nodiscard]] queue::moved_message read(reader& r, const proto::moved_message& in);

/// As check_limits() of a command has it for the messages of an arrival.
[[nodiscard]] bool within_limits(const queue::message& m);

} // namespace burrow::codec
