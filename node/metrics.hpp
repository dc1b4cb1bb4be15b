// The table of metrics: every figure that /metrics can show, read from the same objects that count, so that the list
// for operators (deploy/metrics.md) cannot differ from what is served.
#pragma once

#include <string>
#include <vector>

namespace burrow {

struct metric_line {
  std::string name, kind, labels, meaning;
};
/// In order of name.
[[nodiscard]] std::vector<metric_line> metric_lines();

} // namespace burrow
