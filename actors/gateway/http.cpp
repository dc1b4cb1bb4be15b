#include "actors/gateway/http.hpp"

namespace burrow {

bool equal_ignoring_case(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c | 32) : c) != lower[i]) return false;
  }
  return true;
}

std::string_view http_request::field(std::string_view lower) const {
  for (const auto& [name, value] : fields) {
    if (equal_ignoring_case(name, lower)) return value;
  }
  return {};
}

} // namespace burrow
