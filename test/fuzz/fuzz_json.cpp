// The recogniser of JSON against nlohmann's. Both must agree on everything but what is known: nlohmann skips a BOM,
// stops at NUL, has no bound on depth, and takes numbers that are too large for it as errors.
#include "actors/gateway/json_scan.hpp"
#include "actors/gateway/json_write.hpp"
#include "cluster/base/assert.hpp"

#include <nlohmann/json.hpp>

namespace {

std::size_t depth_of(std::string_view text) {
  std::size_t depth = 0, most = 0;
  for (const char c : text) {
    if (c == '[' || c == '{') most = std::max(most, ++depth);
    else if ((c == ']' || c == '}') && depth > 0) --depth;
  }
  return most;
}

/// Whether a number out of a double's range may be in it: the one thing that nlohmann refuses and we do not.
struct sax final : nlohmann::json_sax<nlohmann::json> {
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_object(std::size_t) override { return true; }
  bool key(string_t&) override { return true; }
  bool end_object() override { return true; }
  bool start_array(std::size_t) override { return true; }
  bool end_array() override { return true; }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception& e) override {
    out_of_range = e.id == 406;
    return false;
  }
  bool out_of_range = false;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text{reinterpret_cast<const char*>(data), size};
  const bool ours = burrow::json_is_valid(text);
  sax theirs;
  const bool accepted = nlohmann::json::sax_parse(text, &theirs);
  const bool excused = text.starts_with("\xEF\xBB\xBF") || text.find('\0') != std::string::npos ||
                       depth_of(text) > burrow::limits::json_depth_max;
  if (ours) BURROW_ASSERT(accepted || theirs.out_of_range);
  else BURROW_ASSERT(!accepted || excused);
  if (ours && accepted) {
    // Taking the white space away changes nothing of what it says.
    const auto compact = burrow::json_compact(text);
    BURROW_ASSERT(burrow::json_is_valid(compact) && nlohmann::json::parse(compact) == nlohmann::json::parse(text));
  }
  if (burrow::utf8_is_valid(text)) {
    std::string literal;
    burrow::json_string(literal, text);
    BURROW_ASSERT(burrow::json_is_valid(literal) && burrow::json_unquoted(literal) == text);
  }
  return 0;
}
