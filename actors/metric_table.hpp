// The table of the actors' metrics: name, kind, unit, labels, meaning. The figures in actor_metrics are made from it,
// and so is the list that operators read. The gateway has a table of its own in the same form.
#pragma once

#include <span>
#include <string_view>

namespace burrow {

enum class metric_kind : unsigned char { counter, gauge, histogram };

struct metric_row {
  std::string_view name;
  metric_kind kind;
  std::string_view unit;   ///< empty = a plain number
  std::string_view labels; ///< names, separated by commas
  std::string_view help;   ///< one sentence
};

[[nodiscard]] std::span<const metric_row> actor_metric_table();

} // namespace burrow
