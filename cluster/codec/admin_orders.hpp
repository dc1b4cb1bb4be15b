// Reports and orders between the planner and the leaders of groups, for admin_codec. Private to cluster/codec.
#pragma once

#include "cluster/base/result.hpp"
#include "cluster/placement/admit.hpp"
#include "proto/admin.pb.h"

namespace burrow::codec {

void write_order(proto::report_order& out, const placement::report_order& in);
void write_order(proto::group_order& out, const placement::group_order& in);
void write_order(proto::picture_question& out, const placement::picture_question& in);
void write_order(proto::picture_answer& out, const placement::picture_answer& in);
void write_order(proto::move_order& out, const placement::move_order& in);
/// Errors: malformed, too_large.
[[nodiscard]] result<placement::admin_message> read_order(const proto::report_order& in);
[[nodiscard]] result<placement::admin_message> read_order(const proto::group_order& in);
[[nodiscard]] result<placement::admin_message> read_order(const proto::picture_question& in);
[[nodiscard]] result<placement::admin_message> read_order(const proto::picture_answer& in);
[[nodiscard]] result<placement::admin_message> read_order(const proto::move_order& in);

} // namespace burrow::codec
