// What `burrow top` shows: two answers of /admin/v1/load become rates, and rates become lines. No socket, no terminal.
#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace burrow {

/// Rates between two answers of /admin/v1/load, of each node by its own clock: {at, over_s, nodes, up, can_lose, hint,
/// total, rows, shards}. What is not known (a node that did not say, or was started in between) is null.
[[nodiscard]] nlohmann::ordered_json top_figures(const nlohmann::ordered_json& before,
                                                 const nlohmann::ordered_json& now);

/// The second below which `share` of the requests between two `latency` lists lie, by the bounds of their buckets; null
/// if there were none, or if it lies beyond the last bound.
[[nodiscard]] nlohmann::ordered_json latency_between(const nlohmann::ordered_json& before,
                                                     const nlohmann::ordered_json& now, double share);

struct top_look {
  std::size_t rows = 10;      ///< of queues and of shards, each
  std::size_t lines = 0;      ///< no more than so many; 0: as many as there are
  std::string sort = "rate";  ///< one of top_sorts
  std::string filter;         ///< only nodes, queues and shards' leaders whose name holds it
  bool heads = true;
};
inline constexpr std::string_view top_sorts[] = {"rate", "name", "size"};

/// The figures, with queues in them, in the order and the number that are looked for.
[[nodiscard]] nlohmann::ordered_json top_chosen(nlohmann::ordered_json figures, const top_look& look);
[[nodiscard]] std::string top_text(const nlohmann::ordered_json& chosen, const top_look& look);

} // namespace burrow
