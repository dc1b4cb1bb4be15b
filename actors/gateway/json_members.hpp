// Goes through the members of one JSON object without building anything.
#pragma once

#include "actors/gateway/json_scan.hpp"

#include <string>
#include <string_view>

namespace burrow {

/// Calls member(name, raw value) for each member of the object at the scan, in order, repeated names included; false
/// from it ends the scan. False if there is no whole object.
template <class Member>
[[nodiscard]] bool json_object(json_scan& scan, Member member) {
  if (!scan.take('{')) return false;
  if (scan.take('}')) return true;
  for (;;) {
    const char* const name_from = scan.at();
    if (!scan.string()) return false;
    const auto name = json_unquoted({name_from, static_cast<std::size_t>(scan.at() - name_from)});
    if (!scan.take(':')) return false;
    const char* const from = scan.at();
    if (!scan.value()) return false;
    const std::string_view value{from, static_cast<std::size_t>(scan.at() - from)};
    if (!member(std::string_view{name}, value)) return false;
    if (scan.take('}')) return true;
    if (!scan.take(',')) return false;
  }
}

} // namespace burrow
